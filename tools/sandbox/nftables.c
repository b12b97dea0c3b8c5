/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* nftables by netlink. Numbers go in network byte order. */
#include "sandbox/nftables.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#define NFT(message) (NFNL_SUBSYS_NFTABLES << 8 | (message))

static void begin(struct nft *t, unsigned message, unsigned flags)
{
	struct nfgenmsg head = { .nfgen_family = (uint8_t)t->family, .version = NFNETLINK_V0 };

	netlink_begin(t->nl, NFT(message), flags, &head, sizeof(head));
}

static void put_number(struct nft *t, unsigned attr, unsigned value)
{
	netlink_put_u32(t->nl, attr, htonl(value));
}

static void bound(struct nft *t, unsigned type)
{
	struct nfgenmsg of_tables = { .version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES) };

	netlink_begin(t->nl, type, 0, &of_tables, sizeof(of_tables));
}

void nft_begin(struct nft *t)
{
	bound(t, NFNL_MSG_BATCH_BEGIN);
}

int nft_end(struct nft *t, size_t *ret_failed)
{
	bound(t, NFNL_MSG_BATCH_END);
	return netlink_talk(t->nl, NULL, NULL, ret_failed);
}

/* ---- tables, sets, chains ---- */

void nft_add_table(struct nft *t)
{
	begin(t, NFT_MSG_NEWTABLE, NLM_F_ACK | NLM_F_CREATE);
	netlink_put_text(t->nl, NFTA_TABLE_NAME, t->table);
}

void nft_delete_table(struct nft *t)
{
	begin(t, NFT_MSG_DELTABLE, NLM_F_ACK);
	netlink_put_text(t->nl, NFTA_TABLE_NAME, t->table);
}

/* For nft(8), which shows names of links by it: the key is in the host's order. */
static const struct {
	uint8_t type, size;
	uint32_t order;
} __attribute__((packed)) in_host_order = { 0, sizeof(uint32_t), 1 };

void nft_add_set(struct nft *t, const struct nft_set *s)
{
	begin(t, NFT_MSG_NEWSET, NLM_F_CREATE);
	netlink_put_text(t->nl, NFTA_SET_TABLE, t->table);
	netlink_put_text(t->nl, NFTA_SET_NAME, s->name);
	put_number(t, NFTA_SET_FLAGS, (s->value ? NFT_SET_MAP : 0) | (s->ranges ? NFT_SET_INTERVAL : 0));
	put_number(t, NFTA_SET_KEY_TYPE, s->key);
	put_number(t, NFTA_SET_KEY_LEN, s->key_size);
	if (s->value) {
		put_number(t, NFTA_SET_DATA_TYPE, s->value);
		put_number(t, NFTA_SET_DATA_LEN, s->value_size);
	}
	put_number(t, NFTA_SET_ID, 1); /* rules name sets by their names */
	if (s->key == KIND_LINK)
		netlink_put(t->nl, NFTA_SET_USERDATA, &in_host_order, sizeof(in_host_order));
}

void nft_add_chain(struct nft *t, const char *name, const char *type, unsigned hook, int priority)
{
	struct nlattr *nest;

	begin(t, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	netlink_put_text(t->nl, NFTA_CHAIN_TABLE, t->table);
	netlink_put_text(t->nl, NFTA_CHAIN_NAME, name);
	if (!type)
		return;
	netlink_put_text(t->nl, NFTA_CHAIN_TYPE, type);
	nest = netlink_nest(t->nl, NFTA_CHAIN_HOOK);
	put_number(t, NFTA_HOOK_HOOKNUM, hook);
	put_number(t, NFTA_HOOK_PRIORITY, (unsigned)priority);
	netlink_end_nest(t->nl, nest);
}

/* ---- elements ---- */

static void put_value(struct nft *t, unsigned attr, const void *data, size_t size)
{
	struct nlattr *nest = netlink_nest(t->nl, attr);

	netlink_put(t->nl, NFTA_DATA_VALUE, data, size);
	netlink_end_nest(t->nl, nest);
}

static void put_set(struct nft *t, unsigned message, unsigned flags, const char *set)
{
	begin(t, message, NLM_F_ACK | flags);
	netlink_put_text(t->nl, NFTA_SET_ELEM_LIST_TABLE, t->table);
	netlink_put_text(t->nl, NFTA_SET_ELEM_LIST_SET, set);
}

static void put_element(struct nft *t, const void *key, size_t key_size, const void *value, size_t size)
{
	struct nlattr *list = netlink_nest(t->nl, NFTA_SET_ELEM_LIST_ELEMENTS), *element = netlink_nest(t->nl, NFTA_LIST_ELEM);

	put_value(t, NFTA_SET_ELEM_KEY, key, key_size);
	if (value)
		put_value(t, NFTA_SET_ELEM_DATA, value, size);
	netlink_end_nest(t->nl, element);
	netlink_end_nest(t->nl, list);
}

void nft_add_element(struct nft *t, const char *set, const void *key, size_t key_size, const void *value, size_t size, int exclusive)
{
	put_set(t, NFT_MSG_NEWSETELEM, NLM_F_CREATE | (exclusive ? NLM_F_EXCL : 0), set);
	put_element(t, key, key_size, value, size);
}

void nft_delete_element(struct nft *t, const char *set, const void *key, size_t key_size)
{
	put_set(t, NFT_MSG_DELSETELEM, 0, set);
	put_element(t, key, key_size, NULL, 0);
}

/* The kernel knows a range by two elements. */
static void put_end(struct nft *t, const void *key, size_t size, unsigned flags)
{
	struct nlattr *element = netlink_nest(t->nl, NFTA_LIST_ELEM);

	put_value(t, NFTA_SET_ELEM_KEY, key, size);
	if (flags)
		put_number(t, NFTA_SET_ELEM_FLAGS, flags);
	netlink_end_nest(t->nl, element);
}

static void put_range(struct nft *t, const void *first, const void *after, size_t size)
{
	struct nlattr *list = netlink_nest(t->nl, NFTA_SET_ELEM_LIST_ELEMENTS);

	put_end(t, first, size, 0);
	put_end(t, after, size, NFT_SET_ELEM_INTERVAL_END);
	netlink_end_nest(t->nl, list);
}

void nft_add_range(struct nft *t, const char *set, const void *first, const void *after, size_t size)
{
	put_set(t, NFT_MSG_NEWSETELEM, NLM_F_CREATE, set);
	put_range(t, first, after, size);
}

void nft_delete_range(struct nft *t, const char *set, const void *first, const void *after, size_t size)
{
	put_set(t, NFT_MSG_DELSETELEM, 0, set);
	put_range(t, first, after, size);
}

void nft_flush_set(struct nft *t, const char *set)
{
	put_set(t, NFT_MSG_DELSETELEM, 0, set);
}

/* ---- questions ---- */

static const char *text_of(struct netlink *nl, const struct nlmsghdr *m, unsigned attr)
{
	size_t size;
	const char *text = netlink_data(nl, netlink_find(nl, m, sizeof(struct nfgenmsg), attr), &size);

	return text && size && !text[size - 1] ? text : NULL;
}

static int number_of(struct netlink *nl, const struct nlattr *a, uint32_t *ret)
{
	size_t size;
	const void *at = netlink_data(nl, a, &size);

	if (size != sizeof(*ret))
		return 0;
	memcpy(ret, at, sizeof(*ret));
	*ret = ntohl(*ret);
	return 1;
}

int nft_has_element(struct nft *t, const char *set, const void *key, size_t key_size)
{
	put_set(t, NFT_MSG_GETSETELEM, 0, set);
	put_element(t, key, key_size, NULL, 0);
	return netlink_talk(t->nl, NULL, NULL, NULL) == 0;
}

int nft_has_table(struct nft *t)
{
	begin(t, NFT_MSG_GETTABLE, NLM_F_ACK);
	netlink_put_text(t->nl, NFTA_TABLE_NAME, t->table);
	return netlink_talk(t->nl, NULL, NULL, NULL) == 0;
}

static void take_use(void *data, struct netlink *nl, const struct nlmsghdr *m)
{
	uint32_t use;

	if (m->nlmsg_type == NFT(NFT_MSG_NEWCHAIN) && number_of(nl, netlink_find(nl, m, sizeof(struct nfgenmsg), NFTA_CHAIN_USE), &use))
		*(int *)data = (int)use;
}

int nft_chain_use(struct nft *t, const char *chain)
{
	int use = -1;

	begin(t, NFT_MSG_GETCHAIN, NLM_F_ACK);
	netlink_put_text(t->nl, NFTA_CHAIN_TABLE, t->table);
	netlink_put_text(t->nl, NFTA_CHAIN_NAME, chain);
	netlink_talk(t->nl, take_use, &use, NULL);
	return use;
}

struct taker {
	void (*take)(void *data, const struct nft_chain *c);
	void *data;
};

static void take_chain(void *data, struct netlink *nl, const struct nlmsghdr *m)
{
	const struct nfgenmsg *head = netlink_header(nl, m, sizeof(*head));
	const struct taker *to = data;
	const struct nlattr *hook;
	uint32_t number, policy = NF_ACCEPT;
	struct nft_chain c;

	if (!head || m->nlmsg_type != NFT(NFT_MSG_NEWCHAIN))
		return;
	hook = netlink_find(nl, m, sizeof(*head), NFTA_CHAIN_HOOK);
	if (!hook || !number_of(nl, netlink_within(nl, hook, NFTA_HOOK_HOOKNUM), &number))
		return;
	number_of(nl, netlink_find(nl, m, sizeof(*head), NFTA_CHAIN_POLICY), &policy);
	c = (struct nft_chain){ head->nfgen_family, text_of(nl, m, NFTA_CHAIN_TABLE), text_of(nl, m, NFTA_CHAIN_NAME), number, policy == NF_DROP };
	if (c.table && c.name)
		to->take(to->data, &c);
}

void nft_each_chain(struct nft *t, void (*take)(void *data, const struct nft_chain *c), void *data)
{
	struct taker to = { take, data };
	struct nft all = { .nl = t->nl, .family = NFPROTO_UNSPEC };

	begin(&all, NFT_MSG_GETCHAIN, NLM_F_DUMP);
	netlink_talk(t->nl, take_chain, &to, NULL);
}

struct mention {
	const char *text;
	int found;
};

static void take_mention(void *data, struct netlink *nl, const struct nlmsghdr *m)
{
	struct mention *is = data;

	(void)nl;
	is->found |= memmem(m, m->nlmsg_len, is->text, strlen(is->text)) != NULL;
}

int nft_mentions(struct nft *t, const char *text)
{
	struct mention is = { .text = text };

	begin(t, NFT_MSG_GETRULE, NLM_F_DUMP);
	netlink_put_text(t->nl, NFTA_RULE_TABLE, t->table);
	netlink_talk(t->nl, take_mention, &is, NULL);
	return is.found;
}

/* ---- rules ---- */

void nft_rule(struct nft *t, const char *chain)
{
	begin(t, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	netlink_put_text(t->nl, NFTA_RULE_TABLE, t->table);
	netlink_put_text(t->nl, NFTA_RULE_CHAIN, chain);
	t->list = netlink_nest(t->nl, NFTA_RULE_EXPRESSIONS);
}

void nft_rule_end(struct nft *t)
{
	netlink_end_nest(t->nl, t->list);
}

static struct nlattr *expression(struct nft *t, const char *name)
{
	t->element = netlink_nest(t->nl, NFTA_LIST_ELEM);
	netlink_put_text(t->nl, NFTA_EXPR_NAME, name);
	return netlink_nest(t->nl, NFTA_EXPR_DATA);
}

static void expressed(struct nft *t, struct nlattr *data)
{
	netlink_end_nest(t->nl, data);
	netlink_end_nest(t->nl, t->element);
}

void nft_load_meta(struct nft *t, unsigned key, unsigned reg)
{
	struct nlattr *data = expression(t, "meta");

	put_number(t, NFTA_META_KEY, key);
	put_number(t, NFTA_META_DREG, reg);
	expressed(t, data);
}

void nft_load_ct(struct nft *t, unsigned key, unsigned reg)
{
	struct nlattr *data = expression(t, "ct");

	put_number(t, NFTA_CT_KEY, key);
	put_number(t, NFTA_CT_DREG, reg);
	expressed(t, data);
}

void nft_load_payload(struct nft *t, unsigned base, unsigned offset, unsigned size, unsigned reg)
{
	struct nlattr *data = expression(t, "payload");

	put_number(t, NFTA_PAYLOAD_DREG, reg);
	put_number(t, NFTA_PAYLOAD_BASE, base);
	put_number(t, NFTA_PAYLOAD_OFFSET, offset);
	put_number(t, NFTA_PAYLOAD_LEN, size);
	expressed(t, data);
}

void nft_load_kind_of_destination(struct nft *t, unsigned reg)
{
	struct nlattr *data = expression(t, "fib");

	put_number(t, NFTA_FIB_DREG, reg);
	put_number(t, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	put_number(t, NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
	expressed(t, data);
}

void nft_mask(struct nft *t, unsigned reg, const void *mask, size_t size)
{
	static const uint8_t nothing[16];
	struct nlattr *data = expression(t, "bitwise");

	put_number(t, NFTA_BITWISE_SREG, reg);
	put_number(t, NFTA_BITWISE_DREG, reg);
	put_number(t, NFTA_BITWISE_LEN, (unsigned)size);
	put_value(t, NFTA_BITWISE_MASK, mask, size);
	put_value(t, NFTA_BITWISE_XOR, nothing, size);
	expressed(t, data);
}

void nft_compare(struct nft *t, unsigned op, unsigned reg, const void *value, size_t size)
{
	struct nlattr *data = expression(t, "cmp");

	put_number(t, NFTA_CMP_SREG, reg);
	put_number(t, NFTA_CMP_OP, op);
	put_value(t, NFTA_CMP_DATA, value, size);
	expressed(t, data);
}

void nft_match(struct nft *t, const char *set, unsigned reg, int in)
{
	struct nlattr *data = expression(t, "lookup");

	netlink_put_text(t->nl, NFTA_LOOKUP_SET, set);
	put_number(t, NFTA_LOOKUP_SREG, reg);
	put_number(t, NFTA_LOOKUP_FLAGS, in ? 0 : NFT_LOOKUP_F_INV);
	expressed(t, data);
}

void nft_translate(struct nft *t, const char *map, unsigned reg)
{
	struct nlattr *data = expression(t, "lookup");

	netlink_put_text(t->nl, NFTA_LOOKUP_SET, map);
	put_number(t, NFTA_LOOKUP_SREG, reg);
	put_number(t, NFTA_LOOKUP_DREG, reg);
	expressed(t, data);
}

void nft_dnat(struct nft *t, unsigned address, unsigned port)
{
	struct nlattr *data = expression(t, "nat");

	put_number(t, NFTA_NAT_TYPE, NFT_NAT_DNAT);
	put_number(t, NFTA_NAT_FAMILY, (unsigned)t->family);
	put_number(t, NFTA_NAT_REG_ADDR_MIN, address);
	put_number(t, NFTA_NAT_REG_PROTO_MIN, port);
	expressed(t, data);
}

void nft_masquerade(struct nft *t)
{
	expressed(t, expression(t, "masq"));
}

void nft_verdict(struct nft *t, int code, const char *chain)
{
	struct nlattr *data = expression(t, "immediate"), *value, *verdict;

	put_number(t, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	value = netlink_nest(t->nl, NFTA_IMMEDIATE_DATA);
	verdict = netlink_nest(t->nl, NFTA_DATA_VERDICT);
	put_number(t, NFTA_VERDICT_CODE, (unsigned)code);
	if (chain)
		netlink_put_text(t->nl, NFTA_VERDICT_CHAIN, chain);
	netlink_end_nest(t->nl, verdict);
	netlink_end_nest(t->nl, value);
	expressed(t, data);
}
