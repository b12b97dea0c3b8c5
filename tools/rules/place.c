/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a process to its groups. */
#include "rules/place.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "rules/template.h"
#include "ui/message.h"
#include "util/cleanup.h"

/* Names are asked for only where a destination has them: a user database may be slow. */
static int asks_for(const struct cgx_rules *r, const struct placing *p, const char *variable)
{
	struct cgx_rule rule;

	for (size_t i = p->first; i < p->first + p->n; i++)
		if (!cgx_rules_at(r, i, &rule) && strstr(rule.destination, variable))
			return 1;
	return 0;
}

static void name_it(const struct cgx_rules *r, struct placing *p)
{
	const struct passwd *pw = asks_for(r, p, "%u") ? getpwuid(p->who.uid) : NULL;
	const struct group *gr;

	buf_reset(&p->user);
	buf_reset(&p->group);
	if (pw) {
		buf_puts(&p->user, pw->pw_name);
		p->who.user = p->user.s;
	}
	gr = asks_for(r, p, "%g") ? getgrgid(p->who.gid) : NULL;
	if (gr) {
		buf_puts(&p->group, gr->gr_name);
		p->who.group = p->group.s;
	}
}

void place_match(const struct cgx_rules *r, struct placing *p)
{
	p->first = p->n = 0;
	p->verdict = cgx_rules_match(r, &p->who, &p->first, &p->n);
	if (p->verdict == CGX_RULES_PLACE)
		name_it(r, p);
}

int place_look(struct cgx_rules *r, pid_t pid, const char *comm, struct placing *ret)
{
	int err = *comm ? cgx_rules_look_named(r, pid, comm, &ret->who) : cgx_rules_look(r, pid, &ret->who);

	if (err)
		return err;
	place_match(r, ret);
	return 0;
}

void place_free(struct placing *p)
{
	buf_free(&p->user);
	buf_free(&p->group);
}

int place_is_template(const struct cgx_rules *r, size_t index)
{
	struct cgx_rule rule;
	const char *s;

	if (cgx_rules_at(r, index, &rule))
		return 0;
	for (s = rule.destination; *s; s++) {
		if (*s == '\\' && s[1] == '%')
			s++;
		else if (*s == '%' && s[1] && strchr("uUgGpP", s[1]))
			return 1;
	}
	return 0;
}

static int group_of_template(const struct frame *f, struct cgx_rules *r, size_t index, const struct placing *p,
			     const struct cgx_rules_template *t, struct cgx_plan *plan, struct cgx_group **ret)
{
	AUTO_BUF struct buf left_out = { 0 };
	int err = template_plan(f->cgx, r, index, &p->who, t, plan, &left_out, ret);

	if (!err && left_out.len)
		msg_warn(f, "%s", buf_text(&left_out));
	return err;
}

int place_group(const struct frame *f, struct cgx_rules *r, size_t index, const struct placing *p, struct cgx_plan *plan,
		struct cgx_group **ret)
{
	struct cgx_rules_template t;
	struct cgx_group *g;
	int err;

	if (template_find(r, index, &t))
		return group_of_template(f, r, index, p, &t, plan, ret);
	err = cgx_rules_group(r, index, &p->who, &g);
	if (err)
		return err;
	if (place_is_template(r, index))
		err = cgx_plan_create(plan, g, NULL);
	if (err) {
		cgx_group_close(g);
		return err;
	}
	*ret = g;
	return 0;
}

void place_origin(const struct cgx_rules *r, const struct placing *p, struct buf *ret)
{
	struct cgx_rules_template t;
	struct cgx_rule rule;

	if (!cgx_rules_at(r, p->first, &rule))
		buf_printf(ret, "%s:%u", rule.file, rule.line);
	for (size_t i = p->first; i < p->first + p->n; i++)
		if (template_find(r, i, &t)) {
			buf_printf(ret, ", its group made as %s:%u says", t.file, t.block.line);
			return;
		}
}
