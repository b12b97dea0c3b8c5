/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What cgx asks of libcgroup: to tell its rule daemon, cgrulesengd, to leave a process alone, and to
 * place one by its rules. */
#ifndef CGX_COMPAT_LIBCGROUP_H
#define CGX_COMPAT_LIBCGROUP_H

#include <sys/types.h>

#include "ui/frame.h"

/*
 * Mark (sticky 1) or unmark (0) a process and its children for a running cgrulesengd; without one this
 * succeeds and does nothing. 0, or -1 after a message (built without libcgroup, or it is not installed).
 */
int libcgroup_stick(const struct frame *f, pid_t pid, int sticky);

/*
 * Place a process by libcgroup's own reading of /etc/cgrules.conf and its own matching; program is what the process runs, or
 * is about to. 0 also where no rule fits; -1 after a message.
 */
int libcgroup_place(const struct frame *f, pid_t pid, uid_t uid, gid_t gid, const char *program);

#endif
