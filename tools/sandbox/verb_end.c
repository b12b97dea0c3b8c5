/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-sandbox stop, kill, rm, wait, pause, unpause, prune: what is done to sandboxes by name. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/find.h"
#include "sandbox/sweep.h"
#include "sandbox/layer.h"
#include "sandbox/signals.h"
#include "sandbox/verbs.h"
#include "ui/message.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/num.h"

struct end_spec {
	uint64_t timeout;
	int signal, force;
};

/* Each name in turn; the worst status. */
static int each(struct frame *f, void *data, int argc, char **argv,
		int (*one)(struct frame *f, const struct end_spec *spec, struct state *s))
{
	int worst = 0;

	if (!argc)
		return msg_usage(f, "no sandbox named");
	for (int i = 0; i < argc; i++) {
		struct state s;
		int r = sandbox_find_begun(f, argv[i], &s);

		if (!r)
			r = one(f, data, &s);
		if (!r)
			printf("%s\n", argv[i]);
		worst = r ? r : worst;
		state_free(&s);
	}
	return worst;
}

static int must_run(struct frame *f, const struct state *s)
{
	return s->status == SANDBOX_RUNNING || s->status == SANDBOX_RESTARTING ? 0 : msg_error(f, NULL, "%s: it does not run", s->name);
}

/* ---- stop, kill ---- */

/* What is paused hears nothing, so it is thawed where it shall end; its group is asked for while there is somebody in it. */
static int send_signal(struct frame *f, const struct state *s, int signal, int ends)
{
	struct cgx_group *g = NULL;
	int found = !sandbox_group(f->cgx, s, &g), r = sandbox_signal(f->cgx, s, signal);

	if (!r && found && ends)
		cgx_group_freeze(g, 0, 1000);
	cgx_group_close(g);
	return r;
}

/* It ended, the lock with it, or has written that its sandbox has. */
static int has_ended(const char *root, const struct state *s)
{
	struct state now;
	int ended;

	if (s->monitor <= 0 || kill(s->monitor, 0) < 0 || state_read(root, s->name, &now) < 0)
		return 1;
	ended = now.lock >= 0 || now.status == SANDBOX_EXITED || now.monitor != s->monitor;
	state_free(&now);
	return ended;
}

/* The monitor ends after its sandbox; where the machine is busy, a while after. 0: it has not. */
static int wait_for_monitor(const struct state *s)
{
	uint64_t end = now_us() + 10000000;
	AUTO_FREE char *root = NULL;

	if (state_root(&root) < 0)
		return 1;
	for (unsigned pause_us = 2000; !has_ended(root, s); pause_us += pause_us < 50000 ? 1000 : 0) {
		if (now_us() > end)
			return 0;
		usleep(pause_us);
	}
	return 1;
}

static int end_of_monitor(struct frame *f, const struct state *s, const char *action)
{
	AUTO_BUF struct buf remedy = { 0 };

	if (wait_for_monitor(s))
		return 0;
	buf_printf(&remedy, "somebody may have stopped it (kill -CONT %d); once it is killed the next command clears up", (int)s->monitor);
	return msg_error(f, buf_text(&remedy), "%s: %s: its monitor (pid %d) does not end", s->name, action, (int)s->monitor);
}

/* One that is between two runs has only a monitor to end. */
static int end_monitor(struct frame *f, const struct state *s, const char *action)
{
	if (s->monitor > 0)
		kill(s->monitor, SIGTERM);
	return end_of_monitor(f, s, action);
}

static int stop_run(struct frame *f, const struct end_spec *spec, const struct state *s)
{
	int signal = spec->signal ? spec->signal : s->stop_signal ? s->stop_signal : SIGTERM;
	int r = send_signal(f, s, signal, 1);

	if (!r && !sandbox_wait(f->cgx, s, (int)(spec->timeout / 1000)))
		r = send_signal(f, s, SIGKILL, 1);
	if (r < 0 && r != -ESRCH)
		return msg_errno(f, r, s->name, "stop");
	if (!sandbox_wait(f->cgx, s, 10000))
		return msg_error(f, NULL, "%s: stop: it does not end even when it is killed", s->name);
	return end_of_monitor(f, s, "stop");
}

/* It may have been started again just before it heard of it. */
static int stop_one(struct frame *f, const struct end_spec *spec, struct state *s)
{
	AUTO_FREE char *root = NULL;
	int r;

	if (s->status == SANDBOX_EXITED)
		return 0; /* as it was asked for */
	r = must_run(f, s);
	if (!r)
		r = state_root(&root);
	state_ask_end(s);
	for (int i = 0; !r && i < 3 && s->status != SANDBOX_EXITED; i++) {
		AUTO_FREE char *name = strdup(s->name);

		if (s->status == SANDBOX_RESTARTING)
			r = end_monitor(f, s, "stop");
		else
			r = stop_run(f, spec, s);
		state_free(s);
		if (!name || state_read(root, name, s))
			break; /* it is forgotten */
	}
	return r;
}

static int kill_one(struct frame *f, const struct end_spec *spec, struct state *s)
{
	int r = must_run(f, s);

	if (spec->signal == SIGKILL)
		state_ask_end(s);
	if (!r && s->status == SANDBOX_RESTARTING && spec->signal == SIGKILL)
		return end_monitor(f, s, "kill");
	if (!r)
		r = send_signal(f, s, spec->signal, spec->signal == SIGKILL || spec->signal == SIGTERM);
	if (r == -ESRCH && spec->signal == SIGKILL)
		r = 0; /* it ended just now, by itself */
	if (r < 0)
		return msg_errno(f, r, s->name, "send a signal");
	if (!r && spec->signal == SIGKILL) {
		sandbox_wait(f->cgx, s, 10000);
		r = end_of_monitor(f, s, "kill");
	}
	return r;
}

static int run_stop(struct frame *f, void *data, int argc, char **argv)
{
	return each(f, data, argc, argv, stop_one);
}

static int run_kill(struct frame *f, void *data, int argc, char **argv)
{
	return each(f, data, argc, argv, kill_one);
}

static int set_signal(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct end_spec *spec = data;

	(void)row;
	if (!signal_parse(text, &spec->signal))
		return 0;
	buf_puts(why, "not a signal: TERM, SIGUSR1 or a number");
	return -EINVAL;
}

/* ---- rm, prune ---- */

static int rm_one(struct frame *f, const struct end_spec *spec, struct state *s)
{
	int r = 0;

	int runs = s->status == SANDBOX_RUNNING || s->status == SANDBOX_RESTARTING;

	if (runs && !spec->force)
		return msg_error(f, "stop it first, or use --force", "%s: forget it: it runs", s->name);
	if (runs) {
		const struct end_spec kill_it = { .signal = SIGKILL };

		r = kill_one(f, &kill_it, s);
	}
	if (!r)
		r = layer_remove(s->name) < 0 ? msg_errno(f, errno, s->name, "remove what it wrote") : 0;
	if (!r) {
		int e = state_remove(s);

		r = e < 0 && e != -ENOENT ? msg_errno(f, e, s->name, "forget it") : 0;
	}
	return r;
}

static int run_rm(struct frame *f, void *data, int argc, char **argv)
{
	return each(f, data, argc, argv, rm_one);
}

static int run_prune(struct frame *f, void *data, int argc, char **argv)
{
	AUTO_FREE char *root = NULL;
	struct words names = { 0 };
	int r = sandbox_states(f, &root), worst = 0;

	(void)argv;
	if (argc)
		return msg_usage(f, "prune takes no names");
	if (r)
		return r;
	sweep_all(f->cgx, root);
	layer_prune(root);
	r = state_list(root, &names);
	for (size_t i = 0; !r && i < names.n; i++) {
		struct state s;

		if (!state_read(root, names.v[i], &s) && s.status == SANDBOX_EXITED) {
			int one = rm_one(f, data, &s);

			if (!one)
				printf("%s\n", names.v[i]);
			worst = one ? one : worst;
		}
		state_free(&s);
	}
	words_free(&names);
	return r < 0 ? r : worst;
}

/* ---- wait ---- */

static int wait_one(struct frame *f, const struct end_spec *spec, struct state *s)
{
	AUTO_FREE char *root = NULL;
	struct state now = { .lock = -1 };
	int r = state_root(&root);

	(void)spec;
	for (;;) {
		if (s->status == SANDBOX_RUNNING)
			sandbox_wait(f->cgx, s, -1);
		wait_for_monitor(s);
		r = r < 0 ? r : state_read(root, s->name, &now);
		if (r || now.status == SANDBOX_EXITED)
			break;
		/* it is started again */
		s->status = now.status;
		s->pid = now.pid;
		s->pid_started = now.pid_started;
		state_free(&now);
	}
	if (r)
		return msg_error(f, "without --rm its end is kept", "%s: it has ended, and was forgotten (--rm)", s->name);
	printf("%d\n", now.signal ? 128 + now.signal : now.code);
	state_free(&now);
	return 0;
}

static int run_wait(struct frame *f, void *data, int argc, char **argv)
{
	int worst = 0;

	if (!argc)
		return msg_usage(f, "no sandbox named");
	for (int i = 0; i < argc; i++) {
		struct state s;
		int r = sandbox_find(f, argv[i], &s);

		if (!r)
			r = wait_one(f, data, &s);
		worst = r ? r : worst;
		state_free(&s);
	}
	return worst;
}

/* ---- pause, unpause ---- */

static int freeze(struct frame *f, struct state *s, int frozen)
{
	struct cgx_group *g;
	int r = must_run(f, s);

	if (r)
		return r;
	r = sandbox_group_for(f, s, frozen ? "freeze it" : "thaw it", &g);
	if (r)
		return r;
	r = cgx_group_freeze(g, frozen, 5000);
	cgx_group_close(g);
	return r < 0 ? msg_fail(f) : 0;
}

static int pause_one(struct frame *f, const struct end_spec *spec, struct state *s)
{
	(void)spec;
	return freeze(f, s, 1);
}

static int unpause_one(struct frame *f, const struct end_spec *spec, struct state *s)
{
	(void)spec;
	return freeze(f, s, 0);
}

static int run_pause(struct frame *f, void *data, int argc, char **argv)
{
	return each(f, data, argc, argv, pause_one);
}

static int run_unpause(struct frame *f, void *data, int argc, char **argv)
{
	return each(f, data, argc, argv, unpause_one);
}

/* ---- the tools ---- */

static const char *const names[] = { "NAME...", NULL };
static const char *const no_names[] = { "", NULL };
static const struct end_spec defaults = { .timeout = 10000000, .signal = SIGKILL };
static const struct end_spec stop_defaults = { .timeout = 10000000 };
static const struct opt stop_options[] = {
	{ 's', "signal", "SIGNAL", OPT_CALL, 0, "this one first, instead of its own (TERM)", .call = set_signal },
	{ 't', "time", "TIME", OPT_USEC, offsetof(struct end_spec, timeout), "kill it after this time (10s)" },
	OPT_END
};
static const struct opt kill_options[] = {
	{ 's', "signal", "SIGNAL", OPT_CALL, 0, "this one instead of KILL", .call = set_signal }, OPT_END
};
static const struct opt rm_options[] = {
	{ 'f', "force", NULL, OPT_FLAG, offsetof(struct end_spec, force), "kill it first when it runs" }, OPT_END
};
static const struct opt none[] = { OPT_END };

#define VERB(word, text, lines, table) VERB_AS(word, text, lines, table, defaults)
#define VERB_AS(word, text, lines, table, begin)                                                                                     \
	const struct tool verb_##word = {                                                                                  \
		.name = "cgx-sandbox " #word, .summary = text, .synopsis = lines, .options = table,                        \
		.spec_size = sizeof(struct end_spec), .defaults = &begin, .run = run_##word,                            \
		.positional = { COMPLETE_OWN }, .own_words = sandbox_names,                                                \
	}
VERB_AS(stop, "End sandboxes: SIGTERM, then SIGKILL", names, stop_options, stop_defaults);
VERB(kill, "Send the command of sandboxes a signal", names, kill_options);
VERB(rm, "Forget sandboxes that have ended, and what they wrote", names, rm_options);
VERB(wait, "Wait until sandboxes have ended, and print their exit status", names, none);
VERB(pause, "Freeze everything in sandboxes", names, none);
VERB(unpause, "Let frozen sandboxes go on", names, none);
VERB(prune, "Forget all sandboxes that have ended", no_names, none);
