/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A kernel log read for its out-of-memory reports. oom_log.c joins lines to records, oom_report.c gathers the records
 * of a report, oom_table.c reads those that hold figures.
 */
#ifndef CGX_OOM_LOG_H
#define CGX_OOM_LOG_H

#include "private.h"

/* Names and numbers of a log that somebody made up are bounded. */
#define OOM_TASKS_MAX   100000
#define OOM_VICTIMS_MAX 100000
#define OOM_STATS_MAX   256
#define OOM_COLUMNS_MAX 16

enum oom_section { OOM_NOTHING, OOM_MEMINFO, OOM_STATS, OOM_TASKS };

/* One report; what the pointers of pub point to is kept here. */
struct oom_entry {
	struct cgx_oom_report pub;
	char time[64], constraint[64], trigger[64], gfp[192];
	char *limit, *victim_group, *killed_group, *stats_group;
	struct cgx_oom_stat *stat;
	struct cgx_oom_task *task;
	struct cgx_oom_victim *victim;
	size_t cap_tasks, cap_victims;
	enum oom_section section;
	char column[OOM_COLUMNS_MAX][20]; /* of the table of tasks */
	size_t n_columns;
	int in_pages;                     /* the figures of stat are pages */
	struct buf summary, old;          /* "oom-kill:...", and what stands behind "Task in " */
	struct buf *unfinished;           /* of the two, what the next record may go on with */
	int why;                          /* of kernels before 5.1: 1 a group, 0 the machine, -1 not said yet */
	struct oom_entry *next;
};

struct cgx_oom_log {
	struct cgx *cgx;
	struct buf line, record;  /* as far as they have come */
	char time[64];            /* of the record */
	uint64_t time_us, next_seq, lost, suppressed;
	int has_record, has_prefixes, was_raw, skipping, ended, err;
	struct oom_entry *first, *last; /* reports that know their victim, oldest first */
	size_t n;
	struct oom_entry *current;      /* being gathered */
	struct oom_entry *given;        /* by cgx_oom_log_next() */
};

/* Take one record of the kernel's, whose time is in the log. 0 or -ENOMEM. */
int oom_report_take(struct cgx_oom_log *log, const char *text);
/* What is gathered and has no victim becomes a report (end 1), or is dropped because records are missing. */
int oom_report_cut(struct cgx_oom_log *log, int end);
struct oom_entry *oom_entry_free(struct oom_entry *e);

/* A command's name of n bytes: the kernel's have 15 at most, so a longer one was escaped by a program. 0 or -ENOMEM. */
int oom_comm(char *to, size_t size, const char *s, size_t n);

/* The record may hold figures; 1 it did. -ENOMEM. */
int oom_table_take(struct oom_entry *e, const char *text);
/* Pages to bytes, once the victim can tell how large they are. */
void oom_table_finish(struct oom_entry *e);

#endif
