/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The socket of a sandbox's terminal. */
#include "sandbox/attach.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/cleanup.h"

static int name(const char *dir, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return snprintf(ret->sun_path, sizeof(ret->sun_path), "%s/attach", dir) >= (int)sizeof(ret->sun_path) ? -ENAMETOOLONG : 0;
}

int attach_listen(const char *dir)
{
	AUTO_CLOSE int fd = -1;
	struct sockaddr_un at;
	int r = name(dir, &at);

	if (r)
		return r;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	unlink(at.sun_path); /* of a run before this one */
	if (fchmod(fd, 0600) < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 4) < 0)
		return -errno;
	return steal_fd(&fd);
}

static int send_message(int fd, enum attach_said said, int status, int pty)
{
	struct attach_message m = { .said = (int32_t)said, .status = status };
	char control[CMSG_SPACE(sizeof(int))] = "";
	struct iovec v = { &m, sizeof(m) };
	struct msghdr h = { .msg_iov = &v, .msg_iovlen = 1 };

	if (pty >= 0) {
		h.msg_control = control;
		h.msg_controllen = sizeof(control);
		*CMSG_FIRSTHDR(&h) = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) };
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&h)), &pty, sizeof(pty));
	}
	return sendmsg(fd, &h, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* The folder lets nobody else in; who he is is asked all the same. */
int attach_accept(int listener, int pty, int busy)
{
	AUTO_CLOSE int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct ucred who;
	socklen_t len = sizeof(who);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0 || (who.uid && who.uid != geteuid()))
		return -1;
	if (busy) {
		send_message(fd, ATTACH_BUSY, 0, -1);
		return -1;
	}
	return send_message(fd, ATTACH_WELCOME, 0, pty) ? -1 : steal_fd(&fd);
}

void attach_end(int client, int status)
{
	send_message(client, ATTACH_ENDED, status, -1);
	close(client);
}

int attach_connect(const char *dir, int *ret_pty)
{
	AUTO_CLOSE int fd = -1;
	struct attach_message m = { .said = ATTACH_BUSY };
	char control[CMSG_SPACE(sizeof(int))] = "";
	struct iovec v = { &m, sizeof(m) };
	struct msghdr h = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct sockaddr_un at;
	struct cmsghdr *c;
	ssize_t n;
	int r = name(dir, &at);

	if (r)
		return r;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return -errno;
	do
		n = recvmsg(fd, &h, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(m))
		return n < 0 ? -errno : -ECONNRESET;
	c = CMSG_FIRSTHDR(&h);
	if (m.said != ATTACH_WELCOME || !c || c->cmsg_type != SCM_RIGHTS)
		return m.said == ATTACH_BUSY ? -EBUSY : -EPROTO;
	memcpy(ret_pty, CMSG_DATA(c), sizeof(*ret_pty));
	return steal_fd(&fd);
}
