/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings of the misc controller. */
#include "ctl.h"

static const struct cgx_setting rows[] = {
	{
		.v2 = "misc.capacity",
		.kind = CGX_KIND_FLAT,
		.v1 = { { "misc.capacity", CGX_KIND_FLAT } },
		.flags = RO,
		.help = "what the machine has of each resource, in the root group only",
	},
	{
		.v2 = "misc.current",
		.kind = CGX_KIND_FLAT,
		.v1 = { { "misc.current", CGX_KIND_FLAT } },
		.flags = RO,
		.help = "what the group and all groups below use of each resource",
	},
	{
		.v2 = "misc.peak",
		.kind = CGX_KIND_FLAT,
		.v1 = { { "misc.peak", CGX_KIND_FLAT } },
		.flags = RO,
		.help = "the most of each resource that was ever in use",
	},
	{
		.v2 = "misc.max",
		.kind = CGX_KIND_FLAT,
		.v1 = { { "misc.max", CGX_KIND_FLAT } },
		.flags = RW | NOROOT | SETTING_PARTS,
		.help = "limit of a resource: NAME N or NAME max",
	},
	{
		.v2 = "misc.events",
		.kind = CGX_KIND_FLAT,
		.v1 = { { "misc.events", CGX_KIND_FLAT } },
		.flags = COUNTER | NOROOT,
		.help = "how often the limit of each resource was hit, groups below counted",
	},
	{
		.v2 = "misc.events.local",
		.kind = CGX_KIND_FLAT,
		.v1 = { { "misc.events.local", CGX_KIND_FLAT } },
		.flags = COUNTER | NOROOT,
		.help = "how often the limit of each resource was hit in this group itself",
	},
};

const struct setting_table table_misc = {
	.name = "misc",
	.v1_name = "misc",
	.bit = CGX_C_MISC,
	.rows = rows,
	.n = COUNT_OF(rows),
};
