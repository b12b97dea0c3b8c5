/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Repeated reading of many groups. */
#include "sample.h"

#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <time.h>

/* Groups that come and go, and limits that somebody writes. */
#define WATCH_MASK (IN_CREATE | IN_DELETE | IN_MODIFY | IN_ONLYDIR)
/* Without notifications limits are read once in so many passes; so is what was not there. */
#define SELDOM 8
#define TREES_MAX 16

struct place { /* a group in one hierarchy */
	struct node *node;
	unsigned tree;
	int dir;       /* O_PATH, -1 not kept */
	int wd;        /* inotify watch, -1 none */
	nlink_t links; /* when its children were listed last */
	unsigned here : 1, stale : 1; /* it exists; its children must be listed */
};
struct node {
	struct node *parent, *first, *next;
	char *path;      /* below the start's mount, "" the root */
	uint64_t id, extra, known; /* extra: figures read of it beside those of all; known: those that were read */
	uint64_t value[CGX_FIGURES], before[CGX_FIGURES];
	uint8_t state[CGX_FIGURES], was[CGX_FIGURES];
	size_t index;
	unsigned gone : 1, limits_read : 1;
	uint64_t absent; /* files that were not there, by index in active[] */
	struct place *place; /* one a tree */
	int *fd;             /* one an active file, -1 not kept */
};
struct active {
	const struct sample_file *file;
	unsigned tree;
	uint64_t figures; /* that it is read for */
};
struct cgx_sampler {
	struct cgx *cgx;
	struct cgx_hierarchy *tree[TREES_MAX];
	size_t n_trees;
	struct active active[SAMPLE_FILES];
	size_t n_active;
	uint64_t figures, next_id, pass, time, time_before;
	char *start;
	struct node *root, **order;
	size_t n, cap;
	int inotify, dirty;  /* dirty: order must be made anew */
	int keep_dirs;       /* files are opened each time, so directories are worth their descriptors */
	size_t n_fds, max_fds, watches_refused;
	void *by_wd;
	struct buf text, note;
};

/* ---- places ---- */

static int by_wd(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->wd > y->wd) - (x->wd < y->wd);
}

/* Count one more descriptor that stays open; 0 there are too many already. */
static int keep_fd(struct cgx_sampler *s)
{
	if (s->n_fds >= s->max_fds)
		return 0;
	s->n_fds++;
	return 1;
}

static void drop_fd(struct cgx_sampler *s, int *fd)
{
	if (*fd >= 0) {
		close(*fd);
		s->n_fds--;
	}
	*fd = -1;
}

static void watch_place(struct cgx_sampler *s, struct place *p, int dir)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", dir);
	p->wd = s->inotify < 0 ? -1 : inotify_add_watch(s->inotify, path, WATCH_MASK);
	if (p->wd >= 0 && !tsearch(p, &s->by_wd, by_wd)) {
		inotify_rm_watch(s->inotify, p->wd);
		p->wd = -1;
	}
	s->watches_refused += p->wd < 0;
}

static void leave_place(struct cgx_sampler *s, struct node *n, struct place *p)
{
	if (!p->here)
		return;
	if (p->wd >= 0) {
		tdelete(p, &s->by_wd, by_wd);
		inotify_rm_watch(s->inotify, p->wd);
	}
	p->wd = -1;
	drop_fd(s, &p->dir);
	for (size_t i = 0; i < s->n_active; i++)
		if (s->active[i].tree == p->tree) {
			drop_fd(s, &n->fd[i]);
			n->known &= ~s->active[i].figures;
		}
	p->here = 0;
}

/* A descriptor of its directory; *ret_close when it is the caller's to close. */
static int open_place(struct cgx_sampler *s, const struct place *p, int *ret_close)
{
	int root;

	*ret_close = 0;
	if (p->dir >= 0)
		return p->dir;
	root = hier_fd(s->cgx, s->tree[p->tree]);
	if (root < 0)
		return root;
	*ret_close = 1;
	return fs_dir(root, p->node->path);
}

/* ---- nodes ---- */

static void node_free(struct cgx_sampler *s, struct node *n)
{
	while (n->first) {
		struct node *c = n->first;

		n->first = c->next;
		node_free(s, c);
	}
	for (size_t i = 0; n->place && i < s->n_trees; i++)
		leave_place(s, n, &n->place[i]);
	free(n->place);
	free(n->fd);
	free(n->path);
	free(n);
}

static int node_new(struct cgx_sampler *s, struct node *parent, const char *path, struct node **ret)
{
	struct node *n = calloc(1, sizeof(*n));

	if (!n)
		return -ENOMEM;
	n->parent = parent;
	n->path = strdup(path);
	n->id = ++s->next_id;
	n->place = calloc(s->n_trees, sizeof(*n->place));
	n->fd = malloc(s->n_active * sizeof(*n->fd) + 1);
	if (!n->path || !n->place || !n->fd) {
		free(n->path);
		free(n->place);
		free(n->fd);
		free(n);
		return -ENOMEM;
	}
	for (size_t i = 0; i < s->n_active; i++)
		n->fd[i] = -1;
	for (unsigned i = 0; i < s->n_trees; i++)
		n->place[i] = (struct place){ .node = n, .tree = i, .dir = -1, .wd = -1 };
	*ret = n;
	s->dirty = 1;
	return 0;
}

/* The group is in this tree, too. -ENOENT it is not (any more). */
static int enter_place(struct cgx_sampler *s, struct place *p)
{
	int root = hier_fd(s->cgx, s->tree[p->tree]), dir;

	if (p->here)
		return 0;
	dir = root < 0 ? root : fs_dir(root, p->node->path);
	if (dir < 0)
		return dir;
	p->here = 1;
	p->stale = 1;
	watch_place(s, p, dir);
	if (s->keep_dirs && keep_fd(s))
		p->dir = dir;
	else
		close(dir);
	return 0;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Children are in the order of their names; *at is where the search goes on. */
static int child_named(struct cgx_sampler *s, struct node *n, const char *name, struct node ***at, struct node **ret)
{
	AUTO_BUF struct buf path = { 0 };
	struct node *c;
	int r;

	while (**at && strcmp(last_part((**at)->path), name) < 0)
		*at = &(**at)->next;
	if (**at && !strcmp(last_part((**at)->path), name)) {
		*ret = **at;
		return 0;
	}
	buf_printf(&path, "%s%s%s", n->path, *n->path ? "/" : "", name);
	r = path.err ? path.err : node_new(s, n, buf_text(&path), &c);
	if (r)
		return r;
	c->next = **at;
	**at = c;
	*ret = c;
	return 0;
}

/* ---- the tree ---- */

static int list_node(struct cgx_sampler *s, struct node *n);

static int list_place(struct cgx_sampler *s, struct place *p)
{
	struct node *n = p->node, *c, **at = &n->first;
	struct fs_list l = { 0 };
	size_t i = 0;
	int mine, dir = open_place(s, p, &mine), r;

	p->stale = 0;
	r = dir < 0 ? dir : fs_links(dir, &p->links);
	if (!r && p->links != 2)
		r = fs_list_dirs(dir, "", &l);
	if (dir >= 0 && mine)
		close(dir);
	for (c = n->first; !r && c; c = c->next) { /* both lists are sorted: what this tree does not have any more */
		while (i < l.n && strcmp(l.entry[i].name, last_part(c->path)) < 0)
			i++;
		if (i == l.n || strcmp(l.entry[i].name, last_part(c->path)))
			leave_place(s, c, &c->place[p->tree]);
	}
	for (i = 0; !r && i < l.n; i++) {
		r = child_named(s, n, l.entry[i].name, &at, &c);
		if (!r)
			r = enter_place(s, &c->place[p->tree]);
		if (r == -ENOENT || r == -ENODEV)
			r = 0;
	}
	fs_list_free(&l);
	return r == -ENOENT || r == -ENODEV ? 0 : r;
}

static int is_anywhere(const struct cgx_sampler *s, const struct node *n)
{
	for (size_t i = 0; i < s->n_trees; i++)
		if (n->place[i].here)
			return 1;
	return 0;
}

static void prune(struct cgx_sampler *s, struct node *n)
{
	for (struct node **at = &n->first; *at;) {
		struct node *c = *at;

		if (is_anywhere(s, c)) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		node_free(s, c);
		s->dirty = 1;
	}
}

static int list_node(struct cgx_sampler *s, struct node *n)
{
	int r = 0, listed = 0;

	for (size_t i = 0; !r && i < s->n_trees; i++)
		if (n->place[i].here && n->place[i].stale) {
			r = list_place(s, &n->place[i]);
			listed = 1;
		}
	if (listed)
		prune(s, n);
	for (struct node *c = n->first; !r && c; c = c->next)
		r = list_node(s, c);
	return r;
}

static struct node *next_in_order(const struct node *n)
{
	if (n->first)
		return n->first;
	while (n && !n->next)
		n = n->parent;
	return n ? n->next : NULL;
}

static int make_order(struct cgx_sampler *s)
{
	size_t n = 0;

	for (struct node *p = s->root; p; p = next_in_order(p)) {
		if (n == s->cap) {
			size_t cap = s->cap ? s->cap * 2 : 256;
			struct node **more = reallocarray(s->order, cap, sizeof(struct node *));

			if (!more)
				return -ENOMEM;
			s->order = more;
			s->cap = cap;
		}
		p->index = n;
		s->order[n++] = p;
	}
	s->n = n;
	s->dirty = 0;
	return 0;
}

/* ---- what has changed ---- */

static void all_stale(struct cgx_sampler *s)
{
	for (size_t i = 0; i < s->n; i++) {
		s->order[i]->limits_read = 0;
		s->order[i]->absent = 0;
		for (size_t k = 0; k < s->n_trees; k++)
			s->order[i]->place[k].stale = 1;
	}
}

static void changed(struct cgx_sampler *s, const struct inotify_event *e)
{
	struct place key = { .wd = e->wd }, **found;
	const char *name = e->len ? e->name : "";

	if (e->mask & IN_Q_OVERFLOW) {
		all_stale(s);
		return;
	}
	found = tfind(&key, &s->by_wd, by_wd);
	if (!found)
		return;
	if (e->mask & IN_ISDIR && e->mask & (IN_CREATE | IN_DELETE))
		(*found)->stale = 1;
	else if (!strcmp(name, "memory.max") || !strcmp(name, "memory.limit_in_bytes") || !strcmp(name, "pids.max"))
		(*found)->node->limits_read = 0;
	else if (!strcmp(name, "cgroup.subtree_control"))
		for (struct node *c = (*found)->node->first; c; c = c->next) {
			c->absent = 0;
			c->limits_read = 0;
		}
}

static void take_changes(struct cgx_sampler *s)
{
	_Alignas(struct inotify_event) char b[16384];
	ssize_t n;

	while (s->inotify >= 0 && (n = read(s->inotify, b, sizeof(b))) > 0)
		for (char *p = b; p < b + n;) {
			const struct inotify_event *e = (const void *)p;

			p += sizeof(*e) + e->len;
			changed(s, e);
		}
}

/* Without a watch the count of links tells when groups below have come or gone, unless as many came as went. */
static void look_without_watch(struct cgx_sampler *s, struct node *n)
{
	if (s->pass % SELDOM == n->id % SELDOM)
		n->limits_read = 0;
	for (size_t i = 0; i < s->n_trees; i++) {
		struct place *p = &n->place[i];
		nlink_t links;
		int mine, dir;

		if (!p->here || p->wd >= 0)
			continue;
		dir = open_place(s, p, &mine);
		p->stale |= dir < 0 || fs_links(dir, &links) || links != p->links || s->pass % SELDOM == n->id % SELDOM;
		if (dir >= 0 && mine)
			close(dir);
	}
}

/* ---- reading ---- */

/* The text of the file into s->text. */
static int read_file(struct cgx_sampler *s, struct node *n, size_t i)
{
	const struct sample_file *f = s->active[i].file;
	struct place *p = &n->place[s->active[i].tree];
	int mine, dir, r;

	if (n->fd[i] >= 0) {
		r = fs_reread(n->fd[i], &s->text);
		if (!r)
			return 0;
		drop_fd(s, &n->fd[i]);
		if (r == -ENODEV)
			return r;
	}
	dir = open_place(s, p, &mine);
	if (dir < 0)
		return dir;
	n->fd[i] = fs_open_read(dir, f->name);
	if (n->fd[i] == -ENOENT && f->otherwise)
		n->fd[i] = fs_open_read(dir, f->otherwise);
	if (mine)
		close(dir);
	if (n->fd[i] < 0) {
		r = n->fd[i];
		n->fd[i] = -1;
		return r;
	}
	r = fs_reread(n->fd[i], &s->text);
	if (f->flags & FILE_KEPT && !r && keep_fd(s))
		return 0;
	close(n->fd[i]);
	n->fd[i] = -1;
	return r;
}

/* Whether the controller is off for the group, or the kernel (a root group) has no such file. */
static enum cgx_state why_absent(struct cgx_sampler *s, struct node *n, size_t i)
{
	const struct sample_file *f = s->active[i].file;
	struct place *p = &n->place[s->active[i].tree];
	int mine, dir = open_place(s, p, &mine);
	AUTO_BUF struct buf offered = { 0 };
	enum cgx_state state = CGX_STATE_MISSING;

	if (dir >= 0 && f->version == 2 && f->controller != CGX_C_CORE && *n->path &&
	    !fs_read(dir, "cgroup.controllers", &offered)) {
		const char *at = offered.s, *word;
		size_t len = strcspn(at, "\n"), word_len;

		state = CGX_STATE_OFF;
		while (text_word(&at, &len, &word, &word_len))
			if (layout_bit(s->cgx, word, word_len) == f->controller)
				state = CGX_STATE_MISSING;
	}
	if (dir >= 0 && mine)
		close(dir);
	return state;
}

static void set_states(struct node *n, uint64_t figures, enum cgx_state state)
{
	for (; figures; figures &= figures - 1)
		n->state[__builtin_ctzll(figures)] = (uint8_t)state;
}

static int sample_one(struct cgx_sampler *s, struct node *n, size_t i)
{
	const struct active *a = &s->active[i];
	uint64_t wanted = (s->figures | n->extra) & a->figures, got = 0;
	int r;

	if (!wanted)
		return 0;
	if (!n->place[a->tree].here) {
		if (!(n->known & wanted))
			set_states(n, wanted, CGX_STATE_OFF);
		return 0;
	}
	if (a->file->flags & FILE_LIMIT && n->limits_read && n->known & wanted)
		return 0;
	if (n->absent & 1ull << i && s->pass % SELDOM)
		return 0;
	r = read_file(s, n, i);
	if (!r)
		got = a->file->parse(a->file, buf_text(&s->text), n->value) & wanted;
	n->known = (n->known & ~wanted) | got;
	set_states(n, got, CGX_STATE_OK);
	if (r == -ENOENT || r == -ENODEV) {
		if (n->parent)
			n->parent->place[a->tree].stale |= r == -ENODEV;
		n->absent |= 1ull << i;
		if (wanted & ~n->known)
			set_states(n, wanted & ~n->known, why_absent(s, n, i));
		return 0;
	}
	n->absent &= ~(1ull << i);
	set_states(n, wanted & ~got, CGX_STATE_MISSING);
	return r == -ENOMEM ? r : 0;
}

static int sample_node(struct cgx_sampler *s, struct node *n)
{
	int r = 0;

	memcpy(n->before, n->value, sizeof(n->before));
	memcpy(n->was, n->state, sizeof(n->was));
	for (size_t i = 0; !r && i < s->n_active; i++)
		r = sample_one(s, n, i);
	n->limits_read = 1;
	return r;
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Nobody tells when the group itself comes or goes in one of its hierarchies. */
static void look_at_start(struct cgx_sampler *s, struct place *p)
{
	int root = hier_fd(s->cgx, s->tree[p->tree]);

	if (root < 0 || fs_exists(root, p->node->path) != 1)
		leave_place(s, p->node, p);
	else
		enter_place(s, p);
}

CGX_API int cgx_sampler_pass(struct cgx_sampler *s)
{
	int r = 0;

	take_changes(s);
	if (s->watches_refused || s->inotify < 0)
		for (size_t i = 0; i < s->n; i++)
			look_without_watch(s, s->order[i]);
	for (unsigned i = 0; i < s->n_trees; i++)
		look_at_start(s, &s->root->place[i]);
	r = list_node(s, s->root);
	if (!r && s->dirty)
		r = make_order(s);
	s->time_before = s->time;
	s->time = now_us();
	for (size_t i = 0; !r && i < s->n; i++)
		r = sample_node(s, s->order[i]);
	s->pass++;
	if (!r && !is_anywhere(s, s->root))
		r = fail(s->cgx, -ENOENT, *s->start ? s->start : "/", "read the group", "it has been removed");
	return r;
}

/* ---- what was read ---- */

CGX_API uint64_t cgx_sampler_time(const struct cgx_sampler *s, int before)
{
	return before ? s->time_before : s->time;
}

CGX_API size_t cgx_sampler_count(const struct cgx_sampler *s)
{
	return s->n;
}

static unsigned depth_of(const char *path)
{
	unsigned n = *path != '\0';

	for (; *path; path++)
		n += *path == '/';
	return n;
}

CGX_API void cgx_sampler_group(const struct cgx_sampler *s, size_t index, struct cgx_sampled *ret)
{
	const struct node *n = s->order[index];

	*ret = (struct cgx_sampled){
		.path = *n->path ? n->path : "/", .name = *n->path ? last_part(n->path) : "/", .depth = depth_of(n->path),
		.parent = n->parent ? n->parent->index : SIZE_MAX, .id = n->id,
	};
}

static enum cgx_state take(const uint8_t *state, const uint64_t *value, enum cgx_figure figure, uint64_t *ret)
{
	/* v1 has no word for it: as far as pids are counted */
	if (figure == CGX_F_POPULATED && state[figure] != CGX_STATE_OK && state[CGX_F_PIDS] == CGX_STATE_OK) {
		*ret = value[CGX_F_PIDS] != 0;
		return CGX_STATE_OK;
	}
	if (state[figure] == CGX_STATE_OK)
		*ret = value[figure];
	return (enum cgx_state)state[figure];
}

CGX_API enum cgx_state cgx_sampler_value(const struct cgx_sampler *s, size_t index, enum cgx_figure figure, uint64_t *ret)
{
	return take(s->order[index]->state, s->order[index]->value, figure, ret);
}

CGX_API enum cgx_state cgx_sampler_before(const struct cgx_sampler *s, size_t index, enum cgx_figure figure, uint64_t *ret)
{
	return take(s->order[index]->was, s->order[index]->before, figure, ret);
}

CGX_API uint64_t cgx_sampler_limit(const struct cgx_sampler *s, size_t index, enum cgx_figure figure, size_t *ret_by)
{
	uint64_t limit = UINT64_MAX;

	*ret_by = SIZE_MAX;
	for (const struct node *n = s->order[index]; n; n = n->parent)
		if (n->state[figure] == CGX_STATE_OK && n->value[figure] < limit) {
			limit = n->value[figure];
			*ret_by = n->index;
		}
	return limit;
}

CGX_API void cgx_sampler_want(struct cgx_sampler *s, size_t index, uint64_t figures)
{
	s->order[index]->extra = figures;
}

CGX_API const char *cgx_sampler_note(const struct cgx_sampler *s)
{
	struct buf *note = &((struct cgx_sampler *)s)->note;

	buf_reset(note);
	if (s->watches_refused)
		buf_printf(note, "%zu groups are followed by looking, for want of inotify watches (fs.inotify.max_user_watches)",
			   s->watches_refused);
	else if (s->n_fds >= s->max_fds)
		buf_puts(note, "the limit of open files is reached: reading costs more (ulimit -n)");
	return buf_text(note);
}

/* ---- open and close ---- */

static int tree_index(struct cgx_sampler *s, struct cgx_hierarchy *h)
{
	for (size_t i = 0; i < s->n_trees; i++)
		if (s->tree[i] == h)
			return (int)i;
	if (s->n_trees == TREES_MAX)
		return -1;
	s->tree[s->n_trees] = h;
	return (int)s->n_trees++;
}

/* Every hierarchy that carries a wanted figure; where v1 has a controller, what v2 tells without it is left out. */
static void choose_files(struct cgx_sampler *s)
{
	uint64_t by_v1 = 0;

	for (int version = 1; version >= 0; version--)
		for (size_t i = 0; i < sample_files_count(); i++) {
			const struct sample_file *f = &sample_files[i];
			struct cgx_hierarchy *h = layout_find(s->cgx, f->controller);
			uint64_t figures = f->figures & ~(f->controller == CGX_C_CORE ? by_v1 : 0);
			int at;

			if (!h || (version ? f->version != 1 : f->version == 1) || (f->version && h->version != f->version) ||
			    !figures)
				continue;
			at = tree_index(s, h);
			if (at < 0 || s->n_active == COUNT_OF(s->active))
				continue;
			s->keep_dirs |= figures & s->figures && !(f->flags & (FILE_KEPT | FILE_LIMIT));
			s->active[s->n_active++] = (struct active){ .file = f, .tree = (unsigned)at, .figures = figures };
			if (version && f->figures & ~(CGX_F_BIT(CGX_F_FROZEN)))
				by_v1 |= figures;
		}
}

static void count_fds(struct cgx_sampler *s)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur > 256)
		s->max_fds = limit.rlim_cur - 256 < 65536 ? limit.rlim_cur - 256 : 65536;
}

CGX_API struct cgx_sampler *cgx_sampler_close(struct cgx_sampler *s)
{
	if (!s)
		return NULL;
	if (s->root)
		node_free(s, s->root);
	if (s->inotify >= 0)
		close(s->inotify);
	free(s->order);
	free(s->start);
	buf_free(&s->text);
	buf_free(&s->note);
	free(s);
	return NULL;
}

static int find_start(struct cgx_sampler *s, const char *path)
{
	struct cgx_group *g;
	const char *at = NULL;
	int r = cgx_group_open(s->cgx, path, 0, &g);

	if (r)
		return r;
	if (!cgx_group_exists(g)) {
		fail(s->cgx, -ENOENT, group_label(g), "read the group", "there is no such group");
		advise(s->cgx, "cgx-ls shows the groups that there are");
		cgx_group_close(g);
		return -ENOENT;
	}
	for (size_t i = 0; !at && i < s->n_trees; i++)
		at = cgx_group_path_in(g, s->tree[i]);
	s->start = strdup(at ? at : "");
	cgx_group_close(g);
	return s->start ? 0 : -ENOMEM;
}

CGX_API int cgx_sampler_open(struct cgx *cgx, const char *path, uint64_t figures, struct cgx_sampler **ret)
{
	struct cgx_sampler *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->cgx = cgx;
	s->figures = figures;
	s->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	count_fds(s);
	choose_files(s);
	r = find_start(s, path);
	if (!r)
		r = node_new(s, NULL, s->start, &s->root);
	if (r) {
		cgx_sampler_close(s);
		return r;
	}
	*ret = s;
	return 0;
}
