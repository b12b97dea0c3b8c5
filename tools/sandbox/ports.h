/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports of the host that are published: a socket for each, bound and never read from, so that nobody else has it. */
#ifndef CGX_SANDBOX_PORTS_H
#define CGX_SANDBOX_PORTS_H

#include "sandbox/network_spec.h"

/* The socket, with the port's number where any was wanted; -errno. */
int port_hold(struct port *p);
/* Who has it, in words: "sandbox web", "nginx (pid 312)". states: where all states lie. 1 it is known. */
int port_holder(const struct port *p, const char *states, struct buf *ret);

#endif
