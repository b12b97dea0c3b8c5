/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where rules send a process: the groups, found or planned. */
#ifndef CGX_RULES_PLACE_H
#define CGX_RULES_PLACE_H

#include <sys/types.h>

#include "ui/frame.h"
#include "util/buf.h"

/* One process and what the rules say of it. */
struct placing {
	struct cgx_subject who;
	enum cgx_rules_verdict verdict;
	size_t first, n;             /* rules */
	struct buf user, group;      /* names for %u and %g */
};

/* Look at a process and match it: 0, or a negative errno with the context's words. comm: its name where it is known, or "". */
int place_look(struct cgx_rules *r, pid_t pid, const char *comm, struct placing *ret);
/* The same where who is known. */
void place_match(const struct cgx_rules *r, struct placing *p);
void place_free(struct placing *p);
/* 1 the rule at index names a group by variables: such a group is made where it is missing. */
int place_is_template(const struct cgx_rules *r, size_t index);
/*
 * The group of the rule at index. Where it is missing and has variables in its name, or is named as a template of
 * cgconfig.conf, steps that make it, and what the template says, are added to the plan.
 * Errors: those of cgx_rules_group(), cgx_plan_create() and cgx_plan_set().
 */
int place_group(const struct frame *f, struct cgx_rules *r, size_t index, const struct placing *p, struct cgx_plan *plan,
		struct cgx_group **ret);
/* "FILE:LINE" of the rule that fits, for words, and of its template. Pure. */
void place_origin(const struct cgx_rules *r, const struct placing *p, struct buf *ret);

#endif
