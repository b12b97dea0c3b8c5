/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What nftables is told. */
#include "sandbox/firewall.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/nftables.h"
#include "util/cleanup.h"

#define TABLE "cgx"

/* What differs between the two. */
struct family {
	int number; /* NFPROTO_ */
	const char *sysctls;
	unsigned source, destination, size; /* of addresses in its header */
	enum nft_kind kind;
};
static const struct family families[] = {
	{ NFPROTO_IPV4, "ipv4", 12, 16, 4, KIND_IPV4 },
	{ NFPROTO_IPV6, "ipv6", 8, 24, 16, KIND_IPV6 },
};

/* Of IPv6 nothing where a network has none. */
static size_t families_of(const struct network *n)
{
	return n->six == SIX_NONE ? 1 : 2;
}

static struct nft table_of(const struct network *n, const struct family *f)
{
	return (struct nft){ .nl = n->filter, .family = f->number, .table = TABLE };
}

static int open_filter(struct network *n, struct buf *why)
{
	return n->filter ? 0 : netlink_open(NETLINK_NETFILTER, &n->filter, why);
}

/* ---- the rules ---- */

/* any: ports of all of the host's addresses, one: of one. within: a bridge and itself. uplinks: links that let packets through
 * for us alone, where the host is no router. */
static void put_sets(struct nft *t, const struct family *f)
{
	unsigned port = nft_types(KIND_PROTOCOL, KIND_PORT), to = nft_types((unsigned)f->kind, KIND_PORT);
	const struct nft_set sets[] = {
		{ .name = "bridges", .key = KIND_LINK, .key_size = IFNAMSIZ },
		{ .name = "within", .key = nft_types(KIND_LINK, KIND_LINK), .key_size = 2 * IFNAMSIZ },
		{ .name = "subnets", .key = f->kind, .key_size = f->size, .ranges = 1 },
		{ .name = "uplinks", .key = KIND_LINK, .key_size = IFNAMSIZ },
		{ "any", port, 8, to, f->size + 4, 0 },
		{ "one", (unsigned)f->kind << 12 | port, f->size + 8, to, f->size + 4, 0 },
	};

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		nft_add_set(t, &sets[i]);
}

static void load_address(struct nft *t, const struct family *f, unsigned offset)
{
	nft_load_payload(t, NFT_PAYLOAD_NETWORK_HEADER, offset, f->size, R0);
}

static void match_subnet(struct nft *t, const struct family *f, unsigned offset)
{
	load_address(t, f, offset);
	nft_match(t, "subnets", R0, 1);
}

static void match_link(struct nft *t, unsigned key, const char *set, int in)
{
	nft_load_meta(t, key, R0);
	nft_match(t, set, R0, in);
}

static void match_bits(struct nft *t, unsigned ct_key, uint32_t bits, unsigned op)
{
	static const uint32_t none;

	nft_load_ct(t, ct_key, R0);
	nft_mask(t, R0, &bits, sizeof(bits));
	nft_compare(t, op, R0, &none, sizeof(none));
}

/* 127.0.0.0/8 */
static void match_loopback(struct nft *t, const struct family *f, unsigned offset)
{
	static const uint8_t mask[4] = { 255 }, net[4] = { 127 };

	load_address(t, f, offset);
	nft_mask(t, R0, mask, sizeof(mask));
	nft_compare(t, NFT_CMP_EQ, R0, net, sizeof(net));
}

/* Addresses that a port cannot be published on: the kernel lets ::1 nowhere, and those of a link not beyond it. */
static void except_own(struct nft *t, const struct family *f)
{
	static const uint8_t loopback[16] = { [15] = 1 }, mask[16] = { 0xff, 0xc0 }, link[16] = { 0xfe, 0x80 };

	load_address(t, f, f->destination);
	nft_compare(t, NFT_CMP_NEQ, R0, loopback, sizeof(loopback));
	load_address(t, f, f->destination);
	nft_mask(t, R0, mask, sizeof(mask));
	nft_compare(t, NFT_CMP_NEQ, R0, link, sizeof(link));
}

/* dnat to daddr . l4proto . dport map @one; dnat to l4proto . dport map @any */
static void put_publish(struct nft *t, const struct family *f, const char *map)
{
	int one = !strcmp(map, "one");
	unsigned words = f->size / 4, protocol = R0 + (one ? words : 0);

	nft_rule(t, "publish");
	if (one)
		load_address(t, f, f->destination);
	nft_load_meta(t, NFT_META_L4PROTO, protocol);
	nft_load_payload(t, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, protocol + 1);
	nft_translate(t, map, R0);
	nft_dnat(t, R0, R0 + words);
	nft_rule_end(t);
}

/* fib daddr type local jump publish */
static void put_entrance(struct nft *t, const struct family *f, const char *chain)
{
	static const uint32_t local = RTN_LOCAL;

	nft_rule(t, chain);
	nft_load_kind_of_destination(t, R0);
	nft_compare(t, NFT_CMP_EQ, R0, &local, sizeof(local));
	if (f->number == NFPROTO_IPV6)
		except_own(t, f);
	nft_verdict(t, NFT_JUMP, "publish");
	nft_rule_end(t);
}

/* A network may not speak to the host's loopback, whose addresses the bridge lets in for the answers of published ports. */
static void put_loopback(struct nft *t, const struct family *f)
{
	nft_add_chain(t, "raw", "filter", NF_INET_PRE_ROUTING, -300);
	nft_rule(t, "raw");
	match_link(t, NFT_META_IIFNAME, "bridges", 1);
	match_loopback(t, f, f->destination);
	nft_verdict(t, NF_DROP, NULL);
	nft_rule_end(t);
	nft_rule(t, "leave");
	match_loopback(t, f, f->source);
	match_link(t, NFT_META_OIFNAME, "bridges", 1);
	nft_masquerade(t);
	nft_rule_end(t);
}

/* What leaves; and what was sent to a published port of a neighbour, whose answer has to come back this way. */
static void put_masquerades(struct nft *t, const struct family *f)
{
	nft_rule(t, "leave");
	match_subnet(t, f, f->source);
	match_link(t, NFT_META_OIFNAME, "bridges", 0);
	nft_masquerade(t);
	nft_rule_end(t);
	nft_rule(t, "leave");
	match_subnet(t, f, f->source);
	match_subnet(t, f, f->destination);
	match_bits(t, NFT_CT_STATUS, IPS_DST_NAT, NFT_CMP_NEQ);
	nft_masquerade(t);
	nft_rule_end(t);
}

#define FORWARD_RULES 2

/* A network is reached by what it asked for, and by what is published; an uplink leads to networks alone. */
static void put_forward(struct nft *t)
{
	nft_rule(t, "forward");
	match_link(t, NFT_META_OIFNAME, "bridges", 1);
	nft_load_meta(t, NFT_META_IIFNAME, R0);
	nft_load_meta(t, NFT_META_OIFNAME, R4);
	nft_match(t, "within", R0, 0);
	match_bits(t, NFT_CT_STATE, NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED), NFT_CMP_EQ);
	match_bits(t, NFT_CT_STATUS, IPS_DST_NAT, NFT_CMP_EQ);
	nft_verdict(t, NF_DROP, NULL);
	nft_rule_end(t);
	nft_rule(t, "forward");
	match_link(t, NFT_META_IIFNAME, "uplinks", 1);
	match_link(t, NFT_META_OIFNAME, "bridges", 0);
	nft_verdict(t, NF_DROP, NULL);
	nft_rule_end(t);
}

static void put_table(struct nft *t, const struct family *f)
{
	nft_add_table(t);
	put_sets(t, f);
	nft_add_chain(t, "publish", NULL, 0, 0);
	nft_add_chain(t, "arrive", "nat", NF_INET_PRE_ROUTING, -100);
	nft_add_chain(t, "local", "nat", NF_INET_LOCAL_OUT, -100);
	nft_add_chain(t, "leave", "nat", NF_INET_POST_ROUTING, 100);
	nft_add_chain(t, "forward", "filter", NF_INET_FORWARD, 0);
	put_publish(t, f, "one");
	put_publish(t, f, "any");
	put_entrance(t, f, "arrive");
	put_entrance(t, f, "local");
	put_masquerades(t, f);
	if (f->number == NFPROTO_IPV4)
		put_loopback(t, f);
	put_forward(t);
}

/* ---- ports ---- */

/* The kernel answers each, and keeps so many answers. */
#define AT_ONCE 128

/* What is made of parts fills four bytes with each. */
struct text4 {
	uint8_t bytes[32];
	size_t size;
};

static void add_part(struct text4 *k, const void *data, size_t size)
{
	memcpy(k->bytes + k->size, data, size);
	k->size += (size + 3) / 4 * 4;
}

static void add_port(struct text4 *k, uint16_t port)
{
	uint16_t n = htons(port);

	add_part(k, &n, sizeof(n));
}

struct element {
	const char *map;
	struct text4 key, to;
};

static struct element element_of(const struct network *n, const struct port *p)
{
	const struct family *f = &families[p->address.family == AF_INET6];
	uint8_t protocol = p->udp ? IPPROTO_UDP : IPPROTO_TCP;
	struct element e = { .map = address_is_any(&p->address) ? "any" : "one" };

	if (*e.map == 'o')
		add_part(&e.key, &p->address.v6, f->size);
	add_part(&e.key, &protocol, sizeof(protocol));
	add_port(&e.key, p->host);
	add_part(&e.to, f->size == 4 ? (const void *)&n->address : &n->address6, f->size);
	add_port(&e.to, p->inside);
	return e;
}

static struct nft table_for(const struct network *n, const struct port *p)
{
	return table_of(n, &families[p->address.family == AF_INET6]);
}

static void put_port(const struct network *n, const struct port *p, int adds)
{
	struct nft t = table_for(n, p);
	struct element e = element_of(n, p);

	if (adds)
		nft_add_element(&t, e.map, e.key.bytes, e.key.size, e.to.bytes, e.to.size, 1);
	else
		nft_delete_element(&t, e.map, e.key.bytes, e.key.size);
}

static int is_published(const struct network *n, const struct port *p)
{
	struct nft t = table_for(n, p);
	struct element e = element_of(n, p);

	return nft_has_element(&t, e.map, e.key.bytes, e.key.size);
}

/* All at once is one wait for the kernel. */
static int put_ports(struct network *n, const struct port *port, size_t count, int adds, size_t *ret_failed)
{
	struct nft t = table_of(n, &families[0]);
	int r = 0;

	for (size_t from = 0, end; !r && from < count; from = end) {
		size_t failed = 0;

		end = count - from > AT_ONCE ? from + AT_ONCE : count;
		nft_begin(&t);
		for (size_t i = from; i < end; i++)
			put_port(n, &port[i], adds);
		r = nft_end(&t, &failed);
		if (r && ret_failed)
			*ret_failed = from + failed;
	}
	return r;
}

int firewall_publish(struct network *n, size_t *ret_failed, struct buf *why)
{
	int r = n->n_ports ? open_filter(n, why) : 0;

	if (r || !n->n_ports)
		return r;
	n->published = 1;
	r = put_ports(n, n->port, n->n_ports, 1, ret_failed);
	if (r == -EEXIST) { /* of one that is dead: we hold the ports */
		firewall_unpublish(n);
		n->published = 1;
		r = put_ports(n, n->port, n->n_ports, 1, ret_failed);
	}
	if (r)
		buf_printf(why, "publish: %s", strerror(-r));
	return r;
}

/* Where one of them is not there, none goes; to find out so is a wait for each, to ask before is none. */
static void unpublish_present(struct network *n)
{
	struct port *present = calloc(n->n_ports, sizeof(*present));
	size_t count = 0;

	for (size_t i = 0; present && i < n->n_ports; i++)
		if (is_published(n, &n->port[i]))
			present[count++] = n->port[i];
	if (count)
		put_ports(n, present, count, 0, NULL);
	free(present);
}

void firewall_unpublish(struct network *n)
{
	AUTO_BUF struct buf why = { 0 };

	if (n->published && n->n_ports && !open_filter(n, &why) && put_ports(n, n->port, n->n_ports, 0, NULL))
		unpublish_present(n);
	n->published = 0;
}

/* ---- letting packets through ---- */

static int read_flag(const char *path)
{
	char c = '0';
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (read(fd, &c, 1) != 1)
		c = '0';
	close(fd);
	return c != '0';
}

/* IPv4 is forwarded by what a link's "forwarding" says of packets that come in by it. IPv6 has that since Linux 6.17, by the name
 * of force_forwarding; before it is all or nothing, and network.c leaves that to the host. */
static const char *switch_of(const struct family *f)
{
	return f->number == NFPROTO_IPV4 ? "forwarding" : "force_forwarding";
}

static void switch_path(const struct family *f, const char *device, char *ret, size_t size)
{
	snprintf(ret, size, "/proc/sys/net/%s/conf/%s/%s", f->sysctls, device, switch_of(f));
}

static int is_router(const struct family *f)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/all/forwarding", f->sysctls);
	return read_flag(path) == 1;
}

static void take_uplink(void *data, struct netlink *nl, const struct nlmsghdr *m)
{
	int *index = data;
	size_t size;
	const void *at = netlink_data(nl, netlink_find(nl, m, sizeof(struct rtmsg), RTA_OIF), &size);

	if (m->nlmsg_type == RTM_NEWROUTE && size == sizeof(*index))
		memcpy(index, at, size);
}

/* The link by which the world is reached: that to an address of nobody (RFC 5737, RFC 3849). */
static int find_uplink(struct network *n, const struct family *f, char ret[IFNAMSIZ])
{
	static const uint8_t nobody4[4] = { 192, 0, 2, 1 }, nobody6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
	struct rtmsg way = { .rtm_family = f->size == 4 ? AF_INET : AF_INET6, .rtm_dst_len = (uint8_t)(f->size * 8) };
	int index = 0;

	netlink_begin(n->route, RTM_GETROUTE, NLM_F_ACK, &way, sizeof(way));
	netlink_put(n->route, RTA_DST, f->size == 4 ? nobody4 : nobody6, f->size);
	netlink_talk(n->route, take_uplink, &index, NULL);
	return index && if_indextoname((unsigned)index, ret) && strcmp(ret, "lo");
}

static void note_path(const char *states, char *ret, size_t size)
{
	snprintf(ret, size, "%s/.net/.forwarding", states);
}

/* Before it is done, so that it is undone. */
static int note(const char *states, const struct family *f, const char *device)
{
	char path[4200];
	int fd, r = 0;

	note_path(states, path, sizeof(path));
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (dprintf(fd, "%s %s\n", f->sysctls, device) < 0)
		r = -EIO;
	close(fd);
	return r;
}

/* Whoever switches forwarding off for all links has switched off ours. */
static int forwards(const struct network *n, const struct family *f)
{
	char path[128];

	switch_path(f, n->device, path, sizeof(path));
	return read_flag(path) == 1 || is_router(f) || (f->number == NFPROTO_IPV6 && n->six != SIX_OUT);
}

/* A host that is a router lets everything through already. */
static int let_through(struct network *n, const struct family *f, const char *states, char uplink[IFNAMSIZ], struct buf *why)
{
	char path[128];
	int r;

	*uplink = '\0';
	if (f->number == NFPROTO_IPV6 && n->six != SIX_OUT)
		return 0;
	switch_path(f, n->device, path, sizeof(path));
	if (!forwards(n, f) && network_set(n->device, f->sysctls, switch_of(f), "1")) {
		buf_printf(why, "%s: let packets of %s through: it cannot be written", path, n->device);
		return -EROFS;
	}
	if (is_router(f) || !find_uplink(n, f, uplink))
		return 0;
	switch_path(f, uplink, path, sizeof(path));
	r = read_flag(path) == 1 ? 0 : note(states, f, uplink);
	if (!r)
		r = network_set(uplink, f->sysctls, switch_of(f), "1");
	if (r)
		buf_printf(why, "%s: let packets of %s through: %s", path, n->device, strerror(-r));
	return r;
}

static void restore_forwarding(const char *states)
{
	char path[4200], line[IFNAMSIZ + 8];
	FILE *file;

	note_path(states, path, sizeof(path));
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		const struct family *f = &families[!strncmp(line, "ipv6 ", 5)];
		char *device = line + 5;

		device[strcspn(device, "\n")] = '\0';
		if (strncmp(line, "ipv", 3) || !*device || strchr(device, '/') || (f == &families[0] && is_router(f)))
			continue;
		network_set(device, f->sysctls, switch_of(f), "0");
	}
	if (file)
		fclose(file);
	unlink(path);
}

/* ---- networks ---- */

struct names {
	char device[IFNAMSIZ], twice[2 * IFNAMSIZ];
	uint8_t first[16], after[16]; /* of its subnet, and what follows that */
};

/* Of two addresses that differ by the last bit of a prefix. */
static void add_bit(uint8_t *address, unsigned width)
{
	unsigned carry = 1u << ((32 - width) % 8);

	for (unsigned i = (width + 7) / 8; carry && i--;) {
		carry += address[i];
		address[i] = (uint8_t)carry;
		carry >>= 8;
	}
}

static struct names names_of(const struct network *n, const struct family *f)
{
	struct names ret = { .first = { 0 } };

	memcpy(ret.device, n->device, strlen(n->device));
	memcpy(ret.twice, n->device, strlen(n->device));
	memcpy(ret.twice + IFNAMSIZ, n->device, strlen(n->device));
	if (f->size == 4)
		memcpy(ret.first, &n->subnet.address, 4);
	else
		memcpy(ret.first, &n->gateway6, NETWORK_PREFIX6 / 8);
	memcpy(ret.after, ret.first, sizeof(ret.after));
	add_bit(ret.after, f->size == 4 ? n->subnet.width : NETWORK_PREFIX6);
	return ret;
}

static int is_there(const struct network *n, const struct family *f)
{
	struct nft t = table_of(n, f);
	struct names names = names_of(n, f);

	return nft_has_element(&t, "bridges", names.device, sizeof(names.device)) && nft_chain_use(&t, "forward") == FORWARD_RULES;
}

int firewall_has(struct network *n, struct buf *why)
{
	int r = open_filter(n, why);

	for (size_t i = 0; !r && i < families_of(n); i++)
		if (!is_there(n, &families[i]) || !forwards(n, &families[i]))
			return 0;
	return r ? r : 1;
}

static void put_network(const struct network *n, struct nft *t, const struct family *f, const char *uplink)
{
	struct names names = names_of(n, f);
	char link[IFNAMSIZ] = "";

	nft_flush_set(t, "uplinks"); /* the host may route for others by now */
	if (*uplink) {
		snprintf(link, sizeof(link), "%s", uplink);
		nft_add_element(t, "uplinks", link, sizeof(link), NULL, 0, 0);
	}
	nft_add_element(t, "bridges", names.device, sizeof(names.device), NULL, 0, 0);
	nft_add_element(t, "within", names.twice, sizeof(names.twice), NULL, 0, 0);
	nft_add_range(t, "subnets", names.first, names.after, f->size);
}

static int add_to(struct network *n, const struct family *f, const char *states, struct buf *why)
{
	struct nft t = table_of(n, f);
	int has_table = nft_has_table(&t), makes = nft_chain_use(&t, "forward") != FORWARD_RULES, r;
	char uplink[IFNAMSIZ];

	r = let_through(n, f, states, uplink, why);
	if (r)
		return r;
	nft_begin(&t);
	if (makes && has_table)
		nft_delete_table(&t); /* without its rules */
	if (makes)
		put_table(&t, f);
	put_network(n, &t, f, uplink);
	r = nft_end(&t, NULL);
	if (r)
		buf_printf(why, "nftables: set the rules of networks (%s): %s%s", f->sysctls, strerror(-r),
			   r == -ENOENT || r == -EOPNOTSUPP || r == -EAFNOSUPPORT ? ": this kernel lacks some of nf_tables, nat, masq, fib and ct" : "");
	return r ? r : makes;
}

int firewall_add(struct network *n, const char *states, struct buf *why)
{
	int r = open_filter(n, why), made = 0;

	for (size_t i = 0; r >= 0 && i < families_of(n); i++) {
		r = add_to(n, &families[i], states, why);
		made |= r;
	}
	return r < 0 ? r : made;
}

/* Each by itself: what somebody flushed is no hindrance. */
static void drop_from(const struct network *n, const struct family *f)
{
	struct nft t = table_of(n, f);
	struct names names = names_of(n, f);

	nft_begin(&t);
	nft_delete_element(&t, "bridges", names.device, sizeof(names.device));
	nft_end(&t, NULL);
	nft_begin(&t);
	nft_delete_element(&t, "within", names.twice, sizeof(names.twice));
	nft_end(&t, NULL);
	nft_begin(&t);
	nft_delete_range(&t, "subnets", names.first, names.after, f->size);
	nft_end(&t, NULL);
}

void firewall_drop(struct network *n)
{
	AUTO_BUF struct buf why = { 0 };

	for (size_t i = 0; n->gateway && !open_filter(n, &why) && i < families_of(n); i++)
		drop_from(n, &families[i]);
}

void firewall_remove(struct network *n, const char *states)
{
	AUTO_BUF struct buf why = { 0 };

	for (size_t i = 0; !open_filter(n, &why) && i < 2; i++) {
		struct nft t = table_of(n, &families[i]);

		nft_begin(&t);
		nft_delete_table(&t);
		nft_end(&t, NULL);
	}
	restore_forwarding(states);
}

/* ---- others ---- */

struct stranger {
	const struct network *n;
	int family;
	char table[64], chain[64];
};

/* firewalld's lets through what no rule of it decided, but the last one refuses. */
static void take_stranger(void *data, const struct nft_chain *c)
{
	struct stranger *s = data;
	int ours = c->family == NFPROTO_IPV4 || c->family == NFPROTO_INET || (c->family == NFPROTO_IPV6 && s->n->six == SIX_OUT);

	if (*s->table || !ours || c->hook != NF_INET_FORWARD || (!c->drops && strcmp(c->table, "firewalld")))
		return;
	s->family = c->family;
	snprintf(s->table, sizeof(s->table), "%s", c->table);
	snprintf(s->chain, sizeof(s->chain), "%s", c->name);
}

static void put_remedy(const struct stranger *s, const char *device, struct buf *ret)
{
	const char *family = s->family == NFPROTO_INET ? "inet" : s->family == NFPROTO_IPV6 ? "ip6" : "ip";
	const char *tables = s->family == NFPROTO_IPV6 ? "ip6tables" : "iptables";

	if (!strcmp(s->table, "firewalld"))
		buf_printf(ret, "firewall-cmd --zone=trusted --add-interface=%s", device);
	else if (!strcmp(s->table, "filter") && !strcmp(s->chain, "FORWARD"))
		buf_printf(ret, "%s -I FORWARD -i %s -j ACCEPT; %s -I FORWARD -o %s -j ACCEPT", tables, device, tables, device);
	else
		buf_printf(ret, "nft insert rule %s %s %s iifname %s accept; nft insert rule %s %s %s oifname %s accept", family, s->table,
			   s->chain, device, family, s->table, s->chain, device);
}

void firewall_look_around(struct network *n, struct buf *note)
{
	AUTO_BUF struct buf why = { 0 };
	struct stranger s = { .n = n };
	struct nft t;

	if (open_filter(n, &why))
		return;
	t = table_of(n, &families[0]);
	nft_each_chain(&t, take_stranger, &s);
	t.family = s.family;
	t.table = s.table;
	if (!*s.table || nft_mentions(&t, n->device))
		return;
	buf_printf(note, "%s: the chain %s of table %s drops what is forwarded and no rule there lets it through: ", n->device, s.chain, s.table);
	put_remedy(&s, n->device, note);
}
