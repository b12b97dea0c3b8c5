/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making a filter of what a profile says, by libseccomp. */
#ifndef CGX_SANDBOX_SECCOMP_COMPILE_H
#define CGX_SANDBOX_SECCOMP_COMPILE_H

#include <linux/filter.h>

#include "sandbox/seccomp_read.h"

/* ret->filter is malloc'd. 0; -EBADMSG, -ENOPKG, -ENOTSUP, -E2BIG and what libseccomp gives, with why; -ENOMEM. */
int profile_compile(const struct profile *p, struct sock_fprog *ret, struct buf *why);

#endif
