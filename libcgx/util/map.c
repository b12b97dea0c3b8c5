/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers to pointers: open addressing, at most three quarters full. */
#include "map.h"

#include <errno.h>
#include <stdlib.h>

/* Fibonacci hashing: keys that count up spread evenly. */
static size_t home(const struct map *m, uint64_t key)
{
	return (size_t)((key * 0x9e3779b97f4a7c15ull) >> 32) & (m->size - 1);
}

/* The slot of key, or the empty one where it would go. */
static struct map_slot *find(const struct map *m, uint64_t key)
{
	size_t i = home(m, key);

	while (m->slot[i].key && m->slot[i].key != key)
		i = (i + 1) & (m->size - 1);
	return &m->slot[i];
}

static int grow(struct map *m)
{
	struct map more = { .size = m->size ? m->size * 2 : 64, .n = m->n };

	more.slot = calloc(more.size, sizeof(*more.slot));
	if (!more.slot)
		return -ENOMEM;
	for (size_t i = 0; i < m->size; i++)
		if (m->slot[i].key)
			*find(&more, m->slot[i].key) = m->slot[i];
	free(m->slot);
	*m = more;
	return 0;
}

int map_put(struct map *m, uint64_t key, void *value)
{
	struct map_slot *at;

	if ((m->n + 1) * 4 > m->size * 3 && grow(m))
		return -ENOMEM;
	at = find(m, key);
	m->n += !at->key;
	*at = (struct map_slot){ .key = key, .value = value };
	return 0;
}

void *map_get(const struct map *m, uint64_t key)
{
	return m->size ? find(m, key)->value : NULL;
}

void map_remove(struct map *m, uint64_t key)
{
	size_t mask = m->size - 1, hole, i;

	if (!m->size || !find(m, key)->key)
		return;
	hole = i = (size_t)(find(m, key) - m->slot);
	m->n--;
	/* those behind that would no longer be found move up */
	for (;;) {
		i = (i + 1) & mask;
		if (!m->slot[i].key)
			break;
		if (((i - home(m, m->slot[i].key)) & mask) >= ((i - hole) & mask)) {
			m->slot[hole] = m->slot[i];
			hole = i;
		}
	}
	m->slot[hole] = (struct map_slot){ 0 };
}

void map_free(struct map *m)
{
	free(m->slot);
	*m = (struct map){ 0 };
}
