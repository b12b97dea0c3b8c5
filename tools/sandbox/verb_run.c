/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-sandbox run: the life of a sandbox, in front, at a terminal or in the background. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/attach.h"
#include "sandbox/detach.h"
#include "sandbox/events.h"
#include "sandbox/find.h"
#include "sandbox/launch.h"
#include "sandbox/layer.h"
#include "sandbox/links.h"
#include "sandbox/monitor.h"
#include "sandbox/run_report.h"
#include "sandbox/run_spec.h"
#include "sandbox/run_step.h"
#include "sandbox/state.h"
#include "sandbox/sweep.h"
#include "sandbox/verbs.h"
#include "ui/message.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/clock.h"

/* Before the group is made, so that it is found whatever happens. It may be tried twice. */
static int remember_group(struct launch *l)
{
	struct state *st = l->owner;
	int r;

	words_free(&st->groups);
	st->id_base = l->id_base;
	st->id_count = l->id_count;
	st->monitor = getpid();
	r = links_remember(l, st);
	if (!r)
		r = l->group ? state_groups(l->cgx, l->group, &st->groups) : 0;
	if (r)
		return r;
	r = state_save(st);
	if (r == -EEXIST)
		r = state_replace(st);
	return r ? launch_fail(l, r, st->name, "keep its state", NULL) : 0;
}

static void remember(struct state *st, const struct launch *l, enum status status)
{
	struct cgx_process p;

	st->status = status;
	st->pid = l->pid;
	if (l->pid && !cgx_process_read(l->cgx, l->pid, &p))
		st->pid_started = p.started_us;
	state_append(st);
}

static int claim(const struct frame *f, struct run_spec *spec, struct state *st)
{
	AUTO_FREE char *root = NULL;
	int r = sandbox_states(f, &root);

	if (r)
		return r;
	r = state_claim(root, spec->s.name, st);
	if (r == -EEXIST) {
		state_free(st);
		sweep_all(f->cgx, root);
		r = state_claim(root, spec->s.name, st);
	}
	if (r == -EEXIST)
		return msg_error(f, "choose another name, or end it with cgx-sandbox stop and rm", "%s: a sandbox has this name already",
				 spec->s.name);
	if (r < 0)
		return msg_errno(f, r, spec->s.name, "keep its state");
	layer_remove(spec->s.name); /* of one whose state went with /run, at a restart of the machine */
	st->root = strdup(spec->root.called ? spec->root.called : "");
	st->user = spec->s.user ? strdup(spec->s.user) : NULL;
	st->began_us = wall_us();
	st->keep = !spec->remove;
	st->caps = spec->s.caps;
	st->closed_sockets = spec->s.closed_sockets;
	st->read_only = spec->s.read_only;
	st->stop_signal = spec->s.stop_signal;
	for (size_t i = 0; i < spec->s.argv.n; i++)
		words_add(&st->argv, spec->s.argv.v[i]);
	for (size_t i = 0; i < spec->s.env.n; i++)
		words_add(&st->env, spec->s.env.v[i]);
	for (size_t i = 0; i < spec->s.limits.n; i++)
		words_add(&st->limits, spec->s.limits.v[i]);
	for (size_t i = 0; i < spec->root.image.layers.n; i++)
		words_add(&st->layers, spec->root.image.layers.v[i]);
	r = links_show_names(&spec->s, st->dir);
	if (!r)
		return 0;
	msg_errno(f, r, spec->s.name, "write its resolv.conf");
	state_remove(st);
	state_free(st);
	return STATUS_OWN_FAILURE;
}

/* For exec: the same filter, whatever comes of the file. */
static int keep_profile(const struct frame *f, const struct run_spec *spec, struct state *st)
{
	const char *profile = spec->s.seccomp;
	int r = 0;

	if (profile && !strcmp(profile, SECCOMP_NONE))
		r = (st->seccomp = strdup(SECCOMP_NONE)) ? 0 : -ENOMEM;
	else if (profile)
		r = state_copy(st, profile, "seccomp.json", &st->seccomp);
	if (!r)
		return 0;
	msg_errno(f, r, profile, "read the profile of system calls");
	state_remove(st);
	state_free(st);
	return STATUS_OWN_FAILURE;
}

static int start_failed(const struct frame *f, const struct launch *l, int r)
{
	msg_error(f, l->remedy.len ? buf_text(&l->remedy) : NULL, "%s", buf_text(&l->words));
	if (!l->no_exec)
		return STATUS_OWN_FAILURE;
	return not_executed(r);
}

/* Standard input is the command's with -i alone. */
static void shut_stdin(const struct run_spec *spec)
{
	int fd = spec->interactive || spec->tty ? -1 : open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	dup2(fd, STDIN_FILENO);
	close(fd);
}

/* Where its layer can lie on disk: not below the root itself, which would be a layer of its own. */
static int can_keep(const struct sandbox_spec *s, struct buf *layer)
{
	if (s->read_only || geteuid() || (s->root && !strcmp(s->root, "/")))
		return 0;
	buf_printf(layer, "%s/%s", LAYERS, s->name);
	if (layer->err || (s->root && !strncmp(s->root, LAYERS, strlen(s->root))))
		return 0;
	return !layer_place();
}

/* The monitor goes on by itself; its words and those of the command go to the log. */
static int detach(const struct state *st)
{
	char path[4200];
	int fd;

	snprintf(path, sizeof(path), "%s/log", st->dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	detach_output(fd);
	return detach_session();
}

struct monitor_side {
	struct frame *f;
	struct run_spec *spec;
	struct state *st;
	sigset_t mask; /* before ours */
	int signals;
	int unattended; /* nobody sits at its terminal */
	int listener;  /* for its terminal; -1 none */
	int left;      /* told when the caller leaves it; -1 he cannot */
	int started;   /* told when the command runs, or else who waits there clears up; -1 nobody waits */
};

/* The caller goes back to his shell; we stay, in a session of our own. */
static void leave(void *data)
{
	struct monitor_side *m = data;

	detach(m->st);
	prctl(PR_SET_PDEATHSIG, 0);
	m->unattended = 1;
	(void)!write(m->left, "", 1);
	close(m->left);
	m->left = -1;
}

static void tell_network(const struct monitor_side *m, const struct launch *l)
{
	const char *note = links_note(l);

	if (!note)
		return;
	msg_note(m->f, "%s", note);
	if (!words_add(&m->st->notes, note))
		state_append(m->st);
	words_free(&m->st->notes);
}

/* The command runs, and ends. */
static void attend(struct monitor_side *m, struct launch *l, struct outcome *o)
{
	struct events events = { .f = m->f, .state = m->st, .raw = m->spec->tty && isatty(STDERR_FILENO) };
	struct baseline before = { 0 };
	struct witness w = { 0 };
	struct watch_how how = { .signals = m->signals, .unattended = m->unattended, .listener = m->listener, .data = m,
				 .leave = m->left >= 0 ? leave : NULL };

	if (l->group)
		witness_open(&w, m->f->cgx, l->group);
	w.command = l->pid;
	if (m->spec->report != REPORT_NONE)
		w.tell = events_tell;
	w.data = &events;
	remember(m->st, l, SANDBOX_RUNNING);
	tell_network(m, l);
	detach_tell(&m->started);
	links_settle(l);
	how.w = l->group ? &w : NULL;
	if (!sandbox_watch(l, &how, o))
		run_report(m->f, m->spec, l, &w, &before, o, m->st);
	launch_end(l);
	m->st->code = o->code;
	m->st->signal = o->signal;
	m->st->ended_us = wall_us();
	witness_close(&w, -1);
}

/* 1: the command ran. Else *ret is an exit status after words. */
static int run_once(struct monitor_side *m, struct outcome *o, int *ret)
{
	AUTO_BUF struct buf layer = { 0 };
	struct launch l;
	int r;

	launch_init(&l, &m->spec->s, m->f->cgx);
	l.dir = m->st->dir;
	l.mask = &m->mask;
	l.on_group = remember_group;
	l.owner = m->st;
	l.keep_layer = m->spec->layer || (!m->spec->remove && can_keep(&m->spec->s, &layer));
	l.layer_dir = m->spec->layer ? m->spec->layer : buf_text(&layer);
	r = launch_start(&l);
	if (r < 0)
		*ret = start_failed(m->f, &l, r);
	else
		attend(m, &l, o);
	buf_free(&l.words);
	buf_free(&l.remedy);
	return r >= 0;
}

/* Between two runs. 0: it is not started again. */
static int wait_for_next(struct monitor_side *m, uint64_t pause_us)
{
	struct state *st = m->st;

	if (pause_us == UINT64_MAX || state_asked_end(st))
		return 0;
	st->status = SANDBOX_RESTARTING;
	st->pid = 0;
	st->restarts = (int)m->spec->restart.times;
	words_free(&st->notes);
	state_replace(st);
	return !sandbox_pause(m->signals, pause_us) && !state_asked_end(st);
}

/* What cgx-sandbox update said meanwhile. */
static int take_amended(struct monitor_side *m)
{
	struct restart *now = &m->spec->restart, changed;
	struct words *limits = &m->spec->s.limits;
	AUTO_BUF struct buf why = { 0 };
	int r = m->spec->layer ? 0 : state_take_amended(m->st); /* a step of a build, whose spec is another's, runs once */

	if (r <= 0)
		return r;
	r = 0;
	words_free(limits);
	for (size_t i = 0; !r && i < m->st->limits.n; i++)
		r = words_add(limits, m->st->limits.v[i]);
	if (m->st->restart && !restart_parse(m->st->restart, &changed, &why)) {
		now->how = changed.how;
		now->most = changed.most;
	}
	return r;
}

static int run_it(struct frame *f, struct run_spec *spec, struct state *st, int started, int left)
{
	struct monitor_side m = { .f = f, .spec = spec, .st = st, .started = started, .left = left, .unattended = spec->detach,
				  .listener = -1 };
	struct outcome o = { 0 };
	int ran, first = 1, failed = STATUS_OWN_FAILURE;

	m.signals = sandbox_signals(&m.mask);
	if (m.signals < 0)
		return msg_errno(f, m.signals, "signals", "block");
	shut_stdin(spec);
	if (spec->tty)
		m.listener = attach_listen(st->dir);
	do {
		ran = run_once(&m, &o, &failed);
		if (!ran && first) {
			if (started < 0)
				state_remove(st);
			return failed;
		}
		first = 0;
		if (take_amended(&m))
			msg_note(f, "%s: what was changed for the next run cannot be read", st->name);
	} while (ran && wait_for_next(&m, restart_pause(&spec->restart, &o)));
	close(m.signals);
	if (spec->remove) {
		state_remove(st);
	} else {
		st->status = SANDBOX_EXITED;
		state_append(st);
	}
	return ran ? outcome_status(&o) : failed;
}

/* The log of a start that failed is what the caller wants to see. */
static void show_log(const char *dir)
{
	char path[4200], text[4096];
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/log", dir);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	while (fd >= 0 && (n = read(fd, text, sizeof(text))) > 0)
		fwrite(text, 1, (size_t)n, stderr);
	if (fd >= 0)
		close(fd);
}

static int run_detached(struct frame *f, struct run_spec *spec, struct state *st)
{
	int started, status = 0, r;

	spec->interactive = 0;
	r = detach_fork(&started, &status);
	if (r < 0)
		return msg_errno(f, r, st->name, "start in the background");
	if (r == DETACH_HERE) {
		if (detach(st) < 0)
			_exit(STATUS_OWN_FAILURE);
		status = run_it(f, spec, st, started, -1);
		state_free(st);
		_exit(status);
	}
	if (r == DETACH_FAILED) {
		show_log(st->dir);
		state_remove(st);
		return status;
	}
	printf("%s\n", st->name);
	return 0;
}

static pid_t monitor_pid;

static void pass_on(int signal)
{
	if (monitor_pid > 0)
		kill(monitor_pid, signal);
}

/* With a terminal the monitor is a child, so that the caller can go and leave it running. */
static int run_at_terminal(struct frame *f, struct run_spec *spec, struct state *st)
{
	static const int passed_on[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2 };
	int left[2], status = 0;
	ssize_t n;
	char c;

	if (pipe2(left, O_CLOEXEC) < 0)
		return msg_errno(f, errno, st->name, "start");
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		signal(passed_on[i], pass_on);
	monitor_pid = fork();
	if (monitor_pid < 0)
		return msg_errno(f, errno, st->name, "start");
	if (!monitor_pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(left[0]);
		for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
			signal(passed_on[i], SIG_DFL);
		status = run_it(f, spec, st, -1, left[1]);
		fflush(stdout);
		_exit(status);
	}
	close(left[1]);
	do
		n = read(left[0], &c, 1);
	while (n < 0 && errno == EINTR);
	close(left[0]);
	if (n > 0) {
		fprintf(stderr, "%s: %s: goes on; cgx-sandbox attach %s comes back to it\n", f->tool->name, st->name, st->name);
		return 0;
	}
	while (waitpid(monitor_pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_OWN_FAILURE;
}

static int run(struct frame *f, void *data, int argc, char **argv)
{
	struct run_spec *spec = data;
	struct state st;
	int r;

	if (!argc || !*argv[0])
		return msg_usage(f, "no ROOT named");
	r = run_fill(f, spec, argc, argv);
	if (!r)
		r = run_check_report(f, spec);
	if (!r)
		r = claim(f, spec, &st);
	if (!r)
		r = keep_profile(f, spec, &st);
	if (r)
		return r;
	r = spec->detach ? run_detached(f, spec, &st) : spec->tty ? run_at_terminal(f, spec, &st) : run_it(f, spec, &st, -1, -1);
	state_free(&st);
	return r;
}

int run_step(struct frame *f, const struct sandbox_spec *s, const char *layer)
{
	static char called[] = "a build";
	struct run_spec spec = run_defaults;
	sigset_t before;
	struct state st;
	int r;

	spec.s = *s;
	spec.root.called = called;
	spec.remove = 1;
	spec.layer = layer;
	r = claim(f, &spec, &st);
	if (r)
		return STATUS_OWN_FAILURE;
	sigprocmask(SIG_BLOCK, NULL, &before);
	r = run_it(f, &spec, &st, -1, -1);
	sigprocmask(SIG_SETMASK, &before, NULL);
	state_free(&st);
	return r;
}

static const char *const synopsis[] = { "[options] ROOT [COMMAND] [ARGUMENT...]", NULL };
static const struct example examples[] = {
	{ "cgx-sandbox run -it --memory 1G --pids 200 / sh", "a shell that sees this host's tree and can hurt nothing of it" },
	{ "cgx-sandbox run --read-only alpine /bin/server", "a root of its own" },
	{ NULL, NULL }
};

const struct tool verb_run = {
	.name = "cgx-sandbox run",
	.summary = "Run a command in a sandbox, and tell what happened to it",
	.synopsis = synopsis,
	.description = "ROOT is a directory, a tar archive, an OCI image, the name of an image, or / for this host's own tree. "
		       "What the command writes goes with it.",
	.examples = examples,
	.options = run_options,
	.spec_size = sizeof(struct run_spec),
	.defaults = &run_defaults,
	.flags = TOOL_STOP_AT_COMMAND | TOOL_RUNS_COMMAND,
	.positional = { COMPLETE_DIR | COMPLETE_FILE | COMPLETE_OWN, COMPLETE_COMMAND },
	.own_words = image_names,
	.run = run,
	.release = run_release,
};
