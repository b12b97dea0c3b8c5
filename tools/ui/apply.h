/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plan at the end of a tool: printed with --dry-run, carried out without. */
#ifndef CGX_UI_APPLY_H
#define CGX_UI_APPLY_H

#include "frame.h"
#include "util/buf.h"

/* cgx_plan_new(), and with f->force the plan changes what is systemd's, too. */
int plan_new(const struct frame *f, struct cgx_plan **ret);

/*
 * With f->dry_run print the steps on stdout, one a line ("write /sys/fs/cgroup/web/memory.max
 * 67108864"), or with f->json as { "steps": [ ... ] }; else apply the plan and warn where the kernel
 * kept another value.
 * Returns an exit status; failures are told.
 */
int apply_plan(const struct frame *f, struct cgx_plan *p);

/* Append a step as --dry-run prints it: "write /sys/fs/cgroup/web/memory.max 67108864 (was max)". Names are as they are. */
void apply_describe(struct buf *b, const struct cgx_step *s);

#endif
