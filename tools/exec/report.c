/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report of cgx-exec. */
#include "exec/report.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "ui/json.h"
#include "ui/text.h"
#include "ui/units.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/num.h"

/* ---- collecting ---- */

static uint64_t figure(struct cgx_group *g, const char *name)
{
	uint64_t n;

	return cgx_get_u64(g, name, &n) ? UNKNOWN : n;
}

/* One key of a text of lines "KEY VALUE"; text may be NULL. */
static uint64_t keyed(const char *text, const char *key)
{
	size_t len = strlen(key);
	uint64_t n;

	for (const char *p = text; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL)
		if (!strncmp(p, key, len) && p[len] == ' ') {
			p += len + 1;
			return num_scan(&p, &n) ? UNKNOWN : n;
		}
	return UNKNOWN;
}

/* Forks denied at the pids.max of a group above, when that is the one that binds. A kernel that counts them there
 * has pids.events.local; others count them in the group that forked. */
static uint64_t denied_above(struct cgx *cgx, struct cgx_group *g)
{
	struct cgx_effective e;
	struct cgx_group *above;
	uint64_t n;

	if (figure(g, "pids.events.local:max") == UNKNOWN)
		return UNKNOWN;
	if (cgx_effective(g, "pids.max", &e) || e.limit == UINT64_MAX || group_place_of(cgx, g, e.path) == PLACE_OWN ||
	    cgx_group_open(cgx, e.path, CGX_C_PIDS, &above))
		return UNKNOWN;
	n = figure(above, "pids.events.local:max");
	if (n == UNKNOWN)
		n = figure(above, "pids.events:max");
	cgx_group_close(above);
	return n;
}

void report_baseline(struct cgx *cgx, struct cgx_group *g, int fresh, struct baseline *ret)
{
	AUTO_FREE char *memory = NULL;

	*ret = (struct baseline){ .denied_above = denied_above(cgx, g) };
	if (fresh)
		return;
	cgx_get(g, "memory.events.local", &memory);
	ret->limit_hits = keyed(memory, "max");
	ret->kills = (struct counter){ keyed(memory, "oom_kill"), figure(g, "memory.events:oom_kill") };
	ret->denied.all = figure(g, "pids.events:max");
	ret->denied.own = figure(g, "pids.events.local:max");
	if (ret->denied.own == UNKNOWN)
		ret->denied.own = ret->denied.all;
}

/* UNKNOWN stays so; a counter that was not there before began at 0. */
static uint64_t since(uint64_t now, uint64_t before)
{
	if (now == UNKNOWN || before == UNKNOWN)
		return now;
	return now > before ? now - before : 0;
}

/* In the group and below it. Where the kernel does not count below, the witness does. */
static uint64_t in_all(struct counter now, struct counter before, uint64_t below)
{
	uint64_t own = since(now.own, before.own), all = since(now.all, before.all);

	if (own == UNKNOWN)
		return all == UNKNOWN && below ? below : all;
	own += below;
	return all == UNKNOWN || all < own ? own : all;
}

/* Sum of one key over the devices of io.stat. */
static uint64_t io_sum(const char *text, const char *key)
{
	uint64_t sum = 0, n;
	size_t len = strlen(key);

	for (const char *p = strstr(text, key); p; p = strstr(p + len, key)) {
		const char *value = p + len;

		if (*value++ == '=' && !num_scan(&value, &n))
			sum += n;
	}
	return sum;
}

void report_io(struct cgx_group *g, uint64_t *ret_read, uint64_t *ret_written)
{
	AUTO_FREE char *text = NULL;

	*ret_read = *ret_written = UNKNOWN;
	if (cgx_get(g, "io.stat", &text))
		return;
	*ret_read = io_sum(text, "rbytes");
	*ret_written = io_sum(text, "wbytes");
}

static int some(uint64_t n)
{
	return n && n != UNKNOWN;
}

/* The limit that was hit, where that was told when it was; else what binds now. */
static void bound(struct cgx_group *g, const char *setting, const struct level *told, struct cgx_effective *ret)
{
	if (cgx_effective(g, setting, ret))
		ret->limit = UNKNOWN;
	if (!told->path || told->limit == UNKNOWN)
		return;
	ret->limit = told->limit;
	snprintf(ret->path, sizeof(ret->path), "%s", told->path);
}

void report_collect(struct cgx *cgx, struct cgx_group *g, const struct baseline *before, struct witness *w, int full,
		    struct facts *ret)
{
	AUTO_FREE char *cpu = NULL;
	struct facts *f = ret;
	struct baseline now;

	witness_look(w);
	report_baseline(cgx, g, 0, &now);
	*f = (struct facts){
		.limit_hits = since(now.limit_hits, before->limit_hits),
		.oom_kills = in_all(now.kills, before->kills, w->kills_below),
		.denied = in_all(now.denied, before->denied, w->denied_below),
		.witness = w,
	};
	if (now.denied_above != UNKNOWN && before->denied_above != UNKNOWN && now.denied_above > before->denied_above)
		f->denied = (f->denied == UNKNOWN ? 0 : f->denied) + now.denied_above - before->denied_above;
	f->received = f->sent = UNKNOWN;
	if (!full)
		return;
	if (some(f->oom_kills))
		witness_name(w, f->oom_kills);
	bound(g, "memory.max", &w->memory, &f->memory);
	bound(g, "pids.max", &w->pids, &f->pids);
	f->memory_peak = figure(g, "memory.peak");
	f->pids_peak = figure(g, "pids.peak");
	cgx_get(g, "cpu.stat", &cpu);
	f->usage_usec = keyed(cpu, "usage_usec");
	f->user_usec = keyed(cpu, "user_usec");
	f->system_usec = keyed(cpu, "system_usec");
	f->throttled_usec = keyed(cpu, "throttled_usec");
	f->nr_throttled = keyed(cpu, "nr_throttled");
	report_io(g, &f->rbytes, &f->wbytes);
}

int report_trouble(const struct facts *facts, const struct outcome *outcome)
{
	return outcome->code != 0 || outcome->timed_out || some(facts->oom_kills) || some(facts->denied);
}

/* ---- text ---- */

static void put_name(struct buf *b, const char *s)
{
	text_show(b, s, strlen(s), TEXT_UTF8);
}

static void text_status(struct buf *b, const struct outcome *o)
{
	if (o->timed_out)
		buf_printf(b, "timed out after %s and was ", units_usec(o->wall_usec).s);
	if (o->signal)
		buf_printf(b, "%sby signal %d (SIG%s)%s", o->timed_out ? "ended " : "killed ", o->signal,
			   sigabbrev_np(o->signal) ? sigabbrev_np(o->signal) : "?", o->dumped ? ", core dumped" : "");
	else if (o->timed_out)
		buf_printf(b, "asked to end; it exited with %d", o->code);
	else
		buf_printf(b, "exited with %d", o->code);
}

static const char *of_whom(const struct cgx_effective *e, const struct facts *f, struct buf *b)
{
	enum place place = group_place_of(f->witness->cgx, f->witness->group, e->path);

	buf_reset(b);
	if (place != PLACE_OWN) {
		buf_puts(b, " of ");
		put_name(b, e->path);
		buf_puts(b, place == PLACE_BELOW ? ", a group below" : ", a group above");
	}
	return buf_text(b);
}

static void text_victims(struct buf *b, const struct facts *f)
{
	const struct witness *w = f->witness;

	for (size_t i = 0; i < w->n; i++) {
		const struct victim *v = &w->victim[i];

		buf_puts(b, i ? ", " : v->sure ? ": killed " : ": killed, as far as can be told, ");
		put_name(b, *v->comm ? v->comm : "?");
		buf_printf(b, " (pid %d", (int)v->pid);
		if (v->anon_rss != UNKNOWN)
			buf_printf(b, ", %s anonymous memory", units_bytes(v->anon_rss).s);
		buf_puts(b, ")");
	}
	if (f->oom_kills > w->n && w->n)
		buf_printf(b, " and %llu more", (unsigned long long)(f->oom_kills - w->n));
	else if (!w->n)
		buf_printf(b, ": %llu process%s killed; the kernel log, which names them, could not be read",
			   (unsigned long long)f->oom_kills, f->oom_kills == 1 ? "" : "es");
}

static void text_oom(struct buf *b, const struct facts *f)
{
	AUTO_BUF struct buf whom = { 0 };

	if (!some(f->oom_kills))
		return;
	if (f->witness->n && f->witness->victim[0].machine == 1)
		buf_puts(b, "\n  out of memory: the whole machine ran out, not this group");
	else if (f->memory.limit != UNKNOWN)
		buf_printf(b, "\n  out of memory at memory.max %s%s", units_bytes(f->memory.limit).s,
			   of_whom(&f->memory, f, &whom));
	else
		buf_puts(b, "\n  out of memory, though no memory.max is set here or above");
	text_victims(b, f);
	if (some(f->limit_hits))
		buf_printf(b, "; the limit was hit %llu times", (unsigned long long)f->limit_hits);
}

static void text_denied(struct buf *b, const struct facts *f)
{
	AUTO_BUF struct buf whom = { 0 };

	if (!some(f->denied))
		return;
	buf_printf(b, "\n  %llu fork%s denied", (unsigned long long)f->denied, f->denied == 1 ? "" : "s");
	if (f->pids.limit != UNKNOWN)
		buf_printf(b, " at pids.max %llu%s", (unsigned long long)f->pids.limit, of_whom(&f->pids, f, &whom));
}

static void text_no_cause(struct buf *b, const struct facts *f, const struct outcome *o)
{
	if (o->code == 0 || o->timed_out || some(f->oom_kills) || some(f->denied))
		return;
	if (some(f->limit_hits) && !o->code)
		buf_printf(b, "\n  memory.max was hit %llu times, and nothing was killed for it",
			   (unsigned long long)f->limit_hits);
	else if (f->oom_kills == UNKNOWN && f->denied == UNKNOWN)
		buf_puts(b, "\n  this group has no counters of memory or pids (any more), so nothing more is known");
	else
		buf_puts(b, "\n  no limit of its group killed it or denied it a fork");
}

static void add_figure(struct buf *b, const char *name, const char *value, uint64_t n)
{
	if (n != UNKNOWN)
		buf_printf(b, "%s%s %s", b->len ? ", " : "", name, value);
}

static void text_figures(struct buf *b, const struct facts *f, const struct outcome *o)
{
	AUTO_BUF struct buf line = { 0 };

	add_figure(&line, "memory peak", units_bytes(f->memory_peak).s, f->memory_peak);
	add_figure(&line, "pids peak", units_count(f->pids_peak).s, f->pids_peak);
	add_figure(&line, "CPU", units_usec(f->usage_usec).s, f->usage_usec);
	if (some(f->throttled_usec))
		add_figure(&line, "throttled", units_usec(f->throttled_usec).s, f->throttled_usec);
	if (some(f->rbytes) || some(f->wbytes)) {
		add_figure(&line, "read", units_bytes(f->rbytes).s, f->rbytes);
		add_figure(&line, "written", units_bytes(f->wbytes).s, f->wbytes);
	}
	if (f->received != UNKNOWN) {
		add_figure(&line, "received", units_bytes(f->received).s, f->received);
		add_figure(&line, "sent", units_bytes(f->sent).s, f->sent);
	}
	add_figure(&line, "time", units_usec(o->wall_usec).s, o->wall_usec);
	buf_printf(b, "\n  %s\n", buf_text(&line));
}

void report_text(FILE *to, const struct frame *f, const char *command, const struct facts *facts,
		 const struct outcome *outcome)
{
	AUTO_BUF struct buf b = { 0 };

	buf_printf(&b, "%s: ", f->called_as);
	put_name(&b, command);
	buf_puts(&b, ": ");
	text_status(&b, outcome);
	text_oom(&b, facts);
	text_denied(&b, facts);
	text_no_cause(&b, facts, outcome);
	text_figures(&b, facts, outcome);
	fwrite(buf_text(&b), 1, b.err ? 0 : b.len, to);
}

/* ---- JSON ---- */

static void json_figure(struct json *j, const char *key, uint64_t n)
{
	if (n == UNKNOWN)
		json_add_null(j, key);
	else
		json_add_u64(j, key, n);
}

static void json_status(struct json *j, const struct outcome *o)
{
	json_open_object(j, "status");
	json_add_string(j, "kind", o->timed_out ? "timed-out" : o->signal ? "signaled" : "exited");
	if (o->signal)
		json_add_null(j, "code");
	else
		json_add_i64(j, "code", o->code);
	if (o->signal)
		json_add_i64(j, "signal", o->signal);
	else
		json_add_null(j, "signal");
	json_close(j);
}

static void json_cause(struct json *j, const char *kind, const char *setting, const struct cgx_effective *e, uint64_t n)
{
	json_open_object(j, NULL);
	json_add_string(j, "kind", kind);
	json_add_u64(j, "count", n);
	json_add_string(j, "setting", setting);
	json_add_limit(j, "limit", e->limit);
	json_add_string(j, "limit_group", e->limit == UNKNOWN ? NULL : e->path);
	json_close(j);
}

static void json_causes(struct json *j, const struct facts *f, const struct outcome *o)
{
	json_open_array(j, "causes");
	if (some(f->oom_kills))
		json_cause(j, "oom", "memory.max", &f->memory, f->oom_kills);
	if (some(f->denied))
		json_cause(j, "fork-denied", "pids.max", &f->pids, f->denied);
	if (o->timed_out) {
		json_open_object(j, NULL);
		json_add_string(j, "kind", "timeout");
		json_add_u64(j, "count", 1);
		json_close(j);
	}
	json_close(j);
}

static void json_victims(struct json *j, const struct facts *f)
{
	json_open_array(j, "victims");
	for (size_t i = 0; i < f->witness->n; i++) {
		const struct victim *v = &f->witness->victim[i];
		uint64_t rss = v->anon_rss;

		if (rss != UNKNOWN && v->file_rss != UNKNOWN && v->shmem_rss != UNKNOWN)
			rss += v->file_rss + v->shmem_rss;
		json_open_object(j, NULL);
		json_add_i64(j, "pid", v->pid);
		json_add_string(j, "comm", v->comm);
		json_figure(j, "uid", v->uid == (uid_t)-1 ? UNKNOWN : v->uid);
		json_figure(j, "rss", rss);
		json_figure(j, "anon_rss", v->anon_rss);
		if (v->oom_score_adj == INT_MIN)
			json_add_null(j, "oom_score_adj");
		else
			json_add_i64(j, "oom_score_adj", v->oom_score_adj);
		json_add_string(j, "group", v->path);
		json_add_string(j, "limit_group", v->limit_path);
		json_add_string(j, "source", cgx_source_name(v->source));
		json_add_bool(j, "sure", v->sure);
		json_close(j);
	}
	json_close(j);
}

static void json_figures(struct json *j, const struct facts *f)
{
	json_open_object(j, "memory");
	json_figure(j, "peak", f->memory_peak);
	json_add_limit(j, "max", f->memory.limit);
	json_figure(j, "limit_hits", f->limit_hits);
	json_figure(j, "oom_kills", f->oom_kills);
	json_close(j);
	json_open_object(j, "pids");
	json_figure(j, "peak", f->pids_peak);
	json_add_limit(j, "max", f->pids.limit);
	json_figure(j, "denied", f->denied);
	json_close(j);
	json_open_object(j, "cpu");
	json_figure(j, "usage_usec", f->usage_usec);
	json_figure(j, "user_usec", f->user_usec);
	json_figure(j, "system_usec", f->system_usec);
	json_figure(j, "throttled_usec", f->throttled_usec);
	json_figure(j, "nr_throttled", f->nr_throttled);
	json_close(j);
	json_open_object(j, "io");
	json_figure(j, "rbytes", f->rbytes);
	json_figure(j, "wbytes", f->wbytes);
	json_close(j);
	if (f->received == UNKNOWN)
		return;
	json_open_object(j, "network");
	json_figure(j, "received_bytes", f->received);
	json_figure(j, "sent_bytes", f->sent);
	json_close(j);
}

int report_json(FILE *to, const struct frame *f, char *const *argv, const struct cgx_group *g,
		const struct facts *facts, const struct outcome *outcome)
{
	struct json *j;
	int r;

	if (json_new(f, &j) < 0)
		return -1;
	json_open_object(j, NULL);
	json_open_array(j, "command");
	for (size_t i = 0; argv[i]; i++)
		json_add_string(j, NULL, argv[i]);
	json_close(j);
	json_add_string(j, "group", cgx_group_path(g));
	json_add_i64(j, "pid", outcome->pid);
	json_status(j, outcome);
	json_causes(j, facts, outcome);
	json_figures(j, facts);
	json_add_u64(j, "wall_usec", outcome->wall_usec);
	json_victims(j, facts);
	json_close(j);
	r = json_write(j, to, JSON_LINE);
	json_free(j);
	return r;
}
