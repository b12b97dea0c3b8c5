/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Processes that are to be left alone, and the socket by which libcgroup's tools and cgx's name them. By it root has the rules
 * read again as well.
 */
#ifndef CGX_RULES_STICKY_H
#define CGX_RULES_STICKY_H

#include <sys/types.h>

#include "ui/frame.h"
#include "util/map.h"

#define STICKY_SOCKET "/run/cgred.socket"

struct sticky {
	int fd;           /* -1: no socket */
	const char *path;
	struct map marks; /* by pid */
};

/* Listen at path; with (uid_t)-1 and (gid_t)-1 root alone may use it. 0, or -1 after a message. */
int sticky_open(const struct frame *f, const char *path, uid_t uid, gid_t gid, struct sticky *ret);
void sticky_close(struct sticky *s);
/*
 * Take one request. Before a mark is answered ready is called, which sees to it that births are told; reload reads the rules again
 * and gives how many there are, or -1.
 */
void sticky_take(struct sticky *s, void (*ready)(void *data), int (*reload)(void *data), void *data);
/* Have the daemon that listens at path read its rules again, and wait until it has: how many there are, or -1 after a message. */
int sticky_reload(const struct frame *f, const char *path);
int sticky_has(const struct sticky *s, pid_t pid);
/* A child of one that is marked is marked. */
void sticky_fork(struct sticky *s, pid_t parent, pid_t child);
void sticky_exit(struct sticky *s, pid_t pid);

#endif
