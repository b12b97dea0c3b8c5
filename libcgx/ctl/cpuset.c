/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings of the cpuset controller. */
#include "ctl.h"

static const struct cgx_setting rows[] = {
	{
		.v2 = "cpuset.cpus",
		.kind = CGX_KIND_LIST,
		.v1 = { { "cpuset.cpus", CGX_KIND_LIST } },
		.flags = RW | NOROOT | CGX_S_INHERIT,
		.help = "CPUs that the group may run on, as 0-3,7; empty: those of the parent",
		.note = "v1: a group with an empty list takes no processes",
	},
	{
		.v2 = "cpuset.mems",
		.kind = CGX_KIND_LIST,
		.v1 = { { "cpuset.mems", CGX_KIND_LIST } },
		.flags = RW | NOROOT | CGX_S_INHERIT,
		.help = "memory nodes that the group may use, as 0-1; empty: those of the parent",
		.note = "v1: a group with an empty list takes no processes",
	},
	{
		.v2 = "cpuset.cpus.effective",
		.kind = CGX_KIND_LIST,
		.v1 = { { "cpuset.effective_cpus", CGX_KIND_LIST } },
		.flags = RO,
		.help = "CPUs that the group really runs on",
	},
	{
		.v2 = "cpuset.mems.effective",
		.kind = CGX_KIND_LIST,
		.v1 = { { "cpuset.effective_mems", CGX_KIND_LIST } },
		.flags = RO,
		.help = "memory nodes that the group really uses",
	},
	{
		.v2 = "cpuset.cpus.exclusive",
		.kind = CGX_KIND_LIST,
		.flags = RW | NOROOT | CGX_S_INHERIT,
		.nearest = "cpuset.cpus.partition",
		.help = "CPUs kept for partitions at and below the group, as 0-3,7",
	},
	{
		.v2 = "cpuset.cpus.exclusive.effective",
		.kind = CGX_KIND_LIST,
		.flags = RO | NOROOT,
		.help = "CPUs that can really be given to partitions",
	},
	{
		.v2 = "cpuset.cpus.partition",
		.kind = CGX_KIND_TEXT,
		.v1 = { { "cpuset.cpu_exclusive", CGX_KIND_SWITCH }, { "cpuset.sched_load_balance", CGX_KIND_SWITCH } },
		.codec = &codec_partition,
		.flags = RW | NOROOT,
		.words = "member root isolated",
		.help = "member; root: the CPUs are this group's alone; isolated: and no work is spread over them",
		.note = "v1's cpu_exclusive is taken as root, with sched_load_balance off as isolated; near but not the same: "
			"v1 takes the CPUs from siblings only, and a group that shares its CPUs unbalanced has no counterpart",
	},
	{
		.v2 = "cpuset.cpus.isolated",
		.kind = CGX_KIND_LIST,
		.flags = RO,
		.help = "CPUs in isolated partitions, in the root group only",
	},
	/* ---- v1 only ---- */
	{
		.v1 = { { "cpuset.mem_exclusive", CGX_KIND_SWITCH } },
		.kind = CGX_KIND_SWITCH,
		.flags = RW,
		.help = "1: no sibling may use the same memory nodes",
	},
	{
		.v1 = { { "cpuset.mem_hardwall", CGX_KIND_SWITCH } },
		.kind = CGX_KIND_SWITCH,
		.flags = RW,
		.help = "1: kernel memory for the group comes from its own nodes, too",
	},
	{
		.v1 = { { "cpuset.memory_migrate", CGX_KIND_SWITCH } },
		.kind = CGX_KIND_SWITCH,
		.flags = RW,
		.help = "1: memory moves when cpuset.mems changes",
		.note = "v2 always does that",
	},
	{
		.v1 = { { "cpuset.memory_pressure", CGX_KIND_NUMBER } },
		.kind = CGX_KIND_NUMBER,
		.flags = RO,
		.nearest = "memory.pressure",
		.help = "how often processes had to free memory themselves, a running average times 1000",
	},
	{
		.v1 = { { "cpuset.memory_pressure_enabled", CGX_KIND_SWITCH } },
		.kind = CGX_KIND_SWITCH,
		.flags = RW,
		.nearest = "cgroup.pressure",
		.help = "1: cpuset.memory_pressure is worked out; in the root group only",
	},
	{
		.v1 = { { "cpuset.memory_spread_page", CGX_KIND_SWITCH } },
		.kind = CGX_KIND_SWITCH,
		.flags = RW,
		.help = "1: the page cache is spread over the memory nodes",
	},
	{
		.v1 = { { "cpuset.memory_spread_slab", CGX_KIND_SWITCH } },
		.kind = CGX_KIND_SWITCH,
		.flags = RW,
		.help = "1: kernel caches are spread over the memory nodes; without effect on current kernels",
	},
	{
		.v1 = { { "cpuset.sched_relax_domain_level", CGX_KIND_SIGNED } },
		.kind = CGX_KIND_SIGNED,
		.flags = RW,
		.min = (uint64_t)-1,
		.help = "how far an idle CPU looks for work, -1 for the machine's own choice",
	},
};

const struct setting_table table_cpuset = {
	.name = "cpuset",
	.v1_name = "cpuset",
	.bit = CGX_C_CPUSET,
	.rows = rows,
	.n = COUNT_OF(rows),
};
