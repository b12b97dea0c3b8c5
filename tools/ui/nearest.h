/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a mistyped word was meant to be. */
#ifndef CGX_UI_NEAREST_H
#define CGX_UI_NEAREST_H

#include <stddef.h>

/* Offer the candidates one by one, then look at best: NULL when none is near enough. */
struct nearest {
	const char *word;
	size_t len;          /* bytes of word that count */
	const char *best;
	size_t distance;     /* of best */
};

void nearest_begin(struct nearest *n, const char *word, size_t len);
void nearest_offer(struct nearest *n, const char *candidate);

#endif
