/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes of one group. */
#include "procs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

static int add_row(struct procs *p, size_t *cap, const struct cgx_process *process)
{
	if (p->n == *cap) {
		size_t want = *cap ? *cap * 2 : 32;
		struct proc_row *more = reallocarray(p->row, want, sizeof(*more));

		if (!more)
			return -ENOMEM;
		p->row = more;
		*cap = want;
	}
	p->row[p->n++] = (struct proc_row){ *process, -1 };
	return 0;
}

static int read_rows(struct procs *p, struct cgx *cgx, const char *path)
{
	struct cgx_process process;
	struct cgx_group *g;
	struct cgx_tasks *t = NULL;
	size_t cap = 0;
	pid_t pid;
	int r = cgx_group_open(cgx, path, 0, &g);

	if (r)
		return r;
	r = cgx_tasks_open(g, 0, &t);
	while (!r && p->n < PROCS_MOST && cgx_tasks_next(t, &pid) > 0)
		/* 0: a process of another pid namespace; what is gone meanwhile is left out */
		if (pid && !cgx_process_read(cgx, pid, &process))
			r = add_row(p, &cap, &process);
	cgx_tasks_close(t);
	cgx_group_close(g);
	return r;
}

static int by_pid(const void *a, const void *b)
{
	pid_t x = ((const struct proc_row *)a)->process.pid, y = ((const struct proc_row *)b)->process.pid;

	return (x > y) - (x < y);
}

static int by_memory(const void *a, const void *b)
{
	uint64_t x = ((const struct proc_row *)a)->process.rss, y = ((const struct proc_row *)b)->process.rss;

	return x == y ? by_pid(a, b) : x < y ? 1 : -1;
}

/* CPU since the look before, for those that were there then. before is sorted by pid. */
static void compare(struct procs *p, const struct procs *before)
{
	uint64_t passed = p->read_us - before->read_us;

	for (size_t i = 0; i < p->n && before->n && passed; i++) {
		const struct cgx_process *now = &p->row[i].process, *then;
		const struct proc_row *old = bsearch(&p->row[i], before->row, before->n, sizeof(*old), by_pid);

		if (!old)
			continue;
		then = &old->process;
		if (then->started_us == now->started_us && now->cpu_us >= then->cpu_us)
			p->row[i].cpu = (int64_t)((now->cpu_us - then->cpu_us) * 10000 / passed);
	}
}

int procs_read(struct procs *p, struct cgx *cgx, const char *path, uint64_t at_us)
{
	struct procs now = { .read_us = at_us, .path = strdup(path) };

	now.err = now.path ? read_rows(&now, cgx, path) : -ENOMEM;
	if (p->path && !strcmp(p->path, path)) {
		if (p->n)
			qsort(p->row, p->n, sizeof(*p->row), by_pid);
		compare(&now, p);
	}
	if (now.n)
		qsort(now.row, now.n, sizeof(*now.row), by_memory);
	procs_free(p);
	*p = now;
	return p->err;
}

void procs_free(struct procs *p)
{
	free(p->path);
	free(p->row);
	*p = (struct procs){ 0 };
}
