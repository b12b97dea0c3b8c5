/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What network a sandbox shall have. */
#ifndef CGX_SANDBOX_NETWORK_SPEC_H
#define CGX_SANDBOX_NETWORK_SPEC_H

#include <stddef.h>
#include <stdint.h>

enum net_how {
	NET_NONE,   /* loopback alone */
	NET_HOST,   /* the host's own */
	NET_BRIDGE, /* the bridge cgx0, or the one named */
};
struct port {
	uint32_t address; /* of the host, network byte order; 0 all */
	uint16_t host, inside;
	int udp;
};
struct network_spec {
	enum net_how how;
	char *bridge;     /* NET_BRIDGE: NULL cgx0 */
	struct port *port;
	size_t n_ports;
};

#endif
