/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The monitor of a sandbox: one loop. */
#include "sandbox/monitor.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "sandbox/message.h"
#include "util/clock.h"

/* A command that runs for less has its kills named by the kernel log alone. */
#define SETTLED_US 50000

enum { AT_SIGNALS, AT_PID, AT_SOCKET, AT_EVENTS, AT_PTY, AT_STDIN, PLACES };

struct life {
	struct launch *l;
	struct witness *w;
	struct outcome o;
	struct pollfd p[PLACES];
	uint64_t began, settled, end;
	struct termios before; /* of the caller's terminal */
	int raw, ended;
};

int sandbox_signals(sigset_t *ret_before)
{
	static const int passed_on[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH, SIGCHLD };
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		sigaddset(&set, passed_on[i]);
	if (sigprocmask(SIG_BLOCK, &set, ret_before) < 0)
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

/* ---- the terminal ---- */

static void copy_size(const struct life *f)
{
	struct winsize size;

	if (f->l->pty >= 0 && !ioctl(STDIN_FILENO, TIOCGWINSZ, &size))
		ioctl(f->l->pty, TIOCSWINSZ, &size);
}

static void open_terminal(struct life *f)
{
	struct termios raw;

	if (f->l->pty < 0)
		return;
	f->p[AT_PTY] = (struct pollfd){ .fd = f->l->pty, .events = POLLIN };
	f->p[AT_STDIN] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
	copy_size(f);
	if (tcgetattr(STDIN_FILENO, &f->before) < 0)
		return;
	raw = f->before;
	cfmakeraw(&raw);
	f->raw = !tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

static void close_terminal(struct life *f)
{
	if (f->raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &f->before);
	f->raw = 0;
}

/* 0: there will be no more. */
static int copy(int from, int to)
{
	char b[8192];
	ssize_t n = read(from, b, sizeof(b));

	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN);
	for (ssize_t at = 0; at < n;) {
		ssize_t w = write(to, b + at, (size_t)(n - at));

		if (w < 0 && errno != EINTR)
			return 0;
		at += w > 0 ? w : 0;
	}
	return 1;
}

static void carry_terminal(struct life *f)
{
	if (f->p[AT_PTY].revents && !copy(f->l->pty, STDOUT_FILENO))
		f->p[AT_PTY].fd = -1;
	if (f->p[AT_STDIN].revents && !copy(STDIN_FILENO, f->l->pty)) {
		f->p[AT_STDIN].fd = -1;
		(void)!write(f->l->pty, "\004", 1); /* end of input */
	}
}

/* ---- the end ---- */

static void set_status(struct life *f, int status)
{
	f->ended = 1;
	f->o.code = WIFSIGNALED(status) ? -1 : WEXITSTATUS(status);
	f->o.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	f->o.dumped = WIFSIGNALED(status) && WCOREDUMP(status);
}

static void take_message(struct life *f)
{
	struct message m = { 0 };
	ssize_t n = recv(f->l->sock[0], &m, sizeof(m), MSG_DONTWAIT);

	if (n == (ssize_t)sizeof(m) && m.kind == MESSAGE_ENDED)
		set_status(f, m.status);
	else if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		f->p[AT_SOCKET].fd = -1;
}

/* The first process is gone, and everything in the sandbox with it. */
static int reap(struct life *f)
{
	int status;
	pid_t pid = waitpid(f->l->pid, &status, WNOHANG);

	if (pid != f->l->pid)
		return 0;
	f->l->pid = 0;
	take_message(f); /* what it said before it went tells more than its status */
	if (!f->ended)
		set_status(f, status);
	return 1;
}

static void send_signal(const struct life *f, int signal)
{
	if (f->l->pid)
		syscall(SYS_pidfd_send_signal, f->l->pidfd, signal, NULL, 0);
}

static int ends(int signal)
{
	return signal == SIGTERM || signal == SIGINT || signal == SIGQUIT || signal == SIGHUP;
}

static void take_signals(struct life *f)
{
	struct signalfd_siginfo s;

	while (read(f->p[AT_SIGNALS].fd, &s, sizeof(s)) == sizeof(s)) {
		if (s.ssi_signo == SIGWINCH)
			copy_size(f);
		else if (s.ssi_signo != SIGCHLD)
			send_signal(f, (int)s.ssi_signo);
		if (ends((int)s.ssi_signo))
			f->o.told_to_end = 1;
	}
}

/* SIGTERM first, then everything. */
static void time_over(struct life *f)
{
	send_signal(f, f->o.timed_out++ ? SIGKILL : SIGTERM);
	f->end = f->o.timed_out == 1 ? now_us() + f->l->spec->kill_after_us : UINT64_MAX;
}

static int until(uint64_t when)
{
	uint64_t now = now_us();

	if (when == UINT64_MAX)
		return -1;
	return when <= now ? 0 : when - now > 1000000000ull ? 1000000 : (int)((when - now + 999) / 1000);
}

int sandbox_pause(int signals, uint64_t pause_us)
{
	struct pollfd p = { .fd = signals, .events = POLLIN };
	uint64_t end = now_us() + pause_us;
	struct signalfd_siginfo s;

	while (now_us() < end) {
		poll(&p, 1, until(end));
		while (read(signals, &s, sizeof(s)) == sizeof(s))
			if (ends((int)s.ssi_signo))
				return 1;
	}
	return 0;
}

int sandbox_watch(struct launch *l, struct witness *w, int signals, struct outcome *ret)
{
	struct life f = { .l = l, .w = w, .began = l->began_us, .end = UINT64_MAX };

	f.o.pid = l->pid;
	f.settled = w ? f.began + SETTLED_US : UINT64_MAX;
	if (l->spec->timeout_us < UINT64_MAX - f.began)
		f.end = f.began + l->spec->timeout_us;
	for (int i = 0; i < PLACES; i++)
		f.p[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	f.p[AT_SIGNALS].fd = signals;
	f.p[AT_PID].fd = l->pidfd;
	f.p[AT_SOCKET].fd = l->sock[0];
	open_terminal(&f);
	while (!reap(&f)) {
		uint64_t next = f.settled < f.end ? f.settled : f.end;

		if (poll(f.p, PLACES, until(next)) < 0 && errno != EINTR)
			break;
		if (f.p[AT_SIGNALS].revents)
			take_signals(&f);
		if (f.p[AT_SOCKET].revents)
			take_message(&f);
		if (f.p[AT_EVENTS].revents)
			witness_take(w);
		carry_terminal(&f);
		if (now_us() >= f.settled) {
			f.settled = UINT64_MAX;
			f.p[AT_EVENTS].fd = witness_engine(w);
		}
		if (now_us() >= f.end)
			time_over(&f);
	}
	while (f.p[AT_PTY].fd >= 0 && copy(l->pty, STDOUT_FILENO))
		;
	close_terminal(&f);
	f.o.timed_out = f.o.timed_out > 0;
	f.o.wall_usec = now_us() - f.began;
	*ret = f.o;
	return 0;
}
