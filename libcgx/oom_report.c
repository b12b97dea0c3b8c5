/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the records of the kernel's log to reports: what was asked for, who was killed, what came after. */
#include "oom_log.h"

#include "log_line.h"
#include "oom_line.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Kills of one group, or of one process told twice, follow each other this closely. */
#define TOGETHER_US 2000000

/* ---- entries ---- */

struct oom_entry *oom_entry_free(struct oom_entry *e)
{
	if (!e)
		return NULL;
	buf_free(&e->summary);
	buf_free(&e->old);
	free(e->limit);
	free(e->victim_group);
	free(e->killed_group);
	free(e->stats_group);
	free(e->stat);
	free(e->task);
	free(e->victim);
	free(e);
	return NULL;
}

static struct oom_entry *new_entry(struct cgx_oom_log *log)
{
	struct oom_entry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->why = -1;
	e->pub = (struct cgx_oom_report){
		.time = e->time, .constraint = e->constraint, .trigger = e->trigger, .gfp = e->gfp,
		.limit_path = "", .victim_path = "", .group_kill = "",
		.time_us = log->time_us, .memcg = -1, .trigger_pid = -1, .order = -1,
		.ram = CGX_UNKNOWN, .swap_total = CGX_UNKNOWN, .swap_free = CGX_UNKNOWN,
		.suppressed = log->suppressed, .page_size = 4096,
	};
	log->suppressed = 0;
	memcpy(e->time, log->time, sizeof(e->time));
	return e;
}

static void queue(struct cgx_oom_log *log, struct oom_entry *e)
{
	if (log->last)
		log->last->next = e;
	else
		log->first = e;
	log->last = e;
	log->n++;
}

int oom_report_cut(struct cgx_oom_log *log, int end)
{
	struct oom_entry *e = log->current;

	log->current = NULL;
	if (!e)
		return 0;
	if (!end) {
		oom_entry_free(e);
		return 0;
	}
	if (e->why >= 0)
		e->pub.memcg = e->why;
	else if (e->pub.memory.known || e->pub.ram != CGX_UNKNOWN)
		e->pub.memcg = e->pub.memory.known;
	if (e->stats_group && e->pub.memcg == 1)
		e->pub.limit_path = e->stats_group;
	oom_table_finish(e);
	queue(log, e);
	return 0;
}

/* ---- the beginning ---- */

static void copy(char *to, size_t size, const char *s, size_t n)
{
	if (n >= size)
		n = size - 1;
	memcpy(to, s, n);
	to[n] = '\0';
}

int oom_comm(char *to, size_t size, const char *s, size_t n)
{
	AUTO_BUF struct buf b = { 0 };

	if (n > 15)
		log_decode(&b, s, n);
	else
		buf_add(&b, s, n);
	copy(to, size, buf_text(&b), b.len);
	return b.err;
}

static const char invoked[] = " invoked oom-killer: ", summary[] = "oom-kill:", task_in[] = "Task in ";

/* "COMM invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0" */
static int begin(struct cgx_oom_log *log, const char *s, const char *at)
{
	const char *gfp = strstr(at, "gfp_mask=");
	struct oom_entry *e;
	uint64_t order;
	int r = oom_report_cut(log, 1);

	if (r)
		return r;
	e = log->current = new_entry(log);
	if (!e)
		return -ENOMEM;
	e->pub.complete = 1;
	if (gfp) {
		gfp += strlen("gfp_mask=");
		copy(e->gfp, sizeof(e->gfp), gfp, strcspn(gfp, ", "));
	}
	if (!oom_number(at, "order=", &order) && order < 64)
		e->pub.order = (int)order;
	return oom_comm(e->trigger, sizeof(e->trigger), s, (size_t)(at - s));
}

/* "CPU: 0 UID: 0 PID: 261 Comm: hog ..."; before 3.10 "Pid: 261, comm: hog ..." */
static int take_trigger_pid(struct oom_entry *e, const char *s)
{
	uint64_t pid;

	if (e->pub.trigger_pid > 0 || (!oom_starts(s, "CPU: ") && !oom_starts(s, "Pid: ")))
		return 0;
	if ((!oom_number(s, " PID: ", &pid) || !oom_number(s, "Pid: ", &pid)) && pid <= INT32_MAX)
		e->pub.trigger_pid = (pid_t)pid;
	return 1;
}

static void keep(struct oom_entry *e, struct buf *b, const char *s)
{
	buf_reset(b);
	buf_puts(b, s);
	e->unfinished = b;
}

/* "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=..." : this much stands before any name. */
static void take_summary(struct oom_entry *e, const char *s)
{
	static const char key[] = "oom-kill:constraint=";

	keep(e, &e->summary, s);
	if (oom_starts(s, key))
		copy(e->constraint, sizeof(e->constraint), s + sizeof(key) - 1, strcspn(s + sizeof(key) - 1, ", \n"));
}

static int ends(const struct buf *b, const char *with)
{
	size_t n = strlen(with);

	return b->len >= n && !memcmp(b->s + b->len - n, with, n);
}

/* dmesg shows a split line as several; journald takes the blanks off their ends. */
static void go_on(struct oom_entry *e, const char *s)
{
	struct buf *b = e->unfinished;

	if (!b || b->len > CGX_PATH_MAX * 3)
		return;
	if (b == &e->old && (oom_starts(s, "killed as a result") || ends(b, " limit of")))
		buf_putc(b, ' ');
	buf_puts(b, s);
}

/* A record of the report that is being gathered. */
static int take_detail(struct oom_entry *e, const char *s)
{
	int r;

	if (oom_starts(s, summary)) {
		take_summary(e, s);
		return 0;
	}
	if (oom_starts(s, task_in)) {
		keep(e, &e->old, s + sizeof(task_in) - 1);
		return 0;
	}
	if (take_trigger_pid(e, s))
		return 0;
	r = oom_table_take(e, s);
	if (r) {
		e->unfinished = NULL;
		return r < 0 ? r : 0;
	}
	go_on(e, s);
	return 0;
}

/* ---- the kill ---- */

static int add_victim(struct oom_entry *e, const struct oom_killed *k)
{
	struct cgx_oom_victim *v;

	if (e->pub.n_victims == OOM_VICTIMS_MAX)
		return 0;
	if (e->pub.n_victims == e->cap_victims) {
		size_t cap = e->cap_victims ? e->cap_victims * 4 : 1;
		struct cgx_oom_victim *more = reallocarray(e->victim, cap, sizeof(*more));

		if (!more)
			return -ENOMEM;
		e->victim = more;
		e->pub.victim = more;
		e->cap_victims = cap;
	}
	v = &e->victim[e->pub.n_victims++];
	*v = (struct cgx_oom_victim){ .pid = k->pid, .uid = k->uid, .total_vm = k->total_vm, .anon_rss = k->anon_rss,
				      .file_rss = k->file_rss, .shmem_rss = k->shmem_rss,
				      .oom_score_adj = k->oom_score_adj };
	return oom_comm(v->comm, sizeof(v->comm), k->comm, strlen(k->comm));
}

static struct cgx_oom_victim *victim_of(const struct oom_entry *e, pid_t pid)
{
	for (size_t i = 0; i < e->pub.n_victims; i++)
		if (e->victim[i].pid == pid)
			return &e->victim[i];
	return NULL;
}

static int soon_after(const struct cgx_oom_log *log, const struct oom_entry *e)
{
	return log->time_us == CGX_UNKNOWN || e->pub.time_us == CGX_UNKNOWN || log->time_us < e->pub.time_us ||
	       log->time_us - e->pub.time_us < TOGETHER_US;
}

/* Groups and cause, from all that was said before. */
static int place(struct oom_entry *e, const struct oom_opening *how, const struct oom_killed *k)
{
	AUTO_FREE struct oom_where *w = calloc(1, sizeof(*w));

	if (!w || e->summary.err || e->old.err)
		return -ENOMEM;
	w->memcg = how->memcg < 0 ? e->why : how->memcg;
	w->uid = (uid_t)-1;
	oom_use_old(buf_text(&e->old), w);
	oom_use_summary(buf_text(&e->summary), k, w);
	e->pub.memcg = w->memcg;
	e->pub.complete |= e->pub.n_tasks > 0;
	if (e->victim[0].uid == (uid_t)-1)
		e->victim[0].uid = w->uid;
	e->limit = strdup(w->limit);
	e->victim_group = strdup(w->victim);
	if (!e->limit || !e->victim_group)
		return -ENOMEM;
	e->pub.limit_path = !*e->limit && e->stats_group && w->memcg == 1 ? e->stats_group : e->limit;
	e->pub.victim_path = e->victim_group;
	return 0;
}

static int take_killed(struct cgx_oom_log *log, const struct oom_opening *how, const char *s)
{
	struct oom_entry *e = log->current, *last = log->last;
	struct oom_killed k;
	int r;

	if (!oom_parse_killed(s, &k))
		return 0;
	if (!e && last && soon_after(log, last)) {
		if (victim_of(last, k.pid))
			return 0; /* memory.oom.group tells the first one twice */
		if (*last->pub.group_kill)
			return add_victim(last, &k);
	}
	if (!e)
		e = new_entry(log);
	log->current = NULL;
	if (!e)
		return -ENOMEM;
	memcpy(e->time, log->time, sizeof(e->time));
	e->pub.time_us = log->time_us;
	queue(log, e);
	r = add_victim(e, &k);
	if (!r)
		r = place(e, how, &k);
	oom_table_finish(e);
	return r;
}

/* The last victim of the last report begins a report of its own: it was no member of that group kill. */
static int part(struct cgx_oom_log *log)
{
	struct oom_entry *last = log->last, *e = new_entry(log);
	const struct cgx_oom_victim *v = &last->victim[last->pub.n_victims - 1];

	if (!e)
		return -ENOMEM;
	e->victim = malloc(sizeof(*v));
	if (!e->victim) {
		oom_entry_free(e);
		return -ENOMEM;
	}
	e->victim[0] = *v;
	e->pub.victim = e->victim;
	e->pub.n_victims = e->cap_victims = 1;
	e->pub.memcg = 1;
	last->pub.n_victims--;
	queue(log, e);
	return 0;
}

/* ---- what comes after ---- */

/* "Tasks in /PATH are going to be killed due to memory.oom.group set" */
static int take_group_kill(struct cgx_oom_log *log, const char *path, size_t len)
{
	struct oom_entry *e = log->last;

	if (!e || log->current || !e->pub.n_victims || !soon_after(log, e))
		return 0;
	if (*e->pub.group_kill && e->pub.n_victims > 1) {
		int r = part(log);

		if (r)
			return r;
		e = log->last;
	}
	if (*e->pub.group_kill)
		return 0;
	e->killed_group = strndup(path, len);
	if (!e->killed_group)
		return -ENOMEM;
	e->pub.group_kill = e->killed_group;
	return 0;
}

/* "oom_reaper: reaped process 261 (hog), now anon-rss:..." or "oom_reaper: unable to reap pid:261 (hog)" */
static void take_reaped(struct cgx_oom_log *log, const char *s)
{
	struct cgx_oom_victim *found = NULL;
	int reaped = oom_starts(s, "reaped process ");
	uint64_t pid;

	if (oom_number(s, reaped ? "reaped process " : "unable to reap pid:", &pid) || pid > INT32_MAX)
		return;
	for (struct oom_entry *e = log->first; e; e = e->next) {
		struct cgx_oom_victim *v = victim_of(e, (pid_t)pid);

		found = v ? v : found;
	}
	if (found)
		found->reaped = reaped ? 1 : -1;
}

/* "oom_kill_process: 70 callbacks suppressed" */
static int take_suppressed(struct cgx_oom_log *log, const char *s)
{
	static const char *const names[] = { "oom_kill_process: ", "dump_header: ", "out_of_memory: " };
	uint64_t n;

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const char *p = s + strlen(names[i]);

		if (oom_starts(s, names[i]) && !num_scan(&p, &n) && !strcmp(p, " callbacks suppressed")) {
			if (log->suppressed < UINT64_MAX - n)
				log->suppressed += n;
			return 1;
		}
	}
	return 0;
}

static int take_no_killable(struct cgx_oom_log *log)
{
	if (!log->current)
		return 0;
	log->current->pub.no_killable = 1;
	return oom_report_cut(log, 1);
}

/* The beginning was cut off, or filtered out with grep; this can serve as one as well. */
static int is_beginning(const char *s)
{
	return oom_starts(s, summary) || oom_starts(s, "memory: usage ") ||
	       (oom_starts(s, task_in) && strstr(s, " killed as a result of limit of "));
}

int oom_report_take(struct cgx_oom_log *log, const char *text)
{
	static const char tasks_in[] = "Tasks in ", reaper[] = "oom_reaper: ";
	const char *at = strstr(text, invoked), *group_set = strstr(text, " are going to be killed due to memory.oom.group");
	const struct oom_opening *how = oom_opening_of(text);

	if (how && how->killed)
		return take_killed(log, how, text + strlen(how->text));
	if (oom_starts(text, tasks_in) && group_set)
		return take_group_kill(log, text + sizeof(tasks_in) - 1,
				       (size_t)(group_set - text) - (sizeof(tasks_in) - 1));
	if (at && at - text < 64)
		return begin(log, text, at);
	if (oom_starts(text, reaper)) {
		take_reaped(log, text + sizeof(reaper) - 1);
		return 0;
	}
	if (oom_starts(text, "Out of memory and no killable processes") ||
	    oom_starts(text, "Memory cgroup out of memory and no killable processes"))
		return take_no_killable(log);
	if (take_suppressed(log, text))
		return 0;
	if (!log->current && (how || is_beginning(text))) {
		log->current = new_entry(log);
		if (!log->current)
			return -ENOMEM;
	}
	if (!log->current)
		return 0;
	if (how) {
		log->current->why = how->memcg;
		return 0;
	}
	return take_detail(log->current, text);
}
