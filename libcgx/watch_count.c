/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counters of watched groups: what has grown is what happened. */
#include "watch.h"

#include <errno.h>
#include <string.h>

/* Of what may happen a thousand times a second one event a second tells the count. */
#define QUIET_US 1000000
/* The level whose limit was out of memory, and the kill for it, lie this close together. */
#define SAME_OOM_US 2000000
/* A notification and the kill it is for, this close: there may be more notifications than kills. */
#define SAME_NOTE_US 100000

/* ---- reading ---- */

struct counters {
	uint64_t v[COUNTS];
	unsigned known;       /* bits by enum count */
	uint64_t group_kills, below;
	int below_known, stalled, populated; /* -1 not known */
};

static void take(struct counters *c, enum count k, const char *text, const char *key)
{
	if (!text_flat_u64(text, key, &c->v[k]))
		c->known |= 1u << k;
}

int count_read(int dir, const char *file, uint64_t *ret)
{
	AUTO_BUF struct buf b = { 0 };
	int r = fs_read(dir, file, &b);

	if (r)
		return r;
	if (b.len && b.s[b.len - 1] == '\n')
		b.s[--b.len] = '\0';
	if (!strcmp(b.s, "max"))
		*ret = UINT64_MAX;
	else if (num_u64(b.s, ret))
		return -EBADMSG;
	return 0;
}

/* A file that is not there (the root, a controller that is off) is nothing to tell of. */
static int read_text(int dir, const char *file, struct buf *b)
{
	int r = fs_read(dir, file, b);

	return r == -ENOENT || r == -EOPNOTSUPP || r == -EACCES || r == -EPERM ? 0 : r ? r : 1;
}

static int read_memory_v2(struct watch_tree *t, int dir, struct counters *c)
{
	AUTO_BUF struct buf all = { 0 }, local = { 0 };
	const char *own;
	int r = read_text(dir, "memory.events", &all);

	if (r <= 0)
		return r;
	/* read after it: a kill is counted here first, and must not pass for one of a group below */
	r = t->h->flags & HIER_LOCALEVENTS ? 0 : read_text(dir, "memory.events.local", &local);
	if (r < 0)
		return r;
	own = r ? local.s : all.s;
	take(c, COUNT_KILL, own, "oom_kill");
	take(c, COUNT_OOM, own, "oom");
	take(c, COUNT_LIMIT, own, "max");
	if (text_flat_u64(own, "oom_group_kill", &c->group_kills))
		c->group_kills = 0;
	t->local |= r;
	c->below_known = r && !text_flat_u64(all.s, "oom_kill", &c->below);
	return 0;
}

static int read_memory_v1(struct watch_tree *t, int dir, struct counters *c)
{
	AUTO_BUF struct buf b = { 0 };
	uint64_t under, disabled, with_swap;
	int r = read_text(dir, "memory.oom_control", &b);

	(void)t;
	if (r <= 0)
		return r;
	take(c, COUNT_KILL, b.s, "oom_kill");
	if (!text_flat_u64(b.s, "under_oom", &under) && !text_flat_u64(b.s, "oom_kill_disable", &disabled))
		c->stalled = under && disabled;
	if (count_read(dir, "memory.failcnt", &c->v[COUNT_LIMIT]))
		return 0;
	c->known |= 1u << COUNT_LIMIT;
	if (!count_read(dir, "memory.memsw.failcnt", &with_swap)) /* of two limits that are the same this one is hit */
		c->v[COUNT_LIMIT] += with_swap;
	return 0;
}

const struct watch_dialect *count_dialect(const struct cgx_hierarchy *h)
{
	static const struct watch_dialect v1 = {
		.limit = "memory.limit_in_bytes", .usage = "memory.usage_in_bytes", .cause = COUNT_LIMIT, .notes = 1,
		.shared_cause = 1, .sampled = 1, .exits_to_root = 1, .read_memory = read_memory_v1,
	};
	static const struct watch_dialect v2 = {
		.limit = "memory.max", .usage = "memory.current", .cause = COUNT_OOM, .read_memory = read_memory_v2,
	};

	return h->version == 2 ? &v2 : &v1;
}

static int read_pids(int dir, struct counters *c)
{
	AUTO_BUF struct buf b = { 0 };
	int r = read_text(dir, "pids.events.local", &b);

	if (!r)
		r = read_text(dir, "pids.events", &b);
	if (r > 0)
		take(c, COUNT_FORK, b.s, "max");
	return r < 0 ? r : 0;
}

static int read_populated(const struct watch_node *n, int dir, struct counters *c)
{
	int r = n->tree->h->ops->populated(dir);

	if (r >= 0)
		c->populated = r;
	return r == -ENOENT || r == -ENODEV || r == -ENOMEM ? r : 0;
}

static int read_in(const struct watch_node *n, int dir, unsigned what, struct counters *c)
{
	struct watch_tree *t = n->tree;
	int r = 0;

	*c = (struct counters){ .stalled = -1, .populated = -1 };
	if (what & LOOK_MEMORY && t->serves & SERVES_MEMORY)
		r = t->dialect->read_memory(t, dir, c);
	if (!r && what & LOOK_PIDS && t->serves & SERVES_PIDS)
		r = read_pids(dir, c);
	if (!r && what & LOOK_EVENTS && t->serves & SERVES_EVENTS && watch_wants(t->w, CGX_E_EMPTIED))
		r = read_populated(n, dir, c);
	return r;
}

static int read_counters(const struct watch_node *n, unsigned what, struct counters *c)
{
	AUTO_CLOSE int dir = node_dir(n);

	if (dir == -EACCES || dir == -EPERM) /* somebody has closed a directory above */
		what = 0;
	else if (dir < 0)
		return dir;
	return read_in(n, dir, what, c);
}

/* Whether the group has limits of its own. */
static void read_limits(struct watch_node *n, int dir)
{
	struct watch_tree *t = n->tree;
	uint64_t limit;

	n->flags &= ~(NODE_PIDS_MAX | NODE_MEM_MAX);
	if (t->serves & SERVES_PIDS && !count_read(dir, "pids.max", &limit) && limit != UINT64_MAX)
		n->flags |= NODE_PIDS_MAX;
	if (t->dialect->shared_cause && t->serves & SERVES_MEMORY && !count_read(dir, t->dialect->limit, &limit) &&
	    limit < ((uint64_t)INT64_MAX & ~0xffffull))
		n->flags |= NODE_MEM_MAX;
}

void count_limits(struct watch_node *n)
{
	AUTO_CLOSE int dir = node_dir(n);

	if (dir >= 0)
		read_limits(n, dir);
}

/* ---- telling ---- */

static const enum cgx_event_kind kind_of[COUNTS] = {
	[COUNT_KILL] = CGX_E_KILL, [COUNT_FORK] = CGX_E_FORK, [COUNT_OOM] = CGX_E_OOM, [COUNT_LIMIT] = CGX_E_LIMIT,
};

static int told_up(struct watch_node *n, uint64_t count)
{
	for (; n; n = n->parent) {
		if (!past_begin(n))
			return -ENOMEM;
		n->past->told += count;
	}
	return 0;
}

/* Limit, usage and place of what binds; the event's strings are those of e and path. */
static void fill_binding(struct watch_node *n, const char *setting, cgx_set controller, struct cgx_event *e,
			 struct cgx_effective *found)
{
	AUTO_BUF struct buf path = { 0 };
	struct cgx_group *g;

	buf_printf(&path, "/%s", n->path);
	if (path.err || cgx_group_open(n->tree->w->cgx, path.s, controller, &g))
		return;
	if (!cgx_effective(g, setting, found) && found->limit != UINT64_MAX) {
		e->limit_path = found->path;
		e->limit = found->limit;
		e->usage = found->usage;
	}
	cgx_group_close(g);
}

/* Where denied forks are counted at the limit (pids.events.local is there), the group itself is the level. */
static void fill_fork(struct watch_node *n, struct cgx_event *e, struct cgx_effective *found)
{
	AUTO_CLOSE int dir = node_dir(n);

	if (dir >= 0 && fs_has(dir, "pids.events.local") == 1) {
		e->limit_path = e->path;
		if (count_read(dir, "pids.max", &e->limit))
			e->limit = UINT64_MAX;
		if (count_read(dir, "pids.current", &e->usage))
			e->usage = UINT64_MAX;
	} else if (dir >= 0) {
		fill_binding(n, "pids.max", CGX_C_PIDS, e, found);
	}
}

uint64_t count_usage_then(uint64_t limit, uint64_t usage)
{
	return limit == UINT64_MAX || usage >= limit - limit / 8 ? usage : UINT64_MAX;
}

static void fill_memory(struct watch_node *n, struct cgx_event *e)
{
	const struct watch_dialect *d = n->tree->dialect;
	AUTO_CLOSE int dir = node_dir(n);

	e->limit_path = node_path(n);
	if (dir < 0 || count_read(dir, d->limit, &e->limit))
		e->limit = UINT64_MAX;
	if (dir < 0 || count_read(dir, d->usage, &e->usage))
		e->usage = UINT64_MAX;
	if (e->kind == CGX_E_OOM)
		e->usage = count_usage_then(e->limit, e->usage);
}

static int tell_count(struct watch_node *n, enum count k)
{
	struct cgx_watch *w = n->tree->w;
	struct watch_past *past = n->past;
	struct cgx_event e = watch_event(kind_of[k], node_path(n));
	struct cgx_effective found;

	e.count = past->untold[k];
	e.total = past->seen[k] - past->base[k];
	past->untold[k] = 0;
	past->quiet_until[k] = now_us() + QUIET_US;
	if (!watch_wants(w, e.kind))
		return 0;
	if (k == COUNT_FORK)
		fill_fork(n, &e, &found);
	else
		fill_memory(n, &e);
	return watch_tell(w, &e);
}

/* At once when it was quiet, else summed up until it was told a second ago. */
static int tell_untold(struct watch_node *n, enum count k, uint64_t now)
{
	if (!n->past->untold[k])
		return 0;
	if (now >= n->past->quiet_until[k])
		return tell_count(n, k);
	return n->hot ? 0 : watch_later(n->tree->w, n, LOOK_MEMORY | LOOK_PIDS, 0, n->past->quiet_until[k] - now);
}

/* How much a counter has grown. A write can set it back. */
static uint64_t grown(struct watch_past *past, const struct counters *c, enum count k)
{
	uint64_t before = past->seen[k];

	if (!(c->known & 1u << k))
		return 0;
	past->seen[k] = c->v[k];
	if (c->v[k] < before) {
		past->base[k] = c->v[k];
		return 0;
	}
	return c->v[k] - before;
}

static int tell_stalled(struct watch_node *n, int stalled)
{
	struct cgx_event e = watch_event(CGX_E_STALLED, node_path(n));
	unsigned before = n->flags & NODE_STALLED;

	if (stalled < 0)
		return 0;
	n->flags = stalled ? n->flags | NODE_STALLED : n->flags & ~NODE_STALLED;
	if (!stalled || before || !(n->flags & NODE_TOLD))
		return 0;
	e.count = e.total = 1;
	fill_memory(n, &e);
	return watch_tell(n->tree->w, &e);
}

static int tell_populated(struct watch_node *n, int populated)
{
	struct cgx_event e = watch_event(CGX_E_EMPTIED, node_path(n));
	unsigned before = n->flags & NODE_POPULATED;
	struct cgx_watch *w = n->tree->w;

	if (populated < 0)
		return 0;
	n->flags = populated ? n->flags | NODE_POPULATED : n->flags & ~NODE_POPULATED;
	if (populated || !before || !(n->flags & NODE_TOLD))
		return 0;
	for (size_t i = 0; i < w->n_trees; i++) { /* the last hierarchy in which it runs empty tells it */
		struct watch_node *same = &w->tree[i] == n->tree ? NULL : tree_find(&w->tree[i], n->path);

		if (same && same->flags & NODE_POPULATED)
			return watch_later(w, same, LOOK_EVENTS, 0, 0);
	}
	e.count = e.total = 1;
	return watch_tell(w, &e);
}

/* The kernel counts the first victim, the group kill, and then all its victims. */
static void note_group_kills(struct watch_past *past, const struct counters *c, uint64_t now)
{
	if (!(c->known & 1u << COUNT_KILL) || c->group_kills == past->group_kills)
		return;
	if (c->group_kills > past->group_kills) {
		past->twice += c->group_kills - past->group_kills;
		past->twice_us = now;
	}
	past->group_kills = c->group_kills;
}

static uint64_t take_twice(struct watch_past *past, uint64_t count, uint64_t now)
{
	uint64_t taken;

	if (!past)
		return 0;
	if (now >= past->twice_us + SAME_OOM_US) /* the victim was gone before it could be counted again */
		past->twice = 0;
	taken = past->twice < count ? past->twice : count;
	past->twice -= taken;
	return taken;
}

uint64_t count_twice(struct watch_tree *t, const char *path, uint64_t count)
{
	struct watch_node *own = tree_find(t, path), *n = own ? own : tree_find_above(t, path);
	uint64_t taken = 0, now = now_us();

	for (; n && taken < count; n = n->parent)
		taken += take_twice(n->past, count - taken, now);
	if (own && own->past)
		own->past->base[COUNT_KILL] += taken;
	return taken;
}

static int tell_kills(struct watch_node *n, uint64_t kills, uint64_t now)
{
	uint64_t twice = take_twice(n->past, kills - 1, now);
	int r;

	n->past->base[COUNT_KILL] += twice;
	r = told_up(n, kills);
	if (!r && n->flags & NODE_TOLD)
		return who_kill(n->tree->w, n->tree, node_path(n), n, kills, twice);
	n->tree->w->machine_told += kills;
	return r;
}

/* Does any counter say what is not known of the group yet? */
static int is_news(const struct watch_node *n, const struct counters *c)
{
	const struct watch_past *past = past_of(n);

	for (enum count k = 0; k < COUNTS; k++)
		if (c->known & 1u << k && c->v[k] != past->seen[k])
			return 1;
	return c->group_kills != past->group_kills || (c->below_known && c->below != past->below);
}

/* What has grown, the causes before what they caused. */
static int tell_counters(struct watch_node *n, const struct counters *c)
{
	struct watch_past *past = past_begin(n);
	uint64_t now = now_us(), limit, oom, kills;
	int r;

	if (!past)
		return -ENOMEM;
	limit = grown(past, c, COUNT_LIMIT);
	oom = grown(past, c, COUNT_OOM);
	past->limit_hits += limit;
	if (oom || (limit && n->tree->dialect->cause == COUNT_LIMIT))
		past->oom_us = now;
	past->untold[COUNT_LIMIT] += limit;
	past->untold[COUNT_OOM] += oom;
	past->untold[COUNT_FORK] += grown(past, c, COUNT_FORK);
	kills = grown(past, c, COUNT_KILL);
	note_group_kills(past, c, now);
	if (c->below_known)
		past->below = c->below;
	r = kills ? tell_kills(n, kills, now) : 0;
	for (enum count k = COUNT_FORK; !r && k < COUNTS; k++) {
		if (!(n->flags & NODE_TOLD))
			past->untold[k] = 0;
		r = tell_untold(n, k, now);
	}
	return r;
}

static int tell_grown(struct watch_node *n, const struct counters *c)
{
	int r = n->past || is_news(n, c) ? tell_counters(n, c) : 0;

	if (!r)
		r = tell_stalled(n, c->stalled);
	return r ? r : tell_populated(n, c->populated);
}

int count_begin(struct watch_node *n, int dir)
{
	struct counters c;
	int r = read_in(n, dir, LOOK_MEMORY | LOOK_PIDS | LOOK_EVENTS, &c);

	if (r)
		return r;
	read_limits(n, dir);
	if (n->flags & NODE_BORN)
		return tell_grown(n, &c);
	if (is_news(n, &c)) {
		struct watch_past *past = past_begin(n);

		if (!past)
			return -ENOMEM;
		memcpy(past->seen, c.v, sizeof(past->seen));
		memcpy(past->base, c.v, sizeof(past->base));
		past->group_kills = c.group_kills;
		past->below = past->told = c.below;
	}
	if (c.populated > 0)
		n->flags |= NODE_POPULATED;
	return tell_stalled(n, c.stalled);
}

int count_look(struct watch_node *n, unsigned what)
{
	struct counters c;
	int r = read_counters(n, what, &c);

	if (r == -ENOENT || r == -ENODEV) /* its removal is told by the group above */
		return 0;
	return r ? r : tell_grown(n, &c);
}

static uint64_t take_notes(struct watch_node *n)
{
	uint64_t more = 0;

	if (n->oom_fd < 0 || read(n->oom_fd, &more, sizeof(more)) != sizeof(more))
		return 0;
	n->notes += more;
	n->noted_us = now_us();
	return more;
}

/* Causes only: kills of the group itself are told when its turn comes. */
static void read_causes(struct watch_node *n, uint64_t now)
{
	enum count k = n->tree->dialect->cause;
	struct watch_past *past;
	struct counters c;
	uint64_t grew;

	if (read_counters(n, LOOK_MEMORY, &c) || !is_news(n, &c))
		return;
	past = past_begin(n);
	if (!past) /* nothing is taken: the next look will have it */
		return;
	note_group_kills(past, &c, now);
	grew = grown(past, &c, k);
	past->untold[k] += grew;
	if (k == COUNT_LIMIT)
		past->limit_hits += grew;
	if (grew)
		past->oom_us = now;
}

/* v1 notifies the group whose limit it was and all below it, so the topmost one that was notified is the level. The
 * limit hits of one kill go on after it and would pass for those of the next. */
static struct watch_node *noted_level(struct watch_node *n, uint64_t now)
{
	struct watch_node *found = NULL;

	for (; n; n = n->parent) {
		if (take_notes(n))
			watch_later(n->tree->w, n, LOOK_MEMORY, 0, 0);
		if (n->notes > n->notes_told && now < n->noted_us + SAME_NOTE_US)
			found = n;
	}
	if (found)
		found->notes_told++;
	return found;
}

struct watch_node *count_limit_level(struct watch_node *n)
{
	uint64_t now = now_us();
	struct watch_node *found = NULL;

	for (struct watch_node *p = n; p; p = p->parent)
		read_causes(p, now);
	if (n && n->tree->dialect->notes)
		found = noted_level(n, now);
	for (; n && !found; n = n->parent)
		if (past_of(n)->oom_us && now < past_of(n)->oom_us + SAME_OOM_US &&
		    (!n->tree->dialect->shared_cause || n->flags & NODE_MEM_MAX))
			found = n;
	return found;
}

/* ---- what is gone ---- */

/* Kills at and below n that are not told. */
static uint64_t unexplained(const struct watch_node *n)
{
	const struct watch_past *past = past_of(n);

	return past->below > past->told ? past->below - past->told : 0;
}

int count_settle(struct watch_node *n, const char *gone)
{
	uint64_t rest;
	int r = count_look(n, LOOK_MEMORY);

	if (!r && unexplained(n)) /* one that is not known yet has told nothing, and is not gone */
		r = tree_look_below(n);
	for (struct watch_node *c = n->first; !r && c && unexplained(n); c = c->next) {
		r = count_look(c, LOOK_MEMORY);
		if (!r && unexplained(c))
			r = count_settle(c, NULL);
	}
	rest = unexplained(n);
	if (r || !rest)
		return r;
	r = told_up(n, rest);
	if (r || !(n->flags & NODE_BELOW))
		return r; /* silent: it may have been any other group below it */
	r = who_kill(n->tree->w, n->tree, node_path(n), NULL, rest, 0);
	return r || !gone ? r : who_gone(n->tree->w, n, gone);
}

/* ---- v1: notifications ---- */

int count_noted(struct cgx_watch *w, struct watch_node *n)
{
	uint64_t more;
	int r = 0;

	if (n) {
		if (!take_notes(n))
			return 0;
		who_snapshot(n);
		r = count_look(n, LOOK_MEMORY);
		return r ? r : watch_later(w, n, LOOK_MEMORY, 0, 0);
	}
	if (read(w->shared_fd, &more, sizeof(more)) != sizeof(more))
		return 0;
	for (n = w->all; !r && n; n = n->all_next)
		if (n->flags & NODE_SHARED)
			r = watch_later(w, n, LOOK_MEMORY, 0, 0);
	return r;
}

/*
 * An out-of-memory notifies the group whose limit it was and all below it, and so does the removal, once, but that may
 * come later than we do. What the group above was notified of as well was not this group's own. Where victims are seen
 * one must come with it, so for a group that has told nothing it may be one too many.
 */
int count_last_notes(struct watch_node *n)
{
	uint64_t kills = past_of(n)->seen[COUNT_KILL], removal = who_sees_all(n->tree->w) && !kills ? 0 : 1, above, own;
	int r = 0;

	if (n->oom_fd < 0)
		return 0;
	take_notes(n);
	for (struct watch_node *p = n->parent; !r && p; p = p->parent)
		if (take_notes(p))
			r = watch_later(n->tree->w, p, LOOK_MEMORY, 0, 0);
	above = n->parent ? n->parent->notes - n->parent_notes : 0;
	own = n->notes > above + removal ? n->notes - above - removal : 0;
	if (r || own <= kills || !(n->flags & NODE_TOLD))
		return r;
	return who_noted(n->tree->w, n->tree, node_path(n), own - kills, n->past ? STEAL(n->past->procs) : NULL);
}

int count_unseen(struct watch_tree *t, const char *path)
{
	if (!t->dialect->notes || !(t->serves & SERVES_MEMORY) || !tree_wants(t, path) || !who_sees_all(t->w))
		return 0;
	return who_noted(t->w, t, path, 1, NULL);
}

/* ---- sampling ---- */

static int limited(const struct watch_node *n, unsigned flag)
{
	for (; n; n = n->parent)
		if (n->flags & flag)
			return 1;
	return 0;
}

int count_sample(struct watch_node *n)
{
	struct cgx_watch *w = n->tree->w;
	unsigned what = 0;
	struct counters c;
	int r;

	if (n->flags & NODE_SAMPLED)
		what = LOOK_MEMORY | LOOK_PIDS | LOOK_EVENTS;
	else if (n->tree->dialect->sampled && n->flags & NODE_TOLD) {
		if (watch_wants(w, CGX_E_EMPTIED))
			what |= LOOK_EVENTS;
		if (limited(n, NODE_PIDS_MAX) && watch_wants(w, CGX_E_FORK))
			what |= LOOK_PIDS;
		if (n->flags & NODE_STALLED ||
		    (n->flags & NODE_MEM_MAX && (watch_wants(w, CGX_E_LIMIT) || watch_wants(w, CGX_E_STALLED))) ||
		    (n->oom_fd < 0 && !(n->flags & NODE_SHARED)))
			what |= LOOK_MEMORY;
	}
	if (!what)
		return 0;
	if (n->flags & NODE_SAMPLED)
		count_limits(n);
	r = read_counters(n, what, &c);
	return r == -ENODEV ? -ENOENT : r ? r : tell_grown(n, &c);
}

int count_machine(struct cgx_watch *w, uint64_t patience_us)
{
	AUTO_BUF struct buf b = { 0 };
	uint64_t kills, now = now_us(), rest;
	int r = 0, first = !w->machine_due;

	if (!w->whole || !watch_wants(w, CGX_E_KILL) || fs_read(w->cgx->fs.fd, "proc/vmstat", &b) || text_flat_u64(b.s, "oom_kill", &kills))
		return 0;
	if (!w->began) {
		w->machine_kills = kills;
		w->machine_told = 0;
		return 0;
	}
	rest = kills - w->machine_kills;
	if (rest <= w->machine_told) {
		w->machine_due = 0;
		return 0;
	}
	if (first || now + patience_us < w->machine_due)
		w->machine_due = now + patience_us;
	/* the counters of a group may still show it: v1 does not notify what the machine's lack kills */
	for (struct watch_node *n = w->all; first && !r && n; n = n->all_next)
		if (n->tree->serves & SERVES_MEMORY)
			r = watch_later(w, n, LOOK_MEMORY, 0, 0);
	if (r || now < w->machine_due)
		return r;
	w->machine_due = 0;
	return who_kill(w, NULL, "", NULL, rest - w->machine_told, 0);
}
