/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a sandbox that has ended has left: its root as it was at the end, without /proc, /sys, /dev and volumes. */
#ifndef CGX_SANDBOX_STOPPED_H
#define CGX_SANDBOX_STOPPED_H

#include "sandbox/root.h"
#include "sandbox/state.h"
#include "ui/frame.h"

/*
 * A descriptor of it, seen by this process alone, which is in a mount namespace of its own then. What is written there is
 * kept. The state's lock is taken, so that one at a time does so; ret_held keeps the layers of its image, for root_free().
 * 0, or an exit status after words.
 */
int stopped_open(const struct frame *f, struct state *s, struct root *ret_held, int *ret);

#endif
