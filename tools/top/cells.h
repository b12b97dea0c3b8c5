/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text measured and cut in cells of a screen. Pure; widths are the locale's (wcwidth), so the caller has set it.
 * All but cells_show() take text that is fit for a screen.
 */
#ifndef CGX_TOP_CELLS_H
#define CGX_TOP_CELLS_H

#include "ui/text.h"

/* Characters to draw with. */
struct glyphs {
	enum text_set set;
	const char *more;                          /* what was cut out */
	const char *branch, *last;                 /* of the tree, two cells each, and then one of these: */
	const char *bar, *blank;                   /* levels above, three cells each */
	const char *folded, *open, *leaf;          /* a cell each */
	const char *up, *down;                     /* how it is sorted */
	const char *levels[9];                     /* of a graph's cell: empty to full */
};
extern const struct glyphs glyphs_utf8, glyphs_ascii;

/* text_show(), and what has no width in this locale comes as \xHH, too. */
void cells_show(struct buf *b, const char *s, size_t n, enum text_set set);

int cells_width(const char *s);
/* Bytes of the longest beginning of s that takes at most cells cells. */
size_t cells_beginning(const char *s, int cells);

/* Append s in at most cells cells, the middle cut out so that both ends stay readable. */
void cells_cut(struct buf *b, const char *s, int cells, const char *more);
/* Append s in exactly cells cells: cut in the middle, or padded on its right, or, with right, on its left. */
void cells_pad(struct buf *b, const char *s, int cells, int right, const char *more);

#endif
