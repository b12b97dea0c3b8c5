/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tree of groups, all hierarchies laid over one another. */
#include "private.h"

#include <errno.h>
#include <string.h>

struct child {
	char *name;
	uint64_t in;   /* hierarchies that have it, by index */
	uint64_t leaf; /* of those, where nothing is below it */
};
struct level {
	struct child *child;
	size_t n, next;
	size_t path_len; /* of the parent */
};
struct cgx_walk {
	struct cgx *cgx;
	char **start;      /* where the walk began, a path for each hierarchy; NULL not there */
	struct buf path;   /* of the present group, relative to the start */
	struct buf shown;
	char *label;       /* the start, for words */
	struct level *level;
	size_t depth, cap;
	int max_depth, started;
	struct child now;  /* the group told last */
};

static void level_free(struct level *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->child[i].name);
	free(l->child);
	*l = (struct level){ 0 };
}

CGX_API struct cgx_walk *cgx_walk_close(struct cgx_walk *w)
{
	if (!w)
		return NULL;
	while (w->depth)
		level_free(&w->level[--w->depth]);
	for (size_t i = 0; w->start && i < w->cgx->n_hier; i++)
		free(w->start[i]);
	free(w->start);
	free(w->level);
	free(w->label);
	buf_free(&w->path);
	buf_free(&w->shown);
	free(w);
	return NULL;
}

/* Merge a sorted list of one hierarchy into the sorted children; takes the names over. */
static int merge(struct level *l, struct fs_list *list, uint64_t bit)
{
	struct child *out = reallocarray(NULL, l->n + list->n + 1, sizeof(*out));
	size_t n = 0, i = 0, j = 0;

	if (!out)
		return -ENOMEM;
	while (i < l->n || j < list->n) {
		int c = i == l->n ? 1 : j == list->n ? -1 : strcmp(l->child[i].name, list->entry[j].name);

		if (c <= 0)
			out[n] = l->child[i++];
		else
			out[n] = (struct child){ .name = STEAL(list->entry[j].name) };
		if (c >= 0) {
			out[n].in |= bit;
			out[n].leaf |= list->entry[j].leaf ? bit : 0;
			j++;
		}
		n++;
	}
	free(l->child);
	l->child = out;
	l->n = n;
	return 0;
}

/* The group's path in hierarchy i. */
static int path_in(struct cgx_walk *w, size_t i, struct buf *ret)
{
	const char *start = w->start[i], *rest = buf_text(&w->path);

	buf_reset(ret);
	buf_printf(ret, "%s%s%s", start, *start && *rest ? "/" : "", rest);
	return ret->err;
}

static int gone(int r)
{
	return r == -ENOENT || r == -ENODEV;
}

static int list_children(struct cgx_walk *w, struct level *l)
{
	AUTO_BUF struct buf path = { 0 };

	for (size_t i = 0; i < w->cgx->n_hier; i++) {
		uint64_t bit = 1ull << i;
		struct fs_list list = { 0 };
		int r;

		if (!(w->now.in & bit) || w->now.leaf & bit)
			continue;
		r = path_in(w, i, &path);
		if (!r)
			r = fs_list_leaves(w->cgx->hier[i].fd, buf_text(&path), &list);
		if (!r)
			r = merge(l, &list, bit);
		fs_list_free(&list);
		if (r && !gone(r))
			return fail(w->cgx, r, buf_text(&path), "list groups", NULL);
	}
	return 0;
}

/* Go down into the group told last, if anything is below it. */
static int descend(struct cgx_walk *w)
{
	struct level l = { .path_len = w->path.len };
	int r;

	if (!(w->now.in & ~w->now.leaf) || (w->max_depth >= 0 && w->depth >= (size_t)w->max_depth))
		return 0;
	r = list_children(w, &l);
	if (!r && l.n && w->depth == w->cap) {
		size_t cap = w->cap ? w->cap * 2 : 8;
		struct level *more = reallocarray(w->level, cap, sizeof(*more));

		r = more ? 0 : -ENOMEM;
		if (more) {
			w->level = more;
			w->cap = cap;
		}
	}
	if (r || !l.n) {
		level_free(&l);
		return r;
	}
	w->level[w->depth++] = l;
	return 0;
}

static cgx_set controllers_of(const struct cgx *cgx, uint64_t in)
{
	cgx_set set = 0;

	for (size_t i = 0; i < cgx->n_hier; i++)
		if (in & 1ull << i)
			set |= cgx->hier[i].controllers;
	return set;
}

static int tell(struct cgx_walk *w, int last, struct cgx_entry *ret)
{
	const char *path;

	buf_reset(&w->shown);
	buf_puts(&w->shown, w->label);
	if (w->path.len)
		buf_printf(&w->shown, "%s%s", w->shown.len ? "/" : "", w->path.s);
	if (w->shown.err || w->path.err)
		return -ENOMEM;
	path = w->shown.len ? w->shown.s : "/";
	*ret = (struct cgx_entry){
		.path = path,
		.name = strrchr(path, '/') && path[1] ? strrchr(path, '/') + 1 : path,
		.depth = (unsigned)w->depth,
		.controllers = controllers_of(w->cgx, w->now.in),
		.last = last,
	};
	return 1;
}

CGX_API int cgx_walk_next(struct cgx_walk *w, struct cgx_entry *ret)
{
	int r;

	if (!w->started) {
		w->started = 1;
		return tell(w, 1, ret);
	}
	r = descend(w);
	if (r)
		return r;
	while (w->depth) {
		struct level *l = &w->level[w->depth - 1];

		w->path.len = l->path_len;
		if (w->path.s)
			w->path.s[w->path.len] = '\0';
		if (l->next < l->n) {
			w->now = l->child[l->next++];
			if (w->path.len)
				buf_putc(&w->path, '/');
			buf_puts(&w->path, w->now.name);
			return tell(w, l->next == l->n, ret);
		}
		level_free(l);
		w->depth--;
	}
	return 0;
}

static int begin(struct cgx_walk *w, struct cgx_group *g)
{
	w->start = calloc(w->cgx->n_hier, sizeof(*w->start));
	if (!w->start)
		return -ENOMEM;
	group_settle(g);
	for (size_t k = 0; k < g->n; k++) {
		size_t i = (size_t)(g->place[k].h - w->cgx->hier);

		if (i >= 64 || place_open(w->cgx, &g->place[k]) < 0)
			continue;
		w->start[i] = strdup(g->place[k].path);
		if (!w->start[i])
			return -ENOMEM;
		w->now.in |= 1ull << i;
	}
	if (w->now.in)
		return 0;
	/* says why, with the remedy */
	return g->n ? place_fd(g, &g->place[0]) : fail(w->cgx, -ENOENT, g->path, "list groups", "there is no such group");
}

CGX_API int cgx_walk_open(struct cgx *cgx, const char *path, cgx_set controllers, int depth, struct cgx_walk **ret)
{
	struct cgx_walk *w = calloc(1, sizeof(*w));
	struct cgx_group *g = NULL;
	AUTO_FREE char *clean = NULL;
	int r;

	if (!w)
		return -ENOMEM;
	w->cgx = cgx;
	w->max_depth = depth;
	r = layout_load(cgx); /* entries name controllers */
	if (!r)
		r = cgx_group_open(cgx, path, controllers, &g);
	if (!r)
		r = begin(w, g);
	if (!r)
		r = group_check_path(cgx, path, &clean);
	if (!r) {
		int own = path[0] == '.' && (!path[1] || path[1] == '/');
		struct buf label = { 0 };

		buf_printf(&label, "%s%s%s", own ? "." : "", own && *clean ? "/" : "", clean);
		r = buf_steal(&label, &w->label);
	}
	cgx_group_close(g);
	if (r)
		cgx_walk_close(w);
	else
		*ret = w;
	return r;
}
