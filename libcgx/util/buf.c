/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A growing text. */
#include "buf.h"
#include "utf8.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int buf_reserve(struct buf *b, size_t more)
{
	size_t cap = b->cap ? b->cap : 64, want;
	char *s;

	if (b->err)
		return b->err;
	if (__builtin_add_overflow(b->len + 1, more, &want))
		return b->err = -ENOMEM;
	if (want <= b->cap)
		return 0;
	while (cap < want)
		cap = cap > SIZE_MAX / 2 ? want : cap * 2;
	s = realloc(b->s, cap);
	if (!s)
		return b->err = -ENOMEM;
	b->s = s;
	b->cap = cap;
	return 0;
}

void buf_add(struct buf *b, const char *s, size_t n)
{
	if (buf_reserve(b, n))
		return;
	memcpy(b->s + b->len, s, n);
	b->len += n;
	b->s[b->len] = '\0';
}

void buf_puts(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0 || buf_reserve(b, (size_t)n))
		return;
	vsnprintf(b->s + b->len, (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void buf_escape(struct buf *b, const char *s, size_t n)
{
	while (n) {
		size_t len;
		uint32_t c = utf8_point(s, n, &len);

		if (len && utf8_harmless(c)) {
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

void buf_word(struct buf *b, const char *s)
{
	static const char bare[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+./:@%,=";
	struct buf AUTO_BUF shown = { 0 };

	buf_escape(&shown, s, strlen(s));
	if (*s && !s[strspn(s, bare)]) {
		buf_puts(b, s);
	} else if (!strcmp(buf_text(&shown), s)) {
		buf_putc(b, '\'');
		for (; *s; s++)
			if (*s == '\'')
				buf_puts(b, "'\\''");
			else
				buf_putc(b, *s);
		buf_putc(b, '\'');
	} else {
		buf_puts(b, "$'");
		for (; *s; s++)
			if (*s == '\'' || *s == '\\')
				buf_printf(b, "\\%c", *s);
			else if ((unsigned char)*s < ' ' || (unsigned char)*s >= 0x7f)
				buf_printf(b, "\\x%02x", (unsigned char)*s);
			else
				buf_putc(b, *s);
		buf_putc(b, '\'');
	}
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->err = 0;
	if (b->s)
		b->s[0] = '\0';
}

void buf_free(struct buf *b)
{
	free(b->s);
	*b = (struct buf){ 0 };
}

const char *buf_text(const struct buf *b)
{
	return b->s && !b->err ? b->s : "";
}

int buf_steal(struct buf *b, char **ret)
{
	int err;

	buf_add(b, "", 0);
	err = b->err;
	if (!err)
		*ret = STEAL(b->s);
	buf_free(b);
	return err;
}
