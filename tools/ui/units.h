/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers for people. Pure functions; use the result in the same expression: units_bytes(n).s */
#ifndef CGX_UI_UNITS_H
#define CGX_UI_UNITS_H

#include <stdint.h>

struct units {
	char s[32];
};

enum unit {
	UNIT_COUNT,   /* a plain number */
	UNIT_BYTES,
	UNIT_USEC,
	UNIT_NSEC,
	UNIT_PERCENT, /* of hundredths: 1250 is 12.5% */
};

/* "max" for UINT64_MAX in all of them. */
struct units units_exact(uint64_t n);   /* 67108864 */
struct units units_bytes(uint64_t n);   /* 512, 64.0K, 1.5G: num_bytes() reads it back */
struct units units_count(uint64_t n);   /* up to 99999 as it is, then 123k, 4.5M (by 1000) */
struct units units_usec(uint64_t usec); /* 0, 250us, 1.5ms, 12.3s, 5m10s, 2h05m, 3d04h */
/* part of whole, "12.5%"; "-" when whole is 0; one decimal below 100, none above. */
struct units units_percent(uint64_t part, uint64_t whole);
struct units units_format(enum unit unit, uint64_t n);

#endif
