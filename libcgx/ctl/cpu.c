/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings of the cpu controller, and of v1's cpuacct, which v2 has in cpu.stat. */
#include "ctl.h"

static const struct cgx_setting rows[] = {
	{
		.v2 = "cpu.weight",
		.kind = CGX_KIND_WEIGHT,
		.v1 = { { "cpu.shares", CGX_KIND_NUMBER } },
		.codec = &codec_cpu_weight,
		.flags = RW | NOROOT,
		.min = 1,
		.max = 10000,
		.help = "share of CPU time beside other groups when they compete, 1 to 10000, usually 100",
		.note = "v1: 1024 shares are a weight of 100; shares are rounded to the nearest weight",
	},
	{
		.v2 = "cpu.weight.nice",
		.kind = CGX_KIND_SIGNED,
		.flags = RW | NOROOT | CGX_S_ROUNDED,
		.min = (uint64_t)-20,
		.max = 19,
		.nearest = "cpu.weight",
		.help = "cpu.weight as a nice level, -20 to 19",
	},
	{
		.v2 = "cpu.max",
		.kind = CGX_KIND_CPU_MAX,
		.v1 = { { "cpu.cfs_quota_us", CGX_KIND_SIGNED, .min = 1000, .max = 17592186044415, .words = "max" },
			{ "cpu.cfs_period_us", CGX_KIND_USEC, .min = 1000, .max = 1000000 } },
		.codec = &codec_cpu_max,
		.flags = LIMIT | NOROOT,
		.min = 1000,
		.max = 17592186044415,
		.help = "CPU time at most: 50%, 1.5 (CPUs), QUOTA/PERIOD in microseconds, or max",
	},
	{
		.v2 = "cpu.max.burst",
		.kind = CGX_KIND_USEC,
		.v1 = { { "cpu.cfs_burst_us", CGX_KIND_USEC } },
		.flags = RW | NOROOT,
		.help = "unused time that may be saved for later, in microseconds, at most the quota of cpu.max",
	},
	{
		.v2 = "cpu.idle",
		.kind = CGX_KIND_SWITCH,
		.v1 = { { "cpu.idle", CGX_KIND_SWITCH } },
		.flags = RW | NOROOT,
		.help = "1: the group runs only when nothing else wants to",
	},
	{
		.v2 = "cpu.uclamp.min",
		.kind = CGX_KIND_TEXT,
		.v1 = { { "cpu.uclamp.min", CGX_KIND_TEXT } },
		.flags = RW | NOROOT,
		.words = "PERCENT max",
		.help = "least CPU speed asked for, 0 to 100 percent, or max",
	},
	{
		.v2 = "cpu.uclamp.max",
		.kind = CGX_KIND_TEXT,
		.v1 = { { "cpu.uclamp.max", CGX_KIND_TEXT } },
		.flags = RW | NOROOT,
		.words = "PERCENT max",
		.help = "greatest CPU speed asked for, 0 to 100 percent, or max",
	},
	{
		.v2 = "cpu.stat",
		.kind = CGX_KIND_FLAT,
		.v1 = { { "cpu.stat", CGX_KIND_FLAT },
			{ "cpuacct.usage", CGX_KIND_NSEC, .flags = RESET, .words = "0" },
			{ "cpuacct.usage_user", CGX_KIND_NSEC },
			{ "cpuacct.usage_sys", CGX_KIND_NSEC },
			{ "cpuacct.stat", CGX_KIND_FLAT } },
		.codec = &codec_cpu_stat,
		.flags = COUNTER | SETTING_CORE,
		.help = "CPU time used and time spent throttled, in microseconds",
		.note = "v1 counts nanoseconds, and cpuacct.stat clock ticks: what is below one unit is lost; the reset by "
			"writing 0 to cpuacct.usage has no counterpart on v2",
	},
	{
		.v2 = "cpu.stat.local",
		.kind = CGX_KIND_FLAT,
		.v1 = { { "cpu.stat.local", CGX_KIND_FLAT } },
		.codec = &codec_cpu_stat_local,
		.flags = COUNTER | SETTING_CORE,
		.help = "time that the group's own limit or one above held it back, in microseconds",
		.note = "v1 counts nanoseconds",
	},
	{
		.v2 = "cpu.pressure",
		.kind = CGX_KIND_NESTED,
		.flags = RO | SETTING_CORE,
		.help = "share of time in which processes waited for a CPU",
	},
	{
		.v1 = { { "cpu.rt_runtime_us", CGX_KIND_SIGNED } },
		.kind = CGX_KIND_SIGNED,
		.flags = RW,
		.help = "time for real-time processes in each cpu.rt_period_us, in microseconds",
		.note = "v2 has no control of real-time processes",
	},
	{
		.v1 = { { "cpu.rt_period_us", CGX_KIND_USEC } },
		.kind = CGX_KIND_USEC,
		.flags = RW,
		.min = 1,
		.help = "period of cpu.rt_runtime_us, in microseconds",
		.note = "v2 has no control of real-time processes",
	},
};

const struct setting_table table_cpu = {
	.name = "cpu",
	.v1_name = "cpu",
	.bit = CGX_C_CPU,
	.rows = rows,
	.n = COUNT_OF(rows),
};

static const struct cgx_setting cpuacct_rows[] = {
	{
		.v1 = { { "cpuacct.usage_percpu", CGX_KIND_TEXT } },
		.kind = CGX_KIND_TEXT,
		.flags = COUNTER,
		.nearest = "cpu.stat",
		.help = "CPU time used on each CPU, in nanoseconds",
	},
	{
		.v1 = { { "cpuacct.usage_percpu_user", CGX_KIND_TEXT } },
		.kind = CGX_KIND_TEXT,
		.flags = COUNTER,
		.nearest = "cpu.stat",
		.help = "CPU time in user mode on each CPU, in nanoseconds",
	},
	{
		.v1 = { { "cpuacct.usage_percpu_sys", CGX_KIND_TEXT } },
		.kind = CGX_KIND_TEXT,
		.flags = COUNTER,
		.nearest = "cpu.stat",
		.help = "CPU time in the kernel on each CPU, in nanoseconds",
	},
	{
		.v1 = { { "cpuacct.usage_all", CGX_KIND_LINES } },
		.kind = CGX_KIND_LINES,
		.flags = COUNTER,
		.nearest = "cpu.stat",
		.help = "CPU time in user mode and in the kernel, a line for each CPU, in nanoseconds",
	},
};

const struct setting_table table_cpuacct = {
	.name = "cpuacct",
	.v1_name = "cpuacct",
	.bit = CGX_C_CPUACCT,
	.rows = cpuacct_rows,
	.n = COUNT_OF(cpuacct_rows),
	.v1_only = 1,
};
