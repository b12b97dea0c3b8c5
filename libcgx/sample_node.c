/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the figures of one group, by descriptors that stay open as far as they may. */
#include "sample.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>

/* Where nobody tells of writes, limits and what was not there are looked at again once in so many passes. */
#define SELDOM 8

/* ---- which files ---- */

/* A hierarchy's index; that of one that was not there yet. -ENOENT: it cannot be looked into. */
static int tree_index(struct cgx_sampler *s, struct cgx_hierarchy *h)
{
	int fd;

	for (size_t i = 0; i < s->n_trees; i++)
		if (s->tree[i] == h)
			return (int)i;
	fd = s->n_trees < TREES_MAX ? hier_fd(s->cgx, h) : -ENOENT;
	if (fd < 0)
		return fd == -EACCES || fd == -EPERM || fd == -ENOTDIR ? -ENOENT : fd;
	s->tree[s->n_trees] = h;
	return (int)s->n_trees++;
}

static struct cgx_hierarchy *hierarchy_of(struct cgx *cgx, const struct sample_file *f)
{
	return f->controller == CGX_C_CORE ? layout_v2(cgx) : layout_find(cgx, f->controller);
}

int choose_files(struct cgx_sampler *s)
{
	memset(s->without, CGX_STATE_OFF, sizeof(s->without));
	for (size_t i = 0; i < sample_files_count(); i++) {
		const struct sample_file *f = &sample_files[i];
		struct cgx_hierarchy *h = hierarchy_of(s->cgx, f);
		int tree = h && h->version == f->version ? tree_index(s, h) : -ENOENT;

		if (tree < 0 && tree != -ENOENT)
			return tree; /* the words are there */
		if (tree >= 0)
			s->active[s->n_active++] = (struct active){ f, (unsigned)tree };
		/* mounted, but of the kind that cannot tell it: pressure on v1 */
		for (uint64_t m = f->figures; tree < 0 && (h || f->controller == CGX_C_CORE) && m; m &= m - 1)
			s->without[__builtin_ctzll(m)] = CGX_STATE_MISSING;
	}
	for (size_t i = 0; i < s->n_active; i++) {
		s->members |= s->active[i].file->flags & FILE_MEMBERS ? 1ull << i : 0;
		for (uint64_t m = s->active[i].file->figures; m; m &= m - 1)
			s->without[__builtin_ctzll(m)] = CGX_STATE_OFF;
	}
	return 0;
}

int tree_of_figure(const struct cgx_sampler *s, enum cgx_figure figure)
{
	for (size_t i = 0; i < s->n_active; i++)
		if (s->active[i].file->figures & CGX_F_BIT(figure))
			return (int)s->active[i].tree;
	return -1;
}

void members_changed(const struct cgx_sampler *s, struct node *n)
{
	n->cached &= ~s->members;
}

void file_written(struct cgx_sampler *s, struct node *n, const char *name)
{
	if (!strcmp(name, "cgroup.procs") || !strcmp(name, "tasks"))
		members_changed(s, n);
	for (size_t i = 0; i < s->n_active; i++)
		if (n->cached & 1ull << i && !strcmp(s->active[i].file->name, name))
			n->cached &= ~(1ull << i);
	if (!strcmp(name, "cgroup.pressure"))
		n->absent = 0;
}

/* ---- descriptors ---- */

void count_fds(struct cgx_sampler *s)
{
	struct rlimit limit = { .rlim_cur = 1024 };
	/* the lowest number that is free is about how many there are */
	int probe = fcntl(s->cgx->fs.fd, F_DUPFD_CLOEXEC, 0);
	size_t others = 0, most;

	getrlimit(RLIMIT_NOFILE, &limit);
	most = limit.rlim_cur < 1u << 20 ? (size_t)limit.rlim_cur : 1u << 20;
	if (probe >= 0) {
		close(probe);
		others = (size_t)probe > s->n_fds ? (size_t)probe - s->n_fds : 0;
	}
	s->max_fds = probe >= 0 && others < most ? (most - others) / 4 * 3 : s->n_fds / 2;
}

int may_keep(struct cgx_sampler *s)
{
	s->tight |= s->n_fds >= s->max_fds;
	return s->n_fds < s->max_fds;
}

void node_close_files(struct cgx_sampler *s, struct node *n, uint64_t files)
{
	for (size_t i = 0; i < s->n_active; i++)
		if (files & 1ull << i && n->fd[i] >= 0) {
			close(n->fd[i]);
			n->fd[i] = -1;
			s->n_fds--;
		}
}

void shed(struct cgx_sampler *s)
{
	for (struct node *n = s->root; n; n = node_next(n, s->root, 1))
		node_close_files(s, n, UINT64_MAX);
	s->max_fds = s->n_fds + (s->max_fds > s->n_fds ? (s->max_fds - s->n_fds) / 2 : 0);
}

/* By the directory, or the one above, or by the path. */
static int open_named(struct cgx_sampler *s, const struct node *n, size_t tree, const char *name)
{
	const struct node *up = n->parent && n->parent->id ? n->parent : NULL;
	int dir = s->tree[tree]->fd;

	if (n->place[tree].dir >= 0)
		return fs_open_read(n->place[tree].dir, name);
	if (up && up->place[tree].dir >= 0) {
		dir = up->place[tree].dir;
		buf_reset(&s->path);
		buf_puts(&s->path, n->name);
	} else {
		sample_path(s, n, tree);
	}
	buf_printf(&s->path, "%s%s", s->path.len ? "/" : "", name);
	return s->path.err ? s->path.err : fs_open_read(dir, buf_text(&s->path));
}

static int open_file(struct cgx_sampler *s, const struct node *n, size_t i)
{
	const struct sample_file *f = s->active[i].file;
	int fd = open_named(s, n, s->active[i].tree, f->name);

	if (fd == -ENOENT && f->otherwise)
		fd = open_named(s, n, s->active[i].tree, f->otherwise);
	return fd;
}

/* The text of the file into s->text. A limit that is watched is not read again soon: it is not kept open. */
static int read_file(struct cgx_sampler *s, struct node *n, size_t i)
{
	const struct active *a = &s->active[i];
	int fd = n->fd[i], kept = fd >= 0, r;

	if (!kept)
		fd = open_file(s, n, i);
	if (fd < 0)
		return fd;
	r = fs_reread(fd, &s->text);
	if (kept)
		return r;
	if (r || (a->file->flags & FILE_LIMIT && n->place[a->tree].wd) || (n->id && s->by_bpf[a->tree] & 1ull << i) || !may_keep(s)) {
		close(fd);
	} else {
		n->fd[i] = fd;
		s->n_fds++;
	}
	return r;
}

/* ---- what is not there ---- */

/* The group at that path is another one, or there is none. */
static int is_gone(struct cgx_sampler *s, const struct node *n, size_t tree)
{
	nlink_t links;
	uint64_t ino;

	return fs_links(s->tree[tree]->fd, sample_path(s, n, tree), &links, &ino) || ino != n->place[tree].ino;
}

/* Whether the controller acts on a v2 group: its parent has enabled it. */
static int is_enabled(struct cgx_sampler *s, const struct node *n, size_t tree, cgx_set controller)
{
	AUTO_CLOSE int fd = open_named(s, n, tree, "cgroup.controllers");
	const char *at, *word;
	size_t len, word_len;

	if (fd < 0 || fs_reread(fd, &s->text))
		return 1;
	at = buf_text(&s->text);
	len = strcspn(at, "\n");
	while (text_word(&at, &len, &word, &word_len))
		if (layout_bit(s->cgx, word, word_len) == controller)
			return 1;
	return 0;
}

/* The controller is off for the group, or the kernel (of a root group) has no such file. -ENODEV the group is gone. */
static int note_absence(struct cgx_sampler *s, struct node *n, size_t i, int err)
{
	const struct active *a = &s->active[i];
	const char *path = sample_path(s, n, a->tree);
	int is_root = !*path;

	if (err == -ENOENT && is_gone(s, n, a->tree))
		return -ENODEV;
	n->absent |= 1ull << i;
	n->off &= ~(1ull << i);
	if (err == -EOPNOTSUPP || (a->file->version == 2 && a->file->controller != CGX_C_CORE && !is_root &&
				   !is_enabled(s, n, a->tree, a->file->controller)))
		n->off |= 1ull << i;
	return 0;
}

static void set_states(struct node *n, uint64_t figures, enum cgx_state state)
{
	for (; figures; figures &= figures - 1)
		n->state[__builtin_ctzll(figures)] = (uint8_t)state;
}

static void forget_unwatched(const struct cgx_sampler *s, struct node *n)
{
	if ((s->pass + n->id) % SELDOM)
		return;
	for (size_t i = 0; i < s->n_active; i++)
		if (!n->place[s->active[i].tree].wd) {
			n->cached &= ~(1ull << i);
			n->absent &= ~(1ull << i);
		}
}

int file_values(struct cgx_sampler *s, struct node *n, size_t i, uint64_t *value, uint64_t *ret)
{
	const struct sample_file *f = s->active[i].file;
	int r = read_file(s, n, i);

	if (!r)
		*ret = f->parse(f, buf_text(&s->text), value);
	return r;
}

/* ---- one group ---- */

/* Several may tell one figure of a group: has another file done so in this pass? */
static uint64_t parse(struct cgx_sampler *s, struct node *n, const struct sample_file *f, uint64_t had)
{
	uint64_t value[CGX_FIGURES], got = f->parse(f, buf_text(&s->text), value), new = 0;

	for (uint64_t m = got; m; m &= m - 1) {
		unsigned k = (unsigned)__builtin_ctzll(m);

		if (had & 1ull << k && (!(f->flags & FILE_GREATEST) || n->value[k] >= value[k]))
			continue;
		n->value[k] = value[k];
		new |= 1ull << k;
	}
	return new;
}

/* The state of what a file that was read does not tell: v2's cpu.stat says nothing of limits without the controller. */
static enum cgx_state untold(const struct sample_file *f)
{
	return f->version == 2 && f->figures & CGX_F_BIT(CGX_F_THROTTLED) ? CGX_STATE_OFF : CGX_STATE_MISSING;
}

/* It need not be read again before somebody writes it, or moves a process in. */
static void keep_in_mind(struct cgx_sampler *s, struct node *n, size_t i)
{
	const struct active *a = &s->active[i];
	const struct place *p = &n->place[a->tree];

	if (a->file->flags & FILE_LIMIT) {
		n->cached |= 1ull << i;
	} else if (s->members & 1ull << i && p->wd && p->links == 2 && !p->stale && !n->value[__builtin_ctzll(a->file->figures)]) {
		n->cached |= 1ull << i;
		node_close_files(s, n, 1ull << i);
	}
}

/* Read one file; what it told is added to *got, what it should have told and did not gets its state. */
static int read_one(struct cgx_sampler *s, struct node *n, size_t i, uint64_t wanted, uint64_t *got)
{
	const struct sample_file *f = s->active[i].file;
	uint64_t bit = 1ull << i;
	int r;

	if (n->cached & bit) {
		*got |= wanted;
		return 0;
	}
	if (!(n->absent & bit)) {
		r = read_file(s, n, i);
		if (r == -EMFILE || r == -ENFILE) {
			shed(s);
			r = read_file(s, n, i);
		}
		if (!r) {
			*got |= parse(s, n, f, *got) & wanted;
			keep_in_mind(s, n, i);
			set_states(n, wanted & ~*got, untold(f));
			return 0;
		}
		if (r == -ENODEV || r == -ENOMEM || r == -EMFILE || r == -ENFILE)
			return r;
		if (r != -ENOENT && r != -EACCES && r != -EPERM && r != -EOPNOTSUPP) {
			set_states(n, wanted & ~*got, CGX_STATE_PENDING); /* the next pass may have more luck */
			return 0;
		}
		r = note_absence(s, n, i, r);
		if (r)
			return r;
	}
	set_states(n, wanted & ~*got, n->off & bit ? CGX_STATE_OFF : CGX_STATE_MISSING);
	return 0;
}

#define LIMITS (CGX_F_BIT(CGX_F_MEMORY_MAX) | CGX_F_BIT(CGX_F_PIDS_MAX))

static uint64_t wanted_of(const struct cgx_sampler *s, const struct node *n)
{
	return n->id ? s->figures | n->extra : s->figures & LIMITS;
}

static int read_files(struct cgx_sampler *s, struct node *n, uint64_t want, uint64_t *got)
{
	for (size_t i = 0; i < s->n_active; i++) {
		const struct active *a = &s->active[i];
		uint64_t wanted = a->file->figures & want;
		int r;

		if (!wanted || !(n->in & 1ull << a->tree))
			continue;
		if (n->told & 1ull << i) {
			set_states(n, wanted & ~*got, CGX_STATE_OFF);
			if (n->fd[i] >= 0)
				node_close_files(s, n, 1ull << i);
			continue;
		}
		if (!(wanted & ~*got) && !(a->file->flags & FILE_GREATEST))
			continue;
		n->whole = 0;
		r = read_one(s, n, i, wanted, got);
		if (r == -ENODEV)
			node_leave(s, n, a->tree);
		else if (r)
			return r;
	}
	return 0;
}

static uint64_t files_of(const struct cgx_sampler *s, uint64_t figures)
{
	uint64_t files = 0;

	for (size_t i = 0; i < s->n_active; i++)
		files |= s->active[i].file->figures & figures ? 1ull << i : 0;
	return files;
}

void node_begin(const struct cgx_sampler *s, struct node *n)
{
	if (n->begun == s->pass + 1)
		return;
	n->begun = s->pass + 1;
	memcpy(n->before, n->value, sizeof(n->before));
	memcpy(n->was, n->state, sizeof(n->was));
	n->told = n->got = 0;
}

int node_read(struct cgx_sampler *s, struct node *n)
{
	uint64_t want = wanted_of(s, n), got;
	int r;

	node_begin(s, n);
	got = n->got & want;
	s->extra |= n->extra;
	memset(n->state, CGX_STATE_PENDING, sizeof(n->state));
	for (uint64_t m = want; m; m &= m - 1)
		n->state[__builtin_ctzll(m)] = s->without[__builtin_ctzll(m)];
	forget_unwatched(s, n);
	if (s->tight)
		node_close_files(s, n, ~files_of(s, want));
	n->whole = 1;
	r = read_files(s, n, want, &got);
	set_states(n, got, CGX_STATE_OK);
	return r;
}
