/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The journal's native protocol: one datagram a message, fields as NAME=VALUE lines or, where a value has newlines,
 * the name, a newline, the length in 64 bits, the value (systemd's JOURNAL_NATIVE_PROTOCOL). */
#ifndef CGX_OOM_JOURNAL_H
#define CGX_OOM_JOURNAL_H

#include <sys/socket.h>
#include <sys/un.h>

#include "oom/fact.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

struct journal {
	int fd;
	struct sockaddr_un to;
};

/* Errors: -ENOENT, -ECONNREFUSED nobody listens there; -ENAMETOOLONG; and those of socket(2). */
int journal_open(struct journal *ret, const char *path);
void journal_close(struct journal *j);
/* One message. Waits a second for a journal that is slow; then -EAGAIN: the message is lost. -EMSGSIZE. */
int journal_send(const struct journal *j, const struct buf *message);

/* Append one field. Pure. */
void journal_field(struct buf *b, const char *name, const char *value);
/* The message of an event: MESSAGE, PRIORITY, SYSLOG_IDENTIFIER, MESSAGE_ID, and every fact that is known. Pure. */
void journal_message(struct buf *b, const struct told *t, const char *words, const struct buf *facts, size_t n);
/* syslog(3)'s number for how much an event matters. */
int journal_priority(enum cgx_event_kind kind);

#endif
