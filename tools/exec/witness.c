/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel tells of a command's group while the command runs. */
#include "exec/witness.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/clock.h"

/* The names of victims come this much later than the counters at most. */
#define NAMES_US 100000
/* And what the engine has seen it tells within this time. */
#define TOLD_US 300000

enum place group_place_of(struct cgx *cgx, const struct cgx_group *g, const char *path)
{
	enum place found = PLACE_ELSEWHERE;

	for (size_t i = 0; cgx_hierarchy_at(cgx, i); i++) {
		const char *own = cgx_group_path_in(g, cgx_hierarchy_at(cgx, i));
		size_t len = own ? strlen(own) : 0;

		if (!own)
			continue;
		if (!strcmp(own, path))
			return PLACE_OWN;
		if (!strcmp(own, "/") || (!strncmp(path, own, len) && path[len] == '/'))
			found = PLACE_BELOW;
	}
	return found;
}

/* ---- victims ---- */

static void victim_free(struct victim *v)
{
	free(v->path);
	free(v->limit_path);
}

static int is_known(const struct witness *w, pid_t pid)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->victim[i].pid == pid)
			return 1;
	return 0;
}

static char *copy(const char *s)
{
	return *s ? strdup(s) : NULL;
}

/* ---- the kernel log ---- */

/* The log tells of every group of the machine, by paths of the whole machine, of which this group may see a part. */
static int is_ours(const struct witness *w, const char *path)
{
	size_t plen = strlen(path);

	for (size_t k = 0; cgx_hierarchy_at(w->cgx, k); k++) {
		const char *own = cgx_group_path_in(w->group, cgx_hierarchy_at(w->cgx, k));
		size_t len = own ? strlen(own) : 0;

		for (size_t at = 0; len && at + len < plen; at++)
			if (path[at] == '/' && !strncmp(path + at + 1, own, len) &&
			    (!path[at + 1 + len] || path[at + 1 + len] == '/'))
				return 1;
	}
	return 0;
}

static void take_log(struct witness *w)
{
	struct cgx_oom o;

	while (w->kmsg && w->n < WITNESS_VICTIMS && cgx_kmsg_next(w->kmsg, &o) > 0) {
		int ours = o.pid == w->command || is_ours(w, o.victim_path);
		struct victim *v = ours ? &w->victim[w->n] : &w->maybe[w->n_maybe];

		if (is_known(w, o.pid) || (!ours && (*o.victim_path || w->n_maybe == WITNESS_VICTIMS)))
			continue;
		*v = (struct victim){ .pid = o.pid, .uid = o.uid, .anon_rss = o.anon_rss, .file_rss = o.file_rss,
				      .shmem_rss = o.shmem_rss, .oom_score_adj = o.oom_score_adj,
				      .machine = o.memcg < 0 ? -1 : !o.memcg, .source = CGX_SOURCE_KMSG, .sure = ours,
				      .path = copy(o.victim_path), .limit_path = copy(o.limit_path) };
		memcpy(v->comm, o.comm, sizeof(v->comm));
		*(ours ? &w->n : &w->n_maybe) += 1;
	}
}

/* ---- the engine ---- */

static void set_level(struct level *l, const struct cgx_event *e)
{
	if (!*e->limit_path)
		return;
	free(l->path);
	l->path = strdup(e->limit_path);
	l->limit = e->limit;
}

static void take_kill(struct witness *w, const struct cgx_event *e)
{
	struct victim *v = &w->victim[w->n];

	if (*e->path && group_place_of(w->cgx, w->group, e->path) == PLACE_BELOW)
		w->kills_below += e->count;
	set_level(&w->memory, e);
	if (!e->pid || w->n == WITNESS_VICTIMS || is_known(w, e->pid))
		return;
	*v = (struct victim){ .pid = e->pid, .uid = e->uid, .anon_rss = e->anon_rss, .file_rss = e->file_rss,
			      .shmem_rss = e->shmem_rss, .oom_score_adj = e->oom_score_adj, .machine = e->machine,
			      .source = e->source, .sure = e->sure, .path = copy(e->path), .limit_path = copy(e->limit_path) };
	memcpy(v->comm, e->comm, strnlen(e->comm, sizeof(v->comm) - 1));
	w->n++;
}

void witness_take(struct witness *w)
{
	struct cgx_event e;

	while (w->watch && cgx_watch_next(w->watch, &e) > 0) {
		if (w->tell)
			w->tell(w->data, &e);
		if (e.kind == CGX_E_KILL)
			take_kill(w, &e);
		if (e.kind != CGX_E_FORK)
			continue;
		if (group_place_of(w->cgx, w->group, e.path) == PLACE_BELOW)
			w->denied_below += e.count;
		set_level(&w->pids, &e);
	}
}

int witness_engine(struct witness *w)
{
	static const struct cgx_watch_how how = {
		.size = sizeof(how), .kinds = CGX_E_BIT(CGX_E_KILL) | CGX_E_BIT(CGX_E_FORK),
	};

	if (cgx_watch_open(w->cgx, &how, &w->watch))
		return -1;
	if (cgx_watch_add_group(w->watch, w->group, CGX_WATCH_BELOW)) {
		w->watch = cgx_watch_close(w->watch);
		return -1;
	}
	/* it reads the log from now on; what is in it already is from before */
	take_log(w);
	w->kmsg = cgx_kmsg_close(w->kmsg);
	witness_take(w);
	return cgx_watch_fd(w->watch);
}

/* ---- begin and end ---- */

void witness_open(struct witness *w, struct cgx *cgx, struct cgx_group *group)
{
	*w = (struct witness){ .cgx = cgx, .group = group };
	cgx_kmsg_open(cgx, &w->kmsg); /* who may not read it gets a report without names */
}

/* Readable or not, the engine has something to do when its time has come. */
static void wait_a_moment(struct witness *w)
{
	struct pollfd p = { .fd = w->watch ? cgx_watch_fd(w->watch) : -1, .events = POLLIN };

	poll(&p, 1, w->watch ? 10 : 1);
	take_log(w);
	witness_take(w);
}

void witness_look(struct witness *w)
{
	uint64_t until = now_us() + TOLD_US;

	if (!w->watch)
		return;
	cgx_watch_look(w->watch);
	witness_take(w);
	while (cgx_watch_waits(w->watch) && now_us() < until)
		wait_a_moment(w);
}

void witness_name(struct witness *w, uint64_t kills)
{
	uint64_t until = now_us() + NAMES_US;

	take_log(w);
	witness_take(w);
	while (w->n < kills && w->n < WITNESS_VICTIMS && (w->kmsg || w->watch) && now_us() < until) {
		wait_a_moment(w);
		/* in a storm the kernel leaves out the line with the group, and it will not come */
		if (!w->watch && w->n + w->n_maybe >= kills)
			break;
	}
	for (size_t i = 0; i < w->n_maybe && w->n < kills && w->n < WITNESS_VICTIMS; i++)
		if (!is_known(w, w->maybe[i].pid)) {
			w->victim[w->n++] = w->maybe[i];
			w->maybe[i] = (struct victim){ .pid = 0 };
		}
}

/*
 * The kernel lets go of a tracepoint and of inotify watches after tens of milliseconds, in which whoever closes the last
 * descriptor waits. That is left to a child for which nobody waits; it ends when the caller has, and holds nothing open
 * that others wait to see closed.
 */
static void close_in_child(int keep)
{
	int alive[2];
	pid_t pid;
	char c;

	if (pipe2(alive, O_CLOEXEC))
		return;
	pid = fork();
	if (!pid) {
		close(alive[1]);
		for (int fd = 0; fd < 3; fd++)
			close(fd);
		if (keep >= 0)
			close(keep);
		(void)!read(alive[0], &c, 1);
		_exit(0);
	}
	close(alive[0]);
	if (pid < 0)
		close(alive[1]); /* else it stays open until we end */
}

void witness_close(struct witness *w, int keep)
{
	if (w->watch)
		close_in_child(keep);
	cgx_watch_close(w->watch);
	cgx_kmsg_close(w->kmsg);
	for (size_t i = 0; i < w->n; i++)
		victim_free(&w->victim[i]);
	for (size_t i = 0; i < w->n_maybe; i++)
		victim_free(&w->maybe[i]);
	free(w->memory.path);
	free(w->pids.path);
	*w = (struct witness){ 0 };
}
