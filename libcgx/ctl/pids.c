/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings of the pids controller. */
#include "ctl.h"

static const struct cgx_setting rows[] = {
	{
		.v2 = "pids.current",
		.kind = CGX_KIND_NUMBER,
		.v1 = { { "pids.current", CGX_KIND_NUMBER } },
		.flags = RO | NOROOT,
		.help = "processes and threads in the group and all groups below",
	},
	{
		.v2 = "pids.max",
		.kind = CGX_KIND_COUNT_MAX,
		.v1 = { { "pids.max", CGX_KIND_COUNT_MAX } },
		.flags = LIMIT | NOROOT,
		.max = 4194304,
		.help = "how many processes and threads the group may have, 0 to 4194304, or max",
	},
	{
		.v2 = "pids.peak",
		.kind = CGX_KIND_NUMBER,
		.v1 = { { "pids.peak", CGX_KIND_NUMBER } },
		.flags = RO | NOROOT,
		.help = "the most processes and threads that there ever were",
	},
	{
		.v2 = "pids.events",
		.kind = CGX_KIND_FLAT,
		.v1 = { { "pids.events", CGX_KIND_FLAT } },
		.flags = COUNTER | NOROOT,
		.help = "max: how often a fork was refused",
		.note = "counted where the fork was tried; on v2 since Linux 6.11 where the limit is, and above",
	},
	{
		.v2 = "pids.events.local",
		.kind = CGX_KIND_FLAT,
		.flags = COUNTER | NOROOT,
		.nearest = "pids.events",
		.help = "max: how often this group's own limit refused a fork",
	},
};

const struct setting_table table_pids = {
	.name = "pids",
	.v1_name = "pids",
	.bit = CGX_C_PIDS,
	.rows = rows,
	.n = COUNT_OF(rows),
};
