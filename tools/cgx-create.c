/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-create: make groups. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/bring.h"
#include "systemd/scope.h"
#include "ui/apply.h"
#include "ui/frame.h"
#include "ui/message.h"
#include "ui/owner.h"
#include "ui/target.h"
#include "ui/text.h"
#include "util/cleanup.h"

struct spec {
	int libcgroup_b;
	struct strings targets, values;
	const char *controllers, *from, *owner, *admin, *tasks;
	int systemd, strict;
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
	{ 0, "from", "FILE", OPT_STRING, offsetof(struct spec, from),
	  "make the groups of this file, or those named of them", COMPLETE_FILE, .who = WHO_NATIVE },
	{ 0, "strict", NULL, OPT_FLAG, offsetof(struct spec, strict),
	  "--from: fail when something cannot be carried to this host", .who = WHO_NATIVE },
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
	{ 0, "systemd", "WHEN", OPT_ENUM, offsetof(struct spec, systemd),
	  "as a delegated scope of systemd: auto, yes or no", .who = WHO_NATIVE, .choices = scope_modes },
	{ 0, "exclusive", NULL, OPT_BIT, offsetof(struct spec, flags), "fail when the group is there already",
	  .who = WHO_NATIVE, .value = CGX_CREATE_EXCL },
	{ 'b', NULL, NULL, OPT_FLAG, offsetof(struct spec, libcgroup_b), "taken for libcgroup's sake; names are whole here",
	  .who = WHO_COMPAT },
	OPT_END
};

static const char *const synopsis[] = { "[-c LIST] [-r NAME=VALUE]... GROUP...", "--from FILE [GROUP...]", "-g CONTROLLERS:PATH...", NULL };
static const struct example examples[] = {
	{ "cgx-create web/api", "make web and web/api" },
	{ "cgx-create -r memory.max=1G -r pids.max=200 web", "with two limits, or not at all" },
	{ "cgx-create --owner alice alice", "a subtree that alice runs herself" },
	{ "cgx-create --from /etc/cgconfig.conf web", "web and what is below it, as the file has them" },
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

static int plan_group(struct frame *f, struct cgx_plan *p, const struct spec *spec, const struct cgx_create *how,
		      cgx_set controllers, const char *path)
{
	struct cgx_group *g;
	int r = cgx_group_open(f->cgx, path, controllers | needed(spec), &g);

	if (r < 0)
		return r;
	r = cgx_plan_create(p, g, how);
	if (!r)
		r = plan_values(p, g, spec);
	cgx_group_close(g);
	return r;
}

/* ---- as a scope of systemd ---- */

static int exists(struct frame *f, const char *path)
{
	struct cgx_group *g;
	int r = cgx_group_open(f->cgx, path, 0, &g);

	if (r < 0)
		return 0;
	r = cgx_group_exists(g) != 0;
	cgx_group_close(g);
	return r;
}

/* Root makes groups beside the slices; a user may make none there, and has a manager that makes scopes. */
static int wants_scope(struct frame *f, const struct spec *spec, const char *path)
{
	AUTO_FREE char *first = NULL;
	struct cgx_unit u;

	if (spec->systemd == SCOPE_NO || *path == '.')
		return 0;
	if (!cgx_systemd(f->cgx) || cgx_layout(f->cgx) != CGX_LAYOUT_UNIFIED)
		return spec->systemd == SCOPE_YES ? -ENOTSUP : 0;
	path += strspn(path, "/");
	if (!*path || cgx_unit_of(f->cgx, path, &u) == 1)
		return 0;
	if (spec->systemd == SCOPE_YES)
		return 1;
	first = strndup(path, strcspn(path, "/"));
	return geteuid() && first && !exists(f, first);
}

/* "web" is the scope itself, whose limits are properties; "web/api" is a group in the scope. */
static int fill_scope(struct frame *f, const struct spec *spec, const struct cgx_create *how, cgx_set controllers,
		      const struct scope *s, const char *below)
{
	AUTO_BUF struct buf path = { 0 };
	struct cgx_plan *p = NULL;
	int r = plan_new(f, &p);

	buf_printf(&path, "%s%s", s->path, below);
	if (!r && path.err)
		r = path.err;
	if (!r && *below)
		r = plan_group(f, p, spec, how, controllers, buf_text(&path));
	if (!r)
		r = apply_plan(f, p);
	cgx_plan_free(p);
	return r;
}

static void tell_scope(const struct frame *f, const struct scope *s, const char *path, const char *below)
{
	AUTO_BUF struct buf b = { 0 };

	buf_printf(&b, "%s is %s%s, in a scope of systemd; systemctl%s stop %s removes it", path, s->path, below,
		   geteuid() ? " --user" : "", s->name);
	msg_note(f, "%s", buf_text(&b));
}

static int describe_scope(struct frame *f, const struct spec *spec, const struct scope *s, const char *below)
{
	AUTO_BUF struct buf b = { 0 };
	int r = scope_describe(f->cgx, s, &b);

	if (r)
		return r;
	text_print(buf_text(&b));
	putchar('\n');
	if (!*below)
		return 0;
	buf_reset(&b);
	buf_printf(&b, "make %s%s%s", s->name, below, spec->values.n ? ":" : "");
	for (size_t i = 0; i < spec->values.n; i++)
		buf_printf(&b, " %s", spec->values.v[i]);
	text_print(buf_text(&b));
	putchar('\n');
	return b.err;
}

/* What has no property cannot be set on the scope itself. */
static int check_properties(struct frame *f, const struct spec *spec)
{
	for (size_t i = 0; i < spec->values.n; i++) {
		const char *eq = strchr(spec->values.v[i], '=');
		AUTO_FREE char *name = strndup(spec->values.v[i], (size_t)(eq - spec->values.v[i]));
		char **list = NULL;
		int n = name ? cgx_unit_properties(f->cgx, name, eq + 1, &list) : -ENOMEM;

		cgx_list_free(list);
		if (n < 0)
			return n;
		if (!n)
			return msg_error(f, "set it on a group in the scope: NAME/GROUP", "%s: as a property of a scope: "
					 "systemd has none for it", name);
	}
	return 0;
}

/* Sets *ret_made unless it has to be made on the tree. */
static int make_scope(struct frame *f, const struct spec *spec, const struct cgx_create *how, cgx_set controllers,
		      const char *path, int *ret_made)
{
	AUTO_BUF struct buf why = { 0 }, remedy = { 0 };
	const char *below = path + strcspn(path, "/");
	AUTO_FREE char *first = strndup(path, (size_t)(below - path));
	struct scope s = { .tasks = 1 };
	int r = first ? 0 : -ENOMEM;

	if (!r && !*below) {
		s.values = spec->values.v;
		s.n_values = spec->values.n;
		r = check_properties(f, spec);
	}
	if (r)
		return r;
	scope_name(&s, first);
	*ret_made = 1;
	if (f->dry_run)
		return describe_scope(f, spec, &s, below);
	r = scope_hold(&s.pid);
	if (r < 0)
		return msg_errno(f, r, s.name, "start the process that keeps it");
	r = scope_enter(f->cgx, &s, &why, &remedy);
	if (r < 0) {
		kill(s.pid, SIGKILL);
		if (spec->systemd == SCOPE_AUTO && (r == -ENOENT || r == -ENOPKG))
			return *ret_made = 0; /* the kernel has its own words */
		return msg_error(f, remedy.len ? buf_text(&remedy) : NULL, "%s: start the scope: %s", s.name, buf_text(&why));
	}
	r = fill_scope(f, spec, how, controllers, &s, below);
	if (r) {
		kill(s.pid, SIGKILL);
		return r;
	}
	tell_scope(f, &s, path, below);
	return 0;
}

static int plan_target(struct frame *f, struct cgx_plan *p, const struct spec *spec, const struct cgx_create *how,
		       cgx_set controllers, const char *text)
{
	cgx_set from_text;
	const char *path;
	int r = target_parse(f->cgx, text, &from_text, &path), here = !f->root || !strcmp(f->root, "/");
	int made = 0;

	if (r < 0)
		return r;
	if (!from_text)
		from_text = controllers ? controllers : CGX_C_USUAL;
	r = here || (f->dry_run && spec->systemd == SCOPE_YES) ? wants_scope(f, spec, path) : 0;
	if (r == -ENOTSUP)
		return msg_error(f, "without it the group is made on the tree itself", "--systemd=yes: start a scope: %s",
				 scope_lacks(f->cgx));
	if (r == 1)
		r = make_scope(f, spec, how, from_text, path + strspn(path, "/"), &made);
	if (r || made)
		return r;
	return plan_group(f, p, spec, how, from_text, path);
}

static int make_how(struct frame *f, const struct spec *spec, struct cgx_create *how)
{
	const char *owner = spec->owner ? spec->owner : spec->admin;

	*how = bring_how();
	how->dir_mode = spec->dir_mode;
	how->file_mode = spec->file_mode;
	how->tasks_mode = spec->tasks_mode;
	how->flags = spec->flags | (spec->owner ? CGX_CREATE_DELEGATE : 0);
	if (owner && owner_parse(f, owner, &how->uid, &how->gid) < 0)
		return frame_failed(f);
	if (spec->tasks && owner_parse(f, spec->tasks, &how->tasks_uid, &how->tasks_gid) < 0)
		return frame_failed(f);
	return 0;
}

/* ---- from a file ---- */

static int plan_from(struct frame *f, struct cgx_plan *p, const struct spec *spec, const struct cgx_create *how, int n,
		     char **names)
{
	struct want_list list = { 0 };
	struct bring b = { .f = f, .list = &list, .plan = p, .how = *how, .strict = spec->strict };
	int r = want_read(f, spec->from, &list);

	if (!r && n)
		r = want_keep(f, spec->from, names, (size_t)n, &list);
	if (!r)
		r = bring_plan(&b);
	if (r < 0)
		r = msg_failed(f, r);
	if (r && cgx_plan_undo(p) < 0)
		msg_fail(f);
	want_free(&list);
	return r;
}

static int check_from(struct frame *f, const struct spec *spec)
{
	if (spec->controllers || spec->values.n)
		return msg_usage(f, "--from: the file says controllers and values; %s does not go with it",
				 spec->controllers ? "-c" : "-r");
	if (spec->targets.n)
		return msg_usage(f, "--from: groups of the file are named without -g");
	if (spec->systemd == SCOPE_YES)
		return msg_usage(f, "--from: groups of a file are made on the tree, and not as scopes");
	return 0;
}

static int check_spec(struct frame *f, const struct spec *spec, int argc)
{
	if (spec->from)
		return check_from(f, spec);
	if (spec->strict)
		return msg_usage(f, "--strict goes with --from");
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
	if (spec->from)
		r = plan_from(f, p, spec, &how, argc, argv);
	for (size_t i = 0; !r && i < spec->targets.n; i++)
		r = plan_target(f, p, spec, &how, controllers, spec->targets.v[i]);
	for (int i = 0; !r && !spec->from && i < argc; i++)
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
