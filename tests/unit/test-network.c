/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Networks of sandboxes, without the kernel: ports and names as users write them, hosts files, resolv.conf. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/hosts.h"
#include "sandbox/network_spec.h"
#include "util/cleanup.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void reads_ports(void **state)
{
	static const struct {
		const char *text, *kept, *shown;
		size_t n;
	} good[] = {
		{ "8080:80", "tcp 0.0.0.0:8080 80", "0.0.0.0:8080->80/tcp", 1 },
		{ "8080:80/tcp", "tcp 0.0.0.0:8080 80", "0.0.0.0:8080->80/tcp", 1 },
		{ "53:5353/udp", "udp 0.0.0.0:53 5353", "0.0.0.0:53->5353/udp", 1 },
		{ "127.0.0.1:8080:80", "tcp 127.0.0.1:8080 80", "127.0.0.1:8080->80/tcp", 1 },
		{ "127.0.0.1::80", "tcp 127.0.0.1:0 80", "127.0.0.1:0->80/tcp", 1 },
		{ "80", "tcp 0.0.0.0:0 80", "0.0.0.0:0->80/tcp", 1 },
		{ ":80", "tcp 0.0.0.0:0 80", "0.0.0.0:0->80/tcp", 1 },
		{ "65535:65535", "tcp 0.0.0.0:65535 65535", "0.0.0.0:65535->65535/tcp", 1 },
		{ "8000-8002:80-82", "tcp 0.0.0.0:8002 82", "0.0.0.0:8002->82/tcp", 3 },
		{ "[::1]:8080:80", "tcp [::1]:8080 80", "[::1]:8080->80/tcp", 1 },
		{ "[2001:db8::7]::53/udp", "udp [2001:db8::7]:0 53", "[2001:db8::7]:0->53/udp", 1 },
		{ "[::]:80-81:80-81", "tcp [::]:81 81", "[::]:81->81/tcp", 2 },
		{ "0.0.0.0:8080:80", "tcp 0.0.0.0:8080 80", "0.0.0.0:8080->80/tcp", 1 },
		{ "80-82/udp", "udp 0.0.0.0:0 82", "0.0.0.0:0->82/udp", 3 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		AUTO_BUF struct buf why = { 0 }, kept = { 0 }, shown = { 0 };
		struct network_spec s = { 0 };
		struct port back;

		assert_int_equal(ports_parse(good[i].text, &s, &why), 0);
		assert_int_equal(s.n_ports, good[i].n);
		port_format(&s.port[s.n_ports - 1], &kept);
		port_show(&s.port[s.n_ports - 1], &shown);
		assert_string_equal(buf_text(&kept), good[i].kept);
		assert_string_equal(buf_text(&shown), good[i].shown);
		assert_int_equal(port_parse(good[i].kept, &back), 0);
		/* all of both: by the time that it is kept it is one of each */
		assert_int_equal(back.address.family, s.port[s.n_ports - 1].address.family == AF_INET6 ? AF_INET6 : AF_INET);
		assert_int_equal(address_is_any(&back.address), address_is_any(&s.port[s.n_ports - 1].address));
		assert_memory_equal(&back.address.v6, &s.port[s.n_ports - 1].address.v6, sizeof(back.address.v6));
		assert_int_equal(back.host, s.port[s.n_ports - 1].host);
		assert_int_equal(back.inside, s.port[s.n_ports - 1].inside);
		assert_int_equal(back.udp, s.port[s.n_ports - 1].udp);
		free(s.port);
	}
}

static void refuses_ports(void **state)
{
	static const char *const bad[] = {
		"", ":", "::", "8080:", "0", "8080:0", "65536:80", "80:65536", "-1:80", "80:-1", "80/sctp", "80/", "/udp", "a:80", "80:b",
		"8080:80:90:10", "1.2.3:80:80", "1.2.3.4.5:80:80", "1.2.3.4:80:80/UDP", "8000-8002:80-81", "82-80", "0-5:80", "0-5:80-85", "80-", "-80", "8 0:80",
		"0x50:80", "1-65535:1-65535", "[::1:80:80", "::1:80:80", "[::1]80:80", "[127.0.0.1]:80:80", "[]:80:80", "[::1%lo]:80:80", "[::1]", "127.0.0.1:80:",
		"224.0.0.1:80:80", "255.255.255.255:53:53/udp", "[ff02::1]:53:53/udp",
	};
	static const char *const torn[] = { "", "tcp", "tcp 1.2.3.4", "tcp 1.2.3.4:1", "sctp 1.2.3.4:1 2", "tcp :1 2", "tcp 1.2.3.4:1 x",
					    "tcp 1.2.3.4:70000 1", "tcp1.2.3.4:1 2", "tcp ::1:1 2", "tcp [::1] 2", "tcp [::1:1 2" };
	struct port p;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		AUTO_BUF struct buf why = { 0 };
		struct network_spec s = { 0 };

		if (ports_parse(bad[i], &s, &why) == 0)
			fail_msg("%s was taken", bad[i]);
		assert_true(why.len > 0);
		free(s.port);
	}
	for (size_t i = 0; i < COUNT(torn); i++)
		if (port_parse(torn[i], &p) == 0)
			fail_msg("%s was taken", torn[i]);
}

static void compares_addresses(void **state)
{
	static const struct {
		const char *text;
		int any, confined;
	} cases[] = {
		{ "0.0.0.0", 1, 0 },   { "127.0.0.1", 0, 0 }, { "::", 1, 0 },        { "::1", 0, 1 },
		{ "fe80::1", 0, 1 },   { "febf::1", 0, 1 },   { "fec0::1", 0, 0 },   { "2001:db8::1", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct address a, b;

		assert_int_equal(address_parse(cases[i].text, &a), 0);
		assert_int_equal(address_is_any(&a), cases[i].any);
		assert_int_equal(address_is_confined(&a), cases[i].confined);
		for (size_t j = 0; j < COUNT(cases); j++) {
			assert_int_equal(address_parse(cases[j].text, &b), 0);
			assert_int_equal(address_same(&a, &b), i == j);
		}
	}
}

static void reads_subnets(void **state)
{
	static const char *const good[] = { "10.9.0.0/24", "10.0.0.0/16", "172.16.0.0/16", "172.31.255.252/30", "192.168.0.0/16", "100.127.0.0/16" };
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "", "not a subnet" },           { "10.9.0.0", "not a subnet" },     { "/24", "not a subnet" },
		{ "10.9.0.0/", "not a subnet" },  { "10.9.0.0/-1", "not a subnet" },  { "10.9.0.0/33", "not a subnet" },
		{ "10.9.0/24", "not a subnet" },  { "10.9.0.0/24/24", "not a subnet" }, { "fd00::/64", "not a subnet" },
		{ "10.9.0.0/31", "from /16" },    { "10.0.0.0/15", "from /16" },      { "0.0.0.0/0", "from /16" },
		{ "10.9.0.1/24", "10.9.0.0/24 is the subnet" }, { "10.9.0.4/29", "10.9.0.0/29 is" },
		{ "172.15.0.0/16", "not private" }, { "172.32.0.0/24", "not private" }, { "192.169.0.0/24", "not private" },
		{ "100.128.0.0/16", "not private" }, { "11.0.0.0/24", "not private" }, { "127.0.0.0/24", "not private" },
	};
	struct subnet s;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		AUTO_BUF struct buf why = { 0 }, text = { 0 };

		assert_int_equal(subnet_parse(good[i], &s, &why), 0);
		subnet_format(&s, &text);
		assert_string_equal(buf_text(&text), good[i]);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		AUTO_BUF struct buf why = { 0 };

		assert_int_equal(subnet_parse(bad[i].text, &s, &why), -EINVAL);
		assert_non_null(strstr(buf_text(&why), bad[i].why));
	}
}

static struct subnet net(const char *text)
{
	AUTO_BUF struct buf why = { 0 };
	struct subnet s;

	assert_int_equal(subnet_parse(text, &s, &why), 0);
	return s;
}

static void counts_in_subnets(void **state)
{
	static const struct {
		const char *text;
		unsigned hosts;
		const char *first, *last, *beyond;
	} cases[] = {
		{ "10.9.0.0/24", 253, "10.9.0.2", "10.9.0.254", "10.9.1.0" },
		{ "10.9.4.4/30", 1, "10.9.4.6", "10.9.4.6", "10.9.4.8" },
		{ "10.10.0.0/16", 65533, "10.10.0.2", "10.10.255.254", "10.9.255.255" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct subnet s = net(cases[i].text);
		struct address first, last, beyond;

		assert_int_equal(address_parse(cases[i].first, &first), 0);
		assert_int_equal(address_parse(cases[i].last, &last), 0);
		assert_int_equal(address_parse(cases[i].beyond, &beyond), 0);
		assert_int_equal(subnet_hosts(&s), cases[i].hosts);
		assert_int_equal(subnet_member(&s, 2), first.v4);
		assert_int_equal(subnet_member(&s, 1 + subnet_hosts(&s)), last.v4);
		assert_int_equal(subnet_number(&s, last.v4), 1 + cases[i].hosts);
		assert_true(subnet_holds(&s, first.v4) && subnet_holds(&s, last.v4) && !subnet_holds(&s, beyond.v4));
	}
}

static void compares_subnets(void **state)
{
	static const char *const words[] = { "10.9.0.0/24", "10.9.0.128/25", "10.9.1.0/24", "10.9.0.0/16" };
	static const int overlap[4][4] = { { 1, 1, 0, 1 }, { 1, 1, 0, 1 }, { 0, 0, 1, 1 }, { 1, 1, 1, 1 } };
	struct subnet all = { 0, 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++)
		for (size_t j = 0; j < COUNT(words); j++) {
			struct subnet a = net(words[i]), b = net(words[j]);

			assert_int_equal(subnets_overlap(&a, &b), overlap[i][j]);
			assert_int_equal(subnets_same(&a, &b), i == j);
			assert_true(subnets_overlap(&a, &all));
		}
}

static void names_networks(void **state)
{
	static const char *const bad[] = { "", "-a", "A", "twelve-chars", "a b", "a/b", "..", "a.b", "\xc3\xa4" };
	AUTO_BUF struct buf why = { 0 };
	char device[IFNAMSIZ];

	(void)state;
	assert_int_equal(network_name_check("bridge", &why), 0);
	assert_int_equal(network_name_check("eleven-char", &why), 0);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_not_equal(network_name_check(bad[i], &why), 0);
	network_device(NULL, device);
	assert_string_equal(device, "cgx0");
	network_device("bridge", device);
	assert_string_equal(device, "cgx0");
	network_device("eleven-char", device);
	assert_string_equal(device, "cgx-eleven-char");
}

/* ---- hosts ---- */

static struct address at(const char *text)
{
	struct address a;

	assert_int_equal(address_parse(text, &a), 0);
	return a;
}

static int add(const char *dir, const char *four, const char *six, const char *name, const char *alias)
{
	struct address both[2] = { at(four) };

	if (six)
		both[1] = at(six);
	return hosts_add(dir, both, name, alias);
}

static void drop(const char *dir, const char *address)
{
	struct address a = at(address);

	hosts_drop(dir, &a);
}

static char *content(const char *dir)
{
	static char text[65536];
	char path[256];
	FILE *f;
	size_t n;

	hosts_path(dir, path, sizeof(path));
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

static void keeps_hosts(void **state)
{
	char dir[] = "/tmp/cgx-unit.XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(add(dir, "10.0.0.2", NULL, "web", NULL), 0);
	assert_int_equal(add(dir, "10.0.0.22", NULL, "db", "database"), 0);
	assert_non_null(strstr(content(dir), "127.0.0.1 localhost\n"));
	assert_non_null(strstr(content(dir), "\n10.0.0.2 web\n10.0.0.22 db database\n"));
	drop(dir, "10.0.0.2"); /* and not what begins like it */
	assert_non_null(strstr(content(dir), "\n#0.0.0.2 web\n10.0.0.22 db database\n"));
	hosts_drop_named(dir, "database"); /* an alias is nobody's name */
	assert_non_null(strstr(content(dir), "\n10.0.0.22 db database\n"));
	assert_int_equal(add(dir, "10.0.0.23", "fd00::23", "both", NULL), 0);
	assert_non_null(strstr(content(dir), "\n10.0.0.23 both\nfd00::23 both\n"));
	hosts_drop_named(dir, "both");
	assert_non_null(strstr(content(dir), "\n#0.0.0.23 both\n#d00::23 both\n"));
	assert_int_equal(add(dir, "10.0.0.24", NULL, "database", NULL), 0); /* it is now */
	assert_non_null(strstr(content(dir), "\n10.0.0.22 db         \n"));
	assert_non_null(strstr(content(dir), "\n10.0.0.24 database\n"));
	hosts_drop_named(dir, "database");
	assert_int_equal(add(dir, "10.0.0.25", NULL, "late", "db"), 0); /* a name is not an alias of others */
	assert_non_null(strstr(content(dir), "\n10.0.0.25 late\n"));
	assert_int_equal(add(dir, "10.0.0.26", NULL, "loop", "localhost"), 0);
	assert_int_equal(add(dir, "10.0.0.27", NULL, "localhost", NULL), 0);
	assert_non_null(strstr(content(dir), "\n10.0.0.26 loop\n"));
	assert_null(strstr(content(dir), "10.0.0.27"));
	assert_int_equal(add(dir, "10.0.0.28", NULL, "LATE", NULL), -ENOTUNIQ); /* capitals are no difference */
	assert_null(strstr(content(dir), "10.0.0.28"));
	assert_int_equal(add(dir, "10.0.0.25", NULL, "late", NULL), 0);
	assert_int_equal(add(dir, "10.0.0.29", NULL, "capitals", "LocalHost"), 0);
	assert_int_equal(add(dir, "10.0.0.30", NULL, "other", "Late"), 0);
	assert_non_null(strstr(content(dir), "\n10.0.0.29 capitals\n10.0.0.30 other\n"));
	assert_int_equal(add(dir, "10.0.0.31", NULL, "Localhost", NULL), 0);
	assert_null(strstr(content(dir), "10.0.0.31"));
	hosts_drop_named(dir, "db");
	assert_null(strstr(content(dir), "\n10.0.0.22"));
	for (int i = 0; i < 3000; i++) { /* what comes and goes does not make it grow */
		char name[16];

		snprintf(name, sizeof(name), "n%d", i);
		assert_int_equal(add(dir, "10.0.0.9", NULL, name, NULL), 0);
		assert_non_null(strstr(content(dir), "127.0.0.1 localhost\n"));
		if (i < 2999)
			drop(dir, "10.0.0.9");
	}
	assert_true(strlen(content(dir)) < 20000);
	assert_non_null(strstr(content(dir), "\n10.0.0.9 n2999\n"));
	hosts_remove(dir);
	assert_int_equal(rmdir(dir), 0);
}

static void makes_resolvers(void **state)
{
	static const struct {
		const char *text, *want;
		size_t n_dns, servers;
		int six;
	} cases[] = {
		{ "", "", 0, 0 },
		{ "nameserver 192.0.2.1\nsearch x\n", "nameserver 192.0.2.1\nsearch x\n", 0, 1 },
		{ "nameserver 127.0.0.53\noptions edns0", "options edns0\n", 0, 0 },
		{ "nameserver\t::1\nnameserver fe80::1\nnameserver 127.1.2.3\n", "", 0, 0 },
		{ "nameserver 127.0.0.53\nsearch x\n", "nameserver 192.0.2.9\nsearch x\n", 1, 1 },
		{ "nameserver 2001:db8::1\nnameserver 192.0.2.1\n", "nameserver 192.0.2.1\n", 0, 1, 0 },
		{ "nameserver 2001:db8::1\nnameserver ::1\nnameserver FE80::1%eth0\nnameserver ::1:2\n", "nameserver 2001:db8::1\nnameserver ::1:2\n",
		  0, 2, 1 },
		{ "# nameserver 127.0.0.1\nnameserverx 1\n", "# nameserver 127.0.0.1\nnameserverx 1\n", 0, 0 },
	};
	struct address dns[1] = { at("192.0.2.9") };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_BUF struct buf b = { 0 };

		assert_int_equal(resolver_config(cases[i].text, dns, cases[i].n_dns, cases[i].six, &b), cases[i].servers);
		assert_string_equal(buf_text(&b), cases[i].want);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_ports),  cmocka_unit_test(refuses_ports),   cmocka_unit_test(names_networks),
		cmocka_unit_test(reads_subnets), cmocka_unit_test(counts_in_subnets), cmocka_unit_test(compares_subnets),
		cmocka_unit_test(compares_addresses),
		cmocka_unit_test(keeps_hosts),  cmocka_unit_test(makes_resolvers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
