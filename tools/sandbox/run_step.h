/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One run of a command for somebody else than the user at the command line. */
#ifndef CGX_SANDBOX_RUN_STEP_H
#define CGX_SANDBOX_RUN_STEP_H

#include "sandbox/spec.h"
#include "ui/frame.h"

/* As cgx-sandbox run --rm would: its exit status. What it writes is in layer/upper then; layer is a directory. */
int run_step(struct frame *f, const struct sandbox_spec *s, const char *layer);

#endif
