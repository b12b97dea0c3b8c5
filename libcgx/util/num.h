/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strict numbers: the whole text is the number or it is none. */
#ifndef CGX_UTIL_NUM_H
#define CGX_UTIL_NUM_H

#include <stddef.h>
#include <stdint.h>

/* All: 0, -EINVAL malformed, -ERANGE too large. *ret is untouched on failure. */

/* Decimal digits. */
int num_u64(const char *s, uint64_t *ret);
/* Decimal digits, maybe after a minus. */
int num_i64(const char *s, int64_t *ret);
/* As many digits as there are from *s on; moves *s behind them. -EINVAL when there is none. */
int num_scan(const char **s, uint64_t *ret);
/* Bytes: digits, maybe a fraction, maybe K M G T P E (1024 each) with iB or B behind: 64M 1.5GiB 4096 */
int num_bytes(const char *s, uint64_t *ret);
/* A span of time in microseconds: 250ms 30s 5m 2h 1d us, a fraction allowed; a bare number is seconds. */
int num_usec(const char *s, uint64_t *ret);
/* A fixed-point decimal, value * by: num_fixed("1.5", 1000) gives 1500. */
int num_fixed(const char *s, uint64_t by, uint64_t *ret);
/* A mode: octal digits, at most 7777. */
int num_mode(const char *s, unsigned *ret);

/* The digits of n and then what is at end: where the first is. For what is done for each process, where printf is most of it. */
char *num_put(char *end, unsigned n);

#endif
