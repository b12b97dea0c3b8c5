/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happened to a command in its group: facts from the kernel's counters, told as text or JSON. */
#ifndef CGX_EXEC_REPORT_H
#define CGX_EXEC_REPORT_H

#include <stdint.h>
#include <stdio.h>

#include "exec/outcome.h"
#include "exec/witness.h"
#include "ui/frame.h"

#define UNKNOWN UINT64_MAX

/* A counter of the group alone and, where the kernel has that as well, with the groups below. */
struct counter {
	uint64_t own, all;
};
/* Counters that tell of trouble, as they stood before the command. From Linux 6.11 on a denied fork counts in the
 * group whose limit was hit, so the one above that binds is looked at as well. */
struct baseline {
	uint64_t limit_hits, denied_above;
	struct counter kills, denied;
};

struct facts {
	uint64_t limit_hits, oom_kills, denied; /* since the baseline */
	const struct witness *witness;
	struct cgx_effective memory, pids;      /* what bound */
	uint64_t memory_peak, pids_peak;
	uint64_t usage_usec, user_usec, system_usec, throttled_usec, nr_throttled;
	uint64_t rbytes, wbytes;
	uint64_t received, sent; /* over a network of its own */
};

/* Read the counters before the start. fresh 1: the group was made for the command, its own are 0. */
void report_baseline(struct cgx *cgx, struct cgx_group *g, int fresh, struct baseline *ret);
/* Read everything while the group exists. full 0 reads only what tells of trouble. w serves the facts later. */
void report_collect(struct cgx *cgx, struct cgx_group *g, const struct baseline *before, struct witness *w, int full,
		    struct facts *ret);
/* Bytes read and written, of all devices; UNKNOWN. */
void report_io(struct cgx_group *g, uint64_t *ret_read, uint64_t *ret_written);
/* 1: something went wrong. */
int report_trouble(const struct facts *facts, const struct outcome *outcome);

void report_text(FILE *to, const struct frame *f, const char *command, const struct facts *facts,
		 const struct outcome *outcome);
/* 0 or -1 after a message. */
int report_json(FILE *to, const struct frame *f, char *const *argv, const struct cgx_group *g,
		const struct facts *facts, const struct outcome *outcome);

#endif
