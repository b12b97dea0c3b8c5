/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The terminal given back after a crash; stderr kept while the screen is on. */
#include "rescue.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

static const int crashes[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP };
enum { CRASHES = sizeof(crashes) / sizeof(crashes[0]), STACK = 64 * 1024 };

/* One terminal a process: a handler can be told of it in no other way. */
static struct rescue {
	int fd;
	struct termios modes;
	char restore[256];
	size_t len;
	struct sigaction before[CRASHES];
	stack_t stack_before;
	char *stack;
	int kept;   /* where stderr goes meanwhile, -1 nowhere */
	int stderr_before;
	volatile sig_atomic_t armed, on;
} rescue = { .fd = -1, .kept = -1, .stderr_before = -1 };

/* ---- from here to the next line: async-signal-safe ---- */

static void write_all(int fd, const char *s, size_t n)
{
	while (n) {
		ssize_t w = write(fd, s, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return;
		s += w;
		n -= (size_t)w;
	}
}

static void say_kept(void)
{
	char part[512];
	off_t at = 0;
	ssize_t n;

	if (rescue.kept < 0)
		return;
	while ((n = pread(rescue.kept, part, sizeof(part), at)) > 0) {
		write_all(STDERR_FILENO, part, (size_t)n);
		at += n;
	}
	if (ftruncate(rescue.kept, 0) == 0)
		lseek(rescue.kept, 0, SEEK_SET);
}

static void stderr_back(void)
{
	if (rescue.stderr_before < 0)
		return;
	dup2(rescue.stderr_before, STDERR_FILENO);
	close(rescue.stderr_before);
	rescue.stderr_before = -1;
	say_kept();
}

static void crashed(int signo)
{
	int saved = errno;

	if (rescue.on) {
		rescue.on = 0;
		write_all(rescue.fd, rescue.restore, rescue.len);
		tcsetattr(rescue.fd, TCSANOW, &rescue.modes);
		stderr_back();
	}
	for (int i = 0; i < CRASHES; i++)
		if (crashes[i] == signo)
			sigaction(signo, &rescue.before[i], NULL);
	errno = saved;
	/* held until the handler returns, then the one before (a sanitizer's, or the core dump) has its turn */
	raise(signo);
}

/* ---- */

static void catch_crashes(void)
{
	struct sigaction act = { .sa_handler = crashed, .sa_flags = SA_ONSTACK };
	stack_t stack = { .ss_size = STACK };

	rescue.stack = malloc(STACK);
	stack.ss_sp = rescue.stack;
	/* a stack that overflowed cannot hold the handler's frame */
	if (!rescue.stack || sigaltstack(&stack, &rescue.stack_before))
		act.sa_flags = 0;
	sigfillset(&act.sa_mask);
	for (int i = 0; i < CRASHES; i++)
		sigaction(crashes[i], &act, &rescue.before[i]);
}

int rescue_arm(int fd, const char *restore, size_t n)
{
	if (tcgetattr(fd, &rescue.modes))
		return -errno;
	rescue.fd = fd;
	rescue.len = n < sizeof(rescue.restore) ? n : sizeof(rescue.restore) - 1;
	memcpy(rescue.restore, restore, rescue.len);
	rescue.kept = memfd_create("stderr", MFD_CLOEXEC);
	catch_crashes();
	rescue.armed = 1;
	return 0;
}

void rescue_screen(int on)
{
	if (!rescue.armed || on == rescue.on)
		return;
	if (on && rescue.kept >= 0) {
		rescue.stderr_before = dup(STDERR_FILENO);
		if (rescue.stderr_before >= 0)
			dup2(rescue.kept, STDERR_FILENO);
	}
	rescue.on = on;
	if (!on)
		stderr_back();
}

void rescue_disarm(void)
{
	if (!rescue.armed)
		return;
	rescue_screen(0);
	rescue.armed = 0;
	for (int i = 0; i < CRASHES; i++)
		sigaction(crashes[i], &rescue.before[i], NULL);
	if (rescue.stack)
		sigaltstack(&rescue.stack_before, NULL);
	free(rescue.stack);
	rescue.stack = NULL;
	if (rescue.kept >= 0)
		close(rescue.kept);
	rescue.kept = -1;
}
