/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings of v1's freezer controller; v2 freezes without one. */
#include "ctl.h"

static const struct cgx_setting rows[] = {
	{
		.v2 = "cgroup.freeze",
		.kind = CGX_KIND_SWITCH,
		.v1 = { { "freezer.state", CGX_KIND_TEXT, .words = "FROZEN THAWED" },
			{ "freezer.self_freezing", CGX_KIND_SWITCH, .flags = RO } },
		.codec = &codec_freeze,
		.with = "cgroup.events",
		.flags = RW | NOROOT | SETTING_CORE,
		.help = "1 freezes every process of the group and of all groups below, 0 thaws them",
		.note = "a process frozen by v1 cannot be killed before it is thawed",
	},
	{
		.v1 = { { "freezer.parent_freezing", CGX_KIND_SWITCH } },
		.kind = CGX_KIND_SWITCH,
		.flags = RO,
		.nearest = "cgroup.events",
		.help = "1: a group above is frozen or freezing",
	},
};

const struct setting_table table_freezer = {
	.name = "freezer",
	.v1_name = "freezer",
	.bit = CGX_C_FREEZER,
	.rows = rows,
	.n = COUNT_OF(rows),
	.v1_only = 1,
};
