/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The groups that rules name, kept open: most processes go where others went before. */
#ifndef CGX_RULES_SEAT_H
#define CGX_RULES_SEAT_H

#include "rules/place.h"

#define SEATS 256

struct seat {
	size_t rule;
	char *path;
	struct cgx_group *group; /* NULL: the seat is free */
	unsigned strangers;      /* how many came in a row from elsewhere */
};
struct seats {
	struct seat at[SEATS];
};

/*
 * The seat of the rule at index for a process. What place_group() plans is done, unless dry. Borrowed until seats change.
 * Errors: those of cgx_rules_group() and of making it.
 */
int seat_find(const struct frame *f, struct seats *s, struct cgx_rules *r, size_t index, const struct placing *p, int dry,
	      struct seat **ret);
/*
 * Move the process that was looked at last there: as cgx_rules_take(), but where many have come in a row from elsewhere
 * only one of 64 is still asked where it is. 1 for those that are not asked.
 */
int seat_take(struct seat *s, struct cgx_rules *r);
/* It is of no use any more. */
void seat_vacate(struct seat *s);
void seats_clear(struct seats *s);

#endif
