/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The settings table as a whole: looking names up and telling what a row says. */
#include "private.h"

#include <errno.h>
#include <string.h>

#include "util/distance.h"

#define LETTERS_DIGITS "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define PUBLIC_FLAGS   0xffffu

/* ---- tables ---- */

const struct setting_table *setting_table_of(cgx_set bit)
{
	for (size_t i = 0; setting_tables[i]; i++)
		if (setting_tables[i]->bit == bit)
			return setting_tables[i];
	return NULL;
}

static int begins(const char *file, size_t len, const char *prefix)
{
	return prefix && strlen(prefix) == len && !memcmp(file, prefix, len);
}

static const struct setting_table *prefix_table(const char *file)
{
	static const char *const core[] = { "tasks", "notify_on_release", "release_agent" };
	size_t len = strcspn(file, ".");

	if (!file[len]) {
		for (size_t i = 0; i < COUNT_OF(core); i++)
			if (!strcmp(file, core[i]))
				return setting_table_of(CGX_C_CORE);
		return NULL;
	}
	if (begins(file, len, "irq"))
		return setting_table_of(CGX_C_CORE);
	for (size_t i = 0; setting_tables[i]; i++)
		if (begins(file, len, setting_tables[i]->name) || begins(file, len, setting_tables[i]->v1_name))
			return setting_tables[i];
	return NULL;
}

cgx_set setting_prefix_bit(const char *file)
{
	const struct setting_table *t = prefix_table(file);

	return t ? t->bit : 0;
}

/* ---- looking up ---- */

/* The name is what a row calls it; "*" stands for a word without dots, or for itself. */
static int match(const char *pattern, const char *name, char star[32])
{
	size_t n;

	if (!pattern)
		return 0;
	for (; *pattern && *pattern != '*'; pattern++, name++)
		if (*pattern != *name)
			return 0;
	if (!*pattern)
		return !*name;
	n = *name == '*' ? 1 : strspn(name, LETTERS_DIGITS);
	if (!n || n >= 32 || strcmp(name + n, pattern + 1))
		return 0;
	memcpy(star, name, n);
	star[n] = '\0';
	return 1;
}

/* A row that is about the file goes before one that only needs it as well, so v1[0] before the others. */
static int row_match(const struct cgx_setting *row, const char *name, unsigned from, unsigned to, struct setting_ref *ret)
{
	if (!from && match(row->v2, name, ret->star)) {
		ret->dialect = 2;
		return 1;
	}
	for (unsigned i = from; i < to && row->v1[i].name; i++)
		if (match(row->v1[i].name, name, ret->star)) {
			ret->dialect = 1;
			ret->index = i;
			return 1;
		}
	return 0;
}

static int table_lookup(const struct setting_table *t, const char *name, struct setting_ref *ret)
{
	static const unsigned bounds[] = { 0, 1, SETTING_V1_MAX };

	for (size_t pass = 0; pass + 1 < COUNT_OF(bounds); pass++)
		for (size_t i = 0; i < t->n; i++)
			if (row_match(&t->rows[i], name, bounds[pass], bounds[pass + 1], ret)) {
				ret->row = &t->rows[i];
				return 1;
			}
	return 0;
}

/* cgroup.freeze is a row of the freezer and cpuacct.usage of the cpu table, hence the second look. */
int setting_lookup(const char *name, struct setting_ref *ret)
{
	const struct setting_table *own = prefix_table(name);

	*ret = (struct setting_ref){ 0 };
	if (!own)
		return -ENOENT;
	if (table_lookup(own, name, ret))
		return 0;
	for (size_t i = 0; setting_tables[i]; i++)
		if (setting_tables[i] != own && table_lookup(setting_tables[i], name, ret))
			return 0;
	return -ENOENT;
}

int setting_expand(const char *pattern, const char *star, char *ret, size_t size)
{
	const char *at = strchr(pattern, '*');
	size_t head = at ? (size_t)(at - pattern) : strlen(pattern), mid = at ? strlen(star) : 0;
	size_t tail = at ? strlen(at + 1) : 0;

	if (head + mid + tail >= size)
		return -ENAMETOOLONG;
	memcpy(ret, pattern, head);
	memcpy(ret + head, star, mid);
	memcpy(ret + head + mid, pattern + head + (at != NULL), tail);
	ret[head + mid + tail] = '\0';
	return 0;
}

unsigned setting_ref_flags(const struct setting_ref *ref)
{
	if (ref->dialect == 1 && ref->row->v1[ref->index].flags)
		return ref->row->v1[ref->index].flags;
	return ref->row->flags & PUBLIC_FLAGS;
}

enum cgx_kind setting_ref_kind(const struct setting_ref *ref)
{
	return ref->dialect == 1 ? ref->row->v1[ref->index].kind : ref->row->kind;
}

/* ---- public: rows ---- */

static const struct setting_table *const *table_of_row(const struct cgx_setting *row)
{
	const struct setting_table *const *t = setting_tables;

	while (*t && (!(*t)->n || row < (*t)->rows || row >= (*t)->rows + (*t)->n))
		t++;
	return t;
}

CGX_API const struct cgx_setting *cgx_setting_next(const struct cgx_setting *row)
{
	const struct setting_table *const *t = row ? table_of_row(row) : setting_tables;

	if (row && *t && ++row < (*t)->rows + (*t)->n)
		return row;
	if (row && *t)
		t++;
	while (*t && !(*t)->n)
		t++;
	return *t ? (*t)->rows : NULL;
}

CGX_API const struct cgx_setting *cgx_setting_find(const char *name)
{
	struct setting_ref ref;

	setting_lookup(name, &ref);
	return ref.row;
}

CGX_API const char *cgx_setting_name(const struct cgx_setting *row)
{
	return row->v2 ? row->v2 : row->v1[0].name;
}

CGX_API const char *cgx_setting_v2_name(const struct cgx_setting *row)
{
	return row->v2;
}

CGX_API const char *cgx_setting_v1_name(const struct cgx_setting *row, size_t n)
{
	return n < SETTING_V1_MAX ? row->v1[n].name : NULL;
}

CGX_API cgx_set cgx_setting_controller(const struct cgx_setting *row)
{
	const struct setting_table *const *t = table_of_row(row);

	return *t ? (*t)->bit : 0;
}

CGX_API enum cgx_kind cgx_setting_kind(const struct cgx_setting *row)
{
	return row->kind;
}

CGX_API unsigned cgx_setting_flags(const struct cgx_setting *row)
{
	return row->flags & PUBLIC_FLAGS;
}

CGX_API const char *cgx_setting_help(const struct cgx_setting *row)
{
	return row->help;
}

CGX_API const char *cgx_setting_note(const struct cgx_setting *row)
{
	return row->note ? row->note : "";
}

/* ---- what a mistyped name means ---- */

const char *setting_nearest(const char *name)
{
	const char *best = NULL;
	size_t len = strlen(name), least = len < 6 ? 2 : 3;

	for (const struct cgx_setting *row = cgx_setting_next(NULL); row; row = cgx_setting_next(row)) {
		const char *names[SETTING_V1_MAX + 1] = { row->v2 };

		for (size_t i = 0; i < SETTING_V1_MAX; i++)
			names[i + 1] = row->v1[i].name;
		for (size_t i = 0; i < COUNT_OF(names); i++) {
			size_t d = names[i] ? distance(name, len, names[i], strlen(names[i]), least) : least;

			if (d < least) {
				least = d;
				best = names[i];
			}
		}
	}
	return best;
}
