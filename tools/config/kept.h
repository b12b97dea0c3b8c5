/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which settings are a group's own: what another group, or the same one later, can be given. */
#ifndef CGX_CONFIG_KEPT_H
#define CGX_CONFIG_KEPT_H

/* 1: neither an action, a counter that a write resets, what belongs to its place in the tree, its processes, a second
 * name for one value (cpu.weight.nice), nor a v1 file that newer kernels only keep up. */
int kept_setting(const char *name);

#endif
