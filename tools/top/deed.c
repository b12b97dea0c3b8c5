/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is to be done to a group. */
#include "deed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/apply.h"

enum deed_kind { DEED_KILL, DEED_FREEZE, DEED_THAW, DEED_SET };
enum { PATIENCE_MS = 3000 }; /* as long as a screen may stand still */

struct deed {
	enum deed_kind kind;
	struct cgx *cgx;
	struct cgx_group *group;
	struct cgx_plan *plan;
	size_t processes, groups_below;
	char *question;
	char **step;
	size_t steps;
};

struct deed *deed_free(struct deed *d)
{
	if (!d)
		return NULL;
	cgx_plan_free(d->plan);
	cgx_group_close(d->group);
	for (size_t i = 0; i < d->steps; i++)
		free(d->step[i]);
	free(d->step);
	free(d->question);
	free(d);
	return NULL;
}

const char *deed_question(const struct deed *d)
{
	return d->question;
}

const char *deed_step(const struct deed *d, size_t index)
{
	return index < d->steps ? d->step[index] : NULL;
}

static int add_step(struct deed *d, struct buf *text)
{
	char **more = realloc(d->step, (d->steps + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	d->step = more;
	if (buf_steal(text, &d->step[d->steps]) < 0)
		return -ENOMEM;
	d->steps++;
	return 0;
}

/* ---- looking ---- */

static size_t count_in(struct cgx_group *g)
{
	struct cgx_tasks *t;
	size_t n = 0;
	pid_t pid;

	if (cgx_tasks_open(g, 0, &t))
		return 0;
	while (cgx_tasks_next(t, &pid) > 0)
		n++;
	cgx_tasks_close(t);
	return n;
}

/* Processes of the group and of those below, as the deed will meet them. */
static int count_below(struct deed *d, const char *path)
{
	struct cgx_walk *w;
	struct cgx_entry e;
	int r = cgx_walk_open(d->cgx, path, 0, -1, &w);

	if (r < 0)
		return r;
	while ((r = cgx_walk_next(w, &e)) > 0) {
		struct cgx_group *g;

		d->groups_below += e.depth > 0;
		if (cgx_group_open(d->cgx, e.path, 0, &g))
			continue;
		d->processes += count_in(g);
		cgx_group_close(g);
	}
	cgx_walk_close(w);
	return r;
}

static int look(struct cgx *cgx, const char *path, enum deed_kind kind, struct deed **ret)
{
	struct deed *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return -ENOMEM;
	d->cgx = cgx;
	d->kind = kind;
	r = cgx_group_open(cgx, path, 0, &d->group);
	if (!r)
		r = cgx_plan_new(cgx, &d->plan);
	if (!r && kind != DEED_SET)
		r = count_below(d, path);
	if (r < 0) {
		deed_free(d);
		return r;
	}
	*ret = d;
	return 0;
}

/* "Kill 3 processes in web and 2 groups below?" */
static int ask(struct deed *d, const char *verb)
{
	AUTO_BUF struct buf b = { 0 };

	buf_printf(&b, "%s %zu process%s in %s", verb, d->processes, d->processes == 1 ? "" : "es",
		   cgx_group_path(d->group));
	if (d->groups_below)
		buf_printf(&b, " and %zu group%s below", d->groups_below, d->groups_below == 1 ? "" : "s");
	buf_puts(&b, "?");
	return buf_steal(&b, &d->question);
}

/* ---- planning ---- */

static int add_described(struct deed *d, const struct cgx_step *s)
{
	AUTO_BUF struct buf b = { 0 };

	apply_describe(&b, s);
	return add_step(d, &b);
}

static int show_plan(struct deed *d)
{
	struct cgx_step s;
	int r = 0;

	for (size_t i = 0; !r && cgx_plan_step(d->plan, i, &s) >= 0; i++)
		r = add_described(d, &s);
	return r;
}

/* A line for each freezer that the group has: cgx_group_freeze() and cgx_group_kill() go through them all. */
static int show_freezers(struct deed *d, const char *v1, const char *v2)
{
	int r = 0;

	for (size_t i = 0; !r && cgx_hierarchy_at(d->cgx, i); i++) {
		const struct cgx_hierarchy *h = cgx_hierarchy_at(d->cgx, i);
		const char *path = cgx_group_path_in(d->group, h);
		int second = cgx_hierarchy_version(h) == 2;
		struct cgx_step s = { CGX_V_WRITE, h, path, .file = second ? "cgroup.freeze" : "freezer.state",
				      .value = second ? v2 : v1 };

		if (path && s.value && (second || cgx_hierarchy_controllers(h) & CGX_C_FREEZER))
			r = add_described(d, &s);
	}
	return r;
}

/* By the kernel's switch, or signal by signal while the group is held. */
static int show_kill(struct deed *d)
{
	AUTO_BUF struct buf b = { 0 };
	int r = 0;

	if (!cgx_plan_set(d->plan, d->group, "cgroup.kill", "1"))
		r = show_plan(d);
	if (!r)
		r = show_freezers(d, "FROZEN, and THAWED at the end", NULL);
	if (r)
		return r;
	buf_printf(&b, "SIGKILL to %zu process%s", d->processes, d->processes == 1 ? "" : "es");
	return add_step(d, &b);
}

int deed_kill(struct cgx *cgx, const char *path, struct deed **ret)
{
	struct deed *d = NULL;
	int r = look(cgx, path, DEED_KILL, &d);

	if (!r)
		r = show_kill(d);
	if (!r)
		r = ask(d, "Kill");
	if (r < 0) {
		deed_free(d);
		return r;
	}
	*ret = d;
	return 0;
}

int deed_freeze(struct cgx *cgx, const char *path, int frozen, struct deed **ret)
{
	struct deed *d = NULL;
	int r = look(cgx, path, frozen ? DEED_FREEZE : DEED_THAW, &d);

	if (!r)
		r = cgx_plan_set(d->plan, d->group, "cgroup.freeze", frozen ? "1" : "0");
	if (!r)
		r = frozen ? show_freezers(d, "FROZEN", "1") : show_freezers(d, "THAWED", "0");
	if (!r)
		r = ask(d, frozen ? "Freeze" : "Thaw");
	if (r < 0) {
		deed_free(d);
		return r;
	}
	*ret = d;
	return 0;
}

/* memory.max=64M, also with blanks around the "=". */
static int plan_assignment(struct deed *d, const char *assignment)
{
	size_t n = strcspn(assignment, "="), end = n;
	AUTO_FREE char *name = NULL;

	while (end && assignment[end - 1] == ' ')
		end--;
	name = strndup(assignment, end);
	if (!name)
		return -ENOMEM;
	if (assignment[n])
		n++;
	n += strspn(assignment + n, " ");
	return cgx_plan_set(d->plan, d->group, name, assignment + n);
}

int deed_set(struct cgx *cgx, const char *path, const char *assignment, struct deed **ret)
{
	AUTO_BUF struct buf b = { 0 };
	struct deed *d = NULL;
	int r = look(cgx, path, DEED_SET, &d);

	if (!r)
		r = plan_assignment(d, assignment);
	if (!r)
		r = show_plan(d);
	if (!r) {
		buf_printf(&b, "Set %s of %s?", assignment, cgx_group_path(d->group));
		r = buf_steal(&b, &d->question);
	}
	if (r < 0) {
		deed_free(d);
		return r;
	}
	*ret = d;
	return 0;
}

/* ---- doing ---- */

static void tell_kept(const struct deed *d, struct buf *told)
{
	struct cgx_step s;

	for (size_t i = 0; cgx_plan_step(d->plan, i, &s) >= 0; i++)
		if (s.kept)
			buf_printf(told, "; the kernel keeps %s for %s", s.kept, s.value);
}

int deed_do(struct deed *d, struct buf *told)
{
	static const char *const done[] = { "killed", "frozen", "thawed", "set" };
	int r = -EINVAL;

	switch (d->kind) {
	case DEED_KILL:
		r = cgx_group_kill(d->group, PATIENCE_MS);
		break;
	case DEED_FREEZE:
	case DEED_THAW:
		r = cgx_group_freeze(d->group, d->kind == DEED_FREEZE, PATIENCE_MS);
		break;
	case DEED_SET:
		r = cgx_plan_apply(d->plan);
		break;
	}
	if (r < 0) {
		buf_puts(told, cgx_error(d->cgx));
		if (*cgx_remedy(d->cgx))
			buf_printf(told, " (%s)", cgx_remedy(d->cgx));
		return r;
	}
	buf_printf(told, "%s: %s", cgx_group_path(d->group), done[d->kind]);
	tell_kept(d, told);
	return 0;
}
