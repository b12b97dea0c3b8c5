/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a new namespace needs to be one's own: the group as its root, clock offsets, a name, a keyring. */
#ifndef CGX_SANDBOX_ISOLATE_H
#define CGX_SANDBOX_ISOLATE_H

#include "sandbox/launch.h"

int isolate_cgroup(struct launch *l);
int isolate_time(struct launch *l);
int isolate_hostname(struct launch *l);
int isolate_keyring(struct launch *l);

#endif
