/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an event says, as names and texts: the environment of a command, the fields of the journal. Pure. */
#ifndef CGX_OOM_FACT_H
#define CGX_OOM_FACT_H

#include <stdint.h>

#include "cgx.h"
#include "util/buf.h"

/* An event as the tool tells it. before: it happened before the watch began, and count is since the group was made. */
struct told {
	struct cgx_event e;
	int before;
};

/* The setting whose limit the event is about, "memory.max"; NULL none. */
const char *fact_setting(enum cgx_event_kind kind);
/* What the victim used, bytes; UINT64_MAX unknown. */
uint64_t fact_rss(const struct cgx_event *e);
/* "2026-11-23T19:04:12.345678Z" */
void fact_time(uint64_t time_us, char ret[40]);

/*
 * Append every fact as "CGX_NAME=VALUE" with a NUL behind, names and comm as they are. What is not known has an empty
 * value, so that each name is always there. Returns how many there are.
 */
size_t fact_block(struct buf *b, const struct told *t);

#endif
