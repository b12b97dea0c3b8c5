/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The --help screen. */
#include "help.h"

#include <string.h>


enum { WIDTH = 80, WIDEST_LABEL = 28, MARGIN = 2 };

static void add_blanks(struct buf *b, size_t n)
{
	while (n--)
		buf_putc(b, ' ');
}

/* Words of text from column at on, later lines begin at indent; ends the line. */
static void add_wrapped(struct buf *b, const char *text, size_t at, size_t indent)
{
	size_t column = at;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (column > at && column + 1 + len > WIDTH) {
			buf_putc(b, '\n');
			add_blanks(b, indent);
			at = column = indent;
		} else if (column > at) {
			buf_putc(b, ' ');
			column++;
		}
		buf_add(b, text, len);
		column += len;
		text += len + strspn(text + len, " ");
	}
	buf_putc(b, '\n');
}

static void add_usage(struct buf *b, const struct tool *tool, const struct compat *c, const char *name)
{
	const char *const *s = c && c->synopsis ? c->synopsis : tool->synopsis;
	const char *head = "Usage: ";

	for (; s && *s; s++) {
		buf_printf(b, "%s%s ", head, name);
		add_wrapped(b, *s, strlen(head) + strlen(name) + 1, strlen(head) + strlen(name) + 1);
		head = "       ";
	}
}

/* What the option looks like; a letter or name that an earlier sheet took is left out. */
static void add_label(struct buf *b, const struct opt_sheet *sheets, const struct opt *row)
{
	int letter = row->letter && opt_find_letter(sheets, FRAME_SHEETS, row->letter) == row;
	int name = row->name && opt_find_name(sheets, FRAME_SHEETS, row->name, strlen(row->name)) == row;
	int optional = row->flags & OPT_OPTIONAL;

	if (row->flags & OPT_HIDDEN || (!letter && !name))
		return;
	if (letter)
		buf_printf(b, "-%c%s", row->letter, name ? ", " : "");
	else
		buf_puts(b, "    ");
	if (name)
		buf_printf(b, "--%s", row->name);
	if (row->arg)
		buf_printf(b, optional ? "[%s%s]" : "%s%s", optional && name ? "=" : optional ? "" : " ",
			   row->arg);
}

static size_t widest_label(const struct opt_sheet *sheets)
{
	struct buf AUTO_BUF label = { 0 };
	size_t widest = 0;

	for (size_t i = 0; i < FRAME_SHEETS; i++)
		for (const struct opt *row = NULL; (row = opt_next(&sheets[i], row));) {
			buf_reset(&label);
			add_label(&label, sheets, row);
			if (label.len > widest && label.len <= WIDEST_LABEL)
				widest = label.len;
		}
	return widest;
}

static void add_option(struct buf *b, const struct opt_sheet *sheets, const struct opt *row, size_t width)
{
	size_t indent = MARGIN + width + 2, begin;

	add_blanks(b, MARGIN);
	begin = b->len;
	add_label(b, sheets, row);
	if (b->len == begin) {
		b->len -= MARGIN;
		b->s[b->len] = '\0';
		return;
	}
	if (b->len - begin > width) {
		buf_putc(b, '\n');
		add_blanks(b, indent);
	} else {
		add_blanks(b, begin - MARGIN + indent - b->len);
	}
	add_wrapped(b, row->help ? row->help : "", indent, indent);
}

static void add_options(struct buf *b, const struct tool *tool, unsigned like)
{
	struct opt_sheet sheets[FRAME_SHEETS];
	size_t width;

	frame_sheets(tool, like, NULL, NULL, sheets);
	width = widest_label(sheets);
	buf_putc(b, '\n');
	for (size_t i = 0; i < FRAME_SHEETS; i++)
		for (const struct opt *row = NULL; (row = opt_next(&sheets[i], row));)
			add_option(b, sheets, row, width);
}

static void add_columns(struct buf *b, const struct tool *tool)
{
	struct buf AUTO_BUF names = { 0 };
	const char *name, *help;

	for (size_t i = 0; (name = frame_column(tool, i, &help)); i++)
		buf_printf(&names, "%s%s", names.len ? " " : "", name);
	if (!names.len)
		return;
	buf_puts(b, "\nColumns: ");
	add_wrapped(b, buf_text(&names), 9, 9);
}

static void add_examples(struct buf *b, const struct example *e)
{
	size_t width = 0;

	for (const struct example *x = e; x->command; x++)
		if (strlen(x->command) > width)
			width = strlen(x->command);
	buf_puts(b, "\nExamples:\n");
	for (; e->command; e++) {
		add_blanks(b, MARGIN);
		buf_puts(b, e->command);
		if (MARGIN + width + 2 + strlen(e->what) <= WIDTH) {
			add_blanks(b, width - strlen(e->command) + 2);
		} else {
			buf_putc(b, '\n');
			add_blanks(b, 3 * MARGIN);
		}
		buf_printf(b, "%s\n", e->what);
	}
}

void help_format(struct buf *b, const struct tool *tool, unsigned like, const char *name)
{
	const struct compat *c = frame_compat(tool, like);
	const struct example *examples = c ? c->examples : tool->examples;
	const char *summary = c && c->summary ? c->summary : tool->summary;

	add_usage(b, tool, c, name);
	buf_printf(b, "%s.\n", summary);
	if (tool->description && !c) {
		buf_putc(b, '\n');
		add_wrapped(b, tool->description, 0, 0);
	}
	add_options(b, tool, like);
	if (!c)
		add_columns(b, tool);
	if (examples && examples->command)
		add_examples(b, examples);
	if (c)
		buf_printf(b, "\nThis is %s under the name of libcgroup's tool; see %s(1).\n", tool->name,
			   tool->name);
}
