/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The groups that rules name, kept open: most processes go where others went before. */
#ifndef CGX_RULES_SEAT_H
#define CGX_RULES_SEAT_H

#include "rules/place.h"

#define SEATS 256

struct seats {
	struct {
		size_t rule;
		char *path;
		struct cgx_group *group;
	} at[SEATS];
};

/*
 * The group of the rule at index for a process. What place_group() plans is done, unless dry. Borrowed until seats change. Errors: those of cgx_rules_group() and of making it.
 */
int seat_find(const struct frame *f, struct seats *s, struct cgx_rules *r, size_t index, const struct placing *p, int dry,
	      struct cgx_group **ret);
/* It is of no use any more. */
void seat_drop(struct seats *s, size_t rule, const struct cgx_group *g);
void seats_clear(struct seats *s);

#endif
