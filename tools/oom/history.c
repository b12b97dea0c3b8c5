/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happened before the watch began. */
#include "oom/history.h"

#include <errno.h>
#include <limits.h>

#include "util/clock.h"

static void tell_one(enum cgx_event_kind kind, const char *path, uint64_t n,
		     void (*tell)(void *data, const struct told *t), void *data)
{
	struct told t = {
		.e = { .kind = kind, .time_us = wall_us(), .path = path, .count = n, .total = n, .limit_path = "",
		       .limit = UINT64_MAX, .usage = UINT64_MAX, .limit_hits = UINT64_MAX, .machine = -1,
		       .source = CGX_SOURCE_NONE, .sure = 1, .comm = "", .uid = (uid_t)-1, .anon_rss = UINT64_MAX,
		       .file_rss = UINT64_MAX, .shmem_rss = UINT64_MAX, .oom_score_adj = INT_MIN, .text = "" },
		.before = 1,
	};

	tell(data, &t);
}

static void tell_group(struct cgx *cgx, const char *path, unsigned kinds,
		       void (*tell)(void *data, const struct told *t), void *data)
{
	struct cgx_group *g;
	uint64_t n;

	if (cgx_group_open(cgx, path, 0, &g))
		return;
	if (kinds & CGX_E_BIT(CGX_E_KILL) && !cgx_get_u64(g, "memory.events.local:oom_kill", &n) && n)
		tell_one(CGX_E_KILL, path, n, tell, data);
	/* the local one where there is one: the other counts groups below, too, from Linux 6.11 on */
	if (kinds & CGX_E_BIT(CGX_E_FORK) && (!cgx_get_u64(g, "pids.events.local:max", &n) ||
					      !cgx_get_u64(g, "pids.events:max", &n)) && n)
		tell_one(CGX_E_FORK, path, n, tell, data);
	cgx_group_close(g);
}

int history_tell(struct cgx *cgx, const char *path, int below, unsigned kinds,
		 void (*tell)(void *data, const struct told *t), void *data)
{
	struct cgx_walk *w;
	struct cgx_entry e;
	int r = cgx_walk_open(cgx, path, 0, below ? -1 : 0, &w);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	while ((r = cgx_walk_next(w, &e)) > 0)
		tell_group(cgx, e.path, kinds, tell, data);
	cgx_walk_close(w);
	return r;
}
