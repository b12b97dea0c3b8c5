/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In the background: the one who starts it waits until it serves; messages go to a writer of their own. */
#define SYSLOG_NAMES
#include "background.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
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

/* ---- the writer to syslog ---- */

/* syslog(3) names the program itself. */
static void write_lines(const char *name, int facility, FILE *in, int log)
{
	AUTO_FREE char *line = NULL;
	size_t cap = 0, len = strlen(name);

	openlog(name, LOG_PID, facility);
	while (getline(&line, &cap, in) > 0) {
		const char *words = line;

		if (log >= 0)
			dprintf(log, "%s", line);
		if (!strncmp(line, name, len) && !strncmp(line + len, ": ", 2))
			words += len + 2;
		syslog(LOG_NOTICE, "%.*s", (int)strcspn(words, "\n"), words);
	}
}

/* It ends with the last who can write to the pipe, so signals to the terminal's processes are not for it. */
static int start_writer(const struct frame *f, int facility, int log)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return msg_errno(f, errno, "syslog", "make a pipe for its lines"), -1;
	pid = fork();
	if (!pid) {
		FILE *in = fdopen(ends[0], "r");

		close(ends[1]);
		setsid();
		if (in)
			write_lines(f->called_as, facility, in, log);
		_exit(0);
	}
	close(ends[0]);
	if (pid > 0)
		return ends[1];
	close(ends[1]);
	return msg_errno(f, errno, "syslog", "start the process that writes to it"), -1;
}

static int open_target(const struct frame *f, const struct background *b)
{
	const char *facility = b->facility;
	AUTO_CLOSE int log = -1;
	int which;

	if (b->silent)
		return open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (!facility && !b->log && b->foreground)
		return fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (!facility && !b->log)
		facility = "";
	if (facility && find_facility(f, facility, &which) < 0)
		return -1;
	if (b->log) {
		log = open_log(f, b->log);
		if (log < 0)
			return -1;
	}
	return facility ? start_writer(f, which, log) : steal_fd(&log);
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
	AUTO_CLOSE int target = open_target(f, b);
	int ends[2];
	pid_t pid;

	if (target < 0)
		return -1;
	b->fd = steal_fd(&target);
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

void background_ready(struct background *b)
{
	dup2(b->fd, STDERR_FILENO);
	close(b->fd);
	if (b->foreground)
		return;
	leave_terminal(b->log && !strcmp(b->log, "-"));
	while (write(b->ready, "", 1) < 0 && errno == EINTR)
		;
	close(b->ready);
}
