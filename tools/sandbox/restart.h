/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a command that ended is started again, and when. Pure. */
#ifndef CGX_SANDBOX_RESTART_H
#define CGX_SANDBOX_RESTART_H

#include <stdint.h>

#include "exec/outcome.h"
#include "util/buf.h"

enum restart_how { RESTART_NO, RESTART_ON_FAILURE, RESTART_ALWAYS };
struct restart {
	enum restart_how how;
	uint64_t most; /* RESTART_ON_FAILURE: so often; 0 as often as it fails */
	/* so far */
	uint64_t times;
	uint64_t pause_us;
};

/* no, on-failure, on-failure:N, always, unless-stopped (the same: without a daemon nothing starts one that was stopped). */
int restart_parse(const char *text, struct restart *ret, struct buf *why);
/* Microseconds to wait until it is started again, UINT64_MAX never. What ran for long begins anew with short pauses. */
uint64_t restart_pause(struct restart *r, const struct outcome *o);

#endif
