/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text from outside made fit for a screen. */
#ifndef CGX_UI_TEXT_H
#define CGX_UI_TEXT_H

#include <stddef.h>

#include "util/buf.h"

enum text_set {
	TEXT_UTF8,   /* well-formed UTF-8 passes */
	TEXT_ASCII,  /* only ASCII passes */
};

/* Append s as buf_escape() does; what is not in set comes byte by byte as \xHH, too. */
void text_show(struct buf *b, const char *s, size_t n, enum text_set set);
/* The same on stdout; TEXT_UTF8. */
void text_print(const char *s);
/*
 * Append a name from outside so that no two look the same: as text_show() does, and a backslash that looks as if it began \xHH of
 * a byte that is shown so is \x5c. systemd's "\x2d" is none of these. Once only: text that is made of it passes text_show() as it is.
 */
void text_name(struct buf *b, const char *s, enum text_set set);
/* That backslash alone: for JSON, which has its own way with the bytes. */
void text_distinct(struct buf *b, const char *s);

/* The locale's character set. Calls setlocale(LC_CTYPE, "") the first time, which costs file reads:
 * only for tables. */
enum text_set text_locale(void);

#endif
