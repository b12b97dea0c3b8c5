/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Groups made as a template of cgconfig.conf says. For the PAM module as well, so it talks to nobody. */
#ifndef CGX_RULES_TEMPLATE_H
#define CGX_RULES_TEMPLATE_H

#include <cgx.h>

#include "util/buf.h"

/* See that every template can be understood: 0, or -EINVAL with "FILE:LINE: ..." in why. */
int templates_check(struct cgx *cgx, const struct cgx_rules *r, struct buf *why);
/* The template that the rule at index names: 1 there is one, 0 none. */
int template_find(const struct cgx_rules *r, size_t index, struct cgx_rules_template *ret);
/*
 * Open the group of the rule at index and plan to make it as the template says, where it is not there at all. Controllers
 * are those of the rule, or, when it says "*", those of the template. What this host cannot have is left out, and
 * left_out says so. Errors: those of cgx_rules_group(), cgx_plan_create(), cgx_plan_set().
 */
int template_plan(struct cgx *cgx, struct cgx_rules *r, size_t index, const struct cgx_subject *who,
		  const struct cgx_rules_template *t, struct cgx_plan *plan, struct buf *left_out, struct cgx_group **ret);

#endif
