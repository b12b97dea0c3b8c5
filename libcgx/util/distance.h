/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far one word is from another, for "did you mean". */
#ifndef CGX_UTIL_DISTANCE_H
#define CGX_UTIL_DISTANCE_H

#include <stddef.h>

/*
 * Letters to change, add, drop or swap with a neighbour to make b of a (optimal string alignment).
 * limit when it is that many or more, which ends the work early, or when a word has more than 64 letters.
 */
size_t distance(const char *a, size_t a_len, const char *b, size_t b_len, size_t limit);

#endif
