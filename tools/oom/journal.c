/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The journal's native protocol. */
#include "oom/journal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <syslog.h>
#include <unistd.h>

/* Ours, one a kind of event: journalctl MESSAGE_ID=... finds all of a kind. The man page lists them. */
static const char *const message_id[] = {
	[CGX_E_KILL] = "4ad3429dfb424e6fb43501019e1c2d58",
	[CGX_E_FORK] = "1fa87758f88e4d5a9b8cd980862ae101",
	[CGX_E_STALLED] = "83886f6aa67947bb9f7ff1f2faba81ff",
	[CGX_E_OOM] = "1f9793d090674f68848a02156361cb45",
	[CGX_E_LIMIT] = "cfeda02db2b14b998d9428119e51bf73",
	[CGX_E_EMPTIED] = "a375fed138964bb5adf499b75e0d76a0",
	[CGX_E_REMOVED] = "cb64a2872659420d88593eb84280f28c",
	[CGX_E_PRESSURE] = "0c9c54f791054df9b1b5b8713470f214",
	[CGX_E_UNSEEN] = "762a2ebe36bf443ba66800c2d9131796",
};

int journal_priority(enum cgx_event_kind kind)
{
	switch (kind) {
	case CGX_E_KILL:
	case CGX_E_STALLED:
		return LOG_ERR;
	case CGX_E_FORK:
	case CGX_E_OOM:
	case CGX_E_PRESSURE:
	case CGX_E_UNSEEN:
		return LOG_WARNING;
	case CGX_E_LIMIT:
		return LOG_NOTICE;
	case CGX_E_EMPTIED:
	case CGX_E_REMOVED:
		break;
	}
	return LOG_INFO;
}

/* ---- the socket ---- */

int journal_open(struct journal *ret, const char *path)
{
	const struct timeval second = { .tv_sec = 1 };
	AUTO_CLOSE int fd = -1, try = -1;

	*ret = (struct journal){ .fd = -1, .to.sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(ret->to.sun_path))
		return -ENAMETOOLONG;
	snprintf(ret->to.sun_path, sizeof(ret->to.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	try = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || try < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second)) < 0)
		return -errno;
	/* the socket that sends stays unconnected, so that it finds a journal that was started again */
	if (connect(try, (const struct sockaddr *)&ret->to, sizeof(ret->to)) < 0)
		return -errno;
	ret->fd = steal_fd(&fd);
	return 0;
}

void journal_close(struct journal *j)
{
	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
}

int journal_send(const struct journal *j, const struct buf *message)
{
	ssize_t n;

	if (message->err)
		return message->err;
	n = sendto(j->fd, message->s, message->len, MSG_NOSIGNAL, (const struct sockaddr *)&j->to, sizeof(j->to));
	return n < 0 ? -errno : 0;
}

/* ---- messages ---- */

void journal_field(struct buf *b, const char *name, const char *value)
{
	size_t len = strlen(value);

	buf_puts(b, name);
	if (strchr(value, '\n')) {
		buf_putc(b, '\n');
		for (unsigned byte = 0; byte < 8; byte++) /* little endian, on every machine */
			buf_putc(b, (char)((uint64_t)len >> 8 * byte & 0xff));
	} else {
		buf_putc(b, '=');
	}
	buf_add(b, value, len);
	buf_putc(b, '\n');
}

void journal_message(struct buf *b, const struct told *t, const char *words, const struct buf *facts, size_t n)
{
	const char *fact = facts->s;
	char priority[4];

	snprintf(priority, sizeof(priority), "%d", journal_priority(t->e.kind));
	journal_field(b, "MESSAGE", words);
	journal_field(b, "PRIORITY", priority);
	journal_field(b, "SYSLOG_IDENTIFIER", "cgx-oom-watch");
	journal_field(b, "MESSAGE_ID", message_id[t->e.kind]);
	for (size_t i = 0; i < n; i++, fact += strlen(fact) + 1) {
		char name[32];
		size_t len = strcspn(fact, "=");

		if (!fact[len] || !fact[len + 1])
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)len, fact);
		journal_field(b, name, fact + len + 1);
	}
}
