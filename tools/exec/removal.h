/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Removing a group that a tool made for a command. */
#ifndef CGX_EXEC_REMOVAL_H
#define CGX_EXEC_REMOVAL_H

#include <cgx.h>

/* Remove it, also where systemd owns what is around: it is ours. flags: CGX_DELETE_*. Errors: those of cgx_plan_delete() and
 * cgx_plan_apply(). */
int removal_of(struct cgx *cgx, struct cgx_group *g, unsigned flags);

#endif
