/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Choosing subnets by the host's routes. */
#include "sandbox/subnet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/sha256.h"
#include "util/cleanup.h"

/* ---- routes ---- */

struct route {
	struct subnet to;
	unsigned type, protocol;
	int link; /* 0 none, or several */
};

static int take_number(struct netlink *nl, const struct nlmsghdr *m, unsigned attr, void *ret)
{
	size_t size;
	const void *at = netlink_data(nl, netlink_find(nl, m, sizeof(struct rtmsg), attr), &size);

	if (size != 4)
		return 0;
	memcpy(ret, at, 4);
	return 1;
}

static int parse_route(struct netlink *nl, const struct nlmsghdr *m, struct route *ret)
{
	const struct rtmsg *i = netlink_header(nl, m, sizeof(*i));

	if (!i || m->nlmsg_type != RTM_NEWROUTE || i->rtm_family != AF_INET || i->rtm_flags & RTM_F_CLONED || i->rtm_dst_len > 32)
		return 0;
	*ret = (struct route){ { 0, i->rtm_dst_len }, i->rtm_type, i->rtm_protocol, 0 };
	take_number(nl, m, RTA_DST, &ret->to.address);
	take_number(nl, m, RTA_OIF, &ret->link);
	return 1;
}

static void each_route(struct netlink *route, void (*take)(void *data, struct netlink *nl, const struct nlmsghdr *m), void *data)
{
	static const struct rtmsg all = { .rtm_family = AF_INET };

	netlink_begin(route, RTM_GETROUTE, NLM_F_DUMP, &all, sizeof(all));
	netlink_talk(route, take, data, NULL);
}

static void take_found(void *data, struct netlink *nl, const struct nlmsghdr *m)
{
	const struct rtmsg *i = netlink_header(nl, m, sizeof(*i));
	struct found_route *f = data;

	if (!i || m->nlmsg_type != RTM_NEWROUTE)
		return;
	f->width = i->rtm_dst_len;
	f->type = i->rtm_type;
	take_number(nl, m, RTA_OIF, &f->index);
}

struct found_route route_find(struct netlink *route, int family, const void *address, size_t size)
{
	struct rtmsg way = { .rtm_family = (uint8_t)family, .rtm_dst_len = (uint8_t)(size * 8), .rtm_flags = RTM_F_FIB_MATCH };
	struct found_route f = { .width = -1 };

	netlink_begin(route, RTM_GETROUTE, NLM_F_ACK, &way, sizeof(way));
	netlink_put(route, RTA_DST, address, size);
	netlink_talk(route, take_found, &f, NULL);
	return f;
}

/* ---- one of IPv4 ---- */

/* Whether a subnet would take from others what this route leads to them. What is wider than it loses a part: of nothing where
 * nobody is there, of neighbours where the link has that range itself. Else it is as general as its width, which is judged by
 * the caller: a tunnel for all the world is often two halves of it. */
static int is_in_the_way(const struct route *r, const struct subnet *s, unsigned general)
{
	if (!subnets_overlap(&r->to, s))
		return 0;
	if (r->to.width >= s->width)
		return 1;
	if (r->type == RTN_BLACKHOLE || r->type == RTN_UNREACHABLE || r->type == RTN_PROHIBIT || r->type == RTN_THROW)
		return 0;
	return r->protocol == RTPROT_KERNEL || r->to.width >= general;
}

/* Private ranges that others do not begin with. A route wider than the block that they are of is one to everything. */
static const struct pool {
	uint32_t first;
	unsigned count, block;
} pools[] = {
	{ 0x0ab90000, 256, 8 },  /* 10.185.0.0 */
	{ 0xac1e0000, 256, 12 }, /* 172.30.0.0 */
	{ 0xc0a8a000, 64, 16 },  /* 192.168.160.0 */
};
#define POOLS (sizeof(pools) / sizeof(pools[0]))

static struct subnet member(size_t pool, unsigned i)
{
	return (struct subnet){ htonl(pools[pool].first + (i << 8)), 24 };
}

struct choice {
	uint8_t taken[POOLS][256];
};

static void take_from_choice(void *data, struct netlink *nl, const struct nlmsghdr *m)
{
	struct choice *c = data;
	struct route r;

	if (!parse_route(nl, m, &r) || !r.to.width)
		return;
	for (size_t p = 0; p < POOLS; p++) {
		struct subnet all = { htonl(pools[p].first), 16 };

		if (!subnets_overlap(&r.to, &all))
			continue;
		for (unsigned i = 0; i < pools[p].count; i++) {
			struct subnet s = member(p, i);

			c->taken[p][i] |= (uint8_t)is_in_the_way(&r, &s, pools[p].block);
		}
	}
}

int subnet_choose(struct netlink *route, const char *device, struct subnet *ret, struct buf *why)
{
	struct choice c = { 0 };

	each_route(route, take_from_choice, &c);
	for (size_t p = 0; p < POOLS; p++)
		for (unsigned i = 0; i < pools[p].count; i++)
			if (!c.taken[p][i]) {
				*ret = member(p, i);
				return 0;
			}
	buf_printf(why, "%s: find a subnet: this host has routes to all of 10.185.0.0/16, 172.30.0.0/16 and 192.168.160.0/18; "
			"--subnet takes another one, also of what a gateway is said to lead to", device);
	return -EADDRNOTAVAIL;
}

struct check {
	const struct subnet *s;
	struct route found;
	int is_taken;
};

static void take_check(void *data, struct netlink *nl, const struct nlmsghdr *m)
{
	struct check *c = data;
	struct route r;

	if (c->is_taken || !parse_route(nl, m, &r) || !is_in_the_way(&r, c->s, c->s->width))
		return;
	c->is_taken = 1;
	c->found = r;
}

int subnet_check(struct netlink *route, const char *device, const struct subnet *s, struct buf *why)
{
	struct check c = { .s = s };
	char link[IFNAMSIZ];

	each_route(route, take_check, &c);
	if (!c.is_taken)
		return 0;
	buf_printf(why, "%s: have the subnet ", device);
	subnet_format(s, why);
	buf_puts(why, ": the host has a route to ");
	subnet_format(&c.found.to, why);
	if (c.found.link && if_indextoname((unsigned)c.found.link, link))
		buf_printf(why, " by %s", link);
	return -EADDRINUSE;
}

/* ---- one of IPv6 ---- */

static void machine_id(struct buf *ret)
{
	static const char *const files[] = { "/etc/machine-id", "/proc/sys/kernel/random/boot_id" };

	for (int i = 0; i < 2 && ret->len < 32; i++) {
		char text[64];
		int fd = open(files[i], O_RDONLY | O_CLOEXEC);
		ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text));

		buf_reset(ret);
		if (len > 0)
			buf_add(ret, text, (size_t)len);
		if (fd >= 0)
			close(fd);
	}
}

/* A range of our own (RFC 4193), the same for this machine and network each time, and telling nothing of either. */
static void derive_range(const char *device, struct in6_addr *ret)
{
	AUTO_BUF struct buf id = { 0 };
	char hex[SHA256_HEX + 1], byte[3] = "";
	struct sha256 h;

	machine_id(&id);
	sha256_begin(&h);
	sha256_add(&h, "cgx network ", 12);
	sha256_add(&h, device, strlen(device));
	sha256_add(&h, buf_text(&id), id.len);
	sha256_end(&h, hex);
	memset(ret, 0, sizeof(*ret));
	ret->s6_addr[0] = 0xfd;
	for (int i = 1; i < 6; i++) {
		memcpy(byte, hex + 2 * i, 2);
		ret->s6_addr[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
}

int subnet_choose6(struct netlink *route, const char *device, struct in6_addr *ret, struct buf *why)
{
	struct in6_addr a;

	derive_range(device, &a);
	a.s6_addr[15] = 1;
	for (unsigned i = 0; i < 256; i++) {
		a.s6_addr[7] = (uint8_t)i;
		/* by no route, or by that for everything */
		if (route_find(route, AF_INET6, &a, sizeof(a)).width > 0)
			continue;
		*ret = a;
		return 0;
	}
	buf_printf(why, "%s: find a subnet of IPv6: this host has routes to all of its own range", device);
	return -EADDRNOTAVAIL;
}
