/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Netlink by libmnl. */
#include "sandbox/netlink.h"

#include <errno.h>

#ifdef HAVE_LIBMNL
#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "ui/lazy.h"

#define SYMBOLS(X)                                                                                                   \
	X(mnl_socket_open2) X(mnl_socket_bind) X(mnl_socket_close) X(mnl_socket_get_fd) X(mnl_socket_sendto) X(mnl_socket_recvfrom)       \
	X(mnl_nlmsg_put_header) X(mnl_nlmsg_put_extra_header) X(mnl_attr_put) X(mnl_attr_put_strz)                   \
	X(mnl_attr_nest_start) X(mnl_attr_nest_end) X(mnl_nlmsg_next) X(mnl_nlmsg_get_payload)       \
	X(mnl_nlmsg_get_payload_offset) X(mnl_nlmsg_get_payload_tail) X(mnl_attr_ok) X(mnl_attr_next)                \
	X(mnl_attr_get_type) X(mnl_attr_get_payload) X(mnl_attr_get_payload_len)

struct libmnl {
	SYMBOLS(LAZY_POINTER)
};

static const struct lazy_symbol symbols[] = {
#define X(name) LAZY_SYMBOL(struct libmnl, name),
	SYMBOLS(X)
#undef X
};
static const struct lazy library = LAZY(LIBMNL_SONAME, "libmnl0", symbols);

#define ROOM 65536

struct netlink {
	struct libmnl lib;
	struct mnl_socket *socket;
	uint32_t sequence; /* of the next message that is begun */
	struct nlmsghdr *m; /* the one being put together */
	size_t len;        /* of those before it */
	uint32_t first;    /* sequence of the first of them */
	size_t expected;   /* answers */
	size_t acks;
	uint32_t asked[1024]; /* sequences of those with NLM_F_ACK */
	_Alignas(struct nlmsghdr) char out[ROOM], in[ROOM];
};

int netlink_open(int bus, struct netlink **ret, struct buf *why)
{
	struct netlink *n = calloc(1, sizeof(*n));
	int r = n ? lazy_load(&library, &n->lib, why) : -ENOMEM;

	if (!r) {
		n->socket = n->lib.mnl_socket_open2(bus, SOCK_CLOEXEC);
		if (!n->socket || n->lib.mnl_socket_bind(n->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
			r = -errno;
			buf_printf(why, "netlink socket: open: %s", strerror(-r));
		}
	}
	if (r) {
		netlink_close(n);
		return r;
	}
	n->sequence = 1;
	*ret = n;
	return 0;
}

struct netlink *netlink_close(struct netlink *n)
{
	if (n && n->socket)
		n->lib.mnl_socket_close(n->socket);
	free(n);
	return NULL;
}

int netlink_fd(struct netlink *n)
{
	return n ? n->lib.mnl_socket_get_fd(n->socket) : -1;
}

/* ---- messages ---- */

static void finish(struct netlink *n)
{
	if (n->m)
		n->len += NLMSG_ALIGN(n->m->nlmsg_len);
	n->m = NULL;
}

void netlink_begin(struct netlink *n, unsigned type, unsigned flags, const void *header, size_t size)
{
	finish(n);
	if (!n->len)
		n->first = n->sequence;
	n->m = n->lib.mnl_nlmsg_put_header(n->out + n->len);
	n->m->nlmsg_type = (uint16_t)type;
	n->m->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	n->m->nlmsg_seq = n->sequence++;
	memcpy(n->lib.mnl_nlmsg_put_extra_header(n->m, size), header, size);
	if (flags & (NLM_F_ACK | NLM_F_DUMP))
		n->expected++;
	if (flags & NLM_F_ACK && n->acks < sizeof(n->asked) / sizeof(n->asked[0]))
		n->asked[n->acks++] = n->m->nlmsg_seq;
}

void netlink_put(struct netlink *n, unsigned attr, const void *data, size_t size)
{
	n->lib.mnl_attr_put(n->m, (uint16_t)attr, size, data);
}

void netlink_put_u32(struct netlink *n, unsigned attr, uint32_t value)
{
	n->lib.mnl_attr_put(n->m, (uint16_t)attr, sizeof(value), &value);
}

void netlink_put_text(struct netlink *n, unsigned attr, const char *text)
{
	n->lib.mnl_attr_put_strz(n->m, (uint16_t)attr, text);
}

void netlink_put_raw(struct netlink *n, const void *data, size_t size)
{
	memcpy(n->lib.mnl_nlmsg_put_extra_header(n->m, size), data, size);
}

struct nlattr *netlink_nest(struct netlink *n, unsigned attr)
{
	return n->lib.mnl_attr_nest_start(n->m, (uint16_t)attr);
}

void netlink_end_nest(struct netlink *n, struct nlattr *nest)
{
	n->lib.mnl_attr_nest_end(n->m, nest);
}

/* ---- answers ---- */

struct answers {
	void (*on_reply)(void *data, struct netlink *n, const struct nlmsghdr *m);
	void *data;
	int err;
	uint32_t failed;
	size_t open; /* that are to come */
};

static int asked_for(const struct netlink *n, uint32_t sequence)
{
	for (size_t i = 0; i < n->acks; i++)
		if (n->asked[i] == sequence)
			return 1;
	return !n->acks; /* a dump */
}

/* libmnl takes lengths for signed: one of 2 GiB and more would be whole, and be gone through for ever. */
static int is_whole(const struct nlmsghdr *m, int rest)
{
	return rest >= (int)sizeof(*m) && m->nlmsg_len >= sizeof(*m) && m->nlmsg_len <= (unsigned)rest;
}

static int has_room(const struct nlmsghdr *m, size_t size)
{
	return m->nlmsg_len >= NLMSG_LENGTH(size);
}

static void take_error(struct netlink *n, struct answers *a, const struct nlmsghdr *m)
{
	const struct nlmsgerr *e = n->lib.mnl_nlmsg_get_payload(m);
	int err = has_room(m, sizeof(e->error)) ? e->error : -EBADMSG;

	if (err && !a->err) {
		a->err = err;
		a->failed = m->nlmsg_seq;
	}
	if (asked_for(n, m->nlmsg_seq))
		a->open--;
	else if (m->nlmsg_seq == n->first)
		a->open = 0; /* the beginning of a batch: all of it is refused */
}

static void take(struct netlink *n, struct answers *a, const struct nlmsghdr *m)
{
	if (m->nlmsg_type == NLMSG_DONE)
		a->open--;
	else if (m->nlmsg_type == NLMSG_ERROR)
		take_error(n, a, m);
	else if (a->on_reply)
		a->on_reply(a->data, n, m);
}

static int receive(struct netlink *n, struct answers *a, uint32_t end)
{
	while (a->open) {
		ssize_t got = n->lib.mnl_socket_recvfrom(n->socket, n->in, sizeof(n->in));
		int rest = (int)got;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		for (const struct nlmsghdr *m = (void *)n->in; a->open && is_whole(m, rest); m = n->lib.mnl_nlmsg_next(m, &rest))
			if (m->nlmsg_seq - n->first < end - n->first)
				take(n, a, m);
	}
	return a->err;
}

int netlink_talk(struct netlink *n, void (*on_reply)(void *data, struct netlink *n, const struct nlmsghdr *m), void *data,
		 size_t *ret_failed)
{
	struct answers a = { .on_reply = on_reply, .data = data, .open = n->expected };
	int r;

	finish(n);
	r = n->lib.mnl_socket_sendto(n->socket, n->out, n->len) < 0 ? -errno : receive(n, &a, n->sequence);
	for (size_t i = 0; ret_failed && r && i < n->acks; i++)
		if (n->asked[i] == a.failed)
			*ret_failed = i;
	n->len = n->expected = n->acks = 0;
	return r;
}

const void *netlink_header(struct netlink *n, const struct nlmsghdr *m, size_t size)
{
	return has_room(m, size) ? n->lib.mnl_nlmsg_get_payload(m) : NULL;
}

static const struct nlattr *find(struct netlink *n, const struct nlattr *a, const void *end, unsigned attr)
{
	for (; n->lib.mnl_attr_ok(a, (int)((const char *)end - (const char *)a)); a = n->lib.mnl_attr_next(a))
		if (n->lib.mnl_attr_get_type(a) == attr)
			return a;
	return NULL;
}

const struct nlattr *netlink_find(struct netlink *n, const struct nlmsghdr *m, size_t header_size, unsigned attr)
{
	return find(n, n->lib.mnl_nlmsg_get_payload_offset(m, header_size), n->lib.mnl_nlmsg_get_payload_tail(m), attr);
}

const struct nlattr *netlink_within(struct netlink *n, const struct nlattr *outer, unsigned attr)
{
	const char *at = outer ? n->lib.mnl_attr_get_payload(outer) : NULL;

	return at ? find(n, (const void *)at, at + n->lib.mnl_attr_get_payload_len(outer), attr) : NULL;
}

const void *netlink_data(struct netlink *n, const struct nlattr *a, size_t *ret_size)
{
	*ret_size = a ? n->lib.mnl_attr_get_payload_len(a) : 0;
	return a ? n->lib.mnl_attr_get_payload(a) : NULL;
}

#else /* no socket is ever opened, so the rest is never called */

int netlink_open(int bus, struct netlink **ret, struct buf *why)
{
	(void)bus, (void)ret;
	buf_puts(why, "this cgx was built without libmnl: configure finds it when libmnl-dev is there");
	return -ENOPKG;
}

struct netlink *netlink_close(struct netlink *n)
{
	(void)n;
	return NULL;
}

int netlink_fd(struct netlink *n)
{
	(void)n;
	return -1;
}

void netlink_begin(struct netlink *n, unsigned type, unsigned flags, const void *header, size_t size)
{
	(void)n, (void)type, (void)flags, (void)header, (void)size;
}

void netlink_put(struct netlink *n, unsigned attr, const void *data, size_t size)
{
	(void)n, (void)attr, (void)data, (void)size;
}

void netlink_put_u32(struct netlink *n, unsigned attr, uint32_t value)
{
	(void)n, (void)attr, (void)value;
}

void netlink_put_text(struct netlink *n, unsigned attr, const char *text)
{
	(void)n, (void)attr, (void)text;
}

void netlink_put_raw(struct netlink *n, const void *data, size_t size)
{
	(void)n, (void)data, (void)size;
}

struct nlattr *netlink_nest(struct netlink *n, unsigned attr)
{
	(void)n, (void)attr;
	return NULL;
}

void netlink_end_nest(struct netlink *n, struct nlattr *nest)
{
	(void)n, (void)nest;
}

int netlink_talk(struct netlink *n, void (*on_reply)(void *data, struct netlink *n, const struct nlmsghdr *m), void *data,
		 size_t *ret_failed)
{
	(void)n, (void)on_reply, (void)data, (void)ret_failed;
	return -ENOPKG;
}

const void *netlink_header(struct netlink *n, const struct nlmsghdr *m, size_t size)
{
	(void)n, (void)m, (void)size;
	return NULL;
}

const struct nlattr *netlink_find(struct netlink *n, const struct nlmsghdr *m, size_t header_size, unsigned attr)
{
	(void)n, (void)m, (void)header_size, (void)attr;
	return NULL;
}

const struct nlattr *netlink_within(struct netlink *n, const struct nlattr *outer, unsigned attr)
{
	(void)n, (void)outer, (void)attr;
	return NULL;
}

const void *netlink_data(struct netlink *n, const struct nlattr *a, size_t *ret_size)
{
	(void)n, (void)a;
	*ret_size = 0;
	return NULL;
}

#endif
