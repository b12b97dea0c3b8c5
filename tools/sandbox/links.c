/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a launch meets the network. */
#include "sandbox/links.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/firewall.h"
#include "sandbox/flows.h"
#include "sandbox/hosts.h"
#include "sandbox/network.h"
#include "sandbox/ports.h"
#include "util/cleanup.h"

/* A network stays so long after its last sandbox, for the next one: to remove a bridge takes the kernel longer than a run. */
#define LINGER_S 2

static char *states_of(const char *dir)
{
	const char *slash = strrchr(dir, '/');

	return strndup(dir, slash ? (size_t)(slash - dir) : 0);
}

/* ---- ports ---- */

static int is_own(const struct network *n, const struct port *p)
{
	for (size_t i = 0; i < n->n_ports; i++) {
		const struct port *own = &n->port[i];

		if (own->host == p->host && own->udp == p->udp && own->address.family == p->address.family &&
		    (address_is_any(&own->address) || address_is_any(&p->address) || address_same(&own->address, &p->address)))
			return 1;
	}
	return 0;
}

static void advise_holder(struct launch *l, const struct port *p)
{
	AUTO_FREE char *states = states_of(l->dir);
	AUTO_BUF struct buf who = { 0 };

	if (is_own(l->net, p))
		launch_advise(l, "it is asked for twice");
	else if (states && port_holder(p, states, &who))
		launch_advise(l, "%s has the port", buf_text(&who));
	else
		launch_advise(l, "another sandbox (cgx-sandbox ps) or a program of this host (ss -lntup) has the port");
}

static int fail_port(struct launch *l, int err, const struct port *p)
{
	AUTO_BUF struct buf b = { 0 };

	port_show(p, &b);
	launch_fail(l, err, buf_text(&b), "publish", NULL);
	if (err == -EADDRINUSE)
		advise_holder(l, p);
	else if (err == -EADDRNOTAVAIL && address_is_confined(&p->address))
		launch_advise(l, "the kernel leads nothing away from ::1 and addresses of one link: take 127.0.0.1 or another address of this host");
	else if (err == -EADDRNOTAVAIL)
		launch_advise(l, "the address before the port must be one of this host's");
	else if (err == -EAFNOSUPPORT)
		launch_advise(l, l->net->six == SIX_NONE ? "this host has no IPv6, or has it switched off (net.ipv6.conf.default.disable_ipv6)" :
							   "this host forwards no IPv6: sysctl net.ipv6.conf.all.forwarding=1, with accept_ra=2 on links "
							   "that are told their routes");
	return err;
}

static int hold_one(struct launch *l, const struct port *p)
{
	struct network *n = l->net;
	int r;

	n->port[n->n_ports] = *p;
	r = port_hold(&n->port[n->n_ports]);
	if (r < 0)
		return r;
	n->held[n->n_ports++] = r;
	return 0;
}

/* Of both families by one number; any that is free of one may be taken of the other. */
static int hold_both(struct launch *l, const struct port *p)
{
	struct port four = *p, six = *p;
	struct network *n = l->net;
	int r = 0;

	four.address = address_v4(INADDR_ANY);
	six.address = address_v6(&in6addr_any);
	for (int tries = 0; tries < 16; tries++) {
		r = hold_one(l, &four);
		if (r)
			return fail_port(l, r, &four);
		if (n->six != SIX_OUT)
			return 0;
		six.host = n->port[n->n_ports - 1].host;
		r = hold_one(l, &six);
		if (!r || r != -EADDRINUSE || p->host)
			break;
		close(n->held[--n->n_ports]);
	}
	return r ? fail_port(l, r, &six) : 0;
}

static int hold_port(struct launch *l, const struct port *p)
{
	int r;

	if (p->address.family == AF_UNSPEC)
		return hold_both(l, p);
	if (address_is_confined(&p->address))
		r = -EADDRNOTAVAIL;
	else
		r = p->address.family == AF_INET6 && l->net->six != SIX_OUT ? -EAFNOSUPPORT : hold_one(l, p);
	return r ? fail_port(l, r, p) : 0;
}

static int hold_ports(struct launch *l)
{
	const struct network_spec *s = &l->spec->net;
	struct network *n = l->net;
	int r = 0;

	if (!s->n_ports)
		return 0;
	n->port = calloc(s->n_ports, 2 * sizeof(*n->port));
	n->held = calloc(s->n_ports, 2 * sizeof(*n->held));
	if (!n->port || !n->held)
		return -ENOMEM;
	for (size_t i = 0; !r && i < s->n_ports; i++)
		r = hold_port(l, &s->port[i]);
	return r;
}

/* ---- what somebody flushed ---- */

/* A network as a state remembers it. */
static int recall(const struct state *st, const char *states, struct network *ret)
{
	int r = network_init(ret, states, st->network);
	struct address six;

	ret->address = st->address;
	ret->published = 1;
	if (st->address6 && !address_parse(st->address6, &six) && six.family == AF_INET6)
		ret->address6 = six.v6;
	snprintf(ret->link, sizeof(ret->link), "%s", st->link ? st->link : "");
	ret->port = r ? NULL : calloc(st->ports.n + 1, sizeof(*ret->port));
	for (size_t i = 0; ret->port && i < st->ports.n; i++)
		ret->n_ports += !port_parse(st->ports.v[i], &ret->port[ret->n_ports]);
	return r;
}

/* What somebody took from one that runs: ports, and with the bridge its cable. */
static void restore(const char *states, struct network *n, const char *sandbox)
{
	AUTO_BUF struct buf why = { 0 };
	struct network its;
	struct state st;

	if (state_read(states, sandbox, &st))
		return;
	/* one whose lock is free has ended, or is cleared up */
	if (st.lock < 0 && st.network && !strcmp(st.network, n->device) && !recall(&st, states, &its)) {
		if (network_plug_again(n, its.link) != -ENODEV && !firewall_publish(&its, NULL, &why))
			flows_forget(&its);
		network_close(&its);
	}
	state_free(&st);
}

static void restore_tenants(const char *states, struct network *n)
{
	struct words tenants = { 0 };

	network_tenants(n, &tenants);
	for (size_t i = 0; i < tenants.n; i++)
		restore(states, n, tenants.v[i]);
	words_free(&tenants);
}

/* Who looks may be in another network namespace, with states of sandboxes that are not. */
static int has_cable(const char *states, struct network *n)
{
	struct words tenants = { 0 };
	int found = 0;

	network_tenants(n, &tenants);
	for (size_t i = 0; !found && i < tenants.n; i++) {
		struct state st;

		if (state_read(states, tenants.v[i], &st))
			continue;
		found = st.lock < 0 && st.link && network_has_link(n, st.link);
		state_free(&st);
	}
	words_free(&tenants);
	return found;
}

static void repair_one(const char *states, struct network *n, int flushed)
{
	AUTO_BUF struct buf why = { 0 };
	int missing = network_look(n, &why), has = 0;

	if (missing < 0 || (missing && (!has_cable(states, n) || network_make(n, &why))))
		return;
	if (!missing)
		has = firewall_has(n, &why);
	if (has < 0 || (has && !flushed) || (!has && firewall_add(n, states, &why) < 0))
		return;
	restore_tenants(states, n);
}

/* Networks and ports of those that run, where rules are gone; flushed: they were, and are there again. Under the lock. */
static void repair(const char *states, int flushed)
{
	struct words devices = { 0 };

	network_list(states, &devices);
	for (size_t i = 0; i < devices.n; i++) {
		struct network n;

		if (!network_init(&n, states, devices.v[i]))
			repair_one(states, &n, flushed);
		network_close(&n);
	}
	words_free(&devices);
}

/* ---- before the start ---- */

/* What it is called inside, where that is a name and another one. */
static const char *alias(const struct sandbox_spec *s)
{
	AUTO_BUF struct buf why = { 0 };

	return s->hostname && strcmp(s->hostname, s->name) && !spec_check_name(s->hostname, &why) ? s->hostname : NULL;
}

static int has_others(const char *states, const char *device)
{
	struct words all = { 0 };
	int others = 0;

	network_list(states, &all);
	for (size_t i = 0; i < all.n; i++)
		others |= strcmp(all.v[i], device) != 0;
	words_free(&all);
	return others;
}

static void remove_unused(const char *states, struct network *n)
{
	AUTO_BUF struct buf why = { 0 };

	/* somebody else may have done it meanwhile */
	if (network_used(n) || access(n->dir, F_OK) < 0 || network_look(n, &why) < 0)
		return;
	if (has_others(states, n->device))
		firewall_drop(n);
	else
		firewall_remove(n, states);
	network_remove(n);
}

/* One that only lingers, with another subnet, goes first. */
static int look(struct network *n, const char *states, struct buf *why)
{
	int missing = network_look(n, why);

	if (missing < 0 || !n->gateway || !network_fits(n, why))
		return missing;
	network_sweep(n, states);
	if (network_used(n))
		return -EADDRINUSE;
	buf_reset(why);
	buf_reset(&n->remedy);
	remove_unused(states, n);
	return network_look(n, why);
}

/* One that only lingers has a subnet that may be asked for. */
static void remove_idle(const char *states, const char *but)
{
	struct words all = { 0 };

	network_list(states, &all);
	for (size_t i = 0; i < all.n; i++) {
		struct network n;

		if (strcmp(all.v[i], but) != 0 && !network_init(&n, states, all.v[i])) {
			remove_unused(states, &n);
			network_close(&n);
		}
	}
	words_free(&all);
}

static int join(struct launch *l, const char *states, struct buf *why)
{
	AUTO_CLOSE int lock = network_lock(states);
	int missing = lock < 0 ? lock : look(l->net, states, why), r = missing, has = 0;

	if (missing == 1 && l->net->wanted.width)
		remove_idle(states, l->net->device);
	if (missing == 1)
		r = network_make(l->net, why);
	else if (!missing)
		r = has = firewall_has(l->net, why);
	if (r >= 0 && !has)
		r = firewall_add(l->net, states, why);
	if (r >= 0 && missing == 1)
		firewall_look_around(l->net, &l->net->note);
	if (r >= 0 && missing == 1 && network_used(l->net)) /* somebody removed the bridge */
		restore_tenants(states, l->net);
	if (r == 1 && !has && (!missing || has_others(states, l->net->device)))
		repair(states, 1);
	if (r >= 0)
		r = network_lease(l->net, l->spec->name, alias(l->spec), why);
	if (r == -EADDRNOTAVAIL && !missing) { /* some may be of nobody */
		network_sweep(l->net, states);
		buf_reset(why);
		buf_reset(&l->net->remedy);
		r = network_lease(l->net, l->spec->name, alias(l->spec), why);
	}
	return r;
}

int links_prepare(struct launch *l)
{
	AUTO_FREE char *states = states_of(l->dir);
	AUTO_BUF struct buf why = { 0 };
	char device[IFNAMSIZ];
	int r;

	if (l->spec->net.how != NET_BRIDGE)
		return 0;
	network_device(l->spec->net.name, device);
	if (geteuid()) {
		launch_fail(l, -EPERM, device, "make the network", "bridges and rules of the host are root's");
		launch_advise(l, "run it as root, or with --net host or none");
		return -EPERM;
	}
	l->net = calloc(1, sizeof(*l->net));
	if (!l->net || !states)
		return -ENOMEM;
	r = network_init(l->net, states, device);
	l->net->wanted = l->spec->net.subnet;
	l->net->wanted_address = l->spec->net.address;
	if (!r)
		r = hold_ports(l);
	if (!r)
		r = join(l, states, &why);
	if (!r || l->words.len || !why.len)
		return r;
	/* a library that is missing says so of itself */
	launch_fail(l, r, r == -ENOPKG ? device : "", r == -ENOPKG ? "make the network" : "", "%s", buf_text(&why));
	if (l->net->remedy.len)
		launch_advise(l, "%s", buf_text(&l->net->remedy));
	return r;
}

/* NULL it has none. */
static char *address6_text(const struct network *n)
{
	AUTO_BUF struct buf b = { 0 };
	struct address both[2];

	network_addresses(n, both);
	address_format(&both[1], &b);
	return b.len && !b.err ? strdup(b.s) : NULL;
}

const char *links_note(const struct launch *l)
{
	return l->net && l->net->note.len ? l->net->note.s : NULL;
}

int links_remember(const struct launch *l, struct state *st)
{
	int r = 0;

	if (!l->net)
		return 0;
	free(st->network);
	free(st->link);
	words_free(&st->ports);
	st->network = strdup(l->net->device);
	st->link = strdup(l->net->link);
	free(st->address6);
	st->address = l->net->address;
	st->address6 = address6_text(l->net);
	for (size_t i = 0; !r && i < l->net->n_ports; i++) {
		AUTO_BUF struct buf b = { 0 };

		port_format(&l->net->port[i], &b);
		r = b.err ? b.err : words_add(&st->ports, b.s);
	}
	return st->network && st->link && (st->address6 || l->net->six == SIX_NONE) ? r : -ENOMEM;
}

/* ---- the start ---- */

int links_plug(struct launch *l)
{
	AUTO_BUF struct buf why = { 0 };
	size_t failed = 0;
	int r;

	if (!l->net)
		return 0;
	r = network_plug(l->net, l->pid, &why);
	if (!r) {
		r = firewall_publish(l->net, &failed, &why);
		if (r && failed < l->net->n_ports)
			return fail_port(l, r, &l->net->port[failed]);
	}
	return r ? launch_fail(l, r, "", "", "%s", buf_text(&why)) : 0;
}

void links_settle(struct launch *l)
{
	if (l->net)
		flows_forget(l->net);
}

static int loopback_up(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r = 0;

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		r = -errno;
	if (fd >= 0)
		close(fd);
	return r;
}

int links_up(struct launch *l)
{
	AUTO_BUF struct buf why = { 0 };
	int r = l->spec->ns[NS_NET].how == NS_OWN ? loopback_up() : 0;

	if (r || !l->net)
		return r;
	r = network_up(l->net, l->id_count, &why);
	return r ? launch_fail(l, r, "", "", "%s", buf_text(&why)) : 0;
}

/* ---- the end ---- */

/* Until the monitor has closed its own. */
#define HAND_OVER_US 100000

/* Not the monitor, whose caller waits: for a network that is taken down, and for the socket that took ports back, which the
 * kernel closes only when that is through, and whoever closes it last waits. It has nothing else of the caller's open. */
static void care(const char *states, struct network *ended, int unused)
{
	int socket = netlink_fd(ended->filter), lock;
	struct network n;
	sigset_t none;

	if (socket > 0)
		close_range(0, (unsigned)socket - 1, 0);
	close_range((unsigned)(socket + 1), ~0u, 0);
	flows_end(ended);
	if (!unused) {
		usleep(HAND_OVER_US);
		return;
	}
	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	(void)!chdir("/");
	sleep(LINGER_S);
	lock = network_lock(states);
	if (lock < 0 || network_init(&n, states, ended->device))
		return;
	remove_unused(states, &n);
	network_close(&n);
	repair(states, 0);
}

/* Orphaned at once, so that nobody has to wait for it. */
static void leave_to_care(const char *states, struct network *ended, int unused)
{
	pid_t pid = fork();

	if (!pid) {
		if (!fork())
			care(states, ended, unused);
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

void links_unplug(struct launch *l)
{
	AUTO_FREE char *states = states_of(l->dir);
	struct network *n = l->net;
	uint32_t address = n ? n->address : 0;
	int lock, used = 1;

	if (!n)
		return;
	firewall_unpublish(n);
	if (state_shares_network(l->dir))
		network_unplug(n); /* its address may be another's next */
	network_let_go(n); /* before anybody else has them as well */
	lock = states ? network_lock(states) : -1;
	if (lock >= 0) {
		network_return(n, l->spec->name);
		used = network_used(n);
		close(lock);
	}
	n->address = address; /* flows lead there still */
	if (!used || n->n_ports)
		leave_to_care(states, n, !used);
	network_close(n);
	free(n);
	l->net = NULL;
}

/* Those that somebody else has by now are his. */
static void keep_free_ports(struct network *n)
{
	size_t kept = 0;

	n->held = calloc(n->n_ports + 1, sizeof(*n->held));
	for (size_t i = 0; n->held && i < n->n_ports; i++) {
		n->port[kept] = n->port[i];
		n->held[kept] = port_hold(&n->port[kept]);
		kept += n->held[kept] >= 0;
	}
	n->n_ports = kept;
}

void links_clear(const struct state *st)
{
	AUTO_FREE char *states = states_of(st->dir);
	struct network n;
	int lock;

	if (!st->network || !states || recall(st, states, &n))
		return;
	keep_free_ports(&n);
	firewall_unpublish(&n);
	flows_end(&n);
	if (state_shares_network(st->dir))
		network_unplug(&n);
	lock = network_lock(states);
	if (lock >= 0) {
		network_return(&n, st->name);
		close(lock);
	}
	network_close(&n);
}

void links_sweep(const char *states)
{
	struct words devices = { 0 };
	int lock = -1;

	network_list(states, &devices);
	if (devices.n)
		lock = network_lock(states);
	for (size_t i = 0; lock >= 0 && i < devices.n; i++) {
		struct network n;

		if (network_init(&n, states, devices.v[i]))
			continue;
		network_sweep(&n, states);
		remove_unused(states, &n);
		network_close(&n);
	}
	if (lock >= 0)
		close(lock);
	words_free(&devices);
}

void links_repair(const char *states)
{
	struct words devices = { 0 };
	int lock = -1;

	network_list(states, &devices);
	if (devices.n)
		lock = network_lock(states);
	if (lock >= 0) {
		repair(states, 0);
		close(lock);
	}
	words_free(&devices);
}

int links_bytes(const struct state *st, uint64_t *ret_received, uint64_t *ret_sent)
{
	struct network n = { .space = -1 };
	int r;

	if (!st->link)
		return -ENODEV;
	snprintf(n.link, sizeof(n.link), "%s", st->link);
	r = network_bytes(&n, ret_received, ret_sent);
	network_close(&n);
	return r;
}

/* ---- names ---- */

static int read_text(const char *path, struct buf *b)
{
	char part[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, part, sizeof(part))) > 0 && b->len < 1u << 16)
		buf_add(b, part, (size_t)n);
	close(fd);
	return b->err;
}

/* The host's servers, or, where those are its own resolver, the servers that asks. */
static void resolver(const struct network_spec *s, struct buf *ret)
{
	static const char *const files[] = { "/etc/resolv.conf", "/run/systemd/resolve/resolv.conf" };

	for (int i = 0; i < 2; i++) {
		AUTO_BUF struct buf text = { 0 };

		buf_reset(ret);
		if (read_text(files[i], &text) && !s->n_dns)
			continue;
		if (resolver_config(buf_text(&text), s->dns, s->n_dns, network_six() == SIX_OUT, ret))
			return;
	}
}

static int write_resolver(const struct network_spec *s, const char *path)
{
	AUTO_BUF struct buf b = { 0 };
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd < 0)
		return -errno;
	fchmod(fd, 0644);
	resolver(s, &b);
	return b.err ? b.err : write(fd, buf_text(&b), b.len) == (ssize_t)b.len ? 0 : -EIO;
}

static int show_hosts(struct sandbox_spec *s, const char *states, const char *device)
{
	char path[4300];
	struct network n;
	int r = network_init(&n, states, device);

	hosts_path(n.dir, path, sizeof(path));
	return r ? r : spec_show_file(s, path, "/etc/hosts");
}

int links_share_names(struct sandbox_spec *s, const struct state *of)
{
	AUTO_FREE char *states = states_of(of->dir);
	char path[4300];
	int r;

	if (!of->network)
		return 0;
	r = states ? show_hosts(s, states, of->network) : -ENOMEM;
	snprintf(path, sizeof(path), "%s/resolv.conf", of->dir);
	return r || access(path, F_OK) < 0 ? r : spec_show_file(s, path, "/etc/resolv.conf");
}

int links_show_names(struct sandbox_spec *s, const char *dir)
{
	AUTO_FREE char *states = states_of(dir);
	char device[IFNAMSIZ], path[4300];
	int r;

	if (s->net.how != NET_BRIDGE)
		return 0;
	network_device(s->net.name, device);
	r = states ? show_hosts(s, states, device) : -ENOMEM;
	snprintf(path, sizeof(path), "%s/resolv.conf", dir);
	if (!r && !spec_has_volume(s, "/etc/resolv.conf"))
		r = write_resolver(&s->net, path);
	return r ? r : spec_show_file(s, path, "/etc/resolv.conf");
}
