/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Edit distance over three rows. */
#include "distance.h"

enum { LONGEST = 64 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t distance(const char *a, size_t a_len, const char *b, size_t b_len, size_t limit)
{
	size_t rows[3][LONGEST + 1], apart = a_len < b_len ? b_len - a_len : a_len - b_len, last_low = 0;

	if (a_len > LONGEST || b_len > LONGEST || apart >= limit)
		return limit;
	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3], low = i;

		now[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			now[j] = least(least(last[j], now[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
			low = least(low, now[j]);
		}
		if (low >= limit && last_low >= limit) /* a swap reaches back two rows, nothing further */
			return limit;
		last_low = low;
	}
	return least(rows[a_len % 3][b_len], limit);
}
