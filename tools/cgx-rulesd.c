/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-rulesd: place processes by the rules of cgrules.conf as they start. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "oom/service.h"
#include "rules/background.h"
#include "rules/connector.h"
#include "rules/execs.h"
#include "rules/load.h"
#include "rules/place.h"
#include "rules/seat.h"
#include "rules/sticky.h"
#include "ui/descriptors.h"
#include "ui/frame.h"
#include "ui/message.h"
#include "ui/owner.h"
#include "ui/text.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/num.h"

struct spec {
	struct strings files, configs;
	const char *socket, *socket_user, *socket_group;
	uint64_t buffer;
	int once, reload, verbose, no_sweep, quiet, debug, bpf, no_bpf;
	struct background background;
};

#define LIKE_CGRULESENGD 1

static const struct spec defaults = { .socket = STICKY_SOCKET, .buffer = 32u << 20 };

static const struct opt options[] = {
	{ 'f', "rules-file", "FILE", OPT_STRINGS, offsetof(struct spec, files), "rules from here; a file or a directory",
	  COMPLETE_FILE, .who = WHO_NATIVE },
	{ 'n', "nodaemon", NULL, OPT_FLAG, offsetof(struct spec, background.foreground), "stay in the foreground",
	  .who = WHO_COMPAT },
	{ 'f', "logfile", "FILE", OPT_STRING, offsetof(struct spec, background.log), "messages go to this file; - is stdout",
	  COMPLETE_FILE, .who = WHO_COMPAT },
	{ 's', "syslog", "FACILITY", OPT_STRING, offsetof(struct spec, background.facility),
	  "messages go to syslog (facility daemon), which is so where nothing else is said", .flags = OPT_OPTIONAL,
	  .who = WHO_COMPAT },
	{ 'q', "quiet", NULL, OPT_FLAG, offsetof(struct spec, quiet), "takes back -v", .who = WHO_COMPAT },
	{ 'Q', "nolog", NULL, OPT_FLAG, offsetof(struct spec, background.silent), "no messages once it is ready",
	  .who = WHO_COMPAT },
	{ 'd', "debug", NULL, OPT_FLAG, offsetof(struct spec, debug), "as -n -v -f -", .who = WHO_COMPAT },
	{ 'u', "socket-user", "USER", OPT_STRING, offsetof(struct spec, socket_user), "owner of the socket",
	  .who = WHO_COMPAT },
	{ 'g', "socket-group", "GROUP", OPT_STRING, offsetof(struct spec, socket_group), "group of the socket",
	  .who = WHO_COMPAT },
	{ 0, "config", "FILE", OPT_STRINGS, offsetof(struct spec, configs),
	  "templates for the groups from here; a file or a directory", COMPLETE_FILE },
	{ 0, "once", NULL, OPT_FLAG, offsetof(struct spec, once), "place what runs now, and end" },
	{ 0, "reload", NULL, OPT_FLAG, offsetof(struct spec, reload),
	  "have the daemon that runs read its rules again, wait for it, and end", .who = WHO_NATIVE },
	{ 0, "no-sweep", NULL, OPT_FLAG, offsetof(struct spec, no_sweep), "leave what runs already where it is" },
	{ 'v', "verbose", NULL, OPT_FLAG, offsetof(struct spec, verbose), "tell each process that is placed" },
	{ 0, "socket", "FILE", OPT_STRING, offsetof(struct spec, socket), "where --sticky asks (" STICKY_SOCKET ")",
	  COMPLETE_FILE },
	{ 0, "socket-group", "GROUP", OPT_STRING, offsetof(struct spec, socket_group),
	  "who may ask besides root: a group of users", .who = WHO_NATIVE },
	{ 0, "bpf", NULL, OPT_FLAG, offsetof(struct spec, bpf), "no less than BPF is to tell of programs that begin",
	  .who = WHO_NATIVE },
	{ 0, "no-bpf", NULL, OPT_FLAG, offsetof(struct spec, no_bpf), "the process connector alone tells of them",
	  .who = WHO_NATIVE },
	{ 0, "buffer", "SIZE", OPT_BYTES, offsetof(struct spec, buffer), "room for events that wait (32M)",
	  .flags = OPT_NONZERO },
	OPT_END
};
static const char *const synopsis[] = { "[OPTION]...", "--once [--dry-run] [-f FILE]...", "--reload [--socket FILE]", NULL };
static const struct example examples[] = {
	{ "cgx-rulesd", "in the foreground, as a service manager wants it" },
	{ "cgx-rulesd --once --dry-run", "who would be moved, and where to" },
	{ "cgx-rulesd --reload", "have the one that runs read its rules again" },
	{ NULL, NULL }
};

/* What became of processes that were looked at: each is in one of these. */
struct counts {
	uint64_t placed, there, none, left, sticky, gone, failed;
};
/* Events are those of by_event and merged, own: each is in one. */
struct daemon {
	struct frame *f;
	const struct spec *spec;
	struct cgx_rules *rules;
	struct seats seats;
	struct sticky sticky;
	struct connector connector;
	struct execs execs;  /* not there: the connector tells that, too */
	struct background *background;
	struct placing at;
	struct counts by_event, by_sweep;
	uint64_t events, merged, own, lost, sweeps;
	uint64_t told;       /* failures that were told since the rules were read */
	pid_t self;
	int wait, signals, ending;
};

/* ---- one process ---- */

/* The rules may not have asked for its ids. */
static void show_process(const struct daemon *d, struct buf *ret)
{
	const char *comm = d->at.who.comm;
	struct cgx_process p;

	text_show(ret, comm, strlen(comm), TEXT_UTF8);
	buf_printf(ret, " (pid %d", (int)d->at.who.pid);
	if (!cgx_process_read(d->f->cgx, d->at.who.pid, &p))
		buf_printf(ret, ", uid %u", (unsigned)p.uid);
	buf_puts(ret, ")");
}

static void tell_placed(const struct daemon *d, size_t rule, const char *path)
{
	AUTO_BUF struct buf b = { 0 };
	struct cgx_rule at;

	if (cgx_rules_at(d->rules, rule, &at))
		return;
	show_process(d, &b);
	buf_puts(&b, " to ");
	text_show(&b, path, strlen(path), TEXT_UTF8);
	buf_printf(&b, " by %s:%u", at.file, at.line);
	if (d->f->dry_run)
		printf("place %s\n", buf_text(&b));
	else
		msg_note(d->f, "placed %s", buf_text(&b));
}

/* Each rule that cannot be kept would tell so a thousand times a minute. by: NULL, it was not even looked at. */
static void tell_failed(struct daemon *d, const struct placing *by)
{
	AUTO_BUF struct buf origin = { 0 };

	if (d->told > 20)
		return;
	msg_fail(d->f);
	if (by) {
		place_origin(d->rules, by, &origin);
		msg_note(d->f, "process %d is placed by %s", (int)by->who.pid, buf_text(&origin));
	}
	if (++d->told > 20)
		msg_note(d->f, "further failures are only counted");
}

static int take_seat(struct daemon *d, size_t rule, int *ret_stale)
{
	struct seat *s;
	int r = seat_find(d->f, &d->seats, d->rules, rule, &d->at, d->f->dry_run, &s);

	if (r)
		return r;
	r = d->f->dry_run ? 1 : seat_take(s, d->rules);
	if (r > 0 && (d->f->dry_run || d->spec->verbose))
		tell_placed(d, rule, cgx_group_path(s->group));
	*ret_stale = r == -ENOENT;
	if (r < 0 && r != -ESRCH)
		seat_vacate(s);
	return r;
}

/* The group of a seat may have been removed, or there are more seats than room for descriptors: then once more. */
static int seat(struct daemon *d, size_t rule)
{
	int stale = 0, r = take_seat(d, rule, &stale);

	if (r == -EMFILE)
		seats_clear(&d->seats);
	return r == -EMFILE || stale ? take_seat(d, rule, &stale) : r;
}

/* Where its number has been given away meanwhile, the new one has its own event. */
static void place_pid(struct daemon *d, pid_t pid, const char *comm, struct counts *n)
{
	int r = place_look(d->rules, pid, comm, &d->at), moved = 0;

	if (r == -EMFILE) {
		seats_clear(&d->seats);
		r = place_look(d->rules, pid, comm, &d->at);
	}
	if (r) {
		n->gone += r == -ESRCH;
		n->failed += r != -ESRCH;
		if (r != -ESRCH)
			tell_failed(d, NULL);
		return;
	}
	n->none += d->at.verdict == CGX_RULES_NONE;
	n->left += d->at.verdict == CGX_RULES_LEAVE;
	if (d->at.verdict != CGX_RULES_PLACE)
		return;
	for (size_t i = 0; r >= 0 && i < d->at.n; i++) {
		r = seat(d, d->at.first + i);
		moved |= r > 0;
	}
	if (r == -ESRCH) {
		n->gone++;
	} else if (r < 0) {
		n->failed++;
		tell_failed(d, &d->at);
	} else if (moved) {
		n->placed++;
	} else {
		n->there++;
	}
}

/* Nobody is served by moving process 1, and this one decides over others. */
static int is_own(const struct daemon *d, pid_t pid)
{
	return pid <= 1 || pid == d->self;
}

static void look_at(struct daemon *d, pid_t pid, const char *comm, struct counts *n)
{
	if (sticky_has(&d->sticky, pid))
		n->sticky++;
	else
		place_pid(d, pid, comm, n);
}

/* ---- all ---- */

/* A kernel thread has no program, and neither has a zombie. */
static int has_program(const char *pid)
{
	char path[64], link[8];

	snprintf(path, sizeof(path), "/proc/%.20s/exe", pid);
	return readlink(path, link, sizeof(link)) >= 0 || errno != ENOENT;
}

static int sweep(struct daemon *d)
{
	DIR *proc = opendir("/proc");
	const struct dirent *e;

	if (!proc)
		return msg_errno(d->f, errno, "/proc", "list the processes");
	d->sweeps++;
	while ((e = readdir(proc))) {
		uint64_t pid;

		if (!num_u64(e->d_name, &pid) && pid <= INT32_MAX && !is_own(d, (pid_t)pid) && has_program(e->d_name))
			look_at(d, (pid_t)pid, "", &d->by_sweep);
	}
	closedir(proc);
	return 0;
}

static void add_counts(struct buf *b, const struct counts *n)
{
	buf_printf(b, "%llu processes placed, %llu were there, %llu fit no rule, %llu are left alone by a rule, %llu sticky, "
		      "%llu were gone before they could be placed, %llu could not be placed",
		   (unsigned long long)n->placed, (unsigned long long)n->there, (unsigned long long)n->none,
		   (unsigned long long)n->left, (unsigned long long)n->sticky, (unsigned long long)n->gone,
		   (unsigned long long)n->failed);
}

/* For a service manager's one line: what an administrator looks for first. */
static void tell_status(const struct daemon *d)
{
	const struct counts *e = &d->by_event, *s = &d->by_sweep;
	AUTO_BUF struct buf b = { 0 };

	buf_printf(&b, "STATUS=%zu rules; %ju processes placed, %ju gone before, %ju failed, %ju events lost", rules_count(d->rules),
		   (uintmax_t)(e->placed + s->placed), (uintmax_t)(e->gone + s->gone), (uintmax_t)(e->failed + s->failed),
		   (uintmax_t)d->lost);
	service_notify(buf_text(&b));
}

/* The figures of events add up to how many there were; those of sweeps are apart. */
static void summary(const struct daemon *d)
{
	AUTO_BUF struct buf events = { 0 };
	AUTO_BUF struct buf sweeps = { 0 };

	add_counts(&events, &d->by_event);
	add_counts(&sweeps, &d->by_sweep);
	if (!d->spec->once)
		msg_note(d->f, "%llu events: %s, %llu came together with another, %llu of process 1 or cgx-rulesd",
			 (unsigned long long)d->events, buf_text(&events), (unsigned long long)d->merged,
			 (unsigned long long)d->own);
	if (!d->spec->once)
		msg_note(d->f, "%llu events lost", (unsigned long long)d->lost);
	msg_note(d->f, "%llu sweeps: %s", (unsigned long long)d->sweeps, buf_text(&sweeps));
	tell_status(d);
}

/* ---- events ---- */

static void want_as_needed(void *data)
{
	struct daemon *d = data;
	/* births only while there are marks that a child takes over; identity only where a rule looks at it */
	unsigned wanted = (d->sticky.marks.n ? CONNECTOR_BIRTHS : 0) |
			  (cgx_rules_by_identity(d->rules) ? CONNECTOR_IDENTITY : 0) | (d->execs.ring < 0 ? CONNECTOR_PROGRAMS : 0);

	connector_want(&d->connector, wanted);
}

/* Programs often change uid and gid and then execute: one look is enough for what comes together. */
static int comes_again(const struct process_event *e, int i, int n)
{
	for (int k = i + 1; k < n && k < i + 8; k++)
		if (e[k].pid == e[i].pid && e[k].what == HAPPENING_CHANGED)
			return 1;
	return 0;
}

static void take_change(struct daemon *d, const struct process_event *e, int i, int n)
{
	d->events++;
	if (is_own(d, e[i].pid))
		d->own++;
	else if (comes_again(e, i, n))
		d->merged++;
	else
		look_at(d, e[i].pid, e[i].comm, &d->by_event);
}

static void take_event(struct daemon *d, const struct process_event *e, int i, int n)
{
	if (e[i].what == HAPPENING_FORK) {
		sticky_fork(&d->sticky, e[i].parent, e[i].pid);
	} else if (e[i].what == HAPPENING_EXIT) {
		sticky_exit(&d->sticky, e[i].pid);
		if (!d->sticky.marks.n)
			want_as_needed(d);
	} else {
		take_change(d, e, i, n);
	}
}

/* What was lost is looked for among what runs; who has gone meanwhile is counted as lost. */
static void catch_up(struct daemon *d)
{
	uint64_t lost = connector_lost(&d->connector) + execs_lost(&d->execs), placed = d->by_sweep.placed;

	d->lost += lost;
	sweep(d);
	msg_warn(d->f, "%llu events came faster than they could be read and were lost; a sweep placed %llu processes",
		 (unsigned long long)lost, (unsigned long long)(d->by_sweep.placed - placed));
	tell_status(d);
}

/* 1 all that has come is taken. */
static int hear_connector(struct daemon *d)
{
	struct process_event e[CONNECTOR_BATCH];
	int r = 1, n, lost = 0;

	/* a storm without end is not to keep signals and marks waiting */
	for (int turn = 0; r > 0 && turn < 16; turn++) {
		r = connector_read(&d->connector, e, &n);
		for (int i = 0; i < n; i++)
			take_event(d, e, i, n);
		if (r == -ENOBUFS)
			r = lost = 1;
	}
	if (r < 0) {
		msg_errno(d->f, r, "the kernel's process events", "read");
		d->ending = -1;
	} else if (lost) {
		catch_up(d);
	}
	return !r;
}

static void take_events(struct daemon *d)
{
	hear_connector(d);
}

/* Of BPF. Of one who is marked a child is known before it executes: the connector is heard up to behind that. */
static void take_execs(struct daemon *d)
{
	const uint64_t end = execs_end(&d->execs);
	struct process_event e[CONNECTOR_BATCH];
	int n = CONNECTOR_BATCH;

	if (d->sticky.marks.n && !hear_connector(d))
		return;
	/* a storm without end is not to keep signals and marks waiting */
	for (int turn = 0; n == CONNECTOR_BATCH && turn < 16; turn++) {
		n = execs_read(&d->execs, end, e, CONNECTOR_BATCH);
		for (int i = 0; i < n; i++)
			take_event(d, e, i, n);
	}
	if (execs_have_lost(&d->execs))
		catch_up(d);
}

/* ---- signals ---- */

static int take_rules(struct daemon *d)
{
	struct cgx_rules *rules;

	if (rules_load(d->f, &d->spec->files, &d->spec->configs, &rules) < 0) {
		msg_warn(d->f, "the rules read before stay in force");
		return -1;
	}
	seats_clear(&d->seats);
	cgx_rules_close(d->rules);
	d->rules = rules;
	d->told = 0;
	want_as_needed(d);
	msg_note(d->f, "%zu rules read again", rules_count(rules));
	if (!d->spec->no_sweep)
		sweep(d);
	tell_status(d);
	return (int)rules_count(rules);
}

/* How many rules there are, or -1. The service manager waits for the end of it where it knows the beginning. */
static int reload(void *data)
{
	int n;

	service_reloading();
	n = take_rules(data);
	service_notify("READY=1");
	return n;
}

static int open_signals(struct daemon *d)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return msg_errno(d->f, errno, "signals", "block");
	d->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return d->signals < 0 ? msg_errno(d->f, errno, "signals", "listen to them") : 0;
}

static void take_signals(struct daemon *d)
{
	struct signalfd_siginfo s;

	while (read(d->signals, &s, sizeof(s)) == sizeof(s)) {
		/* cgrulesengd reads its rules again at the one, its templates at the other; here they are one thing */
		if (s.ssi_signo == SIGHUP || s.ssi_signo == SIGUSR2 || (s.ssi_signo == SIGUSR1 && d->f->like))
			reload(d);
		else if (s.ssi_signo == SIGUSR1)
			summary(d);
		else if (!d->ending)
			d->ending = 1;
	}
}

static void take_marks(struct daemon *d)
{
	sticky_take(&d->sticky, want_as_needed, reload, d);
}

/* ---- the daemon ---- */

/* In this order when several have something to say: first who is to be left alone. */
static void (*const take[])(struct daemon *d) = { take_marks, take_events, take_execs, take_signals };
#define SOURCES (sizeof(take) / sizeof(*take))

static int open_wait(struct daemon *d)
{
	const int fd[SOURCES] = { d->sticky.fd, d->connector.fd, d->execs.ring, d->signals };

	d->wait = epoll_create1(EPOLL_CLOEXEC);
	for (uint32_t i = 0; d->wait >= 0 && i < SOURCES; i++) {
		struct epoll_event e = { .events = EPOLLIN, .data.u32 = i };

		if (fd[i] >= 0 && epoll_ctl(d->wait, EPOLL_CTL_ADD, fd[i], &e) < 0)
			return msg_errno(d->f, errno, "events", "wait for them");
	}
	return d->wait < 0 ? msg_errno(d->f, errno, "events", "wait for them") : 0;
}

static int serve(struct daemon *d)
{
	while (!d->ending) {
		struct epoll_event e[SOURCES];
		int n = epoll_wait(d->wait, e, SOURCES, -1), ready = 0;

		if (n < 0 && errno != EINTR)
			return msg_errno(d->f, errno, "events", "wait for them");
		for (int i = 0; i < n; i++)
			ready |= 1 << e[i].data.u32;
		for (size_t i = 0; i < SOURCES; i++)
			if (ready & 1 << i)
				take[i](d);
		if (d->f->dry_run)
			fflush(stdout);
	}
	return d->ending < 0 ? frame_failed(d->f) : 0;
}

static int find_socket_owner(const struct frame *f, const struct spec *s, uid_t *ret_uid, gid_t *ret_gid)
{
	AUTO_BUF struct buf group = { 0 };
	gid_t ignored;

	*ret_uid = (uid_t)-1;
	*ret_gid = (gid_t)-1;
	if (s->socket_user && owner_parse(f, s->socket_user, ret_uid, &ignored) < 0)
		return frame_failed(f);
	if (!s->socket_group)
		return 0;
	buf_printf(&group, ":%s", s->socket_group);
	return group.err || owner_parse(f, buf_text(&group), ret_uid, ret_gid) < 0 ? frame_failed(f) : 0;
}

/* BPF where it is to be had. */
static int open_execs(struct daemon *d)
{
	AUTO_BUF struct buf why = { 0 };
	int r;

	if (d->spec->no_bpf)
		return 0;
	r = execs_open(d->spec->buffer, &d->execs, &why);
	if (r && d->spec->bpf)
		return msg_error(d->f, "the process connector does without: leave --bpf out", "BPF: %s", buf_text(&why));
	if (d->spec->verbose)
		msg_note(d->f, "programs that begin are told by %s%s", r ? "the process connector, not by BPF: " : "BPF",
			 r ? buf_text(&why) : "");
	return 0;
}

static int run_daemon(struct daemon *d)
{
	uid_t uid;
	gid_t gid;
	int r = find_socket_owner(d->f, d->spec, &uid, &gid);

	if (!r)
		r = open_signals(d);
	if (!r && connector_open(d->f, d->spec->buffer, &d->connector) < 0)
		r = frame_failed(d->f);
	if (!r)
		r = open_execs(d);
	/* one that only looks leaves the socket to the one that acts */
	if (!r && !d->f->dry_run && sticky_open(d->f, d->spec->socket, uid, gid, &d->sticky) < 0)
		r = frame_failed(d->f);
	if (!r)
		r = open_wait(d);
	if (!r)
		want_as_needed(d);
	if (!r && !d->spec->no_sweep)
		r = sweep(d);
	if (r)
		return r;
	service_notify("READY=1");
	tell_status(d);
	if (d->f->like)
		background_ready(d->f, d->background);
	msg_note(d->f, "%zu rules in force", rules_count(d->rules));
	r = serve(d);
	service_notify("STOPPING=1");
	summary(d);
	return r;
}

static int run_once(struct daemon *d)
{
	int r = sweep(d);

	if (!d->f->dry_run)
		summary(d);
	return r ? r : d->by_sweep.failed ? frame_failed(d->f) : 0;
}

static int run_reload(const struct frame *f, const struct spec *spec)
{
	int n = sticky_reload(f, spec->socket);

	if (n < 0)
		return frame_failed(f);
	msg_note(f, "%d rules in force", n);
	return 0;
}

/* Once it is begun as it is to go on. */
static int run_begun(struct frame *f, struct spec *spec)
{
	struct daemon d = { .f = f, .spec = spec, .self = getpid(), .wait = -1, .signals = -1, .sticky.fd = -1,
			    .connector.fd = -1, .execs.ring = -1, .background = &spec->background };
	int r;

	if (rules_load(f, &d.spec->files, &d.spec->configs, &d.rules) < 0)
		return frame_failed(f);
	descriptors_raise(NULL);
	r = d.spec->once ? run_once(&d) : run_daemon(&d);
	connector_close(&d.connector);
	execs_close(&d.execs);
	sticky_close(&d.sticky);
	seats_clear(&d.seats);
	place_free(&d.at);
	cgx_rules_close(d.rules);
	if (d.signals >= 0)
		close(d.signals);
	if (d.wait >= 0)
		close(d.wait);
	return r;
}

static int run(struct frame *f, void *data, int argc, char **argv)
{
	struct spec *spec = data;
	int status = 0, r = 0;

	if (argc)
		return msg_usage(f, "%s: no words are expected", argv[0]);
	if (f->root && strcmp(f->root, "/"))
		return msg_usage(f, "--root: processes start on this machine alone");
	if (spec->bpf && spec->no_bpf)
		return msg_usage(f, "--bpf and --no-bpf exclude each other");
	if (spec->reload && (spec->once || spec->files.n || spec->configs.n || f->dry_run))
		return msg_usage(f, "--reload: the daemon knows its files and options; --socket alone goes with it");
	if (spec->reload)
		return run_reload(f, spec);
	if (spec->debug) {
		spec->background.foreground = 1;
		spec->background.log = "-";
	}
	spec->verbose = (spec->verbose || spec->debug) && !spec->quiet;
	if (f->like && !spec->once)
		r = background_begin(f, &spec->background, &status);
	if (r)
		return r < 0 ? frame_failed(f) : status;
	return run_begun(f, spec);
}

static const char *const engine_synopsis[] = { "[-n] [-f FILE] [-s[FACILITY]] [-u USER] [-g GROUP]", NULL };
static const struct compat compat[] = {
	{ "cgrulesengd", LIKE_CGRULESENGD, engine_synopsis, "Place processes by rules, as libcgroup's cgrulesengd", { 0 }, NULL },
	{ NULL }
};

static const struct tool tool = {
	.name = "cgx-rulesd",
	.summary = "Place processes by the rules of cgrules.conf as they start",
	.synopsis = synopsis,
	.description = "Each process that executes a program or changes user or group goes where the first rule that fits it "
		       "says. SIGHUP reads the rules again, as --reload does, which waits for it; SIGUSR1 tells what was done so far.",
	.examples = examples,
	.options = options,
	.spec_size = sizeof(struct spec),
	.defaults = &defaults,
	.flags = TOOL_CHANGES,
	.compat = compat,
	.run = run,
};

int main(int argc, char **argv)
{
	return frame_main(&tool, argc, argv);
}
