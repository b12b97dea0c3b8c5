/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which groups are shown, in which order: tree or list, folded, filtered, sorted, below a root. Knows no screen. */
#ifndef CGX_TOP_ROWS_H
#define CGX_TOP_ROWS_H

#include "feed.h"

#define ROWS_BY_NAME SIZE_MAX
enum { ROWS_FILTER = 512 }; /* bytes of a filter, NUL included */

struct row {
	size_t group;        /* index in the feed */
	unsigned depth;      /* below the root of what is shown */
	uint64_t more;       /* bit d: on level d a sibling follows further down; d < 64 */
	int children;        /* it has some that would be shown */
	int folded;
};

struct rows {
	struct row *row;
	size_t n;
	/* what is asked for */
	int flat, hide_empty, reverse;
	size_t sort;         /* a column, ROWS_BY_NAME */
	char root[4096];     /* "/" all */
	char filter[ROWS_FILTER]; /* part of a path, "" all; small letters find capitals, too */
	char **folded;       /* paths */
	size_t folds;
	int all_folded;      /* folded holds what is unfolded */
};

void rows_begin(struct rows *r);
void rows_free(struct rows *r);
/* Make row and n anew. 0 or -ENOMEM, and what was there stays. */
int rows_make(struct rows *r, const struct feed *f);

int rows_is_folded(const struct rows *r, const char *path);
void rows_fold(struct rows *r, const char *path, int folded);
void rows_fold_all(struct rows *r, int folded);
/* The row of a path, SIZE_MAX not shown. */
size_t rows_find(const struct rows *r, const struct feed *f, const char *path);
/* The next row from `from` on, forward 1 or backward -1, whose path has the text in it, round the end; SIZE_MAX none. */
size_t rows_search(const struct rows *r, const struct feed *f, const char *text, size_t from, int direction);
/* The text is in the path; small letters find capitals, too. */
int rows_match(const char *path, const char *text);

#endif
