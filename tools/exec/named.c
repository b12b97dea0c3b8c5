/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The groups that a command is put into by name. */
#include "exec/job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "exec/limits.h"
#include "systemd/scope.h"
#include "ui/apply.h"
#include "ui/message.h"
#include "ui/target.h"
#include "util/buf.h"
#include "util/cleanup.h"

/* A start joins without a plan; one that is not carried out tells whether systemd minds. */
static int check_join(struct job *j)
{
	struct cgx_plan *p = NULL;
	int r = cgx_plan_new(j->f->cgx, &p);

	if (!r)
		r = cgx_plan_move(p, j->group, 0, 0);
	for (size_t i = 0; !r && i < j->n_more; i++)
		r = cgx_plan_move(p, j->more[i], 0, 0);
	cgx_plan_free(p);
	return r == -ENOENT ? 0 : r; /* the start has its own words for that */
}

int job_open_groups(struct job *j)
{
	const struct strings *t = &j->spec->targets;
	struct cgx_plan *p = NULL;
	int r = target_open(j->f->cgx, t->v[0], &j->group);

	j->more = calloc(t->n, sizeof(*j->more));
	if (!r && !j->more)
		r = -ENOMEM;
	for (size_t i = 1; !r && i < t->n; i++) {
		r = target_open(j->f->cgx, t->v[i], &j->more[j->n_more]);
		j->n_more += !r;
	}
	if (!r && cgx_systemd(j->f->cgx) && !j->f->force)
		r = check_join(j);
	if (r || !j->spec->values.n)
		return r;
	r = plan_new(j->f, &p);
	if (!r)
		r = limits_plan(p, j->group, j->spec->values.v, j->spec->values.n);
	if (!r)
		r = apply_plan(j->f, p);
	cgx_plan_free(p);
	return r;
}

/* Where the kernel would not let this user join, his manager may. */
int job_ask_to_join(struct job *j)
{
	AUTO_BUF struct buf why = { 0 }, remedy = { 0 };
	int r;

	if (j->spec->systemd == SCOPE_NO || j->n_more || (j->f->root && strcmp(j->f->root, "/")))
		return 0;
	r = scope_join(j->f->cgx, j->group, &why, &remedy);
	if (r >= 0 || r == -ENOPKG)
		return 0; /* without libsystemd the kernel has the words */
	return msg_error(j->f, remedy.len ? buf_text(&remedy) : NULL, "%s: have systemd move this process in: %s",
			 cgx_group_path(j->group), buf_text(&why));
}
