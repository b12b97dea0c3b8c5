/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-rulesd: place processes by the rules of cgrules.conf as they start. */
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "oom/service.h"
#include "rules/connector.h"
#include "rules/load.h"
#include "rules/place.h"
#include "rules/seat.h"
#include "rules/sticky.h"
#include "ui/frame.h"
#include "ui/message.h"
#include "ui/text.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/num.h"

struct spec {
	struct strings files, configs;
	const char *socket, *socket_group;
	uint64_t buffer;
	int once, verbose, no_sweep;
};
static const struct spec defaults = { .socket = STICKY_SOCKET, .buffer = 32u << 20 };

static const struct opt options[] = {
	{ 'f', "rules-file", "FILE", OPT_STRINGS, offsetof(struct spec, files), "rules from here; a file or a directory",
	  COMPLETE_FILE },
	{ 0, "config", "FILE", OPT_STRINGS, offsetof(struct spec, configs),
	  "templates for the groups from here; a file or a directory", COMPLETE_FILE },
	{ 0, "once", NULL, OPT_FLAG, offsetof(struct spec, once), "place what runs now, and end" },
	{ 0, "no-sweep", NULL, OPT_FLAG, offsetof(struct spec, no_sweep), "leave what runs already where it is" },
	{ 'v', "verbose", NULL, OPT_FLAG, offsetof(struct spec, verbose), "tell each process that is placed" },
	{ 0, "socket", "FILE", OPT_STRING, offsetof(struct spec, socket), "where --sticky asks (" STICKY_SOCKET ")",
	  COMPLETE_FILE },
	{ 0, "socket-group", "GROUP", OPT_STRING, offsetof(struct spec, socket_group),
	  "who may ask besides root: a group of users" },
	{ 0, "buffer", "SIZE", OPT_BYTES, offsetof(struct spec, buffer), "room for events that wait (32M)",
	  .flags = OPT_NONZERO },
	OPT_END
};
static const char *const synopsis[] = { "[OPTION]...", "--once [--dry-run] [-f FILE]...", NULL };
static const struct example examples[] = {
	{ "cgx-rulesd", "in the foreground, as a service manager wants it" },
	{ "cgx-rulesd --once --dry-run", "who would be moved, and where to" },
	{ "kill -HUP $(pidof cgx-rulesd)", "read the rules again" },
	{ NULL, NULL }
};

struct counts {
	uint64_t events, placed, there, none, left, sticky, gone, failed, lost, sweeps;
};
struct daemon {
	struct frame *f;
	const struct spec *spec;
	struct cgx_rules *rules;
	struct seats seats;
	struct sticky sticky;
	struct connector events;
	struct placing at;
	struct counts n;
	uint64_t told;       /* failures that were told since the rules were read */
	int signals, ending;
};

/* ---- one process ---- */

static void tell_placed(const struct daemon *d, size_t rule, const char *path)
{
	AUTO_BUF struct buf b = { 0 };
	struct cgx_rule at;

	if (cgx_rules_at(d->rules, rule, &at))
		return;
	text_show(&b, d->at.who.comm, strlen(d->at.who.comm), TEXT_UTF8);
	buf_printf(&b, " (pid %d, uid %u) to ", (int)d->at.who.pid, (unsigned)d->at.who.uid);
	text_show(&b, path, strlen(path), TEXT_UTF8);
	buf_printf(&b, " by %s:%u", at.file, at.line);
	if (d->f->dry_run)
		printf("place %s\n", buf_text(&b));
	else
		msg_note(d->f, "placed %s", buf_text(&b));
}

/* Each rule that cannot be kept would tell so a thousand times a minute. */
static void tell_failed(struct daemon *d)
{
	AUTO_BUF struct buf origin = { 0 };

	d->n.failed++;
	if (d->told++ > 20)
		return;
	msg_fail(d->f);
	place_origin(d->rules, &d->at, &origin);
	msg_note(d->f, "process %d is placed by %s%s", (int)d->at.who.pid, buf_text(&origin),
		 d->told > 20 ? "; further failures are only counted" : "");
}

static int has_ended(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return pidfd >= 0 && poll(&p, 1, 0) > 0;
}

/* Seats may be of groups that were removed: the second try has a new one. */
static int seat(struct daemon *d, size_t rule)
{
	int r = -ENOENT;

	for (int i = 0; i < 2 && (r == -ENOENT || r == -ENODEV); i++) {
		struct cgx_group *g;

		r = seat_find(d->f, &d->seats, d->rules, rule, &d->at, d->f->dry_run, &g);
		if (r)
			return r;
		r = d->f->dry_run ? 1 : cgx_group_take(g, d->at.who.pid);
		if (r > 0 && (d->f->dry_run || d->spec->verbose))
			tell_placed(d, rule, cgx_group_path(g));
		if (r < 0)
			seat_drop(&d->seats, rule, g);
	}
	return r;
}

static void place_pid(struct daemon *d, pid_t pid, int pidfd)
{
	int r = place_look(d->rules, pid, &d->at), moved = 0;

	if (r || has_ended(pidfd)) {
		d->n.gone++;
		return;
	}
	d->n.none += d->at.verdict == CGX_RULES_NONE;
	d->n.left += d->at.verdict == CGX_RULES_LEAVE;
	if (d->at.verdict != CGX_RULES_PLACE)
		return;
	for (size_t i = 0; r >= 0 && i < d->at.n; i++) {
		r = seat(d, d->at.first + i);
		moved |= r > 0;
	}
	/* an errno while it ended is no failure; and where its number has been given away, the new one has its own event */
	if (r < 0 && (r == -ESRCH || has_ended(pidfd)))
		d->n.gone++;
	else if (r < 0)
		tell_failed(d);
	else if (moved)
		d->n.placed++;
	else
		d->n.there++;
}

/* Nobody is served by moving process 1, and this one decides over others. */
static void look_at(struct daemon *d, pid_t pid)
{
	AUTO_CLOSE int pidfd = -1;

	if (pid <= 1 || pid == getpid())
		return;
	if (sticky_has(&d->sticky, pid)) {
		d->n.sticky++;
		return;
	}
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0 && errno == ESRCH) {
		d->n.gone++;
		return;
	}
	place_pid(d, pid, pidfd);
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
	d->n.sweeps++;
	while ((e = readdir(proc))) {
		uint64_t pid;

		if (!num_u64(e->d_name, &pid) && pid <= INT32_MAX && has_program(e->d_name))
			look_at(d, (pid_t)pid);
	}
	closedir(proc);
	return 0;
}

static void summary(const struct daemon *d)
{
	const struct counts *n = &d->n;

	msg_note(d->f, "%llu events; %llu processes placed, %llu were there, %llu fit no rule, %llu are left alone by a rule, "
		       "%llu sticky",
		 (unsigned long long)n->events, (unsigned long long)n->placed, (unsigned long long)n->there,
		 (unsigned long long)n->none, (unsigned long long)n->left, (unsigned long long)n->sticky);
	msg_note(d->f, "%llu were gone before they could be placed; %llu could not be placed; %llu events lost; %llu sweeps",
		 (unsigned long long)n->gone, (unsigned long long)n->failed, (unsigned long long)n->lost,
		 (unsigned long long)n->sweeps);
}

/* ---- events ---- */

static void births_as_needed(void *data)
{
	struct daemon *d = data;

	connector_births(&d->events, d->sticky.marks.n > 0);
}

/* Programs often change uid and gid and then execute: one look is enough for what comes together. */
static int comes_again(const struct process_event *e, int i, int n)
{
	for (int k = i + 1; k < n && k < i + 8; k++)
		if (e[k].pid == e[i].pid && e[k].what == HAPPENING_CHANGED)
			return 1;
	return 0;
}

static void take_event(struct daemon *d, const struct process_event *e, int i, int n)
{
	if (e[i].what == HAPPENING_FORK) {
		sticky_fork(&d->sticky, e[i].parent, e[i].pid);
	} else if (e[i].what == HAPPENING_EXIT) {
		sticky_exit(&d->sticky, e[i].pid);
		if (!d->sticky.marks.n)
			births_as_needed(d);
	} else {
		d->n.events++;
		if (!comes_again(e, i, n))
			look_at(d, e[i].pid);
	}
}

/* 1: events were lost. */
static int take_events(struct daemon *d)
{
	struct process_event e[CONNECTOR_BATCH];
	int n, lost = 0;

	while ((n = connector_read(&d->events, e)) != 0) {
		if (n == -ENOBUFS) {
			lost = 1;
			continue;
		}
		if (n < 0 && n != -EAGAIN)
			return msg_errno(d->f, n, "the kernel's process events", "read"), -1;
		for (int i = 0; i < n; i++)
			take_event(d, e, i, n);
	}
	return lost;
}

/* What was lost is looked for among what runs; who has gone meanwhile is counted as lost. */
static void catch_up(struct daemon *d)
{
	uint64_t lost = connector_lost(&d->events), placed = d->n.placed;

	d->n.lost += lost;
	sweep(d);
	msg_warn(d->f, "%llu events came faster than they could be read and were lost; a sweep placed %llu processes",
		 (unsigned long long)lost, (unsigned long long)(d->n.placed - placed));
}

/* ---- signals ---- */

static void reload(struct daemon *d)
{
	struct cgx_rules *rules;

	if (rules_load(d->f, &d->spec->files, &d->spec->configs, &rules) < 0) {
		msg_warn(d->f, "the rules read before stay in force");
		return;
	}
	seats_clear(&d->seats);
	cgx_rules_close(d->rules);
	d->rules = rules;
	d->told = 0;
	msg_note(d->f, "%zu rules read again", rules_count(rules));
	if (!d->spec->no_sweep)
		sweep(d);
}

static int open_signals(struct daemon *d)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return msg_errno(d->f, errno, "signals", "block");
	d->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return d->signals < 0 ? msg_errno(d->f, errno, "signals", "listen to them") : 0;
}

static void take_signals(struct daemon *d)
{
	struct signalfd_siginfo s;

	while (read(d->signals, &s, sizeof(s)) == sizeof(s)) {
		if (s.ssi_signo == SIGHUP)
			reload(d);
		else if (s.ssi_signo == SIGUSR1)
			summary(d);
		else
			d->ending = 1;
	}
}

/* ---- the daemon ---- */

static int serve(struct daemon *d)
{
	struct pollfd p[] = {
		{ .fd = d->events.fd, .events = POLLIN },
		{ .fd = d->signals, .events = POLLIN },
		{ .fd = d->sticky.fd, .events = POLLIN },
	};

	while (!d->ending) {
		int lost = 0;

		if (poll(p, 3, -1) < 0 && errno != EINTR)
			return msg_errno(d->f, errno, "events", "wait for them");
		/* first who is to be left alone */
		if (p[2].revents)
			sticky_take(&d->sticky, births_as_needed, d);
		if (p[0].revents)
			lost = take_events(d);
		if (lost < 0)
			return frame_failed(d->f);
		if (lost)
			catch_up(d);
		if (p[1].revents)
			take_signals(d);
		if (d->f->dry_run)
			fflush(stdout);
	}
	return 0;
}

static int find_socket_group(const struct frame *f, const char *name, gid_t *ret)
{
	const struct group *gr;
	uint64_t id;

	*ret = (gid_t)-1;
	if (!name)
		return 0;
	gr = getgrnam(name);
	if (gr)
		*ret = gr->gr_gid;
	else if (!num_u64(name, &id) && id < UINT32_MAX)
		*ret = (gid_t)id;
	else
		return msg_error(f, "give a name of /etc/group or a number", "--socket-group %s: there is no such group", name);
	return 0;
}

static int run_daemon(struct daemon *d)
{
	gid_t gid;
	int r = find_socket_group(d->f, d->spec->socket_group, &gid);

	if (!r)
		r = open_signals(d);
	if (!r && connector_open(d->f, d->spec->buffer, &d->events) < 0)
		r = frame_failed(d->f);
	/* one that only looks leaves the socket to the one that acts */
	if (!r && !d->f->dry_run && sticky_open(d->f, d->spec->socket, gid, &d->sticky) < 0)
		r = frame_failed(d->f);
	if (!r && !d->spec->no_sweep)
		r = sweep(d);
	if (r)
		return r;
	service_notify("READY=1");
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
	return r ? r : d->n.failed ? frame_failed(d->f) : 0;
}

static int run(struct frame *f, void *data, int argc, char **argv)
{
	struct daemon d = { .f = f, .spec = data, .signals = -1, .sticky.fd = -1, .events.fd = -1 };
	int r;

	if (argc)
		return msg_usage(f, "%s: no words are expected", argv[0]);
	if (f->root && strcmp(f->root, "/"))
		return msg_usage(f, "--root: processes start on this machine alone");
	if (rules_load(f, &d.spec->files, &d.spec->configs, &d.rules) < 0)
		return frame_failed(f);
	r = d.spec->once ? run_once(&d) : run_daemon(&d);
	connector_close(&d.events);
	sticky_close(&d.sticky);
	seats_clear(&d.seats);
	place_free(&d.at);
	cgx_rules_close(d.rules);
	if (d.signals >= 0)
		close(d.signals);
	return r;
}

static const struct tool tool = {
	.name = "cgx-rulesd",
	.summary = "Place processes by the rules of cgrules.conf as they start",
	.synopsis = synopsis,
	.description = "Each process that executes a program or changes user or group goes where the first rule that fits it "
		       "says. SIGHUP reads the rules again, SIGUSR1 tells what was done so far.",
	.examples = examples,
	.options = options,
	.spec_size = sizeof(struct spec),
	.defaults = &defaults,
	.flags = TOOL_CHANGES,
	.run = run,
};

int main(int argc, char **argv)
{
	return frame_main(&tool, argc, argv);
}
