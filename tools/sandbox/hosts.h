/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The hosts file of a network: one file that all of its sandboxes see, so that they find each other by name. It is changed in
 * place, as those who have it mounted see no other: a line is added by one write, and dropped by one byte that makes it a
 * comment. Under the network's lock. And the resolv.conf of one sandbox.
 */
#ifndef CGX_SANDBOX_HOSTS_H
#define CGX_SANDBOX_HOSTS_H

#include <stddef.h>

#include "sandbox/network_spec.h"
#include "util/buf.h"

/* dir: the network's. Each -errno. A line for each of its addresses that has a family. alias: another name, or NULL. -ENOTUNIQ:
 * another one has the name but for capitals. */
int hosts_add(const char *dir, const struct address address[2], const char *name, const char *alias);
void hosts_drop(const char *dir, const struct address *address);
void hosts_drop_named(const char *dir, const char *name);
void hosts_remove(const char *dir);
void hosts_path(const char *dir, char *ret, size_t size);
/* Pure: text without the lines that were dropped. */
void hosts_compact(const char *text, size_t len, struct buf *ret);

/* A resolv.conf from the host's, without servers that nobody inside can reach: on its loopback, of one link, and without six
 * those of IPv6; dns: these instead. Pure. The number of servers in it. */
size_t resolver_config(const char *text, const struct address *dns, size_t n_dns, int six, struct buf *ret);

#endif
