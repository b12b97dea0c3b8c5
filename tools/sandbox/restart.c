/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting again. */
#include "sandbox/restart.h"

#include <errno.h>
#include <string.h>

#include "util/num.h"

#define FIRST_PAUSE_US   100000
#define LONGEST_PAUSE_US 60000000
#define LONG_RUN_US      10000000

int restart_parse(const char *text, struct restart *ret, struct buf *why)
{
	*ret = (struct restart){ .how = RESTART_NO };
	if (!strcmp(text, "always") || !strcmp(text, "unless-stopped"))
		ret->how = RESTART_ALWAYS;
	else if (!strncmp(text, "on-failure", 10) && (!text[10] || (text[10] == ':' && !num_u64(text + 11, &ret->most) && ret->most)))
		ret->how = RESTART_ON_FAILURE;
	else if (strcmp(text, "no")) {
		buf_puts(why, "not no, always, unless-stopped, on-failure or on-failure:TIMES");
		return -EINVAL;
	}
	return 0;
}

uint64_t restart_pause(struct restart *r, const struct outcome *o)
{
	if (r->how == RESTART_NO || o->told_to_end || (r->how == RESTART_ON_FAILURE && (!outcome_status(o) || (r->most && r->times >= r->most))))
		return UINT64_MAX;
	r->times++;
	if (o->wall_usec >= LONG_RUN_US || !r->pause_us)
		r->pause_us = FIRST_PAUSE_US;
	else if (r->pause_us < LONGEST_PAUSE_US / 2)
		r->pause_us *= 2;
	else
		r->pause_us = LONGEST_PAUSE_US;
	return r->pause_us;
}
