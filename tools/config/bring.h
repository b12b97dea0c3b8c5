/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bring a host to what files say: as steps of a plan. */
#ifndef CGX_CONFIG_BRING_H
#define CGX_CONFIG_BRING_H

#include "want.h"

struct bring {
	struct frame *f;
	struct want_list *list;
	struct cgx_plan *plan;
	struct cgx_create how;  /* for groups that say nothing of it; its flags, but for delegation, for all */
	int strict;             /* what cannot be carried to this host is a failure, and not left out with a warning */
	/* its own */
	cgx_set mounted;        /* these are, as far as was asked */
	enum { BRING_MAKE, BRING_WIDEN, BRING_NARROW, BRING_SET } round; /* groups and controllers; v1's cpusets; settings */
	int nested;             /* cpuset is v1's */
	int made;               /* BRING_MAKE is carried out */
	int enabled;            /* a group that is there may get controllers by this plan */
};

/* Nothing said of owners and modes. */
struct cgx_create bring_how(void);
/*
 * Add the steps. Where controllers are enabled for groups that are there, those steps are carried out
 * at once (not with f->dry_run); after a failure cgx_plan_undo() takes them back.
 * 0, a negative errno with its words in the context, or an exit status after the words.
 */
int bring_plan(struct bring *b);

#endif
