/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happened so far, for the summary. */
#include "oom/tally.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ui/text.h"

#define SHOWN 40 /* groups in the text */

void tally_free(struct tally *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		free(t->group[i].path);
	free(t->group);
	free(t->chain);
	*t = (struct tally){ 0 };
}

/* ---- chains and the order of events; places count from 1 ---- */

static struct tally_group *at(const struct tally *t, uint32_t place)
{
	return &t->group[place - 1];
}

static uint32_t *head_of(const struct tally *t, const char *path)
{
	uint32_t h = 2166136261u;

	for (; *path; path++)
		h = (h ^ (unsigned char)*path) * 16777619u;
	return &t->chain[h % TALLY_GROUPS];
}

static void unlink_order(struct tally *t, uint32_t place)
{
	struct tally_group *g = at(t, place);

	*(g->older ? &at(t, g->older)->newer : &t->oldest) = g->newer;
	*(g->newer ? &at(t, g->newer)->older : &t->newest) = g->older;
}

static void link_newest(struct tally *t, uint32_t place)
{
	struct tally_group *g = at(t, place);

	g->older = t->newest;
	g->newer = 0;
	*(t->newest ? &at(t, t->newest)->newer : &t->oldest) = place;
	t->newest = place;
}

static void unlink_chain(struct tally *t, uint32_t place)
{
	uint32_t *p = head_of(t, at(t, place)->path);

	while (*p != place)
		p = &at(t, *p)->next;
	*p = at(t, place)->next;
}

/* The group without an event for longest joins the others. Returns its place, which is free then. */
static uint32_t let_go(struct tally *t)
{
	uint32_t place = t->oldest;
	struct tally_group *g = at(t, place);

	unlink_chain(t, place);
	unlink_order(t, place);
	for (int k = 0; k < TALLY_KINDS; k++)
		t->others[k] += g->n[k];
	t->gone++;
	t->names -= strlen(g->path);
	free(g->path);
	*g = (struct tally_group){ 0 };
	return place;
}

/* Keep the array dense: the last group takes the free place. */
static void close_gap(struct tally *t, uint32_t place)
{
	uint32_t last = t->n--;
	struct tally_group *g = at(t, place);
	uint32_t *p;

	if (place == last)
		return;
	p = head_of(t, at(t, last)->path);
	while (*p != last)
		p = &at(t, *p)->next;
	*p = place;
	*g = *at(t, last);
	*(g->older ? &at(t, g->older)->newer : &t->oldest) = place;
	*(g->newer ? &at(t, g->newer)->older : &t->newest) = place;
}

/* ---- adding ---- */

static int grow(struct tally *t)
{
	uint32_t cap = t->cap ? t->cap * 2 : 64;
	struct tally_group *more = reallocarray(t->group, cap, sizeof(*more));

	if (!more)
		return -1;
	t->group = more;
	t->cap = cap;
	return 0;
}

static struct tally_group *new_group(struct tally *t, const char *path)
{
	size_t len = strlen(path);
	char *copy = strdup(path);
	uint32_t *head;

	while (copy && t->n && (t->n == TALLY_GROUPS || t->names + len > TALLY_NAMES))
		close_gap(t, let_go(t));
	if (!copy || (t->n == t->cap && grow(t) < 0)) {
		free(copy);
		return NULL;
	}
	t->n++;
	t->names += len;
	head = head_of(t, path);
	*at(t, t->n) = (struct tally_group){ .path = copy, .next = *head };
	*head = t->n;
	link_newest(t, t->n);
	return at(t, t->n);
}

static struct tally_group *group_of(struct tally *t, const char *path)
{
	if (!t->chain)
		t->chain = calloc(TALLY_GROUPS, sizeof(*t->chain));
	if (!t->chain)
		return NULL;
	for (uint32_t i = *head_of(t, path); i; i = at(t, i)->next)
		if (!strcmp(at(t, i)->path, path)) {
			unlink_order(t, i);
			link_newest(t, i);
			return at(t, i);
		}
	return new_group(t, path);
}

void tally_add(struct tally *t, const struct cgx_event *e)
{
	struct tally_group *g = NULL;

	t->events++;
	t->all[e->kind] += e->count;
	if (e->kind == CGX_E_EMPTIED || e->kind == CGX_E_REMOVED || e->kind == CGX_E_UNSEEN)
		return;
	g = group_of(t, e->path);
	if (!g) {
		t->others[e->kind] += e->count;
		return;
	}
	g->n[e->kind] += e->count;
	g->last = t->events;
}

/* ---- telling ---- */

/* Kills first, then denied forks, then what came last. */
static int worse_first(const void *a, const void *b)
{
	const struct tally_group *x = *(const struct tally_group *const *)a, *y = *(const struct tally_group *const *)b;

	if (x->n[CGX_E_KILL] != y->n[CGX_E_KILL])
		return x->n[CGX_E_KILL] < y->n[CGX_E_KILL] ? 1 : -1;
	if (x->n[CGX_E_FORK] != y->n[CGX_E_FORK])
		return x->n[CGX_E_FORK] < y->n[CGX_E_FORK] ? 1 : -1;
	return x->last < y->last ? 1 : x->last > y->last ? -1 : 0;
}

static const struct tally_group **sorted(const struct tally *t)
{
	const struct tally_group **g = calloc((size_t)t->n + 1, sizeof(const struct tally_group *));

	for (uint32_t i = 0; g && i < t->n; i++)
		g[i] = &t->group[i];
	if (g)
		qsort(g, t->n, sizeof(const struct tally_group *), worse_first);
	return g;
}

static const struct {
	const char *one, *many, *key;
} words[TALLY_KINDS] = {
	[CGX_E_KILL] = { "process killed", "processes killed", "kills" },
	[CGX_E_FORK] = { "fork denied", "forks denied", "forks_denied" },
	[CGX_E_STALLED] = { "stall", "stalls", "stalls" },
	[CGX_E_OOM] = { "time out of memory", "times out of memory", "ooms" },
	[CGX_E_LIMIT] = { "limit hit", "limit hits", "limit_hits" },
	[CGX_E_EMPTIED] = { "emptied", "emptied", "emptied" },
	[CGX_E_REMOVED] = { "removed", "removed", "removed" },
	[CGX_E_PRESSURE] = { "time under pressure", "times under pressure", "pressure" },
};

static void put_counts(struct buf *b, const uint64_t n[TALLY_KINDS])
{
	const char *between = "";

	for (int k = 0; k < TALLY_KINDS; k++)
		if (n[k] && words[k].one) {
			buf_printf(b, "%s%" PRIu64 " %s", between, n[k], n[k] == 1 ? words[k].one : words[k].many);
			between = ", ";
		}
	if (!*between)
		buf_puts(b, "nothing happened");
}

static void put_group(struct buf *b, const char *name, const uint64_t n[TALLY_KINDS])
{
	buf_puts(b, "  ");
	text_name(b, name, TEXT_UTF8);
	buf_puts(b, ": ");
	put_counts(b, n);
	buf_putc(b, '\n');
}

void tally_text(struct buf *b, const struct tally *t, const char *head)
{
	AUTO_FREE const struct tally_group **g = sorted(t);
	uint64_t rest[TALLY_KINDS];
	uint32_t shown = !g ? 0 : t->n < SHOWN ? t->n : SHOWN;

	memcpy(rest, t->others, sizeof(rest));
	buf_puts(b, head);
	put_counts(b, t->all);
	buf_putc(b, '\n');
	for (uint32_t i = 0; g && i < t->n; i++) {
		if (i >= shown) {
			for (int k = 0; k < TALLY_KINDS; k++)
				rest[k] += g[i]->n[k];
			continue;
		}
		put_group(b, *g[i]->path ? g[i]->path : "(unknown group)", g[i]->n);
	}
	if (t->n > shown || t->gone)
		put_group(b, "others", rest);
}

static void add_counts(struct json *j, const uint64_t n[TALLY_KINDS])
{
	for (int k = 0; k < TALLY_KINDS; k++)
		if (words[k].key)
			json_add_u64(j, words[k].key, n[k]);
}

void tally_json(struct json *j, const struct tally *t)
{
	AUTO_FREE const struct tally_group **g = sorted(t);

	json_open_object(j, "total");
	add_counts(j, t->all);
	json_close(j);
	json_open_array(j, "groups");
	for (uint32_t i = 0; g && i < t->n; i++) {
		json_open_object(j, NULL);
		json_add_name(j, "group", *g[i]->path ? g[i]->path : NULL);
		add_counts(j, g[i]->n);
		json_close(j);
	}
	json_close(j);
	json_open_object(j, "others");
	add_counts(j, t->others);
	json_close(j);
}
