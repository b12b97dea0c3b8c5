/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where images lie: /var/lib/cgx/images, an ordinary user's $XDG_DATA_HOME/cgx/images or ~/.local/share/cgx/images. Its
 * folders: layers/ID/root unpacked layers; names/NAME what an image is (image.h); cache/KEY which layer a step of a build
 * made; seen/KEY which image a file on disk became; new/ what is being made. What is made comes in place by one rename, under
 * a lock; whoever holds one of new/ locks it, so that what was left by one who was killed is found and removed. Nobody else
 * may look in: a layer has files of root with set-id bits.
 */
#ifndef CGX_SANDBOX_STORE_H
#define CGX_SANDBOX_STORE_H

#include "sandbox/failure.h"
#include "sandbox/spec.h"

enum store_kind { STORE_NAMES, STORE_CACHE, STORE_SEEN };

struct store {
	struct failure failure;
	char *path;    /* absolute */
	int dir, lock;
};

/* A folder of new/: nobody else's. */
struct store_new {
	char name[32];
	int dir;       /* of it, locked */
};

/* -ENOENT there is none and make is 0; else -errno with words. */
int store_open(struct store *s, int make, const struct failure *f);
void store_close(struct store *s);

/* Begin something new; sweeps what others left. */
int store_begin(struct store *s, struct store_new *ret);
/* Make a folder in it and open it. */
int store_folder(struct store *s, const struct store_new *n, const char *name);
/* Forget it and all that is in it. */
void store_abandon(struct store *s, struct store_new *n);
/* What is called name in it becomes the layer ID, unless there is one; and it is held as store_hold() does. */
int store_commit(struct store *s, const struct store_new *n, const char *name, const char *id);
/* A layer, that nobody removes while the descriptor is open: of ID/, in which root/ is the layer. -ENOENT, -errno. */
int store_hold(struct store *s, const char *id);
/* The path of a layer's tree. malloc'd; NULL no memory. */
char *store_layer(const struct store *s, const char *id);

/* Small texts by name. A name has no "/" and does not begin with "."; -EINVAL. */
int store_read(struct store *s, enum store_kind kind, const char *name, struct buf *ret);
int store_write(struct store *s, enum store_kind kind, const char *name, const struct buf *text);
int store_forget(struct store *s, enum store_kind kind, const char *name);
int store_list(struct store *s, enum store_kind kind, struct words *ret);
/* Remove layers that are neither kept nor held by anybody, and what others left in new/. kept() tells the ids, while nobody
 * writes a name. */
int store_collect(struct store *s, int (*kept)(struct store *s, struct words *ret));

#endif
