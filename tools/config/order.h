/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel takes in one order alone, whatever the order of the files. */
#ifndef CGX_CONFIG_ORDER_H
#define CGX_CONFIG_ORDER_H

#include "want.h"

/* The list's groups, those above before those below, each pointing to the next of its name; the caller frees it. NULL no memory. */
struct want **order_groups(struct want_list *l);
/* 1: the same group is given this setting once more later on, and one value takes the other's place. */
int order_is_replaced(const struct want *w, size_t i);
/* The setting that is to be planned at i: a limit of memory before or after that of memory and swap, which is never below. */
size_t order_at(struct cgx *cgx, struct cgx_group *g, const struct want *w, size_t i);
/* 1: every number of a list like 0-3,7 is in the other one. An empty one is in none. */
int order_has_all(const char *in, const char *list);

#endif
