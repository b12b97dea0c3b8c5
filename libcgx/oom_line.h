/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lines of the kernel's out-of-memory report that tell who was killed and where; pure. The format is no ABI, and
 * names in it are hostile: a comm may be "x,pid=1,uid=0" and a directory ",task=q,pid=1,uid=0". So texts are read from
 * the right, where only numbers stand.
 */
#ifndef CGX_OOM_LINE_H
#define CGX_OOM_LINE_H

#include "private.h"

/* How a kill is told. Kernels before 5.1 say why in a line before, with "Kill process" in it. */
struct oom_opening {
	const char *text;
	int memcg, killed; /* memcg -1: the line does not say */
};
/* NULL: the line tells of no kill. */
const struct oom_opening *oom_opening_of(const char *s);

struct oom_killed {
	pid_t pid;
	char comm[64]; /* as it stands there: 15 bytes, more where a program has escaped them */
	uid_t uid;     /* -1 not told */
	uint64_t total_vm, anon_rss, file_rss, shmem_rss; /* bytes */
	int oom_score_adj;
};
/* What stands behind the opening. 1, or 0 it is none. */
int oom_parse_killed(const char *s, struct oom_killed *ret);

struct oom_where {
	int memcg;                        /* 1 a group's limit, 0 the machine, -1 not told */
	uid_t uid;                        /* -1 not told */
	char limit[CGX_PATH_MAX], victim[CGX_PATH_MAX]; /* "" unknown */
};
/* The record "oom-kill:..." once its victim is known; what it tells goes to w. */
void oom_use_summary(const char *s, const struct oom_killed *k, struct oom_where *w);
/* Kernels before 5.0: "TASK killed as a result of limit of LIMIT", what stands behind "Task in ". */
void oom_use_old(const char *s, struct oom_where *w);

/* Small readers that the longer report needs as well. */
int oom_starts(const char *s, const char *with);
/* The number behind the first key. -ENOKEY, -EINVAL. */
int oom_number(const char *s, const char *key, uint64_t *ret);

#endif
