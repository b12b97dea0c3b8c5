/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bench peer: make groups and write settings, as bare as it gets: what of the work is the kernel's. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_value(int top, const char *group, const char *assignment)
{
	const char *eq = strchr(assignment, '=');
	char path[300];
	int fd, r;

	snprintf(path, sizeof(path), "%s/%.*s", group, (int)(eq - assignment), assignment);
	fd = openat(top, path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -1;
	r = write(fd, eq + 1, strlen(eq + 1)) < 0;
	close(fd);
	return r;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 0, top = -1, r = 0;

	if (argc < 3) {
		fputs("usage: maker N PARENT [FILE=VALUE]... [PARENT [FILE=VALUE]...]...\n", stderr);
		return 2;
	}
	for (int k = 0; k < n; k++) {
		char group[32];

		snprintf(group, sizeof(group), "g%d", k);
		for (int i = 2; i < argc; i++) {
			if (strchr(argv[i], '=')) {
				r |= write_value(top, group, argv[i]);
				continue;
			}
			if (top >= 0)
				close(top);
			mkdir(argv[i], 0755);
			top = open(argv[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			r |= top < 0 || mkdirat(top, group, 0755);
		}
	}
	if (r)
		perror("maker");
	return r;
}
