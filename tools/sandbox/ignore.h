/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* .containerignore, .dockerignore: what of a directory a build does not see. Pure. */
#ifndef CGX_SANDBOX_IGNORE_H
#define CGX_SANDBOX_IGNORE_H

#include "sandbox/spec.h"

struct ignore {
	struct words patterns; /* cleaned; those with "!" let in again */
	int lets_in;           /* one of them does */
};

/* 0, -ENOMEM. */
int ignore_read(const char *text, size_t n, struct ignore *ret);
void ignore_free(struct ignore *i);
/* 1: path, without "/" in front, is not seen. The last pattern that matches it, or a folder that it is in, counts. */
int ignore_matches(const struct ignore *i, const char *path);
/* 1: path matches the pattern: * and ? within a part, ** over any, [a-z]. */
int ignore_glob(const char *pattern, const char *path);

#endif
