/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The group of a sandbox. */
#include "sandbox/place.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "exec/limits.h"
#include "exec/removal.h"
#include "systemd/scope.h"
#include "util/cleanup.h"

static int make_with(struct launch *l, cgx_set set)
{
	static const struct cgx_create how = {
		.size = sizeof(how), .uid = (uid_t)-1, .gid = (gid_t)-1, .tasks_uid = (uid_t)-1, .tasks_gid = (gid_t)-1,
		.flags = CGX_CREATE_EXCL,
	};
	struct cgx_plan *p = NULL;
	char name[96];
	int r;

	snprintf(name, sizeof(name), "cgx-sandbox-%s", l->spec->name);
	r = cgx_group_open_temporary(l->cgx, name, set, &l->group);
	if (!r)
		r = cgx_plan_new(l->cgx, &p);
	if (!r && !l->scoped)
		cgx_plan_force(p); /* the group is ours, wherever it lies */
	if (!r && l->on_group)
		r = l->on_group(l);
	if (!r)
		r = cgx_plan_create(p, l->group, &how);
	if (!r)
		r = limits_plan(p, l->group, (const char *const *)l->spec->limits.v, l->spec->limits.n);
	if (!r)
		r = cgx_plan_apply(p);
	cgx_plan_free(p);
	if (r)
		l->group = cgx_group_close(l->group);
	return r;
}

/* The monitor's own: page cache of what it unpacks and copies, and a few helpers. */
#define OWN_TASKS 8
#define OWN_BYTES (64u << 20)

/* Where systemd owns the groups around, the monitor goes into a scope of its own; the sandbox's group lies beside it. */
static int take_scope(struct launch *l)
{
	AUTO_BUF struct buf why = { 0 }, remedy = { 0 };
	struct scope s = { .values = (const char *const *)l->spec->limits.v, .n_values = l->spec->limits.n, .tasks = OWN_TASKS,
			   .bytes = OWN_BYTES };
	int need = scope_needed(l->cgx, l->spec->systemd), r;
	char name[96];

	if (need <= 0)
		return need ? launch_fail(l, need, "--systemd=yes", "start a scope", "%s", scope_lacks(l->cgx)) : 0;
	snprintf(name, sizeof(name), "cgx-sandbox-%s", l->spec->name);
	scope_name(&s, name);
	r = scope_enter(l->cgx, &s, &why, &remedy);
	l->scoped = !r;
	/* who asks for no limit runs where he is */
	if (!r || scope_can_do_without(l->spec->systemd, r) || (l->spec->systemd == SCOPE_AUTO && !s.n_values))
		return 0;
	launch_fail(l, r, s.name, "start the scope", "%s", buf_text(&why));
	launch_advise(l, "%s", buf_text(&remedy));
	return r;
}

/* What limits must be there; what only counts is taken where it is to be had. */
static cgx_set needed(const struct launch *l)
{
	return limits_controllers((const char *const *)l->spec->limits.v, l->spec->limits.n);
}

static cgx_set counting(const struct launch *l)
{
	/* each v1 hierarchy costs a directory: io is counted where that is free, or limited */
	return CGX_C_MEMORY | CGX_C_PIDS | CGX_C_CPUACCT | CGX_C_FREEZER |
	       (cgx_layout(l->cgx) == CGX_LAYOUT_UNIFIED ? CGX_C_IO : 0);
}

/* Where v1 has all that is wanted. On v2 a process is born into its group, or waits for the kernel's locks. */
int place_joins_later(const struct launch *l)
{
	cgx_set v1 = 0;

	for (size_t i = 0; cgx_hierarchy_at(l->cgx, i); i++) {
		const struct cgx_hierarchy *h = cgx_hierarchy_at(l->cgx, i);

		if (cgx_hierarchy_version(h) == 1)
			v1 |= cgx_hierarchy_controllers(h);
	}
	return !((needed(l) | counting(l)) & ~v1);
}

static int move_child(struct launch *l)
{
	struct cgx_plan *p = NULL;
	int r = cgx_plan_new(l->cgx, &p);

	if (!r)
		cgx_plan_force(p);
	if (!r)
		r = cgx_plan_move(p, l->group, l->pid, 0);
	if (!r)
		r = cgx_plan_apply(p);
	cgx_plan_free(p);
	return r;
}

/* The child is there already. */
static int open_doors(struct launch *l)
{
	int r = l->joins_later && l->group ? cgx_doors(l->group, l->door, MOST_DOORS) : 0;

	if (r == -ENOTSUP)
		return move_child(l);
	if (r < 0)
		return r;
	l->n_doors = (size_t)r;
	return 0;
}

int place_make(struct launch *l)
{
	cgx_set need = needed(l);
	int r = take_scope(l);

	if (r)
		return r;
	r = make_with(l, need | counting(l));
	if (r == -EACCES || r == -EPERM || r == -ENODEV || r == -EBUSY || r == -ENOENT)
		r = make_with(l, need ? need : CGX_C_CORE);
	/* who asks for no limit, and has no groups of his own, stays in the one he is in */
	if (r && !need && (r == -EACCES || r == -EPERM || r == -EROFS || r == -ENOENT || r == -ENOTSUP ||
			   r == -ENODEV))
		return l->on_group ? l->on_group(l) : 0;
	if (!r)
		r = open_doors(l);
	if (!r)
		return 0;
	if (l->words.len)
		return r;
	launch_fail(l, r, "", "", "%s", cgx_error(l->cgx));
	launch_advise(l, "%s", cgx_remedy(l->cgx));
	return r;
}

int place_enter(struct launch *l)
{
	for (size_t i = 0; i < l->n_doors; i++)
		if (write(l->door[i], "0", 1) != 1)
			return launch_fail(l, -errno, l->spec->name, "join its group", NULL);
	return 0;
}

/* With its first process everything in it has gone, mostly. */
void place_remove(struct launch *l)
{
	if (!l->group)
		return;
	if (removal_of(l->cgx, l->group, 0) < 0)
		removal_of(l->cgx, l->group, CGX_DELETE_RECURSIVE | CGX_DELETE_KILL);
	l->group = cgx_group_close(l->group);
}
