/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A layer's directory while it is filled, by names from outside: an archive's, or those of a directory that is copied.
 * Whatever they say, nothing is touched beside that directory: a name is cleaned of "/" in front and refused with "..";
 * its folder is found by openat2 within the layer, links that lead out end at its root; the last part is never followed.
 */
#ifndef CGX_SANDBOX_TREE_H
#define CGX_SANDBOX_TREE_H

#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "sandbox/failure.h"
#include "sandbox/merged.h"

#define TREE_BYTES   (64ull << 30) /* of files together, holes counted */
#define TREE_ENTRIES 4000000ull
#define WHITEOUT     ".wh."
#define OPAQUE       ".wh..wh..opq"

struct tree_limits { /* 0: those above */
	uint64_t bytes, entries;
};

struct tree_xattr {
	const char *name;
	const void *value;
	size_t size;
};

struct tree_meta {
	mode_t mode; /* the permissions alone */
	uid_t uid;
	gid_t gid;
	struct timespec mtime;
	const struct tree_xattr *xattr;
	size_t n_xattrs;
};

/* What was told and could not be kept. */
struct tree_dropped {
	uint64_t devices, sockets, owners, xattrs;
};

struct tree_folder {
	char *path;
	mode_t mode;
	struct timespec mtime;
};

struct tree {
	struct failure failure;
	const char *action;       /* in words of a failure: "put it into the layer" */
	int root;                 /* borrowed */
	int privileged;           /* owners can be given away */
	uid_t id_base;            /* owner 0 is this one, and so on, if they are less than id_count; others are as 0 */
	uint32_t id_count;        /* 0: owners are as told */
	int keeps_kinds;          /* what is a folder stays one, and what is none becomes none */
	struct merged view;       /* the layer itself, and what it will lie on, whose links count then */
	struct tree_limits limits;
	uint64_t bytes, entries;
	struct tree_dropped dropped;

	char parent_path[MERGED_PATH]; /* most names lie in the folder of the one before */
	int parent;               /* that folder; -1 none */
	char name[256];           /* of the file that is open, in parent */
	struct tree_folder *folder; /* modes and times that wait until nothing is written there any more */
	size_t n_folders;
};

/* An empty tree in root. below: what it will lie on, topmost first; NULL: its own names alone count. */
int tree_begin(struct tree *t, int root, const struct merged *below, const struct tree_limits *limits,
	       const struct failure *f);
/* Give folders their modes and times. */
int tree_end(struct tree *t);
void tree_free(struct tree *t);

/* All: 0, or a negative errno with words. What was called so in this layer is replaced; a directory stays one. */
int tree_folder(struct tree *t, const char *name, const struct tree_meta *meta);
/* A new file, open for writing, that will have size bytes; then tree_file_end(), which does not close it. */
int tree_file(struct tree *t, const char *name, uint64_t size, int *ret);
int tree_file_end(struct tree *t, int fd, const struct tree_meta *meta);
int tree_symlink(struct tree *t, const char *name, const char *target, const struct tree_meta *meta);
/* Another name of what this layer has already. */
int tree_link(struct tree *t, const char *name, const char *target);
int tree_fifo(struct tree *t, const char *name, const struct tree_meta *meta);
/* Nothing of that name below is to be seen. */
int tree_whiteout(struct tree *t, const char *name);
/* Nothing that lies below in this folder is to be seen. */
int tree_opaque(struct tree *t, const char *name);

/* The name without what does not matter in it: -EINVAL "..", -ENAMETOOLONG. For tests, and for fuzzing. */
int tree_clean(const char *name, char ret[MERGED_PATH]);

#endif
