/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pages of the detail pane, and the help screen. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "graph.h"
#include "screen.h"
#include "util/clock.h"

enum { KEY_CELLS = 14, GRAPH_LINES = 3, PAST_MOST = 600, EVENTS_MOST = 200 };

const char *page_name(enum page p)
{
	static const char *const names[] = { "figures", "settings", "processes", "events" };

	return names[p];
}

/* ---- figures ---- */

static void add_figure(const struct view *v, struct sheet *s, size_t group, size_t column, int width)
{
	const struct feed_column *c = &feed_columns(v->feed, NULL)[column];
	const char *path = feed_group(v->feed, group)->path;
	uint64_t past[PAST_MOST], top;
	size_t n = feed_past(v->feed, path, column, past, width < PAST_MOST ? (size_t)width : PAST_MOST);

	top = graph_top(past, n);
	sheet_add(s, LOOK_PLAIN, "%s %s   at most %s in %zu samples", c->name,
		  feed_format(c, feed_value(v->feed, group, column)).s, units_format(c->unit, top).s, n);
	for (int i = 0; i < GRAPH_LINES; i++) {
		struct buf AUTO_BUF line = { 0 };

		graph_row(&line, past, n, width, i, GRAPH_LINES, top, v->g);
		sheet_add(s, LOOK_GRAPH, "%s", buf_text(&line));
	}
}

/* All figures in as many columns as there is room for. */
static void add_figures(const struct view *v, struct sheet *s, size_t group, int width)
{
	enum { CELL = 26 };
	const struct feed_column *c = feed_columns(v->feed, NULL);
	struct buf AUTO_BUF line = { 0 };
	int each = width / CELL > 0 ? width / CELL : 1, in_line = 0;

	for (size_t i = 0; i < v->columns; i++) {
		struct buf AUTO_BUF cell = { 0 };

		buf_printf(&cell, "%s ", c[i].name);
		add_value(v, group, i, &cell);
		cells_pad(&line, buf_text(&cell), each == 1 ? width : CELL, 0, v->g->more);
		if (++in_line == each || i + 1 == v->columns) {
			sheet_add(s, LOOK_PLAIN, "%s", buf_text(&line));
			buf_reset(&line);
			in_line = 0;
		}
	}
}

static void page_figures(const struct view *v, struct sheet *s, size_t group, int width)
{
	const struct feed_column *c = feed_columns(v->feed, NULL);

	for (size_t i = 0; i < v->columns; i++)
		if (c[i].graph && feed_value(v->feed, group, i).state == FEED_OK)
			add_figure(v, s, group, i, width);
	add_figures(v, s, group, width);
}

/* ---- settings ---- */

/* "64.0M set by web": where the limit of a group above is the one that binds. */
static void add_effective(const struct view *v, struct cgx_group *g, const char *name, struct buf *b)
{
	const struct cgx_setting *row = cgx_setting_find(name);
	struct cgx_effective e;
	int bytes;

	if (!row || !(cgx_setting_flags(row) & CGX_S_LIMIT) || cgx_effective(g, name, &e))
		return;
	bytes = cgx_setting_kind(row) == CGX_KIND_BYTES_MAX || cgx_setting_kind(row) == CGX_KIND_BYTES;
	if (e.limit == UINT64_MAX || !strcmp(e.path, cgx_group_path(g)))
		return;
	buf_printf(b, "   (effective: %s, set by ", bytes ? units_bytes(e.limit).s : units_count(e.limit).s);
	cells_show(b, e.path, strlen(e.path), v->g->set);
	buf_puts(b, ")");
}

static void add_setting(const struct view *v, struct sheet *s, struct cgx_group *g, const char *name, int name_cells)
{
	AUTO_FREE char *value = NULL;
	struct buf AUTO_BUF b = { 0 };
	char *line, *rest;

	if (cgx_get(g, name, &value))
		return;
	line = strtok_r(value, "\n", &rest);
	if (line)
		cells_show(&b, line, strlen(line), v->g->set);
	add_effective(v, g, name, &b);
	sheet_add_key(s, name, name_cells, buf_text(&b));
	while ((line = strtok_r(NULL, "\n", &rest))) {
		buf_reset(&b);
		cells_show(&b, line, strlen(line), v->g->set);
		sheet_add_key(s, "", name_cells, buf_text(&b));
	}
}

static void page_settings(const struct view *v, struct sheet *s, const char *path)
{
	struct cgx_group *g;
	char **names = NULL;
	int width = 0, r = cgx_group_open(v->f->cgx, path, 0, &g);

	if (!r) {
		r = cgx_list(g, CGX_C_ALL, 0, &names);
		for (size_t i = 0; !r && names[i]; i++)
			if (cells_width(names[i]) > width)
				width = cells_width(names[i]);
		for (size_t i = 0; !r && names[i]; i++)
			add_setting(v, s, g, names[i], width);
		cgx_list_free(names);
		cgx_group_close(g);
	}
	if (r)
		sheet_add(s, LOOK_WARN, "%s", cgx_error(v->f->cgx));
}

/* ---- processes ---- */

/* Asking for a name reads a file, or asks another machine; processes of a group are mostly one user's. */
struct user {
	uid_t uid;
	char name[64];
};

static void find_user(struct user *u, uid_t uid)
{
	const struct passwd *pw;

	if (*u->name && u->uid == uid)
		return;
	pw = getpwuid(uid);
	u->uid = uid;
	if (pw)
		snprintf(u->name, sizeof(u->name), "%s", pw->pw_name);
	else
		snprintf(u->name, sizeof(u->name), "%u", (unsigned)uid);
}

static void add_process(const struct view *v, struct sheet *s, const struct proc_row *p, struct user *u)
{
	struct buf AUTO_BUF user = { 0 }, command = { 0 };

	find_user(u, p->process.uid);
	cells_pad(&user, u->name, 8, 0, v->g->more);
	cells_show(&command, p->process.command, strlen(p->process.command), v->g->set);
	sheet_add(s, LOOK_PLAIN, "%7d %s %c %4u %8s %7s %8s  %s", (int)p->process.pid, buf_text(&user), p->process.state,
		  p->process.threads, units_bytes(p->process.rss).s,
		  p->cpu < 0 ? "." : units_format(UNIT_PERCENT, (uint64_t)p->cpu).s, units_usec(p->process.cpu_us).s,
		  buf_text(&command));
}

static void page_processes(struct view *v, struct sheet *s, const char *path)
{
	struct user u = { 0 };

	if (procs_read(&v->procs, v->f->cgx, path, now_us())) {
		sheet_add(s, LOOK_WARN, "%s", cgx_error(v->f->cgx));
		return;
	}
	sheet_add(s, LOOK_TITLE, "    PID USER     S  THR   MEMORY    CPU%%     TIME  COMMAND");
	for (size_t i = 0; i < v->procs.n; i++)
		add_process(v, s, &v->procs.row[i], &u);
	if (!v->procs.n)
		sheet_add(s, LOOK_DIM, "no process in this group itself");
	if (v->procs.n == PROCS_MOST)
		sheet_add(s, LOOK_WARN, "more than %d processes: the rest is not shown", PROCS_MOST);
}

/* ---- events ---- */

static void page_events(const struct view *v, struct sheet *s, const char *path)
{
	struct feed_event e;
	size_t told = 0;

	for (size_t i = 0; told < EVENTS_MOST && feed_event(v->feed, i, &e); i++) {
		struct buf AUTO_BUF b = { 0 };
		time_t t = (time_t)(e.time_us / 1000000);
		struct tm tm;
		char clock[32] = "";

		if (strcmp(e.path, path))
			continue;
		if (localtime_r(&t, &tm))
			strftime(clock, sizeof(clock), "%F %T", &tm);
		cells_show(&b, e.text, strlen(e.text), v->g->set);
		sheet_add(s, e.mark & (FEED_KILL | FEED_FORK) ? LOOK_ALERT : LOOK_PLAIN, "%s  %s", clock, buf_text(&b));
		told++;
	}
	if (!told)
		sheet_add(s, LOOK_DIM, "nothing has happened to this group while it was watched");
}

/* ---- all ---- */

void page_make(struct view *v, struct sheet *s, int width)
{
	const struct feed_group *g = selected_group(v);

	if (!g)
		return;
	switch (v->page) {
	case PAGE_FIGURES:
		page_figures(v, s, v->rows.row[v->selected].group, width);
		return;
	case PAGE_EVENTS:
		page_events(v, s, g->path);
		return;
	case PAGE_SETTINGS:
	case PAGE_PROCESSES:
	case PAGES:
		break;
	}
	if (v->replay)
		sheet_add(s, LOOK_DIM, "a recording has figures and events only");
	else if (v->page == PAGE_SETTINGS)
		page_settings(v, s, g->path);
	else
		page_processes(v, s, g->path);
}

void page_help(struct sheet *s, int replay, int read_only)
{
	unsigned not_now = replay ? KEY_LIVE | KEY_CHANGES : KEY_REPLAY;

	if (read_only)
		not_now |= KEY_CHANGES;
	for (const struct key *k = keys; k->names; k++) {
		if (!k->help)
			sheet_add(s, LOOK_TITLE, "%s", k->names);
		else if (!(k->flags & not_now))
			sheet_add_key(s, k->names, KEY_CELLS, k->help);
	}
	sheet_add(s, LOOK_TITLE, "Marks before a group");
	for (const struct feed_mark *m = feed_marks; m->letter; m++) {
		const char text[] = { m->letter, '\0' };

		sheet_add_key(s, text, KEY_CELLS, m->help);
	}
	sheet_add(s, LOOK_TITLE, "In place of a figure");
	sheet_add_key(s, "-", KEY_CELLS, "the controller is off for this group");
	sheet_add_key(s, "?", KEY_CELLS, "this kernel has no such file");
	sheet_add_key(s, ".", KEY_CELLS, "not sampled yet");
}
