/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happens to a sandbox while it runs: told on stderr, which is the log of one in the background, and kept in its state. */
#ifndef CGX_SANDBOX_EVENTS_H
#define CGX_SANDBOX_EVENTS_H

#include <cgx.h>

#include "sandbox/state.h"
#include "ui/frame.h"

struct events {
	const struct frame *f;
	struct state *state;
	int raw;                 /* stderr is a terminal that turns no newline into a new line */
	uint64_t told_us;        /* when denied forks were told of last */
	uint64_t denied;         /* and how many since */
	size_t lines;            /* so far */
};

/* For a witness: data is a struct events. */
void events_tell(void *data, const struct cgx_event *e);

#endif
