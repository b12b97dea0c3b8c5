/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An event as a line for people. Pure. */
#ifndef CGX_OOM_LINE_H
#define CGX_OOM_LINE_H

#include "oom/fact.h"

struct line_style {
	int colour;
	int date;            /* with the day: what is kept is read on another one */
	uint64_t stall_us, window_us; /* of the pressure asked for */
};

/* "web/api: killed stress (pid 4711, uid 1000, 62.1M) at memory.max 64.0M of web (used 64.0M, hit 35 times) [tracepoint]":
 * names are made fit for a screen; no newline. */
void line_words(struct buf *b, const struct told *t, const struct line_style *style);
/* The same without the group: "killed stress ...". */
void line_what(struct buf *b, const struct told *t, const struct line_style *style);
/* The same behind the local time and the kind, and a newline. */
void line_format(struct buf *b, const struct told *t, const struct line_style *style);

#endif
