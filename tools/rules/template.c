/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a template to the steps that make its group. */
#include "rules/template.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/num.h"

/* ---- permissions ---- */

static int find_id(const char *name, int of_group, id_t *ret)
{
	const struct passwd *pw;
	const struct group *gr;
	uint64_t id;

	if (!name)
		return 0;
	if (!num_u64(name, &id) && id < UINT32_MAX) {
		*ret = (id_t)id;
		return 0;
	}
	if (of_group) {
		gr = getgrnam(name);
		if (gr)
			*ret = gr->gr_gid;
		return gr ? 0 : -EINVAL;
	}
	pw = getpwnam(name);
	if (pw)
		*ret = pw->pw_uid;
	return pw ? 0 : -EINVAL;
}

/* 0, or -EINVAL and the name that nobody has. */
static int take_perm(const struct cgx_config_perm *p, struct cgx_create *ret, const char **unknown)
{
	const struct {
		const char *name;
		int of_group;
		id_t *to;
	} ids[] = {
		{ p->admin_uid, 0, &ret->uid }, { p->admin_gid, 1, &ret->gid },
		{ p->task_uid, 0, &ret->tasks_uid }, { p->task_gid, 1, &ret->tasks_gid },
	};

	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
		if (find_id(ids[i].name, ids[i].of_group, ids[i].to)) {
			*unknown = ids[i].name;
			return -EINVAL;
		}
	ret->dir_mode = p->admin_dperm > 0 ? (unsigned)p->admin_dperm : 0;
	ret->file_mode = p->admin_fperm > 0 ? (unsigned)p->admin_fperm : 0;
	ret->tasks_mode = p->task_fperm > 0 ? (unsigned)p->task_fperm : 0;
	return 0;
}

static struct cgx_create nobody(void)
{
	return (struct cgx_create){ .size = sizeof(struct cgx_create), .uid = (uid_t)-1, .gid = (gid_t)-1,
				    .tasks_uid = (uid_t)-1, .tasks_gid = (gid_t)-1 };
}

/* ---- before the first group ---- */

static int controller_bit(struct cgx *cgx, const char *name, cgx_set *ret)
{
	*ret = CGX_C_CORE;
	return strcmp(name, "cgroup") ? cgx_set_parse(cgx, name, ret) : 0; /* libcgroup's name for the v2 tree itself */
}

static int check_setting(struct cgx *cgx, const struct cgx_rules_template *t, const struct cgx_config_setting *s,
			 struct buf *why)
{
	AUTO_FREE char *value = NULL;
	cgx_set set;
	int r = controller_bit(cgx, s->controller, &set);

	if (!r && s->name)
		r = cgx_setting_check(cgx, s->name, s->value, &value);
	if (r == -ENOMEM)
		return r;
	if (r)
		buf_printf(why, "%s:%u: %s", t->file, s->line, cgx_error(cgx));
	return r ? -EINVAL : 0;
}

static int check_one(struct cgx *cgx, const struct cgx_rules_template *t, struct buf *why)
{
	struct cgx_config_setting s;
	struct cgx_create how = nobody();
	const char *unknown = NULL;
	int r = t->block.has_perm ? take_perm(&t->block.perm, &how, &unknown) : 0;

	if (r)
		buf_printf(why, "%s:%u: template %s: perm: there is no user or group %s", t->file, t->block.line, t->block.name,
			   unknown);
	for (size_t i = 0; !r && !cgx_config_setting(t->config, t->index, i, &s); i++)
		r = check_setting(cgx, t, &s, why);
	return r;
}

int templates_check(struct cgx *cgx, const struct cgx_rules *rules, struct buf *why)
{
	struct cgx_rules_template t;
	int r = 0;

	for (size_t i = 0; !r && !cgx_rules_template_at(rules, i, &t); i++)
		r = check_one(cgx, &t, why);
	return r;
}

/* ---- one group ---- */

static int same_path(const char *a, const char *b)
{
	size_t n, m;

	a += strspn(a, "/");
	b += strspn(b, "/");
	for (n = strlen(a); n && a[n - 1] == '/'; n--)
		;
	for (m = strlen(b); m && b[m - 1] == '/'; m--)
		;
	return n && n == m && !strncmp(a, b, n);
}

int template_find(const struct cgx_rules *r, size_t index, struct cgx_rules_template *ret)
{
	struct cgx_rule rule;

	if (cgx_rules_at(r, index, &rule))
		return 0;
	for (size_t i = 0; !cgx_rules_template_at(r, i, ret); i++)
		if (same_path(rule.destination, ret->block.name))
			return 1;
	return 0;
}

static int is_mounted(struct cgx *cgx, cgx_set set)
{
	struct cgx_group *g;

	if (cgx_group_open(cgx, "/", set, &g))
		return 0;
	cgx_group_close(g);
	return 1;
}

static void leave_out(struct buf *b, const struct cgx_rules_template *t, const struct cgx_config_setting *s, const char *why)
{
	buf_printf(b, "%s%s:%u: %s is left out: %s", b->len ? "; " : "", t->file, s->line, s->name ? s->name : s->controller, why);
}

/* The controllers of a template that this host has. */
static cgx_set controllers_of(struct cgx *cgx, const struct cgx_rules_template *t, struct buf *left_out)
{
	struct cgx_config_setting s;
	const char *last = "";
	cgx_set all = 0;

	for (size_t i = 0; !cgx_config_setting(t->config, t->index, i, &s); i++) {
		cgx_set one = 0;

		if (!strcmp(s.controller, last))
			continue;
		last = s.controller;
		if (!controller_bit(cgx, s.controller, &one) && is_mounted(cgx, one))
			all |= one;
		else
			leave_out(left_out, t, &s, "this controller is mounted nowhere here");
	}
	return all;
}

static int open_group(struct cgx *cgx, struct cgx_rules *r, size_t index, const struct cgx_subject *who,
		      const struct cgx_rules_template *t, struct buf *left_out, cgx_set *all, struct cgx_group **ret)
{
	AUTO_FREE char *path = NULL;
	struct cgx_rule rule;
	int err = cgx_rules_path(r, index, who, &path);

	if (err)
		return err;
	cgx_rules_at(r, index, &rule);
	*all = controllers_of(cgx, t, left_out);
	return cgx_group_open(cgx, path, rule.controllers ? rule.controllers : *all, ret);
}

static int plan_setting(struct cgx *cgx, const struct cgx_rules_template *t, const struct cgx_config_setting *s,
			struct cgx_group *g, struct cgx_plan *plan, struct buf *left_out)
{
	int err = cgx_plan_set(plan, g, s->name, s->value);

	/* what another layout, kernel or mount lacks is no fault of the file */
	if (err != -EOPNOTSUPP && err != -ENODEV && err != -ENOENT)
		return err;
	leave_out(left_out, t, s, cgx_error(cgx));
	return 0;
}

/* 1: a controller that the rule leaves out, or that is not here. */
static int is_foreign(struct cgx *cgx, const struct cgx_config_setting *s, cgx_set all, cgx_set wanted)
{
	cgx_set one = 0;

	return controller_bit(cgx, s->controller, &one) || !(one & all) || (wanted && one != CGX_C_CORE && !(one & wanted));
}

static int plan_group(struct cgx *cgx, const struct cgx_rules_template *t, cgx_set all, cgx_set wanted, struct cgx_group *g,
		      struct cgx_plan *plan, struct buf *left_out)
{
	struct cgx_create how = nobody();
	struct cgx_config_setting s;
	const char *unknown;
	int err = t->block.has_perm ? take_perm(&t->block.perm, &how, &unknown) : 0;

	if (!err)
		err = cgx_plan_create(plan, g, &how);
	for (size_t i = 0; !err && !cgx_config_setting(t->config, t->index, i, &s); i++)
		if (s.name && !is_foreign(cgx, &s, all, wanted))
			err = plan_setting(cgx, t, &s, g, plan, left_out);
	return err;
}

int template_plan(struct cgx *cgx, struct cgx_rules *r, size_t index, const struct cgx_subject *who,
		  const struct cgx_rules_template *t, struct cgx_plan *plan, struct buf *left_out, struct cgx_group **ret)
{
	AUTO_BUF struct buf out = { 0 };
	struct cgx_group *g;
	struct cgx_rule rule;
	cgx_set all = 0;
	int err = open_group(cgx, r, index, who, t, &out, &all, &g);

	if (err)
		return err;
	cgx_rules_at(r, index, &rule);
	if (!cgx_group_exists(g)) {
		err = plan_group(cgx, t, all, rule.controllers, g, plan, &out);
		buf_puts(left_out, buf_text(&out));
	} else {
		err = cgx_plan_create(plan, g, NULL); /* it may lack a controller */
	}
	if (err)
		cgx_group_close(g);
	else
		*ret = g;
	return err;
}
