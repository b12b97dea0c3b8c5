/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* nftables. */
#include "sandbox/firewall.h"

#include <arpa/inet.h>
#include <errno.h>

#if defined(HAVE_LIBNFTABLES) && defined(HAVE_LIBMNL)
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ui/lazy.h"
#include "util/cleanup.h"

#define TABLE "cgx"

#define SYMBOLS(X)                                                                                                   \
	X(nft_ctx_new) X(nft_ctx_free) X(nft_ctx_buffer_output) X(nft_ctx_buffer_error) X(nft_ctx_get_error_buffer)  \
	X(nft_run_cmd_from_buffer)

struct libnftables {
	SYMBOLS(LAZY_POINTER)
};

static const struct lazy_symbol symbols[] = {
#define X(name) LAZY_SYMBOL(struct libnftables, name),
	SYMBOLS(X)
#undef X
};
static const struct lazy library = LAZY(LIBNFTABLES_SONAME, "libnftables1", symbols);

/*
 * uplinks: links that let packets through for us alone, where the host is no router. raw: a network may not speak to the
 * host's loopback, whose addresses the bridge lets in for the answers of published ports. forward: a network is reached by
 * what it asked for, and by what is published; an uplink leads to networks alone.
 */
static const char rules[] =
	"add table ip " TABLE "\n"
	"add set ip " TABLE " bridges { type ifname; }\n"
	"add set ip " TABLE " within { type ifname . ifname; }\n"
	"add set ip " TABLE " subnets { type ipv4_addr; flags interval; }\n"
	"add set ip " TABLE " uplinks { type ifname; }\n"
	"add map ip " TABLE " any { type inet_proto . inet_service : ipv4_addr . inet_service; }\n"
	"add map ip " TABLE " one { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }\n"
	"add chain ip " TABLE " raw { type filter hook prerouting priority raw; }\n"
	"add rule ip " TABLE " raw iifname @bridges ip daddr 127.0.0.0/8 drop\n"
	"add chain ip " TABLE " publish\n"
	"add rule ip " TABLE " publish dnat ip to ip daddr . meta l4proto . th dport map @one\n"
	"add rule ip " TABLE " publish dnat ip to meta l4proto . th dport map @any\n"
	"add chain ip " TABLE " arrive { type nat hook prerouting priority dstnat; }\n"
	"add rule ip " TABLE " arrive fib daddr type local jump publish\n"
	"add chain ip " TABLE " local { type nat hook output priority -100; }\n"
	"add rule ip " TABLE " local fib daddr type local jump publish\n"
	"add chain ip " TABLE " leave { type nat hook postrouting priority srcnat; }\n"
	"add rule ip " TABLE " leave ip saddr @subnets oifname != @bridges masquerade\n"
	"add rule ip " TABLE " leave ip saddr 127.0.0.0/8 oifname @bridges masquerade\n"
	"add rule ip " TABLE " leave ip saddr @subnets ip daddr @subnets ct status dnat masquerade\n"
	"add chain ip " TABLE " forward { type filter hook forward priority filter; }\n"
	"add rule ip " TABLE " forward oifname @bridges iifname . oifname != @within ct state new ct status & dnat == 0 drop\n"
	"add rule ip " TABLE " forward iifname @uplinks oifname != @bridges drop\n";

/* ---- texts, by libnftables ---- */

static int run_text(const char *text, struct buf *why)
{
	struct libnftables lib;
	struct nft_ctx *ctx;
	int r = lazy_load(&library, &lib, why);

	if (r)
		return r;
	ctx = lib.nft_ctx_new(NFT_CTX_DEFAULT);
	if (!ctx)
		return -ENOMEM;
	lib.nft_ctx_buffer_output(ctx);
	lib.nft_ctx_buffer_error(ctx);
	if (lib.nft_run_cmd_from_buffer(ctx, text)) {
		const char *words = lib.nft_ctx_get_error_buffer(ctx);

		buf_printf(why, "nftables: set the rules of networks: %.*s", (int)strcspn(words, "\n"), words);
		r = -EIO;
	}
	lib.nft_ctx_free(ctx);
	return r;
}

/* ---- messages, by netlink ---- */

static const struct nfgenmsg ipv4 = { .nfgen_family = NFPROTO_IPV4, .version = NFNETLINK_V0 };

#define NFT(message) (NFNL_SUBSYS_NFTABLES << 8 | (message))

static int open_filter(struct network *n, struct buf *why)
{
	return n->filter ? 0 : netlink_open(NETLINK_NETFILTER, &n->filter, why);
}

static void put_bound(struct network *n, unsigned type)
{
	struct nfgenmsg of_tables = { .version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES) };

	netlink_begin(n->filter, type, 0, &of_tables, sizeof(of_tables));
}

static void put_data(struct network *n, unsigned attr, const void *data, size_t size)
{
	struct nlattr *nest = netlink_nest(n->filter, attr);

	netlink_put(n->filter, NFTA_DATA_VALUE, data, size);
	netlink_end_nest(n->filter, nest);
}

/* An element of a set, or of a map where it has data. */
static void put_element(struct network *n, unsigned message, unsigned flags, const char *set, const void *key, size_t key_size,
			const void *data, size_t size)
{
	struct nlattr *list, *element;

	netlink_begin(n->filter, NFT(message), NLM_F_ACK | flags, &ipv4, sizeof(ipv4));
	netlink_put_text(n->filter, NFTA_SET_ELEM_LIST_TABLE, TABLE);
	netlink_put_text(n->filter, NFTA_SET_ELEM_LIST_SET, set);
	list = netlink_nest(n->filter, NFTA_SET_ELEM_LIST_ELEMENTS);
	element = netlink_nest(n->filter, NFTA_LIST_ELEM);
	put_data(n, NFTA_SET_ELEM_KEY, key, key_size);
	if (data)
		put_data(n, NFTA_SET_ELEM_DATA, data, size);
	netlink_end_nest(n->filter, element);
	netlink_end_nest(n->filter, list);
}

/* What is made of parts fills four bytes with each. */
struct port_key {
	uint32_t address;
	uint8_t protocol, pad[3];
	uint16_t port, pad2;
};
struct port_data {
	uint32_t address;
	uint16_t port, pad;
};

static void put_port(struct network *n, unsigned message, unsigned flags, const struct port *p)
{
	struct port_key key = { .address = p->address, .protocol = p->udp ? IPPROTO_UDP : IPPROTO_TCP, .port = htons(p->host) };
	struct port_data to = { .address = n->address, .port = htons(p->inside) };
	size_t skip = p->address ? 0 : sizeof(key.address);
	int adds = message == NFT_MSG_NEWSETELEM;

	put_element(n, message, flags, p->address ? "one" : "any", (char *)&key + skip, sizeof(key) - skip, adds ? &to : NULL, sizeof(to));
}

static int put_ports(struct network *n, size_t from, size_t to, int adds, size_t *ret_failed)
{
	put_bound(n, NFNL_MSG_BATCH_BEGIN);
	for (size_t i = from; i < to; i++)
		put_port(n, adds ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM, adds ? NLM_F_CREATE | NLM_F_EXCL : 0, &n->port[i]);
	put_bound(n, NFNL_MSG_BATCH_END);
	return netlink_talk(n->filter, NULL, NULL, ret_failed);
}

int firewall_publish(struct network *n, size_t *ret_failed, struct buf *why)
{
	int r = n->n_ports ? open_filter(n, why) : 0;

	if (r || !n->n_ports)
		return r;
	r = put_ports(n, 0, n->n_ports, 1, ret_failed);
	if (r == -EEXIST) { /* of one that is dead: we hold the ports */
		firewall_unpublish(n);
		r = put_ports(n, 0, n->n_ports, 1, ret_failed);
	}
	if (r)
		buf_printf(why, "publish: %s", strerror(-r));
	return r;
}

void firewall_unpublish(struct network *n)
{
	AUTO_BUF struct buf why = { 0 };

	/* all at once is one wait for the kernel; where one of them is not there, none goes */
	if (!n->n_ports || open_filter(n, &why) || !put_ports(n, 0, n->n_ports, 0, NULL))
		return;
	for (size_t i = 0; i < n->n_ports; i++)
		put_ports(n, i, i + 1, 0, NULL);
}

int firewall_has(struct network *n, struct buf *why)
{
	char device[IFNAMSIZ] = "";
	int r = open_filter(n, why);

	if (r)
		return r;
	snprintf(device, sizeof(device), "%s", n->device);
	put_element(n, NFT_MSG_GETSETELEM, 0, "bridges", device, sizeof(device), NULL, 0);
	return netlink_talk(n->filter, NULL, NULL, NULL) == 0;
}

static int has_table(struct network *n)
{
	netlink_begin(n->filter, NFT(NFT_MSG_GETTABLE), NLM_F_ACK, &ipv4, sizeof(ipv4));
	netlink_put_text(n->filter, NFTA_TABLE_NAME, TABLE);
	return netlink_talk(n->filter, NULL, NULL, NULL) == 0;
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

static void forwarding_path(const char *device, char *ret, size_t size)
{
	snprintf(ret, size, "/proc/sys/net/ipv4/conf/%s/forwarding", device);
}

static void take_uplink(void *data, struct netlink *nl, const struct nlmsghdr *m)
{
	int *index = data;
	size_t size;
	const void *at = netlink_data(nl, netlink_find(nl, m, sizeof(struct rtmsg), RTA_OIF), &size);

	if (m->nlmsg_type == RTM_NEWROUTE && size == sizeof(*index))
		memcpy(index, at, size);
}

/* The link by which the world is reached: that to an address of nobody (RFC 5737). */
static int find_uplink(struct network *n, char ret[IFNAMSIZ])
{
	static const struct rtmsg way = { .rtm_family = AF_INET, .rtm_dst_len = 32 };
	int index = 0;

	netlink_begin(n->route, RTM_GETROUTE, NLM_F_ACK, &way, sizeof(way));
	netlink_put_u32(n->route, RTA_DST, htonl(0xc0000201));
	netlink_talk(n->route, take_uplink, &index, NULL);
	return index && if_indextoname((unsigned)index, ret);
}

static void note_path(const char *states, char *ret, size_t size)
{
	snprintf(ret, size, "%s/.net/.forwarding", states);
}

/* Before it is done, so that it is undone. */
static int note(const char *states, const char *device)
{
	char path[4200];
	int fd, r = 0;

	note_path(states, path, sizeof(path));
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (dprintf(fd, "%s\n", device) < 0)
		r = -EIO;
	close(fd);
	return r;
}

/* The bridge's was set when it was made. A host that is a router lets everything through already. */
static int let_through(struct network *n, const char *states, char uplink[IFNAMSIZ], struct buf *why)
{
	char path[128];
	int r;

	*uplink = '\0';
	forwarding_path(n->device, path, sizeof(path));
	if (read_flag(path) != 1) {
		buf_printf(why, "%s: let packets of %s through: it cannot be written", path, n->device);
		return -EROFS;
	}
	if (read_flag("/proc/sys/net/ipv4/ip_forward") == 1 || !find_uplink(n, uplink))
		return 0;
	forwarding_path(uplink, path, sizeof(path));
	r = read_flag(path) == 1 ? 0 : note(states, uplink);
	if (!r)
		r = network_set(uplink, "ipv4", "forwarding", "1");
	if (r)
		buf_printf(why, "%s: let packets of %s through: %s", path, n->device, strerror(-r));
	return r;
}

static void restore_forwarding(const char *states)
{
	char path[4200], device[IFNAMSIZ + 2];
	FILE *f;

	note_path(states, path, sizeof(path));
	f = fopen(path, "re");
	while (f && fgets(device, sizeof(device), f)) {
		device[strcspn(device, "\n")] = '\0';
		if (!*device || strchr(device, '/') || read_flag("/proc/sys/net/ipv4/ip_forward") == 1)
			continue;
		network_set(device, "ipv4", "forwarding", "0");
	}
	if (f)
		fclose(f);
	unlink(path);
}

/* ---- networks ---- */

static void put_network(const struct network *n, const char *verb, struct buf *b)
{
	AUTO_BUF struct buf subnet = { 0 };

	address_format(n->gateway & htonl(0xffffff00), &subnet);
	buf_printf(b, "%s element ip " TABLE " bridges { \"%s\" }\n", verb, n->device);
	buf_printf(b, "%s element ip " TABLE " within { \"%s\" . \"%s\" }\n", verb, n->device, n->device);
	buf_printf(b, "%s element ip " TABLE " subnets { %s/%d }\n", verb, buf_text(&subnet), NETWORK_PREFIX);
}

int firewall_add(struct network *n, const char *states, struct buf *why)
{
	AUTO_BUF struct buf text = { 0 };
	char uplink[IFNAMSIZ];
	int r = open_filter(n, why);

	if (!r)
		r = let_through(n, states, uplink, why);
	if (r)
		return r;
	if (!has_table(n))
		buf_puts(&text, rules);
	put_network(n, "add", &text);
	if (*uplink)
		buf_printf(&text, "add element ip " TABLE " uplinks { \"%s\" }\n", uplink);
	else
		buf_puts(&text, "flush set ip " TABLE " uplinks\n"); /* the host routes for others now */
	return text.err ? text.err : run_text(text.s, why);
}

void firewall_drop(struct network *n)
{
	AUTO_BUF struct buf text = { 0 }, why = { 0 };

	if (!n->gateway || firewall_has(n, &why) != 1)
		return;
	put_network(n, "delete", &text);
	if (!text.err)
		run_text(text.s, &why);
}

void firewall_remove(const char *states)
{
	AUTO_BUF struct buf why = { 0 };

	run_text("add table ip " TABLE "\ndelete table ip " TABLE "\n", &why);
	restore_forwarding(states);
}

#else

static int missing(struct buf *why)
{
	buf_puts(why, "this cgx was built without libnftables and libmnl: configure finds them when libnftables-dev and libmnl-dev are there");
	return -ENOPKG;
}

int firewall_has(struct network *n, struct buf *why)
{
	(void)n;
	return missing(why);
}

int firewall_add(struct network *n, const char *states, struct buf *why)
{
	(void)n;
	(void)states;
	return missing(why);
}

int firewall_publish(struct network *n, size_t *ret_failed, struct buf *why)
{
	(void)n;
	(void)ret_failed;
	return missing(why);
}

void firewall_unpublish(struct network *n)
{
	(void)n;
}

void firewall_drop(struct network *n)
{
	(void)n;
}

void firewall_remove(const char *states)
{
	(void)states;
}

#endif
