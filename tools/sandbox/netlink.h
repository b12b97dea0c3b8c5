/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Talking to the kernel's network side over one socket: messages are put one after the other into a buffer and sent at once,
 * then each is answered. The only file that knows libmnl, which is loaded when a socket is opened.
 */
#ifndef CGX_SANDBOX_NETLINK_H
#define CGX_SANDBOX_NETLINK_H

#include <stddef.h>
#include <stdint.h>

#include <linux/netlink.h>

#include "util/buf.h"

struct netlink;

/* Of bus NETLINK_ROUTE or NETLINK_NETFILTER, in the caller's network namespace. -errno with why. */
int netlink_open(int bus, struct netlink **ret, struct buf *why);
struct netlink *netlink_close(struct netlink *n);
/* Its descriptor; -1 for NULL. */
int netlink_fd(struct netlink *n);

/* Begin a message with the header of its family after the general one. flags besides NLM_F_REQUEST. */
void netlink_begin(struct netlink *n, unsigned type, unsigned flags, const void *header, size_t size);
void netlink_put(struct netlink *n, unsigned attr, const void *data, size_t size);
void netlink_put_u32(struct netlink *n, unsigned attr, uint32_t value);
void netlink_put_text(struct netlink *n, unsigned attr, const char *text);
/* Bytes that are no attribute: a header within one. */
void netlink_put_raw(struct netlink *n, const void *data, size_t size);
struct nlattr *netlink_nest(struct netlink *n, unsigned attr);
void netlink_end_nest(struct netlink *n, struct nlattr *nest);

/* Send what was begun. Each message with NLM_F_ACK is answered, a dump with what it finds: on_reply gets those, may be NULL.
 * 0, or the errno of the first message that failed, negative; *ret_failed, may be NULL, which of those with NLM_F_ACK it was.
 * The last answer ends it: of messages without NLM_F_ACK only those before that are told of when they fail. */
int netlink_talk(struct netlink *n, void (*on_reply)(void *data, struct netlink *n, const struct nlmsghdr *m), void *data,
		 size_t *ret_failed);

/* In a reply: the header of its family, NULL it is too short for one; an attribute after it, NULL there is none; and one within
 * an attribute. */
const void *netlink_header(struct netlink *n, const struct nlmsghdr *m, size_t size);
const struct nlattr *netlink_find(struct netlink *n, const struct nlmsghdr *m, size_t header_size, unsigned attr);
const struct nlattr *netlink_within(struct netlink *n, const struct nlattr *outer, unsigned attr);
const void *netlink_data(struct netlink *n, const struct nlattr *a, size_t *ret_size);

#endif
