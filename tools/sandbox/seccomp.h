/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filters of system calls: the built-in one, those of profiles, and loading them. */
#ifndef CGX_SANDBOX_SECCOMP_H
#define CGX_SANDBOX_SECCOMP_H

#include <stdint.h>

#include <linux/filter.h>

#include "util/buf.h"

/*
 * The built-in filter for a sandbox whose command may have these capabilities (bits by number). ret->filter is malloc'd.
 * 0, -ENOMEM, -ENOTSUP this machine's architecture is not known.
 */
int seccomp_default(uint64_t caps, struct sock_fprog *ret);
/*
 * The filter that a profile in docker's JSON form asks for, compiled by libseccomp, which is loaded for it, and kept
 * compiled in cache_dir (NULL: not kept; made when it is missing) under the SHA-256 of profile, capabilities, architecture, kernel and
 * version. -errno with why in words: -EBADMSG what the profile says, -ENOPKG libseccomp is not installed, -ENOTSUP cgx was
 * built without it, -E2BIG more than the kernel takes, or what opening and reading the file gave.
 */
int seccomp_profile(const char *path, uint64_t caps, const char *cache_dir, struct sock_fprog *ret, struct buf *why);
/* Load it: needs no_new_privs or CAP_SYS_ADMIN. Async-signal-safe. -errno. */
int seccomp_load(const struct sock_fprog *p);
void seccomp_free(struct sock_fprog *p);

#endif
