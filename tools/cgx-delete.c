/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-delete: remove groups. */
#include "ui/apply.h"
#include "ui/frame.h"
#include "ui/message.h"
#include "ui/target.h"

struct spec {
	int libcgroup_b;
	struct strings targets;
	int recursive, kill, migrate;
};

#define LIKE_CGDELETE 1

static const struct opt options[] = {
	{ 'g', "group", "CONTROLLERS:PATH", OPT_STRINGS, offsetof(struct spec, targets), "remove this group",
	  COMPLETE_TARGET },
	{ 'r', "recursive", NULL, OPT_FLAG, offsetof(struct spec, recursive), "the groups below as well" },
	{ 'k', "kill", NULL, OPT_FLAG, offsetof(struct spec, kill), "kill the processes in it first",
	  .who = WHO_NATIVE },
	{ 'm', "migrate", NULL, OPT_FLAG, offsetof(struct spec, migrate),
	  "move its processes to the parent first; its limits hold them no longer", .who = WHO_NATIVE },
	{ 'b', NULL, NULL, OPT_FLAG, offsetof(struct spec, libcgroup_b), "taken for libcgroup's sake; names are whole here",
	  .who = WHO_COMPAT },
	OPT_END
};

static const char *const synopsis[] = { "[-r] [--kill | --migrate] GROUP...", NULL };
static const struct example examples[] = {
	{ "cgx-delete web/api", "remove an empty group" },
	{ "cgx-delete -r --kill web", "end everything in web and below, then remove it" },
	{ NULL, NULL }
};
static const char *const cgdelete_synopsis[] = { "[-r] [-g] CONTROLLERS:PATH...", NULL };
static const struct compat compat[] = {
	{ "cgdelete", LIKE_CGDELETE, cgdelete_synopsis, "Remove groups, as libcgroup's cgdelete" },
	{ NULL }
};

static int plan_target(struct frame *f, struct cgx_plan *p, const char *text, unsigned flags)
{
	struct cgx_group *g;
	int r = target_open(f->cgx, text, &g);

	if (r < 0)
		return r;
	r = cgx_plan_delete(p, g, flags);
	cgx_group_close(g);
	return r;
}

static int run(struct frame *f, void *data, int argc, char **argv)
{
	const struct spec *spec = data;
	unsigned flags = (spec->recursive ? CGX_DELETE_RECURSIVE : 0) | (spec->kill ? CGX_DELETE_KILL : 0) |
			 (spec->migrate || f->like == LIKE_CGDELETE ? CGX_DELETE_MIGRATE : 0);
	struct cgx_plan *p;
	int r;

	if (!argc && !spec->targets.n)
		return msg_usage(f, "no group named");
	if (spec->kill && spec->migrate)
		return msg_usage(f, "--kill and --migrate exclude each other");
	r = plan_new(f, &p);
	if (r < 0)
		return r;
	for (size_t i = 0; !r && i < spec->targets.n; i++)
		r = plan_target(f, p, spec->targets.v[i], flags);
	for (int i = 0; !r && i < argc; i++)
		r = plan_target(f, p, argv[i], flags);
	if (!r)
		r = apply_plan(f, p);
	cgx_plan_free(p);
	return r;
}

static const struct tool tool = {
	.name = "cgx-delete",
	.summary = "Remove groups",
	.synopsis = synopsis,
	.description = "A group with processes in it is not removed unless --kill or --migrate says what becomes of them.",
	.examples = examples,
	.options = options,
	.spec_size = sizeof(struct spec),
	.flags = TOOL_CHANGES | TOOL_DATA | TOOL_FORCE,
	.positional = { COMPLETE_GROUP },
	.compat = compat,
	.run = run,
};

int main(int argc, char **argv)
{
	return frame_main(&tool, argc, argv);
}
