/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which groups are watched: they come and go, and inotify on each directory tells. */
#include "watch.h"

#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

/* Files that change (IN_MODIFY names them), groups that come and go. */
#define WATCH_MASK (IN_MODIFY | IN_CREATE | IN_DELETE | IN_ONLYDIR)

/* ---- finding ---- */

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct watch_node *)a)->path, ((const struct watch_node *)b)->path);
}

struct watch_node *tree_find(struct watch_tree *t, const char *path)
{
	struct watch_node key = { .path = (char *)path }, **at = tfind(&key, &t->by_path, by_path);

	return at ? *at : NULL;
}

struct watch_node *tree_find_above(struct watch_tree *t, const char *path)
{
	AUTO_FREE char *above = strdup(path);
	struct watch_node *n = NULL;

	while (above && *above && !n) {
		char *slash = strrchr(above, '/');

		*(slash ? slash : above) = '\0';
		n = tree_find(t, above);
	}
	return n;
}

const char *node_path(const struct watch_node *n)
{
	return *n->path ? n->path : "/";
}

int node_dir(const struct watch_node *n)
{
	int root = hier_fd(n->tree->w->cgx, n->tree->h);

	return root < 0 ? root : fs_dir(root, n->path);
}

/* ---- wanted or not ---- */

int tree_is_below(const char *path, const char *above)
{
	size_t len = strlen(above);

	return !len || (!strncmp(path, above, len) && path[len] == '/');
}

/* What a group of this path is for: told, followed below, or on the way to one that is (0); -1 nothing. */
static int purpose(const struct watch_tree *t, const char *path)
{
	const struct cgx_watch *w = t->w;
	int found = -1;

	for (size_t i = 0; i < w->n_roots; i++) {
		const struct watch_root *r = &w->root[i];

		if (r->tree != t)
			continue;
		if (!strcmp(path, r->path))
			found = (found < 0 ? 0 : found) | (int)NODE_TOLD |
				(int)(r->flags & CGX_WATCH_BELOW ? NODE_BELOW : 0);
		else if (r->flags & CGX_WATCH_BELOW && tree_is_below(path, r->path))
			found = (found < 0 ? 0 : found) | (int)NODE_TOLD | (int)NODE_BELOW;
		else if (found < 0 && tree_is_below(r->path, path))
			found = 0;
	}
	return found;
}

int tree_wants(const struct watch_tree *t, const char *path)
{
	int wanted = purpose(t, path);

	return wanted > 0 && wanted & (int)NODE_TOLD;
}

/* ---- descriptors ---- */

static int no_watches(struct watch_node *n)
{
	n->flags |= NODE_SAMPLED;
	return watch_unseen(n->tree->w, UNSEEN_WATCHES,
			    "the limit of inotify watches is reached: further groups are read every %g s, and one that lives shorter is not seen (raise fs.inotify.max_user_watches)",
			    (double)n->tree->w->sample_us / 1e6);
}

/* A directory that is not ours to list: its files may be readable all the same. */
static int is_hidden(struct watch_node *n)
{
	n->flags |= NODE_SAMPLED;
	return watch_unseen(n->tree->w, UNSEEN_HIDDEN, "no permission to list %s, and others may be like it: what happens there is seen as far as its files can be read, what happens below is not",
			    node_path(n));
}

/* The directory is watched by its descriptor, so no name leads elsewhere meanwhile. */
static int add_watch(struct cgx_watch *w, int dir)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", dir);
	return inotify_add_watch(w->inotify, path, WATCH_MASK);
}

static int watch_directory(struct watch_node *n, int dir)
{
	struct cgx_watch *w = n->tree->w;

	n->wd = add_watch(w, dir);
	if (n->wd >= 0)
		return map_put(&w->by_wd, (uint64_t)n->wd, n);
	if (errno == ENOENT || errno == ENOTDIR)
		return -ENOENT;
	return errno == EACCES ? is_hidden(n) : no_watches(n);
}

/* The kernel notifies of a file whose inode is in memory, and that goes when memory is short or nobody has looked at the
 * file for long. A watch keeps it; this one waits for what never happens, since the directory's tells the rest. */
static int keep_files(struct watch_node *n, int dir)
{
	static const struct {
		unsigned serves;
		const char *name;
	} file[KEPT_FILES] = {
		{ SERVES_MEMORY, "memory.events" }, { SERVES_PIDS, "pids.events" }, { SERVES_EVENTS, "cgroup.events" },
	};
	struct cgx_watch *w = n->tree->w;
	char path[64];

	for (size_t i = 0; i < KEPT_FILES && n->wd >= 0 && !n->tree->dialect->sampled; i++) {
		if (!(n->tree->serves & file[i].serves) || n->kept[i] >= 0)
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir, file[i].name);
		n->kept[i] = inotify_add_watch(w->inotify, path, IN_MOVE_SELF);
		if (n->kept[i] < 0 && errno == ENOSPC)
			return no_watches(n);
	}
	return 0;
}

/* A controller was switched on or off: files have come. */
static int keep_more_files(struct watch_node *n)
{
	int r = 0;

	for (struct watch_node *c = n->first; !r && c; c = c->next) {
		AUTO_CLOSE int dir = node_dir(c);

		r = dir < 0 ? 0 : keep_files(c, dir);
	}
	return r;
}

/* v1: cgroup.event_control takes "EVENTFD FD-OF-THE-FILE" (v1 memory.rst 9 and 10). */
static int register_oom(int dir, int eventfd)
{
	AUTO_CLOSE int control = fs_open_read(dir, "memory.oom_control");
	char text[32];

	if (control < 0)
		return control;
	snprintf(text, sizeof(text), "%d %d", eventfd, control);
	return fs_write(dir, "cgroup.event_control", text);
}

static int notify_oom(struct watch_node *n, int dir)
{
	struct cgx_watch *w = n->tree->w;
	int fd = w->n_fds < w->max_fds ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1, r;

	if (fd < 0) {
		n->flags |= NODE_SHARED;
		r = register_oom(dir, w->shared_fd);
	} else {
		r = register_oom(dir, fd);
		if (!r)
			r = watch_poll(w->epoll, fd, EPOLLIN, n);
		if (r) {
			close(fd);
		} else {
			n->oom_fd = fd;
			w->n_fds++;
		}
	}
	n->parent_notes = n->parent ? n->parent->notes : 0;
	if (r == -EACCES || r == -EPERM)
		r = watch_unseen(w, UNSEEN_FDS, "no permission to be notified of out-of-memory: groups are read every %g s",
				 (double)w->sample_us / 1e6);
	return r == -ENOENT || r == -EOPNOTSUPP || r == -EINVAL || r == -ENODEV ? 0 : r;
}

static int watch_pressure(struct watch_node *n, int dir)
{
	struct cgx_watch *w = n->tree->w;
	char text[64];
	int fd = w->n_fds < w->max_fds ? fs_open_rdwr(dir, "memory.pressure") : -EMFILE, r = 0;

	if (fd == -ENOENT && fs_has(dir, "cgroup.procs") == 1)
		return watch_unseen(w, UNSEEN_PRESSURE, "pressure is not watched: this kernel does not measure it (boot it with psi=1)");
	if (fd < 0)
		return fd == -ENOMEM ? fd : 0;
	snprintf(text, sizeof(text), "some %llu %llu", (unsigned long long)w->stall_us, (unsigned long long)w->window_us);
	if (write(fd, text, strlen(text) + 1) < 0)
		r = -errno;
	if (!r)
		r = watch_poll(w->pressed, fd, EPOLLPRI, n);
	if (r) {
		close(fd);
		return watch_unseen(w, UNSEEN_FDS, "pressure of %s and others is not watched: %s%s", node_path(n), strerror(-r),
				    r == -EINVAL ? " (without CAP_SYS_RESOURCE the window is a multiple of 2 s)" : "");
	}
	n->pressure_fd = fd;
	w->n_fds++;
	return 0;
}

/* ---- coming ---- */

static void link_node(struct watch_node *n)
{
	struct cgx_watch *w = n->tree->w;

	n->all_next = w->all;
	if (w->all)
		w->all->all_prev = n;
	w->all = n;
	w->n_nodes++;
	if (!n->parent) {
		n->tree->root = n;
		return;
	}
	n->next = n->parent->first;
	if (n->next)
		n->next->prev = n;
	n->parent->first = n;
}

static int new_node(struct watch_tree *t, struct watch_node *parent, const char *path, unsigned flags,
		    struct watch_node **ret)
{
	const size_t len = strlen(path) + 1;
	struct watch_node *n = malloc(sizeof(*n) + len);

	if (!n)
		return -ENOMEM;
	*n = (struct watch_node){ .tree = t, .parent = parent, .wd = -1, .kept = { -1, -1, -1 }, .oom_fd = -1,
				   .pressure_fd = -1, .flags = flags, .path = (char *)(n + 1) };
	memcpy(n->path, path, len);
	if (!tsearch(n, &t->by_path, by_path)) {
		free(n);
		return -ENOMEM;
	}
	link_node(n);
	*ret = n;
	return 0;
}

static int add_children(struct watch_node *n, int dir);

/* The watch before the counters, the counters before the children, so that nothing falls between. */
static int fill_node(struct watch_node *n, int dir)
{
	int r = watch_directory(n, dir);

	if (!r)
		r = keep_files(n, dir);
	if (!r && n->tree->dialect->notes && n->tree->serves & SERVES_MEMORY && *n->path)
		r = notify_oom(n, dir);
	if (!r && n->flags & NODE_TOLD && n->tree->serves & SERVES_PRESSURE)
		r = watch_pressure(n, dir);
	if (!r)
		r = count_begin(n, dir);
	return r ? r : add_children(n, dir);
}

/* 0 also when the group has gone meanwhile, is not wanted, or known. */
static int add_node(struct watch_tree *t, struct watch_node *parent, const char *path)
{
	int wanted = purpose(t, path), dir, r;
	struct watch_node *n;

	if (wanted < 0 || tree_find(t, path))
		return 0;
	r = new_node(t, parent, path, (unsigned)wanted | (t->w->began ? NODE_BORN : 0), &n);
	if (r)
		return r;
	dir = node_dir(n);
	r = dir < 0 ? dir : fill_node(n, dir);
	if (dir >= 0)
		close(dir);
	return r == -ENOENT || r == -ENODEV ? tree_gone(n) : r;
}

static int child_path(const struct watch_node *n, const char *name, struct buf *ret)
{
	buf_printf(ret, "%s%s%s", n->path, *n->path ? "/" : "", name);
	return ret->err;
}

static int add_child(struct watch_node *n, const char *name)
{
	AUTO_BUF struct buf path = { 0 };

	return child_path(n, name, &path) ? path.err : add_node(n->tree, n, buf_text(&path));
}

/* Of a group that is only on the way to others: the next one on the way to this, when it is there. */
static int add_next(struct watch_node *n, int dir, const char *wanted)
{
	const char *rest = wanted + (*n->path ? strlen(n->path) + 1 : 0);
	AUTO_FREE char *path = strndup(wanted, (size_t)(rest - wanted) + strcspn(rest, "/"));

	if (!path)
		return -ENOMEM;
	if (tree_find(n->tree, path) || fs_has(dir, path + (rest - wanted)) != 1)
		return 0;
	return add_node(n->tree, n, path);
}

/* Thousands may lie beside them, so they are not looked for in a list. */
static int add_on_the_way(struct watch_node *n, int dir)
{
	const struct cgx_watch *w = n->tree->w;
	int r = 0;

	for (size_t i = 0; !r && i < w->n_roots; i++)
		if (w->root[i].tree == n->tree && tree_is_below(w->root[i].path, n->path))
			r = add_next(n, dir, w->root[i].path);
	return r;
}

static int add_listed(struct watch_node *n, int dir)
{
	struct fs_list l = { 0 };
	int r = fs_is_leaf(dir) ? 0 : fs_list_dirs(dir, "", &l);

	for (size_t i = 0; !r && i < l.n; i++)
		r = add_child(n, l.entry[i].name);
	fs_list_free(&l);
	if (r == -EACCES || r == -EPERM)
		r = is_hidden(n);
	return r == -ENOENT || r == -ENODEV ? 0 : r;
}

static int add_children(struct watch_node *n, int dir)
{
	return n->flags & NODE_BELOW ? add_listed(n, dir) : add_on_the_way(n, dir);
}

int tree_look_below(struct watch_node *n)
{
	AUTO_CLOSE int dir = node_dir(n);

	return dir < 0 ? 0 : add_children(n, dir);
}

/* Of a group that is known, and of those below it, more is wanted now. */
static int want_more(struct watch_node *n)
{
	AUTO_CLOSE int dir = node_dir(n);
	unsigned before = n->flags;
	int r = 0;

	n->flags |= (unsigned)purpose(n->tree, n->path);
	if (dir < 0)
		return 0;
	if (n->flags & ~before & NODE_TOLD && n->tree->serves & SERVES_PRESSURE)
		r = watch_pressure(n, dir);
	for (struct watch_node *c = n->first; !r && c; c = c->next)
		r = want_more(c);
	return r ? r : add_children(n, dir);
}

/* From the top down: groups above are followed silently, so that this one is found when it comes. */
static int add_way(struct watch_tree *t, const char *path)
{
	struct watch_node *n = tree_find(t, path);
	int dir, r;

	if (n)
		return want_more(n);
	n = tree_find_above(t, path);
	if (!n)
		return add_node(t, NULL, "");
	dir = node_dir(n);
	r = dir < 0 ? 0 : add_next(n, dir, path);
	if (dir >= 0)
		close(dir);
	return r;
}

int tree_add_root(struct watch_tree *t, const char *path, unsigned flags)
{
	struct cgx_watch *w = t->w;
	struct watch_root *more = reallocarray(w->root, w->n_roots + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	w->root = more;
	more += w->n_roots;
	*more = (struct watch_root){ .path = strdup(path), .tree = t, .flags = flags };
	if (!more->path)
		return -ENOMEM;
	w->n_roots++;
	w->whole |= !*path && flags & CGX_WATCH_BELOW;
	return add_way(t, path);
}

/* ---- going ---- */

static void close_fds(struct watch_node *n)
{
	struct cgx_watch *w = n->tree->w;

	if (n->wd >= 0) {
		map_remove(&w->by_wd, (uint64_t)n->wd);
		inotify_rm_watch(w->inotify, n->wd); /* cgroupfs does not end a watch with its directory */
	}
	for (size_t i = 0; i < KEPT_FILES; i++)
		if (n->kept[i] >= 0)
			inotify_rm_watch(w->inotify, n->kept[i]);
	for (int *fd = &n->oom_fd; fd; fd = fd == &n->oom_fd ? &n->pressure_fd : NULL)
		if (*fd >= 0) {
			close(*fd);
			w->n_fds--;
		}
}

static void unlink_node(struct watch_node *n)
{
	struct cgx_watch *w = n->tree->w;

	if (n->all_prev)
		n->all_prev->all_next = n->all_next;
	else
		w->all = n->all_next;
	if (n->all_next)
		n->all_next->all_prev = n->all_prev;
	if (w->cursor == n)
		w->cursor = n->all_next;
	w->n_nodes--;
	if (n->prev)
		n->prev->next = n->next;
	else if (n->parent)
		n->parent->first = n->next;
	else
		n->tree->root = NULL;
	if (n->next)
		n->next->prev = n->prev;
}

static void drop_node(struct watch_node *n)
{
	while (n->first)
		drop_node(n->first);
	watch_forget(n->tree->w, n);
	unlink_node(n);
	tdelete(n, &n->tree->by_path, by_path);
	close_fds(n);
	if (n->past) {
		snapshot_free(n->past->before);
		free(n->past->procs);
		free(n->past);
	}
	free(n);
}

/* Once, when the last hierarchy that had it has it no more. */
static int tell_removed(struct watch_node *n)
{
	struct cgx_event e = watch_event(CGX_E_REMOVED, node_path(n));
	struct cgx_watch *w = n->tree->w;

	if (!(n->flags & NODE_TOLD) || !(n->tree->serves & SERVES_EVENTS))
		return 0;
	for (size_t i = 0; i < w->n_trees; i++)
		if (&w->tree[i] != n->tree && w->tree[i].serves & SERVES_EVENTS && tree_find(&w->tree[i], n->path))
			return 0;
	e.count = e.total = 1;
	e.removed = 1;
	return watch_tell(w, &e);
}

int tree_gone(struct watch_node *n)
{
	struct watch_node *parent = n->parent;
	AUTO_FREE char *path = strdup(node_path(n));
	int r = path ? 0 : -ENOMEM;

	while (!r && n->first)
		r = tree_gone(n->first);
	if (!r)
		r = count_last_notes(n);
	if (!r)
		r = parent ? who_gone(n->tree->w, parent, path) : 0;
	if (!r)
		r = tell_removed(n);
	drop_node(n);
	/* what it took with it is in the counters of the group above */
	if (!r && parent && parent->tree->local)
		r = count_settle(parent, path);
	return r;
}

/* ---- notifications ---- */

static unsigned look_for(const struct watch_node *n, const char *file)
{
	if (!strncmp(file, "memory.events", 13) && n->tree->serves & SERVES_MEMORY)
		return LOOK_MEMORY;
	if (!strncmp(file, "pids.events", 11) && n->tree->serves & SERVES_PIDS)
		return LOOK_PIDS;
	if (!strcmp(file, "cgroup.events") && watch_wants(n->tree->w, CGX_E_EMPTIED))
		return LOOK_EVENTS;
	return 0;
}

static int entry_changed(struct watch_node *n, uint32_t mask, const char *name)
{
	AUTO_BUF struct buf path = { 0 };
	struct watch_node *child;

	if (mask & IN_CREATE)
		return add_child(n, name);
	if (child_path(n, name, &path))
		return path.err;
	child = tree_find(n->tree, buf_text(&path));
	return child ? tree_gone(child) : count_unseen(n->tree, buf_text(&path));
}

int tree_notified(struct cgx_watch *w, int wd, uint32_t mask, const char *name)
{
	struct watch_node *n;
	unsigned what;

	if (mask & IN_Q_OVERFLOW)
		return tree_rescan(w);
	n = map_get(&w->by_wd, (uint64_t)wd);
	if (!n)
		return 0;
	if (mask & IN_ISDIR)
		return mask & (IN_CREATE | IN_DELETE) ? entry_changed(n, mask, name) : 0;
	if (!strcmp(name, "cgroup.subtree_control"))
		return keep_more_files(n);
	if (!strcmp(name, "pids.max") || !strcmp(name, "memory.limit_in_bytes")) {
		count_limits(n);
		return 0;
	}
	what = look_for(n, name);
	return what ? count_look(n, what) : 0;
}

/* Another group of the same name: a directory that is watched has one watch, however often it is asked for. */
static int is_another(const struct watch_node *n, int dir)
{
	int wd = n->wd < 0 ? -1 : add_watch(n->tree->w, dir);

	return wd >= 0 && wd != n->wd;
}

static int rescan_tree(struct watch_tree *t)
{
	struct watch_node **all = calloc(t->w->n_nodes + 1, sizeof(*all));
	size_t n = 0;
	int r = all ? 0 : -ENOMEM;

	if (r)
		return r;
	for (struct watch_node *i = t->w->all; i; i = i->all_next)
		if (i->tree == t)
			all[n++] = i;
	/* children stand before their parents in the list, so a node is still there when its turn comes */
	for (size_t i = 0; !r && i < n; i++) {
		AUTO_CLOSE int dir = node_dir(all[i]);

		if (dir == -ENOENT || dir == -ENODEV || (dir >= 0 && is_another(all[i], dir)))
			r = tree_gone(all[i]);
	}
	free(all);
	if (!r && !t->root)
		r = add_node(t, NULL, "");
	for (struct watch_node *i = t->w->all; !r && i; i = i->all_next) /* new ones come before it */
		if (i->tree == t)
			r = tree_look_below(i);
	return r;
}

int tree_rescan(struct cgx_watch *w)
{
	int r = watch_unseen(w, 0, "notifications came faster than they could be read: groups that came and went meanwhile may be missing (raise fs.inotify.max_queued_events)");

	for (size_t i = 0; !r && i < w->n_trees; i++)
		r = rescan_tree(&w->tree[i]);
	for (struct watch_node *n = w->all; !r && n; n = n->all_next)
		r = watch_later(w, n, LOOK_MEMORY | LOOK_PIDS | LOOK_EVENTS, 0, 0);
	return r;
}

void tree_free(struct watch_tree *t)
{
	if (t->root)
		drop_node(t->root);
}
