/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A command run for each event: sh -c CMD, the facts in its environment and the event as JSON on stdin. Nothing here
 * waits: a few run at once, more wait in a queue that has an end, and one that takes too long is killed.
 */
#ifndef CGX_OOM_HOOK_H
#define CGX_OOM_HOOK_H

#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>

#include "ui/frame.h"
#include "util/buf.h"

#define HOOK_AT_ONCE 4
#define HOOK_QUEUE 256
#define HOOK_SECONDS 60  /* so long may one take */

struct hook_job {
	char *facts;     /* n texts "NAME=VALUE", each with a NUL behind */
	size_t n;
	char *line;      /* for stdin */
	size_t len;
	char *what;      /* "kill in web/api", for messages */
	pid_t pid;       /* 0 not running */
	uint64_t until;  /* CLOCK_MONOTONIC, us */
};

struct hook {
	const struct frame *f;
	const char *command;      /* NULL: there is none */
	const sigset_t *mask;     /* signals as the command shall have them */
	const struct rlimit *files; /* RLIMIT_NOFILE likewise */
	struct hook_job running[HOOK_AT_ONCE];
	struct hook_job queue[HOOK_QUEUE]; /* a ring */
	size_t first, waiting;
	uint64_t dropped;         /* events whose command was not run */
	int told_full;
};

/* Run the command for an event, now or later. Everything is copied. Failures are told, too, that facts (n 0) or line (NULL)
 * could not be made for want of memory. */
void hook_run(struct hook *h, const struct buf *facts, size_t n, const char *line, size_t len, const char *what);
/* Take those that ended, kill those whose time is over, start what waits. After SIGCHLD and after hook_wait(). */
void hook_look(struct hook *h);
/* Milliseconds until one has had its time, -1 none runs. */
int hook_wait(const struct hook *h);
/* 1: some run or wait. */
int hook_busy(const struct hook *h);
/* Those that still wait are not run, those that run are left to themselves and to their time; both are told. */
void hook_close(struct hook *h);

#endif
