/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sandbox's group: below what limits the caller, with its limits set before anything runs in it. There is none where
 * the caller may make none and asks for no limit: it runs in his own. */
#ifndef CGX_SANDBOX_PLACE_H
#define CGX_SANDBOX_PLACE_H

#include "sandbox/launch.h"

int place_make(struct launch *l);
void place_remove(struct launch *l);

#endif
