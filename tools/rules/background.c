/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In the background: the one who starts it waits until it serves. */
#define SYSLOG_NAMES
#include "background.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "ui/message.h"
#include "util/cleanup.h"

static int find_facility(const struct frame *f, const char *name, int *ret)
{
	*ret = LOG_DAEMON;
	if (!*name)
		return 0;
	for (const CODE *c = facilitynames; c->c_name; c++)
		if (!strcasecmp(c->c_name, name)) {
			*ret = c->c_val;
			return 0;
		}
	return msg_error(f, "give daemon, user, local0 to local7 or another of syslog(3)", "-s%s: there is no such facility", name), -1;
}

static int open_log(const struct frame *f, const char *path)
{
	int fd = strcmp(path, "-") ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640)
				   : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		msg_errno(f, errno, path, "open the log");
	return fd;
}

/* Where stderr is to lead. */
static int open_target(const struct frame *f, const struct background *b)
{
	if (b->log && !b->silent)
		return open_log(f, b->log);
	if (b->foreground && !b->facility && !b->silent)
		return fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	return open("/dev/null", O_WRONLY | O_CLOEXEC);
}

/* ---- to the background ---- */

/* A byte comes when it serves; an end without one is its failure. */
static int wait_ready(int fd, pid_t pid)
{
	char byte;
	int status;

	if (read(fd, &byte, 1) == 1)
		return STATUS_DONE;
	if (waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return STATUS_FAILED;
	return WEXITSTATUS(status);
}

int background_begin(const struct frame *f, struct background *b, int *ret_status)
{
	int ends[2];
	pid_t pid;

	if (!b->facility && !b->log && !b->foreground)
		b->facility = "";
	if (b->facility && find_facility(f, b->facility, &b->code) < 0)
		return -1;
	b->fd = open_target(f, b);
	if (b->fd < 0)
		return -1;
	if (b->foreground)
		return 0;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return msg_errno(f, errno, "the background", "make a pipe"), -1;
	pid = fork();
	if (pid < 0) {
		close(ends[0]);
		close(ends[1]);
		return msg_errno(f, errno, "the background", "start a process"), -1;
	}
	if (pid) {
		close(ends[1]);
		*ret_status = wait_ready(ends[0], pid);
		close(ends[0]);
		return 1;
	}
	close(ends[0]);
	setsid();
	b->ready = ends[1];
	return 0;
}

static void leave_terminal(int keep_stdout)
{
	AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		if (!keep_stdout)
			dup2(null, STDOUT_FILENO);
	}
	if (chdir("/") < 0)
		return; /* the folder it was started in stays busy, and no more */
}

void background_ready(struct frame *f, struct background *b)
{
	if (b->facility && !b->silent) {
		openlog(f->called_as, LOG_PID, b->code);
		f->syslog = 1;
	}
	dup2(b->fd, STDERR_FILENO);
	close(b->fd);
	if (b->foreground)
		return;
	leave_terminal(b->log && !strcmp(b->log, "-"));
	while (write(b->ready, "", 1) < 0 && errno == EINTR)
		;
	close(b->ready);
}
