/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables as text, trees and JSON. */
#include "table.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <libsmartcols/libsmartcols.h>

#include "json.h"
#include "lazy.h"
#include "message.h"
#include "nearest.h"
#include "text.h"

#ifndef SMARTCOLS_SONAME
#define SMARTCOLS_SONAME "libsmartcols.so.1"
#endif

#define SYMBOLS(X)                       \
	X(scols_new_table)               \
	X(scols_unref_table)             \
	X(scols_table_new_column)        \
	X(scols_table_new_line)          \
	X(scols_line_add_child)          \
	X(scols_line_set_data)           \
	X(scols_table_enable_ascii)      \
	X(scols_table_enable_noencoding) \
	X(scols_table_enable_noheadings) \
	X(scols_print_table)

struct scols {
	SYMBOLS(LAZY_POINTER)
};

static const struct lazy_symbol symbols[] = {
#define X(name) LAZY_SYMBOL(struct scols, name),
	SYMBOLS(X)
#undef X
};
static const struct lazy library = LAZY(SMARTCOLS_SONAME, "libsmartcols1", symbols);

enum { MOST_COLUMNS = 64 };
enum cell_kind { CELL_EMPTY, CELL_TEXT, CELL_NUMBER, CELL_BOOL };

struct cell {
	enum cell_kind kind;
	enum unit unit;
	uint64_t n;
	char *text;
	char *label;
};

struct row {
	size_t parent;
	struct cell *cells;  /* as many as there are slots */
};

/* A choice of columns: what -o and --sort ask for. */
struct choice {
	int shown[MOST_COLUMNS];
	size_t n;
	int sort;            /* -1: as they come */
	int backwards;
};

struct table {
	const struct frame *f;
	const struct column *columns;
	const char *name;
	unsigned flags;
	struct choice choice;
	int slot[MOST_COLUMNS];  /* of a column in the rows, -1 not kept */
	size_t slots;
	struct row *rows;
	size_t n;
	int err;
};

/* ---- choosing columns ------------------------------------------------------------------------- */

int column_find(const struct column *columns, const char *name, size_t len)
{
	for (int i = 0; columns[i].name; i++)
		if (strlen(columns[i].name) == len && !strncasecmp(columns[i].name, name, len))
			return i;
	return -1;
}

static void say_unknown(struct buf *why, const struct column *columns, const char *name, size_t len)
{
	char upper[64] = "";
	struct nearest near;

	for (size_t i = 0; i < len && i < sizeof(upper) - 1; i++)
		upper[i] = (char)toupper((unsigned char)name[i]);
	nearest_begin(&near, upper, strlen(upper));
	for (; columns->name; columns++)
		nearest_offer(&near, columns->name);
	buf_printf(why, "%.*s: no such column; ", (int)len, name);
	if (near.best)
		buf_printf(why, "did you mean %s?", near.best);
	else
		buf_puts(why, "-o help lists them");
}

static int choose_list(const struct column *columns, const char *list, struct choice *c, struct buf *why)
{
	while (*list) {
		size_t len = strcspn(list, ",");
		int col = column_find(columns, list, len);

		if (col < 0) {
			say_unknown(why, columns, list, len);
			return -EINVAL;
		}
		if (c->n == MOST_COLUMNS) {
			buf_puts(why, "too many columns");
			return -EINVAL;
		}
		c->shown[c->n++] = col;
		list += len + (list[len] == ',');
	}
	return 0;
}

static int choose_sort(const struct column *columns, const char *sort, struct choice *c, struct buf *why)
{
	c->backwards = *sort == '-';
	sort += *sort == '-' || *sort == '+';
	c->sort = column_find(columns, sort, strlen(sort));
	if (c->sort >= 0)
		return 0;
	say_unknown(why, columns, sort, strlen(sort));
	return -EINVAL;
}

static int choose(const struct frame *f, const struct column *columns, struct choice *c, struct buf *why)
{
	const char *list = f->output ? f->output : "+";

	*c = (struct choice){ .sort = -1 };
	if (*list == '+') {
		for (int i = 0; i < MOST_COLUMNS && columns[i].name; i++)
			if (columns[i].flags & COLUMN_SHOWN)
				c->shown[c->n++] = i;
		list++;
	}
	if (choose_list(columns, list, c, why) < 0)
		return -EINVAL;
	if (!c->n) {
		buf_puts(why, "-o: names no column; -o help lists them");
		return -EINVAL;
	}
	return f->sort ? choose_sort(columns, f->sort, c, why) : 0;
}

int columns_check(const struct frame *f, const struct column *columns)
{
	struct buf AUTO_BUF why = { 0 };
	struct choice c;

	if (!columns || (!f->output && !f->sort) || !choose(f, columns, &c, &why))
		return 0;
	return msg_usage(f, "%s", buf_text(&why));
}

void columns_print(const struct column *columns)
{
	static const char *const types[] = { [COLUMN_STRING] = "string", [COLUMN_NUMBER] = "number",
					     [COLUMN_BOOL] = "boolean" };
	size_t width = 0;

	for (const struct column *c = columns; c->name; c++)
		width = strlen(c->name) > width ? strlen(c->name) : width;
	for (; columns->name; columns++)
		printf("%-*s  %-7s  %s\n", (int)width, columns->name, types[columns->type],
		       columns->help ? columns->help : "");
}

/* ---- filling ---------------------------------------------------------------------------------- */

static void keep(struct table *t, int col)
{
	if (col >= 0 && t->slot[col] < 0)
		t->slot[col] = (int)t->slots++;
}

int table_new(const struct frame *f, const struct column *columns, const char *name, unsigned flags,
	      struct table **ret)
{
	struct buf AUTO_BUF why = { 0 };
	struct table *t = calloc(1, sizeof(*t));

	if (!t) {
		msg_error(f, NULL, "out of memory");
		return -ENOMEM;
	}
	*t = (struct table){ .f = f, .columns = columns, .name = name, .flags = flags };
	memset(t->slot, -1, sizeof(t->slot));
	if (choose(f, columns, &t->choice, &why) < 0) {
		msg_error(f, NULL, "%s", buf_text(&why));
		table_free(t);
		return -EINVAL;
	}
	for (size_t i = 0; i < t->choice.n; i++)
		keep(t, t->choice.shown[i]);
	keep(t, t->choice.sort);
	*ret = t;
	return 0;
}

struct table *table_free(struct table *t)
{
	if (!t)
		return NULL;
	for (size_t i = 0; i < t->n; i++) {
		for (size_t k = 0; k < t->slots; k++) {
			free(t->rows[i].cells[k].text);
			free(t->rows[i].cells[k].label);
		}
		free(t->rows[i].cells);
	}
	free(t->rows);
	free(t);
	return NULL;
}

int table_wants(const struct table *t, int col)
{
	return t->slot[col] >= 0;
}

static int grow(struct table *t)
{
	struct row *rows;

	/* Room doubles at powers of two, so the count alone says when it is used up. */
	if (t->n & (t->n - 1) || (t->n && t->n < 16))
		return 0;
	rows = reallocarray(t->rows, t->n ? t->n * 2 : 16, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	t->rows = rows;
	return 0;
}

size_t table_row(struct table *t, size_t parent)
{
	struct cell *cells = calloc(t->slots, sizeof(*cells));

	if (!cells || grow(t) < 0) {
		free(cells);
		t->err = -ENOMEM;
		return TABLE_TOP;
	}
	t->rows[t->n].parent = parent;
	t->rows[t->n].cells = cells;
	return t->n++;
}

/* The cell to fill, emptied; NULL when nobody wants it. */
static struct cell *cell_at(struct table *t, size_t row, int col)
{
	struct cell *c;

	if (row >= t->n || t->slot[col] < 0)
		return NULL;
	c = &t->rows[row].cells[t->slot[col]];
	free(c->text);
	free(c->label);
	*c = (struct cell){ 0 };
	return c;
}

void table_label(struct table *t, size_t row, int col, const char *s, const char *label)
{
	struct cell *c = s ? cell_at(t, row, col) : NULL;

	if (!c)
		return;
	c->text = strdup(s);
	if (label && t->flags & TABLE_TREE)
		c->label = strdup(label);
	if (!c->text || (label && t->flags & TABLE_TREE && !c->label))
		t->err = -ENOMEM;
	else
		c->kind = CELL_TEXT;
}

void table_text(struct table *t, size_t row, int col, const char *s)
{
	table_label(t, row, col, s, NULL);
}

void table_number(struct table *t, size_t row, int col, uint64_t n, enum unit unit)
{
	struct cell *c = cell_at(t, row, col);

	if (c)
		*c = (struct cell){ .kind = CELL_NUMBER, .unit = unit, .n = n };
}

void table_bool(struct table *t, size_t row, int col, int yes)
{
	struct cell *c = cell_at(t, row, col);

	if (c)
		*c = (struct cell){ .kind = CELL_BOOL, .n = !!yes };
}

/* ---- order ------------------------------------------------------------------------------------ */

static int compare_cells(const struct cell *a, const struct cell *b)
{
	if (a->kind == CELL_TEXT && b->kind == CELL_TEXT)
		return strcmp(a->text, b->text);
	if (a->kind == CELL_EMPTY || b->kind == CELL_EMPTY || a->kind == CELL_TEXT || b->kind == CELL_TEXT)
		return (int)a->kind - (int)b->kind;
	return a->n < b->n ? -1 : a->n > b->n;
}

static int compare_rows(const void *a, const void *b, void *data)
{
	const struct table *t = data;
	size_t i = *(const size_t *)a, k = *(const size_t *)b;
	int slot = t->slot[t->choice.sort];
	int r = compare_cells(&t->rows[i].cells[slot], &t->rows[k].cells[slot]);

	if (r)
		return t->choice.backwards ? -r : r;
	return i < k ? -1 : 1;
}

/* The numbers of the rows in the order in which they are shown; owned by the caller. */
static size_t *order_of(struct table *t)
{
	size_t *order = calloc(t->n + 1, sizeof(*order));

	if (!order) {
		t->err = -ENOMEM;
		return NULL;
	}
	for (size_t i = 0; i < t->n; i++)
		order[i] = i;
	if (t->choice.sort >= 0)
		qsort_r(order, t->n, sizeof(*order), compare_rows, t);
	return order;
}

/* ---- text ------------------------------------------------------------------------------------- */

static void show_cell(const struct table *t, const struct cell *c, enum text_set set, struct buf *b)
{
	const char *text = c->label ? c->label : c->text;

	switch (c->kind) {
	case CELL_EMPTY:
		buf_puts(b, "-");
		break;
	case CELL_TEXT:
		text_show(b, text, strlen(text), set);
		break;
	case CELL_NUMBER:
		if (t->flags & TABLE_EXACT && c->unit != UNIT_PERCENT)
			buf_puts(b, units_exact(c->n).s);
		else
			buf_puts(b, units_format(c->unit, c->n).s);
		break;
	case CELL_BOOL:
		buf_puts(b, c->n ? "yes" : "no");
		break;
	}
}

static const struct cell *shown_cell(const struct table *t, size_t row, size_t place)
{
	return &t->rows[row].cells[t->slot[t->choice.shown[place]]];
}

/* One column needs no alignment, and no library. */
static int print_list(struct table *t, const size_t *order)
{
	struct buf AUTO_BUF line = { 0 };

	if (!t->f->no_headings)
		printf("%s\n", t->columns[t->choice.shown[0]].name);
	for (size_t i = 0; i < t->n; i++) {
		buf_reset(&line);
		show_cell(t, shown_cell(t, order[i], 0), TEXT_UTF8, &line);
		buf_putc(&line, '\n');
		if (buf_error(&line))
			return -ENOMEM;
		fwrite(line.s, 1, line.len, stdout);
	}
	return 0;
}

static int add_columns(const struct table *t, const struct scols *s, struct libscols_table *tb)
{
	for (size_t i = 0; i < t->choice.n; i++) {
		const struct column *c = &t->columns[t->choice.shown[i]];
		int flags = 0;

		if (c->flags & COLUMN_RIGHT)
			flags |= SCOLS_FL_RIGHT;
		if (c->flags & COLUMN_TRUNC)
			flags |= SCOLS_FL_TRUNC;
		if (c->flags & COLUMN_TREE && t->flags & TABLE_TREE)
			flags |= SCOLS_FL_TREE;
		if (!s->scols_table_new_column(tb, c->name, c->width, flags))
			return -ENOMEM;
	}
	return 0;
}

static int fill_line(const struct table *t, const struct scols *s, struct libscols_line *line, size_t row,
		     enum text_set set)
{
	struct buf AUTO_BUF text = { 0 };

	for (size_t i = 0; i < t->choice.n; i++) {
		buf_reset(&text);
		show_cell(t, shown_cell(t, row, i), set, &text);
		if (buf_error(&text) || s->scols_line_set_data(line, i, buf_text(&text)))
			return -ENOMEM;
	}
	return 0;
}

/* Lines first, then who belongs to whom: a sort may put a child before its parent. */
static int add_lines(const struct table *t, const struct scols *s, struct libscols_table *tb,
		     const size_t *order, enum text_set set)
{
	struct libscols_line **lines AUTO_FREE = calloc(t->n + 1, sizeof(struct libscols_line *));

	if (!lines)
		return -ENOMEM;
	for (size_t i = 0; i < t->n; i++) {
		lines[order[i]] = s->scols_table_new_line(tb, NULL);
		if (!lines[order[i]] || fill_line(t, s, lines[order[i]], order[i], set))
			return -ENOMEM;
	}
	if (!(t->flags & TABLE_TREE))
		return 0;
	for (size_t i = 0; i < t->n; i++) {
		size_t parent = t->rows[order[i]].parent;

		if (parent < t->n && s->scols_line_add_child(lines[parent], lines[order[i]]))
			return -ENOMEM;
	}
	return 0;
}

static int print_aligned(struct table *t, const size_t *order)
{
	enum text_set set = text_locale();
	struct libscols_table *tb;
	struct scols s;
	int r = lazy_open(t->f, &library, &s);

	if (r < 0)
		return r;
	tb = s.scols_new_table();
	if (!tb)
		return -ENOMEM;
	s.scols_table_enable_ascii(tb, set == TEXT_ASCII);
	/* Cells are escaped already, with the rules of text_show(). */
	s.scols_table_enable_noencoding(tb, 1);
	s.scols_table_enable_noheadings(tb, t->f->no_headings);
	r = add_columns(t, &s, tb);
	if (!r)
		r = add_lines(t, &s, tb, order, set);
	if (!r && t->n && s.scols_print_table(tb))
		r = -EIO;
	s.scols_unref_table(tb);
	return r;
}

static int has_tree(const struct table *t)
{
	for (size_t i = 0; i < t->choice.n; i++)
		if (t->columns[t->choice.shown[i]].flags & COLUMN_TREE)
			return !!(t->flags & TABLE_TREE);
	return 0;
}

static int print_text(struct table *t)
{
	size_t *order AUTO_FREE = order_of(t);

	if (!order)
		return -ENOMEM;
	if (t->choice.n == 1 && !has_tree(t))
		return print_list(t, order);
	return print_aligned(t, order);
}

/* ---- JSON ------------------------------------------------------------------------------------- */

/* "CPU%" is cpu_percent. */
static const char *key_of(const struct column *c, struct buf *space)
{
	if (c->key)
		return c->key;
	buf_reset(space);
	for (const char *s = c->name; *s; s++)
		if (*s == '%')
			buf_puts(space, "_percent");
		else
			buf_putc(space, isalnum((unsigned char)*s) ? (char)tolower((unsigned char)*s) : '_');
	return buf_text(space);
}

static void add_json_cell(struct json *j, const char *key, const struct cell *c)
{
	switch (c->kind) {
	case CELL_EMPTY:
		json_add_null(j, key);
		break;
	case CELL_TEXT:
		json_add_string(j, key, c->text);
		break;
	case CELL_NUMBER:
		if (c->unit == UNIT_PERCENT && c->n != UINT64_MAX)
			json_add_double(j, key, (double)c->n / 100, 2);
		else
			json_add_limit(j, key, c->n);
		break;
	case CELL_BOOL:
		json_add_bool(j, key, (int)c->n);
		break;
	}
}

void table_json(struct table *t, struct json *j, const char *key)
{
	size_t *order AUTO_FREE = order_of(t);
	struct buf AUTO_BUF space = { 0 };

	json_open_array(j, key);
	for (size_t i = 0; order && i < t->n; i++) {
		json_open_object(j, NULL);
		for (size_t k = 0; k < t->choice.n; k++)
			add_json_cell(j, key_of(&t->columns[t->choice.shown[k]], &space),
				      shown_cell(t, order[i], k));
		json_close(j);
	}
	json_close(j);
}

static int print_json(struct table *t)
{
	struct json *j;
	int r = json_new(t->f, &j);

	if (r < 0)
		return frame_failed(t->f);
	json_open_object(j, NULL);
	table_json(t, j, t->name);
	json_close(j);
	r = t->err ? msg_errno(t->f, t->err, t->name, "print") : json_print(j, t->f);
	json_free(j);
	return r;
}

int table_print(struct table *t)
{
	int r = t->err;

	if (!r && t->f->json)
		return print_json(t);
	if (!r)
		r = print_text(t);
	if (r == -ENOPKG)
		return frame_failed(t->f);
	return r < 0 ? msg_errno(t->f, r, t->name, "print") : STATUS_DONE;
}
