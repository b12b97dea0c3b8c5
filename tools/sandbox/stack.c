/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layers on one another. */
#include "sandbox/stack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int stack_push(struct stack *s, const struct failure *f, int held, const char *id)
{
	int root = s->n == IMAGE_LAYERS ? -1 : openat(held, "root", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (root < 0) {
		int r = s->n == IMAGE_LAYERS ? -E2BIG : -errno;

		close(held);
		if (r == -E2BIG)
			failure_advise(f, "fewer instructions make fewer layers: several commands in one RUN, several sources in one COPY");
		return failure_say(f, r, id, "put the layer on the others", r == -E2BIG ? "more than %d layers" : NULL, IMAGE_LAYERS);
	}
	memmove(s->held + 1, s->held, s->n * sizeof(*s->held));
	memmove(s->tree + 1, s->tree, s->n * sizeof(*s->tree));
	s->held[0] = held;
	s->tree[0] = root;
	s->n++;
	snprintf(s->id, sizeof(s->id), "%s", id);
	return 0;
}

int stack_image(struct stack *s, struct store *store, const struct image *i)
{
	int r = 0;

	for (size_t n = 0; !r && n < i->layers.n; n++) {
		int held = store_hold(store, i->layers.v[n]);

		if (held == -ENOENT) {
			failure_advise(&store->failure, "import or build the image again");
			failure_say(&store->failure, held, i->layers.v[n], "open the layer", "it is not in the store any more");
		}
		r = held < 0 ? held : stack_push(s, &store->failure, held, i->layers.v[n]);
	}
	return r;
}

void stack_free(struct stack *s)
{
	while (s->n) {
		close(s->held[--s->n]);
		close(s->tree[s->n]);
	}
	*s = (struct stack){ 0 };
}

struct merged stack_view(struct stack *s)
{
	return (struct merged){ s->tree, s->n };
}

void stack_next_id(const struct stack *s, const char *digest, char ret[SHA256_HEX + 1])
{
	struct sha256 h;

	if (!s->n) {
		snprintf(ret, SHA256_HEX + 1, "%s", digest);
		return;
	}
	sha256_begin(&h);
	sha256_add(&h, s->id, SHA256_HEX);
	sha256_add(&h, digest, SHA256_HEX);
	sha256_end(&h, ret);
}
