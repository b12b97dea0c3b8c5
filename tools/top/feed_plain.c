/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A feed that walks the tree and reads each figure by its name at each sample. */
#include "feed_plain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util/buf.h"

enum { COL_MEMORY, COL_MEMORY_MAX, COL_MEMORY_PART, COL_HITS, COL_KILLS, COL_PIDS, COL_PIDS_MAX, COL_PEAK, COL_DENIED,
       COL_CPU, COL_THROTTLED, COLUMNS };
enum { PAST = 300, EVENTS = 512, NAME = 256 };

static const struct feed_column columns[COLUMNS] = {
	[COL_MEMORY] = { "MEMORY", "memory.current", UNIT_BYTES, 1, 1, "memory.max" },
	[COL_MEMORY_MAX] = { "MEM-MAX", "memory.max", UNIT_BYTES, 1, 0, "memory.max" },
	[COL_MEMORY_PART] = { "MEM%", "memory.current of memory.max", UNIT_PERCENT, 1, 0, "memory.max" },
	[COL_HITS] = { "HITS", "how often memory.max was hit", UNIT_COUNT, 1, 0, "memory.max" },
	[COL_KILLS] = { "KILLS", "processes killed for want of memory", UNIT_COUNT, 1, 0, "memory.max" },
	[COL_PIDS] = { "PIDS", "pids.current", UNIT_COUNT, 1, 1, "pids.max" },
	[COL_PIDS_MAX] = { "PIDS-MAX", "pids.max", UNIT_COUNT, 1, 0, "pids.max" },
	[COL_PEAK] = { "PIDS-PEAK", "pids.peak", UNIT_COUNT, 0, 0, "pids.max" },
	[COL_DENIED] = { "DENIED", "forks denied by pids.max", UNIT_COUNT, 1, 0, "pids.max" },
	[COL_CPU] = { "CPU%", "CPU time used since the sample before", UNIT_PERCENT, 1, 1, "cpu.max" },
	[COL_THROTTLED] = { "THROTTLED", "CPU time waited for by cpu.max", UNIT_USEC, 0, 0, "cpu.max" },
};
static const char *const settings[COLUMNS] = {
	[COL_MEMORY] = "memory.current", [COL_MEMORY_MAX] = "memory.max", [COL_HITS] = "memory.events.local:max",
	[COL_KILLS] = "memory.events.local:oom_kill", [COL_PIDS] = "pids.current", [COL_PIDS_MAX] = "pids.max",
	[COL_PEAK] = "pids.peak", [COL_DENIED] = "pids.events:max", [COL_CPU] = "cpu.stat:usage_usec",
	[COL_THROTTLED] = "cpu.stat:throttled_usec",
};

struct one {
	struct feed_group shown;
	char *path;
	struct feed_value value[COLUMNS];
	uint64_t cpu_us;
	uint64_t past[COLUMNS][PAST];
	size_t pasts;
	uint64_t marked_us[8]; /* when each mark was set */
};
struct happened {
	struct feed_event shown;
	char *path, *text;
};

struct feed {
	struct cgx *cgx;
	struct cgx_watch *watch;
	struct one **one;
	size_t n;
	uint64_t read_us, time_us;
	char host[NAME];
	struct happened event[EVENTS];
	size_t events; /* ever; a ring */
	uint64_t kills, forks;
	char note[NAME];
};

static uint64_t clock_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

const struct feed_column *feed_columns(const struct feed *f, size_t *ret_n)
{
	(void)f;
	if (ret_n)
		*ret_n = COLUMNS;
	return columns;
}

static struct one *free_one(struct one *o)
{
	if (o)
		free(o->path);
	free(o);
	return NULL;
}

/* ---- reading ---- */

static struct feed_value read_value(struct cgx_group *g, const char *name)
{
	struct feed_value v = { FEED_OK, 0 };
	int r = cgx_get_u64(g, name, &v.n);

	if (r)
		v.state = r == -ENODEV ? FEED_OFF : FEED_MISSING;
	return v;
}

static void read_values(struct one *o, struct cgx_group *g, const struct one *before, uint64_t passed)
{
	struct feed_value *v = o->value;

	for (int c = 0; c < COLUMNS; c++)
		if (settings[c])
			v[c] = read_value(g, settings[c]);
	v[COL_MEMORY_PART] = v[COL_MEMORY];
	if (v[COL_MEMORY].state == FEED_OK && v[COL_MEMORY_MAX].state == FEED_OK)
		v[COL_MEMORY_PART].n = v[COL_MEMORY_MAX].n == UINT64_MAX || !v[COL_MEMORY_MAX].n ?
			0 : (uint64_t)((unsigned __int128)v[COL_MEMORY].n * 10000 / v[COL_MEMORY_MAX].n);
	o->cpu_us = v[COL_CPU].n;
	if (v[COL_CPU].state != FEED_OK)
		return;
	if (before && passed && before->cpu_us <= o->cpu_us)
		v[COL_CPU].n = (o->cpu_us - before->cpu_us) * 10000 / passed;
	else
		v[COL_CPU].state = FEED_PENDING;
}

static void keep_past(struct one *o)
{
	if (o->pasts == PAST) {
		for (int c = 0; c < COLUMNS; c++)
			memmove(o->past[c], o->past[c] + 1, sizeof(o->past[c][0]) * (PAST - 1));
		o->pasts--;
	}
	for (int c = 0; c < COLUMNS; c++)
		o->past[c][o->pasts] = o->value[c].state == FEED_OK ? o->value[c].n : UINT64_MAX;
	o->pasts++;
}

static struct one *find(const struct feed *f, const char *path)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->one[i] && !strcmp(f->one[i]->path, path))
			return f->one[i];
	return NULL;
}

static void set_mark(struct one *o, unsigned mark, uint64_t now)
{
	for (int b = 0; b < 8; b++)
		if (mark >> b & 1)
			o->marked_us[b] = now;
}

static unsigned marks_of(const struct one *o, uint64_t now)
{
	unsigned marks = 0;

	for (int b = 0; b < 8; b++)
		if (o->marked_us[b] && now - o->marked_us[b] < 60000000)
			marks |= 1u << b;
	return o->shown.frozen > 0 ? marks | FEED_FROZEN : marks;
}

static struct one *read_one(const struct feed *f, const struct cgx_entry *e, uint64_t now)
{
	struct one *o = calloc(1, sizeof(*o)), *before = find(f, e->path);
	struct cgx_group *g;
	const char *slash;
	uint64_t frozen;

	if (!o)
		return NULL;
	if (before)
		*o = *before;
	o->path = strdup(e->path);
	if (!o->path || cgx_group_open(f->cgx, e->path, 0, &g))
		return free_one(o);
	slash = strrchr(o->path, '/');
	o->shown = (struct feed_group){ o->path, slash && slash[1] ? slash + 1 : o->path, e->depth, SIZE_MAX, 0,
					cgx_group_populated(g), -1 };
	if (!cgx_get_u64(g, "cgroup.freeze", &frozen))
		o->shown.frozen = frozen != 0;
	read_values(o, g, before, now - f->read_us);
	if (before && before->value[COL_HITS].n < o->value[COL_HITS].n)
		set_mark(o, FEED_LIMIT, now);
	cgx_group_close(g);
	keep_past(o);
	o->shown.marks = marks_of(o, now);
	return o;
}

static void forget_all(struct feed *f)
{
	for (size_t i = 0; i < f->n; i++)
		free_one(f->one[i]);
	free(f->one);
	f->one = NULL;
	f->n = 0;
}

int feed_sample(struct feed *f)
{
	struct feed now = { 0 };
	uint64_t mono = clock_us(CLOCK_MONOTONIC);
	size_t last[256] = { 0 };
	struct cgx_entry e;
	struct cgx_walk *w;
	int r = cgx_walk_open(f->cgx, "/", 0, 200, &w);

	while (r >= 0 && (r = cgx_walk_next(w, &e)) > 0) {
		struct one **more = reallocarray(now.one, now.n + 1, sizeof(*more));
		struct one *o = more ? read_one(f, &e, mono) : NULL;

		now.one = more ? more : now.one;
		if (!o)
			continue;
		o->shown.parent = e.depth ? last[e.depth - 1] : SIZE_MAX;
		last[e.depth] = now.n;
		now.one[now.n++] = o;
	}
	cgx_walk_close(w);
	if (r < 0) {
		forget_all(&now);
		return r;
	}
	forget_all(f);
	f->one = now.one;
	f->n = now.n;
	f->read_us = mono;
	f->time_us = clock_us(CLOCK_REALTIME);
	feed_wake(f);
	return 0;
}

int feed_seek(struct feed *f, long by)
{
	(void)f;
	(void)by;
	return -EOPNOTSUPP;
}

/* ---- events ---- */

static unsigned mark_of(enum cgx_event_kind kind)
{
	static const unsigned marks[] = {
		[CGX_E_KILL] = FEED_KILL, [CGX_E_FORK] = FEED_FORK, [CGX_E_STALLED] = FEED_STALLED,
		[CGX_E_OOM] = FEED_LIMIT, [CGX_E_LIMIT] = FEED_LIMIT, [CGX_E_PRESSURE] = FEED_PRESSURE,
		[CGX_E_UNSEEN] = 0,
	};

	return marks[kind];
}

static void word_event(const struct cgx_event *e, struct buf *b)
{
	buf_printf(b, "%s", cgx_event_name(e->kind));
	if (e->count > 1)
		buf_printf(b, " x%llu", (unsigned long long)e->count);
	if (e->pid)
		buf_printf(b, " %s (pid %d)", e->comm, (int)e->pid);
	if (e->limit_path && *e->limit_path)
		buf_printf(b, " at the limit %s of %s", units_format(e->kind == CGX_E_FORK ? UNIT_COUNT : UNIT_BYTES, e->limit).s,
			   e->limit_path);
}

static void keep_event(struct feed *f, const struct cgx_event *e)
{
	struct happened *h = &f->event[f->events % EVENTS];
	struct buf AUTO_BUF b = { 0 };
	struct one *o = find(f, e->path);

	word_event(e, &b);
	free(h->path);
	free(h->text);
	*h = (struct happened){ { e->time_us, mark_of(e->kind), NULL, NULL }, strdup(e->path), NULL };
	if (!h->path || buf_steal(&b, &h->text))
		return;
	h->shown.path = h->path;
	h->shown.text = h->text;
	f->events++;
	f->kills += e->kind == CGX_E_KILL ? e->count : 0;
	f->forks += e->kind == CGX_E_FORK ? e->count : 0;
	if (o) {
		set_mark(o, mark_of(e->kind), clock_us(CLOCK_MONOTONIC));
		o->shown.marks = marks_of(o, clock_us(CLOCK_MONOTONIC));
	}
}

int feed_fd(const struct feed *f)
{
	return f->watch ? cgx_watch_fd(f->watch) : -1;
}

int feed_wake(struct feed *f)
{
	struct cgx_event e;
	int n = 0;

	while (f->watch && cgx_watch_next(f->watch, &e) > 0) {
		if (e.kind == CGX_E_UNSEEN)
			snprintf(f->note, sizeof(f->note), "%s", e.text);
		else
			keep_event(f, &e);
		n++;
	}
	return n > 0;
}

int feed_event(const struct feed *f, size_t index, struct feed_event *ret)
{
	if (index >= f->events || index >= EVENTS)
		return 0;
	*ret = f->event[(f->events - 1 - index) % EVENTS].shown;
	return 1;
}

/* ---- asking ---- */

void feed_head(const struct feed *f, struct feed_head *ret)
{
	*ret = (struct feed_head){ f->host, cgx_layout_name(cgx_layout(f->cgx)), f->time_us, UINT64_MAX, UINT64_MAX,
				   UINT64_MAX, UINT64_MAX, f->kills, f->forks, 0, 0, 0, f->note };
	if (f->n && f->one[0]->value[COL_MEMORY].state == FEED_OK)
		ret->memory = f->one[0]->value[COL_MEMORY].n;
}

size_t feed_count(const struct feed *f)
{
	return f->n;
}

const struct feed_group *feed_group(const struct feed *f, size_t index)
{
	return &f->one[index]->shown;
}

struct feed_value feed_value(const struct feed *f, size_t index, size_t column)
{
	return f->one[index]->value[column];
}

size_t feed_past(const struct feed *f, const char *path, size_t column, uint64_t *ret, size_t cap)
{
	const struct one *o = find(f, path);
	size_t n = o ? o->pasts < cap ? o->pasts : cap : 0;

	if (n)
		memcpy(ret, o->past[column] + o->pasts - n, n * sizeof(*ret));
	return n;
}

/* ---- opening ---- */

int feed_plain_open(struct cgx *cgx, const char *host, int watch, struct feed **ret)
{
	struct cgx_watch_how how = { .size = sizeof(how) };
	struct feed *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return -ENOMEM;
	f->cgx = cgx;
	snprintf(f->host, sizeof(f->host), "%s", host);
	if (watch && !cgx_watch_open(cgx, &how, &f->watch))
		cgx_watch_add(f->watch, "/", CGX_WATCH_BELOW);
	r = feed_sample(f);
	if (r < 0) {
		feed_plain_close(f);
		return r;
	}
	*ret = f;
	return 0;
}

struct feed *feed_plain_close(struct feed *f)
{
	if (!f)
		return NULL;
	forget_all(f);
	for (size_t i = 0; i < EVENTS; i++) {
		free(f->event[i].path);
		free(f->event[i].text);
	}
	cgx_watch_close(f->watch);
	free(f);
	return NULL;
}
