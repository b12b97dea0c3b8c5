/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mount system calls of Linux 5.2 and later, by descriptors. Each -errno. */
#ifndef CGX_SANDBOX_MOUNTS_H
#define CGX_SANDBOX_MOUNTS_H

#include <stddef.h>
#include <stdint.h>

#include <linux/mount.h>

/* A mount of a new file system, attached nowhere. options: "key", "value" pairs, value NULL a flag, key NULL the end;
 * attributes MOUNT_ATTR_*. */
int mount_new(const char *type, const char *const *options, uint64_t attributes);
/* An overlay; lower: names below the working directory, without a colon, the topmost first. More than about 80, which is what
 * one text takes, need Linux 6.8: -EINVAL. */
#define MOUNT_LAYERS 128
int mount_takes_layers(size_t n); /* 0 this kernel cannot, for sure; an ordinary user cannot ask */
int mount_overlay(const char *const *lower, size_t n, const char *const *options, uint64_t attributes);
/* A copy of what is mounted at fd, or at path below it, attached nowhere. The copy of a shared mount is its peer: what is
* mounted on one appears on the other, until mount_change(). */
int mount_copy(int fd, const char *path, int below);
/* Change a mount, with those below it, and take it out of its peers. userns_fd -1: owners stay. */
int mount_change(int fd, uint64_t set, int userns_fd, int below);
/* Attach it where to is. */
int mount_move(int fd, int to, const char *path);

#endif
