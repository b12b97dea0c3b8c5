/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The group made for a command, in a scope of systemd where that owns the groups around. */
#include "exec/job.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "exec/limits.h"
#include "exec/removal.h"
#include "systemd/scope.h"
#include "ui/apply.h"
#include "ui/message.h"
#include "ui/text.h"
#include "util/buf.h"
#include "util/cleanup.h"

static int open_temporary(struct job *j, cgx_set set)
{
	char path[4600];

	if (!j->spec->under)
		return cgx_group_open_temporary(j->f->cgx, j->name, set, &j->group);
	snprintf(path, sizeof(path), "%s/%s", j->spec->under, j->name);
	return cgx_group_open(j->f->cgx, path, set, &j->group);
}

static int make_temporary_with(struct job *j, cgx_set set)
{
	static const struct cgx_create how = {
		.size = sizeof(how), .uid = (uid_t)-1, .gid = (gid_t)-1, .tasks_uid = (uid_t)-1, .tasks_gid = (gid_t)-1,
		.flags = CGX_CREATE_EXCL,
	};
	struct cgx_plan *p = NULL;
	int r = open_temporary(j, set);

	if (!r)
		r = plan_new(j->f, &p);
	if (!r && !j->spec->under && !j->scoped)
		cgx_plan_force(p); /* the group is ours, wherever it lies */
	if (!r)
		r = cgx_plan_create(p, j->group, &how);
	if (!r)
		r = limits_plan(p, j->group, j->spec->values.v, j->spec->values.n);
	if (!r)
		r = j->f->dry_run ? apply_plan(j->f, p) : cgx_plan_apply(p);
	cgx_plan_free(p);
	if (r)
		j->group = cgx_group_close(j->group);
	return r;
}

/* What counts what a report tells of; io costs a hierarchy more and is told when a report is asked for. */
static cgx_set counting(const struct exec_spec *spec)
{
	cgx_set set = CGX_C_MEMORY | CGX_C_PIDS | CGX_C_CPUACCT;

	if (spec->report == REPORT_TEXT || spec->report == REPORT_JSON || spec->report_to)
		set |= CGX_C_CPU | CGX_C_IO;
	return spec->report == REPORT_NONE ? CGX_C_PIDS : set;
}

/* A place may lack controllers that only count; those that limit must be there. */
static int make_temporary(struct job *j)
{
	cgx_set need = limits_controllers(j->spec->values.v, j->spec->values.n);
	int r = make_temporary_with(j, need | counting(j->spec));

	if (!need && cgx_layout(j->f->cgx) == CGX_LAYOUT_LEGACY)
		return r;
	if (!need)
		need = CGX_C_CORE;
	if (r == -EACCES || r == -EPERM || r == -ENODEV || r == -EBUSY || r == -ENOENT)
		r = make_temporary_with(j, need);
	return r;
}

/* A new name for each try: a run that was killed together with its guard may have left its group. */
int job_make_group(struct job *j)
{
	int r = -EEXIST;

	j->temporary = 1;
	for (int n = 0; r == -EEXIST && n < (j->spec->name ? 1 : 100); n++) {
		if (j->spec->name)
			snprintf(j->name, sizeof(j->name), "%s", j->spec->name);
		else
			snprintf(j->name, sizeof(j->name), n ? "cgx-exec-%d.%d" : "cgx-exec-%d", (int)getpid(), n);
		r = make_temporary(j);
	}
	return r;
}

/* The group of --under must be there: parents are not made for a moment. */
int job_check_under(struct job *j)
{
	struct cgx_group *g;
	int r;

	if (!j->spec->under)
		return 0;
	r = cgx_group_open(j->f->cgx, j->spec->under, 0, &g);
	if (r < 0)
		return r;
	if (!cgx_group_exists(g))
		r = msg_error(j->f, "make it with cgx-create, or leave --under away", "%s: make a group in it: there is no such group",
			      j->spec->under);
	cgx_group_close(g);
	return r;
}

/* ---- a scope ---- */

/* Beside cgx-exec there is its guard. */
#define OWN_TASKS 2
#define OWN_BYTES (8u << 20)

static int describe_scope(const struct job *j, const struct scope *s, const char *name)
{
	AUTO_BUF struct buf b = { 0 };
	int r = scope_describe(j->f->cgx, s, &b);

	if (r)
		return r;
	text_print(buf_text(&b));
	printf("\nmake %s/%s%s", s->name, name, s->n_values ? ":" : "");
	for (size_t i = 0; i < s->n_values; i++) {
		putchar(' ');
		text_print(s->values[i]);
	}
	putchar('\n');
	return 0;
}

static int ask_systemd(struct job *j, struct scope *s, const char *name)
{
	AUTO_BUF struct buf why = { 0 }, remedy = { 0 };
	int r = -EEXIST;

	scope_name(s, name);
	for (int n = 1; r == -EEXIST && n < (j->spec->name ? 2 : 100); n++) {
		char again[64];

		buf_reset(&why);
		r = scope_enter(j->f->cgx, s, &why, &remedy);
		snprintf(again, sizeof(again), "%.40s.%d", name, n);
		if (r == -EEXIST && !j->spec->name)
			scope_name(s, again);
	}
	j->scoped = !r;
	if (!r || r == -ENOMEM)
		return r;
	if (!scope_can_do_without(j->spec->systemd, r))
		return msg_error(j->f, remedy.len ? buf_text(&remedy) : NULL, "%s: start the scope: %s", s->name, buf_text(&why));
	if (r != -ENOPKG)
		msg_note(j->f, "%s; the group is made without it", buf_text(&why));
	return 0;
}

/* Where systemd owns the groups around, be in a scope of our own first. 1: a dry run has said all. */
int job_take_scope(struct job *j)
{
	struct scope s = { .values = j->spec->values.v, .n_values = j->spec->values.n, .tasks = OWN_TASKS, .bytes = OWN_BYTES };
	int here = !j->f->root || !strcmp(j->f->root, "/"), need;
	char name[32];

	if (j->spec->under || (j->spec->keep && j->spec->systemd == SCOPE_AUTO))
		return 0;
	need = scope_needed(j->f->cgx, j->spec->systemd);
	if (need == -ENOTSUP)
		return msg_error(j->f, "without it the group is made on the tree itself", "--systemd=yes: start a scope: %s",
				 scope_lacks(j->f->cgx));
	if (need <= 0 || (!here && !j->f->dry_run))
		return 0;
	snprintf(name, sizeof(name), "cgx-exec-%d", (int)getpid());
	scope_name(&s, j->spec->name ? j->spec->name : name);
	if (j->f->dry_run)
		return describe_scope(j, &s, j->spec->name ? j->spec->name : name) ? -ENOMEM : 1;
	return ask_systemd(j, &s, j->spec->name ? j->spec->name : name);
}

/* ---- the end ---- */

int job_remove_group(struct job *j)
{
	return removal_of(j->f->cgx, j->group, CGX_DELETE_RECURSIVE);
}
