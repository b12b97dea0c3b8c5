/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The network's part in a launch. */
#ifndef CGX_SANDBOX_LINKS_H
#define CGX_SANDBOX_LINKS_H

#include "sandbox/launch.h"

int links_prepare(struct launch *l);
int links_plug(struct launch *l);
void links_unplug(struct launch *l);
/* Inside: the loopback link of a new namespace is down. */
int links_loopback(struct launch *l);

#endif
