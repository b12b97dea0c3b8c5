/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UTF-8 checked, control bytes made visible. */
#include "text.h"

#include <langinfo.h>
#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A sequence of len bytes at s without a look at overlong forms; 0 when a byte does not belong. */
static uint32_t decode(const char *s, size_t len)
{
	static const unsigned char first[] = { 0, 0, 0x1f, 0x0f, 0x07 };
	uint32_t c = (unsigned char)s[0] & first[len];

	for (size_t i = 1; i < len; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | ((unsigned char)s[i] & 0x3f);
	}
	return c;
}

/* The code point at s, its length in *ret_len; length 0 when there is none. */
static uint32_t code_point(const char *s, size_t n, size_t *ret_len)
{
	static const uint32_t lowest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char lead = n ? (unsigned char)s[0] : 0xff;
	size_t len = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
	uint32_t c;

	*ret_len = 0;
	if (lead < 0x80) {
		*ret_len = 1;
		return lead;
	}
	if (!len || len > n)
		return 0;
	c = decode(s, len);
	if (c < lowest[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret_len = len;
	return c;
}

size_t text_utf8_length(const char *s, size_t n)
{
	size_t len;

	code_point(s, n, &len);
	return len;
}

int text_is_utf8(const char *s, size_t n)
{
	while (n) {
		size_t len = text_utf8_length(s, n);

		if (!len)
			return 0;
		s += len;
		n -= len;
	}
	return 1;
}

static int harmless(uint32_t c, enum text_set set)
{
	if (c < 0x80)
		return c >= 0x20 && c != 0x7f;
	if (set == TEXT_ASCII || c < 0xa0)
		return 0;
	/* Line separators and the controls that let a name change the direction of what follows. */
	return !(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069);
}

void text_show(struct buf *b, const char *s, size_t n, enum text_set set)
{
	while (n) {
		size_t len;
		uint32_t c = code_point(s, n, &len);

		if (len && harmless(c, set)) {
			buf_add(b, s, len);
		} else {
			len = len ? len : 1;
			for (size_t i = 0; i < len; i++)
				buf_printf(b, "\\x%02x", (unsigned char)s[i]);
		}
		s += len;
		n -= len;
	}
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
