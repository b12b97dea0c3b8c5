/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Samples in a file. Lines of text, so that it can be looked into, cut and sent:
 *   cgx-top 1
 *   H HOST LAYOUT                            once
 *   C NAME NAME ...                          the columns, once
 *   S TIME MEMORY TOTAL PIDS TOTAL KILLS FORKS
 *   G PARENT POPULATED FROZEN MARKS VALUE ... PATH   one a group, parents first; PATH is the rest of the line
 *   T COLUMN TEXT                                    of a column of texts, of the group before
 *   E TIME MARK PATH-LENGTH PATH TEXT
 * A value is a number, "max", or why there is none: "-" off, "?" missing, "." not sampled. Every file is hostile:
 * numbers and indexes are checked, lines that are not understood are passed over. What was there and is no more is -ENODATA.
 */
#include "record.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ui/message.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/num.h"

static const char magic[] = "cgx-top 1\n";

/* ---- writing ---- */

struct recorder {
	FILE *to;
	struct frame *f;
	char *file;
	int begun, status, err;
};

int recorder_open(struct frame *f, const char *file, struct recorder **ret)
{
	struct recorder *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->f = f;
	r->file = strdup(file);
	r->to = fopen(file, "we");
	if (!r->to || !r->file) {
		int status = msg_errno(f, errno, file, "record to it");

		recorder_close(r);
		return status;
	}
	*ret = r;
	return 0;
}

int recorder_close(struct recorder *r)
{
	int status;

	if (!r)
		return 0;
	if (r->to && fclose(r->to) == EOF)
		r->status = msg_errno(r->f, errno, r->file, "record to it");
	status = r->status;
	free(r->file);
	free(r);
	return status;
}

static void put_number(FILE *to, uint64_t n)
{
	if (n == UINT64_MAX)
		fputs(" max", to);
	else
		fprintf(to, " %llu", (unsigned long long)n);
}

static void put_value(FILE *to, struct feed_value v)
{
	static const char *const none[] = { [FEED_OFF] = " -", [FEED_MISSING] = " ?", [FEED_PENDING] = " ." };

	if (v.state == FEED_OK)
		put_number(to, v.n);
	else
		fputs(none[v.state], to);
}

static void begin(struct recorder *r, const struct shot *s)
{
	r->begun = 1;
	fputs(magic, r->to);
	fprintf(r->to, "H %s %s\nC", *s->host ? s->host : "-", *s->layout ? s->layout : "-");
	for (size_t i = 0; i < COLUMNS_ALL; i++)
		fprintf(r->to, " %s", column_at_index(i)->name);
	fputc('\n', r->to);
}

static void put_text(FILE *to, size_t column, const char *text)
{
	if (text && *text)
		fprintf(to, "T %s %s\n", column_at_index(column)->name, text);
}

static void put_group(FILE *to, const struct shot *s, size_t i)
{
	const struct feed_group *g = &s->group[i];

	fputs("G", to);
	put_number(to, g->parent == SIZE_MAX ? UINT64_MAX : g->parent);
	fprintf(to, " %d %d %u", g->populated, g->frozen, g->marks);
	for (size_t c = 0; c < COLUMNS_ALL; c++)
		put_value(to, shot_value(s, i, c));
	fprintf(to, " %s\n", g->path);
	put_text(to, COL_LIMIT_BY, g->limit_by);
	put_text(to, COL_PIDS_MAX_BY, g->pids_by);
}

void recorder_write(struct recorder *r, const struct feed *feed)
{
	const struct shot *s = feed_shot(feed);
	struct feed_event e;

	if (!r->to)
		return;
	if (!r->begun)
		begin(r, s);
	fprintf(r->to, "S %llu", (unsigned long long)s->head.time_us);
	put_number(r->to, s->head.memory);
	put_number(r->to, s->head.memory_total);
	put_number(r->to, s->head.pids);
	put_number(r->to, s->head.pids_total);
	put_number(r->to, s->head.kills);
	put_number(r->to, s->head.forks);
	fputc('\n', r->to);
	for (size_t i = 0; i < s->n; i++)
		put_group(r->to, s, i);
	for (size_t i = feed_events_new(feed); i-- > 0;)
		if (feed_event(feed, i, &e))
			fprintf(r->to, "E %llu %u %zu %s %s\n", (unsigned long long)e.time_us, e.mark, strlen(e.path), e.path,
				e.text);
	if (fflush(r->to) == EOF) {
		r->err = errno;
		r->status = msg_errno(r->f, r->err, r->file, "record to it");
		fclose(r->to);
		r->to = NULL;
	}
}

int recorder_err(const struct recorder *r)
{
	return r->err;
}

/* ---- reading ---- */

struct replay {
	struct frame *f;
	FILE *from;
	char *line;
	size_t cap;
	long long *at;      /* where each sample begins */
	size_t n, n_cap, now;
	size_t column[COLUMNS_ALL * 2], columns; /* which of ours each of the file's is; SIZE_MAX none */
	char host[128], layout[32];
	struct feed_event *event;
	size_t events;
	int started, err;
};

/* A line without its newline; NULL the end, or r->err. One that does not end was cut off, and so may be its last number. */
static char *next_line(struct replay *r)
{
	ssize_t n = getline(&r->line, &r->cap, r->from);

	if (n <= 0) {
		r->err = feof(r->from) ? 0 : errno == ENOMEM ? -ENOMEM : -EIO;
		return NULL;
	}
	if (r->line[n - 1] != '\n')
		return NULL;
	r->line[n - 1] = '\0';
	return r->line;
}

static char *word(char **p)
{
	char *s = *p + strspn(*p, " "), *end = s + strcspn(s, " ");

	*p = *end ? end + 1 : end;
	*end = '\0';
	return s;
}

/* 1, 0, or -1 not known. */
static int yes_no(char **p)
{
	const char *s = word(p);

	return !strcmp(s, "1") ? 1 : !strcmp(s, "0") ? 0 : -1;
}

static uint64_t number(char **p)
{
	const char *s = word(p);
	uint64_t n;

	return !strcmp(s, "max") || num_u64(s, &n) ? UINT64_MAX : n;
}

/* What is no set of marks is none. */
static unsigned marks(char **p)
{
	uint64_t n = number(p);

	return n <= 0xff ? (unsigned)n : 0;
}

static struct feed_value value(char **p)
{
	const char *s = word(p);
	struct feed_value v = { .state = FEED_OK };

	if (!strcmp(s, "-"))
		v.state = FEED_OFF;
	else if (!strcmp(s, "?"))
		v.state = FEED_MISSING;
	else if (!strcmp(s, "max"))
		v.n = UINT64_MAX;
	else if (num_u64(s, &v.n))
		v.state = FEED_PENDING;
	return v;
}

static void read_columns(struct replay *r, char *p)
{
	while (*p && r->columns < sizeof(r->column) / sizeof(r->column[0])) {
		const char *name = word(&p);

		if (*name)
			r->column[r->columns++] = feed_column_find(name, strlen(name));
	}
}

static int note_sample(struct replay *r, long long at)
{
	if (r->n == r->n_cap) {
		size_t cap = r->n_cap ? r->n_cap * 2 : 256;
		long long *more = reallocarray(r->at, cap, sizeof(*more));

		if (!more)
			return -ENOMEM;
		r->at = more;
		r->n_cap = cap;
	}
	r->at[r->n++] = at;
	return 0;
}

/* Where the samples are. */
static int read_index(struct replay *r)
{
	long long at = ftello(r->from);
	int err = 0;

	for (char *p; !err && (p = next_line(r)); at = ftello(r->from)) {
		if (p[0] == 'S' && p[1] == ' ') {
			err = note_sample(r, at);
		} else if (p[0] == 'C' && p[1] == ' ' && !r->columns) {
			read_columns(r, p + 2);
		} else if (p[0] == 'H' && p[1] == ' ') {
			p += 2;
			snprintf(r->host, sizeof(r->host), "%s", word(&p));
			snprintf(r->layout, sizeof(r->layout), "%s", word(&p));
		}
	}
	return err ? err : r->err;
}

static int read_group(struct replay *r, struct shot *s, char *p)
{
	size_t i = s->n;
	struct feed_group *g;
	uint64_t parent;
	int err = shot_reserve(s, i + 1);

	if (err)
		return err;
	g = &s->group[i];
	shot_clear(s, i, 0);
	parent = number(&p);
	g->parent = parent < i ? (size_t)parent : SIZE_MAX;
	g->populated = yes_no(&p);
	g->frozen = yes_no(&p);
	g->marks = marks(&p);
	for (size_t c = 0; c < r->columns; c++) {
		struct feed_value one = value(&p);

		if (r->column[c] != SIZE_MAX)
			shot_put(s, i, r->column[c], one);
	}
	shot_text(&g->limit_by, NULL);
	shot_text(&g->pids_by, NULL);
	err = shot_name(s, i, *p ? p : "?"); /* others count on its place */
	if (err)
		return err;
	g->depth = strcmp(g->path, "/") != 0;
	for (const char *c = g->path; *c; c++)
		g->depth += *c == '/' && c[1];
	s->n++;
	return 0;
}

/* Of the last group. */
static int read_text(struct shot *s, char *p)
{
	const char *name = word(&p);
	size_t column = feed_column_find(name, strlen(name));
	struct feed_group *g = s->n ? &s->group[s->n - 1] : NULL;

	if (g && column == COL_LIMIT_BY)
		return shot_text(&g->limit_by, p);
	if (g && column == COL_PIDS_MAX_BY)
		return shot_text(&g->pids_by, p);
	return 0;
}

static int read_event(struct replay *r, char *p)
{
	struct feed_event *more = reallocarray(r->event, r->events + 1, sizeof(*more));
	uint64_t time_us, len;
	unsigned mark;
	char *path, *text;

	if (!more)
		return -ENOMEM;
	r->event = more;
	time_us = number(&p);
	mark = marks(&p);
	len = number(&p);
	if (len > strlen(p) || (p[len] && p[len] != ' '))
		return 0;
	path = strndup(p, (size_t)len);
	text = strdup(p[len] ? p + len + 1 : "");
	if (!path || !text) {
		free(path);
		free(text);
		return -ENOMEM;
	}
	more[r->events++] = (struct feed_event){ time_us, mark, path, text };
	return 0;
}

static void drop_events(struct replay *r)
{
	for (size_t i = 0; i < r->events; i++) {
		free((char *)r->event[i].path);
		free((char *)r->event[i].text);
	}
	free(r->event);
	r->event = NULL;
	r->events = 0;
}

static void read_head(struct shot *s, char *p)
{
	s->head.time_us = number(&p);
	s->head.memory = number(&p);
	s->head.memory_total = number(&p);
	s->head.pids = number(&p);
	s->head.pids_total = number(&p);
	s->head.kills = number(&p);
	s->head.forks = number(&p);
}

static int load(struct replay *r, struct shot *s)
{
	char *p;
	int err = 0;

	if (fseeko(r->from, r->at[r->now], SEEK_SET) || !(p = next_line(r)))
		return r->err ? r->err : -ENODATA;
	drop_events(r);
	read_head(s, p + 1);
	s->n = 0;
	while (!err && (p = next_line(r)) && !(p[0] == 'S' && p[1] == ' ')) {
		if (p[0] == 'G' && p[1] == ' ')
			err = read_group(r, s, p + 2);
		else if (p[0] == 'T' && p[1] == ' ')
			err = read_text(s, p + 2);
		else if (p[0] == 'E' && p[1] == ' ')
			err = read_event(r, p + 2);
	}
	snprintf(s->host, sizeof(s->host), "%s", r->host);
	snprintf(s->layout, sizeof(s->layout), "%s", r->layout);
	s->head.replay = 1;
	s->head.at = r->now;
	s->head.of = r->n;
	return err ? err : r->err;
}

static int sample(void *data, struct shot *s)
{
	struct replay *r = data;

	if (r->started && r->now + 1 >= r->n)
		return 1;
	r->now += r->started;
	r->started = 1;
	return load(r, s);
}

static int seek(void *data, long by, struct shot *s)
{
	struct replay *r = data;

	if (by < 0)
		r->now = 0 - (size_t)by > r->now ? 0 : r->now + (size_t)by;
	else
		r->now = (size_t)by > r->n - 1 - r->now ? r->n - 1 : r->now + (size_t)by;
	return load(r, s);
}

static int no_fd(const void *data)
{
	(void)data;
	return -1;
}

static int wake(void *data, struct feed *f)
{
	struct replay *r = data;
	size_t n = r->events;

	for (size_t i = 0; i < n; i++)
		feed_add_event(f, &r->event[i]);
	drop_events(r);
	return n != 0;
}

static void replay_close(void *data)
{
	struct replay *r = data;

	drop_events(r);
	if (r->from)
		fclose(r->from);
	free(r->line);
	free(r->at);
	free(r);
}

static const struct source source = { .sample = sample, .seek = seek, .fd = no_fd, .wake = wake, .close = replay_close };

int feed_open_replay(struct frame *f, const char *file, struct feed **ret)
{
	struct replay *r = calloc(1, sizeof(*r));
	char head[sizeof(magic)] = "";
	int status = 0;

	if (!r)
		return -ENOMEM;
	r->f = f;
	r->from = fopen(file, "re");
	if (!r->from)
		status = msg_errno(f, errno, file, "replay");
	else if (fseeko(r->from, 0, SEEK_SET))
		status = msg_error(f, "copy it to a file first", "%s: replay: what goes forth and back in time must be a file", file);
	else if (!fgets(head, sizeof(head), r->from) || strcmp(head, magic))
		status = msg_error(f, "make one with cgx-top --record FILE", "%s: replay: this is no recording of cgx-top", file);
	else
		status = read_index(r);
	if (!status && !r->n)
		status = msg_error(f, NULL, "%s: replay: there is no sample in it", file);
	if (!status)
		status = feed_new(&source, r, ret);
	if (status)
		replay_close(r);
	return status;
}
