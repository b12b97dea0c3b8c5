/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings of the hugetlb controller; "*" is a size of huge pages, as in hugetlb.2MB.max. */
#include "ctl.h"

static const struct cgx_setting rows[] = {
	{
		.v2 = "hugetlb.*.current",
		.kind = CGX_KIND_BYTES,
		.v1 = { { "hugetlb.*.usage_in_bytes", CGX_KIND_BYTES } },
		.flags = RO | NOROOT,
		.help = "huge pages of this size in use, in bytes",
	},
	{
		.v2 = "hugetlb.*.max",
		.kind = CGX_KIND_BYTES_MAX,
		.v1 = { { "hugetlb.*.limit_in_bytes", CGX_KIND_BYTES_V1 } },
		.codec = &codec_huge_limit,
		.flags = LIMIT | NOROOT | CGX_S_ROUNDED,
		.help = "the group never uses more huge pages of this size: bytes, or max",
	},
	{
		.v2 = "hugetlb.*.rsvd.current",
		.kind = CGX_KIND_BYTES,
		.v1 = { { "hugetlb.*.rsvd.usage_in_bytes", CGX_KIND_BYTES } },
		.flags = RO | NOROOT,
		.help = "huge pages of this size reserved, in bytes",
	},
	{
		.v2 = "hugetlb.*.rsvd.max",
		.kind = CGX_KIND_BYTES_MAX,
		.v1 = { { "hugetlb.*.rsvd.limit_in_bytes", CGX_KIND_BYTES_V1 } },
		.codec = &codec_huge_limit,
		.flags = LIMIT | NOROOT | CGX_S_ROUNDED,
		.help = "the group never reserves more huge pages of this size: bytes, or max",
	},
	{
		.v2 = "hugetlb.*.events",
		.kind = CGX_KIND_FLAT,
		.v1 = { { "hugetlb.*.failcnt", CGX_KIND_NUMBER, .flags = RESET, .words = "0" } },
		.codec = &codec_huge_events,
		.flags = COUNTER | NOROOT,
		.help = "max: how often the limit was hit, groups below counted",
		.note = "v1 counts at the group whose limit it is, and 0 resets it",
	},
	{
		.v2 = "hugetlb.*.events.local",
		.kind = CGX_KIND_FLAT,
		.flags = COUNTER | NOROOT,
		.nearest = "hugetlb.*.events",
		.help = "max: how often the limit was hit in this group itself",
	},
	{
		.v2 = "hugetlb.*.numa_stat",
		.kind = CGX_KIND_LINES,
		.v1 = { { "hugetlb.*.numa_stat", CGX_KIND_LINES } },
		.codec = &codec_huge_numa,
		.flags = RO | NOROOT,
		.help = "huge pages of this size in use on each node, in bytes",
		.note = "v2 always counts groups below, so only v1's hierarchical_total",
	},
	/* ---- v1 only ---- */
	{
		.v1 = { { "hugetlb.*.max_usage_in_bytes", CGX_KIND_BYTES } },
		.kind = CGX_KIND_BYTES,
		.flags = RW,
		.nearest = "hugetlb.*.current",
		.help = "the most huge pages of this size that were ever in use, in bytes; 0 starts anew",
	},
	{
		.v1 = { { "hugetlb.*.rsvd.max_usage_in_bytes", CGX_KIND_BYTES } },
		.kind = CGX_KIND_BYTES,
		.flags = RW,
		.nearest = "hugetlb.*.rsvd.current",
		.help = "the most huge pages of this size that were ever reserved, in bytes; 0 starts anew",
	},
	{
		.v1 = { { "hugetlb.*.rsvd.failcnt", CGX_KIND_NUMBER } },
		.kind = CGX_KIND_NUMBER,
		.flags = RESET,
		.words = "0",
		.nearest = "hugetlb.*.events",
		.help = "how often the limit of reservations was hit; 0 resets it",
	},
};

const struct setting_table table_hugetlb = {
	.name = "hugetlb",
	.v1_name = "hugetlb",
	.bit = CGX_C_HUGETLB,
	.rows = rows,
	.n = COUNT_OF(rows),
};
