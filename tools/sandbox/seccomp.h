/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The filter of system calls: made for a set of capabilities, and loaded. */
#ifndef CGX_SANDBOX_SECCOMP_H
#define CGX_SANDBOX_SECCOMP_H

#include <stdint.h>

#include <linux/filter.h>

/*
 * The built-in filter for a sandbox whose command may have these capabilities (bits by number). ret->filter is malloc'd.
 * 0, -ENOMEM, -ENOTSUP this machine's architecture is not known.
 */
int seccomp_default(uint64_t caps, struct sock_fprog *ret);
/* Load it: needs no_new_privs or CAP_SYS_ADMIN. Async-signal-safe. -errno. */
int seccomp_load(const struct sock_fprog *p);
void seccomp_free(struct sock_fprog *p);

#endif
