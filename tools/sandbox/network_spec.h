/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What network a sandbox shall have, and the words for it; pure. */
#ifndef CGX_SANDBOX_NETWORK_SPEC_H
#define CGX_SANDBOX_NETWORK_SPEC_H

#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

enum net_how {
	NET_NONE,   /* loopback alone */
	NET_HOST,   /* the host's own */
	NET_BRIDGE, /* a network of sandboxes, behind a bridge of the host */
};
struct address {
	int family; /* AF_INET, AF_INET6; AF_UNSPEC none */
	union {
		uint32_t v4; /* network byte order */
		struct in6_addr v6;
	};
};
struct port {
	struct address address; /* of the host; of no family: all of both; of one, and 0: all of that */
	uint16_t host, inside;  /* host 0: any that is free */
	int udp;
};
struct subnet {
	uint32_t address; /* its first; network byte order */
	unsigned width;   /* of the prefix; 0 none */
};
#define SUBNET_WIDEST    16u
#define SUBNET_NARROWEST 30u
#define MOST_PORTS 512
#define MOST_DNS   3 /* as many as a resolver reads */
struct network_spec {
	enum net_how how;
	char *name;       /* NET_BRIDGE: NULL the usual one */
	struct subnet subnet; /* that it shall have, when it is made */
	uint32_t address;     /* of the sandbox; network byte order; 0 any */
	struct port *port;
	size_t n_ports;
	struct address dns[MOST_DNS]; /* name servers, instead of the host's */
	size_t n_dns;
};

/* "8080:80", "127.0.0.1:8080:80/udp", "[::1]:8080:80", "8000-8002:80-82", "80" for any port of the host: appended. -EINVAL
 * with why. */
int ports_parse(const char *text, struct network_spec *s, struct buf *why);
/* "tcp 0.0.0.0:8080 80", "udp [::]:53 53", as the state keeps it, and back. */
void port_format(const struct port *p, struct buf *ret);
int port_parse(const char *text, struct port *ret);
/* "0.0.0.0:8080->80/tcp", as docker's users know it. */
void port_show(const struct port *p, struct buf *ret);
/* "bridge", or a name of 1 to 11 lower-case letters, digits and dashes. -EINVAL with why. */
int network_name_check(const char *name, struct buf *why);
/* The bridge's device: cgx0, or cgx-NAME. */
void network_device(const char *name, char ret[IFNAMSIZ]);
/* Dotted, or with colons. -EINVAL. */
int address_parse(const char *text, struct address *ret);
struct address address_v4(uint32_t a);
struct address address_v6(const struct in6_addr *a);
/* 1: all addresses of its family, or of both. */
int address_is_any(const struct address *a);
int address_same(const struct address *a, const struct address *b);
/* ::1, fe80::...: one that packets cannot be led away from. */
int address_is_confined(const struct address *a);
/* With nothing for one of no family. */
void address_format(const struct address *a, struct buf *ret);

/* "10.9.0.0/24": private, aligned, of a size that makes sense. -EINVAL with why. */
int subnet_parse(const char *text, struct subnet *ret, struct buf *why);
void subnet_format(const struct subnet *s, struct buf *ret);
struct subnet subnet_of(uint32_t address, unsigned width);
int subnets_same(const struct subnet *a, const struct subnet *b);
int subnets_overlap(const struct subnet *a, const struct subnet *b);
int subnet_holds(const struct subnet *s, uint32_t address);
/* How many sandboxes it has room for: without the first, the bridge's and the last. */
unsigned subnet_hosts(const struct subnet *s);
/* Counted from the first, which is 0, and back. */
unsigned subnet_number(const struct subnet *s, uint32_t address);
uint32_t subnet_member(const struct subnet *s, unsigned number);

#endif
