/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lists of columns: to sort by one, and to choose those that are shown. */
#include <string.h>

#include "screen.h"

#define ESCAPE 0x1b

/* The menu to sort by has the name in its first line. */
static size_t lines_of(const struct view *v)
{
	return v->columns + (v->menu == ACT_SORT_MENU);
}

static size_t column_of(const struct view *v, size_t line)
{
	return v->menu == ACT_SORT_MENU ? line - 1 : line; /* ROWS_BY_NAME is SIZE_MAX */
}

void menu_open(struct view *v, enum action which)
{
	v->mode = MODE_MENU;
	v->menu = which;
	v->menu_at = which == ACT_SORT_MENU ? v->rows.sort + 1 : 0;
	v->over_top = 0;
}

void menu_scroll(struct view *v)
{
	long room = v->lines - 2;

	if (v->menu_at < v->over_top)
		v->over_top = v->menu_at;
	else if (room > 0 && v->menu_at >= v->over_top + (size_t)room)
		v->over_top = v->menu_at - (size_t)room + 1;
}

void menu_make(const struct view *v, struct sheet *s)
{
	const struct feed_column *c = feed_columns(v->feed, NULL);

	for (size_t i = 0; i < lines_of(v); i++) {
		size_t column = column_of(v, i);
		const char *name = column == ROWS_BY_NAME ? "NAME" : c[column].name;
		const char *help = column == ROWS_BY_NAME ? "path of the group" : c[column].help;
		int on = v->menu == ACT_SORT_MENU ? column == v->rows.sort : (v->shown & COLUMN_BIT(column)) != 0;

		sheet_add(s, i == v->menu_at ? LOOK_SELECTED : LOOK_PLAIN, "%s[%c] %-12s %s", i == v->menu_at ? ">" : " ",
			  on ? 'x' : ' ', name, help);
	}
}

static void move(struct view *v, long by)
{
	long n = (long)lines_of(v), at = (long)v->menu_at + by;

	v->menu_at = (size_t)(at < 0 ? 0 : at >= n ? n - 1 : at);
}

static void choose(struct view *v)
{
	size_t column = column_of(v, v->menu_at);

	if (v->menu == ACT_COLUMNS) {
		v->shown ^= COLUMN_BIT(column);
		return;
	}
	if (v->rows.sort != column)
		v->rows.reverse = 0;
	v->rows.sort = column;
	remake(v);
	v->mode = MODE_MAIN;
}

void menu_key(struct view *v, uint32_t code)
{
	switch (code) {
	case TERMINAL_UP:
	case TERMINAL_WHEEL_UP:
	case 'k':
		move(v, -1);
		break;
	case TERMINAL_DOWN:
	case TERMINAL_WHEEL_DOWN:
	case 'j':
		move(v, 1);
		break;
	case TERMINAL_PAGE_UP:
		move(v, -10);
		break;
	case TERMINAL_PAGE_DOWN:
		move(v, 10);
		break;
	case ' ':
		choose(v);
		break;
	case '\r':
		if (v->menu == ACT_SORT_MENU)
			choose(v);
		v->mode = MODE_MAIN;
		break;
	case ESCAPE:
	case 'q':
	case 'c':
		v->mode = MODE_MAIN;
		break;
	default:
		break;
	}
}
