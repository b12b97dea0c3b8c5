/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The groups that there are: inotify tells of changes, else the count of links, which cgroupfs keeps exact. */
#include "sample.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>

/* Groups that come and go, and settings that somebody writes. */
#define WATCH_MASK (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY | IN_ONLYDIR)

struct node *node_next(const struct node *n, const struct node *top, int into)
{
	if (into && n->first)
		return n->first;
	while (n != top && !n->next)
		n = n->parent;
	return n == top ? NULL : n->next;
}

const char *sample_path(struct cgx_sampler *s, const struct node *n, size_t tree)
{
	const char *rest = n->id ? n->path + s->label : n->path;

	buf_reset(&s->path);
	if (n->id)
		buf_puts(&s->path, s->start[tree]);
	rest += n->id && *rest == '/';
	buf_printf(&s->path, "%s%s", s->path.len && *rest ? "/" : "", rest);
	return buf_text(&s->path);
}

/* ---- groups ---- */

struct node *node_new(struct cgx_sampler *s, const char *path, uint64_t id)
{
	struct node *n = calloc(1, sizeof(*n) + s->n_trees * sizeof(n->place[0]) + s->n_active * sizeof(n->fd[0]));

	if (n)
		n->path = strdup(path);
	if (!n || !n->path) {
		free(n);
		return NULL;
	}
	n->name = strrchr(n->path, '/') ? strrchr(n->path, '/') + 1 : n->path;
	n->id = id;
	n->fd = (int *)(void *)&n->place[s->n_trees];
	memset(n->fd, 0xff, s->n_active * sizeof(n->fd[0]));
	for (size_t i = 0; i < s->n_trees; i++)
		n->place[i] = (struct place){ .dir = -1, .tree = (uint8_t)i };
	s->changed = 1;
	return n;
}

static void unwatch(struct cgx_sampler *s, struct place *p)
{
	if (!p->wd)
		return;
	/* cgroupfs does not end a watch with its directory */
	map_remove(&s->by_wd, (uint64_t)p->wd);
	inotify_rm_watch(s->inotify, p->wd);
	p->wd = 0;
	s->full = 0;
}

static uint64_t files_in(const struct cgx_sampler *s, size_t tree)
{
	uint64_t files = 0;

	for (size_t i = 0; i < s->n_active; i++)
		files |= s->active[i].tree == tree ? 1ull << i : 0;
	return files;
}

/* BPF tells of groups by their inodes. Those above the start are not told of. */
static int know_ino(struct cgx_sampler *s, struct node *n, size_t tree)
{
	struct place *p = &n->place[tree];

	if (!s->bpf || !n->id)
		return 0;
	s->places[tree]++;
	return map_put(&s->by_ino[tree], p->ino, p);
}

static void forget_ino(struct cgx_sampler *s, const struct node *n, size_t tree)
{
	if (!s->bpf || !n->id)
		return;
	s->places[tree]--;
	if (seen_knows(s, &n->place[tree]))
		s->hint[tree][n->place[tree].at] = NULL;
	if (map_get(&s->by_ino[tree], n->place[tree].ino) == &n->place[tree]) /* and not that of its new name */
		map_remove(&s->by_ino[tree], n->place[tree].ino);
}

static void leave_one(struct cgx_sampler *s, struct node *n, size_t tree)
{
	struct place *p = &n->place[tree];
	uint64_t files = files_in(s, tree);

	if (!(n->in & 1ull << tree))
		return;
	node_close_files(s, n, files);
	n->cached &= ~files;
	n->absent &= ~files;
	n->told &= ~files;
	n->whole = 0;
	unwatch(s, p);
	forget_ino(s, n, tree);
	if (p->dir >= 0) {
		close(p->dir);
		s->n_fds--;
	}
	*p = (struct place){ .dir = -1, .tree = (uint8_t)tree };
	n->in &= ~(1ull << tree);
	s->changed |= !n->in;
}

void node_leave(struct cgx_sampler *s, struct node *n, size_t tree)
{
	for (struct node *c = n; c; c = node_next(c, n, 1))
		leave_one(s, c, tree);
	if (n->parent)
		s->again = n->parent->place[tree].stale = 1;
}

static void free_one(struct cgx_sampler *s, struct node *n)
{
	for (size_t i = 0; i < s->n_trees; i++)
		leave_one(s, n, i);
	free(n->path);
	free(n);
	s->changed = 1;
}

/* The deepest first: no depth of the tree shall be a depth of the stack. */
void node_free(struct cgx_sampler *s, struct node *n)
{
	struct node *c = n;

	while (c) {
		struct node *up = c->parent;

		if (c->first) {
			c = c->first;
			continue;
		}
		if (c != n)
			up->first = c->next;
		free_one(s, c);
		c = c == n ? NULL : up;
	}
}

/* Another group of the same name. */
static void renew(struct cgx_sampler *s, struct node *n)
{
	n->id = ++s->next_id;
	n->extra = n->cached = n->absent = n->begun = n->whole = 0;
	memset(n->state, CGX_STATE_PENDING, sizeof(n->state));
	s->changed = 1;
}

/* ---- entering ---- */

static int open_directory(struct cgx_sampler *s, const struct node *n, size_t tree)
{
	const struct node *up = n->parent;
	int dir;

	if (up && up->id && up->place[tree].dir >= 0)
		dir = fs_dir(up->place[tree].dir, n->name);
	else
		dir = fs_dir(s->tree[tree]->fd, sample_path(s, n, tree));
	if (dir != -EMFILE && dir != -ENFILE)
		return dir;
	shed(s);
	return fs_dir(s->tree[tree]->fd, sample_path(s, n, tree));
}

static void watch(struct cgx_sampler *s, struct place *p, int dir)
{
	char path[40];
	int wd;

	if (s->inotify < 0 || s->full)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", dir);
	wd = inotify_add_watch(s->inotify, path, WATCH_MASK);
	s->full = wd < 0 && errno == ENOSPC;
	if (wd > 0 && !map_put(&s->by_wd, (uint64_t)wd, p))
		p->wd = wd;
}

/* Of a leaf that is followed only the files are of use, and they can be kept themselves. */
static void keep_directory(struct cgx_sampler *s, struct node *n, size_t tree, int dir)
{
	struct place *p = &n->place[tree];

	if ((p->wd && p->links == 2) || (s->bpf && n->id) || !may_keep(s)) {
		close(dir);
	} else {
		p->dir = dir;
		s->n_fds++;
	}
}

/* ino 0: whatever is there. -ENOENT it is not there (any more). */
static int node_enter(struct cgx_sampler *s, struct node *n, size_t tree, uint64_t ino)
{
	struct place *p = &n->place[tree];
	int dir = open_directory(s, n, tree);
	nlink_t links = 0;
	int r;

	if (dir < 0)
		return dir;
	/* the watch comes first: nothing may come between the count and it */
	if (!s->bpf || !n->id)
		watch(s, p, dir);
	r = fs_links(dir, "", &links, &p->ino);
	if (!r && ino && p->ino != ino)
		r = -ENOENT;
	if (r) {
		unwatch(s, p);
		close(dir);
		return r;
	}
	n->whole = 0;
	p->links = (unsigned)links;
	p->stale = n->id && links != 2;
	s->listing |= p->stale;
	n->in |= 1ull << tree;
	keep_directory(s, n, tree, dir);
	return know_ino(s, n, tree);
}

/* ---- notices ---- */

static void forget_all(struct cgx_sampler *s)
{
	for (struct node *n = s->root; n; n = node_next(n, s->root, 1))
		n->cached = n->absent = 0;
	for (size_t i = 0; i < s->n_trees; i++)
		for (struct node *n = s->above[i]; n; n = n->parent)
			n->cached = n->absent = 0;
	s->overflow = 1;
}

static void hear_one(struct cgx_sampler *s, const struct inotify_event *e)
{
	struct place *p = e->wd > 0 ? map_get(&s->by_wd, (uint64_t)e->wd) : NULL;
	struct node *n;

	if (e->mask & IN_Q_OVERFLOW)
		forget_all(s);
	if (!p)
		return;
	n = node_of(p);
	if (e->mask & IN_IGNORED)
		unwatch(s, p);
	else if (e->mask & IN_ISDIR) {
		p->stale = n->id != 0;
		members_changed(s, n);
	} else if (e->len && !strcmp(e->name, "cgroup.subtree_control"))
		for (struct node *c = n->first; c; c = c->next)
			c->absent = c->cached = 0;
	else if (e->len)
		file_written(s, n, e->name);
}

void tree_hear(struct cgx_sampler *s)
{
	_Alignas(struct inotify_event) char b[16384];
	ssize_t n;

	s->overflow = 0;
	while (s->inotify >= 0 && (n = read(s->inotify, b, sizeof(b))) > 0)
		for (const char *at = b; at < b + n;) {
			const struct inotify_event *e = (const void *)at;

			hear_one(s, e);
			at += sizeof(*e) + e->len;
		}
}

/* ---- listing ---- */

static struct node *child_new(struct cgx_sampler *s, struct node *n, const char *name)
{
	AUTO_BUF struct buf path = { 0 };
	struct node *c;

	buf_printf(&path, "%s%s%s", n->path, *n->path ? "/" : "", name);
	c = path.err ? NULL : node_new(s, buf_text(&path), s->next_id + 1);
	if (!c)
		return NULL;
	s->next_id++;
	c->parent = n;
	c->depth = n->depth + 1;
	return c;
}

/* A group of this name is there: the one at *link, another in its place, or a new one before it. */
static int meet(struct cgx_sampler *s, struct node *n, struct node **link, const struct fs_entry *e, size_t tree)
{
	struct node *c = *link;
	int r;

	if (!c || strcmp(c->name, e->name)) {
		c = child_new(s, n, e->name);
		if (!c)
			return -ENOMEM;
		c->next = *link;
		*link = c;
	} else if (c->in & 1ull << tree && c->place[tree].ino == e->ino) {
		return 0;
	} else if (c->in & 1ull << tree || !c->in) {
		node_leave(s, c, tree);
		renew(s, c);
	}
	r = node_enter(s, c, tree, e->ino);
	if (r && r != -ENOENT && r != -ENODEV)
		s->again = n->place[tree].stale = 1; /* it is there: look again the next time */
	return r == -ENOMEM || r == -EMFILE || r == -ENFILE ? r : 0;
}

/* Both are in the order of their names. */
static int merge(struct cgx_sampler *s, struct node *n, const struct fs_list *list, size_t tree)
{
	struct node **link = &n->first;
	size_t i = 0;

	while (*link || i < list->n) {
		int c = !*link ? 1 : i == list->n ? -1 : strcmp((*link)->name, list->entry[i].name);
		int r = c < 0 ? 0 : meet(s, n, link, &list->entry[i++], tree);

		if (r)
			return r;
		if (c < 0)
			node_leave(s, *link, tree);
		link = &(*link)->next;
	}
	return 0;
}

static int list_groups(struct cgx_sampler *s, const struct node *n, size_t tree, struct fs_list *ret)
{
	int dir = n->place[tree].dir, r;

	r = dir >= 0 ? fs_list_dirs(dir, "", ret) : fs_list_dirs(s->tree[tree]->fd, sample_path(s, n, tree), ret);
	if (r != -EMFILE && r != -ENFILE)
		return r;
	shed(s);
	return fs_list_dirs(s->tree[tree]->fd, sample_path(s, n, tree), ret);
}

static int relist(struct cgx_sampler *s, struct node *n, size_t tree, nlink_t links)
{
	struct place *p = &n->place[tree];
	struct fs_list list = { 0 };
	int r = links == 2 ? 0 : list_groups(s, n, tree, &list);

	p->links = (unsigned)links;
	p->stale = 0;
	if (!r)
		r = merge(s, n, &list, tree);
	fs_list_free(&list);
	if (r == -EIO)
		s->again = p->stale = 1;
	return r == -EACCES || r == -EPERM || r == -EIO ? 0 : r;
}

/* File systems that do not count say 1. */
static int update_place(struct cgx_sampler *s, struct node *n, size_t tree)
{
	const struct place *p = &n->place[tree];
	nlink_t links;
	uint64_t ino;
	int r;

	if ((p->wd || s->bpf) && !p->stale && !s->overflow)
		return 0;
	if (p->dir >= 0)
		r = fs_links(p->dir, "", &links, &ino);
	else
		r = fs_links(s->tree[tree]->fd, sample_path(s, n, tree), &links, &ino);
	if (!r && ino != p->ino)
		r = -ENOENT;
	if (!r && (p->stale || s->overflow || links != p->links || links == 1))
		r = relist(s, n, tree, links);
	if (r != -ENOENT && r != -ENODEV)
		return r;
	node_leave(s, n, tree);
	return 0;
}

static void drop_gone(struct cgx_sampler *s, struct node *n)
{
	for (struct node **link = &n->first; *link;) {
		struct node *c = *link;

		if (c->in) {
			link = &c->next;
			continue;
		}
		*link = c->next;
		node_free(s, c);
	}
}

int tree_update(struct cgx_sampler *s, struct node *n)
{
	int r = 0;

	for (size_t i = 0; !r && i < s->n_trees; i++) {
		s->unwatched += n->in & 1ull << i && !n->place[i].wd && !s->bpf;
		if (n->in & 1ull << i)
			r = update_place(s, n, i);
	}
	if (s->changed)
		drop_gone(s, n);
	return r;
}

/* ---- with and without BPF ---- */

int tree_by_bpf(struct cgx_sampler *s)
{
	int r = 0;

	s->again = 1;
	for (struct node *n = s->root; !r && n; n = node_next(n, s->root, 1)) {
		node_close_files(s, n, UINT64_MAX);
		for (size_t i = 0; !r && i < s->n_trees; i++) {
			struct place *p = &n->place[i];

			if (!(n->in & 1ull << i))
				continue;
			unwatch(s, p);
			if (p->dir >= 0) {
				close(p->dir);
				p->dir = -1;
				s->n_fds--;
			}
			r = know_ino(s, n, i);
		}
	}
	return r;
}

static void follow_again(struct cgx_sampler *s, struct node *n, size_t tree)
{
	int dir = open_directory(s, n, tree);

	n->place[tree].stale = 1;
	if (dir < 0)
		return;
	watch(s, &n->place[tree], dir);
	keep_directory(s, n, tree, dir);
}

void tree_by_files(struct cgx_sampler *s)
{
	for (struct node *n = s->root; n; n = node_next(n, s->root, 1)) {
		n->cached = n->absent = n->told = 0;
		for (size_t i = 0; i < s->n_trees; i++)
			if (n->in & 1ull << i && !n->place[i].wd && n->place[i].dir < 0)
				follow_again(s, n, i);
	}
}

/* ---- the start ---- */

/* The groups above it in one hierarchy, up to the root, for their limits. */
static int find_above(struct cgx_sampler *s, size_t tree)
{
	AUTO_FREE char *path = strdup(s->start[tree]);
	struct node **link = &s->above[tree];

	if (!path)
		return -ENOMEM;
	while (*path) {
		char *slash = strrchr(path, '/');

		*(slash ? slash : path) = '\0';
		*link = node_new(s, path, 0);
		if (!*link)
			return -ENOMEM;
		node_enter(s, *link, tree, 0);
		link = &(*link)->parent;
	}
	return 0;
}

static void drop_above(struct cgx_sampler *s, size_t tree)
{
	while (s->above[tree]) {
		struct node *n = s->above[tree];

		s->above[tree] = n->parent;
		free_one(s, n);
	}
}

/* Nobody tells when the start itself comes or goes. */
static int find_start_in(struct cgx_sampler *s, size_t tree)
{
	struct node *n = s->root;
	nlink_t links;
	uint64_t ino;
	int r;

	if (!s->start[tree])
		return 0;
	r = fs_links(s->tree[tree]->fd, s->start[tree], &links, &ino);
	if (r ? r != -ENOENT && r != -ENODEV : n->in & 1ull << tree && ino == n->place[tree].ino)
		return 0;
	if (n->in & 1ull << tree || !n->in) {
		node_leave(s, n, tree);
		renew(s, n);
	}
	drop_above(s, tree);
	if (!r)
		r = node_enter(s, n, tree, 0);
	if (!r)
		r = find_above(s, tree);
	return r == -ENOMEM || r == -EMFILE || r == -ENFILE ? r : 0;
}

int tree_find_start(struct cgx_sampler *s)
{
	int r = 0;

	for (size_t i = 0; !r && i < s->n_trees; i++)
		r = find_start_in(s, i);
	return r;
}

void sample_free(struct cgx_sampler *s)
{
	for (size_t i = 0; i < s->n_trees; i++)
		drop_above(s, i);
	if (s->root)
		node_free(s, s->root);
	s->root = NULL;
}
