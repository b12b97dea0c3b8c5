/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UTF-8 from outside. */
#include "utf8.h"

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

uint32_t utf8_point(const char *s, size_t n, size_t *ret_len)
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

int utf8_check(const char *s, size_t n)
{
	while (n) {
		size_t len;

		utf8_point(s, n, &len);
		if (!len)
			return 0;
		s += len;
		n -= len;
	}
	return 1;
}

int utf8_harmless(uint32_t c)
{
	if (c < 0xa0)
		return c >= 0x20 && c < 0x7f;
	/* Line separators and the controls that let a name change the direction of what follows. */
	return !(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069);
}
