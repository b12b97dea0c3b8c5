/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which groups are shown, in which order. */
#include "rows.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

#define NONE SIZE_MAX

void rows_begin(struct rows *r)
{
	*r = (struct rows){ .sort = ROWS_BY_NAME, .root = "/" };
}

void rows_free(struct rows *r)
{
	rows_fold_all(r, 0);
	free(r->row);
	r->row = NULL;
	r->n = 0;
}

/* ---- folds ---- */

static size_t find_fold(const struct rows *r, const char *path)
{
	for (size_t i = 0; i < r->folds; i++)
		if (!strcmp(r->folded[i], path))
			return i;
	return NONE;
}

int rows_is_folded(const struct rows *r, const char *path)
{
	return (find_fold(r, path) != NONE) != r->all_folded;
}

void rows_fold(struct rows *r, const char *path, int folded)
{
	size_t at = find_fold(r, path);
	char **more;

	if (rows_is_folded(r, path) == !!folded)
		return;
	if (at != NONE) {
		free(r->folded[at]);
		r->folded[at] = r->folded[--r->folds];
		return;
	}
	more = realloc(r->folded, (r->folds + 1) * sizeof(*more));
	if (!more)
		return;
	r->folded = more;
	r->folded[r->folds] = strdup(path);
	r->folds += r->folded[r->folds] != NULL;
}

void rows_fold_all(struct rows *r, int folded)
{
	for (size_t i = 0; i < r->folds; i++)
		free(r->folded[i]);
	free(r->folded);
	r->folded = NULL;
	r->folds = 0;
	r->all_folded = folded;
}

/* ---- what is shown ---- */

int rows_match(const char *path, const char *text)
{
	size_t n = strlen(text), i;

	for (;; path++) {
		for (i = 0; i < n && path[i]; i++) {
			unsigned char a = (unsigned char)path[i], b = (unsigned char)text[i];

			if (a != b && (!islower(b) || tolower(a) != b))
				break;
		}
		if (i == n)
			return 1;
		if (!*path)
			return 0;
	}
}

/* Links between groups for one making of the rows: only wanted ones have them. */
struct links {
	const struct feed *feed;
	const struct rows *rows;
	char *wanted;
	size_t *first, *next;     /* children */
	struct feed_value *value; /* of the column sorted by */
	int is_text;              /* a column of texts: those that have one, as in a list, then those without */
	size_t n;
};

static void free_links(const struct links *l)
{
	free(l->wanted);
	free(l->first);
	free(l->next);
	free(l->value);
}

/* What matches, and in a tree what lies above it. */
static void choose(struct links *l)
{
	const struct rows *r = l->rows;

	for (size_t i = l->n; i--;) {
		const struct feed_group *g = feed_group(l->feed, i);

		if (!feed_is_within(g->path, r->root) || (r->hide_empty && g->populated == 0)) {
			l->wanted[i] = 0;
			continue;
		}
		if (rows_match(g->path, r->filter))
			l->wanted[i] = 1;
		if (l->wanted[i] && !r->flat && g->parent != NONE)
			l->wanted[g->parent] = 1;
	}
}

static int compare(const struct links *l, size_t a, size_t b)
{
	const struct rows *r = l->rows;
	const struct feed_group *x = feed_group(l->feed, a), *y = feed_group(l->feed, b);
	int order = 0;

	if (r->sort != ROWS_BY_NAME) {
		struct feed_value v = l->value[a], w = l->value[b];

		/* what has no figure comes last, either way */
		if ((v.state == FEED_OK) != (w.state == FEED_OK))
			return v.state == FEED_OK ? -1 : 1;
		if (v.state == FEED_OK && v.n != w.n)
			order = v.n > w.n ? -1 : 1;
		else if (l->is_text && v.state == FEED_OK)
			order = strcmp(feed_text(l->feed, a, r->sort), feed_text(l->feed, b, r->sort));
	}
	if (order)
		return r->reverse ? -order : order;
	/* those at the top of the tree may lie anywhere */
	if (r->flat || x->parent == NONE || y->parent == NONE)
		order = strcmp(x->path, y->path);
	else
		order = strcmp(x->name, y->name);
	return r->reverse && r->sort == ROWS_BY_NAME ? -order : order;
}

static int compare_entries(const void *a, const void *b, void *links)
{
	return compare(links, *(const size_t *)a, *(const size_t *)b);
}

static size_t add_row(struct row *row, size_t n, size_t group, unsigned depth, uint64_t more)
{
	row[n] = (struct row){ .group = group, .depth = depth, .more = more };
	return n + 1;
}

/* Mostly they are in their order already: the feed has children by name. */
static void sort_groups(struct links *l, size_t *group, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (compare(l, group[i - 1], group[i]) > 0) {
			qsort_r(group, n, sizeof(*group), compare_entries, l);
			return;
		}
}

/* Children of a group, sorted, in into; how many. */
static size_t children_of(struct links *l, size_t group, size_t *into)
{
	size_t n = 0;

	for (size_t c = l->first[group]; c != NONE; c = l->next[c])
		into[n++] = c;
	sort_groups(l, into, n);
	return n;
}

/* What stands leftmost, sorted, in into; how many. "/" is what all are below: the feed may begin with other groups. */
static size_t tops_of(struct links *l, size_t *into)
{
	size_t n = 0;

	if (strcmp(l->rows->root, "/")) {
		into[0] = feed_find(l->feed, l->rows->root);
		return into[0] != NONE && l->wanted[into[0]];
	}
	for (size_t i = 0; i < l->n; i++)
		if (l->wanted[i] && feed_group(l->feed, i)->parent == NONE)
			into[n++] = i;
	sort_groups(l, into, n);
	return n;
}

/* Depth first with a stack of our own: trees may be deep. stack holds groups still to be shown, the next on top. */
struct level {
	size_t group;
	unsigned depth;
	uint64_t more;
};

static size_t make_tree(struct links *l, struct row *row, struct level *stack, size_t *into)
{
	size_t n = 0, depth = tops_of(l, into);

	for (size_t i = 0; i < depth; i++)
		stack[i] = (struct level){ into[depth - 1 - i], 0, 0 };
	while (depth) {
		struct level at = stack[--depth];
		size_t children;

		n = add_row(row, n, at.group, at.depth, at.more);
		row[n - 1].children = l->first[at.group] != NONE;
		row[n - 1].folded = row[n - 1].children &&
				    rows_is_folded(l->rows, feed_group(l->feed, at.group)->path);
		if (row[n - 1].folded)
			continue;
		children = children_of(l, at.group, into);
		for (size_t i = children; i--;) {
			uint64_t bit = at.depth < 63 ? 1ull << (at.depth + 1) : 0;

			stack[depth++] = (struct level){ into[i], at.depth + 1, at.more | (i + 1 < children ? bit : 0) };
		}
	}
	return n;
}

static size_t make_list(struct links *l, struct row *row, size_t *into)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		if (l->wanted[i])
			into[n++] = i;
	sort_groups(l, into, n);
	for (size_t i = 0; i < n; i++)
		add_row(row, i, into[i], 0, 0);
	return n;
}

static void link_children(struct links *l)
{
	for (size_t i = 0; i < l->n; i++)
		l->first[i] = l->next[i] = NONE;
	for (size_t i = l->n; i--;) {
		size_t parent = feed_group(l->feed, i)->parent;

		if (!l->wanted[i] || parent == NONE)
			continue;
		l->next[i] = l->first[parent];
		l->first[parent] = i;
	}
}

int rows_make(struct rows *r, const struct feed *f)
{
	size_t n = feed_count(f);
	int by_value = r->sort != ROWS_BY_NAME;
	struct links l = { f, r, calloc(n + 1, 1), calloc(n + 1, sizeof(size_t)), calloc(n + 1, sizeof(size_t)),
			   by_value ? calloc(n + 1, sizeof(struct feed_value)) : NULL,
			   by_value && feed_columns(f, NULL)[r->sort].text, n };
	AUTO_FREE size_t *into = calloc(n + 1, sizeof(*into));
	AUTO_FREE struct level *stack = calloc(n + 1, sizeof(*stack));
	struct row *row = calloc(n + 1, sizeof(*row));

	if (!l.wanted || !l.first || !l.next || (by_value && !l.value) || !into || !stack || !row) {
		free_links(&l);
		free(row);
		return -ENOMEM;
	}
	for (size_t i = 0; by_value && i < n; i++)
		l.value[i] = feed_value(f, i, r->sort);
	choose(&l);
	link_children(&l);
	free(r->row);
	r->row = row;
	r->n = r->flat ? make_list(&l, row, into) : make_tree(&l, row, stack, into);
	free_links(&l);
	return 0;
}

/* ---- finding ---- */

size_t rows_find(const struct rows *r, const struct feed *f, const char *path)
{
	size_t group = feed_find(f, path);

	for (size_t i = 0; group != NONE && i < r->n; i++)
		if (r->row[i].group == group)
			return i;
	return NONE;
}

size_t rows_search(const struct rows *r, const struct feed *f, const char *text, size_t from, int direction)
{
	for (size_t i = 0; i < r->n && *text; i++) {
		size_t at = direction > 0 ? (from + i) % r->n : (from + r->n * 2 - i) % r->n;

		if (rows_match(feed_group(f, r->row[at].group)->path, text))
			return at;
	}
	return NONE;
}
