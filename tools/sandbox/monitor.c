/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The monitor of a sandbox: one loop. */
#include "sandbox/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/attach.h"
#include "sandbox/message.h"
#include "sandbox/terminal.h"
#include "util/clock.h"

/* A command that runs for less has its kills named by the kernel log alone. */
#define SETTLED_US 50000
/* So long a tracer has to let go of what it traces. */
#define HELD_US 1000000
#define STATUS_UNKNOWN (125 << 8)
#define STATUS_MOST 4096

enum { AT_SIGNALS, AT_PID, AT_EVENTS, AT_PTY, AT_STDIN, AT_LISTENER, AT_CLIENT, PLACES };

struct life {
	struct launch *l;
	const struct watch_how *how;
	struct outcome o;
	struct pollfd p[PLACES];
	uint64_t began, settled, end, held, told;
	struct terminal terminal;
	char seen[STATUS_MOST]; /* /proc/PID/status, when it was told to end and had stopped for a tracer */
	int ended;
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

/* Who has it: the caller, who sits at it; nobody, and what it shows goes to stdout, a log; or one who came through the socket. */
static void give_to_caller(struct life *f)
{
	terminal_open(&f->terminal, f->l->pty, f->how->leave != NULL);
	f->p[AT_PTY].fd = f->l->pty;
	f->p[AT_STDIN].fd = f->l->pty >= 0 ? STDIN_FILENO : -1;
}

static void give_to_nobody(struct life *f)
{
	terminal_close(&f->terminal);
	f->terminal = (struct terminal){ .pty = f->l->pty };
	f->p[AT_PTY].fd = f->l->pty;
	f->p[AT_STDIN].fd = -1;
	if (f->p[AT_CLIENT].fd >= 0)
		close(f->p[AT_CLIENT].fd);
	f->p[AT_CLIENT].fd = -1;
}

static void give_to_client(struct life *f)
{
	int busy = f->p[AT_STDIN].fd >= 0 || f->p[AT_CLIENT].fd >= 0;
	int client = attach_accept(f->p[AT_LISTENER].fd, f->l->pty, busy);

	if (client < 0)
		return;
	f->p[AT_CLIENT].fd = client;
	f->p[AT_PTY].fd = -1;
}

static void carry_terminal(struct life *f)
{
	int typed = f->p[AT_STDIN].revents ? terminal_typed(&f->terminal) : 1;

	if (f->p[AT_PTY].revents && !terminal_shown(&f->terminal))
		f->p[AT_PTY].fd = -1;
	if (!typed)
		f->p[AT_STDIN].fd = -1;
	if (typed == TERMINAL_LEAVE) {
		give_to_nobody(f);
		f->how->leave(f->how->data);
	}
	if (f->p[AT_LISTENER].revents)
		give_to_client(f);
	if (f->p[AT_CLIENT].revents)
		give_to_nobody(f);
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
}

/* A file of /proc/PID; "" it cannot be read. */
static void read_proc(pid_t pid, const char *file, char *text, size_t size)
{
	char path[32];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, size - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
}

/* Of a process that has ended and is not ours to reap, for who traces it does not: as wait(2) has it, where we may know. */
static int status_of(pid_t pid)
{
	char text[2048];
	const char *last;
	int status;

	read_proc(pid, "stat", text, sizeof(text));
	last = strrchr(text, ' ');
	status = last ? atoi(last) : STATUS_UNKNOWN;
	return WIFEXITED(status) || WIFSIGNALED(status) ? status : STATUS_UNKNOWN;
}

int sandbox_reap(pid_t pid, int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	uint64_t end = 0;
	int status;

	for (;;) {
		pid_t r = waitpid(pid, &status, pidfd < 0 ? 0 : WNOHANG);

		if (r == pid)
			return status;
		if (pidfd < 0)
			continue;
		if (end && now_us() >= end)
			return status_of(pid);
		if (end)
			usleep(HELD_US / 20);
		else if (poll(&p, 1, -1) == 1)
			end = now_us() + HELD_US;
	}
}

/* The first process is gone, and everything in the sandbox with it. One that is traced from elsewhere is gone as well, and
 * when its tracer does not let go of it soon nobody waits longer. */
static int reap(struct life *f)
{
	int status;
	pid_t pid = waitpid(f->l->pid, &status, WNOHANG);

	if (pid != f->l->pid && now_us() < f->held)
		return 0;
	if (pid != f->l->pid)
		status = status_of(f->l->pid);
	f->l->pid = 0;
	take_message(f); /* what it said before it went tells more than its status, and waits for us: no wake-up of its own */
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
			terminal_size(&f->terminal);
		else if (s.ssi_signo != SIGCHLD)
			send_signal(f, (int)s.ssi_signo);
		if (!ends((int)s.ssi_signo))
			continue;
		f->o.told_to_end = 1;
		f->told = now_us() + HELD_US;
	}
}

/* The signal waits for a tracer to let it through; the one that does not wait is sent when that does not. Who is followed
 * call by call stops as well, but goes on: the second look finds him changed, if only in how often he has waited. */
static void insist(struct life *f)
{
	char now[STATUS_MOST];

	f->told = UINT64_MAX;
	if (!f->l->pid)
		return;
	read_proc(f->l->pid, "status", now, sizeof(now));
	if (!strstr(now, "\nState:\tt"))
		return;
	if (!strcmp(now, f->seen))
		send_signal(f, SIGKILL);
	else
		f->told = now_us() + HELD_US / 5;
	memcpy(f->seen, now, sizeof(now));
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

int sandbox_watch(struct launch *l, const struct watch_how *how, struct outcome *ret)
{
	struct life f = { .l = l, .how = how, .began = l->began_us, .end = UINT64_MAX, .held = UINT64_MAX, .told = UINT64_MAX };
	struct witness *w = how->w;

	f.o.pid = l->pid;
	f.settled = w ? f.began + SETTLED_US : UINT64_MAX;
	if (l->spec->timeout_us < UINT64_MAX - f.began)
		f.end = f.began + l->spec->timeout_us;
	for (int i = 0; i < PLACES; i++)
		f.p[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	f.p[AT_SIGNALS].fd = how->signals;
	f.p[AT_PID].fd = l->pidfd;
	f.p[AT_LISTENER].fd = l->pty >= 0 ? how->listener : -1;
	if (how->unattended)
		give_to_nobody(&f);
	else
		give_to_caller(&f);
	while (!reap(&f)) {
		uint64_t next = UINT64_MAX;

		for (const uint64_t *t = (const uint64_t[]){ f.settled, f.end, f.held, f.told, 0 }; *t; t++)
			if (*t < next)
				next = *t;
		if (poll(f.p, PLACES, until(next)) < 0 && errno != EINTR)
			break;
		if (f.p[AT_SIGNALS].revents)
			take_signals(&f);
		if (f.p[AT_EVENTS].revents)
			witness_take(w);
		if (f.p[AT_PID].revents && f.held == UINT64_MAX) {
			f.held = now_us() + HELD_US;
			f.p[AT_PID].fd = -1;
		}
		carry_terminal(&f);
		if (now_us() >= f.settled) {
			f.settled = UINT64_MAX;
			f.p[AT_EVENTS].fd = witness_engine(w);
		}
		if (now_us() >= f.told)
			insist(&f);
		if (now_us() >= f.end)
			time_over(&f);
	}
	while (f.p[AT_PTY].fd >= 0 && terminal_shown(&f.terminal))
		;
	terminal_close(&f.terminal);
	if (f.p[AT_CLIENT].fd >= 0)
		attach_end(f.p[AT_CLIENT].fd, outcome_status(&f.o));
	f.o.timed_out = f.o.timed_out > 0;
	f.o.wall_usec = now_us() - f.began;
	*ret = f.o;
	return 0;
}
