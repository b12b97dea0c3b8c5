/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an out-of-memory report comes down to: which limit, what held the memory, what can be done. Prints nothing. */
#ifndef CGX_OOM_CAUSE_H
#define CGX_OOM_CAUSE_H

#include "cgx.h"
#include "util/buf.h"

enum cause_limit {
	LIMIT_UNKNOWN, LIMIT_MEMORY, LIMIT_MEMORY_SWAP, LIMIT_KERNEL,
	LIMIT_MACHINE, LIMIT_NODES, /* the memory nodes that a cpuset or a policy allows */
};

struct cause_share {
	const char *name;  /* "anonymous", "tmpfs and shared", "file cache", "kernel" */
	const char *key;   /* "anon", "shmem", "file", "kernel": as JSON has it */
	uint64_t bytes;
};
#define CAUSE_SHARES 4

struct cause {
	enum cause_limit limit;
	const char *setting; /* "memory.max", NULL it is no setting */
	const struct cgx_oom_counter *counter; /* of that limit, NULL none */
	struct cause_share share[CAUSE_SHARES]; /* largest first */
	size_t n_shares;
	uint64_t whole;      /* what they are shares of */
	uint64_t total_rss;  /* of all tasks */
	const struct cgx_oom_task *largest; /* NULL no table */
};
void cause_find(const struct cgx_oom_report *r, struct cause *ret);
/* Advice, one piece a call, 0 on: 1 and it is in b (emptied first), 0 no more, -ENOMEM. */
int cause_hint(const struct cgx_oom_report *r, const struct cause *c, unsigned n, struct buf *b);

#endif
