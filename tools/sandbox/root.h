/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What "ROOT" names: / or a directory that holds a root, an image's name, an archive or image layout on disk, which is imported
 * when it is first seen; and what an image says of the command that runs on it.
 */
#ifndef CGX_SANDBOX_ROOT_H
#define CGX_SANDBOX_ROOT_H

#include "sandbox/image.h"
#include "ui/frame.h"

struct root {
	char *called;       /* for those who list sandboxes: a path, an image's name */
	int is_image;
	struct image image;
	int held[IMAGE_LAYERS]; /* nobody removes its layers while these are open */
	size_t n;
};

/* Fill s->root, or s->lower. 0, or an exit status after words. */
int root_find(const struct frame *f, const char *word, struct sandbox_spec *s, struct root *ret);
void root_free(struct root *r);
/* Hold an image's layers, and put them into s->lower, the topmost first. 0; a negative errno with words. */
int root_hold(struct store *store, const struct image *i, struct words *lower, struct root *ret);
/*
 * The command: argv, or the image's own where there is none; behind its entrypoint, or that which is named instead ("" none).
 * The user and the working directory, unless s has them.
 */
int root_command(const struct root *r, const char *entrypoint, int argc, char **argv, struct sandbox_spec *s);

#endif
