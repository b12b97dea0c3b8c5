/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers to pointers. Zero is empty; 0 and NULL cannot be kept. */
#ifndef CGX_UTIL_MAP_H
#define CGX_UTIL_MAP_H

#include <stddef.h>
#include <stdint.h>

struct map_slot {
	uint64_t key;
	void *value;
};
struct map {
	struct map_slot *slot;
	size_t size; /* a power of two, or 0 */
	size_t n;
};

/* Keep value under key, in place of what was there. 0 or -ENOMEM. */
int map_put(struct map *m, uint64_t key, void *value);
/* NULL: it is not there. */
void *map_get(const struct map *m, uint64_t key);
void map_remove(struct map *m, uint64_t key);
void map_free(struct map *m);

#endif
