/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz: a kernel log of any form, fed whole and in pieces, gives the same reports, and none that cannot be. */
#include <stdio.h>

#include "fuzz.h"

static int is_text(const char *s, size_t size)
{
	return s && strnlen(s, size) < size;
}

static void check(const struct cgx_oom_report *r)
{
	size_t limit = strlen(r->limit_path);

	if (!r->time || !r->constraint || !r->trigger || !r->gfp || !r->group_kill || r->memcg < -1 || r->memcg > 1)
		abort();
	if (limit && *r->limit_path != '/')
		abort();
	if (limit && *r->victim_path && strncmp(r->victim_path, r->limit_path, limit))
		abort();
	if (limit && r->memcg != 1)
		abort();
	if (r->page_size < 4096 || r->page_size > 65536 || r->order < -1 || r->order > 63)
		abort();
	for (size_t i = 0; i < r->n_victims; i++)
		if (r->victim[i].pid <= 0 || !is_text(r->victim[i].comm, sizeof(r->victim[i].comm)))
			abort();
	for (size_t i = 0; i < r->n_tasks; i++)
		if (r->task[i].pid <= 0 || !is_text(r->task[i].comm, sizeof(r->task[i].comm)) ||
		    r->task[i].oom_score_adj < -1000 || r->task[i].oom_score_adj > 1000)
			abort();
	for (size_t i = 0; i < r->n_stats; i++)
		if (!*r->stat[i].name || !is_text(r->stat[i].name, sizeof(r->stat[i].name)))
			abort();
}

/* What came out, so that it can be compared. */
static void note(struct buf *b, const struct cgx_oom_report *r)
{
	buf_printf(b, "%s|%llu|%d|%s|%s|%s|%zu|%zu|%zu", r->time, (unsigned long long)r->time_us, r->memcg, r->limit_path,
		   r->victim_path, r->group_kill, r->n_stats, r->n_tasks, r->n_victims);
	for (size_t i = 0; i < r->n_victims; i++)
		buf_printf(b, "|%d %s %d", (int)r->victim[i].pid, r->victim[i].comm, r->victim[i].reaped);
	buf_putc(b, '\n');
}

static void run(const uint8_t *data, size_t size, size_t piece, struct buf *out)
{
	const struct cgx_oom_report *r;
	struct cgx_oom_log *log;

	if (cgx_oom_log_open(NULL, &log))
		abort();
	for (size_t at = 0; at < size; at += piece)
		if (cgx_oom_log_feed(log, (const char *)data + at, size - at < piece ? size - at : piece))
			abort();
	if (cgx_oom_log_end(log))
		abort();
	while (cgx_oom_log_next(log, &r) > 0) {
		check(r);
		note(out, r);
	}
	cgx_oom_log_close(log);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_BUF struct buf whole = { 0 }, pieces = { 0 };

	run(data, size, size + 1, &whole);
	run(data, size, 13, &pieces);
	if (strcmp(buf_text(&whole), buf_text(&pieces)))
		abort();
	return 0;
}
