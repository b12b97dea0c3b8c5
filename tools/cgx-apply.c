/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-apply: bring the groups of a host to what files say. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/want.h"
#include "ui/apply.h"
#include "ui/frame.h"
#include "ui/message.h"
#include "ui/owner.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/num.h"

struct spec {
	struct strings files, dirs;
	const char *admin, *tasks;
	unsigned dir_mode, file_mode, tasks_mode;
	unsigned delete_flags;
	int prune, clear, empty_only, strict;
};

#define LIKE_CGCONFIGPARSER 1
#define LIKE_CGCLEAR 2

static const struct opt options[] = {
	{ 'l', "load", "FILE", OPT_STRINGS, offsetof(struct spec, files), "what this file says", COMPLETE_FILE },
	{ 'L', "load-directory", "DIR", OPT_STRINGS, offsetof(struct spec, dirs),
	  "what its files *.conf and *.json say, by name", COMPLETE_DIR },
	{ 'a', "admin", "USER:GROUP", OPT_STRING, offsetof(struct spec, admin),
	  "owner of groups without perm", COMPLETE_OWNER, .who = WHO_NATIVE | WHO(LIKE_CGCONFIGPARSER) },
	{ 't', "tasks", "USER:GROUP", OPT_STRING, offsetof(struct spec, tasks),
	  "owner of their files that take processes", COMPLETE_OWNER, .who = WHO_NATIVE | WHO(LIKE_CGCONFIGPARSER) },
	{ 'd', "dperm", "MODE", OPT_OCTAL, offsetof(struct spec, dir_mode), "mode of their directories",
	  .who = WHO_NATIVE | WHO(LIKE_CGCONFIGPARSER) },
	{ 'f', "fperm", "MODE", OPT_OCTAL, offsetof(struct spec, file_mode), "mode of their files",
	  .who = WHO_NATIVE | WHO(LIKE_CGCONFIGPARSER) },
	{ 's', "tperm", "MODE", OPT_OCTAL, offsetof(struct spec, tasks_mode), "mode of their files that take processes",
	  .who = WHO_NATIVE | WHO(LIKE_CGCONFIGPARSER) },
	{ 0, "prune", NULL, OPT_FLAG, offsetof(struct spec, prune),
	  "remove groups below those of the files that no file names", .who = WHO_NATIVE },
	{ 0, "clear", NULL, OPT_FLAG, offsetof(struct spec, clear), "remove the groups that the files name",
	  .who = WHO_NATIVE },
	{ 0, "kill", NULL, OPT_BIT, offsetof(struct spec, delete_flags), "kill what is in groups to be removed",
	  .who = WHO_NATIVE, .value = CGX_DELETE_KILL },
	{ 0, "migrate", NULL, OPT_BIT, offsetof(struct spec, delete_flags), "or move it to the group above",
	  .who = WHO_NATIVE, .value = CGX_DELETE_MIGRATE },
	{ 0, "strict", NULL, OPT_FLAG, offsetof(struct spec, strict),
	  "fail when something cannot be carried to this host", .who = WHO_NATIVE },
	{ 'e', "empty", NULL, OPT_FLAG, offsetof(struct spec, empty_only), "only groups without processes",
	  .who = WHO(LIKE_CGCLEAR) },
	OPT_END
};

static const char *const synopsis[] = { "[--prune] FILE|DIR...", "--clear FILE|DIR...", "-l FILE | -L DIR ...", NULL };
static const struct example examples[] = {
	{ "cgx-apply --dry-run /etc/cgconfig.conf", "what would change" },
	{ "cgx-apply --prune web.conf", "and nothing else below its groups" },
	{ "cgx-save --json web | ssh other cgx-apply -", "the same groups on another host" },
	{ NULL, NULL }
};
static const char *const parser_synopsis[] = { "[-a|-t UID:GID] [-d|-f|-s MODE] -l FILE|-L DIR...", NULL };
static const char *const clear_synopsis[] = { "[-e] -l FILE|-L DIR...", NULL };
static const struct compat compat[] = {
	{ "cgconfigparser", LIKE_CGCONFIGPARSER, parser_synopsis, "Make groups of files, as libcgroup's cgconfigparser" },
	{ "cgclear", LIKE_CGCLEAR, clear_synopsis, "Remove groups of files, as libcgroup's cgclear" },
	{ NULL }
};

struct job {
	struct frame *f;
	const struct spec *spec;
	struct want_list list;
	struct cgx_plan *plan;
	struct cgx_create by_default;
	cgx_set mounted;     /* these are, as far as was asked */
	int making;          /* the first of two rounds: groups and controllers; the second are the settings */
	int made;            /* the first round is carried out */
	int enabled;         /* a group that is there may get controllers by this plan */
};

/* ---- what cannot be carried ---- */

/* What another layout, kernel or mount lacks is no fault of the file. */
static int cannot_carry(int r)
{
	return r == -EOPNOTSUPP || r == -ENODEV || r == -EROFS || r == -ENOENT;
}

static int leave_out(struct job *j, const char *file, unsigned line, const char *what, const char *why, int in_first)
{
	int strict = j->spec->strict || j->f->like == LIKE_CGCONFIGPARSER;

	if (in_first && !j->making)
		return 0; /* was said in the first round */
	if (strict)
		return msg_error(j->f, NULL, "%s:%u: %s: %s", file, line, what, why);
	msg_warn(j->f, "%s:%u: %s is left out: %s", file, line, what, why);
	return 0;
}

static int refused(struct job *j, const char *file, unsigned line)
{
	AUTO_FREE char *words = strdup(cgx_error(j->f->cgx)), *remedy = strdup(cgx_remedy(j->f->cgx));

	if (!words || !remedy)
		return -ENOMEM;
	return msg_error(j->f, *remedy ? remedy : NULL, "%s:%u: %s", file, line, words);
}

/* What carries a controller is asked of the root group, once. */
static int is_mounted(struct job *j, cgx_set set)
{
	struct cgx_group *g;

	if (!(set & ~j->mounted))
		return 1;
	if (cgx_group_open(j->f->cgx, "/", set, &g))
		return 0;
	cgx_group_close(g);
	j->mounted |= set;
	return 1;
}

/* ---- permissions ---- */

static int user_id(const struct frame *f, const char *name, uid_t *ret)
{
	gid_t ignored = (gid_t)-1;

	return name ? owner_parse(f, name, ret, &ignored) : 0;
}

static int group_id(const struct frame *f, const char *name, gid_t *ret)
{
	AUTO_BUF struct buf b = { 0 };
	uid_t ignored = (uid_t)-1;

	if (!name)
		return 0;
	buf_printf(&b, ":%s", name);
	return b.err ? b.err : owner_parse(f, buf_text(&b), &ignored, ret);
}

static int take_perm(const struct job *j, const struct cgx_config_perm *p, struct cgx_create *ret)
{
	int r = user_id(j->f, p->admin_uid, &ret->uid);

	if (!r)
		r = group_id(j->f, p->admin_gid, &ret->gid);
	if (!r)
		r = user_id(j->f, p->task_uid, &ret->tasks_uid);
	if (!r)
		r = group_id(j->f, p->task_gid, &ret->tasks_gid);
	ret->dir_mode = p->admin_dperm > 0 ? (unsigned)p->admin_dperm : 0;
	ret->file_mode = p->admin_fperm > 0 ? (unsigned)p->admin_fperm : 0;
	ret->tasks_mode = p->task_fperm > 0 ? (unsigned)p->task_fperm : 0;
	return r == -EINVAL ? frame_failed(j->f) : r;
}

static struct cgx_create nobody(void)
{
	return (struct cgx_create){ .size = sizeof(struct cgx_create), .uid = (uid_t)-1, .gid = (gid_t)-1,
				    .tasks_uid = (uid_t)-1, .tasks_gid = (gid_t)-1 };
}

/* A default block of the files, else what the command line says. */
static int default_perm(struct job *j)
{
	const struct spec *s = j->spec;

	j->by_default = nobody();
	if (j->list.has_default)
		return take_perm(j, &j->list.by_default, &j->by_default);
	j->by_default.dir_mode = s->dir_mode;
	j->by_default.file_mode = s->file_mode;
	j->by_default.tasks_mode = s->tasks_mode;
	if ((s->admin && owner_parse(j->f, s->admin, &j->by_default.uid, &j->by_default.gid) < 0) ||
	    (s->tasks && owner_parse(j->f, s->tasks, &j->by_default.tasks_uid, &j->by_default.tasks_gid) < 0))
		return frame_failed(j->f);
	return 0;
}

/* ---- one group ---- */

/* The controllers that a group of a file names, and those that its settings need, as far as they are mounted here. */
static int controllers_of(struct job *j, const struct want *w, const char *only, cgx_set *ret)
{
	cgx_set all = 0;
	int r = 0;

	for (size_t i = 0; !r && i < w->n; i++) {
		const struct want_setting *s = &w->setting[i];
		const struct cgx_setting *row = s->controller ? NULL : cgx_setting_find(s->name);
		cgx_set one = row ? cgx_setting_controller(row) : 0;

		if (only && (!s->controller || strcmp(s->controller, only)))
			continue;
		if (s->controller && i && w->setting[i - 1].controller && !strcmp(w->setting[i - 1].controller, s->controller))
			continue;
		if (s->controller && !strcmp(s->controller, "cgroup")) /* libcgroup's name for the v2 tree itself */
			one = CGX_C_CORE;
		else if (s->controller && cgx_set_parse(j->f->cgx, s->controller, &one) < 0)
			r = leave_out(j, w->file, s->line, s->controller, "there is no such controller here", 1);
		if (r || !one || !(one & ~all))
			continue;
		if (is_mounted(j, one))
			all |= one;
		else if (s->controller)
			r = leave_out(j, w->file, s->line, s->controller, "this controller is mounted nowhere here", 1);
	}
	*ret = all;
	return r;
}

/* 1: the group is there and the setting has this value already. */
static int is_so(struct cgx *cgx, struct cgx_group *g, const char *name, const char *value)
{
	AUTO_FREE char *now = NULL, *want = NULL;

	if (cgx_get(g, name, &now))
		return 0;
	if (!strcmp(now, value))
		return 1;
	return !cgx_setting_check(cgx, name, value, &want) && !strcmp(now, want);
}

/* A value that says nothing is set: where it cannot be said nothing is lost. */
static int says_nothing(const char *name, const char *value)
{
	static const char *const never[] = { "memory.swappiness", NULL };
	static const char *const zero[] = { "memory.low", "memory.min", "memory.oom.group", "cpu.idle", "cpu.max.burst",
					    "cpu.cfs_burst_us", "net_cls.classid", "cpuset.memory_migrate",
					    "cpuset.memory_spread_page", "cpuset.memory_spread_slab",
					    "memory.move_charge_at_immigrate", "cpu.rt_runtime_us", NULL };
	uint64_t n;

	for (const char *const *z = zero; *z; z++)
		if (!strcmp(name, *z))
			return !strcmp(value, "0");
	for (const char *const *z = never; *z; z++)
		if (!strcmp(name, *z))
			return 0;
	return !strcmp(value, "max") || !strcmp(value, "-1") || !strcmp(name, "cpu.rt_period_us") ||
	       (!num_u64(value, &n) && n >= ((uint64_t)INT64_MAX & ~0xffffull));
}

/* memory.low and v1's soft limit stand for one another, but not where they are not set: one is then 0, the other all. */
static int is_unset_protection(const struct job *j, const char *name, const char *value)
{
	const struct cgx_controller *c;
	int version = strcmp(name, "memory.low") ? strcmp(name, "memory.soft_limit_in_bytes") ? 0 : 1 : 2;

	for (size_t i = 0; version && (c = cgx_controller_at(j->f->cgx, i)); i++)
		if (cgx_controller_bit(c) == CGX_C_MEMORY && cgx_controller_hierarchy(c))
			return cgx_hierarchy_version(cgx_controller_hierarchy(c)) != version && says_nothing(name, value);
	return 0;
}

static int plan_line(struct job *j, struct cgx_group *g, const struct want *w, const struct want_setting *s, const char *value)
{
	int r = is_unset_protection(j, s->name, value) ? 0 : cgx_plan_set(j->plan, g, s->name, value);
	AUTO_FREE char *why = NULL;

	if (!r || r == -ENOMEM || (cannot_carry(r) && says_nothing(s->name, value)))
		return r == -ENOMEM ? r : 0;
	if (!cannot_carry(r) || !cgx_setting_find(s->name))
		return refused(j, w->file, s->line);
	why = strdup(cgx_error(j->f->cgx));
	return why ? leave_out(j, w->file, s->line, s->name, why, 0) : -ENOMEM;
}

/* A value of several lines is as many writes: io.max has one a device. */
static int plan_value(struct job *j, struct cgx_group *g, const struct want *w, const struct want_setting *s, int there)
{
	const char *line = s->value;
	int r = 0;

	if (there && is_so(j->f->cgx, g, s->name, s->value))
		return 0;
	if (!strchr(line, '\n'))
		return plan_line(j, g, w, s, line);
	while (!r && *line) {
		size_t len = strcspn(line, "\n");
		AUTO_FREE char *one = strndup(line, len);

		r = !one ? -ENOMEM : len ? plan_line(j, g, w, s, one) : 0;
		line += len + (line[len] == '\n');
	}
	return r;
}

static int plan_at(struct job *j, struct want *w, const char *path, const char *only, const struct cgx_create *how)
{
	struct cgx_group *g;
	cgx_set controllers;
	int there, r = controllers_of(j, w, only, &controllers);

	if (r || (!controllers && w->n))
		return r;
	r = cgx_group_open(j->f->cgx, path, controllers, &g);
	if (r)
		return r == -ENOMEM ? r : refused(j, w->file, w->line);
	there = j->making ? cgx_group_exists(g) != 0 : w->there || j->made;
	if (j->making) {
		w->there |= there;
		j->enabled |= there;
		r = cgx_plan_create(j->plan, g, how);
		if (r && r != -ENOMEM)
			r = refused(j, w->file, w->line);
	}
	for (size_t i = 0; !r && !j->making && i < w->n; i++)
		if (w->setting[i].name && (!only || !strcmp(w->setting[i].controller, only)))
			r = plan_value(j, g, w, &w->setting[i], there);
	cgx_group_close(g);
	return r;
}

static const char *space_of(const struct want_list *l, const char *controller)
{
	for (size_t i = 0; i < l->n_spaces; i++)
		if (!strcmp(l->space[i].controller, controller))
			return l->space[i].where;
	return NULL;
}

/* With namespace blocks a group lies elsewhere in each hierarchy, so each of its controllers is a group of its own here. */
static int plan_spaces(struct job *j, struct want *w, const struct cgx_create *how)
{
	int r = 0;

	for (size_t i = 0; !r && i < w->n; i++) {
		const char *name = w->setting[i].controller, *space;
		AUTO_BUF struct buf path = { 0 };

		if (!name || (i && !strcmp(name, w->setting[i - 1].controller)))
			continue;
		space = space_of(&j->list, name);
		if (space)
			buf_printf(&path, "%s/", space);
		buf_puts(&path, w->path);
		r = path.err ? path.err : plan_at(j, w, buf_text(&path), name, how);
	}
	return r;
}

static int plan_want(struct job *j, struct want *w)
{
	struct cgx_create how = nobody();
	int r = w->has_perm ? take_perm(j, &w->perm, &how) : 0;

	if (r)
		return r;
	if (!w->has_perm)
		how = j->by_default;
	return j->list.n_spaces ? plan_spaces(j, w, &how) : plan_at(j, w, w->path, NULL, &how);
}

/* ---- mounts ---- */

/* cgx mounts nothing: what is mounted already will do, wherever it is. */
static int check_mount(struct job *j, const struct want_pair *m)
{
	AUTO_FREE char *first = strndup(m->controller, strncmp(m->controller, "name=", 5) ? strcspn(m->controller, ",") : 4096);
	cgx_set set;
	int r;

	if (!first)
		return -ENOMEM;
	r = cgx_set_parse(j->f->cgx, first, &set);
	if (r == -ENOMEM || (!r && is_mounted(j, set)))
		return r;
	return leave_out(j, m->file, m->line, m->controller, "it is not mounted, and cgx mounts nothing; see mount(8), -t cgroup",
			 1);
}

/* ---- removing ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* 1: path is one of the sorted list or above one of it. */
static int is_kept(char *const *list, size_t n, const char *path)
{
	size_t lo = 0, hi = n, len = strlen(path);

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(list[mid], path) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	/* between a path and those below it there may be others: web, web-a, web/api */
	for (; lo < n && !strncmp(list[lo], path, len); lo++)
		if (!list[lo][len] || list[lo][len] == '/')
			return 1;
	return 0;
}

static int is_below(const char *path, const char *top)
{
	size_t len = strlen(top);

	return !strncmp(path, top, len) && path[len] == '/';
}

static int plan_remove(struct job *j, const char *path, unsigned flags)
{
	struct cgx_group *g;
	int r = cgx_group_open(j->f->cgx, path, 0, &g);

	if (r)
		return r;
	if (cgx_group_exists(g))
		r = cgx_plan_delete(j->plan, g, flags);
	cgx_group_close(g);
	return r;
}

static int prune_below(struct job *j, const char *top, char *const *list, size_t n)
{
	AUTO_FREE char *gone = NULL;
	struct cgx_walk *w = NULL;
	struct cgx_entry e;
	int r = cgx_walk_open(j->f->cgx, top, 0, -1, &w);

	if (r == -ENOENT)
		return 0; /* it is made by this plan */
	while (!r && (r = cgx_walk_next(w, &e)) > 0) {
		r = 0;
		if (!e.depth || (gone && is_below(e.path, gone)) || is_kept(list, n, e.path))
			continue;
		free(gone);
		gone = strdup(e.path);
		r = gone ? plan_remove(j, gone, j->spec->delete_flags | CGX_DELETE_RECURSIVE) : -ENOMEM;
	}
	if (w)
		cgx_walk_close(w);
	return r;
}

static int plan_prune(struct job *j)
{
	AUTO_FREE char **list = calloc(j->list.n + 1, sizeof(*list));
	const char *last = NULL;
	size_t n = 0;
	int r = 0;

	if (!list)
		return -ENOMEM;
	if (j->list.n_spaces)
		return msg_error(j->f, NULL, "--prune: groups of a namespace block cannot be told from others");
	for (size_t i = 0; i < j->list.n; i++)
		if (strcmp(j->list.want[i].path, "/"))
			list[n++] = (char *)(j->list.want[i].path + (*j->list.want[i].path == '/'));
	qsort(list, n, sizeof(*list), by_text);
	for (size_t i = 0; !r && i < n; i++) {
		if (last && (!strcmp(list[i], last) || is_below(list[i], last)))
			continue;
		last = list[i];
		r = prune_below(j, last, list, n);
	}
	return r;
}

/* Groups of later blocks first: they may lie below those of earlier ones. */
static int plan_clear(struct job *j)
{
	unsigned flags = j->spec->delete_flags | CGX_DELETE_RECURSIVE;
	int r = 0;

	if (j->f->like == LIKE_CGCLEAR && !j->spec->empty_only)
		flags |= CGX_DELETE_MIGRATE;
	for (size_t i = j->list.n; !r && i-- > 0;)
		if (strcmp(j->list.want[i].path, "/"))
			r = plan_remove(j, j->list.want[i].path, flags);
	return r;
}

/* ---- run ---- */

static int read_all(struct job *j, int argc, char **argv)
{
	const struct spec *s = j->spec;
	int r = 0;

	for (size_t i = 0; !r && i < s->files.n; i++)
		r = want_read(j->f, s->files.v[i], &j->list);
	for (size_t i = 0; !r && i < s->dirs.n; i++)
		r = want_read_dir(j->f, s->dirs.v[i], &j->list);
	for (int i = 0; !r && i < argc; i++)
		r = want_read(j->f, argv[i], &j->list);
	return r;
}

static int plan_all(struct job *j)
{
	int r = 0;

	if (j->spec->clear || j->f->like == LIKE_CGCLEAR)
		return plan_clear(j);
	r = default_perm(j);
	j->making = 1;
	for (size_t i = 0; !r && i < j->list.n_mounts; i++)
		r = check_mount(j, &j->list.mount[i]);
	for (size_t i = 0; !r && i < j->list.n; i++)
		r = plan_want(j, &j->list.want[i]);
	/* files of a controller come when it is enabled for a group that is there: only then can they be planned */
	if (!r && j->enabled && !j->f->dry_run) {
		r = cgx_plan_apply(j->plan);
		j->made = 1;
	}
	j->making = 0;
	for (size_t i = 0; !r && i < j->list.n; i++)
		r = plan_want(j, &j->list.want[i]);
	return !r && j->spec->prune ? plan_prune(j) : r;
}

static int check_spec(struct frame *f, const struct spec *s, int argc)
{
	if (f->like && argc)
		return msg_usage(f, "%s: files are named by -l, directories by -L", f->called_as);
	if (!argc && !s->files.n && !s->dirs.n)
		return msg_usage(f, f->like == LIKE_CGCLEAR ? "no file named: cgx unmounts nothing, so there is nothing to do without one"
							   : "no file named");
	if (s->clear && s->prune)
		return msg_usage(f, "--clear and --prune exclude each other");
	if (s->delete_flags && !s->clear && !s->prune)
		return msg_usage(f, "--kill and --migrate go with --prune or --clear");
	if (s->delete_flags == (CGX_DELETE_KILL | CGX_DELETE_MIGRATE))
		return msg_usage(f, "--kill and --migrate exclude each other");
	return 0;
}

static int run(struct frame *f, void *data, int argc, char **argv)
{
	struct job j = { .f = f, .spec = data };
	int r = check_spec(f, data, argc);

	if (r)
		return r;
	r = read_all(&j, argc, argv);
	if (!r)
		r = plan_new(f, &j.plan);
	if (!r)
		r = plan_all(&j);
	if (r < 0)
		r = msg_fail(f);
	if (r && j.plan && cgx_plan_undo(j.plan) < 0)
		msg_fail(f);
	if (!r)
		r = apply_plan(f, j.plan);
	cgx_plan_free(j.plan);
	want_free(&j.list);
	return r;
}

static const struct tool tool = {
	.name = "cgx-apply",
	.summary = "Bring groups to what files say, all or nothing",
	.synopsis = synopsis,
	.description = "Files are in the form of cgconfig.conf or the JSON of cgx-save; names of v1 and v2 settings are "
		       "understood on every host. What this host cannot have is told and left out.",
	.examples = examples,
	.options = options,
	.spec_size = sizeof(struct spec),
	.flags = TOOL_CHANGES | TOOL_DATA | TOOL_FORCE,
	.positional = { COMPLETE_FILE | COMPLETE_DIR },
	.compat = compat,
	.run = run,
};

int main(int argc, char **argv)
{
	return frame_main(&tool, argc, argv);
}
