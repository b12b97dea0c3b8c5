/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an event says, as names and texts. */
#include "oom/fact.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

const char *fact_setting(enum cgx_event_kind kind)
{
	switch (kind) {
	case CGX_E_KILL:
	case CGX_E_OOM:
	case CGX_E_LIMIT:
	case CGX_E_STALLED:
		return "memory.max";
	case CGX_E_FORK:
		return "pids.max";
	case CGX_E_EMPTIED:
	case CGX_E_REMOVED:
	case CGX_E_PRESSURE:
	case CGX_E_UNSEEN:
		break;
	}
	return NULL;
}

uint64_t fact_rss(const struct cgx_event *e)
{
	const uint64_t part[] = { e->anon_rss, e->file_rss, e->shmem_rss };
	uint64_t sum = UINT64_MAX;

	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
		if (part[i] != UINT64_MAX)
			sum = sum == UINT64_MAX ? part[i] : sum + part[i];
	return sum;
}

void fact_time(uint64_t time_us, char ret[40])
{
	time_t seconds = (time_t)(time_us / 1000000);
	struct tm tm;
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(ret, 40, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(ret + n, 40 - n, ".%06uZ", (unsigned)(time_us % 1000000));
}

static void add_text(struct buf *b, size_t *n, const char *name, const char *value)
{
	buf_printf(b, "CGX_%s=%s", name, value ? value : "");
	buf_putc(b, '\0');
	++*n;
}

static void add_number(struct buf *b, size_t *n, const char *name, uint64_t value)
{
	char text[24] = "";

	if (value != UINT64_MAX)
		snprintf(text, sizeof(text), "%" PRIu64, value);
	add_text(b, n, name, text);
}

static void add_victim(struct buf *b, size_t *n, const struct cgx_event *e)
{
	char adj[16] = "";

	if (e->oom_score_adj != INT_MIN && e->pid)
		snprintf(adj, sizeof(adj), "%d", e->oom_score_adj);
	add_number(b, n, "PID", e->pid ? (uint64_t)e->pid : UINT64_MAX);
	add_text(b, n, "COMM", e->comm);
	add_number(b, n, "UID", e->pid && e->uid != (uid_t)-1 ? e->uid : UINT64_MAX);
	add_number(b, n, "RSS", e->pid ? fact_rss(e) : UINT64_MAX);
	add_text(b, n, "OOM_SCORE_ADJ", adj);
}

size_t fact_block(struct buf *b, const struct told *t)
{
	const struct cgx_event *e = &t->e;
	int kill = e->kind == CGX_E_KILL;
	size_t n = 0;
	char when[40];

	fact_time(e->time_us, when);
	add_text(b, &n, "TIME", when);
	add_text(b, &n, "KIND", cgx_event_name(e->kind));
	add_text(b, &n, "GROUP", e->path);
	add_number(b, &n, "COUNT", e->count);
	add_number(b, &n, "TOTAL", e->total);
	add_text(b, &n, "SETTING", fact_setting(e->kind));
	add_text(b, &n, "LIMIT_GROUP", e->limit_path);
	add_number(b, &n, "LIMIT", e->limit);
	add_number(b, &n, "USAGE", e->usage);
	add_number(b, &n, "LIMIT_HITS", e->limit_hits);
	add_text(b, &n, "MACHINE", !kill || e->machine < 0 ? "" : e->machine ? "1" : "0");
	add_text(b, &n, "REMOVED", e->removed ? "1" : "0");
	add_text(b, &n, "BEFORE", t->before ? "1" : "0");
	add_text(b, &n, "SOURCE", kill ? cgx_source_name(e->source) : "");
	add_text(b, &n, "SURE", !kill ? "" : e->sure ? "1" : "0");
	add_victim(b, &n, e);
	add_text(b, &n, "TEXT", e->text);
	return n;
}
