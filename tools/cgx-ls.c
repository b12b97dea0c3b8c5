/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-ls: list groups, their processes, controllers and settings. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "ui/frame.h"
#include "ui/json.h"
#include "ui/message.h"
#include "ui/table.h"
#include "ui/target.h"
#include "ui/text.h"
#include "util/buf.h"
#include "util/cleanup.h"

struct spec {
	int libcgroup_b;
	struct strings targets;
	int tree, processes, threads, units, depth, pid;
	int controllers, settings, layout;
	int lssubsys_all, lssubsys_ids, lssubsys_mounts;
};
static const struct spec defaults = { .depth = -1, .pid = -1 };

#define LIKE_LSCGROUP 1
#define LIKE_LSSUBSYS 2

static const struct opt options[] = {
	{ 't', "tree", NULL, OPT_FLAG, offsetof(struct spec, tree), "draw the tree", .who = WHO_NATIVE },
	{ 'p', "processes", NULL, OPT_FLAG, offsetof(struct spec, processes), "with the processes of each group",
	  .who = WHO_NATIVE },
	{ 0, "threads", NULL, OPT_FLAG, offsetof(struct spec, threads), "with the threads of each group",
	  .who = WHO_NATIVE },
	{ 'u', "units", NULL, OPT_FLAG, offsetof(struct spec, units), "with the unit of systemd that each belongs to",
	  .who = WHO_NATIVE },
	{ 'd', "depth", "N", OPT_INT, offsetof(struct spec, depth), "so many levels down", .who = WHO_NATIVE },
	{ 'g', "group", "CONTROLLERS:PATH", OPT_STRINGS, offsetof(struct spec, targets),
	  "groups of these controllers below PATH", COMPLETE_TARGET, .who = WHO_NATIVE | WHO(LIKE_LSCGROUP) },
	{ 0, "pid", "PID", OPT_INT, offsetof(struct spec, pid), "the groups of this process", COMPLETE_PID,
	  .who = WHO_NATIVE },
	{ 0, "controllers", NULL, OPT_FLAG, offsetof(struct spec, controllers),
	  "the controllers and where they are mounted", .who = WHO_NATIVE },
	{ 0, "settings", NULL, OPT_FLAG, offsetof(struct spec, settings), "the settings that cgx knows",
	  .who = WHO_NATIVE },
	{ 0, "layout", NULL, OPT_FLAG, offsetof(struct spec, layout), "legacy, hybrid, unified or none",
	  .who = WHO_NATIVE },
	{ 'a', "all", NULL, OPT_FLAG, offsetof(struct spec, lssubsys_all), "also what is mounted nowhere",
	  .who = WHO(LIKE_LSSUBSYS) },
	{ 'i', "hierarchies", NULL, OPT_FLAG, offsetof(struct spec, lssubsys_ids), "with hierarchy numbers",
	  .who = WHO(LIKE_LSSUBSYS) },
	{ 'm', "mount-points", NULL, OPT_FLAG, offsetof(struct spec, lssubsys_mounts), "with the first mount point",
	  .who = WHO(LIKE_LSSUBSYS), .value = 1 },
	{ 'M', "all-mount-points", NULL, OPT_FLAG, offsetof(struct spec, lssubsys_mounts), "with all mount points",
	  .who = WHO(LIKE_LSSUBSYS), .value = 2 },
	{ 'b', NULL, NULL, OPT_FLAG, offsetof(struct spec, libcgroup_b), "taken for libcgroup's sake; names are whole here",
	  .who = WHO(LIKE_LSCGROUP) },
	OPT_END
};

static const char *const synopsis[] = { "[-t] [-p] [GROUP...]", "--pid PID", "--controllers | --settings | --layout",
					NULL };
static const struct example examples[] = {
	{ "cgx-ls -t -p web", "the tree below web with its processes" },
	{ "cgx-ls -o +MEMORY,PIDS --sort -MEMORY", "who uses most" },
	{ "cgx-ls --pid $$", "where the shell is" },
	{ NULL, NULL }
};
static const char *const lscgroup_synopsis[] = { "[[-g] CONTROLLERS:PATH]...", NULL };
static const char *const lssubsys_synopsis[] = { "[-a] [-i] [-m | -M] [CONTROLLER...]", NULL };
static const struct compat compat[] = {
	{ "lscgroup", LIKE_LSCGROUP, lscgroup_synopsis, "List groups, as libcgroup's lscgroup" },
	{ "lssubsys", LIKE_LSSUBSYS, lssubsys_synopsis, "List controllers, as libcgroup's lssubsys", { COMPLETE_CONTROLLER } },
	{ NULL }
};

/* ---- columns of a group ---- */

enum {
	COL_NAME, COL_CONTROLLERS, COL_PROCS, COL_THREADS, COL_MEMORY, COL_MEMORY_MAX, COL_SWAP, COL_PIDS, COL_PIDS_MAX,
	COL_CPU, COL_POPULATED, COL_FROZEN, COL_TYPE, COL_UNIT, COL_LABEL, COL_MANAGER, COL_DELEGATED, COL_PID, COL_USER, COL_COMMAND,
};
static const struct column columns[] = {
	[COL_NAME] = { "NAME", COLUMN_TREE | COLUMN_SHOWN, .help = "path of the group" },
	[COL_CONTROLLERS] = { "CONTROLLERS", 0, .help = "controllers that act on it" },
	[COL_PROCS] = { "PROCS", COLUMN_RIGHT, COLUMN_NUMBER, .help = "processes in it" },
	[COL_THREADS] = { "THREADS", COLUMN_RIGHT, COLUMN_NUMBER, .help = "threads in it" },
	[COL_MEMORY] = { "MEMORY", COLUMN_RIGHT, COLUMN_NUMBER, .help = "memory.current" },
	[COL_MEMORY_MAX] = { "MEMORY-MAX", COLUMN_RIGHT, COLUMN_NUMBER, .help = "memory.max" },
	[COL_SWAP] = { "SWAP", COLUMN_RIGHT, COLUMN_NUMBER, .help = "memory.swap.current" },
	[COL_PIDS] = { "PIDS", COLUMN_RIGHT, COLUMN_NUMBER, .help = "pids.current" },
	[COL_PIDS_MAX] = { "PIDS-MAX", COLUMN_RIGHT, COLUMN_NUMBER, .help = "pids.max" },
	[COL_CPU] = { "CPU", COLUMN_RIGHT, COLUMN_NUMBER, .help = "CPU time used, cpu.stat usage_usec" },
	[COL_POPULATED] = { "POPULATED", 0, COLUMN_BOOL, .help = "processes in it or below" },
	[COL_FROZEN] = { "FROZEN", 0, COLUMN_BOOL, .help = "cgroup.freeze" },
	[COL_TYPE] = { "TYPE", 0, .help = "cgroup.type of v2" },
	[COL_UNIT] = { "UNIT", 0, .help = "systemd's unit that it is or lies in" },
	[COL_LABEL] = { "LABEL", 0, .help = "the unit's name in plain words, \\x2d as -" },
	[COL_MANAGER] = { "MANAGER", 0, .help = "who runs the unit: system, or a user's number" },
	[COL_DELEGATED] = { "DELEGATED", 0, COLUMN_BOOL, .help = "systemd leaves what is below the unit to others" },
	[COL_PID] = { "PID", COLUMN_RIGHT, COLUMN_NUMBER, .help = "a process, with -p" },
	[COL_USER] = { "USER", 0, .help = "its user, with -p" },
	[COL_COMMAND] = { "COMMAND", COLUMN_TRUNC, .help = "its command line, with -p" },
	COLUMN_END
};

static const struct figure {
	int col;
	const char *setting;
	enum unit unit;
} figures[] = {
	{ COL_MEMORY, "memory.current", UNIT_BYTES }, { COL_MEMORY_MAX, "memory.max", UNIT_BYTES },
	{ COL_SWAP, "memory.swap.current", UNIT_BYTES }, { COL_PIDS, "pids.current", UNIT_COUNT },
	{ COL_PIDS_MAX, "pids.max", UNIT_COUNT }, { COL_CPU, "cpu.stat:usage_usec", UNIT_USEC },
};

struct listing {
	struct frame *f;
	const struct spec *spec;
	struct table *table;
	cgx_set controllers;
	size_t *parent; /* the row of each level above */
	size_t parents;
	int wants_group; /* something must be read from the group itself */
	int wants_unit;
};

static uint64_t count_tasks(struct cgx_group *g, unsigned flags)
{
	struct cgx_tasks *t;
	uint64_t n = 0;
	pid_t pid;

	if (cgx_tasks_open(g, flags, &t))
		return 0;
	while (cgx_tasks_next(t, &pid) > 0)
		n++;
	cgx_tasks_close(t);
	return n;
}

/* v2 says for each group what acts on it; v1 groups have their hierarchy's. */
static void put_controllers(const struct listing *l, struct cgx_group *g, size_t row, cgx_set set)
{
	AUTO_FREE char *names = NULL, *v2 = NULL;
	AUTO_BUF struct buf all = { 0 };

	for (size_t i = 0; cgx_hierarchy_at(l->f->cgx, i); i++) {
		const struct cgx_hierarchy *h = cgx_hierarchy_at(l->f->cgx, i);

		if (cgx_hierarchy_version(h) == 2)
			set &= ~cgx_hierarchy_controllers(h);
	}
	if (cgx_set_format(l->f->cgx, set, &names) < 0)
		return;
	buf_puts(&all, names);
	if (!cgx_get(g, "cgroup.controllers", &v2))
		for (char *p = v2; *p; p += strcspn(p, " "), p += *p == ' ')
			buf_printf(&all, "%s%.*s", all.len ? "," : "", (int)strcspn(p, " "), p);
	table_text(l->table, row, COL_CONTROLLERS, buf_text(&all));
}

static void put_figures(const struct listing *l, struct cgx_group *g, size_t row)
{
	AUTO_FREE char *type = NULL;
	uint64_t n;

	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		if (table_wants(l->table, figures[i].col) && !cgx_get_u64(g, figures[i].setting, &n))
			table_number(l->table, row, figures[i].col, n, figures[i].unit);
	if (table_wants(l->table, COL_PROCS))
		table_number(l->table, row, COL_PROCS, count_tasks(g, 0), UNIT_COUNT);
	if (table_wants(l->table, COL_THREADS))
		table_number(l->table, row, COL_THREADS, count_tasks(g, CGX_TASKS_THREADS), UNIT_COUNT);
	if (table_wants(l->table, COL_POPULATED))
		table_bool(l->table, row, COL_POPULATED, cgx_group_populated(g) > 0);
	if (table_wants(l->table, COL_FROZEN) && !cgx_get_u64(g, "cgroup.freeze", &n))
		table_bool(l->table, row, COL_FROZEN, n != 0);
	if (table_wants(l->table, COL_TYPE) && !cgx_get(g, "cgroup.type", &type))
		table_text(l->table, row, COL_TYPE, type);
}

static void put_process(const struct listing *l, size_t parent, const char *path, pid_t pid)
{
	struct cgx_process p;
	const struct passwd *pw;
	char uid[16], label[320];
	size_t row;

	if (cgx_process_read(l->f->cgx, pid, &p))
		return; /* gone meanwhile */
	pw = getpwuid(p.uid);
	snprintf(uid, sizeof(uid), "%u", (unsigned)p.uid);
	snprintf(label, sizeof(label), "%d %s %s", (int)pid, pw ? pw->pw_name : uid, p.command);
	row = table_row(l->table, parent);
	table_label(l->table, row, COL_NAME, l->f->json ? path : label, label);
	table_number(l->table, row, COL_PID, (uint64_t)pid, UNIT_COUNT);
	table_text(l->table, row, COL_USER, pw ? pw->pw_name : uid);
	table_text(l->table, row, COL_COMMAND, p.command);
}

static void put_processes(const struct listing *l, struct cgx_group *g, const char *path, size_t row)
{
	struct cgx_tasks *t;
	pid_t pid;

	if (cgx_tasks_open(g, l->spec->threads ? CGX_TASKS_THREADS : 0, &t))
		return;
	while (cgx_tasks_next(t, &pid) > 0)
		if (pid)
			put_process(l, row, path, pid);
	cgx_tasks_close(t);
}

/* ---- the tree ---- */

static int keep_row(struct listing *l, unsigned depth, size_t row)
{
	if (depth >= l->parents) {
		size_t want = depth + 16;
		size_t *more = reallocarray(l->parent, want, sizeof(*more));

		if (!more)
			return -ENOMEM;
		l->parent = more;
		l->parents = want;
	}
	l->parent[depth] = row;
	return 0;
}

static void put_unit(const struct listing *l, const char *path, size_t row)
{
	AUTO_FREE char *label = NULL;
	struct cgx_unit u;
	char uid[16];

	if (cgx_unit_of(l->f->cgx, path, &u) != 1)
		return;
	snprintf(uid, sizeof(uid), "%u", (unsigned)u.uid);
	table_text(l->table, row, COL_UNIT, u.name);
	table_text(l->table, row, COL_MANAGER, u.uid == (uid_t)-1 ? "system" : uid);
	if (u.delegated >= 0)
		table_bool(l->table, row, COL_DELEGATED, u.delegated);
	if (table_wants(l->table, COL_LABEL) && !cgx_unit_unescape(u.name, &label))
		table_text(l->table, row, COL_LABEL, label);
}

static int put_entry(struct listing *l, const struct cgx_entry *e)
{
	size_t row = table_row(l->table, e->depth && l->spec->tree ? l->parent[e->depth - 1] : TABLE_TOP);
	struct cgx_group *g;

	if (keep_row(l, e->depth, row) < 0)
		return -ENOMEM;
	table_label(l->table, row, COL_NAME, e->path, e->depth && l->spec->tree ? e->name : e->path);
	if (l->wants_unit)
		put_unit(l, e->path, row);
	if (!l->wants_group)
		return 0;
	if (cgx_group_open(l->f->cgx, e->path, l->controllers, &g) < 0)
		return 0;
	if (table_wants(l->table, COL_CONTROLLERS))
		put_controllers(l, g, row, e->controllers);
	put_figures(l, g, row);
	if (l->spec->processes || l->spec->threads)
		put_processes(l, g, e->path, row);
	cgx_group_close(g);
	return 0;
}

static int walk(struct listing *l, const char *text)
{
	struct cgx_walk *w = NULL;
	struct cgx_entry e;
	const char *path;
	int r = target_parse(l->f->cgx, text, &l->controllers, &path);

	if (!r)
		r = cgx_walk_open(l->f->cgx, path, l->controllers, l->spec->depth, &w);
	while (r >= 0 && (r = cgx_walk_next(w, &e)) > 0) {
		if (l->table) {
			r = put_entry(l, &e);
		} else {
			text_print(e.path);
			putchar('\n');
		}
	}
	cgx_walk_close(w);
	return r;
}

/* ---- lscgroup: hierarchy by hierarchy, "cpu,cpuacct:/web" ---- */

static int lscgroup_hierarchy(struct frame *f, const struct cgx_hierarchy *h, const char *path)
{
	AUTO_FREE char *names = NULL;
	struct cgx_walk *w;
	struct cgx_entry e;
	int r = cgx_walk_open(f->cgx, path, cgx_hierarchy_controllers(h), -1, &w);

	if (r < 0)
		return r;
	if (cgx_hierarchy_version(h) == 2)
		r = cgx_set_format(f->cgx, cgx_hierarchy_controllers(h), &names);
	while (r >= 0 && (r = cgx_walk_next(w, &e)) > 0) {
		printf("%s:/", names ? names : cgx_hierarchy_name(h));
		if (strcmp(e.path, "/")) {
			text_print(e.path);
			if (!e.depth)
				putchar('/');
		}
		putchar('\n');
	}
	cgx_walk_close(w);
	return r;
}

static int lscgroup_target(struct frame *f, const char *text)
{
	cgx_set controllers;
	const char *path;
	int r = target_parse(f->cgx, text, &controllers, &path), found = 0;

	cgx_controller_at(f->cgx, 0); /* v2 says what it has */
	for (size_t i = 0; !r && cgx_hierarchy_at(f->cgx, i); i++) {
		const struct cgx_hierarchy *h = cgx_hierarchy_at(f->cgx, i);

		if (!strncmp(cgx_hierarchy_name(h), "name=", 5) ||
		    (controllers && !(controllers & cgx_hierarchy_controllers(h))))
			continue;
		r = lscgroup_hierarchy(f, h, path);
		found |= !r;
		/* a group named without controllers need not be everywhere */
		if (r == -ENOENT && !controllers)
			r = 0;
	}
	return r || found ? r : msg_fail(f);
}

static int lscgroup(struct frame *f, const struct spec *spec, int argc, char **argv)
{
	int r = 0;

	for (size_t i = 0; !r && i < spec->targets.n; i++)
		r = lscgroup_target(f, spec->targets.v[i]);
	for (int i = 0; !r && i < argc; i++)
		r = lscgroup_target(f, argv[i]);
	return r || argc || spec->targets.n ? r : lscgroup_target(f, "/");
}

static int list_groups(struct frame *f, const struct spec *spec, int argc, char **argv)
{
	struct listing l = { .f = f, .spec = spec };
	int processes = spec->processes || spec->threads, r = 0;

	if (f->like)
		return lscgroup(f, spec, argc, argv);
	if (spec->units && !cgx_systemd(f->cgx))
		msg_note(f, "systemd is not process 1 here: no group has a unit");
	if (processes && f->json && !f->output)
		f->output = spec->units ? "NAME,UNIT,MANAGER,DELEGATED,PID,USER,COMMAND" : "NAME,PID,USER,COMMAND";
	else if (spec->units && !f->output)
		f->output = "+UNIT,MANAGER,DELEGATED";
	if ((f->json || f->output || f->sort || spec->tree || processes)) {
		if (table_new(f, columns, "groups", spec->tree || processes ? TABLE_TREE : 0, &l.table) < 0)
			return frame_failed(f);
		l.wants_group = processes;
		for (int c = COL_CONTROLLERS; c <= COL_TYPE; c++)
			l.wants_group |= table_wants(l.table, c);
		for (int c = COL_UNIT; c <= COL_DELEGATED; c++)
			l.wants_unit |= table_wants(l.table, c);
	}
	for (size_t i = 0; !r && i < spec->targets.n; i++)
		r = walk(&l, spec->targets.v[i]);
	for (int i = 0; !r && i < argc; i++)
		r = walk(&l, argv[i]);
	if (!r && !argc && !spec->targets.n)
		r = walk(&l, "/");
	if (!r && l.table)
		r = table_print(l.table);
	table_free(l.table);
	free(l.parent);
	return r;
}

/* ---- the groups of a process ---- */

static int list_of_pid(struct frame *f, pid_t pid)
{
	struct json *j = NULL;
	struct cgx_group *g;
	int r = cgx_group_of_pid(f->cgx, pid, 0, &g);

	if (r < 0)
		return r;
	if (f->json && json_new(f, &j) < 0) {
		cgx_group_close(g);
		return frame_failed(f);
	}
	if (j) {
		json_open_object(j, NULL);
		json_add_u64(j, "pid", (uint64_t)pid);
		json_open_array(j, "groups");
	}
	for (size_t i = 0; cgx_hierarchy_at(f->cgx, i); i++) {
		const struct cgx_hierarchy *h = cgx_hierarchy_at(f->cgx, i);
		const char *path = cgx_group_path_in(g, h);

		if (path && j) {
			json_open_object(j, NULL);
			json_add_string(j, "hierarchy", cgx_hierarchy_name(h));
			json_add_string(j, "path", *path ? path : "/");
			json_close(j);
		} else if (path) {
			printf("%s:/", cgx_hierarchy_name(h));
			text_print(path);
			putchar('\n');
		}
	}
	if (j) {
		json_close(j);
		json_close(j);
		r = json_print(j, f);
	}
	json_free(j);
	cgx_group_close(g);
	return r;
}

/* ---- controllers ---- */

enum { CTL_NAME, CTL_KERNEL, CTL_VERSION, CTL_HIERARCHY, CTL_GROUPS, CTL_ENABLED, CTL_MOUNT };
static const struct column controller_columns[] = {
	[CTL_NAME] = { "NAME", COLUMN_SHOWN, .help = "the name cgx uses" },
	[CTL_KERNEL] = { "KERNEL", COLUMN_SHOWN, .help = "the kernel's name" },
	[CTL_VERSION] = { "VERSION", COLUMN_SHOWN | COLUMN_RIGHT, COLUMN_NUMBER, .help = "of the hierarchy it is on" },
	[CTL_HIERARCHY] = { "HIERARCHY", COLUMN_SHOWN | COLUMN_RIGHT, COLUMN_NUMBER, .help = "its number in /proc/cgroups" },
	[CTL_GROUPS] = { "GROUPS", COLUMN_SHOWN | COLUMN_RIGHT, COLUMN_NUMBER, .help = "groups that use it" },
	[CTL_ENABLED] = { "ENABLED", COLUMN_SHOWN, COLUMN_BOOL, .help = "not switched off at boot" },
	[CTL_MOUNT] = { "MOUNT", COLUMN_SHOWN, .help = "where it is mounted; empty: nowhere" },
	COLUMN_END
};

static int list_controllers(struct frame *f)
{
	const struct cgx_controller *c;
	struct table *t;
	int r;

	if (table_new(f, controller_columns, "controllers", 0, &t) < 0)
		return frame_failed(f);
	for (size_t i = 0; (c = cgx_controller_at(f->cgx, i)); i++) {
		const struct cgx_hierarchy *h = cgx_controller_hierarchy(c);
		size_t row = table_row(t, TABLE_TOP);

		table_text(t, row, CTL_NAME, cgx_controller_name(c));
		table_text(t, row, CTL_KERNEL, cgx_controller_kernel_name(c));
		table_number(t, row, CTL_HIERARCHY, (uint64_t)cgx_controller_hierarchy_id(c), UNIT_COUNT);
		if (cgx_controller_group_count(c) >= 0)
			table_number(t, row, CTL_GROUPS, (uint64_t)cgx_controller_group_count(c), UNIT_COUNT);
		table_bool(t, row, CTL_ENABLED, cgx_controller_enabled(c));
		if (h) {
			table_number(t, row, CTL_VERSION, (uint64_t)cgx_hierarchy_version(h), UNIT_COUNT);
			table_text(t, row, CTL_MOUNT, cgx_hierarchy_mount(h, 0));
		}
	}
	r = table_print(t);
	table_free(t);
	return r;
}

/* One line of lssubsys: the controllers of one hierarchy, its number, its mount points. */
static void print_hierarchy(const struct frame *f, const struct spec *spec, const struct cgx_hierarchy *h)
{
	AUTO_FREE char *names = NULL;
	const char *mount, *shown = cgx_hierarchy_name(h);
	const struct cgx_controller *c;

	if (cgx_hierarchy_version(h) == 2 && !cgx_set_format(f->cgx, cgx_hierarchy_controllers(h), &names))
		shown = names;
	for (size_t n = 0; (mount = cgx_hierarchy_mount(h, n)); n++) {
		fputs(shown, stdout);
		for (size_t i = 0; spec->lssubsys_ids && (c = cgx_controller_at(f->cgx, i)); i++)
			if (cgx_controller_hierarchy(c) == h) {
				printf(" %d", cgx_controller_hierarchy_id(c));
				break;
			}
		if (spec->lssubsys_mounts)
			printf(" %s", mount);
		putchar('\n');
		if (spec->lssubsys_mounts < 2)
			break;
	}
}

static int is_asked(struct frame *f, const struct cgx_hierarchy *h, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		cgx_set set;

		if (!cgx_set_parse(f->cgx, argv[i], &set) && set & cgx_hierarchy_controllers(h))
			return 1;
	}
	return !argc;
}

static int lssubsys(struct frame *f, const struct spec *spec, int argc, char **argv)
{
	const struct cgx_controller *c;
	const struct cgx_hierarchy *h;
	cgx_set set;

	for (int i = 0; i < argc; i++)
		if (cgx_set_parse(f->cgx, argv[i], &set) < 0)
			return msg_fail(f);
	cgx_controller_at(f->cgx, 0);
	for (size_t i = 0; (h = cgx_hierarchy_at(f->cgx, i)); i++)
		if (strncmp(cgx_hierarchy_name(h), "name=", 5) && cgx_hierarchy_controllers(h) & ~CGX_C_CORE &&
		    is_asked(f, h, argc, argv))
			print_hierarchy(f, spec, h);
	for (size_t i = 0; spec->lssubsys_all && (c = cgx_controller_at(f->cgx, i)); i++)
		if (!cgx_controller_hierarchy(c))
			printf("%s\n", cgx_controller_kernel_name(c));
	return 0;
}

/* ---- settings ---- */

enum { SET_NAME, SET_V1, SET_KIND, SET_FLAGS, SET_HELP, SET_NOTE };
static const struct column setting_columns[] = {
	[SET_NAME] = { "NAME", COLUMN_SHOWN, .help = "the name on every layout" },
	[SET_V1] = { "V1", COLUMN_SHOWN, .help = "v1 files it is made of" },
	[SET_KIND] = { "KIND", COLUMN_SHOWN, .help = "what its value is" },
	[SET_FLAGS] = { "FLAGS", COLUMN_SHOWN, .help = "r read, w write, l limit, c counter, a action, ~ may be rounded" },
	[SET_HELP] = { "HELP", COLUMN_SHOWN, .help = "what it is" },
	[SET_NOTE] = { "NOTE", 0, .help = "what is lost between v1 and v2" },
	COLUMN_END
};

static const char *kind_name(enum cgx_kind kind)
{
	static const char *const names[] = {
		[CGX_KIND_TEXT] = "text", [CGX_KIND_NUMBER] = "number", [CGX_KIND_COUNT_MAX] = "number|max",
		[CGX_KIND_BYTES] = "bytes", [CGX_KIND_BYTES_MAX] = "bytes|max", [CGX_KIND_WEIGHT] = "weight",
		[CGX_KIND_CPU_MAX] = "quota period", [CGX_KIND_USEC] = "usec", [CGX_KIND_NSEC] = "nsec",
		[CGX_KIND_SWITCH] = "0|1", [CGX_KIND_LIST] = "list", [CGX_KIND_FLAT] = "keys",
		[CGX_KIND_NESTED] = "keys of keys", [CGX_KIND_LINES] = "lines", [CGX_KIND_SIGNED] = "signed",
		[CGX_KIND_BYTES_V1] = "bytes|-1",
	};

	return kind < sizeof(names) / sizeof(names[0]) && names[kind] ? names[kind] : "text";
}

static void put_setting(struct table *t, const struct cgx_setting *row)
{
	static const struct {
		unsigned flag;
		char letter;
	} letters[] = { { CGX_S_READ, 'r' }, { CGX_S_WRITE, 'w' }, { CGX_S_LIMIT, 'l' }, { CGX_S_COUNTER, 'c' },
			{ CGX_S_ACTION, 'a' }, { CGX_S_ROUNDED, '~' } };
	AUTO_BUF struct buf v1 = { 0 }, flags = { 0 };
	size_t at = table_row(t, TABLE_TOP);

	for (size_t i = 0; cgx_setting_v1_name(row, i); i++)
		buf_printf(&v1, "%s%s", i ? "," : "", cgx_setting_v1_name(row, i));
	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (cgx_setting_flags(row) & letters[i].flag)
			buf_putc(&flags, letters[i].letter);
	table_text(t, at, SET_NAME, cgx_setting_name(row));
	table_text(t, at, SET_V1, buf_text(&v1));
	table_text(t, at, SET_KIND, kind_name(cgx_setting_kind(row)));
	table_text(t, at, SET_FLAGS, buf_text(&flags));
	table_text(t, at, SET_HELP, cgx_setting_help(row));
	table_text(t, at, SET_NOTE, cgx_setting_note(row));
}

static int list_settings(struct frame *f)
{
	const struct cgx_setting *row = NULL;
	struct table *t;
	int r;

	if (table_new(f, setting_columns, "settings", 0, &t) < 0)
		return frame_failed(f);
	while ((row = cgx_setting_next(row)))
		put_setting(t, row);
	r = table_print(t);
	table_free(t);
	return r;
}

static int run(struct frame *f, void *data, int argc, char **argv)
{
	const struct spec *spec = data;
	int r;

	if (f->like == LIKE_LSSUBSYS)
		return lssubsys(f, spec, argc, argv);
	if (spec->controllers + spec->settings + spec->layout + (spec->pid >= 0) > 1)
		return msg_usage(f, "--controllers, --settings, --layout and --pid exclude each other");
	r = columns_check(f, spec->controllers ? controller_columns : spec->settings ? setting_columns : columns);
	if (r)
		return r;
	if (spec->controllers)
		return list_controllers(f);
	if (spec->settings)
		return list_settings(f);
	if (spec->pid >= 0)
		return list_of_pid(f, spec->pid);
	if (spec->layout) {
		puts(cgx_layout_name(cgx_layout(f->cgx)));
		return 0;
	}
	return list_groups(f, spec, argc, argv);
}

static const struct tool tool = {
	.name = "cgx-ls",
	.summary = "List groups, their processes, controllers and settings",
	.synopsis = synopsis,
	.examples = examples,
	.options = options,
	.columns = columns,
	.spec_size = sizeof(struct spec),
	.defaults = &defaults,
	.flags = TOOL_DATA | TOOL_MORE_TABLES,
	.positional = { COMPLETE_GROUP },
	.compat = compat,
	.run = run,
};

int main(int argc, char **argv)
{
	return frame_main(&tool, argc, argv);
}
