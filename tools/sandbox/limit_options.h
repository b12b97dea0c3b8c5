/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options that are limits, the same for run and update. The row's choices[0] is the setting, for limits_text(). */
#ifndef CGX_SANDBOX_LIMIT_OPTIONS_H
#define CGX_SANDBOX_LIMIT_OPTIONS_H

#include "ui/opt.h"

static const char *const limit_memory[] = { "memory.max", NULL };
static const char *const limit_swap[] = { "memory.swap.max", NULL };
static const char *const limit_pids[] = { "pids.max", NULL };
static const char *const limit_cpus[] = { "cpu.max", NULL };
static const char *const limit_cpuset[] = { "cpuset.cpus", NULL };
static const char *const limit_io[] = { "io.max", NULL };
static const char *const limit_hugetlb[] = { "hugetlb", NULL };

#define LIMIT_OPTION(name_, arg_, setting_, help_, call_) \
	{ 0, name_, arg_, OPT_CALL, 0, help_, .choices = setting_, .call = call_ }

#define LIMIT_OPTIONS(call_)                                                                                               \
	LIMIT_OPTION("memory", "SIZE", limit_memory, "at most so much memory (memory.max)", call_),                        \
	LIMIT_OPTION("swap", "SIZE", limit_swap, "at most so much swap; 0 forbids it", call_),                             \
	LIMIT_OPTION("pids", "N", limit_pids, "at most so many processes and threads (pids.max)", call_),                  \
	LIMIT_OPTION("cpus", "SPEC", limit_cpus, "at most 50%, 2 or 1.5 CPUs, or QUOTA/PERIOD", call_),                          \
	LIMIT_OPTION("cpuset", "LIST", limit_cpuset, "only on these CPUs, 0-3,7", call_),                                  \
	LIMIT_OPTION("io", "SPEC", limit_io, "\"/dev/sda rbps=10M wiops=100\"", call_),                                    \
	LIMIT_OPTION("hugetlb", "PAGE=SIZE", limit_hugetlb, "at most so much of huge pages, 2MB=64M", call_)

#endif
