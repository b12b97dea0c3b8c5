/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happened so far, for the summary: in bounded memory, however many groups come and go. */
#ifndef CGX_OOM_TALLY_H
#define CGX_OOM_TALLY_H

#include <stdint.h>

#include "cgx.h"
#include "ui/json.h"
#include "util/buf.h"

#define TALLY_KINDS (CGX_E_UNSEEN + 1)
#define TALLY_GROUPS 4096         /* so many are kept; of more the one that had no event for longest joins the others */
#define TALLY_NAMES (1u << 20)    /* and so many bytes of names */

struct tally_group {
	char *path;
	uint64_t n[TALLY_KINDS];  /* how often, by kind */
	uint64_t last;            /* number of its latest event */
	uint32_t next;            /* in its chain; 0 the end, else the place + 1 */
	uint32_t older, newer;    /* in the order of events, likewise */
};

struct tally {
	struct tally_group *group; /* grows up to TALLY_GROUPS */
	uint32_t *chain;           /* TALLY_GROUPS heads */
	uint32_t n, cap, oldest, newest;
	size_t names;              /* bytes of names */
	uint64_t all[TALLY_KINDS], others[TALLY_KINDS];
	uint64_t gone;             /* how often a group joined the others */
	uint64_t events;
};

void tally_free(struct tally *t);
/* Count an event. Groups that were emptied or removed are counted and not kept by name. When memory is short the event
 * counts among the others. */
void tally_add(struct tally *t, const struct cgx_event *e);
/* In words, with newlines: all, then the groups with most kills first. head begins the first line. */
void tally_text(struct buf *b, const struct tally *t, const char *head);
/* Members of an open object: all groups that are kept, others, total. */
void tally_json(struct json *j, const struct tally *t);

#endif
