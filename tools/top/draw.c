/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One frame of the screen: header, table, panes, and what is laid over them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "screen.h"
#include "util/clock.h"

enum { LEAST_CELLS = 20, LEAST_LINES = 5, STRIP_LINES = 3, MARKS_SHOWN = 2, TEXT_CELLS = 16 };

/* ---- columns ---- */

static int column_cells(const struct feed_column *c)
{
	static const int cells[] = {
		[UNIT_COUNT] = 6, [UNIT_BYTES] = 7, [UNIT_USEC] = 7, [UNIT_NSEC] = 7, [UNIT_PERCENT] = 6,
	};
	int name = cells_width(c->name), least = c->text ? TEXT_CELLS : cells[c->unit];

	return name > least ? name : least;
}

/* The set of columns that there is room for; the one sorted by is always there. Returns the cells left for the name. */
static int fit_columns(const struct view *v, uint64_t *ret)
{
	const struct feed_column *c = feed_columns(v->feed, NULL);
	int room = v->cells, name = v->cells >= 60 ? 24 : v->cells / 2;
	size_t sort = v->rows.sort;

	*ret = 0;
	if (sort < v->columns) {
		*ret |= COLUMN_BIT(sort);
		room -= column_cells(&c[sort]) + 1;
	}
	for (size_t i = 0; i < v->columns; i++) {
		int cells = column_cells(&c[i]) + 1;

		if (!(v->shown & ~*ret & COLUMN_BIT(i)))
			continue;
		if (room - cells < name)
			break;
		*ret |= COLUMN_BIT(i);
		room -= cells;
	}
	return room;
}

size_t column_at(const struct view *v, int cell)
{
	const struct feed_column *c = feed_columns(v->feed, NULL);
	uint64_t shown;
	int at = fit_columns(v, &shown);

	if (cell < at)
		return ROWS_BY_NAME;
	for (size_t i = 0; i < v->columns; i++) {
		if (!(shown & COLUMN_BIT(i)))
			continue;
		at += column_cells(&c[i]) + 1;
		if (cell < at)
			return i;
	}
	return NO_COLUMN;
}

void add_value(const struct view *v, size_t group, size_t column, struct buf *b)
{
	const struct feed_column *c = &feed_columns(v->feed, NULL)[column];
	struct feed_value value = feed_value(v->feed, group, column);
	const char *text = feed_text(v->feed, group, column);

	if (!c->text || value.state != FEED_OK)
		buf_puts(b, feed_format(c, value).s);
	else
		cells_show(b, *text ? text : "none", strlen(*text ? text : "none"), v->g->set);
}

/* ---- header ---- */

static void put_line(const struct view *v, int line, enum look look, struct buf *b)
{
	struct buf AUTO_BUF cut = { 0 };

	buf_add(&cut, buf_text(b), cells_beginning(buf_text(b), v->cells));
	terminal_put(v->t, line, 0, look, buf_text(&cut));
}

static void show_name(const struct view *v, struct buf *b, const char *name)
{
	cells_show(b, name, strlen(name), v->g->set);
}

static void add_clock(struct buf *b, uint64_t time_us, int with_date)
{
	time_t t = (time_t)(time_us / 1000000);
	struct tm tm;
	char text[32];

	if (!localtime_r(&t, &tm))
		return;
	if (with_date && strftime(text, sizeof(text), "%F ", &tm))
		buf_puts(b, text);
	if (strftime(text, sizeof(text), "%T", &tm))
		buf_puts(b, text);
}

static void add_mode(const struct view *v, const struct feed_head *h, struct buf *b)
{
	if (h->replay)
		buf_printf(b, "  [replay %zu of %zu%s]", h->at + 1, h->of, v->paused ? ", paused" : "");
	else if (v->paused)
		buf_puts(b, "  [paused]");
	if (v->how->read_only)
		buf_puts(b, "  [read-only]");
	if (h->record_err)
		buf_printf(b, "  [recording ended: %s]", strerror(h->record_err));
}

static void draw_title(const struct view *v, const struct feed_head *h)
{
	struct buf AUTO_BUF b = { 0 }, mode = { 0 };
	int room;

	buf_puts(&b, "cgx-top ");
	show_name(v, &b, h->host);
	buf_puts(&b, "  ");
	show_name(v, &b, h->layout);
	buf_printf(&b, "  %zu group%s  ", feed_count(v->feed), feed_count(v->feed) == 1 ? "" : "s");
	add_clock(&b, h->time_us, h->replay);
	buf_printf(&b, "  every %s", units_usec(v->delay_us).s);
	add_mode(v, h, &mode);
	/* the mode is told also where the rest has no room */
	room = v->cells - cells_width(buf_text(&mode));
	b.len = cells_beginning(buf_text(&b), room > 0 ? room : 0);
	if (b.s)
		b.s[b.len] = '\0';
	buf_puts(&b, buf_text(&mode));
	put_line(v, 0, h->record_err ? LOOK_ALERT : v->paused ? LOOK_WARN : LOOK_TITLE, &b);
}

static void add_total(struct buf *b, const char *name, enum unit unit, uint64_t n, uint64_t of)
{
	if (n == UINT64_MAX)
		return;
	buf_printf(b, "%s %s", name, units_format(unit, n).s);
	if (of != UINT64_MAX)
		buf_printf(b, " of %s", units_format(unit, of).s);
	buf_puts(b, "  ");
}

static void draw_totals(const struct view *v, const struct feed_head *h)
{
	struct buf AUTO_BUF b = { 0 };

	add_total(&b, "memory", UNIT_BYTES, h->memory, h->memory_total);
	add_total(&b, "pids", UNIT_COUNT, h->pids, h->pids_total);
	if (h->kills || h->forks)
		buf_printf(&b, "killed %" PRIu64 "  forks denied %" PRIu64 "  ", h->kills, h->forks);
	if (strcmp(v->rows.root, "/")) {
		buf_puts(&b, "below ");
		show_name(v, &b, v->rows.root);
		buf_puts(&b, "  ");
	}
	if (*v->rows.filter) {
		buf_puts(&b, "filter \"");
		show_name(v, &b, v->rows.filter);
		buf_puts(&b, "\"  ");
	}
	if (v->rows.hide_empty)
		buf_puts(&b, "without empty ones  ");
	show_name(v, &b, h->note);
	put_line(v, 1, h->kills ? LOOK_ALERT : LOOK_PLAIN, &b);
}

/* ---- table ---- */

static void draw_heading(const struct view *v, int line, uint64_t shown, int name_cells)
{
	const struct feed_column *c = feed_columns(v->feed, NULL);
	int by_name = v->rows.sort == ROWS_BY_NAME, at = name_cells;
	struct buf AUTO_BUF name = { 0 };

	buf_printf(&name, "   NAME%s", by_name ? v->rows.reverse ? v->g->down : v->g->up : "");
	terminal_fill(v->t, line, 0, LOOK_HEADING, v->cells);
	terminal_put(v->t, line, 0, by_name ? LOOK_SORTED : LOOK_HEADING, buf_text(&name));
	for (size_t i = 0; i < v->columns; i++) {
		struct buf AUTO_BUF b = { 0 }, name_cell = { 0 };
		int sorted = v->rows.sort == i, cells = column_cells(&c[i]) + 1;

		if (!(shown & COLUMN_BIT(i)))
			continue;
		/* the arrow has room in the blank between the columns */
		if (sorted)
			buf_puts(&name_cell, v->rows.reverse ? v->g->up : v->g->down);
		else if (c[i].text)
			buf_putc(&name_cell, ' ');
		buf_puts(&name_cell, c[i].name);
		cells_pad(&b, buf_text(&name_cell), cells, !c[i].text, v->g->more);
		terminal_put(v->t, line, at, sorted ? LOOK_SORTED : LOOK_HEADING, buf_text(&b));
		at += cells;
	}
}

static enum look value_look(const struct feed_column *c, struct feed_value v)
{
	if (v.state != FEED_OK || !v.n || v.n == UINT64_MAX)
		return LOOK_DIM;
	return c->unit == UNIT_PERCENT && v.n >= 9000 ? LOOK_WARN : LOOK_PLAIN;
}

static enum look mark_look(unsigned marks)
{
	if (marks & (FEED_KILL | FEED_STALLED | FEED_FORK))
		return LOOK_ALERT;
	if (marks & (FEED_LIMIT | FEED_PRESSURE))
		return LOOK_WARN;
	return marks & FEED_FROZEN ? LOOK_FROZEN : LOOK_PLAIN;
}

/* The gravest marks and a blank. */
static void add_marks(struct buf *b, unsigned marks)
{
	char letters[MARKS_SHOWN + 1];

	feed_letters(marks, letters, MARKS_SHOWN);
	buf_printf(b, "%s ", letters);
}

static void add_branches(const struct view *v, const struct row *r, struct buf *b)
{
	for (unsigned d = 1; d < r->depth; d++)
		buf_puts(b, d < 64 && r->more >> d & 1 ? v->g->bar : v->g->blank);
	if (r->depth)
		buf_puts(b, r->depth < 64 && r->more >> r->depth & 1 ? v->g->branch : v->g->last);
}

static void draw_values(const struct view *v, int line, const struct row *r, uint64_t shown, int at,
			int selected)
{
	const struct feed_column *c = feed_columns(v->feed, NULL);

	for (size_t i = 0; i < v->columns; i++) {
		struct feed_value value;
		struct buf AUTO_BUF b = { 0 }, text = { 0 };
		int cells = column_cells(&c[i]);

		if (!(shown & COLUMN_BIT(i)))
			continue;
		value = feed_value(v->feed, r->group, i);
		add_value(v, r->group, i, &text);
		buf_putc(&b, ' ');
		cells_pad(&b, buf_text(&text), cells, !c[i].text, v->g->more);
		terminal_put(v->t, line, at, selected ? LOOK_SELECTED : value_look(&c[i], value), buf_text(&b));
		at += cells + 1;
	}
}

static void draw_row(const struct view *v, int line, size_t index, uint64_t shown, int name_cells)
{
	const struct row *r = &v->rows.row[index];
	const struct feed_group *g = feed_group(v->feed, r->group);
	const char *label = v->rows.flat || !r->depth ? g->path : g->name;
	struct buf AUTO_BUF marks = { 0 }, branches = { 0 }, name = { 0 }, cut = { 0 };
	int selected = index == v->selected, at = MARKS_SHOWN + 1, width;
	enum look look = g->marks ? mark_look(g->marks) : g->populated ? LOOK_PLAIN : LOOK_DIM;

	add_marks(&marks, g->marks);
	add_branches(v, r, &branches);
	show_name(v, &name, label);
	if (r->children)
		buf_printf(&branches, "%s", r->folded ? v->g->folded : v->g->open);
	else if (!v->rows.flat)
		buf_puts(&branches, v->g->leaf);
	if (*v->search && rows_match(g->path, v->search))
		look = LOOK_MATCH;
	width = cells_width(buf_text(&branches));
	if (width > name_cells / 2) {
		/* too deep to be drawn: what is left of the branches is cut in the middle as well */
		struct buf AUTO_BUF less = { 0 };

		cells_cut(&less, buf_text(&branches), name_cells / 2, v->g->more);
		buf_reset(&branches);
		buf_puts(&branches, buf_text(&less));
		width = cells_width(buf_text(&branches));
	}
	cells_cut(&cut, buf_text(&name), name_cells - at - width - 1, v->g->more);
	if (selected)
		terminal_fill(v->t, line, 0, LOOK_SELECTED, v->cells);
	terminal_put(v->t, line, 0, selected ? LOOK_SELECTED : look, buf_text(&marks));
	terminal_put(v->t, line, at, selected ? LOOK_SELECTED : LOOK_DIM, buf_text(&branches));
	terminal_put(v->t, line, at + width, selected ? LOOK_SELECTED : look, buf_text(&cut));
	draw_values(v, line, r, shown, name_cells, selected);
}

static void draw_table(struct view *v, int line, int lines)
{
	uint64_t shown;
	int name_cells = fit_columns(v, &shown);

	draw_heading(v, line, shown, name_cells);
	v->table = (struct area){ line + 1, 0, lines - 1, v->cells };
	if (v->selected < v->top)
		v->top = v->selected;
	if (v->table.rows > 0 && v->selected >= v->top + (size_t)v->table.rows)
		v->top = v->selected - (size_t)v->table.rows + 1;
	if (v->top + (size_t)v->table.rows > v->rows.n)
		v->top = v->rows.n > (size_t)v->table.rows ? v->rows.n - (size_t)v->table.rows : 0;
	for (int i = 0; i < v->table.rows && v->top + (size_t)i < v->rows.n; i++)
		draw_row(v, v->table.row + i, v->top + (size_t)i, shown, name_cells);
	if (!v->rows.n && v->table.rows > 0)
		terminal_put(v->t, v->table.row, 3, LOOK_DIM,
			     *v->rows.filter || v->rows.hide_empty ? "no group is left by the filter" : "no group");
}

/* ---- panes ---- */

static void draw_page_title(const struct view *v, int line)
{
	const struct feed_group *g = selected_group(v);
	struct buf AUTO_BUF b = { 0 }, name = { 0 };
	int at;

	show_name(v, &name, g ? g->path : "");
	buf_putc(&b, ' ');
	cells_cut(&b, buf_text(&name), v->cells > 60 ? v->cells - 48 : v->cells / 2, v->g->more);
	buf_puts(&b, "  ");
	terminal_fill(v->t, line, 0, LOOK_HEADING, v->cells);
	terminal_put(v->t, line, 0, LOOK_HEADING, buf_text(&b));
	at = cells_width(buf_text(&b));
	for (int p = 0; p < PAGES; p++) {
		struct buf AUTO_BUF tab = { 0 };

		/* brackets say which one, for those who see no colours */
		buf_printf(&tab, p == (int)v->page ? "[%s]" : " %s ", page_name((enum page)p));
		terminal_put(v->t, line, at, p == (int)v->page ? LOOK_SORTED : LOOK_HEADING, buf_text(&tab));
		at += cells_width(buf_text(&tab));
	}
}

static void draw_detail(struct view *v, int line, int lines)
{
	struct area a = { line + 1, 1, lines - 1, v->cells - 1 };

	if (lines < 2)
		return;
	draw_page_title(v, line);
	if (v->detail_old) {
		sheet_free(&v->detail_sheet);
		page_make(v, &v->detail_sheet, a.cols);
		v->detail_old = 0;
	}
	sheet_draw(&v->detail_sheet, v->t, a, &v->detail_top, v->g);
}

/* As many as there are events, up to STRIP_LINES; one that says so where there is none. */
static int strip_lines(const struct view *v)
{
	struct feed_event e;
	int n = 0;

	while (n < STRIP_LINES && feed_event(v->feed, (size_t)n, &e))
		n++;
	return n ? n : 1;
}

static void draw_strip(const struct view *v, int line, int lines)
{
	struct feed_event e;

	for (int i = 0; i < lines; i++) {
		struct buf AUTO_BUF b = { 0 };
		int some = feed_event(v->feed, (size_t)i, &e);

		if (some) {
			add_clock(&b, e.time_us, 0);
			buf_putc(&b, ' ');
			add_marks(&b, e.mark);
			show_name(v, &b, *e.path ? e.path : "(unknown group)");
			buf_puts(&b, ": ");
			show_name(v, &b, e.text);
		} else if (!i) {
			buf_puts(&b, "no event yet: kills, denied forks and hit limits are told here");
		}
		put_line(v, line + lines - 1 - i, some ? mark_look(e.mark) : LOOK_DIM, &b);
	}
}

/* ---- the bottom line ---- */

/* The first key of the action and a word; whole or not at all. */
static void add_hint(const struct view *v, struct buf *b, enum action a, const char *word)
{
	const struct key *k = keys_row(a);
	struct buf AUTO_BUF hint = { 0 };

	buf_printf(&hint, "%.*s %s", k ? (int)strcspn(k->names, ",") : 0, k ? k->names : "", word);
	if (cells_width(buf_text(b)) + cells_width(buf_text(&hint)) <= v->cells)
		buf_printf(b, "%s  ", buf_text(&hint));
}

static void draw_hints(const struct view *v, int line)
{
	struct buf AUTO_BUF b = { 0 };

	add_hint(v, &b, ACT_HELP, "help");
	add_hint(v, &b, ACT_QUIT, "quit");
	add_hint(v, &b, ACT_DETAIL, "detail");
	add_hint(v, &b, ACT_SORT_MENU, "sort");
	add_hint(v, &b, ACT_COLUMNS, "columns");
	add_hint(v, &b, ACT_SEARCH, "search");
	add_hint(v, &b, ACT_FILTER, "filter");
	add_hint(v, &b, ACT_TREE, v->rows.flat ? "tree" : "list");
	if (v->replay || v->paused)
		add_hint(v, &b, ACT_PAUSE, v->paused ? "go on" : "pause");
	if (v->replay)
		add_hint(v, &b, ACT_BACK, "back");
	if (!v->replay && !v->how->read_only) {
		add_hint(v, &b, ACT_KILL, "kill");
		add_hint(v, &b, ACT_FREEZE, "freeze");
		add_hint(v, &b, ACT_LIMIT, "limit");
	}
	put_line(v, line, LOOK_DIM, &b);
}

/* On a narrow screen what is typed goes before what is said of it. */
static int label_cells(const struct view *v, const char *label)
{
	enum { TYPED = 14 };
	int n = (int)strlen(label), room = v->cells - TYPED - 2;

	if (n > room)
		n = (int)strcspn(label, "(");
	if (n > room)
		n = (int)strcspn(label, " ");
	while (n && label[n - 1] == ' ')
		n--;
	return n;
}

static void draw_prompt(const struct view *v, int line)
{
	struct buf AUTO_BUF before = { 0 }, after = { 0 };
	const struct prompt *p = &v->prompt;
	int label = label_cells(v, p->label), room = v->cells - label - 3, at;

	buf_add(&before, p->text, p->at);
	/* of a long text the end before the cursor is seen */
	for (const char *s = buf_text(&before);; s += cells_beginning(s, 1) ? cells_beginning(s, 1) : 1)
		if (cells_width(s) <= room || !*s) {
			buf_printf(&after, "%.*s: %s", label, p->label, s);
			break;
		}
	at = cells_width(buf_text(&after));
	buf_puts(&after, p->text + p->at);
	terminal_fill(v->t, line, 0, LOOK_PROMPT, v->cells);
	put_line(v, line, LOOK_PROMPT, &after);
	terminal_cursor(v->t, line, at);
}

static void draw_bottom(struct view *v, int line)
{
	struct buf AUTO_BUF b = { 0 };

	if (v->message.len && now_us() >= v->message_until)
		buf_reset(&v->message);
	if (v->mode == MODE_PROMPT) {
		draw_prompt(v, line);
	} else if (v->message.len) {
		cells_cut(&b, buf_text(&v->message), v->cells, v->g->more);
		put_line(v, line, v->message_look, &b);
	} else {
		draw_hints(v, line);
	}
}

/* ---- what is laid over it ---- */

static void add_deed(const struct view *v, struct sheet *s)
{
	const char *step;

	for (size_t i = 0; (step = deed_step(v->deed, i)); i++) {
		struct buf AUTO_BUF b = { 0 };

		show_name(v, &b, step);
		sheet_wrap(s, LOOK_PLAIN, buf_text(&b), v->cells - 4);
	}
}

static void draw_over(struct view *v)
{
	struct sheet AUTO_SHEET s = { 0 };
	struct buf AUTO_BUF title = { 0 };

	switch (v->mode) {
	case MODE_HELP:
		page_help(&s, v->replay, v->how->read_only);
		sheet_draw_box(&s, v->t, "Keys", "Up Down scroll   Escape back", &v->over_top, v->g);
		break;
	case MODE_MENU:
		menu_make(v, &s);
		menu_scroll(v);
		sheet_draw_box(&s, v->t, v->menu == ACT_COLUMNS ? "Columns" : "Sort by",
			       v->menu == ACT_COLUMNS ? "Space on, off   Enter done" : "Enter sort by it   Escape back",
			       &v->over_top, v->g);
		break;
	case MODE_CONFIRM:
		show_name(v, &title, deed_question(v->deed));
		add_deed(v, &s);
		sheet_draw_box(&s, v->t, buf_text(&title), "y yes   n no", &v->over_top, v->g);
		break;
	case MODE_MAIN:
	case MODE_PROMPT:
		break;
	}
}

void draw(struct view *v)
{
	struct feed_head h;
	int line, bottom, strip, detail;

	terminal_size(v->t, &v->lines, &v->cells);
	terminal_begin(v->t);
	if (v->cells < LEAST_CELLS || v->lines < LEAST_LINES) {
		terminal_put(v->t, 0, 0, LOOK_PLAIN, "too small: 20x5");
		terminal_end(v->t);
		return;
	}
	feed_head(v->feed, &h);
	v->replay = h.replay;
	v->table = (struct area){ 0 };
	draw_title(v, &h);
	line = 1;
	if (v->lines >= 10) {
		draw_totals(v, &h);
		line = 2;
	}
	bottom = v->lines - 1;
	strip = v->strip && v->lines >= 16 ? strip_lines(v) : 0;
	bottom -= strip;
	draw_strip(v, bottom, strip);
	detail = v->detail == DETAIL_OFF ? 0 : v->detail == DETAIL_FULL || v->lines < 10 ? bottom - line : (bottom - line) / 2;
	bottom -= detail;
	if (bottom > line)
		draw_table(v, line, bottom - line);
	draw_detail(v, bottom, detail);
	draw_bottom(v, v->lines - 1);
	draw_over(v);
	terminal_end(v->t);
}
