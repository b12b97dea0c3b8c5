/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tracepoint oom:mark_victim, record by record; the pure part of trace.c. */
#ifndef CGX_TRACE_H
#define CGX_TRACE_H

#include "private.h"

/* Where a field of the tracepoint lies; size 0: this kernel has none of that name. */
struct trace_field {
	unsigned offset, size;
	int is_signed;
};
struct trace_format {
	struct trace_field pid, comm, uid, total_vm, anon_rss, file_rss, shmem_rss, oom_score_adj;
};

/* The text of events/oom/mark_victim/format. -EBADMSG without a pid in it. */
int trace_parse_format(const char *text, struct trace_format *ret);
/*
 * One record of a perf ring buffer, header included, as trace.c asks for it (PERF_SAMPLE_TIME, PERF_SAMPLE_RAW).
 * 1 a victim, whose groups are not known yet; 0 another record; -EBADMSG malformed. What PERF_RECORD_LOST counts
 * is added to *lost.
 */
int trace_parse_record(const struct trace_format *f, const void *record, size_t len, uint64_t *lost,
		       struct victim *ret);
/* Its time in microseconds without parsing the rest, 0 unknown. */
uint64_t trace_record_time(const void *record, size_t len);

#endif
