/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The screen of cgx-top. */
#ifndef CGX_TOP_VIEW_H
#define CGX_TOP_VIEW_H

#include "choice.h"
#include "ui/frame.h"

struct view_how {
	uint64_t delay_us;
	int read_only;
	int ascii;
	int no_colour;
	int no_mouse;
	int no_events;       /* begin without the strip */
	int flat;            /* begin with a list */
	const char *root;    /* begin with this group as root; NULL all */
	const char *filter;  /* NULL none */
	struct choice choice;
};

/*
 * Show what the feed has until the user leaves. Returns an exit status; or -EOPNOTSUPP, -ENOTTY: this terminal
 * cannot show it and nothing was drawn. A signal that ends programs ends this one, once the terminal is given back.
 */
int view_run(struct frame *f, struct feed *feed, const struct view_how *how);

#endif
