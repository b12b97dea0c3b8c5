/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guard of a temporary group. */
#include "exec/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "exec/removal.h"

enum word { WORD_DISMISS = 'd', WORD_LEAVE = 'l' };

static int open_group(struct cgx *cgx, const char *name, const char *under, struct cgx_group **ret)
{
	char path[4096];

	if (!under)
		return cgx_group_open_temporary(cgx, name, CGX_C_ALL, ret);
	snprintf(path, sizeof(path), "%s/%s", under, name);
	return cgx_group_open(cgx, path, 0, ret);
}

static void wait_until_empty(struct cgx_group *g)
{
	long pause_ms = 1;

	while (cgx_group_populated(g) == 1) {
		nanosleep(&(struct timespec){ pause_ms / 1000, pause_ms % 1000 * 1000000 }, NULL);
		if (pause_ms < 500)
			pause_ms *= 2;
	}
}

static int try_remove(const char *root, const char *name, const char *under, int kill_first)
{
	struct cgx_group *g = NULL;
	struct cgx *cgx = NULL;
	int r = cgx_open(root, &cgx);

	if (!r)
		r = open_group(cgx, name, under, &g);
	if (!r && !kill_first)
		wait_until_empty(g);
	if (!r)
		r = removal_of(cgx, g, CGX_DELETE_RECURSIVE | CGX_DELETE_KILL);
	cgx_group_close(g);
	cgx_close(cgx);
	return r;
}

/* Nobody comes after the guard, so it does not give up at the first failure. */
static void remove_group(const char *root, const char *name, const char *under, int kill_first)
{
	for (int tries = 0; tries < 10; tries++) {
		int r = try_remove(root, name, under, kill_first);

		if (!r || r == -ENOENT)
			return;
		nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	}
}

/* Hold nothing of the caller's: no terminal, no pipe whose reader waits for its end, no directory. */
static void detach(int fd)
{
	int null = open("/dev/null", O_RDWR);

	for (int i = 0; null >= 0 && i < 3; i++)
		dup2(null, i);
	dup2(fd, 3);
	syscall(SYS_close_range, 4, ~0u, 0);
	setsid();
	if (chdir("/") < 0)
		return;
	prctl(PR_SET_NAME, "cgx-exec-guard");
}

static _Noreturn void stand_guard(int fd, const char *root, const char *name, const char *under)
{
	char word = 0;
	ssize_t n;
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	detach(fd);
	do
		n = read(3, &word, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1 || word != WORD_DISMISS)
		remove_group(root, name, under, n != 1);
	_exit(0);
}

int guard_start(struct guard *g, const struct frame *f, const char *name, const char *under)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) < 0)
		return -errno;
	g->pid = fork();
	if (g->pid < 0) {
		close(fd[0]);
		close(fd[1]);
		return -errno;
	}
	if (!g->pid) {
		close(fd[1]);
		stand_guard(fd[0], f->root, name, under);
	}
	close(fd[0]);
	g->fd = fd[1];
	return 0;
}

static void tell(struct guard *g, enum word word)
{
	char c = (char)word;

	while (write(g->fd, &c, 1) < 0 && errno == EINTR)
		;
	close(g->fd);
}

void guard_dismiss(struct guard *g)
{
	tell(g, WORD_DISMISS);
	while (waitpid(g->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

void guard_leave(struct guard *g)
{
	tell(g, WORD_LEAVE);
}
