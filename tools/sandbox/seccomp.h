/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CGX_SANDBOX_SECCOMP_H
#define CGX_SANDBOX_SECCOMP_H
#include <stdint.h>
#include <linux/filter.h>
#include "util/buf.h"
int seccomp_default(uint64_t caps, struct sock_fprog *ret);
int seccomp_profile(const char *path, uint64_t caps, const char *cache_dir, struct sock_fprog *ret, struct buf *why);
int seccomp_load(const struct sock_fprog *p);
void seccomp_free(struct sock_fprog *p);
#endif
