/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox/seccomp.h"
#include <errno.h>
#include <stdlib.h>
int seccomp_default(uint64_t caps, struct sock_fprog *ret) { (void)caps; (void)ret; return -ENOTSUP; }
int seccomp_profile(const char *path, uint64_t caps, const char *c, struct sock_fprog *ret, struct buf *why) { (void)path;(void)caps;(void)c;(void)ret;(void)why; return -ENOTSUP; }
int seccomp_load(const struct sock_fprog *p) { (void)p; return -ENOTSUP; }
void seccomp_free(struct sock_fprog *p) { free(p->filter); }
