/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's process connector: who has executed a program or changed identity. */
#ifndef CGX_RULES_CONNECTOR_H
#define CGX_RULES_CONNECTOR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ui/frame.h"

enum happening { HAPPENING_CHANGED, HAPPENING_FORK, HAPPENING_EXIT };
struct process_event {
	enum happening what;
	pid_t pid;           /* of the process, not of its thread */
	pid_t parent;        /* of a fork */
};

#define CONNECTOR_BATCH 64
struct connector {
	int fd;
	int births;          /* forks and exits are told, too */
	uint32_t drops;      /* of the kernel, when it was last asked */
};

/* Begin to listen. buffer: bytes for what is not read yet. 0, or -1 after a message. */
int connector_open(const struct frame *f, uint64_t buffer, struct connector *ret);
void connector_close(struct connector *c);
/* Forks and exits are many, and wanted only while there are marks that a child takes over. -errno. */
int connector_births(struct connector *c, int wanted);
/* What has come, in order, at most CONNECTOR_BATCH. A count, 0 nothing; -ENOBUFS some were lost; -errno. */
int connector_read(struct connector *c, struct process_event *ret);
/* Events the kernel had to drop since this was asked last: those we had wanted. */
uint64_t connector_lost(struct connector *c);

#endif
