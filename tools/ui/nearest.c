/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The nearest of the words offered. */
#include "nearest.h"

#include <string.h>

#include "util/distance.h"

void nearest_begin(struct nearest *n, const char *word, size_t len)
{
	*n = (struct nearest){ .word = word, .len = len };
}

void nearest_offer(struct nearest *n, const char *candidate)
{
	size_t limit = n->best ? n->distance : 4, d = distance(n->word, n->len, candidate, strlen(candidate), limit);

	/* One slip in three letters is a slip; more is another word. */
	if (d >= limit || d * 3 > n->len + 1)
		return;
	n->best = candidate;
	n->distance = d;
}
