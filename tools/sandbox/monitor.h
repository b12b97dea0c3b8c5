/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of a sandbox as its monitor sees it: the end of its command, signals, its terminal, time that is over. */
#ifndef CGX_SANDBOX_MONITOR_H
#define CGX_SANDBOX_MONITOR_H

#include <signal.h>

#include "exec/outcome.h"
#include "exec/witness.h"
#include "sandbox/launch.h"

/* Block the signals that are passed on; a descriptor of them. -errno. */
int sandbox_signals(sigset_t *ret_before);
/* Wait while nothing runs; 1 a signal told to end. */
int sandbox_pause(int signals, uint64_t pause_us);
/* Until the command has ended, by itself or by us. w NULL: nobody asks who was killed. */
int sandbox_watch(struct launch *l, struct witness *w, int signals, struct outcome *ret);

#endif
