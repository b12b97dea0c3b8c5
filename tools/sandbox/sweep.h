/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clearing up after sandboxes whose monitor was killed: their groups, ids, addresses, ports. */
#ifndef CGX_SANDBOX_SWEEP_H
#define CGX_SANDBOX_SWEEP_H

#include "sandbox/state.h"

/* Everything of one, by force. */
int sweep_one(struct cgx *cgx, struct state *s);
/* Of all whose monitor is gone, below states; those that are not kept are forgotten. And what belongs to nobody. */
int sweep_all(struct cgx *cgx, const char *states);

#endif
