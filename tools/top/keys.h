/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The key table: dispatch, the help screen, --keys and so the man page are all read from it. */
#ifndef CGX_TOP_KEYS_H
#define CGX_TOP_KEYS_H

#include <stdint.h>

enum action {
	ACT_NONE,
	/* moving */
	ACT_UP, ACT_DOWN, ACT_PAGE_UP, ACT_PAGE_DOWN, ACT_FIRST, ACT_LAST,
	/* the tree */
	ACT_FOLD, ACT_UNFOLD, ACT_TOGGLE_FOLD, ACT_TOGGLE_ALL, ACT_TREE, ACT_ZOOM, ACT_ROOT_UP,
	/* what is shown */
	ACT_FILTER, ACT_SEARCH, ACT_NEXT, ACT_PREVIOUS, ACT_HIDE_EMPTY,
	ACT_SORT_MENU, ACT_SORT_LEFT, ACT_SORT_RIGHT, ACT_REVERSE, ACT_COLUMNS, ACT_EVENTS,
	/* the detail pane */
	ACT_DETAIL, ACT_NEXT_PAGE, ACT_PREVIOUS_PAGE, ACT_SCROLL_UP, ACT_SCROLL_DOWN,
	/* time */
	ACT_PAUSE, ACT_STEP, ACT_SLOWER, ACT_FASTER, ACT_BACK, ACT_FORWARD, ACT_BEGINNING, ACT_END,
	/* changing */
	ACT_KILL, ACT_FREEZE, ACT_LIMIT,
	/* the rest */
	ACT_MOUSE, ACT_REPAINT, ACT_HELP, ACT_QUIT,
};

#define KEY_LIVE    (1u << 0) /* only while the machine is watched */
#define KEY_REPLAY  (1u << 1) /* only in a replay */
#define KEY_CHANGES (1u << 2) /* changes the machine: off with --read-only and in a replay */

struct key {
	const char *names;    /* as people read them: "Up, k" */
	uint32_t codes[4];    /* terminal.h; 0 ends them */
	enum action action;
	unsigned flags;
	const char *help;     /* a short phrase; NULL: the row begins a section called names */
};

/* The rows in the order of the help screen; the end has no names. */
extern const struct key keys[];

/* What the key does; replay is 0 or 1. */
enum action keys_find(uint32_t code, int replay);
/* The row of an action, for hints. */
const struct key *keys_row(enum action action);
/* "NAMES<tab>HELP", one a line, on stdout. */
void keys_print(void);

#endif
