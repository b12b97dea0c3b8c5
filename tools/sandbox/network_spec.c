/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words of networks. */
#include "sandbox/network_spec.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/num.h"

/* ---- addresses ---- */

struct address address_v4(uint32_t a)
{
	struct address ret = { .family = AF_INET, .v6 = IN6ADDR_ANY_INIT };

	ret.v4 = a;
	return ret;
}

struct address address_v6(const struct in6_addr *a)
{
	struct address ret = { .family = AF_INET6, .v6 = *a };

	return ret;
}

int address_parse(const char *text, struct address *ret)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET, text, &v4) == 1)
		*ret = address_v4(v4.s_addr);
	else if (inet_pton(AF_INET6, text, &v6) == 1)
		*ret = address_v6(&v6);
	else
		return -EINVAL;
	return 0;
}

int address_is_any(const struct address *a)
{
	return a->family == AF_INET6 ? IN6_IS_ADDR_UNSPECIFIED(&a->v6) : a->family != AF_INET || !a->v4;
}

int address_same(const struct address *a, const struct address *b)
{
	return a->family == b->family && (a->family == AF_INET6 ? IN6_ARE_ADDR_EQUAL(&a->v6, &b->v6) : a->v4 == b->v4);
}

int address_is_confined(const struct address *a)
{
	return a->family == AF_INET6 && (IN6_IS_ADDR_LOOPBACK(&a->v6) || IN6_IS_ADDR_LINKLOCAL(&a->v6));
}

void address_format(const struct address *a, struct buf *ret)
{
	char text[INET6_ADDRSTRLEN];

	if (a->family != AF_UNSPEC)
		buf_puts(ret, inet_ntop(a->family, a->family == AF_INET6 ? (const void *)&a->v6 : &a->v4, text, sizeof(text)));
}

/* One of IPv6 in brackets; all of both as all of IPv4, which is what is read here and elsewhere as everywhere. */
static void format_host(const struct address *a, struct buf *ret)
{
	if (a->family == AF_UNSPEC)
		buf_puts(ret, "0.0.0.0");
	else
		buf_puts(ret, a->family == AF_INET6 ? "[" : "");
	address_format(a, ret);
	buf_puts(ret, a->family == AF_INET6 ? "]" : "");
}

/* As format_host() has it: one in brackets is of IPv6, any other of IPv4. */
static int parse_host(const char *text, size_t len, struct address *ret)
{
	int six = len > 2 && *text == '[' && text[len - 1] == ']';
	AUTO_FREE char *copy = six ? strndup(text + 1, len - 2) : strndup(text, len);

	return !copy || address_parse(copy, ret) || six != (ret->family == AF_INET6) ? -EINVAL : 0;
}

/* ---- ports ---- */

/* Multicast and broadcast: a socket can have it, and nothing sent to it is for a port of this host. */
static int is_of_many(const struct address *a)
{
	return a->family == AF_INET6 ? IN6_IS_ADDR_MULTICAST(&a->v6) : a->family == AF_INET && ntohl(a->v4) >= 0xe0000000;
}

struct range {
	unsigned first, last;
};

static int number(const char *text, size_t len, unsigned *ret)
{
	AUTO_FREE char *copy = strndup(text, len);
	uint64_t n;

	if (!copy || num_u64(copy, &n) || n > 65535)
		return -EINVAL;
	*ret = (unsigned)n;
	return 0;
}

/* N or N-M; an empty one is 0. */
static int range_parse(const char *text, size_t len, struct range *ret)
{
	const char *dash = memchr(text, '-', len);
	size_t first = dash ? (size_t)(dash - text) : len;

	*ret = (struct range){ 0 };
	if (!len)
		return 0;
	if (number(text, first, &ret->first) || number(text + (dash ? first + 1 : 0), dash ? len - first - 1 : len, &ret->last))
		return -EINVAL;
	return ret->last < ret->first ? -EINVAL : 0;
}

static int add_range(struct network_spec *s, const struct address *address, struct range host, struct range inside, int udp, struct buf *why)
{
	size_t n = inside.last - inside.first + 1;
	struct port *more;

	if (s->n_ports + n > MOST_PORTS) {
		buf_printf(why, "more than %d ports of one sandbox", MOST_PORTS);
		return -EINVAL;
	}
	more = reallocarray(s->port, s->n_ports + n, sizeof(*more));
	if (!more)
		return -ENOMEM;
	s->port = more;
	for (size_t i = 0; i < n; i++)
		more[s->n_ports++] = (struct port){ *address, (uint16_t)(host.first ? host.first + i : 0), (uint16_t)(inside.first + i), udp };
	return 0;
}

/* The protocol after the slash; *len without it. */
static int protocol(const char *text, size_t *len, int *ret_udp)
{
	const char *slash = strchr(text, '/');

	*len = slash ? (size_t)(slash - text) : strlen(text);
	*ret_udp = slash && !strcmp(slash, "/udp");
	return slash && !*ret_udp && strcmp(slash, "/tcp") ? -EINVAL : 0;
}

int ports_parse(const char *text, struct network_spec *s, struct buf *why)
{
	static const char words[] = "not [ADDRESS:][HOST:]INSIDE[/udp], as 8080:80, 127.0.0.1:8080:80, [2001:db8::7]:8080:80 or 8000-8009:80-89";
	const char *host, *inside;
	struct range from, to;
	struct address address = { .family = AF_UNSPEC };
	size_t len;
	int udp, r = protocol(text, &len, &udp);

	inside = memrchr(text, ':', len);
	host = inside ? memrchr(text, ':', (size_t)(inside - text)) : NULL;
	if (host)
		r = r || parse_host(text, (size_t)(host - text), &address) ? -EINVAL : 0;
	host = host ? host + 1 : text;
	inside = inside ? inside + 1 : text;
	if (!r)
		r = range_parse(host, inside > host ? (size_t)(inside - host) - 1 : 0, &from);
	if (!r)
		r = range_parse(inside, len - (size_t)(inside - text), &to);
	if (r || !to.first || (!from.first && from.last)) {
		buf_puts(why, words);
		return -EINVAL;
	}
	if (is_of_many(&address)) {
		buf_puts(why, "the address before the port must be one of this host's, not one of many");
		return -EINVAL;
	}
	if (from.first && from.last - from.first != to.last - to.first) {
		buf_puts(why, "the two ranges are not of one length");
		return -EINVAL;
	}
	return add_range(s, &address, from, to, udp, why);
}

void port_format(const struct port *p, struct buf *ret)
{
	buf_puts(ret, p->udp ? "udp " : "tcp ");
	format_host(&p->address, ret);
	buf_printf(ret, ":%u %u", p->host, p->inside);
}

int port_parse(const char *text, struct port *ret)
{
	const char *space = *text ? strrchr(text, ' ') : NULL, *colon = space ? memrchr(text, ':', (size_t)(space - text)) : NULL;
	unsigned host, inside;

	if (!colon || colon < text + 4 || (strncmp(text, "tcp ", 4) && strncmp(text, "udp ", 4)) ||
	    parse_host(text + 4, (size_t)(colon - text) - 4, &ret->address) ||
	    number(colon + 1, (size_t)(space - colon) - 1, &host) || number(space + 1, strlen(space + 1), &inside))
		return -EBADMSG;
	ret->udp = *text == 'u';
	ret->host = (uint16_t)host;
	ret->inside = (uint16_t)inside;
	return 0;
}

void port_show(const struct port *p, struct buf *ret)
{
	format_host(&p->address, ret);
	buf_printf(ret, ":%u->%u/%s", p->host, p->inside, p->udp ? "udp" : "tcp");
}

/* ---- subnets ---- */

/* In the host's order. */
static uint32_t mask_of(unsigned width)
{
	return width ? ~0u << (32 - width) : 0;
}

struct subnet subnet_of(uint32_t address, unsigned width)
{
	return (struct subnet){ address & htonl(mask_of(width)), width };
}

int subnets_same(const struct subnet *a, const struct subnet *b)
{
	return a->address == b->address && a->width == b->width;
}

int subnets_overlap(const struct subnet *a, const struct subnet *b)
{
	return !((a->address ^ b->address) & htonl(mask_of(a->width < b->width ? a->width : b->width)));
}

int subnet_holds(const struct subnet *s, uint32_t address)
{
	return subnet_of(address, s->width).address == s->address;
}

unsigned subnet_hosts(const struct subnet *s)
{
	return (1u << (32 - s->width)) - 3;
}

unsigned subnet_number(const struct subnet *s, uint32_t address)
{
	return ntohl(address) & ~mask_of(s->width);
}

uint32_t subnet_member(const struct subnet *s, unsigned number)
{
	return htonl(ntohl(s->address) + number);
}

void subnet_format(const struct subnet *s, struct buf *ret)
{
	struct address a = address_v4(s->address);

	address_format(&a, ret);
	buf_printf(ret, "/%u", s->width);
}

static int is_private(const struct subnet *s)
{
	static const struct {
		uint32_t first;
		unsigned width;
	} ranges[] = { { 0x0a000000, 8 }, { 0xac100000, 12 }, { 0xc0a80000, 16 }, { 0x64400000, 10 } };

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (s->width >= ranges[i].width && (ntohl(s->address) & mask_of(ranges[i].width)) == ranges[i].first)
			return 1;
	return 0;
}

static int refuse_subnet(const struct subnet *s, uint32_t address, struct buf *why)
{
	if (s->width > SUBNET_NARROWEST || s->width < SUBNET_WIDEST) {
		buf_printf(why, "a network has from /%u, 65533 sandboxes, to /%u, one sandbox", SUBNET_WIDEST, SUBNET_NARROWEST);
	} else if (s->address != address) {
		buf_puts(why, "the address is one within it: ");
		subnet_format(s, why);
		buf_puts(why, " is the subnet");
	} else if (!is_private(s)) {
		buf_puts(why, "not private, others in the world have it: take one of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10");
	} else {
		return 0;
	}
	return -EINVAL;
}

int subnet_parse(const char *text, struct subnet *ret, struct buf *why)
{
	const char *slash = strchr(text, '/');
	AUTO_FREE char *host = slash ? strndup(text, (size_t)(slash - text)) : NULL;
	struct address a;
	unsigned width;

	if (!host || address_parse(host, &a) || a.family != AF_INET || number(slash + 1, strlen(slash + 1), &width) || width > 32) {
		buf_puts(why, "not a subnet of IPv4, as 10.9.0.0/24; that of IPv6 is chosen by itself");
		return -EINVAL;
	}
	*ret = subnet_of(a.v4, width);
	return refuse_subnet(ret, a.v4, why);
}

/* ---- networks ---- */

int network_name_check(const char *name, struct buf *why)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (!n || name[n] || n > 11 || *name == '-') {
		buf_puts(why, "a network's name has 1 to 11 lower-case letters, digits and dashes");
		return -EINVAL;
	}
	return 0;
}

void network_device(const char *name, char ret[IFNAMSIZ])
{
	if (!name || !strcmp(name, "bridge"))
		snprintf(ret, IFNAMSIZ, "cgx0");
	else
		snprintf(ret, IFNAMSIZ, "cgx-%.11s", name);
}
