/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting for a command. */
#include "exec/monitor.h"

#include <errno.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/clock.h"

/* Stops and their end stay with the kernel: job control stops cgx-exec and the command together. */
static const int passed_on[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH };

int monitor_open(struct monitor *m)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		sigaddset(&set, passed_on[i]);
	if (sigprocmask(SIG_BLOCK, &set, &m->before) < 0)
		return -errno;
	m->began = now_us();
	m->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return m->signals < 0 ? -errno : 0;
}

void monitor_close(struct monitor *m)
{
	close(m->signals);
	sigprocmask(SIG_SETMASK, &m->before, NULL);
}

/* A command stopped by itself stops cgx-exec, so that the shell sees a stopped job. */
static void follow_stop(pid_t pid, int signal)
{
	if (signal == SIGTSTP)
		return; /* the terminal stopped both */
	raise(SIGSTOP);
	kill(pid, SIGCONT);
}

/* 1 it has ended. */
static int look(pid_t pid, struct outcome *ret)
{
	siginfo_t info = { 0 };

	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WSTOPPED | WNOHANG) < 0 || !info.si_pid)
		return 0;
	switch (info.si_code) {
	case CLD_EXITED:
		ret->code = info.si_status;
		return 1;
	case CLD_KILLED:
	case CLD_DUMPED:
		ret->code = -1;
		ret->signal = info.si_status;
		ret->dumped = info.si_code == CLD_DUMPED;
		return 1;
	default:
		follow_stop(pid, info.si_status);
		return 0;
	}
}

/* 1 the command has ended. */
static int take_signals(struct monitor *m, pid_t pid, struct outcome *ret)
{
	struct signalfd_siginfo s;

	while (read(m->signals, &s, sizeof(s)) == sizeof(s)) {
		if (s.ssi_signo == SIGCHLD) {
			if (look(pid, ret))
				return 1;
		} else if (s.ssi_code <= 0) { /* sent by a process, not by the terminal */
			kill(pid, (int)s.ssi_signo);
		}
	}
	return 0;
}

static int until(uint64_t when)
{
	uint64_t now = now_us();

	if (when == UINT64_MAX)
		return -1;
	return when <= now ? 0 : (when - now) / 1000 >= INT32_MAX / 2 ? INT32_MAX / 2 : (int)((when - now + 999) / 1000);
}

/* SIGTERM first, then everything. When to come again. */
static uint64_t time_over(const struct monitor_how *how, pid_t pid, struct outcome *o)
{
	if (o->timed_out++)
		how->stop_all(how->data);
	else
		kill(pid, SIGTERM);
	kill(pid, SIGCONT);
	return o->timed_out == 1 ? now_us() + how->kill_after_usec : UINT64_MAX;
}

static uint64_t after(uint64_t began, uint64_t usec)
{
	return usec < UINT64_MAX - began ? began + usec : UINT64_MAX;
}

int monitor_wait(struct monitor *m, pid_t pid, const struct monitor_how *how, struct outcome *ret)
{
	struct pollfd p[] = { { .fd = m->signals, .events = POLLIN }, { .fd = how->fd, .events = POLLIN } };
	uint64_t end = after(m->began, how->timeout_usec), settled = after(m->began, how->settled_usec);
	struct outcome o = { .pid = pid };

	while (!look(pid, &o)) {
		int n = poll(p, 2, until(end < settled ? end : settled));

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0 && p[0].revents && take_signals(m, pid, &o))
			break;
		if (n > 0 && p[1].revents)
			how->readable(how->data);
		if (now_us() >= settled) {
			settled = UINT64_MAX;
			p[1].fd = how->settled(how->data);
		}
		if (n == 0 && now_us() >= end)
			end = time_over(how, pid, &o);
	}
	o.timed_out = o.timed_out > 0;
	o.wall_usec = now_us() - m->began;
	*ret = o;
	return 0;
}
