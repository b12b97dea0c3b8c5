/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines to be read: help, menus, questions, pages of the detail pane. Made anew for each frame, scrolled, drawn. */
#ifndef CGX_TOP_SHEET_H
#define CGX_TOP_SHEET_H

#include "cells.h"
#include "terminal.h"

struct sheet_line {
	char *text;
	enum look look;
	int key_cells; /* so many cells at the left in LOOK_KEY */
};

struct sheet {
	struct sheet_line *line;
	size_t n, cap;
	int width; /* of the widest line */
};

/* Without memory for it a line is left out. Text must be fit for a screen. */
void sheet_add(struct sheet *s, enum look look, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* key in a column of its own, then text. */
void sheet_add_key(struct sheet *s, const char *key, int key_cells, const char *text);
/* A text of several lines, each wrapped at width where it is too long. */
void sheet_wrap(struct sheet *s, enum look look, const char *text, int width);
void sheet_free(struct sheet *s);
#define AUTO_SHEET CLEANUP(sheet_free)

/* Where it lies on the screen. */
struct area {
	int row, col, rows, cols;
};
/* Draw lines from *top on; *top is corrected where it is too far down. */
void sheet_draw(const struct sheet *s, struct terminal *t, struct area a, size_t *top, const struct glyphs *g);
/* In the middle of the screen with a frame of blanks, title above and footer below, clear of what was there. */
void sheet_draw_box(const struct sheet *s, struct terminal *t, const char *title, const char *footer, size_t *top,
		    const struct glyphs *g);

#endif
