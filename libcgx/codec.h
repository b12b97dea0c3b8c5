/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The codecs that rows of ctl/ name, by file, and what the codec files share. */
#ifndef CGX_CODEC_H
#define CGX_CODEC_H

#include "private.h"
#include "util/num.h"

/* codec.c */
extern const struct codec codec_limit;       /* v2 "max" <-> v1 -1 */
extern const struct codec codec_huge_limit;  /* the same where "none" is rounded to huge pages */
extern const struct codec codec_huge_events; /* hugetlb.*.events <-> failcnt */
extern const struct codec codec_huge_numa;
extern const struct codec codec_freeze;      /* cgroup.freeze <-> freezer.state, freezer.self_freezing */
extern const struct codec codec_partition;   /* cpuset.cpus.partition <-> cpu_exclusive, sched_load_balance */
/* codec_memory.c */
extern const struct codec codec_memory_max;  /* limit_in_bytes; keeps memsw.limit_in_bytes above it */
extern const struct codec codec_swap_max;
extern const struct codec codec_swap_current;
extern const struct codec codec_memory_events;
extern const struct codec codec_memory_stat;
extern const struct codec codec_memory_numa;
extern const struct codec codec_reclaim;
/* codec_cpu.c */
extern const struct codec codec_cpu_weight;
extern const struct codec codec_cpu_max;
extern const struct codec codec_cpu_stat;
extern const struct codec codec_cpu_stat_local;
/* codec_io.c */
extern const struct codec codec_io_max;
extern const struct codec codec_io_stat;
extern const struct codec codec_io_weight;   /* blkio.weight of kernels before 5.0 */
extern const struct codec codec_bfq_weight;

/* ---- numbers ---- */

#define CODEC_NO_LIMIT UINT64_MAX

/* The whole text, a final newline apart. -ENODATA it is NULL, -EBADMSG, -ERANGE. */
int codec_u64(const char *s, uint64_t *ret);
/* A number that is a piece of a text. -EBADMSG, -ERANGE. */
int codec_piece(const char *s, size_t len, uint64_t *ret);
/* A limit of v1 (-1, or so large that it is none) and of v2 ("max"). */
int codec_limit_v1(const char *s, uint64_t *ret);
int codec_limit_v2(const char *s, uint64_t *ret);
void codec_put_limit_v2(struct buf *b, uint64_t limit);
/* As v1 prints it, or, where the file's present text is known, as one writes it. */
void codec_put_limit_v1(struct buf *b, uint64_t limit, const struct codec_arg *a, unsigned index);
/* The text with its final newline apart is this word. */
int codec_is(const char *s, const char *word);

/* ---- keyed texts that differ in names and units ---- */

struct codec_key {
	const char *v2, *v1;
	uint64_t factor; /* v1 counts this many for one of v2's; 0 is 1 */
};
/* Lines for the keys that are there. The number of them, or -EBADMSG, -ERANGE. */
int codec_keys_to_v2(const struct codec_key *keys, size_t n, const char *v1, struct buf *ret);
int codec_keys_to_v1(const struct codec_key *keys, size_t n, const char *v2, struct buf *ret);

/* ---- results ---- */

/* The buffer for the text of v1 file index, a new one where it has none yet. */
struct buf *codec_file(struct codec_out *o, unsigned index);
/* End a split: final newlines go, and everything when r or an allocation failed. */
int codec_end(struct codec_out *o, int r);
/* End a join: what was built goes behind ret, unless r or an allocation failed. */
int codec_give(const struct buf *built, int r, struct buf *ret);

#endif
