/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rows under named columns, printed as text, as a tree, or as JSON. The only file that knows
 * libsmartcols, which is loaded when there is something to align; a list of one column does without.
 *
 * A tool has an enum of columns and a const table in the same order, ending with COLUMN_END:
 *
 *	enum { COL_NAME, COL_PROCS };
 *	static const struct column columns[] = {
 *		[COL_NAME]  = { "NAME", COLUMN_TREE | COLUMN_SHOWN, .help = "path of the group" },
 *		[COL_PROCS] = { "PROCS", COLUMN_RIGHT | COLUMN_SHOWN, COLUMN_NUMBER, .help = "processes" },
 *		COLUMN_END
 *	};
 *	struct table *t;
 *	if (table_new(f, columns, "groups", 0, &t) < 0)
 *		return frame_failed(f);
 *	row = table_row(t, TABLE_TOP);
 *	table_text(t, row, COL_NAME, path);
 *	if (table_wants(t, COL_PROCS))
 *		table_number(t, row, COL_PROCS, n, UNIT_COUNT);
 *	r = table_print(t);
 *	table_free(t);
 */
#ifndef CGX_UI_TABLE_H
#define CGX_UI_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "frame.h"
#include "units.h"

#define COLUMN_SHOWN (1u << 0) /* shown unless -o says otherwise */
#define COLUMN_RIGHT (1u << 1) /* aligned to the right */
#define COLUMN_TREE  (1u << 2) /* carries the branches in tree mode */
#define COLUMN_TRUNC (1u << 3) /* may be cut on a narrow terminal */

/* What the column is in JSON, for -o help; the cells decide. A cell that was not set is null there,
 * and "-" in text. */
enum column_type { COLUMN_STRING, COLUMN_NUMBER, COLUMN_BOOL };

struct column {
	const char *name;      /* upper case; -o takes any case */
	unsigned flags;
	enum column_type type;
	const char *key;       /* in JSON; NULL: the name in lower case, % as _percent, - as _ */
	double width;          /* hint: below 1 a share of the terminal, else characters; 0 none */
	const char *help;
};
#define COLUMN_END { 0 }

struct table;

#define TABLE_TREE  (1u << 0) /* rows with parents are drawn as a tree */
#define TABLE_EXACT (1u << 1) /* numbers as they are instead of 64.0M */

/*
 * columns is the tool's table; -o NAME,PROCS of f (f->output) chooses, +NAME adds to those shown;
 * --sort and --no-headings of f are obeyed. name is the array's key in JSON: { "groups": [ ... ] }.
 * Errors: -EINVAL unknown column, -ENOMEM; told already.
 */
int table_new(const struct frame *f, const struct column *columns, const char *name, unsigned flags,
	      struct table **ret);
struct table *table_free(struct table *t);

/* 1: the column is printed or sorted by, so it is worth finding out. */
int table_wants(const struct table *t, int col);

/* Begin a row, below another row (its number) or TABLE_TOP. Returns its number; rows keep their order
 * unless --sort is given. Failed allocations stick and are told by table_print(). */
#define TABLE_TOP SIZE_MAX
size_t table_row(struct table *t, size_t parent);
/* Fill a cell. Texts are copied and may hold any byte. */
void table_text(struct table *t, size_t row, int col, const char *s);
/* label is shown, s is sorted by and stands in JSON: a path and its last part. In a table that is
 * no tree s is shown. */
void table_label(struct table *t, size_t row, int col, const char *s, const char *label);
/* UINT64_MAX is shown as max, and is "max" in JSON. */
void table_number(struct table *t, size_t row, int col, uint64_t n, enum unit unit);
void table_bool(struct table *t, size_t row, int col, int yes);

/* Text or, with f->json, JSON, on stdout. Returns an exit status; failures are told. Once a table. */
int table_print(struct table *t);
/* The rows as an array into an open document: for tools that say more than the table. */
struct json;
void table_json(struct table *t, struct json *j, const char *key);

/* The column of that name, any case, len bytes; -1 none. */
int column_find(const struct column *columns, const char *name, size_t len);
/* "NAME  type  help", one a line, on stdout: what -o help prints. */
void columns_print(const struct column *columns);
/* The frame asks this before run: 0, or the status of a usage error after a message about -o or
 * --sort. */
int columns_check(const struct frame *f, const struct column *columns);

#endif
