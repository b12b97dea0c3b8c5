/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The documents of OCI images and of what docker save writes, read from memory: image-spec 1.1, image-layout, index,
 * manifest, config. Pure; what they say is checked where it is used, but digests are digests and paths are relative here.
 */
#ifndef CGX_SANDBOX_MANIFEST_H
#define CGX_SANDBOX_MANIFEST_H

#include "sandbox/image.h"
#include "sandbox/sha256.h"

#define MANIFEST_BYTES  (4u << 20) /* a document has no more */
#define MANIFEST_IMAGES 512        /* nor an index more entries */

enum media { MEDIA_OTHER, MEDIA_INDEX, MEDIA_MANIFEST, MEDIA_LAYER };

struct descriptor {
	enum media media;
	char *type;              /* the media type; NULL none was given */
	char digest[SHA256_HEX + 1];
	uint64_t size;
	char *os, *arch, *ref;   /* NULL unknown; ref: what the index calls it */
};

struct descriptors {
	struct descriptor *v;
	size_t n;
};

struct manifest {
	struct descriptor config;
	struct descriptors layers; /* the lowest first */
};

/* One image of docker save. */
struct saved {
	char *config;            /* paths below the archive's root */
	struct words layers, tags;
};

struct saved_images {
	struct saved *v;
	size_t n;
};

void descriptors_free(struct descriptors *d);
void manifest_free(struct manifest *m);
void saved_free(struct saved_images *s);

/* All: 0; -EBADMSG or -EOPNOTSUPP with why; -ENOMEM. */
int manifest_read_layout(const char *text, size_t n, struct buf *why);
int manifest_read_index(const char *text, size_t n, struct descriptors *ret, struct buf *why);
int manifest_read(const char *text, size_t n, struct manifest *ret, struct buf *why);
/* The image's configuration, and the digests of its layers without compression. */
int manifest_read_config(const char *text, size_t n, struct image *ret, struct words *ret_diffs, struct buf *why);
int manifest_read_saved(const char *text, size_t n, struct saved_images *ret, struct buf *why);

#endif
