/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a command ended, and what a tool that ran it exits with. */
#ifndef CGX_EXEC_OUTCOME_H
#define CGX_EXEC_OUTCOME_H

#include <errno.h>
#include <stdint.h>
#include <sys/types.h>

#define STATUS_TIMED_OUT      124
#define STATUS_CANNOT_EXECUTE 126
#define STATUS_NOT_FOUND      127

struct outcome {
	int code;          /* exit status; -1 when ended by a signal */
	int signal;        /* 0: none */
	int dumped;
	int timed_out;
	int told_to_end;   /* whoever ran it was, and passed it on */
	uint64_t wall_usec;
	pid_t pid;
};

static inline int outcome_status(const struct outcome *o)
{
	return o->timed_out ? STATUS_TIMED_OUT : o->signal ? 128 + o->signal : o->code;
}

/* Of a command that could not be executed. */
static inline int not_executed(int err)
{
	return err == -ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_EXECUTE;
}

#endif
