/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of the screen share: its state. */
#ifndef CGX_TOP_SCREEN_H
#define CGX_TOP_SCREEN_H

#include "cells.h"
#include "deed.h"
#include "feed.h"
#include "keys.h"
#include "procs.h"
#include "prompt.h"
#include "rows.h"
#include "sheet.h"
#include "terminal.h"
#include "view.h"

enum mode { MODE_MAIN, MODE_HELP, MODE_MENU, MODE_PROMPT, MODE_CONFIRM };
enum prompt_for { PROMPT_SEARCH, PROMPT_FILTER, PROMPT_SET };
enum page { PAGE_FIGURES, PAGE_SETTINGS, PAGE_PROCESSES, PAGE_EVENTS, PAGES };
enum detail { DETAIL_OFF, DETAIL_PANE, DETAIL_FULL };

struct view {
	struct frame *f;
	struct feed *feed;
	const struct view_how *how;
	struct terminal *t;
	const struct glyphs *g;
	int lines, cells;          /* of the screen */
	enum mode mode;
	int quit, replay;

	/* the table */
	struct rows rows;
	size_t selected, top;      /* rows */
	char *selected_path;       /* so that the row is found again */
	size_t columns;
	uint64_t shown;            /* a bit each */
	char search[512];
	struct area table;         /* where rows were drawn last */

	/* the panes */
	enum detail detail;
	enum page page;
	size_t detail_top;
	struct sheet detail_sheet; /* made anew when the sample, the group or the page is another */
	int detail_old;
	struct procs procs;
	int strip;                 /* events at the bottom */

	/* what is laid over it */
	struct prompt prompt;
	enum prompt_for prompt_for;
	char typed_before[512];    /* to go back to on Escape */
	char *prompt_group;         /* whose limit is typed */
	struct deed *deed;
	enum action menu;          /* ACT_SORT_MENU, ACT_COLUMNS */
	size_t menu_at, over_top;

	/* time */
	int paused;
	uint64_t delay_us, samples;
	struct buf message;
	enum look message_look;
	uint64_t message_until;    /* monotonic */
	int mouse;
};

/* view.c */
void say(struct view *v, enum look look, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The selected group, NULL when there is none. */
const struct feed_group *selected_group(const struct view *v);
void remake(struct view *v);      /* rows, after what is asked for changed */
void select_row(struct view *v, size_t row);

/* draw.c */
void draw(struct view *v);
/* What a click on the heading means: the column there, ROWS_BY_NAME the name, SIZE_MAX - 1 nothing. */
#define NO_COLUMN (SIZE_MAX - 1)
size_t column_at(const struct view *v, int cell);
/* Append the value of a group, a number or a text. */
void add_value(const struct view *v, size_t group, size_t column, struct buf *b);

/* pages.c */
void page_make(struct view *v, struct sheet *s, int width);
const char *page_name(enum page p);
void page_help(struct sheet *s, int replay, int read_only);

/* menu.c */
void menu_open(struct view *v, enum action which);
void menu_key(struct view *v, uint32_t code);
void menu_make(const struct view *v, struct sheet *s);
/* As far as the line that the keys act on is seen. */
void menu_scroll(struct view *v);

#endif
