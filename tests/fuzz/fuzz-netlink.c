/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzz: what the kernel answers over netlink, to questions about links, addresses, rules and flows. The first byte chooses the
 * question; then comes, for each datagram, its length in two bytes, the lower first, and what is in it. What lies behind one in
 * the buffer is nobody's: it is poisoned where that is to be had.
 */
#include <stdio.h>

#include "fuzz.h"
#include "sandbox/flows.h"
#include "sandbox/netlink.c" /* the socket in it is replaced */
#include "sandbox/network.h"
#include "sandbox/nftables.h"

#ifdef __has_feature
#define IS_ASAN __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define IS_ASAN 1
#else
#define IS_ASAN 0
#endif
#if IS_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size)   ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

#ifdef HAVE_LIBMNL

static const uint8_t *left;
static size_t n_left;

static ssize_t answer(const struct mnl_socket *socket, void *to, size_t room)
{
	size_t size = n_left < 2 ? 0 : left[0] | (size_t)left[1] << 8;

	(void)socket;
	if (n_left < 2) {
		errno = ENOBUFS;
		return -1;
	}
	left += 2;
	n_left -= 2;
	size = size < n_left ? size : n_left;
	ASAN_UNPOISON_MEMORY_REGION(to, room);
	memset(to, 0xa5, room);
	memcpy(to, left, size);
	ASAN_POISON_MEMORY_REGION((char *)to + size, room - size);
	left += size;
	n_left -= size;
	return (ssize_t)size;
}

static ssize_t asked(const struct mnl_socket *socket, const void *data, size_t size)
{
	(void)socket, (void)data;
	return (ssize_t)size;
}

static int no_socket(struct mnl_socket *socket)
{
	(void)socket;
	return 0;
}

static struct netlink *open_kernel(void)
{
	struct netlink *n = calloc(1, sizeof(*n));
	struct buf AUTO_BUF why = { 0 };

	if (!n)
		abort();
	if (lazy_load(&library, &n->lib, &why)) {
		free(n);
		return NULL;
	}
	n->lib.mnl_socket_recvfrom = answer;
	n->lib.mnl_socket_sendto = asked;
	n->lib.mnl_socket_close = no_socket;
	n->sequence = 1;
	return n;
}

static void close_kernel(struct netlink *n)
{
	ASAN_UNPOISON_MEMORY_REGION(n->in, sizeof(n->in));
	free(n);
}

static void take_chain(void *data, const struct nft_chain *c)
{
	if (!c->table || !c->name || strlen(c->table) + strlen(c->name) == SIZE_MAX)
		abort();
	++*(size_t *)data;
}

static void rules(struct netlink *nl, unsigned question)
{
	struct nft t = { .nl = nl, .family = NFPROTO_IPV4, .table = "cgx" };
	const uint16_t port = 80;
	size_t n = 0;

	switch (question) {
	case 0:
		nft_each_chain(&t, take_chain, &n);
		break;
	case 1:
		nft_chain_use(&t, "forward");
		nft_has_element(&t, "ports", &port, sizeof(port));
		break;
	case 2:
		nft_mentions(&t, "cgx0");
		break;
	default:
		nft_begin(&t);
		nft_add_table(&t);
		nft_add_chain(&t, "forward", "filter", NF_INET_FORWARD, 0);
		nft_add_element(&t, "ports", &port, sizeof(port), NULL, 0, 1);
		n = SIZE_MAX;
		if (nft_end(&t, &n) && n != SIZE_MAX && n > 1)
			abort();
	}
}

static void links(struct netlink *nl, unsigned question)
{
	struct port published[] = { { .host = 53, .inside = 53, .udp = 1 }, { .host = 80, .inside = 80 } };
	struct network n = { .device = "cgx0", .link = "cgxv1", .route = nl, .filter = nl, .port = published, .n_ports = 2, .space = -1 };
	struct buf AUTO_BUF why = { 0 };
	uint64_t received, sent;

	published[0].address.family = AF_INET;
	switch (question) {
	case 0:
		network_look(&n, &why);
		break;
	case 1:
		network_bytes(&n, &received, &sent);
		break;
	default:
		flows_forget(&n);
	}
	buf_free(&n.note);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct netlink *n = size ? open_kernel() : NULL;

	if (!n)
		return 0;
	left = data + 1;
	n_left = size - 1;
	if (*data & 4)
		links(n, *data & 3);
	else
		rules(n, *data & 3);
	close_kernel(n);
	return 0;
}

#else /* there is nothing to be read */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)data, (void)size;
	return 0;
}

#endif
