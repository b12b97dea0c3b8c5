/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text from outside made fit for a screen: UTF-8 checked, control bytes made visible. */
#ifndef CGX_UI_TEXT_H
#define CGX_UI_TEXT_H

#include <stddef.h>

#include "util/buf.h"

enum text_set {
	TEXT_UTF8,   /* well-formed UTF-8 passes */
	TEXT_ASCII,  /* only ASCII passes */
};

/* The length of the well-formed UTF-8 sequence at s, at most n bytes: 1 to 4, 0 when there is none
 * (overlong forms, surrogates and what lies above U+10FFFF are none). */
size_t text_utf8_length(const char *s, size_t n);
/* 1: all n bytes are well-formed UTF-8. */
int text_is_utf8(const char *s, size_t n);

/*
 * Append s so that it stays on its line and cannot talk to a terminal: C0 and C1 controls, DEL,
 * directional overrides (U+202A-202E, U+2066-2069), line and paragraph separators, what is no UTF-8
 * or not in set come byte by byte as \xHH. A backslash passes: systemd names groups "a\x2db", and
 * what is printed must be what the next command takes.
 */
void text_show(struct buf *b, const char *s, size_t n, enum text_set set);
/* The same on stdout; TEXT_UTF8. */
void text_print(const char *s);

/* The locale's character set. Calls setlocale(LC_CTYPE, "") the first time, which costs file reads:
 * only for tables. */
enum text_set text_locale(void);

#endif
