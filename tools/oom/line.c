/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An event as a line for people. */
#include "oom/line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ui/text.h"
#include "ui/units.h"

static void put_name(struct buf *b, const char *s)
{
	text_name(b, s, TEXT_UTF8);
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* ---- the parts of a sentence ---- */

static struct units amount(const struct cgx_event *e, uint64_t n)
{
	return e->kind == CGX_E_FORK ? units_count(n) : units_bytes(n);
}

/* " at memory.max 64.0M of web"; the group's own limit needs no name. */
static void put_limit(struct buf *b, const struct cgx_event *e)
{
	int other = *e->limit_path && strcmp(e->limit_path, e->path);

	if (e->limit == UINT64_MAX && !other)
		return;
	buf_printf(b, " at %s", fact_setting(e->kind));
	if (e->limit != UINT64_MAX)
		buf_printf(b, " %s", amount(e, e->limit).s);
	if (other) {
		buf_puts(b, " of ");
		put_name(b, e->limit_path);
	}
}

/* " (used 64.0M, hit 35 times)" */
static void put_use(struct buf *b, const struct cgx_event *e)
{
	int hits = e->limit_hits && e->limit_hits != UINT64_MAX;

	if (e->usage == UINT64_MAX && !hits)
		return;
	buf_puts(b, " (");
	if (e->usage != UINT64_MAX)
		buf_printf(b, "used %s%s", amount(e, e->usage).s, hits ? ", " : "");
	if (hits)
		buf_printf(b, "hit %" PRIu64 " time%s", e->limit_hits, plural(e->limit_hits));
	buf_puts(b, ")");
}

static void put_total(struct buf *b, const struct told *t)
{
	if (t->before)
		buf_puts(b, " since the group was made");
	else if (t->e.total > t->e.count)
		buf_printf(b, " (%" PRIu64 " so far)", t->e.total);
}

/* ---- one kind each ---- */

static void put_victim(struct buf *b, const struct cgx_event *e)
{
	uint64_t rss = fact_rss(e);

	buf_puts(b, e->sure ? "killed " : "probably killed ");
	put_name(b, e->comm && *e->comm ? e->comm : "a process");
	buf_printf(b, " (pid %d", (int)e->pid);
	if (e->uid != (uid_t)-1)
		buf_printf(b, ", uid %u", (unsigned)e->uid);
	if (rss != UINT64_MAX)
		buf_printf(b, ", %s", units_bytes(rss).s);
	buf_puts(b, ")");
	if (e->count > 1)
		buf_printf(b, " and %" PRIu64 " more", e->count - 1);
}

static void kill_words(struct buf *b, const struct told *t)
{
	const struct cgx_event *e = &t->e;

	if (e->pid)
		put_victim(b, e);
	else
		buf_printf(b, "%" PRIu64 " process%s killed", e->count, e->count == 1 ? "" : "es");
	if (e->machine == 1)
		buf_puts(b, " because the whole machine was short of memory");
	else
		put_limit(b, e);
	put_use(b, e);
	put_total(b, t);
	if (t->before)
		return;
	if (!*e->path)
		buf_puts(b, "; in which group is not known");
	else if (!e->pid)
		buf_printf(b, "; which %s not known", e->count == 1 ? "is" : "ones is");
	if (e->removed)
		buf_puts(b, "; the group is gone");
	buf_printf(b, " [%s]", cgx_source_name(e->source));
}

static void fork_words(struct buf *b, const struct told *t)
{
	buf_printf(b, "%" PRIu64 " fork%s denied", t->e.count, plural(t->e.count));
	put_limit(b, &t->e);
	put_total(b, t);
	if (t->e.removed)
		buf_puts(b, "; the group is gone");
}

static void oom_words(struct buf *b, const struct told *t)
{
	buf_puts(b, "out of memory");
	if (t->e.count > 1)
		buf_printf(b, " %" PRIu64 " times", t->e.count);
	put_limit(b, &t->e);
	put_use(b, &t->e);
	put_total(b, t);
}

static void limit_words(struct buf *b, const struct told *t)
{
	const struct cgx_event *e = &t->e;

	buf_puts(b, "memory.max");
	if (e->limit != UINT64_MAX)
		buf_printf(b, " %s", units_bytes(e->limit).s);
	buf_printf(b, " hit %" PRIu64 " time%s", e->count, plural(e->count));
	if (e->usage != UINT64_MAX)
		buf_printf(b, ", used %s", units_bytes(e->usage).s);
	put_total(b, t);
}

static void stalled_words(struct buf *b, const struct told *t)
{
	buf_puts(b, "out of memory");
	put_limit(b, &t->e);
	buf_puts(b, ", and oom_kill_disable keeps the kernel from killing: its processes stand still");
}

static void pressure_words(struct buf *b, const struct told *t, const struct line_style *style)
{
	buf_printf(b, "short of %s", t->e.text && *t->e.text ? t->e.text : "memory");
	if (style->stall_us && style->window_us)
		buf_printf(b, ": stood still for %s within %s", units_usec(style->stall_us).s,
			   units_usec(style->window_us).s);
	put_total(b, t);
}

void line_what(struct buf *b, const struct told *t, const struct line_style *style)
{
	switch (t->e.kind) {
	case CGX_E_KILL:
		kill_words(b, t);
		break;
	case CGX_E_FORK:
		fork_words(b, t);
		break;
	case CGX_E_STALLED:
		stalled_words(b, t);
		break;
	case CGX_E_OOM:
		oom_words(b, t);
		break;
	case CGX_E_LIMIT:
		limit_words(b, t);
		break;
	case CGX_E_EMPTIED:
		buf_puts(b, "the last process is gone");
		break;
	case CGX_E_REMOVED:
		buf_puts(b, "the group is gone");
		break;
	case CGX_E_PRESSURE:
		pressure_words(b, t, style);
		break;
	case CGX_E_UNSEEN:
		put_name(b, t->e.text ? t->e.text : "");
		break;
	}
}

void line_words(struct buf *b, const struct told *t, const struct line_style *style)
{
	if (*t->e.path)
		put_name(b, t->e.path);
	else if (t->e.kind != CGX_E_UNSEEN)
		buf_puts(b, "(unknown group)");
	if (*t->e.path || t->e.kind != CGX_E_UNSEEN)
		buf_puts(b, ": ");
	line_what(b, t, style);
}

/* ---- the line ---- */

static void put_time(struct buf *b, uint64_t time_us, int date)
{
	time_t seconds = (time_t)(time_us / 1000000);
	char text[40];
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(text, sizeof(text), date ? "%Y-%m-%d %H:%M:%S" : "%H:%M:%S", &tm);
	buf_printf(b, "%s.%03u", text, (unsigned)(time_us % 1000000 / 1000));
}

static const char *colour_of(enum cgx_event_kind kind)
{
	switch (kind) {
	case CGX_E_KILL:
	case CGX_E_STALLED:
		return "\033[1;31m";
	case CGX_E_FORK:
	case CGX_E_OOM:
		return "\033[1;33m";
	case CGX_E_LIMIT:
	case CGX_E_PRESSURE:
	case CGX_E_UNSEEN:
		return "\033[1m";
	case CGX_E_EMPTIED:
	case CGX_E_REMOVED:
		break;
	}
	return "";
}

void line_format(struct buf *b, const struct told *t, const struct line_style *style)
{
	const char *colour = style->colour ? colour_of(t->e.kind) : "";

	put_time(b, t->e.time_us, style->date);
	buf_printf(b, " %s%-5s%s ", colour, cgx_event_name(t->e.kind), *colour ? "\033[0m" : "");
	line_words(b, t, style);
	buf_putc(b, '\n');
}
