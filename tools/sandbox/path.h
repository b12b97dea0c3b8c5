/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every path below a sandbox's root, and nothing else: what lies there is hostile and may change meanwhile. All by
 * descriptors and openat2 (Linux 5.6), no name leads out, no magic link is followed.
 */
#ifndef CGX_SANDBOX_PATH_H
#define CGX_SANDBOX_PATH_H

#include <sys/types.h>

/* O_PATH of what lies at path below root; symbolic links lead within root. -errno. */
int path_open(int root, const char *path);
/* The same, and no symbolic link on the way: for /proc, /dev and others that must be what they are called. */
int path_open_plain(int root, const char *path);
/* The same, but a link at the end of path is what is opened. */
int path_look(int root, const char *path);
/* Open a file for reading: regular, else -EINVAL; at most 1 MiB is of interest to whoever reads it. */
int path_read(int root, const char *path);
/* The directory at path, made with its parents where it is missing. */
int path_make_dir(int root, const char *path, mode_t mode);
/* 1: fd, which may be O_PATH, lies in what the kernel itself shows as files, as /proc and /sys. -errno. */
int path_is_kernels(int fd);
/* A file to mount on, made empty where it is missing. */
int path_make_file(int root, const char *path);

#endif
