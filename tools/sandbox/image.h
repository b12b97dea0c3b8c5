/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an image is: layers of the store, and how a command is to be run on them. In the store it is lines of "KEY VALUE". */
#ifndef CGX_SANDBOX_IMAGE_H
#define CGX_SANDBOX_IMAGE_H

#include "sandbox/store.h"

#define IMAGE_LAYERS 127 /* most, as docker has it; see mount_overlay() */

struct image {
	char *id;              /* 64 digits: the digest of its configuration, or of what it was made of */
	char *source;          /* where it came from, in words; may be NULL */
	char *arch;            /* "amd64"; NULL unknown */
	char *user, *cwd, *stop; /* NULL: none; stop: a signal */
	uint64_t created_us;   /* since 1970, when it came into the store */
	uint64_t size;         /* of the files in its layers, bytes */
	struct words layers;   /* ids, the lowest first */
	struct words env, cmd, entrypoint, labels, ports; /* NAME=VALUE, words, "80/tcp" */
	struct words shell;    /* what a build hands RUN in shell form to */
	int has_cmd, has_entrypoint; /* a list that is there and empty is not none */
};

void image_free(struct image *i);
int image_copy(const struct image *from, struct image *to);
/* Pure. -EBADMSG; -ENOMEM. */
int image_parse(const char *text, size_t n, struct image *ret);
void image_print(const struct image *i, struct buf *ret);

/* Text is a name: letters, digits, . _ - / : @ +, beginning with a letter or digit, at most 200; -EINVAL with why. ret: as it is
 * kept, ":latest" taken off. */
int image_name(const char *text, char ret[256], struct buf *why);
/* By name, or by "sha256:" and 4 digits or more of its id, or 6 or more digits alone. -ENOENT; -errno with words. ret_name may
 * be NULL; malloc'd. */
int image_find(struct store *s, const char *text, struct image *ret, char **ret_name);
int image_read(struct store *s, const char *name, struct image *ret);
int image_write(struct store *s, const char *name, const struct image *i);
int image_forget(struct store *s, const char *name);
/* Names of all, sorted. Those without one are "sha256:ID". */
int image_list(struct store *s, struct words *ret);
/* For store_collect(). */
int image_layers_of_all(struct store *s, struct words *ret);

/* NAME=VALUE in place of what there was of that name. */
int image_set(struct words *list, const char *assignment);
/* The value of a name; NULL. */
const char *image_get(const struct words *list, const char *name);
/* What the machine is called in images: "amd64". */
const char *image_machine(void);

#endif
