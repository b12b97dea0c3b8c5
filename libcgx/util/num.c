/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strict numbers. */
#include "num.h"

#include <errno.h>
#include <string.h>

int num_scan(const char **s, uint64_t *ret)
{
	const char *p = *s;
	uint64_t v = 0;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(v, 10u, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return -ERANGE;
	*s = p;
	*ret = v;
	return 0;
}

int num_u64(const char *s, uint64_t *ret)
{
	uint64_t v;
	int r = num_scan(&s, &v);

	if (r)
		return r;
	if (*s)
		return -EINVAL;
	*ret = v;
	return 0;
}

int num_i64(const char *s, int64_t *ret)
{
	int neg = *s == '-';
	uint64_t v;
	int r = num_u64(s + neg, &v);

	if (r)
		return r;
	if (v > (uint64_t)INT64_MAX + (uint64_t)neg)
		return -ERANGE;
	*ret = neg ? (int64_t)(0 - v) : (int64_t)v;
	return 0;
}

/* "12.345" times unit, digits behind the point past the 9th ignored; stops at the first other byte. */
static int scan_scaled(const char **s, uint64_t *ret_whole, uint64_t *ret_nano)
{
	const char *p = *s;
	uint64_t nano = 0, unit = 100000000;
	int r = num_scan(&p, ret_whole);

	if (r)
		return r;
	if (*p == '.') {
		p++;
		if (*p < '0' || *p > '9')
			return -EINVAL;
		for (; *p >= '0' && *p <= '9'; p++, unit /= 10)
			nano += unit * (uint64_t)(*p - '0');
	}
	*ret_nano = nano;
	*s = p;
	return 0;
}

static int scale(uint64_t whole, uint64_t nano, uint64_t by, uint64_t *ret)
{
	unsigned __int128 v = (unsigned __int128)whole * by + (unsigned __int128)nano * by / 1000000000;

	if (v > UINT64_MAX)
		return -ERANGE;
	*ret = (uint64_t)v;
	return 0;
}

int num_fixed(const char *s, uint64_t by, uint64_t *ret)
{
	uint64_t whole, nano;
	int r = scan_scaled(&s, &whole, &nano);

	if (r)
		return r;
	if (*s)
		return -EINVAL;
	return scale(whole, nano, by, ret);
}

int num_bytes(const char *s, uint64_t *ret)
{
	static const char units[] = "KMGTPE";
	uint64_t whole, nano, by = 1;
	int r = scan_scaled(&s, &whole, &nano);
	const char *u;

	if (r)
		return r;
	u = *s ? strchr(units, *s >= 'a' && *s <= 'z' ? *s - 32 : *s) : NULL;
	if (u) {
		by = 1ull << (10 * (u - units + 1));
		s++;
		if (*s == 'i')
			s++;
		else if (*s && *s != 'B')
			return -EINVAL;
		if (s[-1] == 'i' && *s != 'B')
			return -EINVAL;
	}
	if (*s == 'B')
		s++;
	if (*s || (nano && by == 1))
		return -EINVAL;
	return scale(whole, nano, by, ret);
}

int num_usec(const char *s, uint64_t *ret)
{
	static const struct {
		const char *name;
		uint64_t usec;
	} units[] = {
		{ "", 1000000 },   { "us", 1 },         { "ms", 1000 },         { "s", 1000000 },
		{ "m", 60000000 }, { "h", 3600000000 }, { "d", 86400000000ull },
	};
	uint64_t whole, nano;
	int r = scan_scaled(&s, &whole, &nano);

	if (r)
		return r;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(s, units[i].name))
			return scale(whole, nano, units[i].usec, ret);
	return -EINVAL;
}

int num_mode(const char *s, unsigned *ret)
{
	unsigned n = 0;

	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		if (*s < '0' || *s > '7' || n > 07777 >> 3)
			return -EINVAL;
		n = n * 8 + (unsigned)(*s - '0');
	}
	*ret = n;
	return 0;
}

char *num_put(char *end, unsigned n)
{
	do
		*--end = (char)('0' + n % 10);
	while (n /= 10);
	return end;
}
