/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * datagram serve PORT WORD - answer each datagram with a word.
 * datagram ask ADDRESS PORT - send one, again each half second; print the answer; 1 after 5 s without.
 * datagram ping ADDRESS - an echo request as an ordinary user may send it (icmp(7), ping_group_range); 1 without an answer.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int serve(const char *port, const char *word)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, (void *)&at, sizeof(at)) < 0) {
		perror("datagram: serve");
		return 2;
	}
	for (;;) {
		char text[64];
		socklen_t size = sizeof(at);

		if (recvfrom(fd, text, sizeof(text), 0, (void *)&at, &size) >= 0)
			sendto(fd, word, strlen(word), 0, (void *)&at, size);
	}
}

static int ask(int protocol, const char *address, const char *port, const void *text, size_t len)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
	struct timeval half = { .tv_usec = 500000 };
	int fd = socket(AF_INET, SOCK_DGRAM, protocol);
	char answer[256];

	if (fd < 0 || inet_pton(AF_INET, address, &at.sin_addr) != 1 || connect(fd, (void *)&at, sizeof(at)) < 0) {
		perror("datagram: ask");
		return 2;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &half, sizeof(half));
	for (int i = 0; i < 10; i++) {
		ssize_t n = send(fd, text, len, 0) < 0 ? -1 : recv(fd, answer, sizeof(answer), 0);

		if (n < 0 && (errno == EAGAIN || errno == ECONNREFUSED))
			continue;
		if (n < 0)
			return 1;
		if (!protocol)
			printf("%.*s\n", (int)n, answer);
		return 0;
	}
	return 1;
}

int main(int argc, char **argv)
{
	static const unsigned char echo[64] = { 8 }; /* the kernel fills in the rest */

	if (argc == 4 && !strcmp(argv[1], "serve"))
		return serve(argv[2], argv[3]);
	if (argc == 4 && !strcmp(argv[1], "ask"))
		return ask(0, argv[2], argv[3], "ask", 3);
	if (argc == 3 && !strcmp(argv[1], "ping"))
		return ask(IPPROTO_ICMP, argv[2], "0", echo, sizeof(echo));
	return 2;
}
