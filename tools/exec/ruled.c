/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The groups that cgrules.conf names for a command. */
#include "exec/job.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat/libcgroup.h"
#include "exec/limits.h"
#include "rules/load.h"
#include "rules/place.h"
#include "ui/apply.h"
#include "ui/message.h"
#include "util/buf.h"
#include "util/cleanup.h"

/* The program as the rules see it: where PATH finds it. */
static void find_program(const char *name, struct buf *ret)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/')) {
		buf_puts(ret, name);
		return;
	}
	for (path = path ? path : "/usr/bin:/bin"; *path; path += strspn(path, ":")) {
		size_t len = strcspn(path, ":");

		buf_reset(ret);
		buf_add(ret, path, len);
		buf_printf(ret, "/%s", name);
		if (!ret->err && !access(buf_text(ret), X_OK))
			return;
		path += len;
	}
	buf_reset(ret);
	buf_puts(ret, name);
}

static void subject_of(const struct job *j, const char *program, struct cgx_subject *s)
{
	const char *slash = strrchr(program, '/');

	s->exe = program;
	s->script = NULL;
	snprintf(s->comm, sizeof(s->comm), "%.15s", slash ? slash + 1 : program);
	if (j->setup.uid == (uid_t)-1)
		return;
	s->uid = j->setup.uid;
	s->gid = j->setup.gid;
	s->groups = j->setup.groups;
	s->n_groups = (size_t)j->setup.n_groups;
}

static int open_ruled(struct job *j, struct cgx_rules *rules, struct placing *p)
{
	struct cgx_plan *plan = NULL;
	int r = plan_new(j->f, &plan);

	j->more = calloc(p->n, sizeof(*j->more));
	if (!r && !j->more)
		r = -ENOMEM;
	for (size_t i = 0; !r && i < p->n; i++) {
		r = place_group(j->f, rules, p->first + i, p, plan, i ? &j->more[i - 1] : &j->group);
		j->n_more += !r && i;
	}
	if (!r && j->spec->values.n)
		r = limits_plan(plan, j->group, j->spec->values.v, j->spec->values.n);
	if (!r)
		r = apply_plan(j->f, plan);
	cgx_plan_free(plan);
	return r;
}

/* The groups that the rules name; where none fits or one says to leave it alone, those it is in. */
int job_open_by_rules(struct job *j)
{
	AUTO_BUF struct buf program = { 0 };
	struct cgx_rules *rules = NULL;
	struct placing p = { 0 };
	int r;

	if (rules_load(j->f, &j->spec->rules_files, &j->spec->configs, &rules) < 0)
		return STATUS_OWN_FAILURE;
	find_program(j->argv[0], &program);
	r = cgx_rules_look(rules, getpid(), &p.who);
	if (!r) {
		subject_of(j, buf_text(&program), &p.who);
		place_match(rules, &p);
		r = p.verdict == CGX_RULES_PLACE ? open_ruled(j, rules, &p) : cgx_group_open(j->f->cgx, ".", 0, &j->group);
	}
	if (r < 0 && p.verdict == CGX_RULES_PLACE) {
		AUTO_BUF struct buf origin = { 0 };

		place_origin(rules, &p, &origin);
		r = msg_fail(j->f);
		msg_note(j->f, "%s is placed by %s", j->argv[0], buf_text(&origin));
	}
	place_free(&p);
	cgx_rules_close(rules);
	return r;
}

int job_place_by_libcgroup(struct job *j)
{
	AUTO_BUF struct buf program = { 0 };

	find_program(j->argv[0], &program);
	if (libcgroup_place(j->f, getpid(), geteuid(), getegid(), buf_text(&program)) < 0)
		return STATUS_OWN_FAILURE;
	return cgx_group_open(j->f->cgx, ".", 0, &j->group);
}
