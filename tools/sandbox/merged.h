/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Layers laid over one another, looked at without mounting them: what a name is in the root that they make. Paths are
 * below that root, without "/" at either end, "" the root itself.
 */
#ifndef CGX_SANDBOX_MERGED_H
#define CGX_SANDBOX_MERGED_H

#include <stddef.h>
#include <sys/stat.h>

#define MERGED_PATH 4096

struct merged {
	int *fd;  /* a directory each, the topmost first; borrowed */
	size_t n;
};

/* 1: overlay takes it for "nothing is here". */
int is_whiteout(const struct stat *st);
/* 1: the directory hides those below it of the same name. An O_PATH descriptor will do. */
int is_opaque(int dir);

/* What lies at a path without symbolic links in its folders; a link at its end is told as such. The number of the layer
 * that has it; -ENOENT, -errno. */
int merged_stat(const struct merged *m, const char *path, struct stat *ret);
/*
 * The path without links that path leads to; what is not there yet is the rest of it. 0 also when nothing is there.
 * -ENAMETOOLONG, -ELOOP, -ENOTDIR, -errno.
 */
int merged_resolve(const struct merged *m, const char *path, char ret[MERGED_PATH]);
/* A regular file, for reading. -ENOENT, -EINVAL another kind, -errno. */
int merged_read(const struct merged *m, const char *path);

#endif
