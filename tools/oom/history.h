/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happened before the watch began: the counters of groups as they stand. */
#ifndef CGX_OOM_HISTORY_H
#define CGX_OOM_HISTORY_H

#include "oom/fact.h"

/*
 * Call tell for each group at path, and with below for each below it, that had processes killed or forks denied since
 * it was made; kinds are CGX_E_BIT()s. A group that is not there has no history. 0, or a negative errno.
 */
int history_tell(struct cgx *cgx, const char *path, int below, unsigned kinds,
		 void (*tell)(void *data, const struct told *t), void *data);

#endif
