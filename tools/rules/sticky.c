/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libcgroup's protocol: a stream; the client sends pid and flags, two ints of the host's order, and waits for the text
 * SUCCESS_STORE_PID with its NUL. Flag 1: leave it and its children alone; 2: no longer. Ours alone is pid -1 with flag 256:
 * read the rules again; the answer is a text as well.
 */
#include "rules/sticky.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ui/message.h"
#include "util/cleanup.h"
#include "util/num.h"

#define LEAVE_CHILDREN 1
#define PLACE_AGAIN    2
#define RELOAD         256
#define MARKS_MAX      65536

static const char refused[] = "RULES_REFUSED", in_force[] = "RULES_IN_FORCE ";

int sticky_open(const struct frame *f, const char *path, uid_t uid, gid_t gid, struct sticky *ret)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	AUTO_CLOSE int fd = -1;
	mode_t mask;
	int r;

	*ret = (struct sticky){ .fd = -1, .path = path };
	if (strlen(path) >= sizeof(at.sun_path))
		return msg_error(f, NULL, "%s: listen for sticky processes: the name is too long for a socket", path), -1;
	strcpy(at.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return msg_errno(f, errno, path, "listen for sticky processes"), -1;
	/* somebody listens there: another daemon of this kind */
	if (!connect(fd, (const struct sockaddr *)&at, sizeof(at)))
		return msg_error(f, "end it first: two would pull processes to and fro",
				 "%s: listen for sticky processes: a rule daemon runs already", path), -1;
	unlink(path);
	mask = umask(gid == (gid_t)-1 ? 0177 : 0117);
	r = bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ? -errno : 0;
	umask(mask);
	if (!r && (uid != (uid_t)-1 || gid != (gid_t)-1) && chown(path, uid, gid) < 0)
		r = -errno;
	if (!r && listen(fd, 64) < 0)
		r = -errno;
	if (r)
		return msg_errno(f, r, path, "listen for sticky processes"), -1;
	ret->fd = steal_fd(&fd);
	return 0;
}

void sticky_close(struct sticky *s)
{
	if (s->fd >= 0) {
		close(s->fd);
		unlink(s->path);
	}
	map_free(&s->marks);
	s->fd = -1;
}

int sticky_has(const struct sticky *s, pid_t pid)
{
	return s->marks.n && map_get(&s->marks, (uint64_t)pid) != NULL;
}

/* The map wants a pointer; any one says: marked. */
static int mark(struct sticky *s, pid_t pid)
{
	if (s->marks.n >= MARKS_MAX)
		return -ENOSPC;
	return map_put(&s->marks, (uint64_t)pid, s);
}

void sticky_fork(struct sticky *s, pid_t parent, pid_t child)
{
	if (sticky_has(s, parent))
		mark(s, child);
}

void sticky_exit(struct sticky *s, pid_t pid)
{
	if (s->marks.n)
		map_remove(&s->marks, (uint64_t)pid);
}

/* Two ints, within a tenth of a second: a client has nothing else to do. */
static int read_request(int fd, int request[2])
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t have = 0;

	while (have < 2 * sizeof(int)) {
		ssize_t n = poll(&p, 1, 100) > 0 ? recv(fd, (char *)request + have, 2 * sizeof(int) - have, 0) : -1;

		if (n <= 0)
			return -EBADMSG;
		have += (size_t)n;
	}
	return 0;
}

/* Who may mark his processes may not, for that alone, have all of the host's looked at. */
static int may_reload(int fd)
{
	struct ucred who = { 0 };
	socklen_t len = sizeof(who);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) && len == sizeof(who) && (!who.uid || who.uid == geteuid());
}

static void take_reload(int fd, int (*reload)(void *data), void *data)
{
	char answer[64];
	int n;

	if (!may_reload(fd))
		return;
	n = reload(data);
	if (n < 0)
		snprintf(answer, sizeof(answer), "%s", refused);
	else
		snprintf(answer, sizeof(answer), "%s%d", in_force, n);
	send(fd, answer, strlen(answer) + 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void sticky_take(struct sticky *s, void (*ready)(void *data), int (*reload)(void *data), void *data)
{
	static const char done[] = "SUCCESS_STORE_PID";
	AUTO_CLOSE int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int request[2], r = 0;

	if (fd < 0 || read_request(fd, request))
		return;
	if (request[0] == -1 && request[1] == RELOAD)
		take_reload(fd, reload, data);
	if (request[0] <= 0)
		return;
	if (request[1] & PLACE_AGAIN)
		map_remove(&s->marks, (uint64_t)request[0]);
	else
		r = mark(s, request[0]);
	ready(data);
	if (!r)
		send(fd, done, sizeof(done), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* ---- the other end ---- */

static int call(const struct frame *f, const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r = fd < 0 ? errno : 0;

	if (strlen(path) >= sizeof(at.sun_path))
		return msg_error(f, NULL, "%s: read the rules again: the name is too long for a socket", path), -1;
	strcpy(at.sun_path, path);
	if (!r && connect(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		r = errno;
	if (r == ENOENT || r == ECONNREFUSED)
		msg_error(f, "start cgx-rulesd; if it was given --socket, give the same here",
			  "%s: read the rules again: no rule daemon listens there", path);
	else if (r)
		msg_errno(f, r, path, "read the rules again");
	return r ? -1 : steal_fd(&fd);
}

/* Up to the NUL, or the end. */
static void read_answer(int fd, char *ret, size_t size)
{
	size_t have = 0;
	ssize_t n;

	do {
		n = recv(fd, ret + have, size - 1 - have, 0);
		have += n > 0 ? (size_t)n : 0;
	} while ((n < 0 && errno == EINTR) || (n > 0 && ret[have - 1] && have < size - 1));
	ret[have] = '\0';
}

int sticky_reload(const struct frame *f, const char *path)
{
	static const int request[2] = { -1, RELOAD };
	AUTO_CLOSE int fd = call(f, path);
	char answer[64];
	uint64_t n;

	if (fd < 0)
		return -1;
	if (send(fd, request, sizeof(request), MSG_NOSIGNAL) != sizeof(request))
		return msg_errno(f, errno, path, "read the rules again"), -1;
	read_answer(fd, answer, sizeof(answer));
	if (!strncmp(answer, in_force, strlen(in_force)) && !num_u64(answer + strlen(in_force), &n) && n <= INT32_MAX)
		return (int)n;
	if (!strcmp(answer, refused))
		msg_error(f, "what is wrong with them is among the daemon's messages: in its journal or log",
			  "%s: read the rules again: the daemon refused them; those read before stay in force", path);
	else
		msg_error(f, "only root, or who runs it, may ask; who listens there must be a cgx-rulesd that knows --reload",
			  "%s: read the rules again: the daemon did not do so", path);
	return -1;
}
