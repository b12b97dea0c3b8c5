/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A growing text. Appending after a failed allocation does nothing; ask buf_error() once at the end. */
#ifndef CGX_UTIL_BUF_H
#define CGX_UTIL_BUF_H

#include <stdarg.h>
#include <stddef.h>

#include "cleanup.h"

struct buf {
	char *s;    /* NUL-terminated once anything was added, else NULL */
	size_t len;
	size_t cap; /* bytes allocated */
	int err;    /* 0 or -ENOMEM */
};

/* Make room for more bytes beyond len and the NUL. 0 or -ENOMEM, which sticks. */
int buf_reserve(struct buf *b, size_t more);
void buf_add(struct buf *b, const char *s, size_t n);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/*
 * Append s so that it stays on its line and cannot talk to a terminal: C0 and C1 controls, DEL, directional
 * overrides (U+202A-202E, U+2066-2069), line and paragraph separators and what is no UTF-8 come byte by byte as
 * \xHH. A backslash passes: systemd names groups "a\x2db", and what is printed must be what the next command takes.
 */
void buf_escape(struct buf *b, const char *s, size_t n);
/* Append s as one word of the shell: bare where that will do, else quoted; as $'a\x0ab', which bash, zsh and ksh take, where
 * bytes are in it that are not to be shown. */
void buf_word(struct buf *b, const char *s);
/* Empty it and keep the memory. */
void buf_reset(struct buf *b);
void buf_free(struct buf *b);
/* The text, "" when empty; borrowed. */
const char *buf_text(const struct buf *b);
/* Hand over the text, "" when empty, and leave the buffer empty. 0 or -ENOMEM. */
int buf_steal(struct buf *b, char **ret);

static inline int buf_error(const struct buf *b)
{
	return b->err;
}

#define AUTO_BUF CLEANUP(buf_free)

#endif
