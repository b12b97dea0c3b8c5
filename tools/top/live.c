/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Samples of this machine: the sampler's figures as columns, the watch's events as lines. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "oom/line.h"
#include "shot.h"
#include "ui/message.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/num.h"

/* A group that is watched with all below it. */
struct root {
	struct cgx_sampler *sampler;
	char *path;
	size_t first, n;          /* its groups in the sample */
};
struct live {
	struct frame *f;
	struct root *root;
	size_t roots, n;          /* groups of all */
	struct cgx_watch *watch;  /* NULL: events are not seen here */
	char note[512];
	int must_bpf;             /* somebody asked for it: what it is not is told */
	int may_bpf;              /* of several groups those with many below have it once they are known */
	uint64_t columns;         /* those that somebody may look at */
	uint64_t on_demand;       /* figures of all columns; 0: what nobody looks at is read as well */
};

/* So many groups are read whole, whoever looks: each has its past then. */
#define FEW 128
/* With more on the machine BPF is worth its loading. */
#define MANY 500
#define ALL_COLUMNS (COLUMN_BIT(COLUMNS_ALL) - 1)

/* ---- columns from figures ---- */

/* What a column is made of, and how. */
struct recipe {
	struct feed_value (*make)(const struct cgx_sampler *s, size_t group, const struct recipe *r);
	enum cgx_figure figure;
	double scale;     /* of a rate */
	uint64_t beside;  /* other figures that are needed, a bit each */
};

static enum feed_state state_of(enum cgx_state s)
{
	static const enum feed_state states[] = {
		[CGX_STATE_PENDING] = FEED_PENDING, [CGX_STATE_OK] = FEED_OK, [CGX_STATE_OFF] = FEED_OFF,
		[CGX_STATE_MISSING] = FEED_MISSING,
	};

	return states[s];
}

static struct feed_value value_of(const struct cgx_sampler *s, size_t i, enum cgx_figure figure)
{
	struct feed_value v = { 0 };

	v.state = state_of(cgx_sampler_value(s, i, figure, &v.n));
	return v;
}

static struct feed_value plain(const struct cgx_sampler *s, size_t i, const struct recipe *r)
{
	return value_of(s, i, r->figure);
}

/* How much a counter grew, times scale, a second. Set back, or seen once only, it is not known yet. */
static struct feed_value rate(const struct cgx_sampler *s, size_t i, const struct recipe *r)
{
	struct feed_value v = value_of(s, i, r->figure);
	uint64_t before, span = cgx_sampler_time(s, 0) - cgx_sampler_time(s, 1);

	if (v.state != FEED_OK)
		return v;
	if (!cgx_sampler_time(s, 1) || !span || cgx_sampler_before(s, i, r->figure, &before) != CGX_STATE_OK || before > v.n)
		return (struct feed_value){ .state = FEED_PENDING };
	v.n = (uint64_t)((double)(v.n - before) * 1e6 / (double)span * r->scale + 0.5);
	return v;
}

/* The smallest of the limit and those above. */
static struct feed_value binding_of(const struct cgx_sampler *s, size_t i, enum cgx_figure figure)
{
	struct feed_value v = value_of(s, i, figure);
	size_t by;

	if (v.state == FEED_OK)
		v.n = cgx_sampler_limit(s, i, figure, &by);
	return v;
}

static struct feed_value binding(const struct cgx_sampler *s, size_t i, const struct recipe *r)
{
	return binding_of(s, i, r->figure);
}

/* Whether there is one: who it is fill_texts() says. */
static struct feed_value setter(const struct cgx_sampler *s, size_t i, const struct recipe *r)
{
	struct feed_value v = binding_of(s, i, r->figure);

	v.n = v.n != UINT64_MAX;
	return v;
}

static struct feed_value percent(const struct cgx_sampler *s, size_t i, const struct recipe *r)
{
	struct feed_value v = value_of(s, i, r->figure), limit = binding_of(s, i, CGX_F_MEMORY_MAX);

	if (v.state != FEED_OK || limit.state != FEED_OK || limit.n == UINT64_MAX || !limit.n)
		return (struct feed_value){ .state = v.state == FEED_OK ? FEED_OFF : v.state };
	v.n = (uint64_t)((double)v.n * 10000 / (double)limit.n);
	return v;
}

static struct feed_value used(const struct cgx_sampler *s, size_t i, const struct recipe *r)
{
	struct feed_value v = value_of(s, i, r->figure), cache = value_of(s, i, CGX_F_MEMORY_INACTIVE);

	if (v.state == FEED_OK && cache.state == FEED_OK)
		v.n -= cache.n < v.n ? cache.n : v.n;
	else if (v.state == FEED_OK)
		v.state = cache.state;
	return v;
}

/* Microseconds a second are a millionth of one CPU; columns want hundredths of a percent. */
#define OF_ONE_CPU 0.01
static const struct recipe recipes[COLUMNS_ALL] = {
	[COL_MEMORY] = { plain, CGX_F_MEMORY },
	[COL_LIMIT] = { binding, CGX_F_MEMORY_MAX },
	[COL_LIMIT_BY] = { setter, CGX_F_MEMORY_MAX },
	[COL_PERCENT] = { percent, CGX_F_MEMORY, .beside = CGX_F_BIT(CGX_F_MEMORY_MAX) },
	[COL_USED] = { used, CGX_F_MEMORY, .beside = CGX_F_BIT(CGX_F_MEMORY_INACTIVE) },
	[COL_PEAK] = { plain, CGX_F_MEMORY_PEAK },
	[COL_SWAP] = { plain, CGX_F_SWAP },
	[COL_HITS] = { plain, CGX_F_LIMIT_HITS },
	[COL_HITS_RATE] = { rate, CGX_F_LIMIT_HITS, 1 },
	[COL_KILLS] = { plain, CGX_F_OOM_KILLS },
	[COL_PIDS] = { plain, CGX_F_PIDS },
	[COL_PIDS_MAX] = { binding, CGX_F_PIDS_MAX },
	[COL_PIDS_MAX_BY] = { setter, CGX_F_PIDS_MAX },
	[COL_PIDS_PEAK] = { plain, CGX_F_PIDS_PEAK },
	[COL_FORKS] = { plain, CGX_F_FORKS_DENIED },
	[COL_CPU] = { rate, CGX_F_CPU, OF_ONE_CPU },
	[COL_CPU_TIME] = { plain, CGX_F_CPU },
	[COL_THROTTLED] = { rate, CGX_F_THROTTLED, OF_ONE_CPU },
	[COL_THROTTLED_TIME] = { plain, CGX_F_THROTTLED },
	[COL_READ] = { rate, CGX_F_READ, 1 },
	[COL_WRITTEN] = { rate, CGX_F_WRITTEN, 1 },
	[COL_READ_ALL] = { plain, CGX_F_READ },
	[COL_WRITTEN_ALL] = { plain, CGX_F_WRITTEN },
	[COL_READS] = { rate, CGX_F_READS, 1 },
	[COL_WRITES] = { rate, CGX_F_WRITES, 1 },
	[COL_PSI_CPU] = { plain, CGX_F_CPU_PRESSURE },
	[COL_PSI_MEMORY] = { plain, CGX_F_MEMORY_PRESSURE },
	[COL_PSI_IO] = { plain, CGX_F_IO_PRESSURE },
	[COL_PROCS] = { plain, CGX_F_PROCS },
};

static struct feed_value column_value(const struct cgx_sampler *s, size_t i, enum column_id column)
{
	return recipes[column].make(s, i, &recipes[column]);
}

static uint64_t figures_for(uint64_t columns)
{
	uint64_t figures = 0;

	for (; columns; columns &= columns - 1) {
		const struct recipe *r = &recipes[__builtin_ctzll(columns)];

		figures |= CGX_F_BIT(r->figure) | r->beside;
	}
	return figures;
}

static int yes_no(const struct cgx_sampler *s, size_t i, enum cgx_figure figure)
{
	uint64_t n;

	return cgx_sampler_value(s, i, figure, &n) == CGX_STATE_OK ? n != 0 : -1;
}

static unsigned marks_of(const struct cgx_sampler *s, size_t i, int frozen)
{
	struct feed_value hits = column_value(s, i, COL_HITS_RATE), stalled = column_value(s, i, COL_PSI_MEMORY);
	unsigned marks = frozen == 1 ? FEED_FROZEN : 0;

	if (hits.state == FEED_OK && hits.n)
		marks |= FEED_LIMIT;
	if (stalled.state == FEED_OK && stalled.n > 1000)
		marks |= FEED_PRESSURE;
	return marks;
}

/* The columns that are worth working out: where only what is looked at is read, those that were looked at. */
static uint64_t worth(const struct live *l, const struct shot *s, size_t i, int same)
{
	return l->on_demand && l->n > FEW && same ? s->sets[i].asked : s->columns;
}

static int fill_texts(const struct cgx_sampler *s, size_t at, struct feed_group *g, uint64_t columns)
{
	int r = 0;

	if (columns & COLUMN_BIT(COL_LIMIT_BY))
		r = shot_text(&g->limit_by, cgx_sampler_limit_path(s, at, CGX_F_MEMORY_MAX));
	if (!r && columns & COLUMN_BIT(COL_PIDS_MAX_BY))
		r = shot_text(&g->pids_by, cgx_sampler_limit_path(s, at, CGX_F_PIDS_MAX));
	return r;
}

/* The group at `at` of a root. */
static int fill_group(const struct live *l, struct shot *s, size_t root, size_t at)
{
	const struct cgx_sampler *from = l->root[root].sampler;
	size_t first = l->root[root].first, i = first + at;
	struct feed_group *g = &s->group[i];
	struct cgx_sampled sampled;
	uint64_t columns, id;
	int r;

	cgx_sampler_group(from, at, &sampled);
	id = sampled.id * l->roots + root;
	columns = worth(l, s, i, g->id == id);
	/* of the same group the path is the same */
	r = g->id == id ? 0 : shot_name(s, i, sampled.path);
	g->id = r ? 0 : id;
	if (!r)
		r = fill_texts(from, at, g, columns);
	if (r)
		return r;
	g->depth = sampled.depth;
	g->parent = sampled.parent == SIZE_MAX ? SIZE_MAX : first + sampled.parent;
	g->populated = yes_no(from, at, CGX_F_POPULATED);
	g->frozen = yes_no(from, at, CGX_F_FROZEN);
	g->marks = marks_of(from, at, g->frozen);
	shot_clear(s, i, columns);
	for (; columns; columns &= columns - 1) {
		enum column_id c = (enum column_id)__builtin_ctzll(columns);

		shot_put(s, i, c, column_value(from, at, c));
	}
	return 0;
}

/* ---- the machine ---- */

static int read_proc(const struct live *l, const char *file, char *ret, size_t size)
{
	AUTO_BUF struct buf path = { 0 };
	FILE *in;
	size_t n;

	buf_printf(&path, "%s/proc/%s", l->f->root ? l->f->root : "", file);
	in = path.err ? NULL : fopen(buf_text(&path), "re");
	if (!in)
		return -errno;
	n = fread(ret, 1, size - 1, in);
	fclose(in);
	ret[n] = '\0';
	return 0;
}

static uint64_t meminfo(const char *text, const char *key)
{
	const char *p = strstr(text, key);
	uint64_t kb;

	if (!p)
		return UINT64_MAX;
	p += strlen(key);
	p += strspn(p, " ");
	return num_scan(&p, &kb) ? UINT64_MAX : kb * 1024;
}

static void fill_machine(const struct live *l, struct shot *s)
{
	char text[8192];
	const char *slash;
	uint64_t available;

	s->head.memory = s->head.memory_total = s->head.pids = s->head.pids_total = UINT64_MAX;
	if (!read_proc(l, "meminfo", text, sizeof(text))) {
		s->head.memory_total = meminfo(text, "MemTotal:");
		available = meminfo(text, "MemAvailable:");
		if (s->head.memory_total != UINT64_MAX && available <= s->head.memory_total)
			s->head.memory = s->head.memory_total - available;
	}
	/* "0.08 0.03 0.05 1/186 4711": threads that run, and all */
	if (!read_proc(l, "loadavg", text, sizeof(text)) && (slash = strchr(text, '/'))) {
		slash++;
		if (num_scan(&slash, &s->head.pids))
			s->head.pids = UINT64_MAX;
	}
	if (!read_proc(l, "sys/kernel/pid_max", text, sizeof(text))) {
		const char *p = text;

		if (num_scan(&p, &s->head.pids_total))
			s->head.pids_total = UINT64_MAX;
	}
}

/* What of each group of the last sample is worth reading: the groups of a sampler are the same until its next pass. */
static void want_asked(const struct live *l, const struct shot *s)
{
	for (size_t k = 0; k < l->roots; k++)
		for (size_t i = 0, at = l->root[k].first; i < l->root[k].n; i++, at++)
			cgx_sampler_want(l->root[k].sampler, i,
					 l->n <= FEW ? l->on_demand : at < s->n ? figures_for(s->sets[at].asked) : 0);
}

/* One pass of each. Of several one may be gone: it is left out until it is there again. */
static int pass_roots(struct live *l)
{
	size_t n = l->n = 0;
	int there = 0, r = 0;

	for (size_t k = 0; k < l->roots; k++)
		l->root[k].n = 0; /* after a pass that failed groups by index may be gone */
	for (size_t k = 0; k < l->roots; k++) {
		r = cgx_sampler_pass(l->root[k].sampler);
		if (r && (r != -ENOENT || l->roots == 1))
			return r;
		l->root[k].first = n;
		l->root[k].n = r ? 0 : cgx_sampler_count(l->root[k].sampler);
		n += l->root[k].n;
		there |= !r;
	}
	l->n = n;
	return there ? 0 : r;
}

/* Files do as well: why they must is in the samples. */
static void use_bpf(struct live *l, size_t at_least)
{
	for (size_t k = 0; k < l->roots; k++)
		if (l->root[k].n >= at_least)
			cgx_sampler_bpf(l->root[k].sampler, 1);
}

static int pass(struct live *l, const struct shot *s)
{
	int first = !cgx_sampler_time(l->root[0].sampler, 0), r;

	if (l->on_demand)
		want_asked(l, s);
	r = pass_roots(l);
	if (r < 0 || !first)
		return r;
	if (l->may_bpf)
		use_bpf(l, MANY);
	if (!l->on_demand)
		return r;
	/* how many there are is known now */
	want_asked(l, s);
	return l->n <= FEW ? pass_roots(l) : 0;
}

/* Of several samplers the first that reads files tells why. */
static void put_source(const struct live *l, struct shot *s)
{
	const char *why = "";

	s->by_bpf = 0;
	for (size_t k = 0; k < l->roots; k++) {
		const char *one;

		s->by_bpf |= cgx_sampler_by_bpf(l->root[k].sampler, &one) != 0;
		why = *why ? why : one;
	}
	snprintf(s->source_why, sizeof(s->source_why), "%s", why);
}

/* What the user should know of this sample. */
static void put_note(const struct live *l, struct shot *s)
{
	AUTO_BUF struct buf both = { 0 };
	const char *note = "";

	for (size_t k = 0; k < l->roots && !*note; k++)
		note = cgx_sampler_note(l->root[k].sampler);
	if (l->must_bpf && *s->source_why)
		buf_printf(&both, "BPF is not in use: %s%s", s->source_why, *l->note || *note ? "; " : "");
	buf_printf(&both, "%s%s%s", l->note, *l->note && *note ? "; " : "", note);
	snprintf(s->note, sizeof(s->note), "%s", buf_text(&both));
	s->head.unseen = *s->note != '\0';
	for (size_t k = 0; k < l->roots && !*s->note; k++)
		if (!l->root[k].n)
			snprintf(s->note, sizeof(s->note), "%s is gone", l->root[k].path);
}

static int sample(void *data, struct shot *s)
{
	struct live *l = data;
	int r = pass(l, s);

	if (r < 0)
		return r;
	s->columns = l->columns;
	r = shot_reserve(s, l->n);
	for (size_t k = 0; k < l->roots; k++)
		for (size_t i = 0; !r && i < l->root[k].n; i++)
			r = fill_group(l, s, k, i);
	if (r)
		return r;
	s->n = l->n;
	s->head.time_us = wall_us();
	fill_machine(l, s);
	snprintf(s->layout, sizeof(s->layout), "%s", cgx_layout_name(cgx_layout(l->f->cgx)));
	if (!*s->host) {
		struct utsname u;

		snprintf(s->host, sizeof(s->host), "%s", uname(&u) ? "" : u.nodename);
	}
	put_source(l, s);
	put_note(l, s);
	return 0;
}

/* ---- events ---- */

static unsigned mark_of(enum cgx_event_kind kind)
{
	switch (kind) {
	case CGX_E_KILL:
		return FEED_KILL;
	case CGX_E_FORK:
		return FEED_FORK;
	case CGX_E_STALLED:
		return FEED_STALLED;
	case CGX_E_LIMIT:
		return FEED_LIMIT;
	case CGX_E_PRESSURE:
		return FEED_PRESSURE;
	case CGX_E_OOM:
	case CGX_E_EMPTIED:
	case CGX_E_REMOVED:
	case CGX_E_UNSEEN:
		break;
	}
	return 0;
}

/* Each once, whatever number it begins with. */
static void add_note(struct live *l, const char *text)
{
	size_t n = strlen(l->note);

	if (strstr(l->note, text + strspn(text, "0123456789")))
		return;
	snprintf(l->note + n, sizeof(l->note) - n, "%s%s", n ? "; " : "", text);
}

static int wake(void *data, struct feed *f)
{
	struct live *l = data;
	static const struct line_style style = { 0 };
	AUTO_BUF struct buf text = { 0 };
	struct told t = { 0 };
	int any = 0;

	while (l->watch && cgx_watch_next(l->watch, &t.e) > 0) {
		if (t.e.kind == CGX_E_UNSEEN) {
			add_note(l, t.e.text);
			continue;
		}
		buf_reset(&text);
		line_what(&text, &t, &style);
		feed_add_event(f, &(struct feed_event){ t.e.time_us, mark_of(t.e.kind), t.e.path, buf_text(&text) });
		any = 1;
	}
	return any;
}

static int events_fd(const void *data)
{
	const struct live *l = data;

	return l->watch ? cgx_watch_fd(l->watch) : -1;
}

/* ---- open and close ---- */

static void live_close(void *data)
{
	struct live *l = data;

	cgx_watch_close(l->watch);
	for (size_t k = 0; k < l->roots; k++) {
		cgx_sampler_close(l->root[k].sampler);
		free(l->root[k].path);
	}
	free(l->root);
	free(l);
}

static const struct source source = { .sample = sample, .fd = events_fd, .wake = wake, .close = live_close };

/* A recorded machine has no events; on a real one figures are worth showing without them, too. */
static void open_watch(struct live *l)
{
	struct cgx_watch_how how = { .size = sizeof(how) };
	int r;

	if (l->f->root && strcmp(l->f->root, "/"))
		return;
	r = cgx_watch_open(l->f->cgx, &how, &l->watch);
	for (size_t k = 0; r >= 0 && k < l->roots; k++)
		r = cgx_watch_add(l->watch, l->root[k].path, CGX_WATCH_BELOW);
	if (r < 0) {
		snprintf(l->note, sizeof(l->note), "no events: %s", cgx_error(l->f->cgx));
		l->watch = cgx_watch_close(l->watch);
	}
}

/* The path as it is told, unless another root has the group already; those that the new one has are no roots any more. */
static int add_root(struct live *l, const char *text)
{
	struct cgx_group *g;
	size_t kept = 0;
	char *path;
	int r = cgx_group_open(l->f->cgx, text, 0, &g);

	if (r)
		return r;
	path = strdup(cgx_group_path(g));
	cgx_group_close(g);
	if (!path)
		return -ENOMEM;
	for (size_t k = 0; k < l->roots; k++)
		if (feed_is_within(path, l->root[k].path)) {
			free(path);
			return 0;
		}
	for (size_t k = 0; k < l->roots; k++)
		if (feed_is_within(l->root[k].path, path))
			free(l->root[k].path);
		else
			l->root[kept++] = l->root[k];
	l->root[kept] = (struct root){ .path = path };
	l->roots = kept + 1;
	return 0;
}

static int open_roots(struct live *l, const char *const *paths, size_t n, uint64_t figures)
{
	int r = 0;

	l->root = calloc(n ? n : 1, sizeof(*l->root));
	if (!l->root)
		return -ENOMEM;
	for (size_t i = 0; !r && i < n; i++)
		r = add_root(l, paths[i]);
	if (!n)
		r = add_root(l, "/");
	for (size_t k = 0; !r && k < l->roots; k++)
		r = cgx_sampler_open(l->f->cgx, l->root[k].path, figures, &l->root[k].sampler);
	return r;
}

/* How many groups the hierarchy has that has most, the machine over: "memory 4 5001 1". */
static uint64_t groups_on(const struct live *l)
{
	char text[4096];
	const char *at = text;
	uint64_t most = 0, n;

	if (read_proc(l, "cgroups", text, sizeof(text)))
		return 0;
	while ((at = strchr(at, '\n'))) {
		at += 1 + strcspn(at + 1, "\t");
		at += *at == '\t';
		at += strcspn(at, "\t");
		at += *at == '\t';
		if (!num_scan(&at, &n) && n > most)
			most = n;
	}
	return most;
}

static void open_bpf(struct live *l, uint64_t columns)
{
	l->must_bpf = (columns & FEED_BPF) != 0;
	if (columns & FEED_NO_BPF || (!l->must_bpf && groups_on(l) < MANY))
		return;
	l->may_bpf = !l->must_bpf && l->roots > 1; /* each loads a program of its own */
	if (!l->may_bpf)
		use_bpf(l, 0);
}

int feed_open_live(struct frame *f, const char *const *paths, size_t n, uint64_t columns, struct feed **ret)
{
	uint64_t figures = CGX_F_BIT(CGX_F_POPULATED) | CGX_F_BIT(CGX_F_FROZEN) | CGX_F_BIT(CGX_F_PIDS);
	struct live *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return -ENOMEM;
	l->f = f;
	figures |= figures_for(columns & ALL_COLUMNS);
	l->columns = columns & FEED_ON_DEMAND ? ALL_COLUMNS : columns & ALL_COLUMNS;
	if (columns & FEED_ON_DEMAND)
		l->on_demand = figures_for(ALL_COLUMNS);
	r = open_roots(l, paths, n, figures);
	if (!r) {
		open_bpf(l, columns);
		if (!(columns & FEED_NO_EVENTS))
			open_watch(l);
		r = feed_new(&source, l, ret);
	}
	if (r)
		live_close(l);
	return r;
}
