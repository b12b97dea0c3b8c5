/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which users outside the users inside are. */
#ifndef CGX_SANDBOX_IDMAP_H
#define CGX_SANDBOX_IDMAP_H

#include "sandbox/launch.h"

/* Root leases a range of 65,536 ids that no other sandbox has; anybody else has his own id, as root inside. */
int idmap_lease(struct launch *l);
void idmap_return(struct launch *l);
int idmap_write(struct launch *l);
/* Inside: be user 0, with no other groups. */
int idmap_become_root(struct launch *l);
/* 1: the caller may shift owners of mounts and so on: it is root here. */
int idmap_privileged(void);

#endif
