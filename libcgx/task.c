/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes and threads of a group. */
#include "private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct cgx_tasks {
	pid_t *pid;
	size_t n, next;
};

CGX_API struct cgx_tasks *cgx_tasks_close(struct cgx_tasks *t)
{
	if (t)
		free(t->pid);
	free(t);
	return NULL;
}

static int add_pids(struct cgx_tasks *t, size_t *cap, const char *text)
{
	const char *line;
	size_t len;

	while (text_line(&text, &line, &len)) {
		uint64_t pid;

		if (num_scan(&line, &pid))
			continue;
		if (t->n == *cap) {
			size_t want = *cap ? *cap * 2 : 64;
			pid_t *more = reallocarray(t->pid, want, sizeof(*more));

			if (!more)
				return -ENOMEM;
			t->pid = more;
			*cap = want;
		}
		t->pid[t->n++] = (pid_t)pid;
	}
	return 0;
}

static int by_pid(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return x < y ? -1 : x > y;
}

static void drop_twins(struct cgx_tasks *t)
{
	size_t n = 0;

	if (!t->n)
		return;
	qsort(t->pid, t->n, sizeof(*t->pid), by_pid);
	for (size_t i = 0; i < t->n; i++)
		if (!i || t->pid[i] != t->pid[i - 1])
			t->pid[n++] = t->pid[i];
	t->n = n;
}

static int read_place(struct cgx_group *g, struct group_place *pl, unsigned flags, struct buf *b)
{
	const struct hier_ops *ops = pl->h->ops;
	int fd = place_fd(g, pl), r;

	if (fd < 0)
		return fd;
	r = fs_read(fd, flags & CGX_TASKS_THREADS ? ops->threads_file : ops->procs_file, b);
	if (r == -EOPNOTSUPP) {
		fail(g->cgx, r, g->path, "list processes", "the group is threaded: it has threads, not processes");
		advise(g->cgx, "ask for threads (cgx-ls --threads)");
	} else if (r == -ENODEV) {
		return fail(g->cgx, -ENOENT, g->path, "list processes", "the group has just been removed");
	} else if (r) {
		fail(g->cgx, r, g->path, "list processes", NULL);
	}
	return r;
}

CGX_API int cgx_tasks_open(struct cgx_group *g, unsigned flags, struct cgx_tasks **ret)
{
	struct cgx_tasks *t = calloc(1, sizeof(*t));
	AUTO_BUF struct buf b = { 0 };
	size_t cap = 0;
	int r = 0;

	if (!t)
		return -ENOMEM;
	group_settle(g);
	if (!g->n)
		r = fail(g->cgx, -ENOENT, g->path, "list processes", "there is no such group");
	for (size_t i = 0; !r && i < g->n; i++) {
		r = read_place(g, &g->place[i], flags, &b);
		if (!r)
			r = add_pids(t, &cap, b.s);
	}
	if (r) {
		cgx_tasks_close(t);
		return r;
	}
	drop_twins(t);
	*ret = t;
	return 0;
}

CGX_API int cgx_tasks_next(struct cgx_tasks *t, pid_t *ret)
{
	if (t->next >= t->n)
		return 0;
	*ret = t->pid[t->next++];
	return 1;
}

/* ---- one into a group ---- */

static int open_procs(struct cgx_group *g, struct group_place *pl)
{
	int dir = pl->procs >= 0 ? pl->fd : place_fd(g, pl);

	if (dir < 0)
		return dir;
	if (pl->procs < 0)
		pl->procs = fs_open_write(dir, pl->h->ops->procs_file);
	return pl->procs < 0 ? pl->h->ops->explain_attach(g->cgx, pl->h, dir, g->path, pl->procs) : 0;
}

static int take_in(struct cgx_group *g, struct group_place *pl, pid_t pid, const char *groups)
{
	AUTO_FREE char *now = NULL;
	char value[16] = "";
	int r;

	/* moving where it is costs the kernel as much as moving */
	if (*groups && !layout_path_in(g->cgx, pl->h, groups, &now) && !strcmp(now, pl->path))
		return 0;
	r = open_procs(g, pl);
	if (r < 0)
		return r;
	r = fs_rewrite(pl->procs, num_put(value + sizeof(value) - 1, (unsigned)pid));
	if (r == -ESRCH)
		return fail(g->cgx, r, g->path, "move a process in", "there is no such process (any more)");
	if (r == -ENODEV)
		return fail(g->cgx, -ENOENT, g->path, "move a process in", "the group has just been removed");
	return r ? pl->h->ops->explain_attach(g->cgx, pl->h, pl->fd, g->path, r) : 1;
}

int group_take(struct cgx_group *g, pid_t pid, const char *groups)
{
	int r = 0, moved = 0;

	group_settle(g);
	if (!g->n)
		return fail(g->cgx, -ENOENT, g->path, "move a process in", "there is no such group");
	for (size_t i = 0; r >= 0 && i < g->n; i++) {
		r = take_in(g, &g->place[i], pid, groups);
		moved |= r > 0;
	}
	return r < 0 ? r : moved;
}

CGX_API int cgx_group_take(struct cgx_group *g, pid_t pid)
{
	AUTO_BUF struct buf groups = { 0 };
	int r = layout_read_pid(g->cgx, pid, &groups);

	return r ? r : group_take(g, pid, buf_text(&groups));
}

/* ---- one process ---- */

/* Words of the command line with blanks between, cut to the room there is; "[comm]" without one. */
static void fill_command(struct cgx_process *p, struct buf *cmdline)
{
	size_t n = cmdline->len;

	while (n && !cmdline->s[n - 1])
		n--;
	if (!n) {
		snprintf(p->command, sizeof(p->command), "[%s]", p->comm);
		return;
	}
	if (n >= sizeof(p->command))
		n = sizeof(p->command) - 1;
	for (size_t i = 0; i < n; i++)
		p->command[i] = cmdline->s[i] ? cmdline->s[i] : ' ';
	p->command[n] = '\0';
}

CGX_API int cgx_process_read(struct cgx *cgx, pid_t pid, struct cgx_process *ret)
{
	struct cgx_process p = { .pid = pid };
	AUTO_BUF struct buf b = { 0 };
	AUTO_CLOSE int dir = -1;
	char path[32];
	int r;

	snprintf(path, sizeof(path), "proc/%d", (int)pid);
	dir = fs_dir(cgx->fs.fd, path);
	r = dir < 0 ? dir : fs_read(dir, "stat", &b);
	if (!r)
		r = proc_stat(b.s, &p);
	/* the directory is the effective user's; what is in it belongs to root where the process may not be dumped */
	if (!r)
		r = fs_owner(dir, &p.uid);
	if (r == -ENOENT)
		r = -ESRCH;
	if (r)
		return fail(cgx, r, path, "read", NULL);
	if (fs_read(dir, "cmdline", &b))
		buf_reset(&b);
	fill_command(&p, &b);
	*ret = p;
	return 0;
}
