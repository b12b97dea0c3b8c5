/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who has begun a program, told by a BPF program of a few steps: with its name, in memory that is read without a call. */
#ifndef CGX_RULES_EXECS_H
#define CGX_RULES_EXECS_H

#include <stddef.h>
#include <stdint.h>

#include "rules/connector.h"
#include "util/buf.h"

struct execs {
	int ring, count, program, link; /* -1 not there; ring can be waited for */
	size_t size;                    /* of the ring */
	uint64_t *taken;                /* how far it is read; the kernel looks there */
	const uint64_t *told;           /* how far it is written, a page before the ring */
	const char *ring_text;
	const uint64_t *dropped;        /* for want of room */
	uint64_t dropped_before;
};

/* buffer: what the connector would have for as many events. 0, or -errno with why. */
int execs_open(uint64_t buffer, struct execs *ret, struct buf *why);
void execs_close(struct execs *e);
/* Where the ring ends now. */
uint64_t execs_end(const struct execs *e);
/* What was told up to end, in order, at most max: how many. */
int execs_read(struct execs *e, uint64_t end, struct process_event *ret, int max);
/* 1 some found no room since execs_lost() was asked last, which says how many. */
int execs_have_lost(const struct execs *e);
uint64_t execs_lost(struct execs *e);

#endif
