/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-set: set values of one or many groups, all or nothing. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/kept.h"
#include "ui/apply.h"
#include "ui/frame.h"
#include "ui/message.h"
#include "ui/target.h"
#include "ui/units.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/num.h"

struct spec {
	int libcgroup_b;
	struct strings values;
	const char *copy_from;
	int recursive, force;
	int dialect, ignore;
};

#define LIKE_CGSET 1
#define LIKE_CGXSET 2

static const struct opt options[] = {
	{ 'r', "variable", "NAME=VALUE", OPT_STRINGS, offsetof(struct spec, values), "set this value",
	  COMPLETE_ASSIGNMENT },
	{ 0, "copy-from", "GROUP", OPT_STRING, offsetof(struct spec, copy_from),
	  "set what GROUP has, as far as it can be written", COMPLETE_GROUP },
	{ 'R', "recursive", NULL, OPT_FLAG, offsetof(struct spec, recursive), "the groups below as well" },
	{ 'f', "force", NULL, OPT_FLAG, offsetof(struct spec, force),
	  "below what is used, though v2 kills then; and what is systemd's, too" },
	{ '1', "v1", NULL, OPT_FLAG, offsetof(struct spec, dialect), "names and values are v1's; those of v2 are understood, too",
	  .who = WHO(LIKE_CGXSET), .value = 1 },
	{ '2', "v2", NULL, OPT_FLAG, offsetof(struct spec, dialect), "names and values are v2's; those of v1 are understood, too",
	  .who = WHO(LIKE_CGXSET), .value = 2 },
	{ 'i', "ignore-unmappable", NULL, OPT_FLAG, offsetof(struct spec, ignore), "leave out what this host cannot say",
	  .who = WHO(LIKE_CGXSET) },
	{ 'b', NULL, NULL, OPT_FLAG, offsetof(struct spec, libcgroup_b), "taken for libcgroup's sake; names are whole here",
	  .who = WHO_COMPAT },
	OPT_END
};

static const char *const synopsis[] = { "GROUP... NAME=VALUE...", "-r NAME=VALUE... GROUP...",
					"--copy-from GROUP GROUP...", NULL };
static const struct example examples[] = {
	{ "cgx-set web memory.max=512M pids.max=100", "two limits, both or none" },
	{ "cgx-set web cpu.max=50% ", "half a CPU; 1.5 is one and a half" },
	{ "cgx-set --dry-run -R web cpu.weight=50", "show what would be written" },
	{ NULL, NULL }
};
static const char *const cgset_synopsis[] = { "-r NAME=VALUE... PATH...", "--copy-from PATH PATH...", NULL };
static const char *const cgxset_synopsis[] = { "[-1|-2] [-i] -r NAME=VALUE... PATH...", "--copy-from PATH PATH...", NULL };
static const struct compat compat[] = {
	{ "cgset", LIKE_CGSET, cgset_synopsis, "Set values of groups, as libcgroup's cgset" },
	{ "cgxset", LIKE_CGXSET, cgxset_synopsis, "Set values by the names of either version, as libcgroup's cgxset" },
	{ NULL }
};

/* ---- the spec ---- */

/* "memory.max=64M": a dot in what stands before the first "=", and no slash. */
static int is_assignment(const char *word)
{
	const char *eq = strchr(word, '='), *dot = strchr(word, '.');

	return eq && dot && dot < eq && dot != word && !memchr(word, '/', (size_t)(eq - word));
}

/* Move the assignments among the words to the end of the list; returns how many words are groups. */
static int sort_words(struct spec *spec, int argc, char **argv)
{
	const char **more = reallocarray(spec->values.v, spec->values.n + (size_t)argc + 1, sizeof(*more));
	int groups = 0;

	if (!more)
		return -ENOMEM;
	spec->values.v = more;
	for (int i = 0; i < argc; i++)
		if (is_assignment(argv[i]))
			more[spec->values.n++] = argv[i];
		else
			argv[groups++] = argv[i];
	return groups;
}

/* ---- planning ---- */

struct job {
	struct frame *f;
	const struct spec *spec;
	struct cgx_plan *plan;
};

static int memory_is_on_v1(struct cgx *cgx)
{
	const struct cgx_hierarchy *h;

	for (size_t i = 0; (h = cgx_hierarchy_at(cgx, i)); i++)
		if (cgx_hierarchy_version(h) == 1 && cgx_hierarchy_controllers(h) & CGX_C_MEMORY)
			return 1;
	return 0;
}

/* v2 takes any memory.max and then kills until it fits; v1 refuses. So refuse first, here as there. */
static int would_kill(const struct job *j, struct cgx_group *g, const char *name, const char *value)
{
	AUTO_FREE char *text = NULL;
	uint64_t limit, used, cache = 0, file;

	if (j->spec->force || strcmp(name, "memory.max") || memory_is_on_v1(j->f->cgx) ||
	    cgx_setting_check(j->f->cgx, name, value, &text) || num_u64(text, &limit) ||
	    cgx_get_u64(g, "memory.current", &used) || used <= limit)
		return 0;
	if (!cgx_get_u64(g, "memory.stat:inactive_file", &file))
		cache += file;
	if (!cgx_get_u64(g, "memory.stat:active_file", &file))
		cache += file;
	if (used - (cache < used ? cache : used) <= limit)
		return 0;
	return msg_error(j->f, "lower memory.high first and let it shrink, or use --force to have processes killed",
			 "%s/memory.max: set %s: the group uses %s, of which %s could be dropped; the kernel would kill processes until it fits",
			 cgx_group_path(g), value, units_bytes(used).s, units_bytes(cache).s);
}

static int plan_one(const struct job *j, struct cgx_group *g, const char *assignment)
{
	const char *eq = strchr(assignment, '=');
	AUTO_FREE char *name = strndup(assignment, (size_t)(eq - assignment));
	int r;

	if (!name)
		return -ENOMEM;
	r = would_kill(j, g, name, eq + 1);
	if (!r)
		r = cgx_plan_set(j->plan, g, name, eq + 1);
	return r == -EOPNOTSUPP && j->spec->ignore ? 0 : r;
}

/* A weight of v1 is rounded where it is said in v2's words, so it goes by its own name. */
static const char *exact_name(struct cgx_group *from, const char *name, char **ret)
{
	const struct cgx_setting *row = cgx_setting_find(name);
	const char *v1 = row && cgx_setting_kind(row) == CGX_KIND_WEIGHT ? cgx_setting_v1_name(row, 0) : NULL;

	return v1 && !cgx_setting_v1_name(row, 1) && !cgx_get_raw(from, v1, ret) ? v1 : name;
}

static int copy_settings(const struct job *j, struct cgx_group *from, struct cgx_group *to)
{
	char **list;
	int r = cgx_list(from, 0, 0, &list);

	if (r < 0)
		return r;
	for (size_t i = 0; list[i] && r >= 0; i++) {
		AUTO_FREE char *value = NULL;
		const char *name = exact_name(from, list[i], &value);

		/* what cannot be read or said of this group is not there to be copied */
		if (!kept_setting(name) || (!value && cgx_get(from, name, &value)) || !*value || strchr(value, '\n'))
			continue;
		r = cgx_plan_set(j->plan, to, name, value);
		if (r != -ENOMEM)
			r = 0;
	}
	cgx_list_free(list);
	return r;
}

static int plan_copy(const struct job *j, struct cgx_group *to)
{
	struct cgx_group *from;
	int r = target_open(j->f->cgx, j->spec->copy_from, &from);

	if (r < 0)
		return r;
	r = copy_settings(j, from, to);
	cgx_group_close(from);
	return r;
}

static int plan_group(const struct job *j, struct cgx_group *g)
{
	int r = j->spec->copy_from ? plan_copy(j, g) : 0;

	for (size_t i = 0; !r && i < j->spec->values.n; i++)
		r = plan_one(j, g, j->spec->values.v[i]);
	return r;
}

static int plan_tree(const struct job *j, const char *path, cgx_set controllers)
{
	struct cgx_entry e;
	struct cgx_walk *w;
	int r = cgx_walk_open(j->f->cgx, path, controllers, -1, &w);

	while (!r && (r = cgx_walk_next(w, &e)) > 0) {
		struct cgx_group *g;

		r = cgx_group_open(j->f->cgx, e.path, controllers, &g);
		if (r < 0)
			break;
		r = plan_group(j, g);
		cgx_group_close(g);
	}
	if (w)
		cgx_walk_close(w);
	return r;
}

static int plan_target(const struct job *j, const char *text)
{
	struct cgx_group *g;
	cgx_set controllers;
	const char *path;
	int r = target_parse(j->f->cgx, text, &controllers, &path);

	if (r < 0)
		return r;
	if (j->spec->recursive)
		return plan_tree(j, path, controllers);
	r = cgx_group_open(j->f->cgx, path, controllers, &g);
	if (r < 0)
		return r;
	r = plan_group(j, g);
	cgx_group_close(g);
	return r;
}

static int check_spec(struct frame *f, const struct spec *spec, int groups)
{
	for (size_t i = 0; i < spec->values.n; i++)
		if (!strchr(spec->values.v[i], '=') || spec->values.v[i][0] == '=')
			return msg_usage(f, "%s: not NAME=VALUE", spec->values.v[i]);
	if (!spec->values.n && !spec->copy_from)
		return msg_usage(f, "nothing to set: give NAME=VALUE, such as memory.max=512M");
	if (spec->values.n && spec->copy_from)
		return msg_usage(f, "values and --copy-from exclude each other");
	if (!groups)
		return msg_usage(f, "no group named");
	return 0;
}

static int run(struct frame *f, void *data, int argc, char **argv)
{
	struct spec *spec = data;
	struct job j = { .f = f, .spec = spec };
	int groups = f->like ? argc : sort_words(spec, argc, argv);
	int r = groups < 0 ? groups : check_spec(f, spec, groups);

	if (r)
		return r;
	f->force = spec->force;
	r = plan_new(f, &j.plan);
	for (int i = 0; !r && i < groups; i++)
		r = plan_target(&j, argv[i]);
	if (!r)
		r = apply_plan(f, j.plan);
	cgx_plan_free(j.plan);
	return r;
}

static const struct tool tool = {
	.name = "cgx-set",
	.summary = "Set values of groups, all or nothing",
	.synopsis = synopsis,
	.description = "When one value is refused, those set before are put back. Sizes are 64M, 1.5G or max; "
		       "cpu.max also takes 50%, 1.5 or QUOTA/PERIOD.",
	.examples = examples,
	.options = options,
	.spec_size = sizeof(struct spec),
	.flags = TOOL_CHANGES | TOOL_DATA,
	.positional = { COMPLETE_GROUP, COMPLETE_GROUP | COMPLETE_ASSIGNMENT },
	.compat = compat,
	.run = run,
};

int main(int argc, char **argv)
{
	return frame_main(&tool, argc, argv);
}
