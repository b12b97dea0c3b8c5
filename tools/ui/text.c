/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Control bytes made visible. */
#include "text.h"

#include <langinfo.h>
#include <locale.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_show(struct buf *b, const char *s, size_t n, enum text_set set)
{
	if (set == TEXT_UTF8) {
		buf_escape(b, s, n);
		return;
	}
	for (; n; s++, n--)
		if (*s & 0x80)
			buf_printf(b, "\\x%02x", (unsigned char)*s);
		else
			buf_escape(b, s, 1);
}

/* A backslash that looks as if it began \xHH of a byte that is shown so. */
static int is_like_shown(const char *s)
{
	static const char digits[] = "0123456789abcdef";
	const char *high, *low;
	ptrdiff_t byte;

	if (s[0] != '\\' || s[1] != 'x' || !s[2] || !s[3])
		return 0;
	high = strchr(digits, s[2]);
	low = strchr(digits, s[3]);
	if (!high || !low)
		return 0;
	byte = (high - digits) * 16 + (low - digits);
	return byte < ' ' || byte == '\\' || byte >= 0x7f;
}

void text_distinct(struct buf *b, const char *s)
{
	const char *from = s;

	for (; *s; s++) {
		if (!is_like_shown(s))
			continue;
		buf_add(b, from, (size_t)(s - from));
		buf_puts(b, "\\x5c");
		from = s + 1;
	}
	buf_add(b, from, (size_t)(s - from));
}

void text_name(struct buf *b, const char *s, enum text_set set)
{
	AUTO_BUF struct buf name = { 0 };

	text_distinct(&name, s);
	text_show(b, buf_text(&name), name.len, set);
	if (name.err)
		b->err = name.err;
}

void text_print(const char *s)
{
	struct buf AUTO_BUF b = { 0 };
	const char *p = s;

	while (*p >= 0x20 && *p < 0x7f)
		p++;
	if (*p)
		text_show(&b, s, strlen(s), TEXT_UTF8);
	if (!b.err) {
		fputs(*p ? buf_text(&b) : s, stdout);
		return;
	}
	/* no memory to show it well: bytes that are no letters are not let through */
	for (; *s; s++)
		putchar(*s >= 0x20 && *s < 0x7f ? *s : '?');
}

enum text_set text_locale(void)
{
	setlocale(LC_CTYPE, "");
	if (strcmp(nl_langinfo(CODESET), "UTF-8"))
		return TEXT_ASCII;
	/* The C library loads its tables at the first use. When memory is short then, it knows ASCII only from there on,
	 * and libsmartcols would stand still at the first byte that is none. */
	return mbstowcs(NULL, "\xe2\x94\x9c", 0) == 1 ? TEXT_UTF8 : TEXT_ASCII;
}
