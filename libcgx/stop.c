/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stopping all processes of a group: freeze and kill. */
#include "private.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

static int is_root(struct cgx_group *g)
{
	group_settle(g);
	for (size_t i = 0; i < g->n; i++)
		if (!*g->place[i].path)
			return 1;
	return 0;
}

static int refuse_root(struct cgx_group *g, const char *action)
{
	fail(g->cgx, -EINVAL, g->path, action, "this is the root group: every process of the machine is in it");
	advise(g->cgx, "name a group below it");
	return -EINVAL;
}

/* Where it is now: somebody may have moved it. freezers: only places that can hold it. */
static int caller_is_inside(struct cgx_group *g, int freezers)
{
	AUTO_BUF struct buf text = { 0 };

	if (layout_read_pid(g->cgx, 0, &text))
		return 0;
	for (size_t i = 0; i < g->n; i++) {
		const struct group_place *pl = &g->place[i];
		AUTO_FREE char *own = NULL;
		size_t n = strlen(pl->path);

		if (freezers && pl->h->version == 1 && !(pl->h->controllers & CGX_C_FREEZER))
			continue;
		if (layout_path_in(g->cgx, pl->h, text.s, &own))
			continue;
		if (!strncmp(own, pl->path, n) && (!own[n] || own[n] == '/'))
			return 1;
	}
	return 0;
}

static int refuse_own(struct cgx_group *g, const char *action)
{
	fail(g->cgx, -EBUSY, g->path, action, "the caller is in this group itself");
	advise(g->cgx, "run it from outside, or move this shell out first: cgx-move / $$");
	return -EBUSY;
}

/* ---- freeze ---- */

CGX_API int cgx_group_freeze(struct cgx_group *g, int frozen, int timeout_ms)
{
	const char *action = frozen ? "freeze" : "thaw";
	int done = 0;

	if (is_root(g))
		return refuse_root(g, action);
	if (frozen && caller_is_inside(g, 1)) /* nothing of the caller would be left to thaw it */
		return refuse_own(g, action);
	/* v2, which comes last, is frozen first and thawed last: what v1 holds never says to v2 that it stands still */
	for (size_t n = 0; n < g->n; n++) {
		size_t i = frozen ? g->n - 1 - n : n;
		int fd = place_fd(g, &g->place[i]);
		int r = fd < 0 ? fd : g->place[i].h->ops->freeze(fd, !!frozen, timeout_ms);

		if (r == -EOPNOTSUPP)
			continue;
		if (fd < 0)
			return r;
		if (r)
			return fail(g->cgx, r, g->path, action, NULL);
		done = 1;
	}
	if (done)
		return 0;
	fail(g->cgx, -EOPNOTSUPP, g->path, action, "no hierarchy of this group can freeze processes");
	advise(g->cgx, "on v1 the group needs the freezer controller: cgx-create -c freezer %s",
	       shell_word(g->cgx, g->path));
	return -EOPNOTSUPP;
}

/* ---- kill ---- */

/* Signal one process, if it is still in the group: its number may have passed to another. */
static int kill_one(struct cgx *cgx, const struct group_place *pl, pid_t pid)
{
	AUTO_CLOSE int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	AUTO_BUF struct buf text = { 0 };
	AUTO_FREE char *path = NULL;
	size_t n = strlen(pl->path);

	if (fd < 0 && errno != ENOSYS)
		return errno == ESRCH ? 0 : -errno;
	if (layout_read_pid(cgx, pid, &text) || layout_path_in(cgx, pl->h, text.s, &path))
		return 0;
	if (strncmp(path, pl->path, n) || (path[n] && path[n] != '/'))
		return 0;
	if (fd < 0 ? kill(pid, SIGKILL) : (int)syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0))
		return errno == ESRCH ? 0 : -errno;
	return 0;
}

static int kill_list(struct cgx *cgx, const struct group_place *pl, int dir)
{
	AUTO_BUF struct buf procs = { 0 };
	const char *p, *line;
	size_t len;
	int r = fs_read(dir, "cgroup.procs", &procs);

	if (r)
		return r == -ENODEV || r == -ENOENT ? 0 : r;
	for (p = procs.s; !r && text_line(&p, &line, &len);) {
		uint64_t pid;

		if (!num_scan(&line, &pid) && pid)
			r = kill_one(cgx, pl, (pid_t)pid);
	}
	return r;
}

static int kill_tree(struct cgx *cgx, const struct group_place *pl, int dir)
{
	struct fs_list l = { 0 };
	int r = kill_list(cgx, pl, dir);

	if (!r)
		r = fs_list_dirs(dir, "", &l);
	for (size_t i = 0; !r && i < l.n; i++) {
		AUTO_CLOSE int sub = fs_dir(dir, l.entry[i].name);

		if (sub >= 0)
			r = kill_tree(cgx, pl, sub);
	}
	fs_list_free(&l);
	return r == -ENOENT || r == -ENODEV ? 0 : r;
}

/* One round: the kernel's own switch, or hold, signal, let go. */
static int kill_place(struct cgx *cgx, struct group_place *pl, int dir)
{
	AUTO_BUF struct buf kept = { 0 };
	int held, r = pl->h->ops->kill(dir);

	if (r != -EOPNOTSUPP)
		return r;
	if (!fs_is_cgroup(dir)) /* numbers of a recorded machine mean other processes here */
		return -EOPNOTSUPP;
	held = pl->h->ops->hold(dir, &kept) == 0;
	r = kill_tree(cgx, pl, dir);
	if (held)
		pl->h->ops->release(dir, buf_text(&kept));
	return r;
}

static int left_over(struct cgx_group *g)
{
	struct cgx_tasks *t;
	pid_t pid, first = 0;
	size_t n = 0;

	if (!cgx_tasks_open(g, 0, &t)) {
		while (cgx_tasks_next(t, &pid) > 0)
			if (!n++)
				first = pid;
		cgx_tasks_close(t);
	}
	if (n)
		fail(g->cgx, -ETIMEDOUT, g->path, "kill", "%zu process%s left, the first is %d", n,
		     n == 1 ? " is" : "es are", (int)first);
	else
		fail(g->cgx, -ETIMEDOUT, g->path, "kill", "processes are left in groups below");
	advise(g->cgx, "a process in an uninterruptible wait (state D) dies when that ends; try again later");
	return -ETIMEDOUT;
}

/* A place that can hold its processes goes first, so that what is signalled elsewhere cannot fork. */
static int kill_round(struct cgx_group *g, int *ret_populated)
{
	*ret_populated = 0;
	for (int holders = 1; holders >= 0; holders--)
		for (size_t i = 0; i < g->n; i++) {
			struct group_place *pl = &g->place[i];
			int holds = pl->h->version == 2 || pl->h->controllers & (CGX_C_FREEZER | CGX_C_PIDS);
			int fd = place_open(g->cgx, pl);
			int r = fd < 0 ? 0 : pl->h->ops->populated(fd);

			if (holds != holders || r == 0 || r == -ENODEV || r == -ENOENT)
				continue;
			if (r > 0)
				r = kill_place(g->cgx, pl, fd);
			if (r < 0)
				return r;
			*ret_populated = 1;
		}
	return 0;
}

CGX_API int cgx_group_kill(struct cgx_group *g, int timeout_ms)
{
	uint64_t end = now_us() + (uint64_t)timeout_ms * 1000;
	long pause_ns = 100000;
	int populated, r;

	if (is_root(g))
		return refuse_root(g, "kill");
	if (!cgx_group_exists(g))
		return fail(g->cgx, -ENOENT, g->path, "kill", "there is no such group");
	if (caller_is_inside(g, 0))
		return refuse_own(g, "kill");
	for (;;) {
		r = kill_round(g, &populated);
		if (r)
			return fail(g->cgx, r, g->path, "kill", r == -EOPNOTSUPP ?
				    "these are files of another machine: its processes are not here" : NULL);
		if (!populated)
			return 0;
		if (timeout_ms >= 0 && now_us() >= end)
			return left_over(g);
		nanosleep(&(struct timespec){ .tv_nsec = pause_ns }, NULL);
		if (pause_ns < 10000000)
			pause_ns *= 2;
	}
}
