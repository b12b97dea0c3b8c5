/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Holding ports, and finding out who does. */
#include "sandbox/ports.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox/state.h"
#include "util/cleanup.h"

/* ---- holding ---- */

union socket_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t socket_address(const struct port *p, union socket_address *ret)
{
	*ret = (union socket_address){ .v6 = { .sin6_family = AF_INET6, .sin6_addr = p->address.v6, .sin6_port = htons(p->host) } };
	if (p->address.family == AF_INET6)
		return sizeof(ret->v6);
	*ret = (union socket_address){ .v4 = { .sin_family = AF_INET, .sin_addr.s_addr = p->address.v4, .sin_port = htons(p->host) } };
	return sizeof(ret->v4);
}

/* Connections that a program left behind, which it closed first, have its port for a minute; a server has it beside them. To
 * listen for a moment says that this is one: from then on nobody else can have it, as if there had been none. */
static int bind_beside_old(int fd, const union socket_address *a, socklen_t size)
{
	static const int on = 1, off = 0;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 || bind(fd, &a->any, size) < 0 || listen(fd, 1) < 0)
		return -errno;
	return shutdown(fd, SHUT_RD) < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &off, sizeof(off)) < 0 ? -errno : 0;
}

static int take_port(int fd, const struct port *p, union socket_address *a, socklen_t size)
{
	int r = 0;

	if (a->any.sa_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){ 1 }, sizeof(int)) < 0)
		return -errno;
	if (bind(fd, &a->any, size) < 0)
		r = errno == EADDRINUSE && !p->udp && p->host ? bind_beside_old(fd, a, size) : -errno;
	if (!r && getsockname(fd, &a->any, &size) < 0)
		r = -errno;
	return r;
}

int port_hold(struct port *p)
{
	union socket_address a;
	socklen_t size = socket_address(p, &a);
	int fd = socket(a.any.sa_family, (p->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0), r;

	if (fd < 0)
		return -errno;
	r = take_port(fd, p, &a, size);
	if (r) {
		close(fd);
		return r;
	}
	p->host = ntohs(a.any.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
	return fd;
}

/* ---- who ---- */

static int has_port(const struct state *st, const struct port *p)
{
	for (size_t i = 0; i < st->ports.n; i++) {
		struct port other;

		if (!port_parse(st->ports.v[i], &other) && other.host == p->host && other.udp == p->udp)
			return 1;
	}
	return 0;
}

static int is_sandbox(const struct port *p, const char *states, struct buf *ret)
{
	struct words names = { 0 };
	int found = 0;

	state_list(states, &names);
	for (size_t i = 0; !found && i < names.n; i++) {
		struct state st;

		if (state_read(states, names.v[i], &st))
			continue;
		found = st.lock < 0 && st.network && has_port(&st, p);
		if (found)
			buf_printf(ret, "sandbox %s", names.v[i]);
		state_free(&st);
	}
	words_free(&names);
	return found;
}

/* The socket's inode of who listens there, from a file as /proc/net/tcp; 0 nobody. */
static unsigned long listener(const char *file, const struct port *p)
{
	unsigned long inode = 0, one;
	unsigned port, status;
	char line[512];
	FILE *f = fopen(file, "re");

	while (f && !inode && fgets(line, sizeof(line), f))
		if (sscanf(line, " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x %*s %*s %*s %*u %*d %lu", &port, &status, &one) == 3 &&
		    port == p->host && (p->udp || status == 0x0a))
			inode = one;
	if (f)
		fclose(f);
	return inode;
}

static int has_socket(const char *pid, const char *want)
{
	char path[64], target[64];
	struct dirent *e;
	int found = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
	d = opendir(path);
	while (d && !found && (e = readdir(d))) {
		ssize_t len = readlinkat(dirfd(d), e->d_name, target, sizeof(target) - 1);

		target[len < 0 ? 0 : len] = '\0';
		found = !strcmp(target, want);
	}
	if (d)
		closedir(d);
	return found;
}

static void put_process(const char *pid, struct buf *ret)
{
	char path[64], name[64] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, name, sizeof(name) - 1) > 0)
		name[strcspn(name, "\n")] = '\0';
	if (fd >= 0)
		close(fd);
	buf_printf(ret, "%s (pid %s)", name, pid);
}

static int is_process(const struct port *p, struct buf *ret)
{
	static const char *const files[2][2] = { { "/proc/net/tcp", "/proc/net/tcp6" }, { "/proc/net/udp", "/proc/net/udp6" } };
	unsigned long inode = 0;
	struct dirent *e;
	char want[64];
	int found = 0;
	DIR *d;

	for (int i = 0; !inode && i < 2; i++)
		inode = listener(files[p->udp][i], p);
	snprintf(want, sizeof(want), "socket:[%lu]", inode);
	d = inode ? opendir("/proc") : NULL;
	while (d && !found && (e = readdir(d))) {
		found = *e->d_name >= '1' && *e->d_name <= '9' && has_socket(e->d_name, want);
		if (found)
			put_process(e->d_name, ret);
	}
	if (d)
		closedir(d);
	return found;
}

int port_holder(const struct port *p, const char *states, struct buf *ret)
{
	return is_sandbox(p, states, ret) || is_process(p, ret);
}
