/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's process connector: who has executed a program or changed identity. */
#ifndef CGX_RULES_CONNECTOR_H
#define CGX_RULES_CONNECTOR_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "ui/frame.h"

enum happening { HAPPENING_CHANGED, HAPPENING_FORK, HAPPENING_EXIT };
struct process_event {
	enum happening what;
	pid_t pid;           /* of the process, not of its thread */
	pid_t parent;        /* of a fork */
	char comm[16];       /* its name, where the event tells it; "" */
};

#define CONNECTOR_BATCH 64
struct connector {
	int fd;
	unsigned wanted;     /* CONNECTOR_* */
	uint32_t drops;      /* of the kernel, when it was last asked */
	struct mmsghdr message[CONNECTOR_BATCH]; /* they point into what follows */
	struct iovec at[CONNECTOR_BATCH];
	struct sockaddr_nl from[CONNECTOR_BATCH];
	char text[CONNECTOR_BATCH][128];
};
#define CONNECTOR_IDENTITY (1u << 0) /* another user or group */
#define CONNECTOR_BIRTHS   (1u << 1) /* forks and exits, which are many */
#define CONNECTOR_PROGRAMS (1u << 2) /* programs that begin */

/* Begin to listen to CONNECTOR_PROGRAMS and CONNECTOR_IDENTITY. buffer: bytes for what is not read yet. 0, or -1 after a
 * message. *ret stays where it is. */
int connector_open(const struct frame *f, uint64_t buffer, struct connector *ret);
void connector_close(struct connector *c);
/* What is to be told: CONNECTOR_*. -errno. */
int connector_want(struct connector *c, unsigned wanted);
/* What has come, in order, at most CONNECTOR_BATCH. 1 more may wait, 0 that was all; -ENOBUFS some were lost; -errno. */
int connector_read(struct connector *c, struct process_event *ret, int *ret_n);
/* Events the kernel had to drop since this was asked last: those we had wanted. */
uint64_t connector_lost(struct connector *c);

#endif
