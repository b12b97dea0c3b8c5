/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Edit distance with swapped neighbours (optimal string alignment), over three rows. */
#include "nearest.h"

#include <string.h>

enum { LONGEST = 64 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t nearest_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][LONGEST + 1];

	if (a_len > LONGEST || b_len > LONGEST)
		return a_len + b_len;
	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			now[j] = least(least(last[j], now[j - 1]) + 1,
				       last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
	}
	return rows[a_len % 3][b_len];
}

void nearest_begin(struct nearest *n, const char *word, size_t len)
{
	*n = (struct nearest){ .word = word, .len = len };
}

void nearest_offer(struct nearest *n, const char *candidate)
{
	size_t d = nearest_distance(n->word, n->len, candidate, strlen(candidate));

	/* One slip in three letters is a slip; more is another word. */
	if (d * 3 > n->len + 1 || d > 3 || (n->best && d >= n->distance))
		return;
	n->best = candidate;
	n->distance = d;
}
