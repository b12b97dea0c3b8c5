/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules of networks, in a table of nftables for each family, "ip cgx" and "ip6 cgx": what leaves a network takes the host's
 * address, published ports lead to a sandbox, and nothing else comes in. The rules stand as long as any network does; networks
 * and ports are elements of its sets and maps. Each -errno with why.
 */
#ifndef CGX_SANDBOX_FIREWALL_H
#define CGX_SANDBOX_FIREWALL_H

#include "sandbox/network.h"

/* 1: the network is in the tables, the rules are, and its packets get through the host. 0: not, or somebody undid it. */
int firewall_has(struct network *n, struct buf *why);
/* Put it there, making the tables where they are missing; let packets through, which is noted below states. 1: a table was made,
 * so nothing of others is in it. */
int firewall_add(struct network *n, const char *states, struct buf *why);
void firewall_drop(struct network *n);
/* No network is left: the tables go, and the host forwards packets as before. */
void firewall_remove(struct network *n, const char *states);

/* Its ports. *ret_failed, may be NULL, which one it was. */
int firewall_publish(struct network *n, size_t *ret_failed, struct buf *why);
/* Those that are there still. */
void firewall_unpublish(struct network *n);

/* What others' rules do to a network: note has words where they drop what is forwarded, and none of them names it. */
void firewall_look_around(struct network *n, struct buf *note);

#endif
