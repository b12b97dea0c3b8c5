/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the command may not: limits, users, capabilities, descriptors, system calls. */
#ifndef CGX_SANDBOX_RESTRICT_H
#define CGX_SANDBOX_RESTRICT_H

#include "sandbox/launch.h"

int restrict_filter(struct launch *l);
void restrict_free(struct launch *l);
/* Resource limits: those above the caller's, and then the others. */
int restrict_raise(struct launch *l);
int restrict_lower(struct launch *l);
int restrict_find_user(struct launch *l);
int restrict_descriptors(struct launch *l);
int restrict_capabilities(struct launch *l);
/* Abstract sockets belong to the network namespace: of a shared one they are closed by landlock. */
int restrict_sockets(struct launch *l);
int restrict_load(struct launch *l);

/* The descriptor on which the init talks to whoever started it. */
#define INIT_SOCKET 3
int init_seal(struct launch *l);
void init_close(struct launch *l);
int init_exec(struct launch *l);

#endif
