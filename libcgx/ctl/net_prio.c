/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings of v1's net_prio controller. */
#include "ctl.h"

#define NOTE "v2: nftables and BPF know a packet's group by its path"

static const struct cgx_setting rows[] = {
	{
		.v1 = { { "net_prio.ifpriomap", CGX_KIND_FLAT } },
		.kind = CGX_KIND_FLAT,
		.flags = RW | SETTING_PARTS,
		.max = UINT32_MAX,
		.help = "priority of the group's packets on an interface: NAME N",
		.note = NOTE,
	},
	{
		.v1 = { { "net_prio.prioidx", CGX_KIND_NUMBER } },
		.kind = CGX_KIND_NUMBER,
		.flags = RO,
		.help = "the kernel's own number for the group",
		.note = NOTE,
	},
};

const struct setting_table table_net_prio = {
	.name = "net_prio",
	.v1_name = "net_prio",
	.bit = CGX_C_NET_PRIO,
	.rows = rows,
	.n = COUNT_OF(rows),
	.v1_only = 1,
};
