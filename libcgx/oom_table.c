/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The figures of an out-of-memory report: counters, memory.stat, the machine's memory, the table of tasks. */
#include "oom_log.h"

#include "oom_line.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- counters ---- */

/* A limit that is none: the largest number of pages, in kilobytes, whatever a page is (9007199254740988 and above). */
#define NO_LIMIT_KB 9007199254740000u

/* "memory: usage 16384kB, limit 16384kB, failcnt 48" */
static int take_counter(const char *s, const char *name, struct cgx_oom_counter *c)
{
	uint64_t usage, limit, failcnt = CGX_UNKNOWN;

	if (!oom_starts(s, name))
		return 0;
	s += strlen(name);
	if (oom_number(s, "usage ", &usage) || oom_number(s, "limit ", &limit) || usage > UINT64_MAX / 1024)
		return 0;
	oom_number(s, "failcnt ", &failcnt);
	*c = (struct cgx_oom_counter){ usage * 1024, limit >= NO_LIMIT_KB ? CGX_UNKNOWN : limit * 1024, failcnt, 1 };
	return 1;
}

static int take_counters(struct cgx_oom_report *p, const char *s)
{
	return take_counter(s, "memory: ", &p->memory) || take_counter(s, "memory+swap: ", &p->memory_swap) ||
	       take_counter(s, "swap: ", &p->swap) || take_counter(s, "kmem: ", &p->kmem);
}

/* "Total swap = 0kB", "262011 pages RAM" */
static int take_machine(struct oom_entry *e, const char *s)
{
	const char *p = s;
	uint64_t n;

	if (!oom_number(s, "Free swap  = ", &n) && n < UINT64_MAX / 1024)
		e->pub.swap_free = n * 1024;
	else if (!oom_number(s, "Total swap = ", &n) && n < UINT64_MAX / 1024)
		e->pub.swap_total = n * 1024;
	else if (!num_scan(&p, &n) && !strcmp(p, " pages RAM") && n < UINT64_MAX / 65536)
		e->pub.ram = n; /* pages until the end */
	else
		return 0;
	return 1;
}

/* ---- memory.stat ---- */

static int is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* Kernels before 4.20 give a line for each group below as well: they are added up. */
static int add_stat(struct oom_entry *e, const char *name, size_t len, uint64_t value)
{
	struct cgx_oom_stat *more = e->stat;

	if (!len || len >= sizeof(more->name))
		return 0;
	for (size_t i = 0; i < e->pub.n_stats; i++)
		if (!strncmp(e->stat[i].name, name, len) && !e->stat[i].name[len]) {
			if (e->stat[i].value < UINT64_MAX - value)
				e->stat[i].value += value;
			return 0;
		}
	if (e->pub.n_stats == OOM_STATS_MAX)
		return 0;
	if (!more) {
		more = calloc(OOM_STATS_MAX, sizeof(*more));
		if (!more)
			return -ENOMEM;
		e->stat = more;
		e->pub.stat = more;
	}
	more += e->pub.n_stats++;
	memcpy(more->name, name, len);
	more->name[len] = '\0';
	more->value = value;
	return 0;
}

/* The next part of a text: syslog writes a newline as #012. */
static size_t part_length(const char *s)
{
	const char *escaped = strstr(s, "#012");
	size_t n = strcspn(s, "\n");

	return escaped && (size_t)(escaped - s) < n ? (size_t)(escaped - s) : n;
}

static const char *next_part(const char *s, size_t n)
{
	s += n;
	return *s == '\n' ? s + 1 : *s == '#' ? s + 4 : s;
}

/* "anon 16519168", one a record or many in one. 1 when there was nothing else in it. */
static int take_stat_lines(struct oom_entry *e, const char *s)
{
	size_t n;

	for (; *s; s = next_part(s, n)) {
		const char *p = s, *value;
		uint64_t number;

		n = part_length(s);
		while (is_name(*p))
			p++;
		value = p + 1;
		if (p == s || *p != ' ' || num_scan(&value, &number) || value != s + n)
			return 0;
		if (add_stat(e, s, (size_t)(p - s), number))
			return -ENOMEM;
	}
	return 1;
}

/* "cache:32KB rss:524188KB ..." */
static int take_stat_words(struct oom_entry *e, const char *s)
{
	const char *word;
	size_t len = strlen(s), n;

	while (text_word(&s, &len, &word, &n)) {
		const char *colon = memchr(word, ':', n), *p;
		uint64_t value;

		if (!colon)
			continue;
		p = colon + 1;
		if (num_scan(&p, &value) || !oom_starts(p, "KB") || value > UINT64_MAX / 1024)
			continue;
		if (add_stat(e, word, (size_t)(colon - word), value * 1024))
			return -ENOMEM;
	}
	return 1;
}

/*
 * "Memory cgroup stats for /PATH:" and maybe the figures. PATH may hold anything; it serves where the group is told
 * nowhere else. The first one is the group whose limit was hit, the others lie below it.
 */
static int begin_stats(struct oom_entry *e, const char *s)
{
	const char *words = strstr(s, ": cache:"), *end;
	size_t n = part_length(s);

	e->section = OOM_STATS;
	end = words ? words : s + n - (n && s[n - 1] == ':');
	if (!e->stats_group && *s == '/') {
		e->stats_group = strndup(s, (size_t)(end - s));
		if (!e->stats_group)
			return -ENOMEM;
	}
	if (words)
		return take_stat_words(e, words + 2);
	return take_stat_lines(e, next_part(s, n)) < 0 ? -ENOMEM : 1;
}

/* "active_anon:7 inactive_anon:230100 isolated_anon:0 ...", in pages */
static int take_meminfo(struct oom_entry *e, const char *s)
{
	size_t n;

	for (; *s; s = next_part(s, n)) {
		const char *line = s, *word;
		size_t len, wn;

		n = len = part_length(s);
		while (text_word(&line, &len, &word, &wn)) {
			const char *colon = memchr(word, ':', wn), *p;
			uint64_t value;

			if (!colon)
				return 0;
			p = colon + 1;
			if (num_scan(&p, &value) || p != word + wn || value > UINT64_MAX / 65536)
				return 0;
			e->in_pages = 1;
			if (add_stat(e, word, (size_t)(colon - word), value))
				return -ENOMEM;
		}
	}
	return 1;
}

/* ---- tasks ---- */

/* "[  pid  ]   uid  tgid total_vm      rss ... oom_score_adj name" */
static int begin_tasks(struct oom_entry *e, const char *s)
{
	const char *p = s, *word;
	size_t len, n;

	if (*p++ != '[')
		return 0;
	p += strspn(p, " ");
	if (!oom_starts(p, "pid "))
		return 0;
	p += strcspn(p, "]");
	if (!*p++)
		return 0;
	e->n_columns = 0;
	for (len = strlen(p); text_word(&p, &len, &word, &n);) {
		if (n == 4 && !memcmp(word, "name", 4))
			break;
		if (e->n_columns == OOM_COLUMNS_MAX || n >= sizeof(e->column[0]))
			return 0;
		memcpy(e->column[e->n_columns], word, n);
		e->column[e->n_columns++][n] = '\0';
	}
	e->section = OOM_TASKS;
	return 1;
}

static void set_column(struct cgx_oom_task *t, const char *name, int64_t v)
{
	static const struct {
		const char *name;
		size_t at;
	} sizes[] = {
#define SIZE(n, f) { n, offsetof(struct cgx_oom_task, f) }
		SIZE("total_vm", total_vm), SIZE("rss", rss), SIZE("rss_anon", anon_rss),
		SIZE("rss_file", file_rss), SIZE("rss_shmem", shmem_rss), SIZE("swapents", swap),
		SIZE("nr_ptes", pgtables), SIZE("pgtables_bytes", pgtables),
#undef SIZE
	};

	for (size_t i = 0; i < COUNT_OF(sizes); i++)
		if (!strcmp(name, sizes[i].name) && v >= 0)
			*(uint64_t *)((char *)t + sizes[i].at) = (uint64_t)v;
	if (!strcmp(name, "uid"))
		t->uid = (uid_t)v;
	else if (!strcmp(name, "tgid"))
		t->tgid = (pid_t)v;
	else if (!strcmp(name, "oom_score_adj") && v >= -1000 && v <= 1000)
		t->oom_score_adj = (int)v;
}

/* A number that may be negative; moves *s behind it and the blanks before. */
static int scan_signed(const char **s, int64_t *ret)
{
	const char *p = *s + strspn(*s, " ");
	int minus = *p == '-';
	uint64_t n;

	p += minus;
	if (num_scan(&p, &n) || n > INT64_MAX / 65536)
		return -EINVAL;
	*ret = minus ? -(int64_t)n : (int64_t)n;
	*s = p;
	return 0;
}

/* "[    253]     0   253     7927 ...             0 NAME" */
static int parse_task(const struct oom_entry *e, const char *s, struct cgx_oom_task *t)
{
	int64_t n;

	*t = (struct cgx_oom_task){ .uid = (uid_t)-1, .total_vm = CGX_UNKNOWN, .rss = CGX_UNKNOWN,
				    .anon_rss = CGX_UNKNOWN, .file_rss = CGX_UNKNOWN, .shmem_rss = CGX_UNKNOWN,
				    .swap = CGX_UNKNOWN, .pgtables = CGX_UNKNOWN };
	if (*s++ != '[' || scan_signed(&s, &n) || n <= 0 || n > INT32_MAX || *s++ != ']')
		return 0;
	t->pid = t->tgid = (pid_t)n;
	for (size_t i = 0; i < e->n_columns; i++) {
		if (scan_signed(&s, &n))
			return 0;
		set_column(t, e->column[i], n);
	}
	if (*s != ' ')
		return 0;
	s++;
	return oom_comm(t->comm, sizeof(t->comm), s, strlen(s)) ? -ENOMEM : 1;
}

static int take_task(struct oom_entry *e, const char *s)
{
	struct cgx_oom_task t;
	int r = parse_task(e, s, &t);

	if (r <= 0)
		return r;
	if (e->pub.n_tasks == OOM_TASKS_MAX)
		return 1;
	if (e->pub.n_tasks == e->cap_tasks) {
		size_t cap = e->cap_tasks ? e->cap_tasks * 2 : 16;
		struct cgx_oom_task *more = reallocarray(e->task, cap, sizeof(*more));

		if (!more)
			return -ENOMEM;
		e->task = more;
		e->pub.task = more;
		e->cap_tasks = cap;
	}
	e->task[e->pub.n_tasks++] = t;
	return 1;
}

/* ---- all of them ---- */

int oom_table_take(struct oom_entry *e, const char *text)
{
	static const char stats_for[] = "Memory cgroup stats for ";
	int r = 0;

	if (take_counters(&e->pub, text))
		return 1;
	if (oom_starts(text, stats_for))
		return begin_stats(e, text + sizeof(stats_for) - 1);
	if (oom_starts(text, "Mem-Info:") && !e->pub.memory.known) { /* Linux 2.6 shows the machine's for a group, too */
		e->section = OOM_MEMINFO;
		return 1;
	}
	if (begin_tasks(e, text))
		return 1;
	if (oom_starts(text, "Node ")) { /* the same by node */
		e->section = e->section == OOM_MEMINFO ? OOM_NOTHING : e->section;
		return 1;
	}
	if (e->section == OOM_STATS)
		r = take_stat_lines(e, text);
	else if (e->section == OOM_MEMINFO)
		r = take_meminfo(e, text);
	else if (e->section == OOM_TASKS)
		r = take_task(e, text);
	return r ? r : take_machine(e, text);
}

/* How large a page is: the victim's size is told in pages and in kilobytes. */
static uint64_t page_size(const struct oom_entry *e)
{
	const struct cgx_oom_victim *v = e->victim;

	for (size_t i = 0; e->pub.n_victims && i < e->pub.n_tasks; i++) {
		uint64_t pages = e->task[i].total_vm;

		if ((e->task[i].pid != v->pid && e->task[i].tgid != v->pid) || !pages || pages == CGX_UNKNOWN)
			continue;
		for (uint64_t size = 4096; size <= 65536; size *= 4) /* 4K, 16K, 64K; it may have grown meanwhile */
			if (v->total_vm / pages >= size / 2 && v->total_vm / pages < size * 2)
				return size;
	}
	return 4096;
}

static void to_bytes(uint64_t *n, uint64_t size)
{
	if (*n != CGX_UNKNOWN && __builtin_mul_overflow(*n, size, n))
		*n = CGX_UNKNOWN;
}

void oom_table_finish(struct oom_entry *e)
{
	uint64_t size = page_size(e);
	int pages_of_tables = 1;

	for (size_t i = 0; i < e->n_columns; i++)
		pages_of_tables &= strcmp(e->column[i], "pgtables_bytes") != 0;
	e->pub.page_size = size;
	to_bytes(&e->pub.ram, size);
	for (size_t i = 0; e->in_pages && i < e->pub.n_stats; i++)
		to_bytes(&e->stat[i].value, size);
	for (size_t i = 0; i < e->pub.n_tasks; i++) {
		struct cgx_oom_task *t = &e->task[i];

		to_bytes(&t->total_vm, size);
		to_bytes(&t->rss, size);
		to_bytes(&t->anon_rss, size);
		to_bytes(&t->file_rss, size);
		to_bytes(&t->shmem_rss, size);
		to_bytes(&t->swap, size);
		if (pages_of_tables)
			to_bytes(&t->pgtables, size);
	}
}
