/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happened to a command in its group: facts from the kernel's counters, told as text or JSON. */
#ifndef CGX_EXEC_REPORT_H
#define CGX_EXEC_REPORT_H

#include <stdint.h>
#include <stdio.h>

#include "exec/monitor.h"
#include "ui/frame.h"

#define REPORT_VICTIMS 8
#define UNKNOWN UINT64_MAX

/* Counters that tell of trouble, as they stood before the command. From Linux 6.11 on a denied fork counts in the
 * group whose limit was hit, so the one above that binds is looked at as well. */
struct baseline {
	uint64_t limit_hits, oom_kills, denied, denied_above;
};

struct facts {
	uint64_t limit_hits, oom_kills, denied; /* since the baseline */
	struct cgx_oom *victim;
	size_t n_victims;
	struct cgx_effective memory, pids;      /* what bound */
	uint64_t memory_peak, pids_peak;
	uint64_t usage_usec, user_usec, system_usec, throttled_usec, nr_throttled;
	uint64_t rbytes, wbytes;
};

/* Read the counters before the start; a group made for the command needs none of it. */
void report_baseline(struct cgx *cgx, struct cgx_group *g, struct baseline *ret);
/* Read everything while the group exists. kmsg may be NULL. full 0 reads only what tells of trouble. */
void report_collect(struct cgx *cgx, struct cgx_group *g, const struct baseline *before, struct cgx_kmsg *kmsg, int full,
		    struct facts *ret);
void report_free(struct facts *f);
/* 1: something went wrong. */
int report_trouble(const struct facts *facts, const struct outcome *outcome);

void report_text(FILE *to, const struct frame *f, const char *command, const struct cgx_group *g,
		 const struct facts *facts, const struct outcome *outcome);
/* 0 or -1 after a message. */
int report_json(FILE *to, const struct frame *f, char *const *argv, const struct cgx_group *g,
		const struct facts *facts, const struct outcome *outcome);

#endif
