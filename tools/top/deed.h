/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is to be done to a group: asked with the steps it takes, then carried out. Knows no screen. */
#ifndef CGX_TOP_DEED_H
#define CGX_TOP_DEED_H

#include "cgx.h"
#include "util/buf.h"

struct deed;

/*
 * Look at the group and plan; nothing is touched. path is below the root of each hierarchy.
 * assignment is "NAME=VALUE", as cgx-set takes it.
 * Errors: a negative errno, with the words on the context.
 */
int deed_kill(struct cgx *cgx, const char *path, struct deed **ret);
int deed_freeze(struct cgx *cgx, const char *path, int frozen, struct deed **ret);
int deed_set(struct cgx *cgx, const char *path, const char *assignment, struct deed **ret);
struct deed *deed_free(struct deed *d);

/* "Kill 3 processes in web and 2 groups below?" Names are as they are: for a screen they need cells_show(). */
const char *deed_question(const struct deed *d);
/* The steps, "write /sys/fs/cgroup/web/memory.max 67108864 (was max)"; NULL past the last. */
const char *deed_step(const struct deed *d, size_t index);

/* Do it. told gets what was done, or the words of the failure and what can be done about it.
 * Returns 0 or a negative errno. */
int deed_do(struct deed *d, struct buf *told);

#endif
