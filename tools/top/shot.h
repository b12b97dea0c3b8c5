/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One sample of everything, and where samples come from: a machine (live.c) or a file (record.c). */
#ifndef CGX_TOP_SHOT_H
#define CGX_TOP_SHOT_H

#include "feed.h"
#include "ui/frame.h"

/* The columns, in the order of the table in feed.c. */
enum column_id {
	COL_MEMORY, COL_LIMIT, COL_LIMIT_BY, COL_PERCENT, COL_USED, COL_PEAK, COL_SWAP, COL_HITS, COL_HITS_RATE, COL_KILLS,
	COL_PIDS, COL_PIDS_MAX, COL_PIDS_MAX_BY, COL_PIDS_PEAK, COL_FORKS,
	COL_CPU, COL_CPU_TIME, COL_THROTTLED, COL_THROTTLED_TIME,
	COL_READ, COL_WRITTEN, COL_READ_ALL, COL_WRITTEN_ALL, COL_READS, COL_WRITES,
	COL_PSI_CPU, COL_PSI_MEMORY, COL_PSI_IO, COL_PROCS,
	COLUMNS_ALL
};

/* Sets of columns, of one group. */
struct shot_sets {
	uint32_t asked;  /* that somebody looked at since the sample */
	uint32_t known;  /* that may be anything but not sampled yet */
};
struct shot {
	struct feed_head head;
	char host[128], layout[32], note[512], source_why[256];
	int by_bpf;
	uint64_t columns;         /* that are kept; 0, before there is a group: all */
	struct feed_group *group; /* path, limit_by, pids_by owned; name points into path */
	struct shot_sets *sets;
	uint64_t *number;         /* of the columns, width a group; */
	uint8_t *state;           /* and enum feed_state of each: apart they take half */
	size_t width, n, cap;
	/* by path: indexes, UINT32_MAX none; made anew when somebody asks and paths or their number changed */
	uint32_t *bucket;
	size_t buckets, found;    /* found: the n that it was made for, SIZE_MAX paths have changed */
};
/* Make room for n groups; those beyond the present number are empty. 0 or -ENOMEM. */
int shot_reserve(struct shot *s, size_t n);
/* Values of a group; columns that are not kept have none. */
struct feed_value shot_value(const struct shot *s, size_t index, size_t column);
void shot_put(struct shot *s, size_t index, size_t column, struct feed_value v);
/* Those but the ones of the set are not sampled yet. */
void shot_clear(struct shot *s, size_t index, uint64_t but);
size_t shot_find(struct shot *s, const char *path);
/* Give the group a path, which is copied, and what follows from it. 0 or -ENOMEM. */
int shot_name(struct shot *s, size_t index, const char *path);
/* Put another text, or NULL, in the place of an owned one. 0 or -ENOMEM. */
int shot_text(const char **text, const char *now);
void shot_free(struct shot *s);

struct source {
	/* 0; 1 a replay has come to its end; negative errno. */
	int (*sample)(void *data, struct shot *s);
	int (*seek)(void *data, long by, struct shot *s);
	int (*fd)(const void *data);
	/* Hand new events to feed_add_event(); 1 there were some. */
	int (*wake)(void *data, struct feed *f);
	void (*close)(void *data);
};
_Static_assert(COLUMNS_ALL <= 32, "a set of columns of one group has room for them");
int feed_new(const struct source *source, void *data, struct feed **ret);
/* Texts are copied. */
void feed_add_event(struct feed *f, const struct feed_event *e);
/* The sample; for writing a file. */
const struct shot *feed_shot(const struct feed *f);
/* What a file of samples says of a column. */
const struct feed_column *column_at_index(size_t i);

#endif
