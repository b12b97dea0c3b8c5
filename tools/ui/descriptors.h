/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Room for descriptors, for tools that keep one or more a group. */
#ifndef CGX_UI_DESCRIPTORS_H
#define CGX_UI_DESCRIPTORS_H

#include <sys/resource.h>

/*
 * As many as the hard limit lets this process have: the soft one is for programs that use select(2).
 * *ret_before, unless it is NULL, gets the limit as it was, for commands that are run. 0; a negative errno, and the
 * limit stays as it is.
 */
int descriptors_raise(struct rlimit *ret_before);

#endif
