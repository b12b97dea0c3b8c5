/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ear SOCKET [SECONDS] - print each message that is sent to a socket, as systemd's notify socket, the journal or
 * /dev/log are one, with a newline behind it; for so many seconds (60).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	static char message[65536];
	ssize_t n;

	if (argc < 2 || argc > 3 || strlen(argv[1]) >= sizeof(at.sun_path)) {
		fprintf(stderr, "usage: ear SOCKET [SECONDS]\n");
		return 2;
	}
	strcpy(at.sun_path, argv[1]);
	umask(0); /* anybody may talk */
	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0) {
		perror("ear: bind");
		return 1;
	}
	alarm(argc > 2 ? (unsigned)atoi(argv[2]) : 60);
	while ((n = recv(fd, message, sizeof(message), 0)) >= 0) {
		fwrite(message, 1, (size_t)n, stdout);
		putchar('\n');
		fflush(stdout);
	}
	return 1;
}
