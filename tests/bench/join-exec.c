/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bench peer: a start in a group at its barest.
 *   join-exec FILE... -- COMMAND      write "0" into each FILE (tasks, or cgroup.procs on v2) and become the command
 *   join-exec -w FILE... -- COMMAND   start it so and wait, as whoever has something to tell at the end must
 *   join-exec -t DIR... -- COMMAND    the same in a new group below each DIR, which is removed afterwards
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int join(const char *file)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, "0", 1) != 1;
}

static int become(char **files, int n, char **command)
{
	for (int i = 0; i < n; i++)
		if (join(files[i]))
			return 125;
	execvp(command[0], command);
	return 127;
}

static int run(char **files, int n, char **command)
{
	int status = 0;
	pid_t pid = vfork();

	if (!pid)
		_exit(become(files, n, command));
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 125;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run_in_new(char **parents, int n, char **command)
{
	static char dir[8][4096], file[8][4096];
	char *files[8];
	int status;

	for (int i = 0; i < n; i++) {
		snprintf(dir[i], sizeof(dir[i]), "%.4000s/join-exec-%d", parents[i], (int)getpid());
		snprintf(file[i], sizeof(file[i]), "%.4050s/tasks", dir[i]);
		files[i] = file[i];
		if (mkdir(dir[i], 0755))
			return 125;
		if (access(files[i], F_OK))
			snprintf(file[i], sizeof(file[i]), "%.4050s/cgroup.procs", dir[i]);
	}
	status = run(files, n, command);
	for (int i = 0; i < n; i++)
		rmdir(dir[i]);
	return status;
}

int main(int argc, char **argv)
{
	int first = 1, n = 0;
	char mode = 0;

	if (argc > 1 && argv[1][0] == '-' && argv[1][1] != '-')
		mode = argv[first++][1];
	while (first + n < argc && strcmp(argv[first + n], "--"))
		n++;
	if (first + n + 1 >= argc || n > 8)
		return 125;
	if (!mode)
		return become(argv + first, n, argv + first + n + 1);
	return (mode == 't' ? run_in_new : run)(argv + first, n, argv + first + n + 1);
}
