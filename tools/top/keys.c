/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The key table. */
#include "keys.h"

#include <stdio.h>

#include "terminal.h"

#define CONTROL(c) ((c) & 0x1f)
#define F(n) (TERMINAL_F1 + (n) - 1)

const struct key keys[] = {
	{ "Moving" },
	{ "Up, k", { TERMINAL_UP, 'k' }, ACT_UP, 0, "the group above" },
	{ "Down, j", { TERMINAL_DOWN, 'j' }, ACT_DOWN, 0, "the group below" },
	{ "PageUp, ^B", { TERMINAL_PAGE_UP, CONTROL('b') }, ACT_PAGE_UP, 0, "a screenful up" },
	{ "PageDown, ^F", { TERMINAL_PAGE_DOWN, CONTROL('f') }, ACT_PAGE_DOWN, 0, "a screenful down" },
	{ "Home, g", { TERMINAL_HOME, 'g' }, ACT_FIRST, KEY_LIVE, "the first group" },
	{ "End, G", { TERMINAL_END, 'G' }, ACT_LAST, KEY_LIVE, "the last group" },

	{ "The tree" },
	{ "Left", { TERMINAL_LEFT }, ACT_FOLD, KEY_LIVE, "fold the group, or go to its parent" },
	{ "Right", { TERMINAL_RIGHT }, ACT_UNFOLD, KEY_LIVE, "unfold the group" },
	{ "o", { 'o' }, ACT_TOGGLE_FOLD, 0, "fold or unfold the group" },
	{ "O", { 'O' }, ACT_TOGGLE_ALL, 0, "fold or unfold all" },
	{ "t, F5", { 't', F(5) }, ACT_TREE, 0, "a tree, or all groups in one list" },
	{ "z", { 'z' }, ACT_ZOOM, 0, "show this group and those below only" },
	{ "u, Backspace", { 'u', TERMINAL_BACKSPACE }, ACT_ROOT_UP, 0, "one level up again" },

	{ "What is shown" },
	{ "/, F3", { '/', F(3) }, ACT_SEARCH, 0, "search a name as you type" },
	{ "n", { 'n' }, ACT_NEXT, 0, "the next one found" },
	{ "N", { 'N' }, ACT_PREVIOUS, 0, "the one before" },
	{ "&, F4", { '&', F(4) }, ACT_FILTER, 0, "show groups whose path has this in it; empty shows all" },
	{ "e", { 'e' }, ACT_HIDE_EMPTY, 0, "hide groups without processes" },
	{ "s, F6", { 's', F(6) }, ACT_SORT_MENU, 0, "sort by a column" },
	{ "<", { '<' }, ACT_SORT_LEFT, 0, "sort by the column to the left" },
	{ ">", { '>' }, ACT_SORT_RIGHT, 0, "sort by the column to the right" },
	{ "r", { 'r' }, ACT_REVERSE, 0, "sort the other way round" },
	{ "c", { 'c' }, ACT_COLUMNS, 0, "choose columns" },
	{ "E", { 'E' }, ACT_EVENTS, 0, "the strip of events: on or off" },

	{ "The detail pane" },
	{ "Enter", { '\r' }, ACT_DETAIL, 0, "open it, make it fill the screen, close it" },
	{ "Tab", { '\t' }, ACT_NEXT_PAGE, 0, "its next page: figures, settings, processes, events" },
	{ "Shift-Tab", { TERMINAL_BACK_TAB }, ACT_PREVIOUS_PAGE, 0, "its page before" },
	{ "[", { '[' }, ACT_SCROLL_UP, 0, "scroll it up" },
	{ "]", { ']' }, ACT_SCROLL_DOWN, 0, "scroll it down" },

	{ "Time" },
	{ "Space", { ' ' }, ACT_PAUSE, 0, "pause, go on" },
	{ ".", { '.' }, ACT_STEP, 0, "one sample, then pause" },
	{ "+", { '+', '=' }, ACT_SLOWER, 0, "a longer delay" },
	{ "-", { '-' }, ACT_FASTER, 0, "a shorter delay" },
	{ "Left", { TERMINAL_LEFT }, ACT_BACK, KEY_REPLAY, "replay: the sample before" },
	{ "Right", { TERMINAL_RIGHT }, ACT_FORWARD, KEY_REPLAY, "replay: the sample after" },
	{ "Home", { TERMINAL_HOME }, ACT_BEGINNING, KEY_REPLAY, "replay: the first sample" },
	{ "End", { TERMINAL_END }, ACT_END, KEY_REPLAY, "replay: the last sample" },
	{ "g", { 'g' }, ACT_FIRST, KEY_REPLAY, "replay: the first group" },
	{ "G", { 'G' }, ACT_LAST, KEY_REPLAY, "replay: the last group" },

	{ "Acting on a group" },
	{ "K, F9", { 'K', F(9) }, ACT_KILL, KEY_CHANGES, "kill all processes in it and below, once confirmed" },
	{ "f", { 'f' }, ACT_FREEZE, KEY_CHANGES, "freeze it, or thaw it, once confirmed" },
	{ "L", { 'L' }, ACT_LIMIT, KEY_CHANGES, "set a limit or another setting, once confirmed" },

	{ "The rest" },
	{ "m", { 'm' }, ACT_MOUSE, 0, "the mouse: on, or left to the terminal" },
	{ "^L", { CONTROL('l') }, ACT_REPAINT, 0, "draw the screen again" },
	{ "?, h, F1", { '?', 'h', F(1) }, ACT_HELP, 0, "this help" },
	{ "q, F10", { 'q', F(10) }, ACT_QUIT, 0, "leave; ^C does, too" },
	{ NULL }
};

static int has_code(const struct key *k, uint32_t code)
{
	for (size_t i = 0; i < sizeof(k->codes) / sizeof(k->codes[0]) && k->codes[i]; i++)
		if (k->codes[i] == code)
			return 1;
	return 0;
}

enum action keys_find(uint32_t code, int replay)
{
	unsigned not_now = replay ? KEY_LIVE : KEY_REPLAY;

	for (const struct key *k = keys; code && k->names; k++)
		if (!(k->flags & not_now) && has_code(k, code))
			return k->action;
	return ACT_NONE;
}

const struct key *keys_row(enum action action)
{
	const struct key *k = keys;

	while (k->names && (k->action != action || !k->help))
		k++;
	return k->names ? k : NULL;
}

void keys_print(void)
{
	for (const struct key *k = keys; k->names; k++)
		if (k->help)
			printf("%s\t%s\n", k->names, k->help);
}
