/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-apply: bring the groups of a host to what files say. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/bring.h"
#include "ui/apply.h"
#include "ui/frame.h"
#include "ui/message.h"
#include "ui/owner.h"
#include "util/cleanup.h"

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
	{ 'e', "empty", NULL, OPT_FLAG, offsetof(struct spec, empty_only),
	  "leave groups that have processes in them or below",
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
};

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
	if (cgx_group_exists(g) && !(j->spec->empty_only && cgx_group_populated(g) > 0))
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

static int default_how(const struct job *j, struct cgx_create *ret)
{
	const struct spec *s = j->spec;

	*ret = bring_how();
	ret->dir_mode = s->dir_mode;
	ret->file_mode = s->file_mode;
	ret->tasks_mode = s->tasks_mode;
	if ((s->admin && owner_parse(j->f, s->admin, &ret->uid, &ret->gid) < 0) ||
	    (s->tasks && owner_parse(j->f, s->tasks, &ret->tasks_uid, &ret->tasks_gid) < 0))
		return frame_failed(j->f);
	return 0;
}

static int plan_all(struct job *j)
{
	struct bring b = { .f = j->f, .list = &j->list, .plan = j->plan,
			   .strict = j->spec->strict || j->f->like == LIKE_CGCONFIGPARSER };
	int r;

	if (j->spec->clear || j->f->like == LIKE_CGCLEAR)
		return plan_clear(j);
	r = default_how(j, &b.how);
	if (!r)
		r = bring_plan(&b);
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
		r = msg_failed(f, r);
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
