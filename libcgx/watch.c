/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events of groups behind one descriptor. */
#include "watch.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/timerfd.h>

/* The kernel notifies at once and then holds back for 10 ms and more, so after a notification it is worth to look
 * again: a kill follows the limit that it was for. */
static const uint64_t ladder_us[] = { 0, 200, 300, 500, 1000, 2000, 4000, 8000 };

/* At the end a kill that no group shows has so long to be found in one: longer than a victim waits for its counter. */
#define LAST_PATIENCE_US 180000

#define KINDS_KNOWN  (CGX_E_BIT(CGX_E_UNSEEN + 1) - 1)
#define KINDS_USUAL                                                                                          \
	(CGX_E_BIT(CGX_E_KILL) | CGX_E_BIT(CGX_E_FORK) | CGX_E_BIT(CGX_E_STALLED) | CGX_E_BIT(CGX_E_UNSEEN))
#define KINDS_MEMORY                                                                                         \
	(CGX_E_BIT(CGX_E_KILL) | CGX_E_BIT(CGX_E_STALLED) | CGX_E_BIT(CGX_E_OOM) | CGX_E_BIT(CGX_E_LIMIT))
#define KINDS_TREE (CGX_E_BIT(CGX_E_EMPTIED) | CGX_E_BIT(CGX_E_REMOVED))

/* ---- names and time ---- */

CGX_API const char *cgx_event_name(enum cgx_event_kind kind)
{
	static const char *const names[] = { "kill", "fork", "stalled", "oom", "limit", "emptied", "removed", "pressure",
					     "unseen" };

	return (size_t)kind < COUNT_OF(names) ? names[kind] : "unknown";
}

CGX_API const char *cgx_source_name(enum cgx_source source)
{
	static const char *const names[] = { "counter", "tracepoint", "kernel log", "snapshot" };

	return (size_t)source < COUNT_OF(names) ? names[source] : "unknown";
}

int watch_wants(const struct cgx_watch *w, enum cgx_event_kind kind)
{
	return !!(w->kinds & CGX_E_BIT(kind));
}

int watch_poll(int epoll, int fd, uint32_t events, void *data)
{
	struct epoll_event e = { .events = events, .data.ptr = data };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) ? -errno : 0;
}

/* ---- the queue of events ---- */

static void queued_free(struct queued *q)
{
	if (!q)
		return;
	free(q->path);
	free(q->limit_path);
	free(q->text);
	free(q);
}

struct cgx_event watch_event(enum cgx_event_kind kind, const char *path)
{
	return (struct cgx_event){
		.kind = kind, .time_us = wall_us(), .path = path, .limit_path = "", .limit = UINT64_MAX,
		.usage = UINT64_MAX, .limit_hits = UINT64_MAX, .machine = -1, .comm = "", .uid = (uid_t)-1,
		.anon_rss = UINT64_MAX, .file_rss = UINT64_MAX, .shmem_rss = UINT64_MAX, .oom_score_adj = INT_MIN,
		.text = "",
	};
}

int watch_tell(struct cgx_watch *w, const struct cgx_event *e)
{
	struct queued *q;

	if (!watch_wants(w, e->kind))
		return 0;
	q = calloc(1, sizeof(*q));
	if (!q)
		return -ENOMEM;
	q->e = *e;
	q->path = strdup(e->path);
	q->limit_path = strdup(e->limit_path);
	q->text = strdup(e->text);
	if (!q->path || !q->limit_path || !q->text) {
		queued_free(q);
		return -ENOMEM;
	}
	memcpy(q->comm, e->comm, strnlen(e->comm, sizeof(q->comm) - 1));
	q->e.path = q->path;
	q->e.limit_path = q->limit_path;
	q->e.text = q->text;
	q->e.comm = q->comm;
	*w->last = q;
	w->last = &q->next;
	return 0;
}

/* Once for each bit; bit 0 each time. */
int watch_unseen(struct cgx_watch *w, unsigned bit, const char *fmt, ...)
{
	struct cgx_event e = watch_event(CGX_E_UNSEEN, "");
	AUTO_BUF struct buf text = { 0 };
	va_list ap;

	if (w->unseen & bit)
		return 0;
	w->unseen |= bit;
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	e.text = buf_text(&text);
	return text.err ? text.err : watch_tell(w, &e);
}

static int give(struct cgx_watch *w, struct cgx_event *ret)
{
	queued_free(w->given);
	w->given = w->first;
	if (!w->given)
		return 0;
	w->first = w->given->next;
	if (!w->first)
		w->last = &w->first;
	*ret = w->given->e;
	return 1;
}

/* ---- what to look at again ---- */

int watch_later(struct cgx_watch *w, struct watch_node *n, unsigned what, unsigned step, uint64_t in_us)
{
	uint64_t at = now_us() + in_us;

	for (size_t i = 0; n->hot && i < w->n_due; i++)
		if (w->due[i].node == n) { /* one entry a node: from the first rung on again */
			struct due *d = &w->due[i];

			d->what |= what;
			d->step = step;
			d->at = at < d->at ? at : d->at;
			return 0;
		}
	if (w->n_due == w->cap_due) {
		size_t cap = w->cap_due ? w->cap_due * 2 : 64;
		struct due *more = reallocarray(w->due, cap, sizeof(*more));

		if (!more)
			return -ENOMEM;
		w->due = more;
		w->cap_due = cap;
	}
	w->due[w->n_due++] = (struct due){ .at = at, .node = n, .what = what, .step = step };
	n->hot++;
	return 0;
}

void watch_forget(struct cgx_watch *w, struct watch_node *n)
{
	for (size_t i = 0; n->hot && i < w->n_due; i++)
		if (w->due[i].node == n) {
			w->due[i--] = w->due[--w->n_due];
			n->hot--;
		}
}

static int climb(struct cgx_watch *w, const struct due *d)
{
	struct watch_node *n = d->node;
	int r = count_look(n, d->what);

	if (r || !(d->what & LOOK_MEMORY))
		return r;
	if (d->step + 1 < COUNT_OF(ladder_us))
		return watch_later(w, n, d->what, d->step + 1, ladder_us[d->step + 1]);
	return n->tree->local ? count_settle(n, NULL) : 0;
}

static int run_due(struct cgx_watch *w, uint64_t now)
{
	int r = 0;

	for (size_t i = 0; !r && i < w->n_due;) {
		struct due d = w->due[i];

		if (d.at > now) {
			i++;
			continue;
		}
		w->due[i] = w->due[--w->n_due];
		d.node->hot--;
		r = climb(w, &d);
	}
	return r;
}

/* ---- sampling ---- */

/* A tenth of the groups ten times as often keeps the work even. */
static int sample(struct cgx_watch *w, uint64_t now)
{
	size_t share = w->n_nodes / 10 + 1;
	int r = 0;

	if (now < w->next_sample)
		return 0;
	if (!w->cursor)
		w->round = now;
	w->next_sample = now + w->sample_us / 10;
	for (size_t i = 0; !r && i < share; i++) {
		struct watch_node *n = w->cursor ? w->cursor : w->all;

		if (!n)
			break;
		w->cursor = n->all_next;
		r = count_sample(n);
		if (r == -ENOENT)
			r = tree_gone(n);
		if (!w->cursor) { /* once around */
			w->next_sample = w->round + w->sample_us;
			if (!r)
				r = count_machine(w, MACHINE_PATIENCE_US);
			break;
		}
	}
	return r;
}

/* ---- the loop ---- */

static int read_inotify(struct cgx_watch *w)
{
	_Alignas(struct inotify_event) char b[16384];
	int r = 0;

	for (;;) {
		ssize_t n = read(w->inotify, b, sizeof(b));

		if (n <= 0)
			return r;
		for (char *p = b; !r && p < b + n;) {
			const struct inotify_event *e = (const void *)p;

			p += sizeof(*e) + e->len;
			r = tree_notified(w, e->wd, e->mask, e->len ? e->name : "");
		}
		if (r)
			return r;
	}
}

static int tell_pressure(struct watch_node *n)
{
	struct cgx_event e = watch_event(CGX_E_PRESSURE, node_path(n));

	e.count = e.total = 1;
	e.text = "memory";
	return watch_tell(n->tree->w, &e);
}

/* A trigger whose group is being removed wakes without end, and with an error. */
static int pressed(struct watch_node *n, uint32_t events)
{
	if (!(events & EPOLLERR))
		return tell_pressure(n);
	close(n->pressure_fd);
	n->pressure_fd = -1;
	n->tree->w->n_fds--;
	return 0;
}

/* To poll a trigger takes what it has to tell, and whoever polls our descriptor would poll what is in it: so these are
 * apart, and looked at now and then. The kernel looks at stalls ten times within the window. */
static int take_pressed(struct cgx_watch *w, uint64_t now)
{
	struct epoll_event e;
	int r = 0;

	if (w->pressed < 0 || now < w->next_pressed)
		return 0;
	w->next_pressed = now + w->window_us / 10;
	for (size_t i = 0; !r && i <= w->n_nodes && epoll_wait(w->pressed, &e, 1, 0) > 0; i++)
		r = pressed(e.data.ptr, e.events);
	return r;
}

static int take_ready(struct cgx_watch *w)
{
	struct epoll_event e;
	uint64_t count;
	int r = 0;

	while (!r && !w->first && epoll_wait(w->epoll, &e, 1, 0) > 0) {
		if (e.data.ptr == &w->inotify)
			r = read_inotify(w);
		else if (e.data.ptr == &w->timer)
			(void)!read(w->timer, &count, sizeof(count));
		else if (e.data.ptr == &w->shared_fd)
			r = count_noted(w, NULL);
		else if (e.data.ptr == w->who)
			r = who_drain(w);
		else
			r = count_noted(w, e.data.ptr);
	}
	return r;
}

static int arm(struct cgx_watch *w)
{
	uint64_t next = w->next_sample, now = now_us(), who = who_next(w), in;
	struct itimerspec t = { 0 };

	for (size_t i = 0; i < w->n_due; i++)
		next = w->due[i].at < next ? w->due[i].at : next;
	next = who < next ? who : next;
	if (w->pressed >= 0 && w->next_pressed < next)
		next = w->next_pressed;
	if (w->machine_due && w->machine_due < next)
		next = w->machine_due;
	in = next > now ? next - now : 1;
	t.it_value.tv_sec = (time_t)(in / 1000000);
	t.it_value.tv_nsec = (long)(in % 1000000 * 1000);
	return timerfd_settime(w->timer, 0, &t, NULL) ? -errno : 0;
}

static int work(struct cgx_watch *w)
{
	uint64_t now;
	int r = take_ready(w);

	now = now_us();
	if (!r)
		r = run_due(w, now);
	if (!r)
		r = take_pressed(w, now);
	if (!r && !w->first)
		r = sample(w, now);
	if (!r)
		r = who_expire(w, now);
	if (!r && w->machine_due && now >= w->machine_due)
		r = count_machine(w, MACHINE_PATIENCE_US);
	return r ? r : arm(w);
}

CGX_API int cgx_watch_next(struct cgx_watch *w, struct cgx_event *ret)
{
	int r = give(w, ret);

	if (r)
		return r;
	r = work(w);
	if (r < 0)
		return fail(w->cgx, r, NULL, "watch groups", NULL);
	return give(w, ret);
}

CGX_API int cgx_watch_look(struct cgx_watch *w)
{
	int r = take_ready(w);

	for (struct watch_node *n = w->all; !r && n; n = n->all_next) {
		if (n->past)
			memset(n->past->quiet_until, 0, sizeof(n->past->quiet_until));
		r = count_look(n, LOOK_MEMORY | LOOK_PIDS | LOOK_EVENTS);
	}
	for (size_t i = 0; !r && i < w->n_trees; i++)
		if (w->tree[i].local && w->tree[i].root)
			r = count_settle(w->tree[i].root, NULL);
	if (!r)
		r = count_machine(w, LAST_PATIENCE_US);
	if (!r)
		r = arm(w);
	return r ? fail(w->cgx, r, NULL, "watch groups", NULL) : 0;
}

CGX_API int cgx_watch_waits(const struct cgx_watch *w)
{
	return w->first || who_waits(w) || (w->machine_due && w->machine_due < now_us() + LAST_PATIENCE_US);
}

CGX_API int cgx_watch_fd(const struct cgx_watch *w)
{
	return w->epoll;
}

CGX_API size_t cgx_watch_groups(const struct cgx_watch *w)
{
	size_t most = 0;

	for (size_t i = 0; i < w->n_trees; i++) {
		size_t n = 0;

		for (const struct watch_node *p = w->all; p; p = p->all_next)
			n += p->tree == &w->tree[i] && p->flags & NODE_TOLD;
		most = n > most ? n : most;
	}
	return most;
}

/* ---- open and close ---- */

static unsigned served(struct cgx_watch *w, struct cgx_hierarchy *h)
{
	unsigned serves = 0;

	if (w->kinds & KINDS_MEMORY && layout_find(w->cgx, CGX_C_MEMORY) == h)
		serves |= SERVES_MEMORY;
	if (watch_wants(w, CGX_E_FORK) && layout_find(w->cgx, CGX_C_PIDS) == h)
		serves |= SERVES_PIDS;
	if (watch_wants(w, CGX_E_PRESSURE) && h->version == 2)
		serves |= SERVES_PRESSURE;
	/* whoever asks for groups means those of memory and pids, and where there is a v2 tree its groups as well */
	if (w->kinds & KINDS_TREE && (h->version == 2 || layout_find(w->cgx, CGX_C_MEMORY) == h ||
				      layout_find(w->cgx, CGX_C_PIDS) == h))
		serves |= SERVES_EVENTS;
	return serves;
}

static int add_trees(struct cgx_watch *w)
{
	static const char no_pressure[] = "groups have it on v2 only, and no v2 tree is mounted here";
	struct cgx *cgx = w->cgx;

	w->tree = calloc(cgx->n_hier ? cgx->n_hier : 1, sizeof(*w->tree));
	if (!w->tree)
		return -ENOMEM;
	for (size_t i = 0; i < cgx->n_hier; i++) {
		unsigned serves = served(w, &cgx->hier[i]);
		struct watch_tree t = { .w = w, .h = &cgx->hier[i], .serves = serves,
					.dialect = count_dialect(&cgx->hier[i]) };

		if (serves)
			w->tree[w->n_trees++] = t;
	}
	if (w->n_trees)
		return watch_wants(w, CGX_E_PRESSURE) && !layout_v2(cgx) ?
			       watch_unseen(w, UNSEEN_PRESSURE, "pressure is not watched: %s", no_pressure) : 0;
	fail(cgx, -ENOTSUP, NULL, "watch groups", "%s",
	     w->kinds & (KINDS_MEMORY | KINDS_TREE | CGX_E_BIT(CGX_E_FORK)) ? "no hierarchy counts memory or pids on this host" : no_pressure);
	advise(cgx, "cgx-ls --controllers shows what this host has");
	return -ENOTSUP;
}

static int cannot_open(struct cgx_watch *w)
{
	int r = fail(w->cgx, -errno, NULL, "watch groups", w->inotify < 0 ? "no inotify instance is to be had" : NULL);

	if (w->inotify < 0)
		advise(w->cgx, "end programs that watch files, or raise fs.inotify.max_user_instances");
	return r;
}

static int open_fds(struct cgx_watch *w)
{
	struct rlimit limit;
	int r = 0;

	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (watch_wants(w, CGX_E_PRESSURE))
		w->pressed = epoll_create1(EPOLL_CLOEXEC);
	w->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	w->shared_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->epoll < 0 || w->inotify < 0 || w->timer < 0 || w->shared_fd < 0 ||
	    (w->pressed < 0 && watch_wants(w, CGX_E_PRESSURE)))
		return cannot_open(w);
	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur > 128)
		w->max_fds = limit.rlim_cur - 128;
	r = watch_poll(w->epoll, w->inotify, EPOLLIN, &w->inotify);
	if (!r)
		r = watch_poll(w->epoll, w->timer, EPOLLIN, &w->timer);
	if (!r)
		r = watch_poll(w->epoll, w->shared_fd, EPOLLIN, &w->shared_fd);
	return r;
}

CGX_API int cgx_watch_open(struct cgx *cgx, const struct cgx_watch_how *how, struct cgx_watch **ret)
{
	SIZED(struct cgx_watch_how, full, how);
	unsigned kinds = full.kinds ? full.kinds : KINDS_USUAL;
	struct cgx_watch *w;
	int r;

	if (kinds & ~KINDS_KNOWN)
		return fail(cgx, -EINVAL, NULL, "watch groups", "unknown kinds of events are asked for");
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	*w = (struct cgx_watch){ .cgx = cgx, .kinds = kinds, .epoll = -1, .pressed = -1, .inotify = -1, .timer = -1,
				 .shared_fd = -1 };
	w->last = &w->first;
	w->sample_us = full.sample_ms ? full.sample_ms * 1000ull : 1000000;
	w->stall_us = full.stall_us ? full.stall_us : 150000;
	w->window_us = full.window_us ? full.window_us : 2000000;
	r = add_trees(w);
	if (!r)
		r = open_fds(w);
	if (!r)
		r = who_open(w);
	if (r) {
		cgx_watch_close(w);
		return r;
	}
	*ret = w;
	return 0;
}

CGX_API struct cgx_watch *cgx_watch_close(struct cgx_watch *w)
{
	if (!w)
		return NULL;
	for (size_t i = 0; i < w->n_trees; i++)
		tree_free(&w->tree[i]);
	who_close(w);
	queued_free(w->given);
	for (struct queued *q = w->first; q;) {
		struct queued *next = q->next;

		queued_free(q);
		q = next;
	}
	for (size_t i = 0; i < w->n_roots; i++)
		free(w->root[i].path);
	free(w->root);
	free(w->tree);
	map_free(&w->by_wd);
	free(w->due);
	for (int fd = 0; fd < 5; fd++) {
		int fds[] = { w->epoll, w->pressed, w->inotify, w->timer, w->shared_fd };

		if (fds[fd] >= 0)
			close(fds[fd]);
	}
	free(w);
	return NULL;
}

CGX_API int cgx_watch_add(struct cgx_watch *w, const char *path, unsigned flags)
{
	struct cgx_group *g;
	int r = cgx_group_open(w->cgx, path, 0, &g);

	if (!r) {
		r = cgx_watch_add_group(w, g, flags);
		cgx_group_close(g);
	}
	return r;
}

CGX_API int cgx_watch_add_group(struct cgx_watch *w, struct cgx_group *g, unsigned flags)
{
	int r = 0;

	w->began = 0; /* what is there now is where counting begins */
	for (size_t i = 0; !r && i < w->n_trees; i++) {
		struct group_place *pl = group_place(g, w->tree[i].h);

		if (pl)
			r = tree_add_root(&w->tree[i], pl->path, flags);
	}
	if (!r)
		r = count_machine(w, MACHINE_PATIENCE_US);
	w->began = 1;
	w->next_sample = now_us();
	return r ? r : arm(w);
}
