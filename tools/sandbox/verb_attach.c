/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-sandbox attach: come to sit at the terminal of a running sandbox. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox/attach.h"
#include "sandbox/find.h"
#include "sandbox/monitor.h"
#include "sandbox/terminal.h"
#include "sandbox/verbs.h"
#include "ui/message.h"
#include "util/cleanup.h"

enum { AT_SOCKET, AT_SIGNALS, AT_PTY, AT_STDIN, PLACES };

/* 1: it has ended, with that status. */
static int has_ended(int socket, int *ret_status)
{
	struct attach_message m;

	if (recv(socket, &m, sizeof(m), MSG_DONTWAIT) != (ssize_t)sizeof(m) || m.said != ATTACH_ENDED)
		return 0;
	*ret_status = m.status;
	return 1;
}

static void take_signals(const struct terminal *t, int signals, int *ret_leave)
{
	struct signalfd_siginfo s;

	while (read(signals, &s, sizeof(s)) == sizeof(s)) {
		terminal_size(t);
		*ret_leave |= s.ssi_signo != SIGWINCH && s.ssi_signo != SIGCHLD;
	}
}

/* Until it ends, *ret_status then, or we leave: 1. */
static int sit(struct terminal *t, int socket, int signals, int *ret_status)
{
	struct pollfd p[PLACES] = {
		[AT_SOCKET] = { .fd = socket, .events = POLLIN }, [AT_SIGNALS] = { .fd = signals, .events = POLLIN },
		[AT_PTY] = { .fd = t->pty, .events = POLLIN }, [AT_STDIN] = { .fd = STDIN_FILENO, .events = POLLIN },
	};
	int leave = 0;

	*ret_status = STATUS_OWN_FAILURE;
	while (!leave && p[AT_SOCKET].fd >= 0) {
		if (poll(p, PLACES, -1) < 0 && errno != EINTR)
			break;
		if (p[AT_SIGNALS].revents)
			take_signals(t, signals, &leave);
		if (p[AT_STDIN].revents) {
			int typed = terminal_typed(t);

			leave |= typed == TERMINAL_LEAVE;
			if (!typed)
				p[AT_STDIN].fd = -1;
		}
		if (p[AT_PTY].revents && !terminal_shown(t))
			p[AT_PTY].fd = -1;
		if (p[AT_SOCKET].revents) {
			has_ended(socket, ret_status);
			p[AT_SOCKET].fd = -1;
		}
	}
	while (!leave && p[AT_PTY].fd >= 0 && terminal_shown(t))
		;
	return leave;
}

static int run(struct frame *f, void *data, int argc, char **argv)
{
	AUTO_CLOSE int socket = -1, pty = -1, signals = -1;
	struct terminal t;
	struct state s;
	sigset_t before;
	int r, status;

	(void)data;
	if (argc != 1)
		return msg_usage(f, argc ? "one sandbox at a time" : "no sandbox named");
	r = sandbox_find_running(f, argv[0], &s);
	if (r) {
		state_free(&s);
		return r;
	}
	socket = attach_connect(s.dir, &pty);
	state_free(&s);
	if (socket == -EBUSY)
		return msg_error(f, NULL, "%s: attach: somebody sits at its terminal", argv[0]);
	if (socket == -ENOENT)
		return msg_error(f, "run it with -t; cgx-sandbox logs -f shows what it writes", "%s: attach: it has no terminal", argv[0]);
	if (socket < 0)
		return msg_errno(f, socket, argv[0], "attach");
	signals = sandbox_signals(&before);
	if (signals < 0)
		return msg_errno(f, signals, "signals", "block");
	terminal_open(&t, pty, 1);
	r = sit(&t, socket, signals, &status);
	terminal_close(&t);
	if (!r)
		return status;
	fprintf(stderr, "%s: %s: goes on\n", f->tool->name, argv[0]);
	return 0;
}

static const char *const synopsis[] = { "NAME", NULL };
static const struct opt none[] = { OPT_END };

const struct tool verb_attach = {
	.name = "cgx-sandbox attach", .summary = "Sit down at the terminal of a running sandbox; control-P control-Q leaves it",
	.synopsis = synopsis, .options = none, .flags = TOOL_RUNS_COMMAND, .run = run,
	.positional = { COMPLETE_OWN }, .own_words = sandbox_names,
};
