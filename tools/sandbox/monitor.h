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
/* Wait for a child, of which pidfd tells the end also when a tracer holds it back; its status as wait(2) has it. */
int sandbox_reap(pid_t pid, int pidfd);
/* Wait while nothing runs; 1 a signal told to end. */
int sandbox_pause(int signals, uint64_t pause_us);
struct watch_how {
	int signals;
	struct witness *w;         /* NULL: nobody asks who was killed */
	int unattended;            /* nobody sits at its terminal: what that shows goes to stdout */
	int listener;              /* for those who come to sit at it, -1 none */
	void (*leave)(void *data); /* the caller pressed the keys to leave; NULL he cannot */
	void *data;
};
/* Until the command has ended, by itself or by us. */
int sandbox_watch(struct launch *l, const struct watch_how *how, struct outcome *ret);

#endif
