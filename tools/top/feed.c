/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the screen is fed with: the last sample, the past of its figures, the events. */
#include "shot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "record.h"

enum { EVENTS_KEPT = 256, PAST_KEPT = 300, PASTS_MOST = 256, GONE_KEPT = 30, PAST_COLUMNS = 16 };
#define MARK_US 60000000ull

const struct feed_mark feed_marks[] = {
	{ FEED_KILL, 'K', "a process was killed for want of memory within the last minute" },
	{ FEED_STALLED, 'S', "out of memory, and the kernel was told not to kill: it stands still" },
	{ FEED_FORK, 'F', "a fork was denied by pids.max within the last minute" },
	{ FEED_LIMIT, '!', "memory.max was hit since the last sample" },
	{ FEED_PRESSURE, 'P', "stalled for more than a tenth of the time" },
	{ FEED_FROZEN, '*', "frozen" },
	{ 0 }
};

static const struct feed_column columns[COLUMNS_ALL] = {
	[COL_MEMORY] = { "MEMORY", "memory in use, page cache included", UNIT_BYTES, 1, 1, "memory.max" },
	[COL_LIMIT] = { "LIMIT", "the memory limit that binds: the smallest of the group and those above", UNIT_BYTES, 1, 0,
			"memory.max" },
	[COL_LIMIT_BY] = { "LIMIT.BY", "the group that sets the memory limit that binds", UNIT_COUNT, 0, 0, "memory.max", 1 },
	[COL_PERCENT] = { "MEM%", "memory in use of the limit that binds", UNIT_PERCENT, 1, 1, "memory.max" },
	[COL_USED] = { "USED", "memory without page cache that nobody used lately", UNIT_BYTES, 0, 1, "memory.max" },
	[COL_PEAK] = { "PEAK", "the most memory that was ever in use", UNIT_BYTES, 0, 0, "memory.max" },
	[COL_SWAP] = { "SWAP", "swap in use", UNIT_BYTES, 0, 1, "memory.swap.max" },
	[COL_HITS] = { "HITS", "how often the group's own memory limit was hit (v1 failcnt)", UNIT_COUNT, 1, 0, "memory.max" },
	[COL_HITS_RATE] = { "HITS/S", "the same a second", UNIT_COUNT, 0, 1, "memory.max" },
	[COL_KILLS] = { "KILLS", "processes of the group killed for want of memory", UNIT_COUNT, 1, 0, "memory.max" },
	[COL_PIDS] = { "PIDS", "processes and threads, here and below", UNIT_COUNT, 1, 1, "pids.max" },
	[COL_PIDS_MAX] = { "PIDSMAX", "the pids limit that binds", UNIT_COUNT, 1, 0, "pids.max" },
	[COL_PIDS_MAX_BY] = { "PIDSMAX.BY", "the group that sets the pids limit that binds", UNIT_COUNT, 0, 0, "pids.max", 1 },
	[COL_PIDS_PEAK] = { "PIDSPEAK", "the most there ever were", UNIT_COUNT, 0, 0, "pids.max" },
	[COL_FORKS] = { "DENIED", "forks denied by pids.max", UNIT_COUNT, 1, 0, "pids.max" },
	[COL_CPU] = { "CPU%", "CPU time of one CPU", UNIT_PERCENT, 1, 1, "cpu.max" },
	[COL_CPU_TIME] = { "CPUTIME", "CPU time used so far", UNIT_USEC, 0, 0, "cpu.max" },
	[COL_THROTTLED] = { "THROT%", "time that cpu.max held it back", UNIT_PERCENT, 0, 1, "cpu.max" },
	[COL_THROTTLED_TIME] = { "THROTTLED", "the same, in all so far", UNIT_USEC, 0, 0, "cpu.max" },
	[COL_READ] = { "READ/S", "bytes read from block devices a second", UNIT_BYTES, 0, 1, "io.max" },
	[COL_WRITTEN] = { "WRITE/S", "bytes written to block devices a second", UNIT_BYTES, 0, 1, "io.max" },
	[COL_READ_ALL] = { "READ", "bytes read from block devices so far", UNIT_BYTES, 0, 0, "io.max" },
	[COL_WRITTEN_ALL] = { "WRITTEN", "bytes written to block devices so far", UNIT_BYTES, 0, 0, "io.max" },
	[COL_READS] = { "READS/S", "reads from block devices a second", UNIT_COUNT, 0, 0, "io.max" },
	[COL_WRITES] = { "WRITES/S", "writes to block devices a second", UNIT_COUNT, 0, 0, "io.max" },
	[COL_PSI_CPU] = { "PSI.CPU", "time that some process waited for a CPU, of the last 10 s", UNIT_PERCENT, 0, 1, "cpu.max" },
	[COL_PSI_MEMORY] = { "PSI.MEM", "time that some process waited for memory, of the last 10 s", UNIT_PERCENT, 0, 1,
			     "memory.high" },
	[COL_PSI_IO] = { "PSI.IO", "time that some process waited for io, of the last 10 s", UNIT_PERCENT, 0, 1, "io.max" },
	[COL_PROCS] = { "PROCS", "processes in the group itself", UNIT_COUNT, 0, 1, "pids.max" },
};

struct past {
	char *path;
	uint64_t used, seen;                  /* when it was asked for, and there, last; in samples */
	uint64_t ring[PAST_COLUMNS][PAST_KEPT];
	size_t n;                             /* samples so far */
};
struct event {
	uint64_t time_us;
	unsigned mark;
	char *path, *text;
};
struct feed {
	const struct source *source;
	void *data;
	struct shot shot;
	struct event event[EVENTS_KEPT]; /* a ring */
	size_t events, events_mark, events_before; /* so far, at the last sample, at the one before */
	struct past *past[PASTS_MOST];
	size_t pasts;
	uint64_t samples;
	struct recorder *recorder;
	int remembers;
};

void feed_letters(unsigned marks, char *ret, size_t n)
{
	size_t k = 0;

	for (const struct feed_mark *m = feed_marks; m->letter && k < n; m++)
		if (marks & m->bit)
			ret[k++] = m->letter;
	memset(ret + k, ' ', n - k);
	ret[n] = '\0';
}

struct units feed_format(const struct feed_column *c, struct feed_value v)
{
	static const struct units none[] = { [FEED_OFF] = { "-" }, [FEED_MISSING] = { "?" }, [FEED_PENDING] = { "." } };

	return v.state == FEED_OK ? units_format(c->unit, v.n) : none[v.state];
}

/* ---- samples ---- */

/* The place of a column among those that are kept. */
static size_t slot(const struct shot *s, size_t column)
{
	return (size_t)__builtin_popcountll(s->columns & (COLUMN_BIT(column) - 1));
}

/* Fresh memory is not written to: where few values are known, few pages are there. NULL there is none. */
static void *more(void *was, size_t n, size_t cap, size_t size)
{
	char *now = was ? reallocarray(was, cap, size) : calloc(cap, size);

	if (now && was)
		memset(now + n * size, 0, (cap - n) * size);
	return now;
}

static int more_values(struct shot *s, size_t cap)
{
	uint64_t *number = more(s->number, s->cap, cap, s->width * sizeof(*number));
	uint8_t *state;

	if (!number)
		return -ENOMEM;
	s->number = number;
	state = more(s->state, s->cap, cap, s->width);
	if (!state)
		return -ENOMEM;
	s->state = state;
	return 0;
}

int shot_reserve(struct shot *s, size_t n)
{
	size_t cap = s->cap + s->cap / 4 + 16;
	struct feed_group *group;
	struct shot_sets *sets;

	if (n <= s->cap)
		return 0;
	if (cap < n)
		cap = n;
	if (!s->columns)
		s->columns = COLUMN_BIT(COLUMNS_ALL) - 1;
	s->width = slot(s, COLUMNS_ALL);
	group = reallocarray(s->group, cap, sizeof(*group));
	if (!group)
		return -ENOMEM;
	s->group = group;
	sets = reallocarray(s->sets, cap, sizeof(*sets));
	if (!sets)
		return -ENOMEM;
	s->sets = sets;
	if (more_values(s, cap))
		return -ENOMEM;
	memset(s->sets + s->cap, 0, (cap - s->cap) * sizeof(*sets));
	memset(s->group + s->cap, 0, (cap - s->cap) * sizeof(*group));
	s->cap = cap;
	return 0;
}

struct feed_value shot_value(const struct shot *s, size_t index, size_t column)
{
	if (!(s->columns & COLUMN_BIT(column)))
		return (struct feed_value){ .state = FEED_PENDING };
	index = index * s->width + slot(s, column);
	return (struct feed_value){ (enum feed_state)s->state[index], s->number[index] };
}

void shot_put(struct shot *s, size_t index, size_t column, struct feed_value v)
{
	uint32_t bit = (uint32_t)COLUMN_BIT(column);

	if (!(s->columns & bit) || (v.state == FEED_PENDING && !(s->sets[index].known & bit)))
		return;
	s->sets[index].known |= bit;
	index = index * s->width + slot(s, column);
	s->number[index] = v.n;
	s->state[index] = (uint8_t)v.state;
}

void shot_clear(struct shot *s, size_t index, uint64_t but)
{
	for (uint64_t m = s->sets[index].known & ~but; m; m &= m - 1)
		s->state[index * s->width + slot(s, (size_t)__builtin_ctzll(m))] = FEED_PENDING;
	s->sets[index].known &= (uint32_t)but;
}

int shot_text(const char **text, const char *now)
{
	char *copy = NULL;

	if (*text && now && !strcmp(*text, now))
		return 0;
	if (now) {
		copy = strdup(now);
		if (!copy)
			return -ENOMEM;
	}
	free((char *)*text);
	*text = copy;
	return 0;
}

int shot_name(struct shot *s, size_t index, const char *path)
{
	struct feed_group *g = &s->group[index];
	const char *slash = strrchr(path, '/');

	if (g->path && !strcmp(g->path, path))
		return 0;
	s->found = SIZE_MAX;
	if (shot_text(&g->path, path))
		return -ENOMEM;
	g->name = g->path + (slash && slash[1] ? slash + 1 - path : 0);
	return 0;
}

void shot_free(struct shot *s)
{
	for (size_t i = 0; i < s->cap; i++) {
		free((char *)s->group[i].path);
		free((char *)s->group[i].limit_by);
		free((char *)s->group[i].pids_by);
	}
	free(s->group);
	free(s->number);
	free(s->state);
	free(s->sets);
	free(s->bucket);
}

/* ---- by path ---- */

static size_t hash(const char *path)
{
	uint64_t h = 0xcbf29ce484222325;

	for (; *path; path++)
		h = (h ^ (unsigned char)*path) * 0x100000001b3;
	return (size_t)(h ^ h >> 32);
}

/* The first of two of the same path, which only a file can have, is found. */
static int make_buckets(struct shot *s)
{
	size_t most = 64;
	uint32_t *bucket;

	while (most < s->n * 2)
		most *= 2;
	bucket = most == s->buckets ? s->bucket : reallocarray(s->bucket, most, sizeof(*bucket));
	if (!bucket)
		return -ENOMEM;
	s->bucket = bucket;
	s->buckets = most;
	memset(bucket, 0xff, most * sizeof(*bucket));
	for (size_t i = 0; i < s->n; i++) {
		size_t at = hash(s->group[i].path) & (most - 1);

		while (bucket[at] != UINT32_MAX)
			at = (at + 1) & (most - 1);
		bucket[at] = (uint32_t)i;
	}
	s->found = s->n;
	return 0;
}

size_t shot_find(struct shot *s, const char *path)
{
	if (s->found != s->n && make_buckets(s)) {
		for (size_t i = 0; i < s->n; i++)
			if (!strcmp(s->group[i].path, path))
				return i;
		return SIZE_MAX;
	}
	for (size_t at = s->buckets ? hash(path) : 0; s->buckets; at++) {
		uint32_t i = s->bucket[at & (s->buckets - 1)];

		if (i == UINT32_MAX)
			break;
		if (!strcmp(s->group[i].path, path))
			return i;
	}
	return SIZE_MAX;
}

/* ---- the past ---- */

static struct past *find_past(const struct feed *f, const char *path)
{
	for (size_t i = 0; i < f->pasts; i++)
		if (!strcmp(f->past[i]->path, path))
			return f->past[i];
	return NULL;
}

static void past_free(struct past *p)
{
	free(p->path);
	free(p);
}

/* Room for one more: the one that nobody asked for the longest goes. */
static struct past *new_past(struct feed *f, const char *path)
{
	struct past *p = calloc(1, sizeof(*p));
	size_t at = f->pasts;

	if (!p)
		return NULL;
	p->path = strdup(path);
	if (!p->path) {
		free(p);
		return NULL;
	}
	if (f->pasts == PASTS_MOST) {
		at = 0;
		for (size_t i = 1; i < f->pasts; i++)
			if (f->past[i]->used < f->past[at]->used)
				at = i;
		past_free(f->past[at]);
	} else {
		f->pasts++;
	}
	f->past[at] = p;
	return p;
}

/* index SIZE_MAX: it is not there now. */
static void remember(struct past *p, const struct shot *s, size_t index)
{
	size_t k = 0;

	for (size_t c = 0; c < COLUMNS_ALL; c++) {
		struct feed_value v = { .state = FEED_PENDING };

		if (!columns[c].graph || k == PAST_COLUMNS)
			continue;
		if (index != SIZE_MAX)
			v = shot_value(s, index, c);
		p->ring[k++][p->n % PAST_KEPT] = v.state == FEED_OK ? v.n : UINT64_MAX;
	}
	p->n++;
}

/* The place of a column among those that are worth a picture; PAST_COLUMNS it is not. */
static size_t past_index(size_t column)
{
	size_t k = 0;

	for (size_t c = 0; c < column && c < COLUMNS_ALL; c++)
		k += columns[c].graph != 0;
	return column < COLUMNS_ALL && columns[column].graph && k < PAST_COLUMNS ? k : PAST_COLUMNS;
}

/* Of few groups every one is remembered, of many those that somebody looked at. */
static void remember_all(struct feed *f)
{
	struct shot *s = &f->shot;

	for (size_t k = f->pasts; k-- > 0;) {
		size_t i = shot_find(s, f->past[k]->path);

		remember(f->past[k], s, i);
		if (i != SIZE_MAX) {
			f->past[k]->seen = f->samples;
		} else if (f->samples - f->past[k]->seen > GONE_KEPT) { /* names that come and go take no memory for good */
			past_free(f->past[k]);
			f->past[k] = f->past[--f->pasts];
		}
	}
	for (size_t i = 0; f->remembers && s->n <= PASTS_MOST / 2 && i < s->n && f->pasts < PASTS_MOST; i++)
		if (!find_past(f, s->group[i].path)) {
			struct past *p = new_past(f, s->group[i].path);

			if (!p)
				return;
			p->used = p->seen = f->samples;
			remember(p, s, i);
		}
}

static void forget_past(struct feed *f)
{
	while (f->pasts)
		past_free(f->past[--f->pasts]);
}

static void ask(const struct feed *f, const char *path, size_t column)
{
	size_t i = feed_find(f, path);

	if (i != SIZE_MAX)
		f->shot.sets[i].asked |= (uint32_t)COLUMN_BIT(column);
}

size_t feed_past(const struct feed *f, const char *path, size_t column, uint64_t *ret, size_t cap)
{
	struct past *p = find_past(f, path);
	size_t k = past_index(column), n;

	if (!p)
		p = new_past((struct feed *)f, path);
	if (!p || k == PAST_COLUMNS)
		return 0;
	ask(f, path, column);
	p->used = f->samples;
	p->seen = p->n ? p->seen : f->samples;
	n = p->n < PAST_KEPT ? p->n : PAST_KEPT;
	n = n < cap ? n : cap;
	for (size_t i = 0; i < n; i++)
		ret[i] = p->ring[k][(p->n - n + i) % PAST_KEPT];
	return n;
}

/* ---- events ---- */

static void event_free(struct event *e)
{
	free(e->path);
	free(e->text);
	*e = (struct event){ 0 };
}

void feed_add_event(struct feed *f, const struct feed_event *e)
{
	struct event *to = &f->event[f->events % EVENTS_KEPT];
	char *path = strdup(e->path), *text = strdup(e->text);

	if (!path || !text) { /* without memory an event more is not what matters */
		free(path);
		free(text);
		return;
	}
	event_free(to);
	*to = (struct event){ e->time_us, e->mark, path, text };
	f->events++;
	if (f->shot.head.replay) /* the sample has counted them */
		return;
	f->shot.head.kills += e->mark == FEED_KILL;
	f->shot.head.forks += e->mark == FEED_FORK;
}

int feed_event(const struct feed *f, size_t index, struct feed_event *ret)
{
	const struct event *e;

	if (index >= f->events || index >= EVENTS_KEPT)
		return 0;
	e = &f->event[(f->events - 1 - index) % EVENTS_KEPT];
	*ret = (struct feed_event){ e->time_us, e->mark, e->path, e->text };
	return 1;
}

size_t feed_events_new(const struct feed *f)
{
	size_t n = f->events - f->events_before;

	return n < EVENTS_KEPT ? n : EVENTS_KEPT;
}

static void mark_events(struct feed *f)
{
	struct feed_event e;

	for (size_t i = 0; feed_event(f, i, &e); i++) {
		size_t at = e.mark && e.time_us + MARK_US > f->shot.head.time_us ? shot_find(&f->shot, e.path) : SIZE_MAX;

		if (at != SIZE_MAX)
			f->shot.group[at].marks |= e.mark;
	}
}

/* ---- the feed ---- */

const struct feed_column *column_at_index(size_t i)
{
	return &columns[i];
}

size_t feed_column_find(const char *name, size_t len)
{
	for (size_t i = 0; i < COLUMNS_ALL; i++)
		if (strlen(columns[i].name) == len && !strncasecmp(columns[i].name, name, len))
			return i;
	return SIZE_MAX;
}

const struct feed_column *feed_columns(const struct feed *f, size_t *ret_n)
{
	(void)f;
	if (ret_n)
		*ret_n = COLUMNS_ALL;
	return columns;
}

int feed_new(const struct source *source, void *data, struct feed **ret)
{
	struct feed *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->source = source;
	f->data = data;
	*ret = f;
	return 0;
}

struct feed *feed_close(struct feed *f)
{
	if (!f)
		return NULL;
	feed_record_end(f);
	f->source->close(f->data);
	for (size_t i = 0; i < EVENTS_KEPT; i++)
		event_free(&f->event[i]);
	forget_past(f);
	shot_free(&f->shot);
	free(f);
	return NULL;
}

void feed_remember(struct feed *f)
{
	f->remembers = 1;
}

int feed_record(struct feed *f, struct frame *frame, const char *file)
{
	return recorder_open(frame, file, &f->recorder);
}

int feed_record_end(struct feed *f)
{
	struct recorder *r = f->recorder;

	f->recorder = NULL;
	return recorder_close(r);
}

int feed_sample(struct feed *f)
{
	int r = f->source->sample(f->data, &f->shot);

	if (r)
		return r;
	for (size_t i = 0; i < f->shot.n; i++)
		f->shot.sets[i].asked = 0;
	f->samples++;
	f->events_before = f->events_mark;
	feed_wake(f);
	mark_events(f);
	remember_all(f);
	if (f->recorder)
		recorder_write(f->recorder, f);
	f->events_mark = f->events;
	return 0;
}

int feed_seek(struct feed *f, long by)
{
	int r;

	if (!f->source->seek)
		return 0;
	r = f->source->seek(f->data, by, &f->shot);
	if (r < 0)
		return r;
	if (by < 0) { /* what was remembered lies ahead now */
		forget_past(f);
		for (size_t i = 0; i < EVENTS_KEPT; i++)
			event_free(&f->event[i]);
		f->events = f->events_mark = 0;
	}
	f->events_before = f->events_mark;
	feed_wake(f);
	mark_events(f);
	remember_all(f);
	f->events_mark = f->events;
	return 0;
}

int feed_fd(const struct feed *f)
{
	return f->source->fd(f->data);
}

int feed_wake(struct feed *f)
{
	return f->source->wake(f->data, f);
}

const struct shot *feed_shot(const struct feed *f)
{
	return &f->shot;
}

void feed_head(const struct feed *f, struct feed_head *ret)
{
	*ret = f->shot.head;
	ret->host = f->shot.host;
	ret->layout = f->shot.layout;
	ret->note = f->shot.note;
	ret->record_err = f->recorder ? recorder_err(f->recorder) : 0;
	ret->source = ret->replay ? "" : f->shot.by_bpf ? "bpf" : "files";
	ret->source_why = f->shot.source_why;
}

size_t feed_count(const struct feed *f)
{
	return f->shot.n;
}

const struct feed_group *feed_group(const struct feed *f, size_t index)
{
	return &f->shot.group[index];
}

int feed_is_within(const char *path, const char *top)
{
	size_t n = strlen(top);

	return !strcmp(top, "/") || (!strncmp(path, top, n) && (!path[n] || path[n] == '/'));
}

size_t feed_find(const struct feed *f, const char *path)
{
	/* what is searched by is made when it is needed */
	return shot_find((struct shot *)&f->shot, path);
}

struct feed_value feed_value(const struct feed *f, size_t index, size_t column)
{
	f->shot.sets[index].asked |= (uint32_t)COLUMN_BIT(column);
	return shot_value(&f->shot, index, column);
}

const char *feed_text(const struct feed *f, size_t index, size_t column)
{
	const struct feed_group *g = &f->shot.group[index];
	const char *text = column == COL_LIMIT_BY ? g->limit_by : column == COL_PIDS_MAX_BY ? g->pids_by : NULL;

	return text && feed_value(f, index, column).state == FEED_OK ? text : "";
}
