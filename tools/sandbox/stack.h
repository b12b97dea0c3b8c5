/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layers of the store that lie on one another, held so that nobody removes them. */
#ifndef CGX_SANDBOX_STACK_H
#define CGX_SANDBOX_STACK_H

#include "sandbox/image.h"
#include "sandbox/merged.h"
#include "sandbox/sha256.h"

struct stack {
	int held[IMAGE_LAYERS], tree[IMAGE_LAYERS]; /* topmost first: what keeps the layer, its root */
	size_t n;
	char id[SHA256_HEX + 1];                    /* of the topmost; "" none */
};

/* Lay one on it, of which held is the store's descriptor, taken over. 0; -errno with words. */
int stack_push(struct stack *s, const struct failure *f, int held, const char *id);
/* All layers of an image. */
int stack_image(struct stack *s, struct store *store, const struct image *i);
void stack_free(struct stack *s);
struct merged stack_view(struct stack *s);
/* The id of a layer that is to lie on it: what is below decides how its whiteouts and links are to be taken. */
void stack_next_id(const struct stack *s, const char *digest, char ret[SHA256_HEX + 1]);

#endif
