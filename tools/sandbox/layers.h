/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Archives into layers, and what is copied into archives. The only file that knows libarchive, which is loaded when the first one is read. */
#ifndef CGX_SANDBOX_LAYERS_H
#define CGX_SANDBOX_LAYERS_H

#include <stdint.h>

#include "sandbox/sha256.h"
#include "sandbox/tree.h"

#define LAYERS_WHITEOUTS (1u << 0) /* .wh.NAME and .wh..wh..opq mean what OCI says; else they are names as others */

struct layers_how {
	const char *called;  /* in words of a failure */
	int fd;              /* read from where it stands to its end */
	uint64_t size;       /* what is read must have, UINT64_MAX any */
	const char *digest;  /* the same, in hexadecimal; NULL any */
	const char *into;    /* folder of the layer that names are below; NULL its root */
	unsigned flags;
};

/*
 * Unpack a tar archive, plain or compressed (gzip, zstd, xz, bzip2, lz4, lzip), into a tree that was begun; tree_end() is the caller's. The digest of
 * the archive without compression, what OCI calls its diff id, in ret; NULL nobody asks. -EBADMSG it is no archive, is
 * damaged, or not what the digest says; -errno.
 */
int layers_unpack(const struct layers_how *how, struct tree *t, char ret[SHA256_HEX + 1]);
/* 1: what is there begins as something that layers_unpack() takes; 0; -errno. fd is back at its beginning then. */
int layers_is_archive(int fd);

struct pack; /* a tar archive that is being written */
struct pack_entry {
	const char *name;
	mode_t mode;           /* with its kind: a file, a directory, a link, a pipe */
	uint64_t size;         /* of a file; as many bytes follow */
	const char *target;    /* of a link */
	const struct tree_meta *meta; /* owner and time */
};

/* All -errno with words. fd is borrowed. */
int pack_begin(int fd, const char *called, const struct failure *f, struct pack **ret);
int pack_add(struct pack *p, const struct pack_entry *e);
int pack_data(struct pack *p, const void *data, size_t n);
int pack_end(struct pack *p);
void pack_free(struct pack *p);

#endif
