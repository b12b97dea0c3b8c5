/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Removing a group that a tool made for a command. */
#include "exec/removal.h"

int removal_of(struct cgx *cgx, struct cgx_group *g, unsigned flags)
{
	struct cgx_plan *p = NULL;
	int r = cgx_plan_new(cgx, &p);

	if (!r)
		cgx_plan_force(p);
	if (!r)
		r = cgx_plan_delete(p, g, flags);
	if (!r)
		r = cgx_plan_apply(p);
	cgx_plan_free(p);
	return r;
}
