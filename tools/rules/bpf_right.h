/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the kernel lets this process have BPF, and why not. */
#ifndef CGX_RULES_BPF_RIGHT_H
#define CGX_RULES_BPF_RIGHT_H

#include <stddef.h>

#include "util/buf.h"

/*
 * Before Linux 5.11 what BPF keeps counts as locked memory: let this process lock as much as it may let itself. 1 that is more
 * than before.
 */
int bpf_raise_limit(void);
/* Why err, a negative errno, came of making or loading size bytes. */
void bpf_why(int err, size_t size, struct buf *why);

#endif
