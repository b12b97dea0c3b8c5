/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /dev: the usual nodes, terminals, shared memory, message queues. */
#ifndef CGX_SANDBOX_DEVICES_H
#define CGX_SANDBOX_DEVICES_H

#include "sandbox/launch.h"

int devices_make(struct launch *l);
void devices_close(struct launch *l);
int devices_mount(struct launch *l);

#endif
