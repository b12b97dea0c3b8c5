/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An image from a Containerfile: its instructions in order, each a change of what the image says or a layer more. A layer is
 * kept under a key made of what it lies on, the instruction and what that reads; a build that comes to the same key takes it.
 */
#ifndef CGX_SANDBOX_BUILD_H
#define CGX_SANDBOX_BUILD_H

#include "sandbox/containerfile.h"
#include "sandbox/ignore.h"
#include "sandbox/stack.h"
#include "ui/frame.h"

struct build_stage {
	char *name;              /* AS name; NULL */
	struct image image;
	struct stack stack;
};

struct build {
	struct frame *f;
	struct store *store;
	char *file;              /* the Containerfile, in words */
	const char *called;      /* the directory, in words */
	int context;             /* it */
	struct words given;      /* --build-arg NAME=VALUE */
	struct words limits;     /* NAME=VALUE, of RUN */
	int host_net, no_cache, quiet;
	const char *target;      /* the stage to end with; NULL the last */

	struct containerfile steps;
	struct ignore ignore;
	struct words global;     /* ARG before the first FROM */
	struct words used;       /* names of those given that an ARG took */
	struct build_stage *stage; /* all so far; the last one is being made */
	size_t n_stages;
	struct words args;       /* ARG of this stage, with their values */
	int own_cmd;             /* CMD was said in this stage */
	struct store_new new;
	unsigned n_made;         /* folders in it */
	const struct instruction *at, *told;
};

/* 0, and the image in the store under each name, or its id; else an exit status after words. ret_name: malloc'd. */
int build_image(struct build *b, const struct words *names, char **ret_name);
void build_free(struct build *b);

/* ---- for the instructions' files ---- */

struct build_stage *build_stage(struct build *b);
/* "FILE:LINE: WORD: CAUSE"; -EBADMSG. cause may be NULL where the store's failure has words already. */
int build_fail(struct build *b, int err, const char *cause);
/* Text with variables put in, as one or as words; their words on failure. */
int build_expand(struct build *b, const char *text, struct buf *ret);
int build_expand_here(struct build *b, const char *text, struct buf *ret);
int build_words(struct build *b, const char *text, struct words *ret);
/* A path of the image: joined to its working directory, freed of "." and "..". */
int build_path(struct build *b, const char *path, struct buf *ret);
/* The value behind --NAME= of the instruction; NULL. */
const char *build_flag(const struct build *b, const char *name);
/* -EBADMSG when there is a flag that is not in the NULL-terminated list. */
int build_check_flags(struct build *b, const char *const *known);
/* A folder to make a layer in. */
int build_folder(struct build *b, char name[32]);
/* A key: begins with what the layer will lie on. */
void build_key_begin(struct build *b, struct sha256 *h);
void build_key_add(struct sha256 *h, const char *text);
/* 1 a layer is known by the key, and lies on the others now (or none was needed); 0 not; -errno. */
int build_known(struct build *b, const char *key);
/* What was made in name becomes a layer of that digest, known by the key from now on. name NULL: the step made nothing. */
int build_layer(struct build *b, const char *key, const char *name, const char *digest);

/* build_copy.c: COPY, ADD, WORKDIR's folder. */
int build_copy(struct build *b);
int build_make_folder(struct build *b, const char *path);
/* build_run.c */
int build_run(struct build *b);

#endif
