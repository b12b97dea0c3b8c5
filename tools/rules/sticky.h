/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes that are to be left alone, and the socket by which libcgroup's tools and cgx's name them. */
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
/* Take one request; before it is answered ready is called, which sees to it that births are told. */
void sticky_take(struct sticky *s, void (*ready)(void *data), void *data);
int sticky_has(const struct sticky *s, pid_t pid);
/* A child of one that is marked is marked. */
void sticky_fork(struct sticky *s, pid_t parent, pid_t child);
void sticky_exit(struct sticky *s, pid_t pid);

#endif
