/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The screen of cgx-top. */
#ifndef CGX_TOP_VIEW_H
#define CGX_TOP_VIEW_H

#include "choice.h"
#include "ui/frame.h"

struct view_how {
	uint64_t delay_us;
	uint64_t count;      /* end after so many samples; 0 without end */
	int read_only;
	int ascii;
	int no_colour;
	int no_mouse;
	int flat;            /* begin with a list */
	const char *filter;  /* NULL none */
	struct choice choice;
};

/* Whether the terminal at stdout can show it: 0, -EOPNOTSUPP, -ENOTTY. */
int view_check(void);
/*
 * Show what the feed has until the user leaves. Returns an exit status or a negative errno. A signal that ends programs ends this one, once the terminal is given back.
 */
int view_run(struct frame *f, struct feed *feed, const struct view_how *how);

#endif
