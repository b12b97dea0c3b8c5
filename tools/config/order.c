/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In which order settings are planned. */
#include "order.h"

#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/num.h"

/* ---- groups ---- */

/* A path is a beginning of those below it; files come in their order. */
static int by_path(const void *a, const void *b)
{
	const struct want *x = *(struct want *const *)a, *y = *(struct want *const *)b;
	int r = strcmp(x->path, y->path);

	return r ? r : (x > y) - (x < y);
}

struct want **order_groups(struct want_list *l)
{
	struct want **list = calloc(l->n + 1, sizeof(struct want *));

	for (size_t i = 0; list && i < l->n; i++)
		list[i] = &l->want[i];
	if (!list)
		return NULL;
	qsort(list, l->n, sizeof(struct want *), by_path);
	for (size_t i = 0; i < l->n; i++)
		list[i]->again = i + 1 < l->n && !strcmp(list[i]->path, list[i + 1]->path) ? list[i + 1] : NULL;
	return list;
}

/* ---- settings ---- */

/* Not so where each value is of one device or one of several lines. */
static int is_one_value(const char *name)
{
	static const enum cgx_kind several[] = { CGX_KIND_TEXT, CGX_KIND_FLAT, CGX_KIND_NESTED, CGX_KIND_LINES };
	const struct cgx_setting *row = cgx_setting_find(name);

	for (size_t i = 0; row && i < sizeof(several) / sizeof(several[0]); i++)
		if (cgx_setting_kind(row) == several[i])
			return 0;
	return row && !(cgx_setting_flags(row) & CGX_S_ACTION);
}

static size_t find_from(const struct want *w, size_t i, const char *name)
{
	while (i < w->n && (!w->setting[i].name || strcmp(w->setting[i].name, name)))
		i++;
	return i;
}

int order_is_replaced(const struct want *w, size_t i)
{
	const char *name = w->setting[i].name;
	int again = find_from(w, i + 1, name) < w->n;

	for (const struct want *next = w->again; next && !again; next = next->again)
		again = find_from(next, 0, name) < next->n;
	return again && is_one_value(name);
}

/* What is not there, or cannot be told, is no limit. */
static uint64_t limit_of(struct cgx *cgx, const char *name, const char *value)
{
	AUTO_FREE char *text = NULL;
	uint64_t n;

	return !value || cgx_setting_check(cgx, name, value, &text) || num_u64(text, &n) ? UINT64_MAX : n;
}

size_t order_at(struct cgx *cgx, struct cgx_group *g, const struct want *w, size_t i)
{
	static const char *const pairs[][2] = { { "memory.limit_in_bytes", "memory.memsw.limit_in_bytes" },
						{ "memory.max", "memory.swap.max" } };
	const char *name = w->setting[i].name;

	for (size_t k = 0; name && k < 2; k++) {
		AUTO_FREE char *now = NULL;
		size_t limit, both;

		if (strcmp(name, pairs[k][0]) && strcmp(name, pairs[k][1]))
			continue;
		limit = find_from(w, 0, pairs[k][0]);
		both = find_from(w, 0, pairs[k][1]);
		if ((i != limit && i != both) || limit == w->n || both == w->n)
			return i;
		/* v1's: what is to be the limit may be more than the sum is now */
		if (!k && !cgx_get(g, name = pairs[k][1], &now) &&
		    limit_of(cgx, pairs[k][0], w->setting[limit].value) > limit_of(cgx, name, now))
			return limit < both ? limit + both - i : i;
		return limit < both ? i : limit + both - i;
	}
	return i;
}

/* ---- lists ---- */

#define NUMBER_MAX 65535 /* of a CPU or a memory node, by far */

/* "3" or "1-5", and what is behind its comma. NULL: neither, or the end. */
static const char *take_range(const char *s, unsigned long *ret_first, unsigned long *ret_last)
{
	char *end;

	if (*s < '0' || *s > '9')
		return NULL;
	*ret_first = *ret_last = strtoul(s, &end, 10);
	if (*end == '-')
		*ret_last = strtoul(end + 1, &end, 10);
	return *end == ',' ? end + 1 : *end ? NULL : end;
}

static int has_number(const char *list, unsigned long n)
{
	unsigned long first, last;

	while ((list = take_range(list, &first, &last)))
		if (first <= n && n <= last)
			return 1;
	return 0;
}

int order_has_all(const char *in, const char *list)
{
	unsigned long n, last;

	do {
		list = take_range(list, &n, &last);
		if (!list || last > NUMBER_MAX)
			return 0;
		for (; n <= last; n++)
			if (!has_number(in, n))
				return 0;
	} while (*list);
	return 1;
}
