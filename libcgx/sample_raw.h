/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the BPF program (sample.bpf.c) writes of each group, and sample_bpf.c reads: an array, whose first is the head. */
#ifndef CGX_SAMPLE_RAW_H
#define CGX_SAMPLE_RAW_H

/* Bits of has: these figures are there; of want: they are to be. */
#define RAW_MEMORY   (1u << 0) /* usage, and memory is enabled for the group */
#define RAW_PEAK     (1u << 1)
#define RAW_HITS     (1u << 2)
#define RAW_KILLS    (1u << 3)
#define RAW_SWAP     (1u << 4)
#define RAW_PIDS     (1u << 5) /* pids, pids_max, and pids is enabled for the group */
#define RAW_PIDSPEAK (1u << 6)
#define RAW_DENIED   (1u << 7)
#define RAW_FREEZER  (1u << 8) /* v1's */
#define RAW_CORE     (1u << 9) /* populated, and on v2 frozen */
#define RAW_MEMORY_MAX (1u << 11)
#define RAW_ROOT     (1u << 10) /* the root of the hierarchy: its files, which are others, say more */

struct sample_raw {
	unsigned long long id, parent; /* inodes; parent 0 none */
	/* memory in pages */
	unsigned long long usage, max, peak, hits, kills, swap;
	unsigned long long pids, pids_max, pids_peak, denied;
	unsigned int has;
	unsigned int hash; /* of the name */
	unsigned char populated, frozen, unused[6];
};

/* Instead of the first group. */
struct sample_head {
	unsigned long long n;     /* groups that were there, be there room for them or not */
	unsigned int how;         /* RAW_HOW_* */
	unsigned int want;
};
#define RAW_HOW_V2          (1u << 0)
#define RAW_HOW_PIDS_LOCAL  (1u << 1) /* v2 mounted with pids_localevents: denied forks are counted as v1 does */

#endif
