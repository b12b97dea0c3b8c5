/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Networks of sandboxes: a bridge of the host, a subnet, and who has which address of it. A network is made with its first
 * sandbox and goes after its last. The kernel has links and addresses; a folder below the states' has the leases, each a link
 * named as the address that names the sandbox, and the hosts file that all of them see. Whoever changes any of
 * that holds its lock. Each -errno with why.
 */
#ifndef CGX_SANDBOX_NETWORK_H
#define CGX_SANDBOX_NETWORK_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/types.h>

#include "sandbox/netlink.h"
#include "sandbox/network_spec.h"
#include "sandbox/spec.h"

#define NETWORK_PREFIX6 64
#define NETWORK_LINK    "eth0" /* inside */

/* How much of IPv6 there is. */
enum six {
	SIX_NONE,  /* the host has it not, or has it off */
	SIX_AMONG, /* sandboxes and host reach each other */
	SIX_OUT,   /* packets get through the host as well: it is a router, or a single link can be made one */
};

struct network {
	char dir[4200];           /* of its leases */
	char device[IFNAMSIZ];    /* the bridge */
	char link[IFNAMSIZ];      /* the host's end of the cable; empty none */
	int index, link_index;
	struct subnet wanted;     /* by whoever starts a sandbox in it; width 0 any */
	uint32_t wanted_address;  /* 0 any */
	struct subnet subnet;     /* that it has */
	uint32_t gateway, address; /* of the bridge, of the sandbox; network byte order; address 0: none leased */
	enum six six;
	struct in6_addr gateway6, address6; /* the same of IPv6; all 0 none */
	struct netlink *route, *filter; /* NULL not opened */
	struct port *port;        /* published, each of a number */
	int *held;                /* a socket for each, which holds it */
	size_t n_ports;
	int published;            /* they may be in the rules */
	struct buf note, remedy;  /* for whoever starts a sandbox in it, and when that failed; empty none */
	int space;                /* the sandbox's network namespace; -1 */
};

/* states: where all states lie. The lock; -errno. */
int network_lock(const char *states);
/* Of a device: where it keeps its leases. */
int network_init(struct network *n, const char *states, const char *device);
/* Of a host without any network yet: what one would have. */
enum six network_six(void);
/* The addresses of the sandbox, for the hosts file; of no family where there is none. */
void network_addresses(const struct network *n, struct address ret[2]);
/* Its bridge and subnet. 0 it is there and works; 1 it is not. */
int network_look(struct network *n, struct buf *why);
/* It is there: with the subnet that is wanted. */
int network_fits(struct network *n, struct buf *why);
/* Make it, or what is missing of it. */
int network_make(struct network *n, struct buf *why);
/* An address for this sandbox, and a name for its link. alias: its host name, where that is another; may be NULL. */
int network_lease(struct network *n, const char *sandbox, const char *alias, struct buf *why);
void network_return(struct network *n, const char *sandbox);
/* Names of those who have an address of it. */
int network_tenants(const struct network *n, struct words *ret);
/* 1: somebody has an address of it. */
int network_used(const struct network *n);
/* Leases whose sandbox has no folder any more. */
void network_sweep(struct network *n, const char *states);
/* The bridge and, last, the folder, with nobody in it. */
void network_remove(struct network *n);

/* A cable from the bridge into the namespace of this process. */
int network_plug(struct network *n, pid_t pid, struct buf *why);
/* One that is there, also when the bridge is another one. -ENODEV it is not, or in another network namespace. */
int network_plug_again(struct network *n, const char *link);
int network_has_link(struct network *n, const char *link);
/* Take it away, where its end may outlive the sandbox. */
void network_unplug(struct network *n);
/* Inside: the cable up, with the address and the way out. ids: how many groups there are inside, 0 all. */
int network_up(const struct network *n, uint32_t ids, struct buf *why);
/* A switch of a link, as /proc/sys/net/ipv4/conf/DEVICE/forwarding; -errno. */
int network_set(const char *device, const char *family, const char *name, const char *value);
/* Bytes that the sandbox behind n->link received and sent. */
int network_bytes(struct network *n, uint64_t *ret_received, uint64_t *ret_sent);

/* All networks that have a folder: their devices. */
int network_list(const char *states, struct words *ret);
/* The sockets that hold its ports. */
void network_let_go(struct network *n);
/* Close what it has open. */
void network_close(struct network *n);

#endif
