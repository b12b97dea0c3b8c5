/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where packets of the host go, and ranges of addresses that nobody uses. Each -errno with why. */
#ifndef CGX_SANDBOX_SUBNET_H
#define CGX_SANDBOX_SUBNET_H

#include "sandbox/netlink.h"
#include "sandbox/network_spec.h"

struct found_route {
	int width;     /* -1 none */
	int index;     /* of the link */
	unsigned type; /* RTN_LOCAL: this host's own */
};
/* Where packets to it would go; address: size bytes of the family's. */
struct found_route route_find(struct netlink *route, int family, const void *address, size_t size);

/* One that is in nobody's way. */
int subnet_choose(struct netlink *route, const char *device, struct subnet *ret, struct buf *why);
/* This one shall be used: -EADDRINUSE where it would take addresses from the host. */
int subnet_check(struct netlink *route, const char *device, const struct subnet *s, struct buf *why);
/* Of IPv6, its first address. */
int subnet_choose6(struct netlink *route, const char *device, struct in6_addr *ret, struct buf *why);

#endif
