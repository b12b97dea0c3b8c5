/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sandbox's group: below what limits the caller, with its limits set before anything runs in it. There is none where
 * the caller may make none and asks for no limit: it runs in his own. */
#ifndef CGX_SANDBOX_PLACE_H
#define CGX_SANDBOX_PLACE_H

#include "sandbox/launch.h"

/* The child joins by itself once the group is made, rather than being born in it. */
int place_joins_later(const struct launch *l);
int place_make(struct launch *l);
int place_enter(struct launch *l);
void place_remove(struct launch *l);

#endif
