/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers for people. */
#include "units.h"

#include <inttypes.h>
#include <stdio.h>

static const struct units max = { "max" };

struct units units_exact(uint64_t n)
{
	struct units u;

	if (n == UINT64_MAX)
		return max;
	snprintf(u.s, sizeof(u.s), "%" PRIu64, n);
	return u;
}

/* n / by with one decimal, rounded; in tenths, so that the caller sees a carry. */
static uint64_t tenths(uint64_t n, uint64_t by)
{
	return (uint64_t)(((unsigned __int128)n * 10 + by / 2) / by);
}

static struct units with_decimal(uint64_t t, const char *unit)
{
	struct units u;

	snprintf(u.s, sizeof(u.s), "%" PRIu64 ".%u%s", t / 10, (unsigned)(t % 10), unit);
	return u;
}

struct units units_bytes(uint64_t n)
{
	static const char *const names[] = { "K", "M", "G", "T", "P", "E" };
	uint64_t by = 1024, t;
	unsigned i = 0;

	if (n < 1024 || n == UINT64_MAX)
		return units_exact(n);
	while ((t = tenths(n, by)) >= 10240 && i < 5) {
		by *= 1024;
		i++;
	}
	return with_decimal(t, names[i]);
}

struct units units_count(uint64_t n)
{
	static const char *const names[] = { "k", "M", "G", "T", "P", "E" };
	uint64_t by = 1000, t;
	unsigned i = 0;
	struct units u;

	if (n < 100000 || n == UINT64_MAX)
		return units_exact(n);
	while ((t = tenths(n, by)) >= 9995 && i < 5) {
		by *= 1000;
		i++;
	}
	if (t < 1000)
		return with_decimal(t, names[i]);
	snprintf(u.s, sizeof(u.s), "%" PRIu64 "%s", n / by + (n % by >= by / 2), names[i]);
	return u;
}

/* Two neighbouring units: 2h05m. */
static struct units pair(uint64_t n, unsigned per, char big, char small)
{
	struct units u;

	snprintf(u.s, sizeof(u.s), "%" PRIu64 "%c%02u%c", n / per, big, (unsigned)(n % per), small);
	return u;
}

struct units units_usec(uint64_t usec)
{
	uint64_t seconds = usec / 1000000;
	struct units u;

	if (!usec || usec == UINT64_MAX)
		return units_exact(usec);
	if (usec < 1000) {
		snprintf(u.s, sizeof(u.s), "%uus", (unsigned)usec);
		return u;
	}
	if (usec < 999950)
		return with_decimal(tenths(usec, 1000), "ms");
	if (usec < 59950000)
		return with_decimal(tenths(usec, 1000000), "s");
	if (usec < 3600000000)
		return pair(seconds < 60 ? 60 : seconds, 60, 'm', 's');
	if (seconds < 86400)
		return pair(seconds / 60, 60, 'h', 'm');
	return pair(seconds / 3600, 24, 'd', 'h');
}

/* Of hundredths of a percent. */
static struct units percent(uint64_t hundredths)
{
	struct units u;

	if (hundredths == UINT64_MAX)
		return max;
	if (hundredths < 9995)
		return with_decimal(tenths(hundredths, 100), "%");
	snprintf(u.s, sizeof(u.s), "%" PRIu64 "%%", hundredths / 100 + (hundredths % 100 >= 50));
	return u;
}

struct units units_percent(uint64_t part, uint64_t whole)
{
	unsigned __int128 v;

	if (!whole)
		return (struct units){ "-" };
	v = ((unsigned __int128)part * 10000 + whole / 2) / whole;
	return percent(v >= UINT64_MAX ? UINT64_MAX - 1 : (uint64_t)v);
}

struct units units_format(enum unit unit, uint64_t n)
{
	switch (unit) {
	case UNIT_COUNT:
		return units_count(n);
	case UNIT_BYTES:
		return units_bytes(n);
	case UNIT_USEC:
		return units_usec(n);
	case UNIT_NSEC:
		return units_usec(n == UINT64_MAX ? n : n / 1000);
	case UNIT_PERCENT:
		return percent(n);
	}
	return units_exact(n);
}
