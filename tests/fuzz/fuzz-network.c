/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz: networks as users write them: ports, names, addresses; the host's resolv.conf; hosts files. A line is a word. */
#include <errno.h>

#include "fuzz.h"
#include "sandbox/hosts.h"
#include "sandbox/network_spec.h"

/* What is kept of a port is read again as the same. */
static void kept(const struct port *p)
{
	struct buf AUTO_BUF text = { 0 }, again = { 0 }, shown = { 0 };
	struct port back;

	port_format(p, &text);
	port_show(p, &shown);
	if (port_parse(buf_text(&text), &back) || back.host != p->host || back.inside != p->inside || back.udp != p->udp)
		abort();
	port_format(&back, &again);
	if (strcmp(buf_text(&text), buf_text(&again)) != 0 || !shown.len)
		abort();
}

static void ports(const char *word, struct network_spec *all)
{
	struct buf AUTO_BUF why = { 0 };
	size_t before = all->n_ports;
	int r = ports_parse(word, all, &why);

	if (r ? !why.len || all->n_ports != before : all->n_ports == before || all->n_ports > MOST_PORTS)
		abort();
	for (size_t i = before; i < all->n_ports; i++) {
		if (!all->port[i].inside)
			abort();
		kept(&all->port[i]);
	}
}

static void subnets(const char *word)
{
	struct buf AUTO_BUF why = { 0 }, text = { 0 };
	struct subnet s, again;

	if (subnet_parse(word, &s, &why)) {
		if (!why.len)
			abort();
		return;
	}
	subnet_format(&s, &text);
	if (subnet_parse(buf_text(&text), &again, &why) || !subnets_same(&s, &again) || !subnet_hosts(&s) ||
	    !subnet_holds(&s, subnet_member(&s, subnet_hosts(&s) + 2)))
		abort();
}

static void names(const char *word)
{
	struct buf AUTO_BUF why = { 0 };
	char device[IFNAMSIZ];

	if (network_name_check(word, &why)) {
		if (!why.len)
			abort();
		return;
	}
	network_device(word, device);
	if (strncmp(device, "cgx", 3) != 0 || strchr(device, '/') || (strcmp(word, "bridge") != 0 && strcmp(device + 4, word) != 0))
		abort();
}

static void addresses(const char *word, struct network_spec *all)
{
	struct buf AUTO_BUF text = { 0 };
	struct address a, back;

	if (address_parse(word, &a))
		return;
	address_format(&a, &text);
	if (address_parse(buf_text(&text), &back) || !address_same(&a, &back) || (address_is_any(&a) && address_is_confined(&a)))
		abort();
	if (all->n_dns < MOST_DNS)
		all->dns[all->n_dns++] = a;
}

static void files(const char *text, size_t size, const struct network_spec *all)
{
	struct buf AUTO_BUF hosts = { 0 }, resolver = { 0 };

	hosts_compact(text, size, &hosts);
	if (hosts.len > size || (hosts.len && *hosts.s == '#'))
		abort();
	resolver_config(text, NULL, 0, 0, &resolver);
	if (resolver_config(text, all->dns, all->n_dns, 1, &resolver) > (all->n_dns ? MOST_DNS : size))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct network_spec all = { 0 };
	char *text = fuzz_text(data, size);
	struct port p;

	for (char *word = text, *next; word; word = next) {
		next = strchr(word, '\n');
		if (next)
			*next++ = '\0';
		ports(word, &all);
		subnets(word);
		names(word);
		addresses(word, &all);
		if (!port_parse(word, &p))
			kept(&p);
	}
	memcpy(text, data, size);
	files(text, strlen(text), &all);
	free(all.port);
	free(text);
	return 0;
}
