/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The perf_event controller, which has no settings: perf follows the processes of a group. */
#include "ctl.h"

const struct setting_table table_perf_event = {
	.name = "perf_event",
	.v1_name = "perf_event",
	.bit = CGX_C_PERF_EVENT,
	.v1_only = 1,
};
