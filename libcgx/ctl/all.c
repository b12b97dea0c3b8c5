/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every table of settings, in the order of the controllers' bits. */
#include "ctl.h"

const struct setting_table *const setting_tables[] = {
	&table_core, &table_memory, &table_pids, &table_cpu, &table_cpuacct, &table_io, &table_cpuset, &table_hugetlb,
	&table_rdma, &table_misc, &table_devices, &table_freezer, &table_net_cls, &table_net_prio, &table_perf_event,
	NULL,
};
