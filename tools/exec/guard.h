/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A process beside cgx-exec that outlives it: when cgx-exec is killed, the guard kills what is in the
 * temporary group and removes it; when the command left processes behind, it waits for the last and removes it.
 */
#ifndef CGX_EXEC_GUARD_H
#define CGX_EXEC_GUARD_H

#include <sys/types.h>

#include "ui/frame.h"

struct guard {
	pid_t pid;
	int fd; /* closing it without a word means: cgx-exec is dead */
};

/* The group is named as cgx_group_open_temporary() names it, or by path when under is given. -errno. */
int guard_start(struct guard *g, const struct frame *f, const char *name, const char *under);
/* The group is gone: the guard may go. */
void guard_dismiss(struct guard *g);
/* Processes are left in it: remove it when the last has gone. */
void guard_leave(struct guard *g);

#endif
