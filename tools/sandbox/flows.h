/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel remembers of who speaks to whom. Where a packet is led is decided by the first one of a flow alone: a client of
 * UDP that asks again and again, and began before there was anybody to answer, would go on asking nobody.
 */
#ifndef CGX_SANDBOX_FLOWS_H
#define CGX_SANDBOX_FLOWS_H

#include "sandbox/network.h"

/* Flows to its published ports of UDP that lead elsewhere. What a kernel cannot do is left. */
void flows_forget(struct network *n);
/* Its ports are no longer published: flows that lead to it still, whose next packets are for whoever has the port then. */
void flows_end(struct network *n);

#endif
