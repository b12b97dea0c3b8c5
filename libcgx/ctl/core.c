/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings of the groups themselves, which are there without any controller. */
#include "ctl.h"

static const struct cgx_setting rows[] = {
	{
		.v2 = "cgroup.procs",
		.kind = CGX_KIND_LINES,
		.v1 = { { "cgroup.procs", CGX_KIND_LINES } },
		.flags = RW,
		.help = "processes in the group; writing one moves it in",
	},
	{
		.v2 = "cgroup.threads",
		.kind = CGX_KIND_LINES,
		.v1 = { { "tasks", CGX_KIND_LINES } },
		.flags = RW,
		.help = "threads in the group; writing one moves it in",
		.note = "v2 takes single threads only in threaded groups",
	},
	{
		.v2 = "cgroup.type",
		.kind = CGX_KIND_TEXT,
		.flags = RW | NOROOT,
		.words = "threaded",
		.help = "domain, domain threaded, domain invalid or threaded; threaded can be written",
	},
	{
		.v2 = "cgroup.controllers",
		.kind = CGX_KIND_LINES,
		.flags = RO,
		.help = "controllers that the group may use",
	},
	{
		.v2 = "cgroup.subtree_control",
		.kind = CGX_KIND_LINES,
		.flags = RW,
		.help = "controllers that the groups below may use; +NAME enables one, -NAME disables it",
	},
	{
		.v2 = "cgroup.events",
		.kind = CGX_KIND_FLAT,
		.flags = RO | NOROOT,
		.nearest = "notify_on_release",
		.help = "populated: it or a group below has processes; frozen: all its processes stand still",
	},
	{
		.v2 = "cgroup.max.descendants",
		.kind = CGX_KIND_COUNT_MAX,
		.flags = LIMIT,
		.help = "how many groups may exist below, or max",
	},
	{
		.v2 = "cgroup.max.depth",
		.kind = CGX_KIND_COUNT_MAX,
		.flags = LIMIT,
		.help = "how many levels of groups may exist below, or max",
	},
	{
		.v2 = "cgroup.stat",
		.kind = CGX_KIND_FLAT,
		.flags = RO,
		.help = "groups below, living and dying",
	},
	{
		.v2 = "cgroup.stat.local",
		.kind = CGX_KIND_FLAT,
		.flags = COUNTER | NOROOT,
		.help = "how long the group was frozen, in microseconds",
	},
	{
		.v2 = "cgroup.kill",
		.kind = CGX_KIND_SWITCH,
		.flags = ACTION | NOROOT,
		.words = "1",
		.help = "writing 1 kills every process of the group and of all groups below",
	},
	{
		.v2 = "cgroup.pressure",
		.kind = CGX_KIND_SWITCH,
		.flags = RW,
		.help = "1: pressure is accounted in the group, 0: it is not",
	},
	{
		.v2 = "irq.pressure",
		.kind = CGX_KIND_NESTED,
		.flags = RO | SETTING_CORE,
		.help = "share of time in which processes waited for interrupt handling",
	},
	{
		.v1 = { { "cgroup.clone_children", CGX_KIND_SWITCH } },
		.kind = CGX_KIND_SWITCH,
		.flags = RW,
		.help = "1: a new group below starts with this group's cpuset settings",
		.note = "v2: a new group always has what its parent has until something else is set",
	},
	{
		.v1 = { { "notify_on_release", CGX_KIND_SWITCH } },
		.kind = CGX_KIND_SWITCH,
		.flags = RW,
		.nearest = "cgroup.events",
		.help = "1: the release agent runs when the last process has left the group",
		.note = "v2: populated in cgroup.events turns 0 and wakes whoever polls it",
	},
	{
		.v1 = { { "release_agent", CGX_KIND_TEXT } },
		.kind = CGX_KIND_TEXT,
		.flags = RW,
		.nearest = "cgroup.events",
		.help = "program to run for an emptied group; in the root group only",
		.note = "v2 starts no program: something has to watch cgroup.events",
	},
	{
		.v1 = { { "cgroup.event_control", CGX_KIND_TEXT } },
		.kind = CGX_KIND_TEXT,
		.flags = ACTION,
		.nearest = "memory.events",
		.help = "ties an eventfd to a file: EVENTFD FD ARGUMENTS",
		.note = "v2: poll for POLLPRI or inotify on the events files",
	},
	{
		.v1 = { { "cgroup.sane_behavior", CGX_KIND_SWITCH } },
		.kind = CGX_KIND_SWITCH,
		.flags = RO,
		.help = "always 0; in the root group only",
	},
};

const struct setting_table table_core = {
	.name = "cgroup",
	.bit = CGX_C_CORE,
	.rows = rows,
	.n = COUNT_OF(rows),
};
