/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Samples without a screen. */
#include "batch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "metrics.h"
#include "shot.h"
#include "ui/json.h"
#include "ui/message.h"
#include "ui/replace.h"
#include "ui/text.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/clock.h"

enum { MARKS_SHOWN = 2 };
/* Rates need two samples: the first is not printed, and the second comes soon. */
#define FIRST_US 250000
#define HOUR_US 3600000000u

struct batch {
	struct frame *f;
	struct feed *feed;
	const struct batch_how *how;
	const struct feed_column *column;
	size_t columns;
	struct rows rows;
	struct json *json;
	FILE *to;
	uint64_t printed;
	int noted;
};

static int is_shown(const struct batch *b, size_t column)
{
	return (b->how->choice.shown & COLUMN_BIT(column)) != 0;
}

/* ---- text ---- */

static int column_width(const struct feed_column *c)
{
	int name = (int)strlen(c->name), least = c->text ? 16 : 7;

	return name > least ? name : least;
}

/* Texts begin at the left, and a long one is not cut: this is no screen. */
static void put_cell(const struct batch *b, size_t group, size_t column)
{
	const struct feed_column *c = &b->column[column];
	struct feed_value v = feed_value(b->feed, group, column);
	const char *text = feed_text(b->feed, group, column);
	AUTO_BUF struct buf shown = { 0 };

	if (!c->text) {
		fprintf(b->to, "%*s ", column_width(c), feed_format(c, v).s);
		return;
	}
	if (v.state != FEED_OK)
		text = feed_format(c, v).s;
	else if (!*text)
		text = "none";
	text_name(&shown, text, TEXT_UTF8);
	fprintf(b->to, "%-*s ", column_width(c), buf_text(&shown));
}

static void put_row(const struct batch *b, const struct row *row)
{
	const struct feed_group *g = feed_group(b->feed, row->group);
	const char *name = b->rows.flat || !row->depth ? g->path : g->name;
	AUTO_BUF struct buf shown = { 0 };
	char letters[MARKS_SHOWN + 1];

	feed_letters(g->marks, letters, MARKS_SHOWN);
	fprintf(b->to, "%s ", letters);
	for (size_t c = 0; c < b->columns; c++)
		if (is_shown(b, c))
			put_cell(b, row->group, c);
	text_name(&shown, name, TEXT_UTF8);
	fprintf(b->to, "%*s%s\n", (int)row->depth * 2, "", buf_text(&shown));
}

static void put_text(struct batch *b)
{
	struct feed_head h;
	char when[32] = "";
	struct tm tm;
	time_t t;

	feed_head(b->feed, &h);
	t = (time_t)(h.time_us / 1000000);
	if (localtime_r(&t, &tm))
		strftime(when, sizeof(when), "%F %T", &tm);
	if (!b->how->no_headings) {
		fprintf(b->to, "%s%s  %zu group%s\n", b->printed ? "\n" : "", when, feed_count(b->feed),
			feed_count(b->feed) == 1 ? "" : "s");
		fputs("   ", b->to);
		for (size_t c = 0; c < b->columns; c++)
			if (is_shown(b, c))
				fprintf(b->to, "%*s ", b->column[c].text ? -column_width(&b->column[c]) : column_width(&b->column[c]),
					b->column[c].name);
		fputs("GROUP\n", b->to);
	}
	for (size_t i = 0; i < b->rows.n; i++)
		put_row(b, &b->rows.row[i]);
}

/* ---- CSV ---- */

static void put_field(FILE *to, const char *s)
{
	AUTO_BUF struct buf shown = { 0 };
	const char *p;

	text_name(&shown, s, TEXT_UTF8);
	p = buf_text(&shown);
	if (!strpbrk(p, ",\"")) {
		fputs(p, to);
		return;
	}
	fputc('"', to);
	for (; *p; p++) {
		if (*p == '"')
			fputc('"', to);
		fputc(*p, to);
	}
	fputc('"', to);
}

/* A number as it is, percent with its decimals; "max"; nothing where there is none. */
static void put_raw(FILE *to, const struct feed_column *c, struct feed_value v)
{
	if (v.state != FEED_OK)
		return;
	if (v.n == UINT64_MAX)
		fputs("max", to);
	else if (c->unit == UNIT_PERCENT)
		fprintf(to, "%llu.%02llu", (unsigned long long)(v.n / 100), (unsigned long long)(v.n % 100));
	else
		fprintf(to, "%llu", (unsigned long long)v.n);
}

static void put_csv(struct batch *b)
{
	struct feed_head h;

	feed_head(b->feed, &h);
	if (!b->printed && !b->how->no_headings) {
		fputs("TIME,GROUP", b->to);
		for (size_t c = 0; c < b->columns; c++)
			if (is_shown(b, c))
				fprintf(b->to, ",%s", b->column[c].name);
		fputc('\n', b->to);
	}
	for (size_t i = 0; i < b->rows.n; i++) {
		size_t group = b->rows.row[i].group;

		fprintf(b->to, "%llu.%06llu,", (unsigned long long)(h.time_us / 1000000),
			(unsigned long long)(h.time_us % 1000000));
		put_field(b->to, feed_group(b->feed, group)->path);
		for (size_t c = 0; c < b->columns; c++)
			if (is_shown(b, c)) {
				fputc(',', b->to);
				if (b->column[c].text)
					put_field(b->to, feed_text(b->feed, group, c));
				else
					put_raw(b->to, &b->column[c], feed_value(b->feed, group, c));
			}
		fputc('\n', b->to);
	}
}

/* ---- JSON ---- */

/* A limit is told together with who sets it. */
static uint64_t with_setters(uint64_t columns)
{
	columns |= columns & COLUMN_BIT(COL_LIMIT) ? COLUMN_BIT(COL_LIMIT_BY) : 0;
	return columns | (columns & COLUMN_BIT(COL_PIDS_MAX) ? COLUMN_BIT(COL_PIDS_MAX_BY) : 0);
}

/* "MEM%" -> "mem_percent", "HITS/S" -> "hits_per_s", "PSI.CPU" -> "psi_cpu" */
static void json_key(const char *name, char *ret, size_t size)
{
	size_t n = 0;

	for (; *name && n + 12 < size; name++) {
		const char *more = *name == '%' ? "_percent" : *name == '/' ? "_per_" : *name == '.' ? "_" : NULL;

		if (more)
			n += (size_t)snprintf(ret + n, size - n, "%s", more);
		else
			ret[n++] = (char)(*name >= 'A' && *name <= 'Z' ? *name + 32 : *name);
	}
	ret[n] = '\0';
}

static void json_value(const struct batch *b, size_t column, struct feed_value v)
{
	char key[64];

	json_key(b->column[column].name, key, sizeof(key));
	if (v.state != FEED_OK)
		json_add_null(b->json, key);
	else if (b->column[column].unit == UNIT_PERCENT && v.n != UINT64_MAX)
		json_add_double(b->json, key, (double)v.n / 100, 2);
	else
		json_add_limit(b->json, key, v.n);
}

static void json_events(const struct batch *b)
{
	struct feed_event e;

	json_open_array(b->json, NULL);
	for (size_t i = feed_events_new(b->feed); i-- > 0;) {
		if (!feed_event(b->feed, i, &e))
			continue;
		json_open_object(b->json, NULL);
		json_add_double(b->json, "time", (double)e.time_us / 1e6, 6);
		json_add_name(b->json, "group", *e.path ? e.path : NULL);
		json_add_string(b->json, "text", e.text);
		json_close(b->json);
	}
	json_close(b->json);
}

static void json_state(struct json *j, const char *key, int state)
{
	if (state < 0)
		json_add_null(j, key);
	else
		json_add_bool(j, key, state);
}

/* Who sets a limit that is told: null where there is none. */
static void json_setter(const struct batch *b, size_t group, size_t column)
{
	const char *by = feed_text(b->feed, group, column);
	char key[64];

	json_key(b->column[column].name, key, sizeof(key));
	json_add_name(b->json, key, *by ? by : NULL);
}

static void json_group(const struct batch *b, size_t group)
{
	const struct feed_group *g = feed_group(b->feed, group);

	json_open_object(b->json, NULL);
	json_add_name(b->json, "path", g->path);
	json_state(b->json, "populated", g->populated);
	json_state(b->json, "frozen", g->frozen);
	for (size_t c = 0; c < b->columns; c++)
		if (is_shown(b, c) && !b->column[c].text)
			json_value(b, c, feed_value(b->feed, group, c));
	for (size_t c = 0; c < b->columns; c++)
		if (with_setters(b->how->choice.shown) & COLUMN_BIT(c) && b->column[c].text)
			json_setter(b, group, c);
	json_close(b->json);
}

static int put_part(const struct batch *b)
{
	int r = json_write(b->json, b->to, JSON_LINE | JSON_PART);

	json_reset(b->json);
	return r;
}

static int put_source(const struct batch *b, const struct feed_head *h)
{
	fputs(",\"source\":", b->to);
	json_open_object(b->json, NULL);
	json_add_string(b->json, "by", h->source);
	json_add_string(b->json, "why", *h->source_why ? h->source_why : NULL);
	json_close(b->json);
	return put_part(b);
}

/* Group by group: a document of all would take some kilobytes for each. */
static int put_json(struct batch *b)
{
	struct feed_head h;
	int r = 0;

	feed_head(b->feed, &h);
	fprintf(b->to, "{\"time\":%.6f,\"groups\":[", (double)h.time_us / 1e6);
	for (size_t i = 0; !r && i < b->rows.n; i++) {
		if (i)
			fputc(',', b->to);
		json_group(b, b->rows.row[i].group);
		r = put_part(b);
	}
	if (r)
		return r;
	fputs("],\"events\":", b->to);
	json_events(b);
	r = put_part(b);
	if (!r && *h.source)
		r = put_source(b, &h);
	fputs("}\n", b->to);
	return r;
}

/* ---- the loop ---- */

uint64_t batch_needs(const struct batch_how *how)
{
	uint64_t needs = how->choice.shown;

	if (how->form == BATCH_METRICS)
		needs = metrics_columns(needs);
	if (how->form == BATCH_JSON)
		needs = with_setters(needs);
	if (how->form == BATCH_CSV || how->form == BATCH_METRICS)
		needs |= FEED_NO_EVENTS;
	return how->choice.sort == ROWS_BY_NAME ? needs : needs | COLUMN_BIT(how->choice.sort);
}

static int print(struct batch *b)
{
	int r = rows_make(&b->rows, b->feed);

	if (r)
		return r;
	switch (b->how->form) {
	case BATCH_TEXT:
		put_text(b);
		break;
	case BATCH_CSV:
		put_csv(b);
		break;
	case BATCH_JSON:
		r = put_json(b);
		break;
	case BATCH_METRICS:
		metrics_put(b->to, b->feed, &b->rows, b->how->choice.shown);
		break;
	}
	return r;
}

/* A reader of the file sees one sample or the next, never half of one. */
static int print_to_file(struct batch *b)
{
	struct replace file;
	int r = replace_begin(&file, b->how->output), err;

	if (r < 0)
		return msg_errno(b->f, r, b->how->output, "write");
	b->to = file.to;
	r = print(b);
	err = replace_end(&file, !r);
	return err ? msg_errno(b->f, err, b->how->output, "write") : r;
}

/* What cannot be seen here is said once, beside the figures. */
static void tell_note(struct batch *b)
{
	struct feed_head h;

	feed_head(b->feed, &h);
	if (b->noted || h.replay || !h.unseen)
		return;
	b->noted = 1;
	msg_note(b->f, "%s", h.note);
}

static int print_one(struct batch *b)
{
	int r;

	tell_note(b);
	if (b->how->output)
		return print_to_file(b);
	b->to = stdout;
	r = print(b);
	b->printed++;
	return r ? r : frame_flush(b->f) < 0 ? STATUS_FAILED : 0; /* the frame tells a failure of stdout */
}

/* Events are taken as they come, so that their times are right and none is lost. */
static void pause_for(struct batch *b, uint64_t us)
{
	struct pollfd p = { .fd = feed_fd(b->feed), .events = POLLIN };
	uint64_t end = us < UINT64_MAX / 2 ? now_us() + us : UINT64_MAX;

	for (uint64_t now = now_us(); now < end; now = now_us())
		if (poll(&p, 1, end - now < HOUR_US ? (int)((end - now) / 1000 + 1) : (int)(HOUR_US / 1000)) > 0)
			feed_wake(b->feed);
}

static int loop(struct batch *b)
{
	struct feed_head h;
	uint64_t n = 0;
	int r = feed_sample(b->feed);

	feed_head(b->feed, &h);
	if (!r && !h.replay) {
		pause_for(b, b->how->delay_us < FIRST_US ? b->how->delay_us : FIRST_US);
		r = feed_sample(b->feed);
	}
	while (!r) {
		r = print_one(b);
		if (r || (b->how->count && ++n >= b->how->count))
			break;
		if (!h.replay)
			pause_for(b, b->how->delay_us);
		r = feed_sample(b->feed);
		if (r == 1) /* the end of the file */
			return 0;
	}
	return r;
}

static void choose_rows(struct batch *b)
{
	const struct batch_how *how = b->how;

	rows_begin(&b->rows);
	b->rows.flat = how->flat || how->choice.sorted;
	b->rows.hide_empty = how->hide_empty;
	if (how->filter)
		snprintf(b->rows.filter, sizeof(b->rows.filter), "%s", how->filter);
	b->rows.sort = how->choice.sort;
	b->rows.reverse = how->choice.reverse;
}

int batch_run(struct frame *f, struct feed *feed, const struct batch_how *how)
{
	struct batch b = { .f = f, .feed = feed, .how = how };
	int r = 0;

	b.column = feed_columns(feed, &b.columns);
	choose_rows(&b);
	if (how->form == BATCH_JSON)
		r = json_new(f, &b.json) < 0 ? STATUS_FAILED : 0;
	if (!r)
		r = loop(&b);
	json_free(b.json);
	rows_free(&b.rows);
	return r;
}
