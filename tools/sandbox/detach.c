/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Going on in the background. */
#include "sandbox/detach.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ui/frame.h"

int detach_fork(int *ret_started, int *ret_status)
{
	int started[2], status = 0;
	ssize_t n;
	pid_t pid;
	char c;

	if (pipe2(started, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid <= 0) {
		int err = errno;

		close(started[0]);
		*ret_started = started[1];
		if (pid < 0)
			close(started[1]);
		return pid < 0 ? -err : DETACH_HERE;
	}
	close(started[1]);
	do
		n = read(started[0], &c, 1);
	while (n < 0 && errno == EINTR);
	close(started[0]);
	if (n > 0)
		return DETACH_BEGUN;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_OWN_FAILURE;
	return DETACH_FAILED;
}

void detach_tell(int *started)
{
	if (*started < 0)
		return;
	(void)!write(*started, "", 1);
	close(*started);
	*started = -1;
}

/* What the caller left open is his: whoever reads the other end of a pipe would wait as long as we run. What is ours closes at
 * exec. */
static void close_callers(void)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;

	while (d && (e = readdir(d))) {
		int fd = atoi(e->d_name), flags = fd > STDERR_FILENO ? fcntl(fd, F_GETFD) : FD_CLOEXEC;

		if (flags >= 0 && !(flags & FD_CLOEXEC))
			close(fd);
	}
	if (d)
		closedir(d);
}

int detach_session(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	setsid();
	close_callers();
	if (fd >= 0) {
		dup2(fd, STDIN_FILENO);
		close(fd);
	}
	return chdir("/") < 0 ? -errno : 0;
}

void detach_output(int fd)
{
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
}
