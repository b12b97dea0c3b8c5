/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report of a sandbox that has ended. */
#ifndef CGX_SANDBOX_RUN_REPORT_H
#define CGX_SANDBOX_RUN_REPORT_H

#include "exec/report.h"
#include "sandbox/launch.h"
#include "sandbox/run_spec.h"
#include "sandbox/state.h"

/* Before anything is started: that it can be written where it is wanted. 0, or an exit status after words. */
int run_check_report(const struct frame *f, const struct run_spec *spec);
/* Before its group is removed. 0, -errno, or an exit status after words. */
int run_report(const struct frame *f, const struct run_spec *spec, struct launch *l, struct witness *w, const struct baseline *before,
	       const struct outcome *o, struct state *st);

#endif
