/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Flows, by the netlink of connection tracking. */
#include "sandbox/flows.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/subnet.h"
#include "util/cleanup.h"

#define CT(message) (NFNL_SUBSYS_CTNETLINK << 8 | (message))
/* Bits of CTA_FILTER_ORIG_FLAGS, which no header of the kernel's names. */
#define BY_PROTOCOL 0x08u
#define BY_PORT     0x20u

#define MOST_FLOWS 4096

struct flow {
	unsigned char tuple[128]; /* CTA_TUPLE_ORIG, as the kernel told it */
	size_t size;
	struct address to, from_there; /* where it was sent, and who answers */
};
struct search {
	struct network *n;
	int of_ours; /* those that lead to the sandbox; else those that lead past it */
	struct flow *found;
	size_t count;
};

static int take_address(struct netlink *nl, const struct nlattr *tuple, unsigned v4, unsigned v6, struct address *ret)
{
	const struct nlattr *ip = netlink_within(nl, tuple, CTA_TUPLE_IP);
	size_t size = 0;
	const void *at = ip ? netlink_data(nl, netlink_within(nl, ip, v4), &size) : NULL;
	uint32_t four;

	if (at && size == sizeof(four)) {
		memcpy(&four, at, sizeof(four));
		*ret = address_v4(four);
		return 1;
	}
	at = ip ? netlink_data(nl, netlink_within(nl, ip, v6), &size) : NULL;
	if (!at || size != sizeof(struct in6_addr))
		return 0;
	*ret = address_v6(at);
	return 1;
}

/* Of UDP; 0 it is of another protocol. */
static uint16_t port_of(struct netlink *nl, const struct nlattr *tuple)
{
	const struct nlattr *protocol = netlink_within(nl, tuple, CTA_TUPLE_PROTO);
	size_t size = 0, port_size = 0;
	const uint8_t *number = protocol ? netlink_data(nl, netlink_within(nl, protocol, CTA_PROTO_NUM), &size) : NULL;
	const void *at = protocol ? netlink_data(nl, netlink_within(nl, protocol, CTA_PROTO_DST_PORT), &port_size) : NULL;
	uint16_t port = 0;

	if (at && number && size == 1 && *number == IPPROTO_UDP && port_size == sizeof(port))
		memcpy(&port, at, sizeof(port));
	return ntohs(port);
}

static int is_published(const struct network *n, const struct address *to, uint16_t port)
{
	for (size_t i = 0; i < n->n_ports; i++) {
		const struct port *p = &n->port[i];

		if (p->udp && p->host == port && p->address.family == to->family && (address_is_any(&p->address) || address_same(&p->address, to)))
			return 1;
	}
	return 0;
}

static int leads_to_ours(const struct network *n, const struct flow *f)
{
	struct address own[2];

	network_addresses(n, own);
	return address_same(&f->from_there, &own[f->to.family == AF_INET6]);
}

/* To this host: what others send each other through it is theirs. */
static int leads_here(struct network *n, const struct flow *f)
{
	return route_find(n->route, f->to.family, &f->to.v6, f->to.family == AF_INET6 ? 16 : 4).type == RTN_LOCAL;
}

static void take_flow(void *data, struct netlink *nl, const struct nlmsghdr *m)
{
	struct search *s = data;
	const struct nlattr *there, *back;
	struct flow f = { .size = 0 };
	const void *at;

	if (m->nlmsg_type != CT(IPCTNL_MSG_CT_NEW) || s->count == MOST_FLOWS)
		return;
	there = netlink_find(nl, m, sizeof(struct nfgenmsg), CTA_TUPLE_ORIG);
	back = netlink_find(nl, m, sizeof(struct nfgenmsg), CTA_TUPLE_REPLY);
	at = netlink_data(nl, there, &f.size);
	if (!at || !back || f.size > sizeof(f.tuple) || !take_address(nl, there, CTA_IP_V4_DST, CTA_IP_V6_DST, &f.to) ||
	    !take_address(nl, back, CTA_IP_V4_SRC, CTA_IP_V6_SRC, &f.from_there) || !is_published(s->n, &f.to, port_of(nl, there)))
		return;
	if (leads_to_ours(s->n, &f) != s->of_ours || (!s->of_ours && !leads_here(s->n, &f)))
		return;
	memcpy(f.tuple, at, f.size);
	s->found[s->count++] = f;
}

static void begin(struct netlink *nl, unsigned message, unsigned flags, int family)
{
	struct nfgenmsg head = { .nfgen_family = (uint8_t)family, .version = NFNETLINK_V0 };

	netlink_begin(nl, CT(message), flags, &head, sizeof(head));
}

/* To go through its table takes the kernel milliseconds, to tell what is in it more: so few flows are told all at once. */
#define FEW_FLOWS 1000

static unsigned long count_flows(void)
{
	FILE *f = fopen("/proc/sys/net/netfilter/nf_conntrack_count", "re");
	unsigned long count = FEW_FLOWS;

	if (f && fscanf(f, "%lu", &count) != 1)
		count = FEW_FLOWS;
	if (f)
		fclose(f);
	return count;
}

static void find_all(struct network *n, struct search *s)
{
	begin(n->filter, IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC);
	netlink_talk(n->filter, take_flow, s, NULL);
}

/* Of one family; one port is looked for by the kernel. */
static void find(struct network *n, struct search *s, int family, size_t ports, uint16_t port)
{
	uint32_t by = ports == 1 ? BY_PROTOCOL | BY_PORT : BY_PROTOCOL;
	const uint16_t wire = htons(port);
	struct nlattr *tuple, *protocol, *filter;

	begin(n->filter, IPCTNL_MSG_CT_GET, NLM_F_DUMP, family);
	tuple = netlink_nest(n->filter, CTA_TUPLE_ORIG);
	protocol = netlink_nest(n->filter, CTA_TUPLE_PROTO);
	netlink_put(n->filter, CTA_PROTO_NUM, &(uint8_t){ IPPROTO_UDP }, 1);
	if (by & BY_PORT)
		netlink_put(n->filter, CTA_PROTO_DST_PORT, &wire, sizeof(wire));
	netlink_end_nest(n->filter, protocol);
	netlink_end_nest(n->filter, tuple);
	filter = netlink_nest(n->filter, CTA_FILTER);
	netlink_put_u32(n->filter, CTA_FILTER_ORIG_FLAGS, by);
	netlink_end_nest(n->filter, filter);
	netlink_talk(n->filter, take_flow, s, NULL);
}

static void forget(struct network *n, const struct flow *f)
{
	begin(n->filter, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, f->to.family);
	netlink_put(n->filter, CTA_TUPLE_ORIG | NLA_F_NESTED, f->tuple, f->size);
	netlink_talk(n->filter, NULL, NULL, NULL);
}

static void find_those_of(struct network *n, struct search *s)
{
	size_t ports[2] = { 0, 0 };
	uint16_t port[2] = { 0, 0 };
	unsigned long flows;

	for (size_t i = 0; i < n->n_ports; i++) {
		int six = n->port[i].address.family == AF_INET6;

		ports[six] += (size_t)n->port[i].udp;
		port[six] = n->port[i].udp ? n->port[i].host : port[six];
	}
	flows = ports[0] || ports[1] ? count_flows() : 0;
	if (flows && flows < FEW_FLOWS)
		find_all(n, s);
	else
		for (int i = 0; flows && i < 2; i++)
			if (ports[i])
				find(n, s, i ? AF_INET6 : AF_INET, ports[i], port[i]);
}

/* What is found in a go has room for so many; what is new meanwhile is in order. */
#define MOST_GOES 64

static void forget_all(struct search *s)
{
	s->found = calloc(MOST_FLOWS, sizeof(*s->found));
	for (int go = 0; s->found && go < MOST_GOES; go++) {
		s->count = 0;
		find_those_of(s->n, s);
		for (size_t i = 0; i < s->count; i++)
			forget(s->n, &s->found[i]);
		if (s->count < MOST_FLOWS)
			break;
	}
	free(s->found);
}

static int has_any(const struct network *n)
{
	for (size_t i = 0; i < n->n_ports; i++)
		if (n->port[i].udp)
			return 1;
	return 0;
}

void flows_forget(struct network *n)
{
	AUTO_BUF struct buf why = { 0 };
	struct search s = { .n = n };

	if (has_any(n) && (n->route || !netlink_open(NETLINK_ROUTE, &n->route, &why)) &&
	    (n->filter || !netlink_open(NETLINK_NETFILTER, &n->filter, &why)))
		forget_all(&s);
}

void flows_end(struct network *n)
{
	AUTO_BUF struct buf why = { 0 };
	struct search s = { .n = n, .of_ours = 1 };

	if (has_any(n) && (n->filter || !netlink_open(NETLINK_NETFILTER, &n->filter, &why)))
		forget_all(&s);
}
