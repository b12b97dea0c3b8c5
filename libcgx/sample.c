/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Repeated reading of many groups. */
#include "sample.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>

/* ---- a pass ---- */

static int make_order(struct cgx_sampler *s)
{
	size_t n = 0;

	for (struct node *p = s->root->in ? s->root : NULL; p; p = node_next(p, s->root, p->in != 0)) {
		if (n == s->cap) {
			size_t cap = s->cap ? s->cap * 2 : 256;
			struct node **more = reallocarray(s->order, cap, sizeof(struct node *));

			if (!more)
				return -ENOMEM;
			s->order = more;
			s->cap = cap;
		}
		if (!p->in)
			continue;
		p->index = n;
		s->order[n++] = p;
	}
	s->n = n;
	s->changed = 0;
	return 0;
}

/* From the top down, so that what a group above has lost or gained is known when those below are looked at. */
static int pass_groups(struct cgx_sampler *s)
{
	int r = 0;

	for (size_t i = 0; i < s->n_trees; i++)
		for (struct node *n = s->above[i]; !r && n; n = n->parent)
			r = n->in ? node_read(s, n) : 0;
	for (struct node *n = s->root; !r && n; n = node_next(n, s->root, n->in != 0)) {
		r = s->bpf && !s->listing && !s->changed ? 0 : tree_update(s, n);
		if (!r && n->in)
			r = s->bpf ? seen_read(s, n) : node_read(s, n);
	}
	return r;
}

static int list_all(struct cgx_sampler *s)
{
	int r = 0;

	for (struct node *n = s->root; !r && n; n = node_next(n, s->root, n->in != 0))
		r = tree_update(s, n);
	return r;
}

CGX_API int cgx_sampler_pass(struct cgx_sampler *s)
{
	int r;

	count_fds(s);
	tree_hear(s);
	s->unwatched = 0;
	s->time_before = s->time;
	s->time = now_us();
	s->listing = s->again;
	s->again = 0;
	r = tree_find_start(s);
	s->wanted = s->figures | s->extra;
	s->extra = 0;
	if (!r && s->bpf && !s->n)
		r = list_all(s); /* what is known is not read from files */
	if (!r && s->bpf)
		r = seen_pass(s);
	if (!r)
		r = pass_groups(s);
	if (!r && s->changed)
		r = make_order(s);
	s->tight = 0;
	s->pass++;
	if (r)
		return fail(s->cgx, r, *s->root->path ? s->root->path : "/", "read the groups", NULL);
	if (!s->root->in)
		return fail(s->cgx, -ENOENT, *s->root->path ? s->root->path : "/", "read the group",
			    "it has been removed");
	return 0;
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

CGX_API void cgx_sampler_group(const struct cgx_sampler *s, size_t index, struct cgx_sampled *ret)
{
	const struct node *n = s->order[index];

	*ret = (struct cgx_sampled){
		.path = *n->path ? n->path : "/", .name = *n->path ? n->name : "/", .depth = n->depth,
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
	const struct node *n = s->order[index];

	return n->begun == s->pass ? take(n->was, n->before, figure, ret) : take(n->state, n->value, figure, ret);
}

/* The group that sets the limit, of those at and above the one that is asked for; NULL none. */
static const struct node *binds(const struct cgx_sampler *s, const struct node *n, enum cgx_figure figure)
{
	const struct node *by = NULL;
	int tree = tree_of_figure(s, figure);

	for (; n && tree >= 0; n = n == s->root ? s->above[tree] : n->parent)
		if (n->state[figure] == CGX_STATE_OK && n->value[figure] < (by ? by->value[figure] : UINT64_MAX))
			by = n;
	return by;
}

CGX_API uint64_t cgx_sampler_limit(const struct cgx_sampler *s, size_t index, enum cgx_figure figure, size_t *ret_by)
{
	const struct node *by = binds(s, s->order[index], figure);

	*ret_by = by && by->id ? by->index : SIZE_MAX;
	return by ? by->value[figure] : UINT64_MAX;
}

CGX_API const char *cgx_sampler_limit_path(const struct cgx_sampler *s, size_t index, enum cgx_figure figure)
{
	const struct node *by = binds(s, s->order[index], figure);

	return !by ? "" : *by->path ? by->path : "/";
}

CGX_API void cgx_sampler_want(struct cgx_sampler *s, size_t index, uint64_t figures)
{
	struct node *n = s->order[index];

	n->whole &= n->extra == figures;
	n->extra = figures;
	s->extra |= figures;
}

CGX_API const char *cgx_sampler_note(const struct cgx_sampler *s)
{
	struct buf *note = &((struct cgx_sampler *)s)->note;

	buf_reset(note);
	if (s->unwatched && !s->by_looking)
		buf_printf(note, "%zu directories are followed by looking, for want of inotify watches (fs.inotify.max_user_watches)",
			   s->unwatched);
	else if (s->n_fds >= s->max_fds)
		buf_puts(note, "the limit of open files is reached: reading costs more (ulimit -n)");
	return buf_text(note);
}

/* ---- BPF ---- */

CGX_API int cgx_sampler_bpf(struct cgx_sampler *s, int on)
{
	int r;

	if (!on || s->bpf) {
		if (!on)
			seen_end(s);
		return 0;
	}
	buf_reset(&s->bpf_why);
	r = seen_begin(s);
	if (!r)
		return 0;
	return fail(s->cgx, r, "BPF", "read the groups", "%s", s->bpf_why.len ? buf_text(&s->bpf_why) : strerror(-r));
}

CGX_API uint64_t cgx_sampler_by_bpf(const struct cgx_sampler *s, const char **ret_why)
{
	uint64_t may = 0, figures = 0;

	for (size_t i = 0; s->bpf && i < s->n_active; i++)
		if (file_is_proven(s, i))
			may |= s->active[i].file->figures & s->wanted;
	/* the first few groups have them all, as a rule */
	for (size_t i = 0; i < s->n && figures != may; i++)
		figures |= s->order[i]->got & may;
	*ret_why = buf_text((struct buf *)&s->bpf_why);
	return figures;
}

/* ---- open and close ---- */

/* All programs of a user share 128 instances as a rule: of many samplers only the first have one. */
#define LISTENERS_MAX 16

static void listen_to_changes(struct cgx_sampler *s)
{
	s->by_looking = s->cgx->listeners >= LISTENERS_MAX;
	s->inotify = s->by_looking ? -1 : inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	s->cgx->listeners += s->inotify >= 0;
}

static void stop_listening(struct cgx_sampler *s)
{
	if (s->inotify < 0)
		return;
	close(s->inotify);
	s->cgx->listeners--;
}

CGX_API struct cgx_sampler *cgx_sampler_close(struct cgx_sampler *s)
{
	if (!s)
		return NULL;
	seen_free(s);
	sample_free(s);
	for (size_t i = 0; i < s->n_trees; i++)
		free(s->start[i]);
	stop_listening(s);
	map_free(&s->by_wd);
	free(s->order);
	buf_free(&s->text);
	buf_free(&s->path);
	buf_free(&s->note);
	buf_free(&s->bpf_why);
	free(s);
	return NULL;
}

/* Where the start lies, or would, in each hierarchy: "." may be in another place in each. */
static int find_starts(struct cgx_sampler *s, const char *path)
{
	struct cgx_group *g;
	int r = cgx_group_open(s->cgx, path, CGX_C_ALL, &g), there;

	if (r)
		return r;
	there = cgx_group_exists(g) != 0;
	for (size_t i = 0; !r && i < s->n_trees; i++) {
		const char *at = cgx_group_path_in(g, s->tree[i]);

		s->start[i] = at ? strdup(at) : NULL;
		r = at && !s->start[i] ? -ENOMEM : 0;
	}
	if (!r && !there) {
		r = fail(s->cgx, -ENOENT, g->path, "read the group", "there is no such group");
		advise(s->cgx, "cgx-ls shows the groups that there are");
	}
	cgx_group_close(g);
	return r;
}

static unsigned depth_of(const char *path)
{
	unsigned n = *path != '\0';

	for (; *path; path++)
		n += *path == '/';
	return n;
}

static int make_root(struct cgx_sampler *s, const char *path)
{
	AUTO_FREE char *clean = NULL;
	AUTO_BUF struct buf label = { 0 };
	int own = path[0] == '.' && (!path[1] || path[1] == '/');
	int r = group_check_path(s->cgx, path, &clean);

	if (r)
		return r;
	buf_printf(&label, "%s%s%s", own ? "." : "", own && *clean ? "/" : "", clean);
	s->label = label.len;
	s->next_id = 1;
	s->root = label.err ? NULL : node_new(s, buf_text(&label), s->next_id);
	if (!s->root)
		return -ENOMEM;
	s->root->depth = depth_of(s->root->path);
	return 0;
}

CGX_API int cgx_sampler_open(struct cgx *cgx, const char *path, uint64_t figures, struct cgx_sampler **ret)
{
	struct cgx_sampler *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->cgx = cgx;
	s->figures = figures;
	listen_to_changes(s);
	r = choose_files(s);
	if (!r)
		r = find_starts(s, path);
	if (!r)
		r = make_root(s, path);
	if (r) {
		cgx_sampler_close(s);
		return r;
	}
	*ret = s;
	return 0;
}
