/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What --columns and --sort ask for. */
#include "choice.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "ui/nearest.h"

static const char by_name[] = "NAME";

struct choice choice_usual(void)
{
	struct choice c = { .sort = ROWS_BY_NAME };
	size_t n;
	const struct feed_column *column = feed_columns(NULL, &n);

	for (size_t i = 0; i < n; i++)
		if (column[i].shown)
			c.shown |= 1ull << i;
	return c;
}

static int refuse(struct buf *why, const char *name, size_t len, const char *also)
{
	char upper[64] = "";
	struct nearest near;
	size_t n;
	const struct feed_column *column = feed_columns(NULL, &n);

	for (size_t i = 0; i < len && i < sizeof(upper) - 1; i++)
		upper[i] = (char)toupper((unsigned char)name[i]);
	nearest_begin(&near, upper, strlen(upper));
	for (size_t i = 0; i < n; i++)
		nearest_offer(&near, column[i].name);
	if (also)
		nearest_offer(&near, also);
	buf_puts(why, "no such column; ");
	if (near.best)
		buf_printf(why, "did you mean %s?", near.best);
	else
		buf_puts(why, "--columns help lists them");
	return -EINVAL;
}

int choice_columns(struct choice *c, const char *list, struct buf *why)
{
	uint64_t shown = *list == '+' ? choice_usual().shown : 0;
	const char *name = list + (*list == '+');

	for (size_t len; *name; name += len + (name[len] == ',')) {
		size_t at;

		len = strcspn(name, ",");
		at = feed_column_find(name, len);
		if (at == SIZE_MAX) {
			if (len != strlen(list))
				buf_printf(why, "%.*s: ", len ? (int)len : 2, len ? name : "''");
			return refuse(why, name, len, NULL);
		}
		shown |= 1ull << at;
	}
	if (!shown) {
		buf_puts(why, "names no column; --columns help lists them");
		return -EINVAL;
	}
	c->shown = shown;
	return 0;
}

int choice_sort(struct choice *c, const char *text, struct buf *why)
{
	const char *name = text + (*text == '-');
	size_t at = feed_column_find(name, strlen(name));

	if (at == SIZE_MAX && strcasecmp(name, by_name))
		return refuse(why, name, strlen(name), by_name);
	c->sort = at == SIZE_MAX ? ROWS_BY_NAME : at;
	c->sorted = 1;
	c->reverse = *text == '-';
	return 0;
}
