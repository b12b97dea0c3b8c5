/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages of nftables, for one table of one family, as one batch: what is put between begin and end is done as a whole or not
 * at all. A rule is begun, then its expressions are put in order, then it is ended; registers are of four bytes each, and what is
 * loaded fills those from the one that is named. Tables of the kernel's: linux/netfilter/nf_tables.h.
 */
#ifndef CGX_SANDBOX_NFTABLES_H
#define CGX_SANDBOX_NFTABLES_H

#include <netinet/in.h> /* first: the kernel's headers know it, it does not know them */

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "sandbox/netlink.h"

struct nft {
	struct netlink *nl;
	int family; /* NFPROTO_IPV4, NFPROTO_IPV6 */
	const char *table;
	struct nlattr *list, *element; /* of the rule that is begun */
};

/* What keys and values are made of, as nft(8) numbers them; more than one: nft_type(first, second). */
enum nft_kind { KIND_IPV4 = 7, KIND_IPV6 = 8, KIND_PROTOCOL = 12, KIND_PORT = 13, KIND_LINK = 41 };
#define nft_types(first, second) ((first) << 6 | (second))

struct nft_set {
	const char *name;
	unsigned key, key_size;
	unsigned value, value_size; /* of a map; else 0 */
	int ranges; /* its elements are ranges */
};

void nft_begin(struct nft *t);
/* 0, or -errno of the first message that failed; *ret_failed, may be NULL, which of those that are answered: each but rules',
 * chains' and sets'. */
int nft_end(struct nft *t, size_t *ret_failed);

void nft_add_table(struct nft *t);
void nft_delete_table(struct nft *t);
void nft_add_set(struct nft *t, const struct nft_set *s);
/* type NULL: one that is jumped to. */
void nft_add_chain(struct nft *t, const char *name, const char *type, unsigned hook, int priority);

/* value NULL: of a set, or to be deleted. exclusive: -EEXIST when it is there. */
void nft_add_element(struct nft *t, const char *set, const void *key, size_t key_size, const void *value, size_t size, int exclusive);
void nft_delete_element(struct nft *t, const char *set, const void *key, size_t key_size);
/* From first on, without after. */
void nft_add_range(struct nft *t, const char *set, const void *first, const void *after, size_t size);
void nft_delete_range(struct nft *t, const char *set, const void *first, const void *after, size_t size);
/* All of them. */
void nft_flush_set(struct nft *t, const char *set);

/* Not in a batch. 1 it is there, 0 not; of a chain how many rules and jumps it has, -1 there is none. */
int nft_has_element(struct nft *t, const char *set, const void *key, size_t key_size);
int nft_has_table(struct nft *t);
int nft_chain_use(struct nft *t, const char *chain);

/* A chain that a hook of the kernel calls, of any table. */
struct nft_chain {
	int family;
	const char *table, *name;
	unsigned hook;
	int drops; /* what no rule of it decided */
};
void nft_each_chain(struct nft *t, void (*take)(void *data, const struct nft_chain *c), void *data);
/* 1: some rule of the table has this text in it, the name of a link as it may be. */
int nft_mentions(struct nft *t, const char *text);

/* ---- rules ---- */

enum { R0 = NFT_REG32_00, R1, R2, R3, R4, R5, R6, R7 };

void nft_rule(struct nft *t, const char *chain);
void nft_rule_end(struct nft *t);
void nft_load_meta(struct nft *t, unsigned key, unsigned reg);
void nft_load_ct(struct nft *t, unsigned key, unsigned reg);
/* base: NFT_PAYLOAD_... */
void nft_load_payload(struct nft *t, unsigned base, unsigned offset, unsigned size, unsigned reg);
/* What the destination is to this host: RTN_... */
void nft_load_kind_of_destination(struct nft *t, unsigned reg);
void nft_mask(struct nft *t, unsigned reg, const void *mask, size_t size);
/* op: NFT_CMP_... */
void nft_compare(struct nft *t, unsigned op, unsigned reg, const void *value, size_t size);
/* In the set, or not. */
void nft_match(struct nft *t, const char *set, unsigned reg, int in);
/* What the map has for it, into reg. */
void nft_translate(struct nft *t, const char *map, unsigned reg);
void nft_dnat(struct nft *t, unsigned address, unsigned port);
void nft_masquerade(struct nft *t);
/* NF_DROP, or NFT_JUMP to a chain. */
void nft_verdict(struct nft *t, int code, const char *chain);

#endif
