/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-create: make groups. */
#include <errno.h>
#include <string.h>

#include "ui/apply.h"
#include "ui/frame.h"
#include "ui/message.h"
#include "ui/owner.h"
#include "ui/target.h"
#include "util/cleanup.h"

struct spec {
	int libcgroup_b;
	struct strings targets, values;
	const char *controllers, *owner, *admin, *tasks;
	unsigned dir_mode, file_mode, tasks_mode, flags;
};

#define LIKE_CGCREATE 1

static const struct opt options[] = {
	{ 'c', "controllers", "LIST", OPT_STRING, offsetof(struct spec, controllers),
	  "with these controllers; all for every one (default: memory,pids,cpu,io)", COMPLETE_CONTROLLER,
	  .who = WHO_NATIVE },
	{ 'g', "group", "CONTROLLERS:PATH", OPT_STRINGS, offsetof(struct spec, targets), "make this group",
	  COMPLETE_TARGET },
	{ 'r', "variable", "NAME=VALUE", OPT_STRINGS, offsetof(struct spec, values), "and set this value",
	  COMPLETE_ASSIGNMENT, .who = WHO_NATIVE },
	{ 0, "owner", "USER[:GROUP]", OPT_STRING, offsetof(struct spec, owner),
	  "delegate it: this user may run the subtree, not lift its limits", COMPLETE_OWNER, .who = WHO_NATIVE },
	{ 'a', "admin", "USER:GROUP", OPT_STRING, offsetof(struct spec, admin), "owner of the group and all its files",
	  COMPLETE_OWNER },
	{ 't', "tasks", "USER:GROUP", OPT_STRING, offsetof(struct spec, tasks),
	  "owner of the file that takes processes", COMPLETE_OWNER },
	{ 'd', "dperm", "MODE", OPT_OCTAL, offsetof(struct spec, dir_mode), "mode of the directory" },
	{ 'f', "fperm", "MODE", OPT_OCTAL, offsetof(struct spec, file_mode), "mode of its files" },
	{ 's', "tperm", "MODE", OPT_OCTAL, offsetof(struct spec, tasks_mode), "mode of the file that takes processes" },
	{ 0, "make-leaf", NULL, OPT_BIT, offsetof(struct spec, flags),
	  "v2: move processes that are in the way to a group named leaf", .who = WHO_NATIVE,
	  .value = CGX_CREATE_MAKE_LEAF },
	{ 0, "exclusive", NULL, OPT_BIT, offsetof(struct spec, flags), "fail when the group is there already",
	  .who = WHO_NATIVE, .value = CGX_CREATE_EXCL },
	{ 'b', NULL, NULL, OPT_FLAG, offsetof(struct spec, libcgroup_b), "taken for libcgroup's sake; names are whole here",
	  .who = WHO_COMPAT },
	OPT_END
};

static const char *const synopsis[] = { "[-c LIST] [-r NAME=VALUE]... GROUP...", "-g CONTROLLERS:PATH...", NULL };
static const struct example examples[] = {
	{ "cgx-create web/api", "make web and web/api" },
	{ "cgx-create -r memory.max=1G -r pids.max=200 web", "with two limits, or not at all" },
	{ "cgx-create --owner alice alice", "a subtree that alice runs herself" },
	{ NULL, NULL }
};
static const char *const cgcreate_synopsis[] = { "[-a UID:GID] [-t UID:GID] [-d|-f|-s MODE] -g CONTROLLERS:PATH...", NULL };
static const struct compat compat[] = {
	{ "cgcreate", LIKE_CGCREATE, cgcreate_synopsis, "Make groups, as libcgroup's cgcreate" },
	{ NULL }
};

/* Controllers that the settings of -r need, beside those asked for. */
static cgx_set needed(const struct spec *spec)
{
	cgx_set set = 0;

	for (size_t i = 0; i < spec->values.n; i++) {
		AUTO_FREE char *name = strndup(spec->values.v[i], strcspn(spec->values.v[i], "="));
		const struct cgx_setting *row = name ? cgx_setting_find(name) : NULL;

		if (row)
			set |= cgx_setting_controller(row);
	}
	return set;
}

static int plan_values(struct cgx_plan *p, struct cgx_group *g, const struct spec *spec)
{
	int r = 0;

	for (size_t i = 0; !r && i < spec->values.n; i++) {
		const char *eq = strchr(spec->values.v[i], '=');
		AUTO_FREE char *name = strndup(spec->values.v[i], (size_t)(eq - spec->values.v[i]));

		r = name ? cgx_plan_set(p, g, name, eq + 1) : -ENOMEM;
	}
	return r;
}

static int plan_target(struct frame *f, struct cgx_plan *p, const struct spec *spec, const struct cgx_create *how,
		       cgx_set controllers, const char *text)
{
	struct cgx_group *g;
	cgx_set from_text;
	const char *path;
	int r = target_parse(f->cgx, text, &from_text, &path);

	if (r < 0)
		return r;
	if (!from_text)
		from_text = controllers ? controllers : CGX_C_USUAL;
	r = cgx_group_open(f->cgx, path, from_text | needed(spec), &g);
	if (r < 0)
		return r;
	r = cgx_plan_create(p, g, how);
	if (!r)
		r = plan_values(p, g, spec);
	cgx_group_close(g);
	return r;
}

static int make_how(struct frame *f, const struct spec *spec, struct cgx_create *how)
{
	const char *owner = spec->owner ? spec->owner : spec->admin;

	*how = (struct cgx_create){
		.size = sizeof(*how), .uid = (uid_t)-1, .gid = (gid_t)-1, .tasks_uid = (uid_t)-1, .tasks_gid = (gid_t)-1,
		.dir_mode = spec->dir_mode, .file_mode = spec->file_mode, .tasks_mode = spec->tasks_mode,
		.flags = spec->flags | (spec->owner ? CGX_CREATE_DELEGATE : 0),
	};
	if (owner && owner_parse(f, owner, &how->uid, &how->gid) < 0)
		return frame_failed(f);
	if (spec->tasks && owner_parse(f, spec->tasks, &how->tasks_uid, &how->tasks_gid) < 0)
		return frame_failed(f);
	return 0;
}

static int check_spec(struct frame *f, const struct spec *spec, int argc)
{
	if (!argc && !spec->targets.n)
		return msg_usage(f, "no group named");
	if (f->like && argc)
		return msg_usage(f, "%s", "groups are named by -g CONTROLLERS:PATH");
	for (size_t i = 0; i < spec->targets.n; i++)
		if (!strchr(spec->targets.v[i], ':'))
			return msg_usage(f, "-g %s: not CONTROLLERS:PATH", spec->targets.v[i]);
	for (size_t i = 0; i < spec->values.n; i++)
		if (!strchr(spec->values.v[i], '='))
			return msg_usage(f, "-r %s: not NAME=VALUE", spec->values.v[i]);
	if (spec->owner && spec->admin)
		return msg_usage(f, "--owner and --admin exclude each other");
	return 0;
}

static int run(struct frame *f, void *data, int argc, char **argv)
{
	const struct spec *spec = data;
	cgx_set controllers = 0;
	struct cgx_create how;
	struct cgx_plan *p;
	int r = check_spec(f, spec, argc);

	if (!r)
		r = make_how(f, spec, &how);
	if (!r && spec->controllers)
		r = cgx_set_parse(f->cgx, spec->controllers, &controllers);
	if (!r)
		r = plan_new(f, &p);
	if (r)
		return r;
	for (size_t i = 0; !r && i < spec->targets.n; i++)
		r = plan_target(f, p, spec, &how, controllers, spec->targets.v[i]);
	for (int i = 0; !r && i < argc; i++)
		r = plan_target(f, p, spec, &how, controllers, argv[i]);
	if (!r)
		r = apply_plan(f, p);
	cgx_plan_free(p);
	return r;
}

static const struct tool tool = {
	.name = "cgx-create",
	.summary = "Make groups, with their parents",
	.synopsis = synopsis,
	.description = "On v2 the controllers are enabled down the path. When something fails, nothing is left behind.",
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
