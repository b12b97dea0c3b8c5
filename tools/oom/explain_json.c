/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One out-of-memory report as JSON. */
#include "explain.h"

#include <string.h>

#include "cause.h"
#include "ui/json.h"

static void text(struct json *j, const char *key, const char *s)
{
	json_add_name(j, key, *s ? s : NULL);
}

static void number(struct json *j, const char *key, uint64_t n)
{
	if (n == CGX_UNKNOWN)
		json_add_null(j, key);
	else
		json_add_u64(j, key, n);
}

static void id(struct json *j, const char *key, int64_t n)
{
	if (n < 0)
		json_add_null(j, key);
	else
		json_add_i64(j, key, n);
}

static void user(struct json *j, uid_t uid)
{
	id(j, "uid", uid == (uid_t)-1 ? -1 : (int64_t)uid);
}

static void counter(struct json *j, const char *key, const struct cgx_oom_counter *c)
{
	if (!c->known) {
		json_add_null(j, key);
		return;
	}
	json_open_object(j, key);
	json_add_u64(j, "usage", c->usage);
	json_add_limit(j, "limit", c->limit);
	number(j, "failcnt", c->failcnt);
	json_close(j);
}

static void victims(struct json *j, const struct cgx_oom_report *r)
{
	json_open_array(j, "victims");
	for (size_t i = 0; i < r->n_victims; i++) {
		const struct cgx_oom_victim *v = &r->victim[i];

		json_open_object(j, NULL);
		json_add_i64(j, "pid", v->pid);
		json_add_name(j, "comm", v->comm);
		user(j, v->uid);
		json_add_u64(j, "rss", v->anon_rss + v->file_rss + v->shmem_rss);
		json_add_u64(j, "anon_rss", v->anon_rss);
		json_add_u64(j, "file_rss", v->file_rss);
		json_add_u64(j, "shmem_rss", v->shmem_rss);
		json_add_i64(j, "oom_score_adj", v->oom_score_adj);
		if (v->reaped)
			json_add_bool(j, "reaped", v->reaped > 0);
		else
			json_add_null(j, "reaped");
		json_close(j);
	}
	json_close(j);
}

static void tasks(struct json *j, const struct cgx_oom_report *r)
{
	json_open_array(j, "tasks");
	for (size_t i = 0; i < r->n_tasks; i++) {
		const struct cgx_oom_task *t = &r->task[i];

		json_open_object(j, NULL);
		json_add_i64(j, "pid", t->pid);
		json_add_name(j, "comm", t->comm);
		user(j, t->uid);
		number(j, "rss", t->rss);
		number(j, "anon_rss", t->anon_rss);
		number(j, "file_rss", t->file_rss);
		number(j, "shmem_rss", t->shmem_rss);
		number(j, "swap", t->swap);
		number(j, "pgtables", t->pgtables);
		number(j, "total_vm", t->total_vm);
		json_add_i64(j, "oom_score_adj", t->oom_score_adj);
		json_close(j);
	}
	json_close(j);
}

static void figures(struct json *j, const struct cgx_oom_report *r, const struct cause *c)
{
	counter(j, "memory", &r->memory);
	counter(j, "memory_swap", &r->memory_swap);
	counter(j, "swap", &r->swap);
	counter(j, "kmem", &r->kmem);
	json_open_object(j, "machine");
	number(j, "ram", r->ram);
	number(j, "swap_total", r->swap_total);
	number(j, "swap_free", r->swap_free);
	json_close(j);
	json_open_object(j, "held");
	for (size_t i = 0; i < c->n_shares; i++)
		json_add_u64(j, c->share[i].key, c->share[i].bytes);
	json_close(j);
	json_open_object(j, "stat");
	for (size_t i = 0; i < r->n_stats; i++)
		number(j, r->stat[i].name, r->stat[i].value);
	json_close(j);
}

static const char *cause_name(const struct cause *c)
{
	switch (c->limit) {
	case LIMIT_MEMORY:
	case LIMIT_MEMORY_SWAP:
	case LIMIT_KERNEL:
		return "limit";
	case LIMIT_MACHINE:
		return "machine";
	case LIMIT_NODES:
		return "nodes";
	case LIMIT_UNKNOWN:
		break;
	}
	return NULL;
}

/* 0, or -ENOMEM: a piece of advice may lack its end. */
static int hints(struct json *j, const struct cgx_oom_report *r, const struct cause *c)
{
	AUTO_BUF struct buf b = { 0 };
	int got;

	json_open_array(j, "hints");
	for (unsigned n = 0; (got = cause_hint(r, c, n, &b)) > 0; n++)
		json_add_string(j, NULL, buf_text(&b));
	json_close(j);
	return got;
}

int explain_json(struct json *j, const struct cgx_oom_report *r)
{
	struct cause c;

	cause_find(r, &c);
	number(j, "time_usec", r->time_us);
	json_add_string(j, "cause", cause_name(&c));
	json_add_string(j, "setting", c.setting);
	text(j, "limit_group", r->limit_path);
	text(j, "group", r->victim_path);
	text(j, "group_kill", r->group_kill);
	json_add_bool(j, "complete", r->complete);
	json_add_bool(j, "no_killable", r->no_killable);
	json_add_u64(j, "suppressed", r->suppressed);
	victims(j, r);
	json_open_object(j, "trigger");
	text(j, "comm", r->trigger);
	id(j, "pid", r->trigger_pid);
	text(j, "gfp", r->gfp);
	id(j, "order", r->order);
	json_close(j);
	text(j, "constraint", r->constraint);
	figures(j, r, &c);
	tasks(j, r);
	return hints(j, r, &c);
}
