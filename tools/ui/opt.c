/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small option parser over tables. */
#include "opt.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "util/num.h"

#include "nearest.h"

struct parser {
	const struct opt_sheet *sheets;
	size_t n;
	char **argv;
	int argc;
	int next;           /* the word to look at next */
	int kept;           /* words that were no options */
	struct buf *why;
};

/* One occurrence of an option. */
struct given {
	const struct opt *row;
	void *base;
	const char *text;   /* its argument, NULL none */
	int as_letter;      /* how it was written, for messages */
};

const struct opt *opt_next(const struct opt_sheet *sheet, const struct opt *row)
{
	for (row = row ? row + 1 : sheet->rows; row->letter || row->name; row++)
		if (!row->who || row->who & sheet->who)
			return row;
	return NULL;
}

int opt_needs_arg(const struct opt *row)
{
	return row->arg && !(row->flags & OPT_OPTIONAL);
}

static const struct opt *letter_in(const struct opt_sheet *sheet, char letter)
{
	for (const struct opt *row = NULL; (row = opt_next(sheet, row));)
		if (row->letter == letter)
			return row;
	return NULL;
}

const struct opt *opt_find_letter(const struct opt_sheet *sheets, size_t n, char letter)
{
	const struct opt *row = NULL;

	for (size_t i = 0; i < n && !row; i++)
		row = letter_in(&sheets[i], letter);
	return row;
}

static const struct opt *exact_in(const struct opt_sheet *sheet, const char *name, size_t len)
{
	for (const struct opt *row = NULL; (row = opt_next(sheet, row));)
		if (row->name && strlen(row->name) == len && !memcmp(row->name, name, len))
			return row;
	return NULL;
}

static const struct opt *find_exact(const struct opt_sheet *sheets, size_t n, const char *name,
				    size_t len)
{
	const struct opt *row = NULL;

	for (size_t i = 0; i < n && !row; i++)
		row = exact_in(&sheets[i], name, len);
	return row;
}

/* A row whose name an earlier sheet has, too, is out of reach. */
static int reachable(const struct opt_sheet *sheets, size_t n, const struct opt *row)
{
	return find_exact(sheets, n, row->name, strlen(row->name)) == row;
}

/* The next row from *sheet and row on whose name begins so. */
static const struct opt *next_beginning(const struct opt_sheet *sheets, size_t n, size_t *sheet,
					const struct opt *row, const char *name, size_t len)
{
	for (; *sheet < n; ++*sheet, row = NULL)
		while ((row = opt_next(&sheets[*sheet], row)))
			if (row->name && !(row->flags & OPT_HIDDEN) && !strncmp(row->name, name, len) &&
			    reachable(sheets, n, row))
				return row;
	return NULL;
}

const struct opt *opt_find_name(const struct opt_sheet *sheets, size_t n, const char *name, size_t len)
{
	const struct opt *row = find_exact(sheets, n, name, len);
	size_t sheet = 0;

	if (row)
		return row;
	row = next_beginning(sheets, n, &sheet, NULL, name, len);
	if (row && next_beginning(sheets, n, &sheet, row, name, len))
		return NULL;
	return row;
}

/* ---- words about what is wrong ---------------------------------------------------------------- */

static void say_option(struct buf *why, const struct given *g)
{
	if (g->as_letter || !g->row->name)
		buf_printf(why, "-%c", g->row->letter);
	else
		buf_printf(why, "--%s", g->row->name);
}

static int refuse(struct parser *p, const struct given *g, const char *cause)
{
	say_option(p->why, g);
	if (g->text)
		buf_printf(p->why, " %s", *g->text ? g->text : "''");
	buf_printf(p->why, ": %s", cause);
	return -EINVAL;
}

static int refuse_number(struct parser *p, const struct given *g, int err, const char *cause)
{
	refuse(p, g, err == -ERANGE ? "too large" : cause);
	if (g->row->flags & OPT_MAX)
		buf_puts(p->why, "; or max");
	return -EINVAL;
}

static void say_choices(struct buf *why, const char *const *choices)
{
	for (size_t i = 0; choices[i]; i++)
		buf_printf(why, "%s%s", !i ? "" : choices[i + 1] ? ", " : " or ", choices[i]);
}

static int say_ambiguous(struct parser *p, const char *name, size_t len)
{
	const char *before = "could be --";
	const struct opt *row = NULL;
	size_t sheet = 0;
	int found = 0;

	while ((row = next_beginning(p->sheets, p->n, &sheet, row, name, len))) {
		buf_printf(p->why, "%s%s", before, row->name);
		before = " or --";
		found = 1;
	}
	return found;
}

static int refuse_long(struct parser *p, const char *name, size_t len)
{
	struct nearest near;

	buf_printf(p->why, "--%.*s: ", (int)len, name);
	if (len && say_ambiguous(p, name, len))
		return -EINVAL;
	buf_puts(p->why, "no such option");
	nearest_begin(&near, name, len);
	for (size_t i = 0; i < p->n; i++)
		for (const struct opt *row = NULL; (row = opt_next(&p->sheets[i], row));)
			if (row->name && !(row->flags & OPT_HIDDEN))
				nearest_offer(&near, row->name);
	if (near.best)
		buf_printf(p->why, "; did you mean --%s?", near.best);
	return -EINVAL;
}

/* ---- reading arguments ------------------------------------------------------------------------ */

static void *field(const struct given *g)
{
	return (char *)g->base + g->row->at;
}

static int take_string(struct parser *p, const struct given *g)
{
	struct strings *list = field(g);
	const char **v = realloc(list->v, (list->n + 2) * sizeof(*v));

	if (!v) {
		refuse(p, g, "out of memory");
		return -ENOMEM;
	}
	list->v = v;
	v[list->n++] = g->text;
	v[list->n] = NULL;
	return 0;
}

static int take_u64(struct parser *p, const struct given *g, int (*read)(const char *, uint64_t *),
		    const char *cause)
{
	uint64_t v = UINT64_MAX;
	int r = 0;

	if (!(g->row->flags & OPT_MAX) || strcmp(g->text, "max"))
		r = read(g->text, &v);
	if (r)
		return refuse_number(p, g, r, cause);
	if (!v && g->row->flags & OPT_NONZERO)
		return refuse(p, g, "must not be 0");
	*(uint64_t *)field(g) = v;
	return 0;
}

static int take_int(struct parser *p, const struct given *g)
{
	int64_t v;
	int r = num_i64(g->text, &v);

	if (!r && (v > INT_MAX || v < INT_MIN))
		r = -ERANGE;
	if (r)
		return refuse_number(p, g, r, "not a whole number");
	if (!v && g->row->flags & OPT_NONZERO)
		return refuse(p, g, "must not be 0");
	*(int *)field(g) = (int)v;
	return 0;
}

static int take_octal(struct parser *p, const struct given *g)
{
	unsigned mode;

	if (num_mode(g->text, &mode) || !mode || strlen(g->text) > 5)
		return refuse(p, g, "not a mode; modes are octal digits, 1 to 7777 (644, 0755)");
	*(unsigned *)field(g) = mode;
	return 0;
}

static int find_choice(const char *const *choices, const char *text)
{
	size_t len = strlen(text);
	int found = -1;

	for (int i = 0; choices[i]; i++) {
		if (!strcmp(choices[i], text))
			return i;
		if (!strncmp(choices[i], text, len))
			found = found == -1 ? i : -2;
	}
	return len ? found : -1;
}

static int take_choice(struct parser *p, const struct given *g)
{
	int v = find_choice(g->row->choices, g->text);

	if (v < 0) {
		refuse(p, g, "not one of ");
		say_choices(p->why, g->row->choices);
		return -EINVAL;
	}
	*(int *)field(g) = v;
	return 0;
}

static int take_call(struct parser *p, const struct given *g)
{
	struct buf AUTO_BUF cause = { 0 };
	int r = g->row->call(g->base, g->row, g->text, &cause);

	if (r >= 0)
		return 0;
	refuse(p, g, *buf_text(&cause) ? buf_text(&cause) : strerror(-r));
	return r == -ENOMEM ? r : -EINVAL;
}

/* An option without an argument, or with one that was left out. */
static int take_bare(struct parser *p, const struct given *g)
{
	switch (g->row->type) {
	case OPT_FLAG:
		*(int *)field(g) = g->row->value ? g->row->value : 1;
		return 0;
	case OPT_COUNT:
		++*(int *)field(g);
		return 0;
	case OPT_BIT:
		*(unsigned *)field(g) |= (unsigned)g->row->value;
		return 0;
	case OPT_INT:
	case OPT_ENUM:
		*(int *)field(g) = g->row->value;
		return 0;
	case OPT_STRING:
		*(const char **)field(g) = "";
		return 0;
	case OPT_CALL:
		return take_call(p, g);
	case OPT_STRINGS:
	case OPT_BYTES:
	case OPT_USEC:
	case OPT_U64:
	case OPT_OCTAL:
		break;
	}
	return refuse(p, g, "needs an argument");
}

static int take(struct parser *p, const struct given *g)
{
	if (!g->text)
		return take_bare(p, g);
	switch (g->row->type) {
	case OPT_STRING:
		*(const char **)field(g) = g->text;
		return 0;
	case OPT_STRINGS:
		return take_string(p, g);
	case OPT_BYTES:
		return take_u64(p, g, num_bytes,
				"not a size; sizes are digits with K, M, G or T behind (64M, 1.5G)");
	case OPT_USEC:
		return take_u64(p, g, num_usec,
				"not a time; times are digits with us, ms, s, m, h or d behind (250ms, 5m)");
	case OPT_U64:
		return take_u64(p, g, num_u64, "not a whole number");
	case OPT_INT:
		return take_int(p, g);
	case OPT_OCTAL:
		return take_octal(p, g);
	case OPT_ENUM:
		return take_choice(p, g);
	case OPT_CALL:
		return take_call(p, g);
	case OPT_FLAG:
	case OPT_COUNT:
	case OPT_BIT:
		break;
	}
	return refuse(p, g, "takes no argument");
}

/* ---- walking over the words ------------------------------------------------------------------- */

static void *base_of(const struct parser *p, const struct opt *row)
{
	for (size_t i = 0; i < p->n; i++)
		for (const struct opt *r = NULL; (r = opt_next(&p->sheets[i], r));)
			if (r == row)
				return p->sheets[i].base;
	return NULL;
}

/* The argument that must follow stands in the next word. */
static int take_next_word(struct parser *p, struct given *g)
{
	if (p->next >= p->argc) {
		refuse(p, g, "needs ");
		buf_printf(p->why, "%s behind it", g->row->arg);
		return -EINVAL;
	}
	g->text = p->argv[p->next++];
	return take(p, g);
}

static int take_long(struct parser *p, const char *word)
{
	size_t len = strcspn(word, "=");
	struct given g = { .text = word[len] ? word + len + 1 : NULL };

	g.row = len ? opt_find_name(p->sheets, p->n, word, len) : NULL;
	if (!g.row)
		return refuse_long(p, word, len);
	g.base = base_of(p, g.row);
	if (g.text && !g.row->arg) {
		g.text = NULL;
		return refuse(p, &g, "takes no argument");
	}
	if (!g.text && opt_needs_arg(g.row))
		return take_next_word(p, &g);
	return take(p, &g);
}

/* "-abVALUE": flags up to the first that takes an argument. */
static int take_letters(struct parser *p, const char *letters)
{
	int r = 0;

	for (; *letters && !r; letters++) {
		struct given g = { .as_letter = 1 };

		g.row = opt_find_letter(p->sheets, p->n, *letters);
		if (!g.row) {
			buf_printf(p->why, "-%c: no such option", *letters);
			return -EINVAL;
		}
		g.base = base_of(p, g.row);
		if (g.row->arg && letters[1]) {
			g.text = letters + 1;
			return take(p, &g);
		}
		r = opt_needs_arg(g.row) ? take_next_word(p, &g) : take(p, &g);
	}
	return r;
}

static void keep_rest(struct parser *p)
{
	while (p->next < p->argc)
		p->argv[p->kept++] = p->argv[p->next++];
}

int opt_parse(const struct opt_sheet *sheets, size_t n, unsigned flags, int argc, char **argv,
	      struct buf *why)
{
	struct parser p = { sheets, n, argv, argc, .next = 1, .why = why };
	int r = 0;

	while (p.next < argc && !r) {
		char *word = argv[p.next++];

		if (word[0] == '-' && word[1] == '-' && word[2]) {
			r = take_long(&p, word + 2);
		} else if (word[0] == '-' && word[1] == '-') {
			keep_rest(&p);
		} else if (word[0] == '-' && word[1]) {
			r = take_letters(&p, word + 1);
		} else {
			argv[p.kept++] = word;
			if (flags & OPT_STOP)
				keep_rest(&p);
		}
	}
	if (r)
		return r;
	if (argc)
		argv[p.kept] = NULL;
	return p.kept;
}

void opt_release(const struct opt *rows, void *base)
{
	for (; rows->letter || rows->name; rows++)
		if (rows->type == OPT_STRINGS) {
			struct strings *list = (void *)((char *)base + rows->at);

			free(list->v);
			*list = (struct strings){ 0 };
		}
}
