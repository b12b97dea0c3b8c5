/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-sandbox stats and top: what running sandboxes use, and what runs in them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "exec/report.h"
#include "sandbox/find.h"
#include "sandbox/links.h"
#include "sandbox/sweep.h"
#include "sandbox/verbs.h"
#include "ui/message.h"
#include "ui/table.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/clock.h"

/* ---- stats ---- */

/* CPU time is a rate: it is read twice, so far apart. */
#define SAMPLE_MS 250

struct stats_spec {
	int once;
};

enum { S_NAME, S_CPU, S_MEMORY, S_LIMIT, S_PEAK, S_PIDS, S_PIDS_LIMIT, S_READ, S_WRITTEN, S_RECEIVED, S_SENT, S_KILLS, S_DENIED };
static const struct column stats_columns[] = {
	[S_NAME] = { "NAME", COLUMN_SHOWN, .help = "what it is called" },
	[S_CPU] = { "CPU%", COLUMN_SHOWN | COLUMN_RIGHT, COLUMN_NUMBER, .help = "of one CPU" },
	[S_MEMORY] = { "MEMORY", COLUMN_SHOWN | COLUMN_RIGHT, COLUMN_NUMBER, .help = "memory of its group" },
	[S_LIMIT] = { "LIMIT", COLUMN_SHOWN | COLUMN_RIGHT, COLUMN_NUMBER, .key = "memory_limit",
		      .help = "what binds it, of its own limits and those above" },
	[S_PEAK] = { "PEAK", COLUMN_RIGHT, COLUMN_NUMBER, .key = "memory_peak", .help = "the most memory it had" },
	[S_PIDS] = { "PIDS", COLUMN_SHOWN | COLUMN_RIGHT, COLUMN_NUMBER, .help = "processes and threads" },
	[S_PIDS_LIMIT] = { "PIDS.LIMIT", COLUMN_SHOWN | COLUMN_RIGHT, COLUMN_NUMBER, .key = "pids_limit", .help = "what binds them" },
	[S_READ] = { "READ", COLUMN_SHOWN | COLUMN_RIGHT, COLUMN_NUMBER, .help = "read from disks so far" },
	[S_WRITTEN] = { "WRITTEN", COLUMN_SHOWN | COLUMN_RIGHT, COLUMN_NUMBER, .help = "written to disks so far" },
	[S_RECEIVED] = { "RECEIVED", COLUMN_RIGHT, COLUMN_NUMBER, .help = "over its network so far" },
	[S_SENT] = { "SENT", COLUMN_RIGHT, COLUMN_NUMBER, .help = "over its network so far" },
	[S_KILLS] = { "KILLS", COLUMN_SHOWN | COLUMN_RIGHT, COLUMN_NUMBER, .help = "processes killed for lack of memory" },
	[S_DENIED] = { "DENIED", COLUMN_SHOWN | COLUMN_RIGHT, COLUMN_NUMBER, .help = "forks denied" },
	COLUMN_END
};

struct one {
	struct state s;
	struct cgx_group *g; /* NULL: it has none of its own */
	uint64_t cpu, at; /* usage so far and when it was read, microseconds */
};

static uint64_t figure(struct cgx_group *g, const char *name)
{
	uint64_t n;

	return cgx_get_u64(g, name, &n) ? UNKNOWN : n;
}

static void put(struct table *t, size_t row, int col, uint64_t n, enum unit unit)
{
	if (n != UNKNOWN)
		table_number(t, row, col, n, unit);
}

static void put_limit(struct table *t, size_t row, int col, struct cgx_group *g, const char *setting, enum unit unit)
{
	struct cgx_effective e;

	if (table_wants(t, col) && !cgx_effective(g, setting, &e))
		table_number(t, row, col, e.limit, unit);
}

static void put_network(struct table *t, size_t row, const struct state *s)
{
	uint64_t received, sent;

	if (!s->network || (!table_wants(t, S_RECEIVED) && !table_wants(t, S_SENT)) || links_bytes(s, &received, &sent))
		return;
	put(t, row, S_RECEIVED, received, UNIT_BYTES);
	put(t, row, S_SENT, sent, UNIT_BYTES);
}

static void add_stats(struct table *t, struct one *o)
{
	size_t row = table_row(t, TABLE_TOP);
	uint64_t cpu, kills, rbytes, wbytes, at = now_us();

	table_text(t, row, S_NAME, o->s.name);
	put_network(t, row, &o->s);
	if (!o->g)
		return;
	cpu = figure(o->g, "cpu.stat:usage_usec");
	if (cpu != UNKNOWN && o->cpu != UNKNOWN && at > o->at)
		table_number(t, row, S_CPU, (cpu - o->cpu) * 10000 / (at - o->at), UNIT_PERCENT);
	put(t, row, S_MEMORY, figure(o->g, "memory.current"), UNIT_BYTES);
	put(t, row, S_PEAK, figure(o->g, "memory.peak"), UNIT_BYTES);
	put(t, row, S_PIDS, figure(o->g, "pids.current"), UNIT_COUNT);
	put_limit(t, row, S_LIMIT, o->g, "memory.max", UNIT_BYTES);
	put_limit(t, row, S_PIDS_LIMIT, o->g, "pids.max", UNIT_COUNT);
	report_io(o->g, &rbytes, &wbytes);
	put(t, row, S_READ, rbytes, UNIT_BYTES);
	put(t, row, S_WRITTEN, wbytes, UNIT_BYTES);
	kills = figure(o->g, "memory.events:oom_kill");
	put(t, row, S_KILLS, kills != UNKNOWN ? kills : figure(o->g, "memory.events.local:oom_kill"), UNIT_COUNT);
	put(t, row, S_DENIED, figure(o->g, "pids.events:max"), UNIT_COUNT);
}

static int open_one(struct frame *f, struct one *o)
{
	int r = sandbox_group(f->cgx, &o->s, &o->g);

	if (r == -ENODEV && !o->s.groups.n)
		return 0; /* nothing counts for it alone */
	if (r < 0)
		return r;
	o->cpu = figure(o->g, "cpu.stat:usage_usec");
	o->at = now_us();
	return 0;
}

/* Those named, or all that run. */
static int gather(struct frame *f, int argc, char **argv, struct one **ret, size_t *ret_n)
{
	AUTO_FREE char *root = NULL;
	struct words names = { 0 };
	int r = argc ? 0 : sandbox_states(f, &root), worst = 0;

	if (r)
		return r;
	if (root)
		sweep_all(f->cgx, root);
	for (int i = 0; !r && i < argc; i++)
		r = words_add(&names, argv[i]);
	if (!r && root)
		r = state_list(root, &names);
	*ret = r ? NULL : calloc(names.n + 1, sizeof(**ret));
	for (size_t i = 0; *ret && i < names.n; i++) {
		struct one *o = &(*ret)[*ret_n];

		r = root ? state_read(root, names.v[i], &o->s) : sandbox_find_running(f, names.v[i], &o->s);
		if (r || o->s.status != SANDBOX_RUNNING || open_one(f, o)) {
			worst = root ? 0 : r;
			state_free(&o->s);
			continue;
		}
		++*ret_n;
	}
	words_free(&names);
	return *ret ? worst : -ENOMEM;
}

static void release(struct one *o, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		cgx_group_close(o[i].g);
		state_free(&o[i].s);
	}
	free(o);
}

/* At a terminal cgx-top is the live view of these very groups. */
static void show_live(struct one *o, size_t n)
{
	char **argv = calloc(n + 2, sizeof(*argv));
	size_t groups = 0;

	if (!argv)
		return;
	argv[0] = (char *)(uintptr_t)"cgx-top";
	for (size_t i = 0; i < n; i++)
		if (o[i].g)
			argv[++groups] = (char *)(uintptr_t)cgx_group_path(o[i].g);
	if (groups)
		execvp(argv[0], argv);
	free(argv);
}

static int run_stats(struct frame *f, void *data, int argc, char **argv)
{
	const struct stats_spec *spec = data;
	struct timespec pause = { .tv_nsec = SAMPLE_MS * 1000000L };
	struct one *o = NULL;
	struct table *t = NULL;
	size_t n = 0;
	int worst = gather(f, argc, argv, &o, &n), r = worst < 0 ? worst : 0;

	if (!r && n && !spec->once && !f->json && !f->output && isatty(STDOUT_FILENO))
		show_live(o, n);
	if (!r && n)
		nanosleep(&pause, NULL);
	if (!r && table_new(f, stats_columns, "sandboxes", 0, &t) < 0)
		r = frame_failed(f);
	for (size_t i = 0; !r && i < n; i++)
		add_stats(t, &o[i]);
	if (!r)
		r = table_print(t);
	table_free(t);
	release(o, n);
	return r ? r : worst;
}

/* ---- top ---- */

enum { T_PID, T_INSIDE, T_UID, T_STATE, T_THREADS, T_RSS, T_CPU, T_COMMAND };
static const struct column top_columns[] = {
	[T_PID] = { "PID", COLUMN_SHOWN | COLUMN_RIGHT, COLUMN_NUMBER, .help = "as the host has it" },
	[T_INSIDE] = { "INSIDE", COLUMN_SHOWN | COLUMN_RIGHT, COLUMN_NUMBER, .help = "its number in the sandbox" },
	[T_UID] = { "UID", COLUMN_SHOWN | COLUMN_RIGHT, COLUMN_NUMBER, .help = "its user in the sandbox" },
	[T_STATE] = { "STATE", COLUMN_SHOWN, .help = "R runs, S sleeps, D waits for a device, Z has ended" },
	[T_THREADS] = { "THREADS", COLUMN_RIGHT, COLUMN_NUMBER, .help = "its threads" },
	[T_RSS] = { "RSS", COLUMN_SHOWN | COLUMN_RIGHT, COLUMN_NUMBER, .help = "memory that it has mapped in" },
	[T_CPU] = { "TIME", COLUMN_SHOWN | COLUMN_RIGHT, COLUMN_NUMBER, .key = "cpu_us", .help = "CPU time so far" },
	[T_COMMAND] = { "COMMAND", COLUMN_SHOWN | COLUMN_TRUNC, .help = "its command line" },
	COLUMN_END
};

/* The innermost number of a process: the last one of NSpid (proc_pid_status(5)). */
static pid_t number_inside(pid_t pid)
{
	AUTO_CLOSE int fd = -1;
	char path[40], text[4096], *line, *last;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return 0;
	text[n] = '\0';
	line = strstr(text, "\nNSpid:");
	if (!line)
		return 0;
	line[1 + strcspn(line + 1, "\n")] = '\0';
	last = strrchr(line, '\t');
	return last ? (pid_t)atoi(last + 1) : 0;
}

static void add_process(struct frame *f, struct table *t, const struct state *s, pid_t pid)
{
	pid_t inside = number_inside(pid);
	struct cgx_process p;
	size_t row;

	if (cgx_process_read(f->cgx, pid, &p))
		return;
	row = table_row(t, TABLE_TOP);
	table_number(t, row, T_PID, (uint64_t)pid, UNIT_COUNT);
	if (inside > 0)
		table_number(t, row, T_INSIDE, (uint64_t)inside, UNIT_COUNT);
	if (!s->id_count)
		table_number(t, row, T_UID, p.uid, UNIT_COUNT);
	else if (p.uid >= s->id_base && p.uid - s->id_base < s->id_count)
		table_number(t, row, T_UID, p.uid - s->id_base, UNIT_COUNT);
	table_text(t, row, T_STATE, (const char[]){ p.state, '\0' });
	table_number(t, row, T_THREADS, p.threads, UNIT_COUNT);
	table_number(t, row, T_RSS, p.rss, UNIT_BYTES);
	table_number(t, row, T_CPU, p.cpu_us, UNIT_USEC);
	table_text(t, row, T_COMMAND, p.command);
}

static int run_top(struct frame *f, void *data, int argc, char **argv)
{
	struct cgx_tasks *tasks = NULL;
	struct cgx_group *g = NULL;
	struct table *t = NULL;
	struct state s;
	pid_t pid;
	int r;

	(void)data;
	if (argc != 1)
		return msg_usage(f, argc ? "one sandbox at a time" : "no sandbox named");
	r = sandbox_find_running(f, argv[0], &s);
	if (!r)
		r = sandbox_group_for(f, &s, "list its processes", &g);
	if (!r)
		r = cgx_tasks_open(g, 0, &tasks);
	if (!r && table_new(f, top_columns, "processes", 0, &t) < 0)
		r = frame_failed(f);
	while (!r && cgx_tasks_next(tasks, &pid) > 0)
		add_process(f, t, &s, pid);
	if (!r)
		r = table_print(t);
	table_free(t);
	cgx_tasks_close(tasks);
	cgx_group_close(g);
	state_free(&s);
	return r;
}

/* ---- the tools ---- */

static const char *const names[] = { "[options] [NAME...]", NULL };
static const char *const name[] = { "[options] NAME", NULL };
static const struct opt stats_options[] = {
	{ 0, "no-stream", NULL, OPT_FLAG, offsetof(struct stats_spec, once), "once, also at a terminal" }, OPT_END
};
static const struct opt none[] = { OPT_END };

const struct tool verb_stats = {
	.name = "cgx-sandbox stats", .summary = "Show what running sandboxes use", .synopsis = names, .options = stats_options,
	.columns = stats_columns, .spec_size = sizeof(struct stats_spec), .flags = TOOL_DATA, .run = run_stats,
	.positional = { COMPLETE_OWN }, .own_words = sandbox_names,
};
const struct tool verb_top = {
	.name = "cgx-sandbox top", .summary = "List the processes of a sandbox", .synopsis = name, .options = none,
	.columns = top_columns, .flags = TOOL_DATA, .run = run_top, .positional = { COMPLETE_OWN }, .own_words = sandbox_names,
};
