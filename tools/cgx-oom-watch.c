/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-oom-watch: tell what goes wrong in which group the moment it happens. */
#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <unistd.h>

#include "oom/explain.h"
#include "oom/fact.h"
#include "oom/history.h"
#include "oom/hook.h"
#include "oom/journal.h"
#include "oom/line.h"
#include "oom/record.h"
#include "oom/service.h"
#include "oom/tally.h"
#include "ui/descriptors.h"
#include "ui/frame.h"
#include "ui/json.h"
#include "ui/message.h"
#include "ui/nearest.h"
#include "ui/units.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/num.h"

struct spec {
	unsigned kinds;
	uint64_t stall_us, window_us;  /* of pressure; 0 not asked for */
	uint64_t count, timeout;
	const char *command, *journal; /* journal "": the usual socket */
	int only, since_start, quiet, syslog, explain;
};
static const struct spec defaults = { .timeout = OPT_UNSET };

#define STATUS_HAPPENED 3
#define KINDS_USUAL (CGX_E_BIT(CGX_E_KILL) | CGX_E_BIT(CGX_E_FORK) | CGX_E_BIT(CGX_E_STALLED))
#define LAST_LOOK_US 300000 /* a victim may take so long to be known at most */
#define KINDS_ALL   (CGX_E_BIT(CGX_E_UNSEEN) - 1)

/* ---- options ---- */

static int find_kind(const char *name, size_t len, unsigned *ret, struct buf *why)
{
	struct nearest near;

	if (len == 3 && !strncmp(name, "all", 3)) {
		*ret |= KINDS_ALL;
		return 0;
	}
	nearest_begin(&near, name, len);
	for (unsigned k = 0; k < CGX_E_UNSEEN; k++) {
		const char *kind = cgx_event_name((enum cgx_event_kind)k);

		if (strlen(kind) == len && !strncmp(kind, name, len)) {
			*ret |= CGX_E_BIT(k);
			return 0;
		}
		nearest_offer(&near, kind);
	}
	buf_printf(why, "%.*s is no kind of event", len ? (int)len : 7, len ? name : "nothing");
	if (near.best)
		buf_printf(why, "; did you mean %s?", near.best);
	else
		buf_puts(why, "; kinds are kill, fork, stalled, oom, limit, emptied, removed, pressure and all");
	return -EINVAL;
}

static int set_kinds(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct spec *spec = data;
	int r = 0;

	(void)row;
	for (;;) {
		size_t len = strcspn(text, ",");

		r = find_kind(text, len, &spec->kinds, why);
		if (r < 0 || !text[len])
			return r;
		text += len + 1;
	}
}

static int set_pressure(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct spec *spec = data;
	const char *slash = strchr(text, '/'), *begin = strncmp(text, "memory:", 7) ? text : text + 7;
	AUTO_FREE char *stall = slash && slash >= begin ? strndup(begin, (size_t)(slash - begin)) : NULL;

	(void)row;
	if (!stall || strchr(stall, ':') || num_usec(stall, &spec->stall_us) || num_usec(slash + 1, &spec->window_us)) {
		buf_puts(why, "not [memory:]STALL/WINDOW, two times as in 150ms/2s");
		return -EINVAL;
	}
	if (!spec->stall_us || spec->stall_us > spec->window_us || spec->window_us < 500000 || spec->window_us > 10000000) {
		buf_puts(why, "the kernel takes windows from 500ms to 10s, and a stall that is not longer");
		return -EINVAL;
	}
	spec->kinds |= CGX_E_BIT(CGX_E_PRESSURE);
	return 0;
}

static const char *const kind_names[] = { "kill", "fork", "stalled", "oom", "limit", "emptied", "removed", "pressure", "all",
					  NULL };

static const struct opt options[] = {
	{ 0, "only", NULL, OPT_FLAG, offsetof(struct spec, only), "the groups named, without those below them" },
	{ 'k', "kinds", "LIST", OPT_CALL, 0, "events to tell: kill,fork,stalled (usual), oom, limit, emptied, removed, "
	  "pressure, all", .choices = kind_names, .call = set_kinds },
	{ 0, "pressure", "STALL/WINDOW", OPT_CALL, 0, "tell stalls for memory, 150ms/2s; sets kind pressure",
	  .call = set_pressure },
	{ 0, "since-start", NULL, OPT_FLAG, offsetof(struct spec, since_start),
	  "first what happened in each group before" },
	{ 'n', "count", "N", OPT_U64, offsetof(struct spec, count), "end after N events", .flags = OPT_NONZERO },
	{ 't', "timeout", "TIME", OPT_USEC, offsetof(struct spec, timeout), "end after this time, 30s or 5m" },
	{ 'e', "exec", "CMD", OPT_STRING, offsetof(struct spec, command),
	  "run CMD for each event: $CGX_GROUP and so on, JSON on stdin", COMPLETE_COMMAND },
	{ 'q', "quiet", NULL, OPT_FLAG, offsetof(struct spec, quiet), "no lines; status 3 when something happened" },
	{ 0, "journal", "SOCKET", OPT_STRING, offsetof(struct spec, journal), "to the journal instead of stdout",
	  COMPLETE_FILE, .flags = OPT_OPTIONAL },
	{ 0, "syslog", NULL, OPT_FLAG, offsetof(struct spec, syslog), "to syslog instead of stdout" },
	{ 0, "explain", NULL, OPT_FLAG, offsetof(struct spec, explain),
	  "explain the kills in the kernel log, a FILE, or stdin (-)" },
	OPT_END
};

static const char *const synopsis[] = { "[OPTION]... [GROUP...]", "--explain [FILE...]", NULL };
static const struct example examples[] = {
	{ "cgx-oom-watch", "every kill and every denied fork on this host" },
	{ "cgx-oom-watch --since-start --timeout 0", "what happened so far, and end" },
	{ "cgx-oom-watch --explain", "what the kernel log tells, in words" },
	{ "cgx-oom-watch --json web | jq .victim", "below web, for a program" },
	{ "cgx-oom-watch -e 'mail -s \"$CGX_COMM killed\" root' web", "tell somebody" },
	{ NULL, NULL }
};

/* ---- the watch ---- */

enum ending { NOT_YET, END_COUNT, END_TIME, END_SIGNAL, END_OUTPUT };

struct watcher {
	struct frame *f;
	const struct spec *spec;
	struct cgx_watch *watch;
	struct json *json;          /* NULL: nothing wants it */
	struct line_style style;
	struct hook hook;
	struct journal journal;
	struct tally tally;
	sigset_t mask;              /* as it was */
	struct rlimit files;        /* likewise */
	int signals;                /* signalfd */
	int lines;                  /* stdout is written to */
	uint64_t began, until;      /* CLOCK_MONOTONIC, us */
	uint64_t events, lost;      /* told; not taken by the journal */
	int happened, signalled;
	enum ending ending;
};

static void end(struct watcher *w, enum ending how)
{
	if (!w->ending)
		w->ending = how;
}

/* A reader that follows must see the line now; one that went away ends the watch. */
static void flush_lines(struct watcher *w)
{
	if (frame_flush(w->f) < 0)
		end(w, END_OUTPUT);
}

/* The document as a line in memory. 0 or -ENOMEM. */
static int json_line(struct json *j, char **ret, size_t *ret_len)
{
	FILE *to = open_memstream(ret, ret_len);
	int r;

	if (!to)
		return -ENOMEM;
	r = json_write(j, to, JSON_LINE);
	if (fclose(to) || r < 0) {
		free(*ret);
		*ret = NULL;
		return -ENOMEM;
	}
	return 0;
}

static void tell_stdout(struct watcher *w, const struct told *t, const char *json, size_t len)
{
	AUTO_BUF struct buf line = { 0 };

	if (!w->lines)
		return;
	if (!w->f->json)
		line_format(&line, t, &w->style);
	if (w->f->json ? !json : line.err)
		msg_error(w->f, NULL, "out of memory: an event is not told");
	else
		fwrite(w->f->json ? json : line.s, 1, w->f->json ? len : line.len, stdout);
	flush_lines(w);
}

static void tell_journal(struct watcher *w, const struct told *t, const char *words, const struct buf *facts, size_t n)
{
	AUTO_BUF struct buf message = { 0 };
	int r;

	journal_message(&message, t, words, facts, n);
	r = journal_send(&w->journal, &message);
	if (r < 0 && !w->lost++)
		msg_errno(w->f, r, w->journal.to.sun_path, "send to the journal");
	if (r == 0 && w->lost) {
		msg_warn(w->f, "%s: the journal did not take %llu message%s", w->journal.to.sun_path,
			 (unsigned long long)w->lost, w->lost == 1 ? "" : "s");
		w->lost = 0;
	}
}

static void tell_logs(struct watcher *w, const struct told *t, const struct buf *facts, size_t n)
{
	AUTO_BUF struct buf words = { 0 };

	if (w->journal.fd < 0 && !w->spec->syslog)
		return;
	line_words(&words, t, &w->style);
	if (w->journal.fd >= 0)
		tell_journal(w, t, buf_text(&words), facts, n);
	if (w->spec->syslog)
		syslog(journal_priority(t->e.kind), "%s", buf_text(&words));
}

static void run_hook(struct watcher *w, const struct told *t, const struct buf *facts, size_t n, const char *json, size_t len)
{
	AUTO_BUF struct buf what = { 0 };

	if (!w->spec->command || t->before || t->e.kind == CGX_E_UNSEEN)
		return;
	buf_printf(&what, "%s in %s", cgx_event_name(t->e.kind), *t->e.path ? t->e.path : "a group not known");
	hook_run(&w->hook, facts, n, json, len, buf_text(&what));
}

static void tell(void *data, const struct told *t)
{
	struct watcher *w = data;
	AUTO_BUF struct buf facts = { 0 };
	AUTO_FREE char *json = NULL;
	size_t len = 0, n = 0;

	if (t->e.kind == CGX_E_UNSEEN)
		msg_warn(w->f, "%s", t->e.text);
	else
		w->happened = 1;
	if (!t->before && t->e.kind != CGX_E_UNSEEN) {
		tally_add(&w->tally, &t->e);
		if (++w->events == w->spec->count)
			end(w, END_COUNT);
	}
	if (w->json) {
		json_reset(w->json);
		record_event(w->json, t);
		json_line(w->json, &json, &len);
	}
	if (w->spec->command || w->journal.fd >= 0)
		n = fact_block(&facts, t);
	if (facts.err)
		n = 0;
	if (w->f->json || t->e.kind != CGX_E_UNSEEN)
		tell_stdout(w, t, json, len);
	tell_logs(w, t, &facts, n);
	run_hook(w, t, &facts, n, json, len);
}

/* ---- the summary ---- */

static void summary_json(struct watcher *w)
{
	AUTO_FREE char *line = NULL;
	char when[40];
	size_t len;

	fact_time(wall_us(), when);
	json_reset(w->json);
	json_open_object(w->json, NULL);
	json_add_string(w->json, "time", when);
	json_add_string(w->json, "kind", "summary");
	json_add_u64(w->json, "groups_watched", cgx_watch_groups(w->watch));
	json_add_u64(w->json, "watched_us", now_us() - w->began);
	tally_json(w->json, &w->tally);
	json_close(w->json);
	if (!json_line(w->json, &line, &len))
		fwrite(line, 1, len, stdout);
	flush_lines(w);
}

static void summary_text(const struct watcher *w)
{
	AUTO_BUF struct buf b = { 0 };
	AUTO_BUF struct buf head = { 0 };
	size_t groups = cgx_watch_groups(w->watch);

	buf_printf(&head, "%s: %zu group%s watched", w->f->called_as, groups, groups == 1 ? "" : "s");
	buf_printf(&head, ", for %s: ", units_usec(now_us() - w->began).s);
	tally_text(&b, &w->tally, buf_text(&head));
	fputs(buf_text(&b), stderr);
}

static void summarize(struct watcher *w)
{
	if (w->spec->quiet || w->ending == END_OUTPUT)
		return;
	if (w->f->json)
		summary_json(w);
	else
		summary_text(w);
}

/* ---- waiting ---- */

/* What the caller ignores stays ignored: nohup, and background jobs of a shell. */
static void add_unless_ignored(sigset_t *set, int signal)
{
	struct sigaction now;

	if (!sigaction(signal, NULL, &now) && now.sa_handler != SIG_IGN)
		sigaddset(set, signal);
}

static int open_signals(struct watcher *w)
{
	sigset_t taken, blocked;

	sigemptyset(&taken);
	add_unless_ignored(&taken, SIGINT);
	add_unless_ignored(&taken, SIGHUP);
	sigaddset(&taken, SIGTERM);
	sigaddset(&taken, SIGUSR1);
	sigaddset(&taken, SIGCHLD);
	blocked = taken;
	sigaddset(&blocked, SIGPIPE); /* a write tells it as well */
	if (sigprocmask(SIG_BLOCK, &blocked, &w->mask) < 0)
		return -errno;
	w->signals = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
	return w->signals < 0 ? -errno : 0;
}

static void take_signals(struct watcher *w)
{
	struct signalfd_siginfo s;

	while (read(w->signals, &s, sizeof(s)) == sizeof(s)) {
		if (s.ssi_signo == SIGUSR1) {
			summarize(w);
		} else if (s.ssi_signo != SIGCHLD) {
			end(w, END_SIGNAL);
			w->signalled++;
		}
	}
	hook_look(&w->hook);
}

static int shorter(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static int time_left(const struct watcher *w)
{
	uint64_t now = now_us();

	if (w->until == UINT64_MAX)
		return -1;
	return now >= w->until ? 0 : w->until - now > 3600000000u ? 3600000 : (int)((w->until - now + 999) / 1000);
}

/* Until something may have happened, or ms have passed. */
static void wait_ms(struct watcher *w, int ms)
{
	struct pollfd p[] = {
		{ .fd = cgx_watch_fd(w->watch), .events = POLLIN },
		{ .fd = w->signals, .events = POLLIN },
		{ .fd = w->lines ? STDOUT_FILENO : -1 }, /* its reader may go while nothing is written */
	};

	if (poll(p, 3, shorter(ms, hook_wait(&w->hook))) < 0)
		return;
	if (p[2].revents & (POLLERR | POLLHUP))
		end(w, END_OUTPUT);
	take_signals(w);
}

/* Tell what there is, but look at signals now and then. 1 there may be more, 0, or a negative errno. */
static int take_events(struct watcher *w)
{
	struct told t = { 0 };
	int r = 0;

	for (int i = 0; i < 64; i++) {
		r = w->ending == END_COUNT || w->ending == END_OUTPUT ? 0 : cgx_watch_next(w->watch, &t.e);
		if (r <= 0)
			return r;
		tell(w, &t);
	}
	return 1;
}

/* What has happened up to now and was not notified yet. */
static int look_last(struct watcher *w)
{
	struct pollfd p = { .fd = cgx_watch_fd(w->watch), .events = POLLIN };
	uint64_t until = now_us() + LAST_LOOK_US;
	int r = cgx_watch_look(w->watch);

	if (r >= 0)
		r = take_events(w);
	while (r >= 0 && w->ending != END_COUNT && now_us() < until && cgx_watch_waits(w->watch)) {
		poll(&p, 1, 10);
		r = take_events(w);
	}
	return r;
}

static int watch_on(struct watcher *w)
{
	while (!w->ending) {
		int r = take_events(w);

		if (r < 0)
			return r;
		if (!w->ending)
			wait_ms(w, r ? 0 : time_left(w));
		if (!time_left(w))
			end(w, END_TIME);
	}
	return w->ending == END_TIME || w->ending == END_SIGNAL ? look_last(w) : 0;
}

/* ---- beginning and end ---- */

/* A name that is mistyped would be waited for in silence. */
static void tell_missing(const struct watcher *w, const char *path)
{
	struct cgx_group *g;

	if (w->spec->quiet || cgx_group_open(w->f->cgx, path, 0, &g))
		return;
	if (!cgx_group_exists(g))
		msg_note(w->f, "%s: there is no such group now; it is watched when it comes", path);
	cgx_group_close(g);
}

static int add_groups(struct watcher *w, int argc, char **argv)
{
	unsigned flags = w->spec->only ? 0 : CGX_WATCH_BELOW;
	int r = argc ? 0 : cgx_watch_add(w->watch, "/", flags);

	for (int i = 0; !r && i < argc; i++) {
		r = cgx_watch_add(w->watch, argv[i], flags);
		if (!r)
			tell_missing(w, argv[i]);
	}
	return r;
}

static int tell_history(struct watcher *w, unsigned kinds, int argc, char **argv)
{
	int r = 0;

	if (!w->spec->since_start)
		return 0;
	if (!argc)
		return history_tell(w->f->cgx, "/", !w->spec->only, kinds, tell, w);
	for (int i = 0; !r && i < argc; i++)
		r = history_tell(w->f->cgx, argv[i], !w->spec->only, kinds, tell, w);
	return r;
}

/* 0, or an exit status after a message. */
static int open_outputs(struct watcher *w)
{
	const char *path = w->spec->journal && *w->spec->journal ? w->spec->journal : JOURNAL_SOCKET;
	int r;

	w->lines = !w->spec->quiet && (w->f->json || !(w->spec->journal || w->spec->syslog));
	w->style = (struct line_style){
		.colour = colour_wanted(STDOUT_FILENO), .date = !isatty(STDOUT_FILENO),
		.stall_us = w->spec->stall_us ? w->spec->stall_us : 150000,
		.window_us = w->spec->window_us ? w->spec->window_us : 2000000,
	};
	if ((w->f->json || w->spec->command) && json_new(w->f, &w->json) < 0)
		return frame_failed(w->f);
	if (w->spec->syslog)
		openlog("cgx-oom-watch", LOG_PID, LOG_DAEMON);
	r = w->spec->journal ? journal_open(&w->journal, path) : 0;
	if (r < 0)
		return msg_error(w->f, "--syslog or stdout do without the journal", "%s: open the journal: %s", path,
				 strerror(-r));
	return 0;
}

static int open_watch(struct watcher *w, unsigned kinds, int argc, char **argv)
{
	const struct cgx_watch_how how = {
		.size = sizeof(how), .kinds = kinds | CGX_E_BIT(CGX_E_UNSEEN),
		.stall_us = w->spec->stall_us, .window_us = w->spec->window_us,
	};
	int r = cgx_watch_open(w->f->cgx, &how, &w->watch);

	if (!r)
		r = add_groups(w, argc, argv);
	return r;
}

/* Under a limit of locked memory a later allocation would fail. */
static int may_lock(void)
{
	const struct rlimit any = { RLIM_INFINITY, RLIM_INFINITY };
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct c[2] = { 0 };

	return !setrlimit(RLIMIT_MEMLOCK, &any) || (!syscall(SYS_capget, &h, c) && c->effective >> CAP_IPC_LOCK & 1);
}

/*
 * When the machine itself has no memory left, pages of programs are thrown away and read again: a watcher that waits for its
 * own tells late, and by reading them keeps the kernel from killing anybody.
 */
static void stay_in_memory(void)
{
	if (may_lock())
		mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT); /* without it, it watches as others do */
}

static void tell_ready(const struct watcher *w)
{
	size_t groups = cgx_watch_groups(w->watch);

	service_notify("READY=1");
	if (!w->spec->quiet)
		msg_note(w->f, "watching %zu group%s", groups, groups == 1 ? "" : "s");
}

/* Commands that run or wait are let finish; a second signal ends that. */
static void finish_hooks(struct watcher *w)
{
	int signalled = w->signalled;

	while (hook_busy(&w->hook) && w->signalled == signalled) {
		struct pollfd p = { .fd = w->signals, .events = POLLIN };

		poll(&p, 1, hook_wait(&w->hook));
		take_signals(w);
	}
	hook_close(&w->hook);
}

static int watch(struct watcher *w, int argc, char **argv)
{
	unsigned kinds = w->spec->kinds ? w->spec->kinds : KINDS_USUAL;
	int r = open_watch(w, kinds, argc, argv);

	if (r < 0)
		return r;
	stay_in_memory();
	w->began = now_us();
	if (w->spec->timeout != OPT_UNSET && w->spec->timeout < UINT64_MAX - w->began)
		w->until = w->began + w->spec->timeout;
	r = take_events(w); /* what cannot be seen comes first */
	if (r >= 0)
		tell_ready(w);
	if (r >= 0)
		r = tell_history(w, kinds, argc, argv);
	if (r >= 0)
		r = watch_on(w);
	service_notify("STOPPING=1");
	finish_hooks(w);
	summarize(w);
	return r;
}

static int explain_all(struct frame *f, int argc, char **argv)
{
	int status = argc ? STATUS_DONE : explain(f, NULL);

	for (int i = 0; i < argc; i++) {
		int r = explain(f, argv[i]);

		status = status ? status : r;
	}
	return status;
}

static int watch_and_tell(struct frame *f, const struct spec *spec, int argc, char **argv)
{
	struct watcher w = {
		.f = f, .spec = spec, .journal.fd = -1, .signals = -1, .until = UINT64_MAX,
		.hook = { .f = f, .command = spec->command },
	};
	int r;

	w.hook.mask = &w.mask;
	/* the library watches with as many descriptors as the limit leaves it */
	if (!descriptors_raise(&w.files))
		w.hook.files = &w.files;
	r = open_signals(&w);
	if (r < 0)
		return msg_errno(f, r, "signals", "take them");
	r = open_outputs(&w);
	if (!r)
		r = watch(&w, argc, argv);
	cgx_watch_close(w.watch);
	close(w.signals);
	journal_close(&w.journal);
	tally_free(&w.tally);
	json_free(w.json);
	if (r)
		return r;
	if (w.ending == END_OUTPUT)
		return frame_failed(f);
	return w.spec->quiet && w.happened ? STATUS_HAPPENED : STATUS_DONE;
}

static int run(struct frame *f, void *data, int argc, char **argv)
{
	const struct spec *spec = data;

	return spec->explain ? explain_all(f, argc, argv) : watch_and_tell(f, spec, argc, argv);
}

static const struct tool tool = {
	.name = "cgx-oom-watch",
	.summary = "Tell what is killed for memory or denied a fork, in which group",
	.synopsis = synopsis,
	.description = "Watches all groups, or those named and all below them, and tells each kill and each denied fork "
		       "with the group, the limit that was hit and the victim. A summary comes on SIGUSR1 and at the end.",
	.examples = examples,
	.options = options,
	.spec_size = sizeof(struct spec),
	.defaults = &defaults,
	.flags = TOOL_DATA,
	.positional = { COMPLETE_GROUP },
	.run = run,
};

int main(int argc, char **argv)
{
	return frame_main(&tool, argc, argv);
}
