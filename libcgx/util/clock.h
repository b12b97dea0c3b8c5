/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two clocks, in microseconds. */
#ifndef CGX_UTIL_CLOCK_H
#define CGX_UTIL_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_us(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* For how long something takes: CLOCK_MONOTONIC. */
static inline uint64_t now_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

/* For when something was: CLOCK_REALTIME, since 1970. */
static inline uint64_t wall_us(void)
{
	return clock_us(CLOCK_REALTIME);
}

#endif
