/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings of the rdma controller. */
#include "ctl.h"

static const struct cgx_setting rows[] = {
	{
		.v2 = "rdma.current",
		.kind = CGX_KIND_NESTED,
		.v1 = { { "rdma.current", CGX_KIND_NESTED } },
		.flags = RO | NOROOT,
		.help = "handles and objects of each RDMA device in use",
	},
	{
		.v2 = "rdma.max",
		.kind = CGX_KIND_NESTED,
		.v1 = { { "rdma.max", CGX_KIND_NESTED } },
		.flags = RW | NOROOT | SETTING_PARTS,
		.words = "NAME hca_handle:n hca_object:n",
		.help = "limits of an RDMA device: NAME and hca_handle=, hca_object=, each a number or max",
	},
};

const struct setting_table table_rdma = {
	.name = "rdma",
	.v1_name = "rdma",
	.bit = CGX_C_RDMA,
	.rows = rows,
	.n = COUNT_OF(rows),
};
