/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tables of ctl/ share. */
#ifndef CGX_CTL_H
#define CGX_CTL_H

#include "codec.h"

#define RO      CGX_S_READ
#define RW      (CGX_S_READ | CGX_S_WRITE)
#define ACTION  (CGX_S_WRITE | CGX_S_ACTION)
#define COUNTER (CGX_S_READ | CGX_S_COUNTER)
#define RESET   (COUNTER | CGX_S_WRITE) /* a counter that a write sets to 0 */
#define LIMIT   (RW | CGX_S_LIMIT)
#define NOROOT  CGX_S_NOROOT

extern const struct setting_table table_core, table_memory, table_pids, table_cpu, table_cpuacct, table_io, table_cpuset,
	table_hugetlb, table_rdma, table_misc, table_devices, table_freezer, table_net_cls, table_net_prio,
	table_perf_event;

#endif
