/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* USER, USER:GROUP and :GROUP as they are written on a command line, by name or number. */
#ifndef CGX_UI_OWNER_H
#define CGX_UI_OWNER_H

#include <sys/types.h>

#include "frame.h"

/* A part that is not given leaves its out-parameter as it is; USER alone gives the user's own group, too,
 * unless a group is named or the tool goes by libcgroup's name. 0, or -EINVAL after a message. */
int owner_parse(const struct frame *f, const char *text, uid_t *ret_uid, gid_t *ret_gid);

#endif
