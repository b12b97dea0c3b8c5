/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines to be read. */
#include "sheet.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static struct sheet_line *new_line(struct sheet *s)
{
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 32;
		struct sheet_line *more = reallocarray(s->line, cap, sizeof(*more));

		if (!more)
			return NULL;
		s->line = more;
		s->cap = cap;
	}
	s->line[s->n] = (struct sheet_line){ 0 };
	return &s->line[s->n];
}

static void keep(struct sheet *s, enum look look, int key_cells, struct buf *text)
{
	struct sheet_line *l = new_line(s);
	int width = cells_width(buf_text(text));

	if (!l || buf_steal(text, &l->text) < 0)
		return;
	l->look = look;
	l->key_cells = key_cells;
	s->n++;
	if (width > s->width)
		s->width = width;
}

void sheet_add(struct sheet *s, enum look look, const char *fmt, ...)
{
	struct buf AUTO_BUF b = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	keep(s, look, 0, &b);
}

void sheet_add_key(struct sheet *s, const char *key, int key_cells, const char *text)
{
	struct buf AUTO_BUF b = { 0 };

	cells_pad(&b, key, key_cells, 0, "");
	buf_putc(&b, ' ');
	buf_puts(&b, text);
	keep(s, LOOK_PLAIN, key_cells, &b);
}

/* Where a line of at most width cells ends: behind a blank, if it has one. */
static size_t break_at(const char *s, size_t len, int width)
{
	size_t n = cells_beginning(s, width > 0 ? width : 1), blank;

	if (n >= len)
		return len;
	for (blank = n; blank && s[blank] != ' '; blank--)
		;
	return blank ? blank + 1 : n ? n : 1;
}

void sheet_wrap(struct sheet *s, enum look look, const char *text, int width)
{
	while (*text) {
		size_t len = strcspn(text, "\n"), n = break_at(text, len, width);

		sheet_add(s, look, "%.*s", (int)n, text);
		text += n;
		if (n == len && *text == '\n')
			text++;
	}
}

void sheet_free(struct sheet *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->line[i].text);
	free(s->line);
	*s = (struct sheet){ 0 };
}

/* ---- drawing ---- */

static void draw_line(const struct sheet_line *l, struct terminal *t, int row, int col, int cols, const struct glyphs *g)
{
	struct buf AUTO_BUF b = { 0 }, key = { 0 };
	size_t n = cells_beginning(l->text, l->key_cells < cols ? l->key_cells : cols);

	buf_add(&key, l->text, n);
	terminal_put(t, row, col, LOOK_KEY, buf_text(&key));
	cols -= l->key_cells;
	if (cols <= 0)
		return;
	cells_pad(&b, l->text + n, cols, 0, g->more);
	terminal_put(t, row, col + l->key_cells, l->look, buf_text(&b));
}

void sheet_draw(const struct sheet *s, struct terminal *t, struct area a, size_t *top, const struct glyphs *g)
{
	size_t rows = a.rows > 0 ? (size_t)a.rows : 0;

	if (*top + rows > s->n)
		*top = s->n > rows ? s->n - rows : 0;
	for (size_t i = 0; i < rows && *top + i < s->n; i++)
		draw_line(&s->line[*top + i], t, a.row + (int)i, a.col, a.cols, g);
}

static void draw_bar(struct terminal *t, struct area a, int row, const char *text, const struct glyphs *g)
{
	struct buf AUTO_BUF b = { 0 };

	buf_putc(&b, ' ');
	cells_pad(&b, text, a.cols - 1, 0, g->more);
	terminal_put(t, row, a.col, LOOK_PROMPT, buf_text(&b));
}

void sheet_draw_box(const struct sheet *s, struct terminal *t, const char *title, const char *footer, size_t *top,
		    const struct glyphs *g)
{
	int rows, cols, width = s->width;
	struct area a;

	terminal_size(t, &rows, &cols);
	if (cells_width(footer) > width)
		width = cells_width(footer);
	if (cells_width(title) > width)
		width = cells_width(title);
	a.cols = width + 2 < cols ? width + 2 : cols;
	a.rows = s->n + 2 < (size_t)rows ? (int)s->n + 2 : rows;
	a.row = (rows - a.rows) / 2;
	a.col = (cols - a.cols) / 2;
	for (int i = 0; i < a.rows; i++)
		terminal_fill(t, a.row + i, a.col, LOOK_PLAIN, a.cols);
	draw_bar(t, a, a.row, title, g);
	draw_bar(t, a, a.row + a.rows - 1, footer, g);
	a.row++;
	a.rows -= 2;
	a.col++;
	a.cols -= 2;
	sheet_draw(s, t, a, top, g);
}
