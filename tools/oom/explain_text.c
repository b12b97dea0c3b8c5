/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One out-of-memory report in words. */
#include "explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cause.h"
#include "ui/text.h"
#include "ui/units.h"

#define TASKS_SHOWN   8
#define VICTIMS_SHOWN 8

static void put(struct buf *b, const char *s)
{
	text_show(b, s, strlen(s), TEXT_UTF8);
}

/* Begin a line: a word, then what is said. */
static void line(struct buf *b, const char *word)
{
	buf_printf(b, "  %-7s ", word);
}

static uint64_t rss_of(const struct cgx_oom_victim *v)
{
	return v->anon_rss + v->file_rss + v->shmem_rss;
}

static void add_part(struct buf *b, uint64_t bytes, const char *what, const char **between)
{
	if (!bytes)
		return;
	buf_printf(b, "%s%s %s", *between, units_bytes(bytes).s, what);
	*between = ", ";
}

/* "hog (pid 253, user id 0), 12.2M: 11.5M anonymous, 648.0K shared" */
static void text_victim(struct buf *b, const struct cgx_oom_victim *v)
{
	const char *between = ": ";

	put(b, v->comm);
	buf_printf(b, " (pid %d", (int)v->pid);
	if (v->uid != (uid_t)-1)
		buf_printf(b, ", user id %u", (unsigned)v->uid);
	if (v->oom_score_adj)
		buf_printf(b, ", oom_score_adj %d", v->oom_score_adj);
	buf_printf(b, "), %s of memory", units_bytes(rss_of(v)).s);
	add_part(b, v->anon_rss, "anonymous", &between);
	add_part(b, v->file_rss, "of files", &between);
	add_part(b, v->shmem_rss, "shared", &between);
	buf_putc(b, '\n');
}

static void text_head(struct buf *b, const struct cgx_oom_report *r, const char *when)
{
	if (*when) {
		put(b, when);
		buf_puts(b, ": ");
	}
	if (!r->n_victims) {
		buf_puts(b, r->no_killable ? "out of memory, and nobody could be killed\n" :
					     "out of memory; whom the kernel killed is not in this log\n");
		return;
	}
	buf_puts(b, "killed ");
	text_victim(b, &r->victim[0]);
}

static void text_group_kill(struct buf *b, const struct cgx_oom_report *r)
{
	if (!*r->group_kill || !r->n_victims)
		return;
	line(b, "with it");
	buf_printf(b, "%zu other process%s, because memory.oom.group is set in ", r->n_victims - 1,
		   r->n_victims == 2 ? "" : "es");
	put(b, r->group_kill);
	for (size_t i = 1; i < r->n_victims && i <= VICTIMS_SHOWN; i++) {
		buf_puts(b, i == 1 ? ": " : ", ");
		put(b, r->victim[i].comm);
		buf_printf(b, " (pid %d)", (int)r->victim[i].pid);
	}
	buf_puts(b, r->n_victims - 1 > VICTIMS_SHOWN ? " ...\n" : "\n");
}

static void text_counter(struct buf *b, const struct cgx_oom_counter *c)
{
	if (!c)
		return;
	if (c->limit == CGX_UNKNOWN)
		buf_printf(b, ": %s used, no limit", units_bytes(c->usage).s);
	else
		buf_printf(b, " %s: %s used", units_bytes(c->limit).s, units_bytes(c->usage).s);
	if (c->failcnt != CGX_UNKNOWN)
		buf_printf(b, ", hit %llu time%s so far (failcnt)", (unsigned long long)c->failcnt, c->failcnt == 1 ? "" : "s");
}

static void text_machine(struct buf *b, const struct cgx_oom_report *r)
{
	buf_puts(b, "the machine had no memory left");
	if (r->ram != CGX_UNKNOWN)
		buf_printf(b, " of its %s", units_bytes(r->ram).s);
	if (r->swap_total == 0)
		buf_puts(b, ", and has no swap");
	else if (r->swap_total != CGX_UNKNOWN && r->swap_free != CGX_UNKNOWN)
		buf_printf(b, "; of %s swap %s were free", units_bytes(r->swap_total).s, units_bytes(r->swap_free).s);
}

static void text_why(struct buf *b, const struct cgx_oom_report *r, const struct cause *c)
{
	line(b, "why");
	switch (c->limit) {
	case LIMIT_UNKNOWN:
		buf_puts(b, "this log does not say whether a group's limit or the whole machine");
		break;
	case LIMIT_MACHINE:
		text_machine(b, r);
		break;
	case LIMIT_NODES:
		buf_puts(b, "the memory nodes that its cpuset or memory policy allows had nothing left");
		break;
	case LIMIT_MEMORY:
	case LIMIT_MEMORY_SWAP:
	case LIMIT_KERNEL:
		if (*r->limit_path) {
			buf_puts(b, "group ");
			put(b, r->limit_path);
		} else {
			buf_puts(b, "a group that this log does not name");
		}
		buf_printf(b, " reached its limit %s", c->setting);
		text_counter(b, c->counter);
	}
	buf_putc(b, '\n');
}

/* Other limits of the group, where there are any. */
static void text_others(struct buf *b, const struct cgx_oom_report *r, const struct cause *c)
{
	const struct {
		const char *name;
		const struct cgx_oom_counter *c;
	} all[] = {
		{ "memory", &r->memory }, { "memory and swap", &r->memory_swap },
		{ "swap", &r->swap },     { "kernel memory", &r->kmem },
	};
	const char *between = "";

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const struct cgx_oom_counter *n = all[i].c;

		if (!n->known || n == c->counter || (n->limit == CGX_UNKNOWN && !n->failcnt))
			continue;
		if (!*between)
			line(b, "also");
		if (n->limit)
			buf_printf(b, "%s%s: %s of %s used", between, all[i].name, units_bytes(n->usage).s,
				   units_bytes(n->limit).s);
		else
			buf_printf(b, "%s%s: none allowed", between, all[i].name);
		between = "; ";
	}
	if (*between)
		buf_putc(b, '\n');
}

static void text_where(struct buf *b, const struct cgx_oom_report *r)
{
	if (!*r->victim_path || !r->n_victims || (r->memcg == 1 && !strcmp(r->victim_path, r->limit_path)))
		return;
	line(b, "where");
	buf_puts(b, "the victim was in group ");
	put(b, r->victim_path);
	buf_putc(b, '\n');
}

static void text_trigger(struct buf *b, const struct cgx_oom_report *r)
{
	const struct cgx_oom_victim *v = r->n_victims ? &r->victim[0] : NULL;

	if (!*r->trigger)
		return;
	line(b, "asked");
	if (v && r->trigger_pid == v->pid) {
		buf_puts(b, "the victim itself");
	} else {
		put(b, r->trigger);
		if (r->trigger_pid > 0)
			buf_printf(b, " (pid %d)", (int)r->trigger_pid);
	}
	buf_puts(b, " wanted ");
	if (r->order >= 0 && r->order < 20)
		buf_puts(b, units_bytes(r->page_size << r->order).s);
	else
		buf_puts(b, "memory");
	if (*r->gfp) {
		buf_puts(b, ", ");
		put(b, r->gfp);
	}
	buf_putc(b, '\n');
}

static void text_held(struct buf *b, const struct cause *c)
{
	const char *between = "";

	for (size_t i = 0; i < c->n_shares; i++) {
		const struct cause_share *s = &c->share[i];

		if (!s->bytes || !c->whole)
			continue;
		if (!*between)
			line(b, "held");
		buf_printf(b, "%s%s %s", between, units_bytes(s->bytes).s, s->name);
		if (!*between)
			buf_printf(b, " (%s of %s)", units_percent(s->bytes < c->whole ? s->bytes : c->whole, c->whole).s,
				   units_bytes(c->whole).s);
		between = ", ";
	}
	if (*between)
		buf_putc(b, '\n');
}

/* ---- tasks ---- */

static int by_rss(const void *a, const void *b)
{
	const struct cgx_oom_task *x = *(const struct cgx_oom_task *const *)a, *y = *(const struct cgx_oom_task *const *)b;
	uint64_t m = x->rss == CGX_UNKNOWN ? 0 : x->rss, n = y->rss == CGX_UNKNOWN ? 0 : y->rss;

	if (m != n)
		return m < n ? 1 : -1;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static const char *size_or_dash(uint64_t n, struct units *keep)
{
	if (n == CGX_UNKNOWN)
		return "-";
	*keep = units_bytes(n);
	return keep->s;
}

static int is_victim(const struct cgx_oom_report *r, const struct cgx_oom_task *t)
{
	for (size_t i = 0; i < r->n_victims; i++)
		if (r->victim[i].pid == t->pid)
			return 1;
	return 0;
}

static void text_task(struct buf *b, const struct cgx_oom_report *r, const struct cgx_oom_task *t)
{
	struct units rss, swap;

	buf_printf(b, "  %c %8d ", is_victim(r, t) ? '*' : ' ', (int)t->pid);
	if (t->uid == (uid_t)-1)
		buf_printf(b, "%8s ", "-");
	else
		buf_printf(b, "%8u ", (unsigned)t->uid);
	buf_printf(b, "%9s %9s %6d  ", size_or_dash(t->rss, &rss), size_or_dash(t->swap, &swap), t->oom_score_adj);
	put(b, t->comm);
	buf_putc(b, '\n');
}

static void text_tasks(struct buf *b, const struct cgx_oom_report *r, const struct cause *c)
{
	const struct cgx_oom_task **sorted;
	uint64_t rest = 0;

	if (!r->n_tasks)
		return;
	sorted = calloc(r->n_tasks, sizeof(const struct cgx_oom_task *));
	if (!sorted) {
		b->err = -1;
		return;
	}
	for (size_t i = 0; i < r->n_tasks; i++)
		sorted[i] = &r->task[i];
	qsort(sorted, r->n_tasks, sizeof(const struct cgx_oom_task *), by_rss);
	line(b, "tasks");
	buf_printf(b, "%zu in %s, %s in all\n", r->n_tasks, r->memcg == 1 ? "the group that reached its limit" : "question",
		   units_bytes(c->total_rss).s);
	buf_printf(b, "    %8s %8s %9s %9s %6s  %s\n", "PID", "UID", "MEMORY", "SWAP", "ADJ", "COMMAND");
	for (size_t i = 0; i < r->n_tasks; i++)
		if (i < TASKS_SHOWN || is_victim(r, sorted[i]))
			text_task(b, r, sorted[i]);
		else
			rest++;
	if (rest)
		buf_printf(b, "    and %llu smaller\n", (unsigned long long)rest);
	free(sorted);
}

/* ---- notes ---- */

static void text_notes(struct buf *b, const struct cgx_oom_report *r)
{
	if (r->suppressed) {
		line(b, "note");
		buf_printf(b, "the kernel left out the details of %llu kill%s before this one\n",
			   (unsigned long long)r->suppressed, r->suppressed == 1 ? "" : "s");
	}
	if (!r->complete) {
		line(b, "note");
		buf_puts(b, "the details of this kill are not in this log\n");
	}
	for (size_t i = 0; i < r->n_victims; i++)
		if (r->victim[i].reaped < 0) {
			line(b, "note");
			buf_printf(b, "the kernel could not take the memory of pid %d at once: it came back only when ",
				   (int)r->victim[i].pid);
			buf_puts(b, "the process had ended\n");
		}
}

void explain_text(struct buf *b, const struct cgx_oom_report *r, const char *when)
{
	AUTO_BUF struct buf hint = { 0 };
	struct cause c;
	int got;

	cause_find(r, &c);
	text_head(b, r, when);
	text_group_kill(b, r);
	text_why(b, r, &c);
	text_others(b, r, &c);
	text_where(b, r);
	text_trigger(b, r);
	text_held(b, &c);
	text_tasks(b, r, &c);
	text_notes(b, r);
	for (unsigned n = 0; (got = cause_hint(r, &c, n, &hint)) > 0; n++) {
		line(b, "hint");
		buf_add(b, hint.s, hint.len);
		buf_putc(b, '\n');
	}
	if (got)
		b->err = got;
}
