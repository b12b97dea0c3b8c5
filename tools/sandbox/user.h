/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Users of the root that is in place: its own passwd and group files, which may hold anything. */
#ifndef CGX_SANDBOX_USER_H
#define CGX_SANDBOX_USER_H

#include <sys/types.h>

#include "util/buf.h"

/* USER[:GROUP], names or numbers. ret_groups and ret_home are malloc'd, that is NULL of a user who is not known. -EINVAL with why. */
int user_find(const char *text, uid_t *ret_uid, gid_t *ret_gid, gid_t **ret_groups, size_t *ret_n, char **ret_home, struct buf *why);

#endif
