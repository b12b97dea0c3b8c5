/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Groups by rule and path; two that share a slot take turns. */
#include "rules/seat.h"

#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

static size_t slot_of(size_t rule, const char *path)
{
	uint64_t h = 1469598103934665603u ^ rule;

	for (; *path; path++)
		h = (h ^ (unsigned char)*path) * 1099511628211u;
	return (size_t)((h ^ h >> 32) % SEATS);
}

static void vacate(struct seats *s, size_t slot)
{
	free(s->at[slot].path);
	cgx_group_close(s->at[slot].group);
	s->at[slot].path = NULL;
	s->at[slot].group = NULL;
}

static int open_group(const struct frame *f, struct cgx_rules *r, size_t index, const struct placing *p, int dry,
		      struct cgx_group **ret)
{
	struct cgx_plan *plan = NULL;
	int err = cgx_plan_new(f->cgx, &plan);

	if (!err)
		err = place_group(f, r, index, p, plan, ret);
	if (!err && !dry) {
		err = cgx_plan_apply(plan);
		if (err)
			cgx_group_close(*ret);
	}
	cgx_plan_free(plan);
	return err;
}

int seat_find(const struct frame *f, struct seats *s, struct cgx_rules *r, size_t index, const struct placing *p, int dry,
	      struct cgx_group **ret)
{
	AUTO_FREE char *path = NULL;
	int err = cgx_rules_path(r, index, &p->who, &path);
	size_t slot;

	if (err)
		return err;
	slot = slot_of(index, path);
	if (!s->at[slot].group || s->at[slot].rule != index || strcmp(s->at[slot].path, path)) {
		struct cgx_group *g;

		err = open_group(f, r, index, p, dry, &g);
		if (err)
			return err;
		vacate(s, slot);
		s->at[slot].rule = index;
		s->at[slot].path = STEAL(path);
		s->at[slot].group = g;
	}
	*ret = s->at[slot].group;
	return 0;
}

void seat_drop(struct seats *s, size_t rule, const struct cgx_group *g)
{
	for (size_t i = 0; i < SEATS; i++)
		if (s->at[i].group == g && s->at[i].rule == rule)
			vacate(s, i);
}

void seats_clear(struct seats *s)
{
	for (size_t i = 0; i < SEATS; i++)
		vacate(s, i);
}
