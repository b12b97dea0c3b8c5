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

void seat_vacate(struct seat *s)
{
	free(s->path);
	cgx_group_close(s->group);
	*s = (struct seat){ 0 };
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
	      struct seat **ret)
{
	AUTO_FREE char *path = NULL;
	int err = cgx_rules_path(r, index, &p->who, &path);
	struct seat *at;

	if (err)
		return err;
	at = &s->at[slot_of(index, path)];
	if (!at->group || at->rule != index || strcmp(at->path, path)) {
		struct cgx_group *g;

		err = open_group(f, r, index, p, dry, &g);
		if (err)
			return err;
		seat_vacate(at);
		*at = (struct seat){ .rule = index, .path = STEAL(path), .group = g };
	}
	*ret = at;
	return 0;
}

int seat_take(struct seat *s, struct cgx_rules *r)
{
	int ask = s->strangers < 8 || s->strangers % 64 == 0;
	int moved = cgx_rules_take(r, s->group, ask ? 0 : CGX_TAKE_BLINDLY);

	/* from one that is there on each is asked again: they are its children, and more will come */
	if (moved >= 0)
		s->strangers = moved ? s->strangers + 1 : 0;
	return moved;
}

void seats_clear(struct seats *s)
{
	for (size_t i = 0; i < SEATS; i++)
		seat_vacate(&s->at[i]);
}
