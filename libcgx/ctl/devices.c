/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings of v1's devices controller. */
#include "ctl.h"

#define NOTE "v2: a BPF program of type cgroup_device, tied to the group, decides"

static const struct cgx_setting rows[] = {
	{
		.v1 = { { "devices.allow", CGX_KIND_LINES } },
		.kind = CGX_KIND_LINES,
		.flags = ACTION,
		.help = "allow a device: a, or b|c MAJ:MIN (* for any) and letters of rwm",
		.note = NOTE,
	},
	{
		.v1 = { { "devices.deny", CGX_KIND_LINES } },
		.kind = CGX_KIND_LINES,
		.flags = ACTION,
		.help = "deny a device: a, or b|c MAJ:MIN (* for any) and letters of rwm",
		.note = NOTE,
	},
	{
		.v1 = { { "devices.list", CGX_KIND_LINES } },
		.kind = CGX_KIND_LINES,
		.flags = RO,
		.help = "devices that the group may use",
		.note = NOTE,
	},
};

const struct setting_table table_devices = {
	.name = "devices",
	.v1_name = "devices",
	.bit = CGX_C_DEVICES,
	.rows = rows,
	.n = COUNT_OF(rows),
	.v1_only = 1,
};
