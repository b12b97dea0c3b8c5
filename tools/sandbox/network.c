/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bridges, cables and addresses, over rtnetlink. */
#include "sandbox/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/hosts.h"
#include "sandbox/state.h"
#include "sandbox/subnet.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/num.h"

#define FOLDER ".net"

/* The host number 1 is the bridge's, the last everybody's. */
#define FIRST_HOST 2u

/* ---- folder and lock ---- */

int network_lock(const char *states)
{
	char path[4200];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", states, FOLDER);
	if (mkdir(path, 0711) < 0 && errno != EEXIST)
		return -errno;
	snprintf(path, sizeof(path), "%s/%s/.lock", states, FOLDER);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR) {
			int r = -errno;

			close(fd);
			return r;
		}
	return fd;
}

int network_init(struct network *n, const char *states, const char *device)
{
	*n = (struct network){ .space = -1, .six = network_six() };
	snprintf(n->device, sizeof(n->device), "%s", device);
	return snprintf(n->dir, sizeof(n->dir), "%s/%s/%s", states, FOLDER, n->device) < (int)sizeof(n->dir) ? 0 : -ENAMETOOLONG;
}

int network_list(const char *states, struct words *ret)
{
	char path[4200];

	snprintf(path, sizeof(path), "%s/%s", states, FOLDER);
	return state_list(path, ret);
}

/* ---- the bridge ---- */

static int open_route(struct network *n, struct buf *why)
{
	return n->route ? 0 : netlink_open(NETLINK_ROUTE, &n->route, why);
}

static int fail(struct buf *why, int err, const char *object, const char *action)
{
	buf_printf(why, "%s: %s: %s", object, action, strerror(-err));
	return err;
}

struct found_link {
	int index, is_bridge, is_up;
};

static void take_link(void *data, struct netlink *nl, const struct nlmsghdr *m)
{
	const struct ifinfomsg *i = netlink_header(nl, m, sizeof(*i));
	struct found_link *f = data;
	size_t size;
	const char *kind;

	if (!i || m->nlmsg_type != RTM_NEWLINK)
		return;
	kind = netlink_data(nl, netlink_within(nl, netlink_find(nl, m, sizeof(*i), IFLA_LINKINFO), IFLA_INFO_KIND), &size);
	f->index = i->ifi_index;
	f->is_up = i->ifi_flags & IFF_UP;
	f->is_bridge = kind && size >= 6 && !strncmp(kind, "bridge", size);
}

static int find_link(struct network *n, const char *name, struct found_link *ret)
{
	static const struct ifinfomsg any = { .ifi_family = AF_UNSPEC };

	*ret = (struct found_link){ 0 };
	netlink_begin(n->route, RTM_GETLINK, NLM_F_ACK, &any, sizeof(any));
	netlink_put_text(n->route, IFLA_IFNAME, name);
	return netlink_talk(n->route, take_link, ret, NULL);
}

struct found_address {
	int index;
	uint32_t address;
	unsigned width;
	struct in6_addr address6;
};

/* As we choose it; others may have given the bridge addresses as well. */
static int is_gateway(const void *address, unsigned width)
{
	struct subnet s = { 0, width };

	memcpy(&s.address, address, sizeof(s.address));
	return width >= SUBNET_WIDEST && width <= SUBNET_NARROWEST && subnet_number(&s, s.address) == 1;
}

static void take_address(void *data, struct netlink *nl, const struct nlmsghdr *m)
{
	const struct ifaddrmsg *i = netlink_header(nl, m, sizeof(*i));
	struct found_address *f = data;
	const void *local;
	size_t size;

	if (!i || m->nlmsg_type != RTM_NEWADDR || (int)i->ifa_index != f->index)
		return;
	local = netlink_data(nl, netlink_find(nl, m, sizeof(*i), i->ifa_family == AF_INET6 ? IFA_ADDRESS : IFA_LOCAL), &size);
	if (i->ifa_family == AF_INET && !f->address && size == sizeof(f->address) && is_gateway(local, i->ifa_prefixlen)) {
		memcpy(&f->address, local, size);
		f->width = i->ifa_prefixlen;
	}
	if (i->ifa_family == AF_INET6 && i->ifa_prefixlen == NETWORK_PREFIX6 && i->ifa_scope == RT_SCOPE_UNIVERSE &&
	    size == sizeof(f->address6))
		memcpy(&f->address6, local, size);
}

static int find_addresses(struct network *n)
{
	static const struct ifaddrmsg any = { .ifa_family = AF_UNSPEC };
	struct found_address f = { .index = n->index };
	int r;

	netlink_begin(n->route, RTM_GETADDR, NLM_F_DUMP, &any, sizeof(any));
	r = netlink_talk(n->route, take_address, &f, NULL);
	n->gateway = f.address;
	n->subnet = subnet_of(f.address, f.width);
	n->gateway6 = f.address6;
	return r;
}

/* ---- IPv6 ---- */

static int read_switch(const char *device, const char *name)
{
	char path[128], c = '0';
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/%s", device, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	(void)!read(fd, &c, 1);
	close(fd);
	return c != '0';
}

/* To make a host a router of IPv6 takes its own routes from it (those that it was told), so that is not ours to do. */
enum six network_six(void)
{
	if (read_switch("default", "disable_ipv6") != 0 || read_switch("all", "disable_ipv6") != 0)
		return SIX_NONE;
	return read_switch("all", "forwarding") == 1 || !access("/proc/sys/net/ipv6/conf/default/force_forwarding", W_OK) ? SIX_OUT : SIX_AMONG;
}

static int has_address6(const struct in6_addr *a)
{
	return !IN6_IS_ADDR_UNSPECIFIED(a);
}

void network_addresses(const struct network *n, struct address ret[2])
{
	ret[0] = n->address ? address_v4(n->address) : (struct address){ .family = AF_UNSPEC };
	ret[1] = has_address6(&n->address6) ? address_v6(&n->address6) : (struct address){ .family = AF_UNSPEC };
}

/* ---- making ---- */

static int write_text(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		r = -errno;
	close(fd);
	return r;
}

/* What the namespace allows everybody in it: to ping, and to listen on ports below 1024; they are the sandbox's own. */
static void allow_usual(uint32_t ids)
{
	char range[32];

	snprintf(range, sizeof(range), "0 %u", ids ? ids - 1 : 0x7fffffffu);
	write_text("/proc/sys/net/ipv4/ping_group_range", range);
	write_text("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
}

int network_set(const char *device, const char *family, const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, device, name);
	return write_text(path, value);
}

/* 02:63 and the address, so that whoever comes after with the same one is found by those who knew the first. */
static void hardware_address(uint32_t address, uint8_t ret[6])
{
	ret[0] = 0x02;
	ret[1] = 0x63;
	memcpy(ret + 2, &address, 4);
}

static void put_bridge(struct network *n)
{
	static const struct ifinfomsg any = { .ifi_family = AF_UNSPEC };
	uint8_t mac[6];
	struct nlattr *info;

	hardware_address(n->gateway, mac);
	netlink_begin(n->route, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &any, sizeof(any));
	netlink_put_text(n->route, IFLA_IFNAME, n->device);
	netlink_put(n->route, IFLA_ADDRESS, mac, sizeof(mac));
	info = netlink_nest(n->route, IFLA_LINKINFO);
	netlink_put_text(n->route, IFLA_INFO_KIND, "bridge");
	netlink_end_nest(n->route, info);
}

static void put_up(struct netlink *nl, int index)
{
	struct ifinfomsg up = { .ifi_family = AF_UNSPEC, .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };

	netlink_begin(nl, RTM_NEWLINK, NLM_F_ACK, &up, sizeof(up));
}

static void put_address(struct netlink *nl, int index, uint32_t address, const struct subnet *s)
{
	struct ifaddrmsg a = { .ifa_family = AF_INET, .ifa_prefixlen = (uint8_t)s->width, .ifa_index = (unsigned)index };
	uint32_t everybody = subnet_member(s, subnet_hosts(s) + FIRST_HOST);

	netlink_begin(nl, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, &a, sizeof(a));
	netlink_put_u32(nl, IFA_LOCAL, address);
	netlink_put_u32(nl, IFA_ADDRESS, address);
	netlink_put_u32(nl, IFA_BROADCAST, everybody);
}

static void put_address6(struct netlink *nl, int index, const struct in6_addr *address)
{
	struct ifaddrmsg a = { .ifa_family = AF_INET6, .ifa_prefixlen = NETWORK_PREFIX6, .ifa_index = (unsigned)index,
			       .ifa_flags = IFA_F_NODAD };

	netlink_begin(nl, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, &a, sizeof(a));
	netlink_put(nl, IFA_ADDRESS, address, sizeof(*address));
}

/* Nobody is told ways or addresses by his neighbours, the host by sandboxes least of all. Who has which address is known, so
 * that nobody has to ask before he uses his. Where there is no IPv6 the link's own address goes as well. */
static void guard_ipv6(const char *device, int is_spoken)
{
	static const char *const off[] = { "disable_ipv6", "accept_ra", "accept_redirects", "accept_dad", "router_solicitations" };

	if (!is_spoken)
		network_set(device, "ipv6", "disable_ipv6", "1");
	for (size_t i = 0; is_spoken && i < sizeof(off) / sizeof(off[0]); i++)
		network_set(device, "ipv6", off[i], "0");
}

/* Loopback addresses are let in for published ports alone, see firewall.c. */
static int bring_up(struct network *n)
{
	guard_ipv6(n->device, n->six != SIX_NONE);
	network_set(n->device, "ipv4", "route_localnet", "1");
	put_address(n->route, n->index, n->gateway, &n->subnet);
	if (n->six != SIX_NONE)
		put_address6(n->route, n->index, &n->gateway6);
	put_up(n->route, n->index);
	return netlink_talk(n->route, NULL, NULL, NULL);
}

static int make_bridge(struct network *n, struct buf *why)
{
	struct found_link f;
	int r;

	put_bridge(n);
	r = netlink_talk(n->route, NULL, NULL, NULL);
	if (r && r != -EEXIST)
		return fail(why, r, n->device, "make the bridge");
	r = find_link(n, n->device, &f);
	if (r)
		return fail(why, r, n->device, "find the bridge");
	n->index = f.index;
	return 0;
}

int network_look(struct network *n, struct buf *why)
{
	struct found_link f;
	int r = open_route(n, why);

	if (r)
		return r;
	n->index = 0;
	n->gateway = 0;
	n->gateway6 = in6addr_any;
	r = find_link(n, n->device, &f);
	if (r == -ENODEV)
		return 1;
	if (r)
		return fail(why, r, n->device, "look for the bridge");
	if (!f.is_bridge) {
		buf_printf(why, "%s: use it as a bridge: the host has another kind of link of this name", n->device);
		return -EEXIST;
	}
	n->index = f.index;
	r = find_addresses(n);
	if (r)
		return fail(why, r, n->device, "read its addresses");
	return !f.is_up || !n->gateway || (n->six != SIX_NONE && !has_address6(&n->gateway6));
}

/* The folder is what a sweep finds a network by: it is there before anything else of it is. */
static int make_folder(struct network *n, struct buf *why)
{
	return mkdir(n->dir, 0711) < 0 && errno != EEXIST ? fail(why, -errno, n->dir, "make the folder of its leases") : 0;
}

/* ---- its subnet, noted for when the bridge is taken away under those who have addresses of it ---- */

static void note_path(const struct network *n, char *ret, size_t size)
{
	snprintf(ret, size, "%s/subnet", n->dir);
}

static int read_noted(const struct network *n, struct subnet *ret)
{
	AUTO_BUF struct buf why = { 0 };
	char path[4300], text[64];
	ssize_t len;

	note_path(n, path, sizeof(path));
	len = readlink(path, text, sizeof(text) - 1);
	if (len < 0)
		return 0;
	text[len] = '\0';
	return !subnet_parse(text, ret, &why);
}

static int note_subnet(const struct network *n)
{
	AUTO_BUF struct buf text = { 0 };
	char path[4300];

	note_path(n, path, sizeof(path));
	subnet_format(&n->subnet, &text);
	unlink(path);
	return text.err ? text.err : symlink(text.s, path) < 0 ? -errno : 0;
}

static int refuse_subnet(struct network *n, const struct subnet *has, struct buf *why)
{
	buf_printf(why, "%s: have the subnet ", n->device);
	subnet_format(&n->wanted, why);
	buf_puts(why, ": it has ");
	subnet_format(has, why);
	buf_puts(why, " as long as there are sandboxes in it");
	buf_puts(&n->remedy, "start it without --subnet, or in a network of another name (--net NAME)");
	return -EADDRINUSE;
}

int network_fits(struct network *n, struct buf *why)
{
	return !n->wanted.width || subnets_same(&n->wanted, &n->subnet) ? 0 : refuse_subnet(n, &n->subnet, why);
}

/* What its sandboxes have, what is asked for, or any. */
static int settle_subnet(struct network *n, struct buf *why)
{
	struct subnet noted;
	int r = 0;

	if (network_used(n) && read_noted(n, &noted)) {
		n->subnet = noted;
		r = network_fits(n, why);
	} else if (n->wanted.width) {
		n->subnet = n->wanted;
		r = subnet_check(n->route, n->device, &n->wanted, why);
		if (r)
			buf_puts(&n->remedy, "take one that \"ip route show table all\" does not show, or none: a free one is chosen");
	} else {
		r = subnet_choose(n->route, n->device, &n->subnet, why);
	}
	if (r)
		return r;
	n->gateway = subnet_member(&n->subnet, 1);
	r = note_subnet(n);
	return r ? fail(why, r, n->dir, "note its subnet") : 0;
}

int network_make(struct network *n, struct buf *why)
{
	int r = make_folder(n, why);

	if (!r && !n->gateway)
		r = settle_subnet(n, why);
	if (!r && n->six != SIX_NONE && !has_address6(&n->gateway6))
		r = subnet_choose6(n->route, n->device, &n->gateway6, why);
	if (!r && !n->index)
		r = make_bridge(n, why);
	if (r)
		return r;
	r = bring_up(n);
	return r ? fail(why, r, n->device, "set it up") : 0;
}

static void remove_link(struct network *n, const char *name)
{
	static const struct ifinfomsg any = { .ifi_family = AF_UNSPEC };

	netlink_begin(n->route, RTM_DELLINK, NLM_F_ACK, &any, sizeof(any));
	netlink_put_text(n->route, IFLA_IFNAME, name);
	netlink_talk(n->route, NULL, NULL, NULL);
}

void network_remove(struct network *n)
{
	char path[4300];

	if (n->index)
		remove_link(n, n->device);
	hosts_remove(n->dir);
	note_path(n, path, sizeof(path));
	unlink(path);
	rmdir(n->dir);
}

/* ---- leases ---- */

static void lease_path(const struct network *n, uint32_t address, char *ret, size_t size)
{
	char text[INET_ADDRSTRLEN];

	snprintf(ret, size, "%s/%s", n->dir, inet_ntop(AF_INET, &address, text, sizeof(text)));
}

/* A name of its own each time: that of one that has ended may be there still, its namespace is taken down later. */
static void name_link(struct network *n)
{
	snprintf(n->link, sizeof(n->link), "cgxv%08x", (unsigned)(now_us() * 2654435761u + (unsigned)getpid() * 40503u));
}

/* Ends in the same digits as that of IPv4: 10.185.0.34 and fd...::34. */
static void derive_address6(struct network *n)
{
	unsigned host = subnet_number(&n->subnet, n->address);

	if (n->six == SIX_NONE || !has_address6(&n->gateway6))
		return;
	n->address6 = n->gateway6;
	for (int i = 15; i >= 13; i--, host /= 100)
		n->address6.s6_addr[i] = (uint8_t)(host / 10 % 10 << 4 | host % 10);
}

/* The host's packets get there: a route that came later, a tunnel's, may lead some of the subnet elsewhere. */
static int leads_here(struct network *n, uint32_t address)
{
	return route_find(n->route, AF_INET, &address, sizeof(address)).index == n->index;
}

/* 0 it is ours now; -EEXIST. */
static int take_address_of(struct network *n, uint32_t address, const char *sandbox)
{
	char path[4300];

	lease_path(n, address, path, sizeof(path));
	if (symlink(sandbox, path) < 0)
		return -errno;
	n->address = address;
	return 0;
}

/* Of a name the same where nobody else has it. */
static int take_lease(struct network *n, const char *sandbox, int anywhere)
{
	unsigned hosts = subnet_hosts(&n->subnet);

	for (unsigned i = 0; i < hosts; i++) {
		uint32_t address = subnet_member(&n->subnet, FIRST_HOST + (spec_name_hash(sandbox) + i) % hosts);
		int r;

		if (!anywhere && !leads_here(n, address))
			continue;
		r = take_address_of(n, address, sandbox);
		if (r != -EEXIST)
			return r;
	}
	return -EEXIST;
}

static int lease_any(struct network *n, const char *sandbox, struct buf *why)
{
	int r = take_lease(n, sandbox, 0);

	if (r == -EEXIST)
		r = take_lease(n, sandbox, 1);
	if (r == -EEXIST) {
		buf_printf(why, "%s: lease an address: all %u are taken; another network (--net NAME) has others", n->device,
			   subnet_hosts(&n->subnet));
		return -EADDRNOTAVAIL;
	}
	return r ? fail(why, r, n->dir, "lease an address") : 0;
}

/* Why nobody can have it; NULL somebody could. */
static const char *not_to_be_had(struct network *n, uint32_t address)
{
	unsigned host = subnet_number(&n->subnet, address);

	if (!subnet_holds(&n->subnet, address))
		return "it is not of the network's subnet";
	if (!host || host > subnet_hosts(&n->subnet) + 1)
		return "it is the first or the last of the subnet, which are nobody's";
	if (host == 1)
		return "it is the bridge's own";
	return leads_here(n, address) ? NULL : "a route of the host leads it elsewhere";
}

static int fail_wanted(struct network *n, int err, const char *cause, struct buf *why)
{
	struct address a = address_v4(n->wanted_address);

	buf_printf(why, "%s: lease ", n->device);
	address_format(&a, why);
	buf_printf(why, ": %s", cause);
	buf_reset(&n->remedy);
	buf_puts(&n->remedy, "its subnet is ");
	subnet_format(&n->subnet, &n->remedy);
	buf_puts(&n->remedy, ", see cgx-sandbox ps --columns name,address; without --ip a free one is leased");
	return err;
}

static int lease_wanted(struct network *n, const char *sandbox, struct buf *why)
{
	AUTO_BUF struct buf cause = { 0 };
	const char *never = not_to_be_had(n, n->wanted_address);
	char path[4300], owner[128] = "";
	int r;

	if (never)
		return fail_wanted(n, -EINVAL, never, why);
	r = take_address_of(n, n->wanted_address, sandbox);
	if (!r)
		return 0;
	if (r != -EEXIST)
		return fail_wanted(n, r, strerror(-r), why);
	lease_path(n, n->wanted_address, path, sizeof(path));
	if (readlink(path, owner, sizeof(owner) - 1) < 0)
		*owner = '\0';
	buf_printf(&cause, "sandbox %s has it", owner);
	return fail_wanted(n, -EADDRNOTAVAIL, buf_text(&cause), why);
}

int network_lease(struct network *n, const char *sandbox, const char *alias, struct buf *why)
{
	struct address both[2];
	int r = make_folder(n, why);

	if (r)
		return r;
	r = n->wanted_address ? lease_wanted(n, sandbox, why) : lease_any(n, sandbox, why);
	if (r)
		return r;
	derive_address6(n);
	network_addresses(n, both);
	r = hosts_add(n->dir, both, sandbox, alias);
	name_link(n);
	if (r == -ENOTUNIQ) {
		buf_printf(why, "%s: make %s known by its name: another sandbox has it with other capitals, which names of hosts do not know",
			   n->device, sandbox);
		buf_puts(&n->remedy, "take another name (--name), or another network (--net NAME)");
		return r;
	}
	return r ? fail(why, r, n->dir, "lease an address") : 0;
}

void network_return(struct network *n, const char *sandbox)
{
	char path[4300], owner[128];
	struct address both[2];
	ssize_t len;

	if (!n->address)
		return;
	network_addresses(n, both);
	hosts_drop(n->dir, &both[0]);
	hosts_drop(n->dir, &both[1]);
	lease_path(n, n->address, path, sizeof(path));
	len = readlink(path, owner, sizeof(owner) - 1);
	if (len < 0)
		return;
	owner[len] = '\0';
	if (!strcmp(owner, sandbox))
		unlink(path);
	n->address = 0;
}

static int is_lease(const char *name)
{
	return name[strspn(name, "0123456789.")] == '\0';
}

int network_used(const struct network *n)
{
	struct words names = { 0 };
	int used = 0;

	state_list(n->dir, &names);
	for (size_t i = 0; i < names.n; i++)
		used |= is_lease(names.v[i]);
	words_free(&names);
	return used;
}

static int read_owner(const struct network *n, const char *lease, char *ret, size_t size)
{
	char path[4300];
	ssize_t len;

	if (!is_lease(lease))
		return -EINVAL;
	snprintf(path, sizeof(path), "%s/%s", n->dir, lease);
	len = readlink(path, ret, size - 1);
	if (len < 0)
		return -errno;
	ret[len] = '\0';
	return 0;
}

int network_tenants(const struct network *n, struct words *ret)
{
	struct words names = { 0 };
	int r = state_list(n->dir, &names);

	for (size_t i = 0; !r && i < names.n; i++) {
		char owner[128];

		if (!read_owner(n, names.v[i], owner, sizeof(owner)))
			r = words_add(ret, owner);
	}
	words_free(&names);
	return r;
}

void network_sweep(struct network *n, const char *states)
{
	struct words names = { 0 };

	state_list(n->dir, &names);
	for (size_t i = 0; i < names.n; i++) {
		char path[4300], folder[4400], owner[128];

		if (read_owner(n, names.v[i], owner, sizeof(owner)))
			continue;
		snprintf(path, sizeof(path), "%s/%s", n->dir, names.v[i]);
		snprintf(folder, sizeof(folder), "%s/%s", states, owner);
		if (access(folder, F_OK) < 0 && errno == ENOENT) {
			hosts_drop_named(n->dir, owner);
			unlink(path);
		}
	}
	words_free(&names);
}

/* ---- the cable ---- */

static void put_cable(struct network *n, int space)
{
	struct ifinfomsg ours = { .ifi_family = AF_UNSPEC, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	static const struct ifinfomsg theirs = { .ifi_family = AF_UNSPEC };
	struct nlattr *info, *data, *peer;
	uint8_t mac[6];

	hardware_address(n->address, mac);
	netlink_begin(n->route, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &ours, sizeof(ours));
	netlink_put_text(n->route, IFLA_IFNAME, n->link);
	netlink_put_u32(n->route, IFLA_MASTER, (uint32_t)n->index);
	info = netlink_nest(n->route, IFLA_LINKINFO);
	netlink_put_text(n->route, IFLA_INFO_KIND, "veth");
	data = netlink_nest(n->route, IFLA_INFO_DATA);
	peer = netlink_nest(n->route, VETH_INFO_PEER);
	netlink_put_raw(n->route, &theirs, sizeof(theirs));
	netlink_put_text(n->route, IFLA_IFNAME, NETWORK_LINK);
	netlink_put(n->route, IFLA_ADDRESS, mac, sizeof(mac));
	netlink_put_u32(n->route, IFLA_NET_NS_FD, (uint32_t)space);
	netlink_end_nest(n->route, peer);
	netlink_end_nest(n->route, data);
	netlink_end_nest(n->route, info);
}

/* Where frames within a bridge go by the rules (br_netfilter, which docker loads), what a sandbox sends to its own published port
 * is sent back by the bridge itself, to where it came from. */
static void put_hairpin(struct network *n, const char *link)
{
	static const struct ifinfomsg any = { .ifi_family = AF_UNSPEC };
	static const uint8_t on = 1;
	struct nlattr *info, *data;

	if (access("/proc/sys/net/bridge", F_OK) < 0)
		return;
	netlink_begin(n->route, RTM_NEWLINK, NLM_F_ACK, &any, sizeof(any));
	netlink_put_text(n->route, IFLA_IFNAME, link);
	info = netlink_nest(n->route, IFLA_LINKINFO);
	netlink_put_text(n->route, IFLA_INFO_SLAVE_KIND, "bridge");
	data = netlink_nest(n->route, IFLA_INFO_SLAVE_DATA);
	netlink_put(n->route, IFLA_BRPORT_MODE, &on, sizeof(on));
	netlink_end_nest(n->route, data);
	netlink_end_nest(n->route, info);
}

int network_plug(struct network *n, pid_t pid, struct buf *why)
{
	char path[64];
	int r;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	n->space = open(path, O_RDONLY | O_CLOEXEC);
	if (n->space < 0)
		return fail(why, -errno, path, "open");
	put_cable(n, n->space);
	put_hairpin(n, n->link);
	r = netlink_talk(n->route, NULL, NULL, NULL);
	return r ? fail(why, r, n->device, "join a cable (veth) to it") : 0;
}

int network_has_link(struct network *n, const char *link)
{
	AUTO_BUF struct buf why = { 0 };
	struct found_link f;

	return *link && !open_route(n, &why) && !find_link(n, link, &f);
}

int network_plug_again(struct network *n, const char *link)
{
	static const struct ifinfomsg any = { .ifi_family = AF_UNSPEC };

	if (!network_has_link(n, link))
		return -ENODEV;
	netlink_begin(n->route, RTM_NEWLINK, NLM_F_ACK, &any, sizeof(any));
	netlink_put_text(n->route, IFLA_IFNAME, link);
	netlink_put_u32(n->route, IFLA_MASTER, (uint32_t)n->index);
	put_hairpin(n, link);
	return netlink_talk(n->route, NULL, NULL, NULL);
}

/* It takes the kernel long: mostly the cable goes by itself, with the sandbox's namespace. */
void network_unplug(struct network *n)
{
	AUTO_BUF struct buf why = { 0 };

	if (*n->link && !open_route(n, &why))
		remove_link(n, n->link);
}

static void put_way_out(struct netlink *nl, int index, int family, const void *gateway, size_t size)
{
	const struct rtmsg way = { .rtm_family = (uint8_t)family, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_BOOT,
				   .rtm_scope = RT_SCOPE_UNIVERSE, .rtm_type = RTN_UNICAST };

	netlink_begin(nl, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE, &way, sizeof(way));
	netlink_put(nl, RTA_GATEWAY, gateway, size);
	netlink_put_u32(nl, RTA_OIF, (uint32_t)index);
}

/* The address first: what is told to the neighbours when the link comes up (arp_notify) has it. */
int network_up(const struct network *n, uint32_t ids, struct buf *why)
{
	int index = (int)if_nametoindex(NETWORK_LINK), r;
	struct netlink *nl;

	if (!index)
		return fail(why, -errno, NETWORK_LINK, "find");
	r = netlink_open(NETLINK_ROUTE, &nl, why);
	if (r)
		return r;
	allow_usual(ids);
	guard_ipv6(NETWORK_LINK, has_address6(&n->address6));
	network_set(NETWORK_LINK, "ipv4", "arp_notify", "1");
	put_address(nl, index, n->address, &n->subnet);
	if (has_address6(&n->address6))
		put_address6(nl, index, &n->address6);
	put_up(nl, index);
	put_way_out(nl, index, AF_INET, &n->gateway, sizeof(n->gateway));
	if (has_address6(&n->address6) && n->six == SIX_OUT)
		put_way_out(nl, index, AF_INET6, &n->gateway6, sizeof(n->gateway6));
	r = netlink_talk(nl, NULL, NULL, NULL);
	netlink_close(nl);
	return r ? fail(why, r, NETWORK_LINK, "set it up") : 0;
}

static void take_bytes(void *data, struct netlink *nl, const struct nlmsghdr *m)
{
	struct rtnl_link_stats64 s;
	uint64_t *bytes = data;
	size_t size;
	const void *at = netlink_data(nl, netlink_find(nl, m, sizeof(struct ifinfomsg), IFLA_STATS64), &size);

	if (m->nlmsg_type != RTM_NEWLINK || size < sizeof(s.rx_bytes) * 4)
		return;
	memset(&s, 0, sizeof(s));
	memcpy(&s, at, size < sizeof(s) ? size : sizeof(s));
	bytes[0] = s.tx_bytes;
	bytes[1] = s.rx_bytes;
}

/* What the host's end sent is what the sandbox received. */
int network_bytes(struct network *n, uint64_t *ret_received, uint64_t *ret_sent)
{
	static const struct ifinfomsg any = { .ifi_family = AF_UNSPEC };
	uint64_t bytes[2] = { UINT64_MAX, UINT64_MAX };
	int r;

	AUTO_BUF struct buf why = { 0 };

	if (!*n->link)
		return -ENODEV;
	r = open_route(n, &why);
	if (r)
		return r;
	netlink_begin(n->route, RTM_GETLINK, NLM_F_ACK, &any, sizeof(any));
	netlink_put_text(n->route, IFLA_IFNAME, n->link);
	r = netlink_talk(n->route, take_bytes, bytes, NULL);
	*ret_received = bytes[0];
	*ret_sent = bytes[1];
	return r ? r : bytes[0] == UINT64_MAX ? -ENODATA : 0;
}

void network_let_go(struct network *n)
{
	for (size_t i = 0; i < n->n_ports; i++)
		if (n->held && n->held[i] >= 0)
			close(n->held[i]);
	free(n->held);
	n->held = NULL;
}

void network_close(struct network *n)
{
	network_let_go(n);
	buf_free(&n->note);
	buf_free(&n->remedy);
	free(n->port);
	n->port = NULL;
	n->n_ports = 0;
	n->route = netlink_close(n->route);
	n->filter = netlink_close(n->filter);
	if (n->space >= 0)
		close(n->space);
	n->space = -1;
}
