/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* NETLINK_CONNECTOR, CN_IDX_PROC. A socket filter lets through only what is wanted: forks and exits cost nothing. */
#include "rules/connector.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ui/message.h"
#include "util/cleanup.h"

/* In a message: the netlink header, the connector's, the event. */
#define EVENT_AT (NLMSG_HDRLEN + sizeof(struct cn_msg))
#define KEEP 0xffffffffu

static void add(struct sock_filter *f, unsigned short *n, struct sock_filter step)
{
	f[(*n)++] = step;
}

/* What is not wanted costs nobody a wake-up. */
static int set_filter(int fd, unsigned wanted)
{
	static const struct {
		unsigned wanted;
		uint32_t what;
	} events[] = {
		{ 0, PROC_EVENT_NONE }, { CONNECTOR_PROGRAMS, PROC_EVENT_EXEC },
		{ CONNECTOR_IDENTITY, PROC_EVENT_UID }, { CONNECTOR_IDENTITY, PROC_EVENT_GID },
		{ CONNECTOR_BIRTHS, PROC_EVENT_FORK }, { CONNECTOR_BIRTHS, PROC_EVENT_EXIT },
	};
	struct sock_filter f[2 + 2 * sizeof(events) / sizeof(*events)];
	struct sock_fprog p = { .filter = f };

	add(f, &p.len, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, EVENT_AT));
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
		if (events[i].wanted && !(events[i].wanted & wanted))
			continue;
		/* loads are in network order */
		add(f, &p.len, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(events[i].what), 0, 1));
		add(f, &p.len, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, KEEP));
	}
	add(f, &p.len, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0));
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof(p)) < 0 ? -errno : 0;
}

static int subscribe(int fd, enum proc_cn_mcast_op op)
{
	char m[NLMSG_SPACE(sizeof(struct cn_msg) + sizeof(op))] __attribute__((aligned(NLMSG_ALIGNTO))) = { 0 };
	struct nlmsghdr h = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct cn_msg) + sizeof(op)), .nlmsg_type = NLMSG_DONE };
	struct cn_msg cn = { .id = { .idx = CN_IDX_PROC, .val = CN_VAL_PROC }, .len = sizeof(op) };

	memcpy(m, &h, sizeof(h));
	memcpy(m + NLMSG_HDRLEN, &cn, sizeof(cn));
	memcpy(m + EVENT_AT, &op, sizeof(op));
	return send(fd, m, h.nlmsg_len, 0) < 0 ? -errno : 0;
}

/* The kernel answers a subscription; outside its first namespaces it does not. */
static int await_answer(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char m[512];

	for (int i = 0; i < 64 && poll(&p, 1, 1000) > 0; i++) {
		ssize_t n = recv(fd, m, sizeof(m), MSG_DONTWAIT);
		struct proc_event e;

		if (n < (ssize_t)(EVENT_AT + offsetof(struct proc_event, event_data) + sizeof(e.event_data.ack)))
			continue;
		memset(&e, 0, sizeof(e));
		memcpy(&e, m + EVENT_AT, (size_t)n - EVENT_AT < sizeof(e) ? (size_t)n - EVENT_AT : sizeof(e));
		if (e.what == PROC_EVENT_NONE)
			return -(int)e.event_data.ack.err;
		return 0; /* an event: it works */
	}
	return -ETIMEDOUT;
}

static int say(const struct frame *f, int err, const char *action)
{
	static const char *const object = "the kernel's process events";

	if (err == -EPERM || err == -EACCES)
		msg_error(f, "run it as root, or with CAP_NET_ADMIN", "%s: %s: %s", object, action, strerror(-err));
	else if (err == -EPROTONOSUPPORT || err == -ECONNREFUSED)
		msg_error(f, "it takes CONFIG_PROC_EVENTS; cgx-rulesd --once does without, from a timer",
			  "%s: %s: this kernel has none", object, action);
	else if (err == -ETIMEDOUT)
		msg_error(f, "run it outside of containers; cgx-rulesd --once does without, from a timer",
			  "%s: %s: no answer: they are told only in the first pid, user and net namespaces", object, action);
	else
		msg_errno(f, err, object, action);
	return -1;
}

static void make_room(struct connector *c)
{
	for (int i = 0; i < CONNECTOR_BATCH; i++) {
		c->at[i] = (struct iovec){ c->text[i], sizeof(c->text[i]) };
		c->message[i].msg_hdr = (struct msghdr){ .msg_name = &c->from[i], .msg_namelen = sizeof(c->from[i]),
							 .msg_iov = &c->at[i], .msg_iovlen = 1 };
	}
}

int connector_open(const struct frame *f, uint64_t buffer, struct connector *ret)
{
	struct sockaddr_nl at = { .nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC };
	AUTO_CLOSE int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR);
	int size = buffer > (1u << 30) ? 1 << 30 : (int)buffer, r;

	if (fd < 0)
		return say(f, -errno, "open");
	/* beyond the host's limit only for who may */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	r = set_filter(fd, CONNECTOR_PROGRAMS | CONNECTOR_IDENTITY);
	if (r)
		return say(f, r, "filter");
	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return say(f, -errno, "listen to them");
	r = subscribe(fd, PROC_CN_MCAST_LISTEN);
	if (!r)
		r = await_answer(fd);
	if (r)
		return say(f, r, "listen to them");
	*ret = (struct connector){ .fd = steal_fd(&fd), .wanted = CONNECTOR_PROGRAMS | CONNECTOR_IDENTITY };
	make_room(ret);
	return 0;
}

void connector_close(struct connector *c)
{
	if (c->fd < 0)
		return;
	subscribe(c->fd, PROC_CN_MCAST_IGNORE);
	close(c->fd);
	c->fd = -1;
}

int connector_want(struct connector *c, unsigned wanted)
{
	int r = c->wanted == wanted ? 0 : set_filter(c->fd, wanted);

	if (!r)
		c->wanted = wanted;
	return r;
}

/* 1 it is one that counts. */
static int understand(const char *m, size_t len, struct process_event *ret)
{
	struct proc_event e = { 0 };

	if (len < EVENT_AT + offsetof(struct proc_event, event_data))
		return 0;
	memcpy(&e, m + EVENT_AT, len - EVENT_AT < sizeof(e) ? len - EVENT_AT : sizeof(e));
	ret->parent = 0;
	ret->comm[0] = '\0';
	if (e.what == PROC_EVENT_EXEC || e.what == PROC_EVENT_UID || e.what == PROC_EVENT_GID) {
		/* all three begin with the thread and its process */
		ret->what = HAPPENING_CHANGED;
		ret->pid = e.event_data.exec.process_tgid;
		return 1;
	}
	if (e.what == PROC_EVENT_FORK) {
		ret->what = HAPPENING_FORK;
		ret->pid = e.event_data.fork.child_tgid;
		ret->parent = e.event_data.fork.parent_tgid;
		return e.event_data.fork.child_pid == e.event_data.fork.child_tgid;
	}
	ret->what = HAPPENING_EXIT;
	ret->pid = e.event_data.exit.process_tgid;
	return e.what == PROC_EVENT_EXIT && e.event_data.exit.process_pid == e.event_data.exit.process_tgid;
}

int connector_read(struct connector *c, struct process_event *ret, int *ret_n)
{
	int n = recvmmsg(c->fd, c->message, CONNECTOR_BATCH, MSG_DONTWAIT, NULL);

	*ret_n = 0;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		/* the kernel alone is believed */
		if (!c->from[i].nl_pid && understand(c->text[i], c->message[i].msg_len, &ret[*ret_n]))
			(*ret_n)++;
		c->message[i].msg_hdr.msg_namelen = sizeof(c->from[i]);
	}
	return n == CONNECTOR_BATCH;
}

uint64_t connector_lost(struct connector *c)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 }, lost;
	socklen_t len = sizeof(info);

	if (getsockopt(c->fd, SOL_SOCKET, SO_MEMINFO, info, &len) < 0 || len <= SK_MEMINFO_DROPS * sizeof(*info))
		return 0;
	lost = info[SK_MEMINFO_DROPS] - c->drops;
	c->drops = info[SK_MEMINFO_DROPS];
	return lost;
}
