/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bench peer: write "0" into a file (tasks, or cgroup.procs on v2) and exec the rest: a start in a group at its barest. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int i = 1;

	for (; i < argc && strcmp(argv[i], "--"); i++) {
		int fd = open(argv[i], O_WRONLY | O_CLOEXEC);

		if (fd < 0 || write(fd, "0", 1) != 1)
			return 125;
	}
	if (i + 1 >= argc)
		return 125;
	execvp(argv[i + 1], argv + i + 1);
	return 127;
}
