/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UTF-8 from outside: what is well-formed, and what of it a terminal may see. */
#ifndef CGX_UTIL_UTF8_H
#define CGX_UTIL_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The code point at s, at most n bytes; its length, 1 to 4, in *ret_len, 0 when there is none (overlong forms,
 * surrogates and what lies above U+10FFFF are none). */
uint32_t utf8_point(const char *s, size_t n, size_t *ret_len);
/* 1: all n bytes are well-formed. */
int utf8_check(const char *s, size_t n);
/* 1: neither a C0 or C1 control nor DEL, nor what ends a line or changes the direction of what follows. */
int utf8_harmless(uint32_t c);

#endif
