/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The root: an overlay of the layers, or of the directory that was named, and of a writable layer, with fresh /proc and
 * /sys and the volumes in it. It is put together on a tmpfs in the sandbox's own mount namespace.
 */
#ifndef CGX_SANDBOX_ROOTFS_H
#define CGX_SANDBOX_ROOTFS_H

#include "sandbox/launch.h"

int rootfs_open(struct launch *l);
int rootfs_layer(struct launch *l);
void rootfs_close(struct launch *l);
int rootfs_send(struct launch *l);
int rootfs_mount(struct launch *l);
int rootfs_kernel(struct launch *l);
int rootfs_volumes(struct launch *l);
int rootfs_mask(struct launch *l);
int rootfs_pivot(struct launch *l);
int rootfs_cwd(struct launch *l);
/* The root of what runs no more, for this process alone, which gets a mount namespace of its own: in *ret is nothing but layers
 * and what was written. Before anything else was done; -errno with words. */
int rootfs_show(struct launch *l, int *ret);
/* Bind a file or directory of the host, opened at fd, on path inside: used by those who mount below the root. */
int rootfs_attach(struct launch *l, int tree, const char *path, int is_dir);

#endif
