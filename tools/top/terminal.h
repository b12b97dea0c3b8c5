/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The terminal as cells, looks and keys. terminal.c is the one file that knows ncurses; what is drawn must be
 * fit for a screen already (cells.h).
 */
#ifndef CGX_TOP_TERMINAL_H
#define CGX_TOP_TERMINAL_H

#include <stdint.h>

struct terminal;

/* What a text is, not what it looks like: each has a coloured look and one without colours. */
enum look {
	LOOK_PLAIN,
	LOOK_DIM,      /* not there, off, zero */
	LOOK_TITLE,    /* the header line */
	LOOK_HEADING,  /* names of columns */
	LOOK_SORTED,   /* the one sorted by */
	LOOK_SELECTED, /* the row the keys act on */
	LOOK_MATCH,    /* found by the search */
	LOOK_KEY,      /* a key in help and prompts */
	LOOK_GOOD,
	LOOK_WARN,
	LOOK_ALERT,
	LOOK_FROZEN,
	LOOK_GRAPH,
	LOOK_PROMPT,   /* where something is typed, and questions */
	LOOKS
};

/* Keys beyond Unicode; a character comes as its code point, control characters as such. */
enum {
	TERMINAL_NONE = 0,
	TERMINAL_UP = 0x110000, TERMINAL_DOWN, TERMINAL_LEFT, TERMINAL_RIGHT, TERMINAL_HOME, TERMINAL_END,
	TERMINAL_PAGE_UP, TERMINAL_PAGE_DOWN, TERMINAL_BACKSPACE, TERMINAL_DELETE, TERMINAL_BACK_TAB,
	TERMINAL_CLICK, TERMINAL_WHEEL_UP, TERMINAL_WHEEL_DOWN,
	TERMINAL_F1, /* to TERMINAL_F1 + 11 */
};

struct terminal_key {
	uint32_t code;
	int row, col; /* of a click */
};

struct terminal_how {
	int colour; /* colours where the terminal has them */
	int mouse;
};

/* Whether there is one at stdout that can be drawn on; nothing is written to it. Errors: as of terminal_open(). */
int terminal_check(void);
/*
 * Take over the terminal at stdout; keys are read from stdin, or from /dev/tty where stdin is no terminal.
 * Crashes give it back (rescue.h).
 * Errors: -ENOTTY stdout is no terminal; -EOPNOTSUPP TERM is not known, or this terminal cannot place its cursor:
 * nothing was written to it then.
 */
int terminal_open(const struct terminal_how *how, struct terminal **ret);
struct terminal *terminal_close(struct terminal *t);

/* To poll for keys; -1 there are none to come. */
int terminal_fd(const struct terminal *t);
/* poll told that nobody is at the other end: no more keys, or it would be told for ever. */
void terminal_hung_up(struct terminal *t);
/* The next key, code TERMINAL_NONE when there is none yet. */
struct terminal_key terminal_key(struct terminal *t);

/* Whether the mouse is ours. */
void terminal_mouse(struct terminal *t, int on);

void terminal_size(const struct terminal *t, int *ret_rows, int *ret_cols);
/* Ask for the size again (SIGWINCH). */
void terminal_resized(struct terminal *t);
/* Give the terminal back and stop, as ^Z does; returns when continued. */
void terminal_suspend(struct terminal *t);
/* Draw all again: something else wrote on the terminal. */
void terminal_repaint(struct terminal *t);

/* A frame: begin, put, end. What is put outside the screen is cut off. */
void terminal_begin(struct terminal *t);
void terminal_put(struct terminal *t, int row, int col, enum look look, const char *text);
/* n blanks in that look. */
void terminal_fill(struct terminal *t, int row, int col, enum look look, int n);
/* Show the cursor there; without a call it is hidden. */
void terminal_cursor(struct terminal *t, int row, int col);
void terminal_end(struct terminal *t);

#endif
