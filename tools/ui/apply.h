/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plan at the end of a tool: printed with --dry-run, carried out without. */
#ifndef CGX_UI_APPLY_H
#define CGX_UI_APPLY_H

#include "frame.h"

/*
 * With f->dry_run print the steps on stdout, one a line ("write /sys/fs/cgroup/web/memory.max
 * 67108864"), or with f->json as { "steps": [ ... ] }; else apply the plan and warn where the kernel
 * kept another value.
 * Returns an exit status; failures are told.
 */
int apply_plan(const struct frame *f, struct cgx_plan *p);

#endif
