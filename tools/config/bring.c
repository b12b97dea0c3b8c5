/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From groups as files name them to the steps of a plan. */
#include "bring.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "order.h"
#include "ui/message.h"
#include "ui/owner.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/num.h"

/* ---- what cannot be carried ---- */

/* What another layout, kernel or mount lacks is no fault of the file. */
static int cannot_carry(int r)
{
	return r == -EOPNOTSUPP || r == -ENODEV || r == -EROFS || r == -ENOENT;
}

static int leave_out(struct bring *b, const char *file, unsigned line, const char *what, const char *why, int in_first)
{
	if (in_first && b->round != BRING_MAKE)
		return 0; /* was said in the first round */
	if (b->strict)
		return msg_error(b->f, NULL, "%s:%u: %s: %s", file, line, what, why);
	msg_warn(b->f, "%s:%u: %s is left out: %s", file, line, what, why);
	return 0;
}

static int refused(struct bring *b, const char *file, unsigned line)
{
	AUTO_FREE char *words = strdup(cgx_error(b->f->cgx)), *remedy = strdup(cgx_remedy(b->f->cgx));

	if (!words || !remedy)
		return -ENOMEM;
	return msg_error(b->f, *remedy ? remedy : NULL, "%s:%u: %s", file, line, words);
}

/* What carries a controller is asked of the root group, once. */
static int is_mounted(struct bring *b, cgx_set set)
{
	struct cgx_group *g;

	if (!(set & ~b->mounted))
		return 1;
	if (cgx_group_open(b->f->cgx, "/", set, &g))
		return 0;
	cgx_group_close(g);
	b->mounted |= set;
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

static int take_perm(const struct bring *b, const struct cgx_config_perm *p, struct cgx_create *ret)
{
	int r = user_id(b->f, p->admin_uid, &ret->uid);

	if (!r)
		r = group_id(b->f, p->admin_gid, &ret->gid);
	if (!r)
		r = user_id(b->f, p->task_uid, &ret->tasks_uid);
	if (!r)
		r = group_id(b->f, p->task_gid, &ret->tasks_gid);
	ret->dir_mode = p->admin_dperm > 0 ? (unsigned)p->admin_dperm : 0;
	ret->file_mode = p->admin_fperm > 0 ? (unsigned)p->admin_fperm : 0;
	ret->tasks_mode = p->task_fperm > 0 ? (unsigned)p->task_fperm : 0;
	return r == -EINVAL ? frame_failed(b->f) : r;
}

struct cgx_create bring_how(void)
{
	return (struct cgx_create){ .size = sizeof(struct cgx_create), .uid = (uid_t)-1, .gid = (gid_t)-1,
				    .tasks_uid = (uid_t)-1, .tasks_gid = (gid_t)-1 };
}

/* Who owns a group is said by its perm alone. */
static struct cgx_create with_flags(const struct bring *b)
{
	struct cgx_create how = bring_how();

	how.flags = b->how.flags & ~CGX_CREATE_DELEGATE;
	return how;
}

/* A default block of the files, else what the caller says. */
static int default_perm(struct bring *b)
{
	if (!b->list->has_default)
		return 0;
	b->how = with_flags(b);
	return take_perm(b, &b->list->by_default, &b->how);
}

/* ---- one group ---- */

/* The controllers that a group of a file names, and those that its settings need, as far as they are mounted here. */
static int controllers_of(struct bring *b, const struct want *w, const char *only, cgx_set *ret)
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
		else if (s->controller && cgx_set_parse(b->f->cgx, s->controller, &one) < 0)
			r = leave_out(b, w->file, s->line, s->controller, "there is no such controller here", 1);
		if (r || !one || !(one & ~all))
			continue;
		if (is_mounted(b, one))
			all |= one;
		else if (s->controller)
			r = leave_out(b, w->file, s->line, s->controller, "this controller is mounted nowhere here", 1);
	}
	*ret = all;
	return r;
}

/* 1: the group is there and the setting has this value already. */
static int is_so(struct cgx *cgx, struct cgx_group *g, const char *name, const char *value)
{
	AUTO_FREE char *now = NULL, *want = NULL;
	const struct cgx_setting *row = cgx_setting_find(name);

	if (cgx_get(g, name, &now))
		return 0;
	if (!strcmp(now, value))
		return 1;
	if (row && cgx_setting_kind(row) == CGX_KIND_LIST)
		return order_has_all(now, value) && order_has_all(value, now);
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
static int is_unset_protection(const struct bring *b, const char *name, const char *value)
{
	const struct cgx_controller *c;
	int version = strcmp(name, "memory.low") ? strcmp(name, "memory.soft_limit_in_bytes") ? 0 : 1 : 2;

	for (size_t i = 0; version && (c = cgx_controller_at(b->f->cgx, i)); i++)
		if (cgx_controller_bit(c) == CGX_C_MEMORY && cgx_controller_hierarchy(c))
			return cgx_hierarchy_version(cgx_controller_hierarchy(c)) != version && says_nothing(name, value);
	return 0;
}

static int plan_line(struct bring *b, struct cgx_group *g, const struct want *w, const struct want_setting *s, const char *value)
{
	int r = is_unset_protection(b, s->name, value) ? 0 : cgx_plan_set(b->plan, g, s->name, value);
	AUTO_FREE char *why = NULL;

	if (!r || r == -ENOMEM || (cannot_carry(r) && says_nothing(s->name, value)))
		return r == -ENOMEM ? r : 0;
	if (!cannot_carry(r) || !cgx_setting_find(s->name))
		return refused(b, w->file, s->line);
	why = strdup(cgx_error(b->f->cgx));
	return why ? leave_out(b, w->file, s->line, s->name, why, 0) : -ENOMEM;
}

/* A value of several lines is as many writes: io.max has one a device. */
static int plan_value(struct bring *b, struct cgx_group *g, const struct want *w, const struct want_setting *s, int there)
{
	const char *line = s->value;
	int r = 0;

	if (there && is_so(b->f->cgx, g, s->name, s->value))
		return 0;
	if (!strchr(line, '\n'))
		return plan_line(b, g, w, s, line);
	while (!r && *line) {
		size_t len = strcspn(line, "\n");
		AUTO_FREE char *one = strndup(line, len);

		r = !one ? -ENOMEM : len ? plan_line(b, g, w, s, one) : 0;
		line += len + (line[len] == '\n');
	}
	return r;
}

/* ---- v1's cpusets ---- */

static int is_cpuset_list(const char *name)
{
	return !strcmp(name, "cpuset.cpus") || !strcmp(name, "cpuset.mems");
}

/* There a group has all that those below it have, at any moment. */
static int has_nested_cpusets(const struct bring *b)
{
	const struct cgx_controller *c;

	for (size_t i = 0; (c = cgx_controller_at(b->f->cgx, i)); i++)
		if (cgx_controller_bit(c) == CGX_C_CPUSET && cgx_controller_hierarchy(c))
			return cgx_hierarchy_version(cgx_controller_hierarchy(c)) == 1;
	return 0;
}

/* From above down groups get what they lack; then from below up they lose what they are not to have. */
static int plan_list(struct bring *b, struct cgx_group *g, const struct want *w, const struct want_setting *s, int there)
{
	AUTO_FREE char *now = NULL;
	AUTO_BUF struct buf both = { 0 };
	int grows;

	if (there && is_so(b->f->cgx, g, s->name, s->value))
		return 0;
	if (there && cgx_get(g, s->name, &now))
		now = NULL;
	/* one that is made begins with what the group above has */
	grows = now && *now && *s->value && !order_has_all(now, s->value);
	if (b->round == BRING_NARROW)
		return grows && order_has_all(s->value, now) ? 0 : plan_line(b, g, w, s, s->value);
	if (!grows)
		return 0;
	if (!order_has_all(s->value, now))
		buf_printf(&both, "%s,", now);
	buf_puts(&both, s->value);
	return both.err ? both.err : plan_line(b, g, w, s, buf_text(&both));
}

static int plan_setting(struct bring *b, struct cgx_group *g, const struct want *w, size_t i, int there)
{
	const struct want_setting *s = &w->setting[i];

	if (!s->name || order_is_replaced(w, i) || (b->round == BRING_SET) == (b->nested && is_cpuset_list(s->name)))
		return 0;
	return b->round == BRING_SET ? plan_value(b, g, w, s, there) : plan_list(b, g, w, s, there);
}

/* ---- groups ---- */

static int plan_at(struct bring *b, struct want *w, const char *path, const char *only, const struct cgx_create *how)
{
	struct cgx_group *g;
	cgx_set controllers;
	int there = w->there || b->made, r = controllers_of(b, w, only, &controllers);

	if (r || (!controllers && w->n))
		return r;
	r = cgx_group_open(b->f->cgx, path, controllers, &g);
	if (r)
		return r == -ENOMEM ? r : refused(b, w->file, w->line);
	if (b->round == BRING_MAKE) {
		r = cgx_plan_create(b->plan, g, how);
		if (r && r != -ENOMEM)
			r = refused(b, w->file, w->line);
		there = !r && !cgx_plan_makes(b->plan, g);
		w->there |= there;
		b->enabled |= there;
	}
	for (size_t i = 0; !r && b->round != BRING_MAKE && i < w->n; i++)
		if (!only || !strcmp(w->setting[i].controller, only))
			r = plan_setting(b, g, w, order_at(b->f->cgx, g, w, i), there);
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
static int plan_spaces(struct bring *b, struct want *w, const struct cgx_create *how)
{
	int r = 0;

	for (size_t i = 0; !r && i < w->n; i++) {
		const char *name = w->setting[i].controller, *space;
		AUTO_BUF struct buf path = { 0 };

		if (i && !strcmp(name, w->setting[i - 1].controller))
			continue;
		space = space_of(b->list, name);
		if (space)
			buf_printf(&path, "%s/", space);
		buf_puts(&path, w->path);
		r = path.err ? path.err : plan_at(b, w, buf_text(&path), name, how);
	}
	return r;
}

static int plan_want(struct bring *b, struct want *w)
{
	struct cgx_create how = w->has_perm ? with_flags(b) : b->how;
	int r = w->has_perm ? take_perm(b, &w->perm, &how) : 0;

	if (r > 0)
		msg_note(b->f, "%s:%u: that is of the permissions of %s", w->file, w->line, w->path);
	if (r)
		return r;
	return b->list->n_spaces && w->in_spaces ? plan_spaces(b, w, &how) : plan_at(b, w, w->path, NULL, &how);
}

/* ---- mounts ---- */

/* cgx mounts nothing: what is mounted already will do, wherever it is. */
static int check_mount(struct bring *b, const struct want_pair *m)
{
	AUTO_FREE char *first = strndup(m->controller, strncmp(m->controller, "name=", 5) ? strcspn(m->controller, ",") : 4096);
	cgx_set set;
	int r;

	if (!first)
		return -ENOMEM;
	r = cgx_set_parse(b->f->cgx, first, &set);
	if (r == -ENOMEM || (!r && is_mounted(b, set)))
		return r;
	return leave_out(b, m->file, m->line, m->controller, "it is not mounted, and cgx mounts nothing; see mount(8), -t cgroup",
			 1);
}

/* ---- all ---- */

static int names_lists(const struct want *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->setting[i].name && is_cpuset_list(w->setting[i].name))
			return 1;
	return 0;
}

static int plan_cpusets(struct bring *b, struct want *const *group)
{
	const size_t n = b->list->n;
	int r = 0;

	b->round = BRING_WIDEN;
	for (size_t i = 0; !r && i < n; i++)
		r = names_lists(group[i]) ? plan_want(b, group[i]) : 0;
	b->round = BRING_NARROW;
	for (size_t i = n; !r && i-- > 0;)
		r = names_lists(group[i]) ? plan_want(b, group[i]) : 0;
	return r;
}

int bring_plan(struct bring *b)
{
	struct want_list *l = b->list;
	AUTO_FREE struct want **group = order_groups(l);
	int r = group ? default_perm(b) : -ENOMEM;

	b->round = BRING_MAKE;
	for (size_t i = 0; !r && i < l->n_mounts; i++)
		r = check_mount(b, &l->mount[i]);
	for (size_t i = 0; !r && i < l->n; i++)
		r = plan_want(b, &l->want[i]);
	/* files of a controller come when it is enabled for a group that is there: only then can they be planned */
	if (!r && b->enabled && !b->f->dry_run) {
		r = cgx_plan_apply(b->plan);
		b->made = 1;
	}
	b->nested = has_nested_cpusets(b);
	if (!r && b->nested)
		r = plan_cpusets(b, group);
	b->round = BRING_SET;
	for (size_t i = 0; !r && i < l->n; i++)
		r = plan_want(b, &l->want[i]);
	return r;
}
