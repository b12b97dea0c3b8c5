/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Capabilities: sets as bits by number. The only file that knows libcap. */
#ifndef CGX_SANDBOX_CAPABILITIES_H
#define CGX_SANDBOX_CAPABILITIES_H

#include <stdint.h>

#include <linux/capability.h>

#include "util/buf.h"

/* What a command has when nothing is said: files, users, signals, low ports; no device nodes, no raw sockets. */
#define CAPABILITY(cap) (1ull << (cap))
#define CAPABILITIES_DEFAULT                                                                                               \
	(CAPABILITY(CAP_CHOWN) | CAPABILITY(CAP_DAC_OVERRIDE) | CAPABILITY(CAP_FSETID) | CAPABILITY(CAP_FOWNER) |          \
	 CAPABILITY(CAP_SETGID) | CAPABILITY(CAP_SETUID) | CAPABILITY(CAP_SETFCAP) | CAPABILITY(CAP_SETPCAP) |             \
	 CAPABILITY(CAP_NET_BIND_SERVICE) | CAPABILITY(CAP_SYS_CHROOT) | CAPABILITY(CAP_KILL))
/* "NET_ADMIN", "cap_net_admin", "all". -EINVAL with why. */
int capabilities_parse(const char *name, uint64_t *ret, struct buf *why);
/* "CAP_CHOWN", NULL past the last that is known. Static. */
const char *capabilities_name(unsigned bit);
/* Forget for good what is not in the set: the bounding set. */
int capabilities_bound(uint64_t set);
/* Have exactly these, and hand none on by inheritance. */
int capabilities_set(uint64_t set);

#endif
