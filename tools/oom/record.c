/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An event as one JSON object. */
#include "oom/record.h"

#include <limits.h>

static void add_known(struct json *j, const char *key, uint64_t n)
{
	if (n == UINT64_MAX)
		json_add_null(j, key);
	else
		json_add_u64(j, key, n);
}

static void add_name(struct json *j, const char *key, const char *s)
{
	json_add_name(j, key, s && *s ? s : NULL);
}

static void add_victim(struct json *j, const struct cgx_event *e)
{
	if (!e->pid) {
		json_add_null(j, "victim");
		return;
	}
	json_open_object(j, "victim");
	json_add_i64(j, "pid", e->pid);
	add_name(j, "comm", e->comm);
	add_known(j, "uid", e->uid == (uid_t)-1 ? UINT64_MAX : e->uid);
	add_known(j, "rss", fact_rss(e));
	add_known(j, "anon_rss", e->anon_rss);
	add_known(j, "file_rss", e->file_rss);
	add_known(j, "shmem_rss", e->shmem_rss);
	if (e->oom_score_adj == INT_MIN)
		json_add_null(j, "oom_score_adj");
	else
		json_add_i64(j, "oom_score_adj", e->oom_score_adj);
	json_close(j);
}

static void add_kill(struct json *j, const struct cgx_event *e)
{
	if (e->machine < 0)
		json_add_null(j, "machine");
	else
		json_add_bool(j, "machine", e->machine);
	json_add_string(j, "source", cgx_source_name(e->source));
	json_add_bool(j, "sure", e->sure);
	add_victim(j, e);
}

void record_event(struct json *j, const struct told *t)
{
	const struct cgx_event *e = &t->e;
	const char *setting = fact_setting(e->kind);
	char when[40];

	fact_time(e->time_us, when);
	json_open_object(j, NULL);
	json_add_string(j, "time", when);
	json_add_u64(j, "time_us", e->time_us);
	json_add_string(j, "kind", cgx_event_name(e->kind));
	add_name(j, "group", e->path);
	json_add_u64(j, "count", e->count);
	json_add_u64(j, "total", e->total);
	json_add_bool(j, "before", t->before);
	json_add_bool(j, "removed", e->removed);
	if (setting) {
		json_add_string(j, "setting", setting);
		add_name(j, "limit_group", e->limit_path);
		add_known(j, "limit", e->limit);
		add_known(j, "usage", e->usage);
		add_known(j, "limit_hits", e->limit_hits);
	}
	if (e->kind == CGX_E_KILL)
		add_kill(j, e);
	if (e->text && *e->text)
		json_add_string(j, "text", e->text);
	json_close(j);
}
