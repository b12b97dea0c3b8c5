/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel's iterator of groups told: by inode to the groups that are known, in place of their files. */
#include "sample.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* ---- figures ---- */

enum form { PLAIN = 1, PAGES, PIDS_LIMIT, BYTE };
struct source {
	unsigned need; /* bits of RAW_* */
	enum form form;
	size_t at;
};
#define FROM(need, form, member) { need, form, offsetof(struct sample_raw, member) }
#define BOTH \
	[CGX_F_MEMORY] = FROM(RAW_MEMORY, PAGES, usage), \
	[CGX_F_MEMORY_MAX] = FROM(RAW_MEMORY | RAW_MEMORY_MAX, PAGES, max), \
	[CGX_F_MEMORY_PEAK] = FROM(RAW_MEMORY | RAW_PEAK, PAGES, peak), \
	[CGX_F_LIMIT_HITS] = FROM(RAW_MEMORY | RAW_HITS, PLAIN, hits), \
	[CGX_F_OOM_KILLS] = FROM(RAW_MEMORY | RAW_KILLS, PLAIN, kills), \
	[CGX_F_PIDS] = FROM(RAW_PIDS, PLAIN, pids), \
	[CGX_F_PIDS_MAX] = FROM(RAW_PIDS, PIDS_LIMIT, pids_max), \
	[CGX_F_PIDS_PEAK] = FROM(RAW_PIDS | RAW_PIDSPEAK, PLAIN, pids_peak), \
	[CGX_F_FORKS_DENIED] = FROM(RAW_PIDS | RAW_DENIED, PLAIN, denied)
static const struct source sources[2][CGX_FIGURES] = {
	{ BOTH, [CGX_F_FROZEN] = FROM(RAW_FREEZER, BYTE, frozen) },
	{ BOTH, [CGX_F_SWAP] = FROM(RAW_MEMORY | RAW_SWAP, PAGES, swap), [CGX_F_FROZEN] = FROM(RAW_CORE, BYTE, frozen),
	  [CGX_F_POPULATED] = FROM(RAW_CORE, BYTE, populated) },
};

/* Of the lowest of the figures. */
static const struct source *source_of(const struct sample_file *f, uint64_t figures)
{
	return &sources[f->version - 1][__builtin_ctzll(figures)];
}

/* As the kernel prints it: no limit is the largest number of pages, or more pids than there can be. */
static uint64_t value_in(const struct source *from, const struct sample_raw *raw)
{
	static const uint64_t no_limit = (uint64_t)INT64_MAX & ~0xffffull;
	const char *at = (const char *)raw + from->at;
	uint64_t n, size;

	if (from->form == BYTE)
		return *(const unsigned char *)at;
	memcpy(&n, at, sizeof(n));
	if (from->form == PIDS_LIMIT)
		return n > 4ull * 1024 * 1024 ? UINT64_MAX : n;
	if (from->form == PLAIN)
		return n;
	size = (uint64_t)sysconf(_SC_PAGESIZE);
	return n >= no_limit / size ? UINT64_MAX : n * size;
}

unsigned raw_wanted(const struct sample_file *f, uint64_t figures)
{
	unsigned want = 0;

	for (uint64_t m = f->figures & figures ? f->figures : 0; m; m &= m - 1)
		want |= source_of(f, m)->need;
	return want;
}

int raw_values(const struct sample_file *f, const struct sample_raw *raw, uint64_t *value, uint64_t *ret)
{
	unsigned controller = f->controller == CGX_C_MEMORY ? RAW_MEMORY : f->controller == CGX_C_PIDS ? RAW_PIDS : 0;

	if (raw->has & RAW_ROOT)
		return -1;
	for (uint64_t m = f->figures; m; m &= m - 1) {
		const struct source *s = source_of(f, m);

		if (!s->form)
			return -1;
		if ((raw->has & s->need) != s->need)
			return f->version == 2 && controller && !(raw->has & controller) ? 0 : -1;
		value[__builtin_ctzll(m)] = value_in(s, raw);
	}
	*ret = f->figures;
	return 1;
}

/* ---- proof ---- */

/* Whether some kernel's BPF can tell all of a file. */
static int is_source(const struct sample_file *f)
{
	for (uint64_t m = f->figures; m; m &= m - 1)
		if (!source_of(f, m)->form)
			return 0;
	return 1;
}

/* A figure may change between one look and the other, most do not. */
static int is_proven(unsigned n, unsigned wrong)
{
	return n == PROOFS && wrong * 2 <= n;
}

int file_is_proven(const struct cgx_sampler *s, size_t i)
{
	return is_proven(s->proof[i].n, s->proof[i].wrong);
}

/* Are these figures what the file says? -1 it could not be read. */
static int agrees(struct cgx_sampler *s, struct node *n, size_t i, const uint64_t *told, uint64_t figures)
{
	uint64_t value[CGX_FIGURES], got = 0;
	int r = file_values(s, n, i, value, &got);

	node_close_files(s, n, 1ull << i);
	if (r)
		return r == -ENOENT || r == -EOPNOTSUPP ? !figures : -1;
	if (got != figures)
		return 0;
	for (; got; got &= got - 1)
		if (value[__builtin_ctzll(got)] != told[__builtin_ctzll(got)])
			return 0;
	return 1;
}

/* 1 what was told is good for use. */
static int prove(struct cgx_sampler *s, struct node *n, size_t i, const uint64_t *told, uint64_t figures)
{
	struct proof *p = &s->proof[i];
	uint8_t *seen = figures ? &p->n : &p->n_off, *wrong = figures ? &p->wrong : &p->wrong_off;
	int r;

	if (*seen == PROOFS)
		return is_proven(*seen, *wrong);
	r = agrees(s, n, i, told, figures);
	*seen += r >= 0;
	*wrong += r == 0;
	if (*seen == PROOFS && !is_proven(*seen, *wrong))
		s->by_bpf[s->active[i].tree] &= ~(1ull << i); /* its files it is */
	return 0;
}

/* ---- groups ---- */

static void take(struct cgx_sampler *s, struct node *n, size_t tree, const struct sample_raw *raw)
{
	uint64_t value[CGX_FIGURES];

	for (uint64_t files = s->by_bpf[tree]; files; files &= files - 1) {
		size_t i = (size_t)__builtin_ctzll(files);
		const struct sample_file *f = s->active[i].file;
		uint64_t figures = 0;

		if (!(f->figures & s->wanted) || raw_values(f, raw, value, &figures) < 0 || !prove(s, n, i, value, figures))
			continue;
		n->told |= 1ull << i;
		for (uint64_t m = figures; m; m &= m - 1) {
			unsigned k = (unsigned)__builtin_ctzll(m);

			if (!(n->got & 1ull << k) || (f->flags & FILE_GREATEST && n->value[k] < value[k]))
				n->value[k] = value[k];
		}
		n->got |= figures;
	}
}

int seen_read(struct cgx_sampler *s, struct node *n)
{
	if (n->whole && !n->fresh) {
		s->extra |= n->extra;
		return 0;
	}
	n->fresh = 0;
	node_begin(s, n);
	for (uint64_t in = n->in; in; in &= in - 1) {
		size_t tree = (size_t)__builtin_ctzll(in);

		if (seen_knows(s, &n->place[tree]))
			take(s, n, tree, &s->raw[tree][n->place[tree].at]);
	}
	return node_read(s, n);
}

static int reserve_hints(struct cgx_sampler *s, size_t tree, size_t n)
{
	struct place **more;
	struct sample_raw *raw;

	if (n <= s->hints_cap[tree])
		return 0;
	more = reallocarray(s->hint[tree], n + n / 4, sizeof(struct place *));
	if (!more)
		return -ENOMEM;
	s->hint[tree] = more;
	raw = reallocarray(s->raw[tree], n + n / 4, sizeof(*raw));
	if (!raw)
		return -ENOMEM;
	s->raw[tree] = raw;
	s->hints_cap[tree] = n + n / 4;
	return 0;
}

static void make_stale(struct cgx_sampler *s, size_t tree, uint64_t ino)
{
	struct place *p = ino ? map_get(&s->by_ino[tree], ino) : NULL;

	if (p)
		s->listing = p->stale = 1;
}

/* The group of one record, NULL it is not known. v1 groups can be renamed. */
static struct place *meet_one(struct cgx_sampler *s, size_t tree, const struct sample_raw *raw, struct place *hint)
{
	struct place *p = hint && hint->ino == raw->id ? hint : map_get(&s->by_ino[tree], raw->id);

	if (!p || (p->seen && p->hash != raw->hash))
		make_stale(s, tree, raw->parent);
	if (!p)
		return NULL;
	p->hash = raw->hash;
	p->seen = (uint32_t)s->pass + 1;
	node_of(p)->fresh = 1;
	return p;
}

static void drop_unseen(struct cgx_sampler *s, size_t tree)
{
	for (size_t i = 0; i < s->hints[tree]; i++)
		if (s->hint[tree][i])
			s->hint[tree][i]->seen = (uint32_t)s->pass + 1;
	for (struct node *n = s->root; n; n = node_next(n, s->root, 1)) {
		struct place *up = n->parent ? &n->parent->place[tree] : NULL;
		uint8_t stale = up ? up->stale : 0;

		if (!(n->in & 1ull << tree) || n->place[tree].seen == (uint32_t)s->pass + 1)
			continue;
		node_leave(s, n, tree);
		if (up)
			up->stale = stale; /* that it is gone is all there is to know */
	}
}

int seen_match(struct cgx_sampler *s, size_t tree, const struct sample_raw *raw, size_t n)
{
	size_t known = 0;

	if (reserve_hints(s, tree, n))
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct place *p = i < s->hints[tree] ? s->hint[tree][i] : NULL;

		if (!p || memcmp(&raw[i], &s->raw[tree][i], sizeof(raw[i]))) {
			p = meet_one(s, tree, &raw[i], p);
			s->hint[tree][i] = p;
			s->raw[tree][i] = raw[i];
			if (p)
				p->at = (uint32_t)i;
		}
		known += p != NULL;
	}
	s->hints[tree] = n;
	if (known != s->places[tree])
		drop_unseen(s, tree);
	return 0;
}

/* ---- passes ---- */

/* With more room when there are more groups than before. */
static int walk(struct cgx_sampler *s, size_t tree, uint64_t ino, const struct sample_raw **ret, size_t *ret_n)
{
	unsigned want = 0;
	int r;

	for (uint64_t files = s->by_bpf[tree]; files; files &= files - 1)
		want |= raw_wanted(s->active[__builtin_ctzll(files)].file, s->wanted);
	r = bpf_walk(s, tree, ino, want, ret, ret_n);
	for (int tries = 0; r == -ENOSPC && tries < 4; tries++) {
		struct sample_bpf *b;

		r = bpf_open(s, *ret_n + *ret_n / 2, &b);
		if (r)
			return r;
		bpf_close(s->bpf);
		s->bpf = b;
		r = bpf_walk(s, tree, ino, want, ret, ret_n);
	}
	return r;
}

static int try_start(struct cgx_sampler *s, size_t tree)
{
	const struct sample_raw *raw;
	nlink_t links;
	uint64_t ino;
	size_t n;

	if (!s->start[tree] || fs_links(s->tree[tree]->fd, s->start[tree], &links, &ino))
		return 0;
	return walk(s, tree, ino, &raw, &n);
}

static void choose_by_bpf(struct cgx_sampler *s)
{
	memset(s->by_bpf, 0, sizeof(s->by_bpf));
	memset(s->proof, 0, sizeof(s->proof));
	for (size_t i = 0; i < s->n_active; i++)
		if (is_source(s->active[i].file))
			s->by_bpf[s->active[i].tree] |= 1ull << i;
}

int seen_begin(struct cgx_sampler *s)
{
	int r = bpf_open(s, 1000, &s->bpf);

	for (size_t i = 0; !r && i < s->n_trees; i++)
		r = try_start(s, i);
	choose_by_bpf(s);
	if (!r)
		r = tree_by_bpf(s);
	if (r)
		seen_end(s);
	return r;
}

void seen_free(struct cgx_sampler *s)
{
	s->bpf = bpf_close(s->bpf);
	memset(s->by_bpf, 0, sizeof(s->by_bpf));
	for (size_t i = 0; i < s->n_trees; i++) {
		map_free(&s->by_ino[i]);
		free(s->hint[i]);
		free(s->raw[i]);
		s->hint[i] = NULL;
		s->raw[i] = NULL;
		s->hints[i] = s->hints_cap[i] = s->places[i] = 0;
	}
}

void seen_end(struct cgx_sampler *s)
{
	int was = s->bpf != NULL;

	seen_free(s);
	if (was)
		tree_by_files(s);
}

int seen_pass(struct cgx_sampler *s)
{
	int r = 0;

	for (size_t i = 0; !r && i < s->n_trees; i++) {
		const struct sample_raw *raw;
		size_t n;

		if (!(s->root->in & 1ull << i))
			continue;
		r = walk(s, i, s->root->place[i].ino, &raw, &n);
		if (!r)
			r = seen_match(s, i, raw, n);
	}
	if (!r || r == -ENOMEM)
		return r;
	seen_end(s);
	return 0;
}
