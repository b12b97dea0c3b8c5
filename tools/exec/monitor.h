/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting for a command: its end, signals to pass on, the time that is over. */
#ifndef CGX_EXEC_MONITOR_H
#define CGX_EXEC_MONITOR_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

#include "exec/outcome.h"

struct monitor {
	sigset_t before;   /* the mask the command gets back */
	int signals;       /* signalfd */
	uint64_t began;    /* when the command is about to be started, in microseconds */
};

/* Block what is passed on, before the command is started. -errno. */
int monitor_open(struct monitor *m);
void monitor_close(struct monitor *m);
struct monitor_how {
	uint64_t timeout_usec;            /* then the command gets SIGTERM; UINT64_MAX: never */
	uint64_t kill_after_usec;         /* and this much later stop_all is called, which kills its whole group */
	int fd;                           /* a descriptor to look at besides, -1 none */
	uint64_t settled_usec;            /* the command runs this long: settled is called; UINT64_MAX: never */
	void (*stop_all)(void *data);
	int (*settled)(void *data);       /* a descriptor to look at from now on, -1 none */
	void (*readable)(void *data);     /* the descriptor is */
	void *data;
};
/* Wait for pid. Signals that came to cgx-exec alone are passed on; those of the terminal reach the command by
 * themselves. */
int monitor_wait(struct monitor *m, pid_t pid, const struct monitor_how *how, struct outcome *ret);

#endif
