/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What --columns and --sort ask for, on the command line or in the file of usual options: read once, for all who show. */
#ifndef CGX_TOP_CHOICE_H
#define CGX_TOP_CHOICE_H

#include "rows.h"
#include "util/buf.h"

struct choice {
	uint64_t shown; /* columns, a bit each by their index */
	size_t sort;    /* a column, ROWS_BY_NAME */
	int sorted;     /* an order was asked for; else the tree's own */
	int reverse;
};

/* The usual columns, the order of the tree. */
struct choice choice_usual(void);
/*
 * Read "MEMORY,PIDS", which columns are shown, or "+PIDS", which beside the usual ones; and "MEM%", "-MEM%" or "NAME",
 * what is sorted by. Small letters will do. -EINVAL and why: a name that is none, and what it may have been.
 */
int choice_columns(struct choice *c, const char *list, struct buf *why);
int choice_sort(struct choice *c, const char *text, struct buf *why);

#endif
