/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings of v1's net_cls controller. */
#include "ctl.h"

static const struct cgx_setting rows[] = {
	{
		.v1 = { { "net_cls.classid", CGX_KIND_NUMBER } },
		.kind = CGX_KIND_NUMBER,
		.flags = RW,
		.max = UINT32_MAX,
		.help = "class of the group's packets for tc and iptables: a number, or 0xAAAABBBB for AAAA:BBBB",
		.note = "v2: nftables and BPF know a packet's group by its path",
	},
};

const struct setting_table table_net_cls = {
	.name = "net_cls",
	.v1_name = "net_cls",
	.bit = CGX_C_NET_CLS,
	.rows = rows,
	.n = COUNT_OF(rows),
	.v1_only = 1,
};
