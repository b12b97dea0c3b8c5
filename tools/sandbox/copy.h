/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Directories of the host, walked in the order of their names: into a layer, or for a digest of what is in them. No link of
 * theirs is followed; what changes meanwhile can make the copy odd, and cannot lead out of either.
 */
#ifndef CGX_SANDBOX_COPY_H
#define CGX_SANDBOX_COPY_H

#include "sandbox/layers.h"
#include "sandbox/sha256.h"
#include "sandbox/tree.h"

struct copy {
	int from;              /* a directory, or what name is in; borrowed */
	const char *name;      /* this file or directory in it; NULL: what is in the directory itself */
	struct tree *to;       /* NULL: the digest alone, or */
	struct pack *pack;     /* an archive */
	const char *into;      /* the name it gets in the layer; NULL: the layer's root */
	const char *called;    /* in words of a failure */
	struct failure failure; /* where to is NULL */
	struct tree_dropped *dropped; /* what no archive can have is counted; may be NULL */
	int keep_owners, keep_times;
	uid_t id_base;         /* where owners are kept: this one is 0, and so on, if there are so many; others are nobody */
	uint32_t id_count;     /* 0: they are as they are */
	int sets_mode;
	mode_t mode;           /* of all but links, where it is set */
	int no_set_id;         /* set-user-id and set-group-id bits are taken off */
	uid_t uid;             /* of all, unless owners are kept */
	gid_t gid;
	/* 1: leave it out; 2: leave the folder out, and ask for what is in it. path: below from, without "/" in front; may be NULL */
	int (*left_out)(void *data, const char *path, int is_folder);
	void *data;
};

/* 0, and the digest of what was copied in ret, which may be NULL: names, kinds, modes, contents, and what is kept. */
int copy_tree(const struct copy *c, char ret[SHA256_HEX + 1]);
/* Add the bytes of all regular files below. */
int copy_size(int dir, uint64_t *ret);

#endif
