/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who was killed: counters say that and where, the tracepoint and the kernel log say who, a look before and after
 * makes a guess. */
#include "watch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

/* How long a kill waits for its victim at most. The tracepoint is written at the kill and the log a little later, but
 * in a storm of kills this process waits for a CPU like all others. */
#define VICTIM_WAIT_US 60000
/* How long a victim waits for its counter. Those of groups that are gone have none. */
#define KNOWN_GONE_US 150000
#define KNOWN_KEEP_US 5000000
#define SNAPSHOT_MAX  64
#define SNAPSHOT_US   20000

struct known { /* a victim that a source has told */
	struct known *next;
	uint64_t at;
	enum cgx_source source;
	int used, machine;
	int logged;       /* the kernel log has told it too */
	int asked;        /* whether counters show a kill for it */
	int guessed;      /* given to a kill because there was no better one */
	pid_t pid;
	char comm[16];
	uid_t uid;
	uint64_t anon_rss, file_rss, shmem_rss;
	int oom_score_adj;
	char *path;       /* of its memory group; NULL the source does not say */
	char *limit_path; /* NULL unknown */
};
struct snapshot {
	size_t n;
	uint64_t at;
	struct process {
		pid_t pid;
		uid_t uid;
		uint64_t rss;
		char comm[16];
	} p[SNAPSHOT_MAX];
};
struct told_alone { /* kills told before their victims were known */
	struct told_alone *next;
	uint64_t at, count;
	char *path;
};
struct who {
	struct trace *trace;
	struct cgx_kmsg *kmsg;
	uint64_t lost;
	struct known *known;
	struct told_alone *alone;
};

/* ---- sources ---- */

static struct watch_tree *memory_tree(const struct cgx_watch *w)
{
	for (size_t i = 0; i < w->n_trees; i++)
		if (w->tree[i].serves & SERVES_MEMORY)
			return &w->tree[i];
	return NULL;
}

int who_open(struct cgx_watch *w)
{
	AUTO_BUF struct buf why = { 0 };
	int r;

	w->who = calloc(1, sizeof(*w->who));
	if (!w->who)
		return -ENOMEM;
	if (!watch_wants(w, CGX_E_KILL))
		return 0;
	r = trace_open(w->cgx, &w->who->trace);
	if (!r)
		r = watch_poll(w->epoll, trace_fd(w->who->trace), EPOLLIN, w->who);
	if (r == -ENOMEM)
		return r;
	r = cgx_kmsg_open(w->cgx, &w->who->kmsg);
	if (!r)
		return watch_poll(w->epoll, kmsg_fd(w->who->kmsg), EPOLLIN, w->who);
	if (r == -ENOMEM || w->who->trace)
		return r == -ENOMEM ? r : 0;
	buf_printf(&why, "%s%s%s", cgx_error(w->cgx), *cgx_remedy(w->cgx) ? "; " : "", cgx_remedy(w->cgx));
	return why.err ? why.err : watch_unseen(w, UNSEEN_VICTIMS, "victims are guessed, not known: %s", buf_text(&why));
}

static void forget_alone(struct who *who, uint64_t before)
{
	for (struct told_alone **at = &who->alone; *at;) {
		struct told_alone *a = *at;

		if (a->at >= before) {
			at = &a->next;
			continue;
		}
		*at = a->next;
		free(a->path);
		free(a);
	}
}

static void known_free(struct known *k)
{
	free(k->path);
	free(k->limit_path);
	free(k);
}

static void pending_free(struct pending *p)
{
	free(p->path);
	free(p->gone);
	free(p->limit_path);
	free(p->procs);
	snapshot_free(p->before);
	free(p);
}

void who_close(struct cgx_watch *w)
{
	if (!w->who)
		return;
	trace_close(w->who->trace);
	cgx_kmsg_close(w->who->kmsg);
	while (w->who->known) {
		struct known *k = w->who->known;

		w->who->known = k->next;
		known_free(k);
	}
	while (w->pending) {
		struct pending *p = w->pending;

		w->pending = p->next;
		pending_free(p);
	}
	forget_alone(w->who, UINT64_MAX);
	free(w->who);
}

int who_sees_all(const struct cgx_watch *w)
{
	return w->who->trace && !trace_lost(w->who->trace);
}

/* ---- victims ---- */

static struct known *find_known(struct who *who, pid_t pid, uint64_t now)
{
	for (struct known *k = who->known; k; k = k->next)
		if (k->pid == pid && now < k->at + KNOWN_KEEP_US)
			return k;
	return NULL;
}

/* Nobody knows how late the log is read: the first one that it has not told yet, however long ago that was. */
static struct known *find_unlogged(struct who *who, pid_t pid)
{
	struct known *found = NULL;

	for (struct known *k = who->known; k; k = k->next)
		if (k->pid == pid && !k->logged)
			found = k;
	return found;
}

static struct known *new_known(struct who *who, pid_t pid, enum cgx_source source)
{
	struct known *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	*k = (struct known){ .next = who->known, .at = now_us(), .source = source, .machine = -1, .pid = pid,
			     .uid = (uid_t)-1, .anon_rss = UINT64_MAX, .file_rss = UINT64_MAX, .shmem_rss = UINT64_MAX,
			     .oom_score_adj = INT_MIN };
	who->known = k;
	return k;
}

static void read_procs(const struct watch_node *n, char **ret)
{
	AUTO_BUF struct buf procs = { 0 };
	AUTO_CLOSE int dir = node_dir(n);

	free(STEAL(*ret));
	if (dir >= 0 && !fs_read(dir, "cgroup.procs", &procs))
		buf_steal(&procs, ret);
}

static int has_pid(const char *procs, pid_t pid)
{
	char text[16];
	size_t len = (size_t)snprintf(text, sizeof(text), "%d\n", (int)pid);

	for (const char *p = procs; (p = strstr(p, text)); p += len)
		if (p == procs || p[-1] == '\n')
			return 1;
	return 0;
}

static int match(struct cgx_watch *w);

/* The kill may be there to be seen in a group that was notified just now. */
static int look_at_hot(struct cgx_watch *w)
{
	int r = 0;

	for (size_t i = 0; !r && i < w->n_due; i++)
		if (w->due[i].what & LOOK_MEMORY)
			r = count_look(w->due[i].node, LOOK_MEMORY);
	return r;
}

/* A group that was notified just now had it among its processes then. */
static int place_by_pid(const struct cgx_watch *w, struct known *k)
{
	for (size_t i = 0; i < w->n_due; i++) {
		const struct watch_node *n = w->due[i].node;

		if (!past_of(n)->procs || !has_pid(past_of(n)->procs, k->pid))
			continue;
		k->path = strdup(n->path);
		return k->path ? 0 : -ENOMEM;
	}
	return 0;
}

/* The kernel may hold the victim's task for milliseconds, while it prints to a slow console; then asking for its group
 * takes as long. So first see whether a group that shows a kill has the victim among its processes. */
static int locate(struct cgx_watch *w, struct victim *v, struct known *k)
{
	struct watch_tree *t = memory_tree(w);
	int r = match(w);

	if (!r && !k->used)
		r = look_at_hot(w);
	if (!r && !k->used)
		r = match(w);
	if (!r && !k->used)
		r = place_by_pid(w, k);
	if (r || k->used || k->path || !t || trace_locate(w->who->trace, v) < 0)
		return r;
	if (v->known & VICTIM_GROUPS && !(v->known & VICTIM_EXITED))
		layout_path_in(w->cgx, t->h, v->groups, &k->path);
	if (k->path && !*k->path && t->dialect->exits_to_root)
		free(STEAL(k->path));
	return 0;
}

static int take_traced(struct cgx_watch *w, struct victim *v)
{
	struct known *k = find_known(w->who, v->pid, now_us());

	if (k) /* memory.oom.group marks the first victim twice */
		return 0;
	k = new_known(w->who, v->pid, CGX_SOURCE_TRACE);
	if (!k)
		return -ENOMEM;
	if (v->known & VICTIM_COMM)
		memcpy(k->comm, v->comm, sizeof(k->comm));
	if (v->known & VICTIM_UID)
		k->uid = v->uid;
	if (v->known & VICTIM_MEMORY) {
		k->anon_rss = v->anon_rss;
		k->file_rss = v->file_rss;
		k->shmem_rss = v->shmem_rss;
	}
	if (v->known & VICTIM_ADJ)
		k->oom_score_adj = v->oom_score_adj;
	return locate(w, v, k);
}

/* The kernel names groups from the root of the hierarchy; the mount may begin further down. NULL outside it. */
static char *below_mount(const struct watch_tree *t, const char *path)
{
	const char *root = t ? t->h->root : "/";
	size_t len = strlen(root);

	if (!*path)
		return NULL;
	if (len > 1) {
		if (strncmp(path, root, len) || (path[len] && path[len] != '/'))
			return NULL;
		path += len;
	}
	return strdup(path + (*path == '/'));
}

static int take_logged(struct cgx_watch *w, const struct cgx_oom *o)
{
	struct watch_tree *t = memory_tree(w);
	struct known *k = find_unlogged(w->who, o->pid);

	if (!k)
		k = find_known(w->who, o->pid, now_us());
	if (!k)
		k = new_known(w->who, o->pid, CGX_SOURCE_KMSG);
	if (!k)
		return -ENOMEM;
	k->logged = 1;
	if (!*k->comm)
		memcpy(k->comm, o->comm, sizeof(k->comm));
	if (k->uid == (uid_t)-1)
		k->uid = o->uid;
	if (k->anon_rss == UINT64_MAX) {
		k->anon_rss = o->anon_rss;
		k->file_rss = o->file_rss;
		k->shmem_rss = o->shmem_rss;
	}
	if (k->oom_score_adj == INT_MIN)
		k->oom_score_adj = o->oom_score_adj;
	if (k->machine < 0 && o->memcg >= 0)
		k->machine = !o->memcg;
	if (!k->path)
		k->path = below_mount(t, o->victim_path);
	if (!k->limit_path)
		k->limit_path = below_mount(t, o->limit_path);
	return 0;
}

/* ---- snapshots ---- */

void snapshot_free(struct snapshot *s)
{
	free(s);
}

static void snapshot_add(struct cgx *cgx, struct snapshot *s, pid_t pid)
{
	struct process *p = &s->p[s->n];
	struct cgx_process proc;

	if (cgx_process_read(cgx, pid, &proc) || proc.state == 'Z')
		return;
	*p = (struct process){ .pid = pid, .uid = proc.uid, .rss = proc.rss };
	memcpy(p->comm, proc.comm, sizeof(p->comm) - 1);
	s->n++;
}

static struct snapshot *snapshot_take(struct watch_tree *t, const char *path)
{
	AUTO_BUF struct buf procs = { 0 }, file = { 0 };
	struct cgx *cgx = t->w->cgx;
	struct snapshot *s = calloc(1, sizeof(*s));

	buf_printf(&file, "%s%scgroup.procs", path, *path ? "/" : "");
	if (!s || file.err || fs_read(hier_fd(cgx, t->h), file.s, &procs))
		return s;
	s->at = now_us();
	for (const char *p = procs.s; *p && s->n < SNAPSHOT_MAX; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : "") {
		uint64_t pid;

		if (!num_scan(&(const char *){ p }, &pid) && pid && pid <= INT_MAX)
			snapshot_add(cgx, s, (pid_t)pid);
	}
	return s;
}

void who_snapshot(struct watch_node *n)
{
	struct cgx_watch *w = n->tree->w;
	struct watch_past *past;

	if (!watch_wants(w, CGX_E_KILL) || !(n->flags & NODE_TOLD))
		return;
	past = past_begin(n);
	if (!past)
		return;
	if (w->who->trace) {
		read_procs(n, &past->procs);
		return;
	}
	if (past->before && now_us() - past->before->at < SNAPSHOT_US)
		return;
	snapshot_free(past->before);
	past->before = snapshot_take(n->tree, n->path);
}

/* The one that is gone and was the largest; sure when only one is gone. NULL nothing to go by. */
static const struct process *guess(const struct pending *p, int *sure)
{
	struct snapshot *now = p->tree && p->before ? snapshot_take(p->tree, p->path) : NULL;
	const struct process *best = NULL;
	size_t gone = 0;

	for (size_t i = 0; now && i < p->before->n; i++) {
		const struct process *was = &p->before->p[i];
		int alive = 0;

		for (size_t j = 0; j < now->n; j++)
			alive |= now->p[j].pid == was->pid;
		gone += !alive;
		if (!alive && (!best || was->rss > best->rss))
			best = was;
	}
	*sure = gone == 1;
	snapshot_free(now);
	return best;
}

/* ---- kills waiting ---- */

static int fill_level(struct pending *p, struct watch_node *n)
{
	struct watch_node *level = n ? count_limit_level(n) : NULL;
	int dir;

	p->limit = p->usage = p->limit_hits = UINT64_MAX;
	if (!level)
		return 0;
	p->limit_path = strdup(node_path(level));
	if (!p->limit_path)
		return -ENOMEM;
	p->limit_hits = past_of(level)->limit_hits;
	if (level->past)
		level->past->limit_hits = 0;
	dir = node_dir(level);
	if (dir < 0)
		return 0;
	if (count_read(dir, level->tree->dialect->limit, &p->limit))
		p->limit = UINT64_MAX;
	if (count_read(dir, level->tree->dialect->usage, &p->usage))
		p->usage = UINT64_MAX;
	p->usage = count_usage_then(p->limit, p->usage);
	close(dir);
	return 0;
}

static uint64_t patience(const struct who *who)
{
	return who->trace || who->kmsg ? VICTIM_WAIT_US : 0;
}

static int wait_for_victim(struct cgx_watch *w, struct pending *p)
{
	struct pending **at = &w->pending;

	while (*at)
		at = &(*at)->next;
	*at = p;
	return match(w);
}

int who_kill(struct cgx_watch *w, struct watch_tree *t, const char *path, struct watch_node *n, uint64_t count,
	     uint64_t twice)
{
	struct pending *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	w->machine_told += count;
	*p = (struct pending){ .tree = t, .path = strdup(strcmp(path, "/") ? path : ""), .count = count,
			       .total = n ? past_of(n)->seen[COUNT_KILL] - past_of(n)->base[COUNT_KILL] : count, .removed = !n && t,
			       .twice = twice, .deadline = now_us() + patience(w->who) };
	if (!p->path || fill_level(p, n)) {
		pending_free(p);
		return -ENOMEM;
	}
	if (n && w->who->trace)
		read_procs(n, &p->procs);
	if (n && n->past)
		p->before = STEAL(n->past->before);
	return wait_for_victim(w, p);
}

int who_noted(struct cgx_watch *w, struct watch_tree *t, const char *path, uint64_t count, char *procs)
{
	struct pending *p = who_sees_all(w) ? calloc(1, sizeof(*p)) : NULL;

	if (!p) {
		free(procs);
		return who_sees_all(w) ? -ENOMEM : who_kill(w, t, path, NULL, count, 0);
	}
	*p = (struct pending){ .tree = t, .path = strdup(path), .count = count, .total = 1, .limit = UINT64_MAX,
			       .usage = UINT64_MAX, .limit_hits = UINT64_MAX, .removed = 1, .maybe = 1, .procs = procs,
			       .deadline = now_us() + patience(w->who) };
	if (!p->path) {
		pending_free(p);
		return -ENOMEM;
	}
	return wait_for_victim(w, p);
}

int who_gone(struct cgx_watch *w, const struct watch_node *above, const char *path)
{
	for (struct pending *p = w->pending; p; p = p->next) {
		if (!p->removed || p->gone || p->tree != above->tree || strcmp(p->path, above->path))
			continue;
		p->gone = strdup(path);
		return p->gone ? 0 : -ENOMEM;
	}
	return 0;
}

/* What is known of a kill but its victim. */
static struct cgx_event kill_event(const struct pending *p)
{
	const char *path = p->gone ? p->gone : p->path;
	struct cgx_event e = watch_event(CGX_E_KILL, p->tree ? (*path ? path : "/") : "");

	e.total = p->total;
	e.limit_path = p->limit_path ? p->limit_path : "";
	e.limit = p->limit;
	e.usage = p->usage;
	e.limit_hits = p->limit_hits;
	e.machine = p->limit_path ? 0 : -1;
	e.removed = p->removed;
	return e;
}

static int tell_victim(struct cgx_watch *w, struct pending *p, struct known *k, int sure)
{
	struct cgx_event e = kill_event(p);

	e.count = 1;
	if (k->path)
		e.path = *k->path ? k->path : "/";
	if (k->path && strcmp(k->path, p->path)) /* of all that are gone below */
		e.total = 1;
	if (k->limit_path && !*e.limit_path)
		e.limit_path = *k->limit_path ? k->limit_path : "/";
	if (k->machine >= 0)
		e.machine = k->machine;
	e.source = k->source;
	e.sure = sure;
	e.pid = k->pid;
	e.comm = k->comm;
	e.uid = k->uid;
	e.anon_rss = k->anon_rss;
	e.file_rss = k->file_rss;
	e.shmem_rss = k->shmem_rss;
	e.oom_score_adj = k->oom_score_adj;
	k->used = 1;
	p->count--;
	w->machine_told += p->maybe;
	p->limit_hits = p->limit_hits == UINT64_MAX ? UINT64_MAX : 0;
	return watch_tell(w, &e);
}

/* Take finished ones out of the list. */
static void sweep(struct cgx_watch *w)
{
	for (struct pending **at = &w->pending; *at;) {
		struct pending *p = *at;

		if (p->count > p->twice) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		pending_free(p);
	}
}

/* A victim belongs to a kill in its group; to one in a group that is gone and had no name, from anywhere below. */
static int fits(const struct pending *p, const struct known *k)
{
	if (k->used || !p->tree)
		return 0;
	if (!k->path)
		return p->procs && has_pid(p->procs, k->pid);
	if (!strcmp(p->path, k->path))
		return 1;
	return p->removed && tree_is_below(k->path, p->path) && !tree_find(p->tree, k->path);
}

/* The oldest victim first: new ones stand at the head of the list. */
static struct known *oldest_fit(struct who *who, const struct pending *p)
{
	struct known *found = NULL;

	for (struct known *k = who->known; k; k = k->next)
		if (fits(p, k))
			found = k;
	return found;
}

static int match(struct cgx_watch *w)
{
	int r = 0;

	for (struct pending *p = w->pending; !r && p; p = p->next) {
		struct known *k;

		while (!r && p->count && (k = oldest_fit(w->who, p)))
			r = tell_victim(w, p, k, 1);
	}
	sweep(w);
	return r;
}

/* The tracepoint first: what it tells need not wait for the log to be read, unless it is to be read whole. */
static int drain(struct cgx_watch *w, int whole)
{
	struct who *who = w->who;
	struct victim v;
	struct cgx_oom o;
	int r = 0, any = 0;

	while (!r && who->trace && trace_next(who->trace, &v) > 0) {
		r = take_traced(w, &v);
		any = 1;
	}
	if (!r && any)
		r = match(w);
	while (!r && who->kmsg && (whole || !w->first) && cgx_kmsg_next(who->kmsg, &o) > 0) {
		r = take_logged(w, &o);
		any = 1;
	}
	return r || !any ? r : match(w);
}

int who_drain(struct cgx_watch *w)
{
	return drain(w, 0);
}

/* ---- when time is over ---- */

/* A victim of about then whose group no source names; best one that was in the group before. An older one belongs to
 * a kill that is told. */
static struct known *nameless(struct who *who, const struct pending *p)
{
	struct known *found = NULL;

	for (struct known *k = who->known; k; k = k->next) {
		if (k->used || k->path || k->at + 2 * VICTIM_WAIT_US < p->deadline)
			continue;
		for (size_t i = 0; p->before && i < p->before->n; i++)
			if (p->before->p[i].pid == k->pid)
				return k;
		found = k;
	}
	return found;
}

/* The one victim without a group and the one kill without a victim belong together, unless one of them was given to
 * another one before. */
static int is_only_choice(const struct cgx_watch *w, const struct pending *p, const struct known *chosen)
{
	if (p != w->pending || p->next || !p->tree || p->maybe)
		return 0;
	for (const struct known *k = w->who->known; k; k = k->next)
		if (k->guessed || (k != chosen && !k->used && !k->path))
			return 0;
	return 1;
}

static int tell_nameless(struct cgx_watch *w, struct pending *p, struct known *k)
{
	int sure = is_only_choice(w, p, k);

	k->guessed = !sure;
	return tell_victim(w, p, k, sure);
}

static int remember_alone(struct who *who, const char *path, uint64_t count)
{
	struct told_alone *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	*a = (struct told_alone){ .next = who->alone, .at = now_us(), .count = count, .path = strdup(path) };
	if (!a->path) {
		free(a);
		return -ENOMEM;
	}
	who->alone = a;
	return 0;
}

static int told_already(const struct who *who, const char *path)
{
	for (struct told_alone *a = who->alone; a; a = a->next)
		if (a->count && (!strcmp(a->path, path) || tree_is_below(path, a->path))) {
			a->count--;
			return 1;
		}
	return 0;
}

static int tell_rest(struct cgx_watch *w, struct pending *p)
{
	struct cgx_event e;
	const struct process *g;
	struct known *k;
	int r = 0, sure = 0;

	/* a kill that only may have been takes no victim that another kill can have, when it is known who was there */
	while (!r && p->count > p->twice && !(p->maybe && p->procs) && (k = nameless(w->who, p)))
		r = tell_nameless(w, p, k);
	if (p->maybe)
		p->count = 0;
	if (!r && p->tree && p->count > p->twice)
		p->twice += count_twice(p->tree, p->path, p->count - p->twice);
	if (r || p->count <= p->twice)
		return r;
	e = kill_event(p);
	e.count = p->count - p->twice;
	g = e.count == 1 ? guess(p, &sure) : NULL;
	if (g) {
		e.source = CGX_SOURCE_SNAPSHOT;
		e.sure = sure;
		e.pid = g->pid;
		e.comm = g->comm;
		e.uid = g->uid;
		e.anon_rss = g->rss;
	}
	p->count = 0;
	if (!g && remember_alone(w->who, p->path, e.count))
		return -ENOMEM;
	return watch_tell(w, &e);
}

/* v2: the root group has no memory.events; what is killed there dies of the machine's lack of memory. */
static int counts_kills(const struct watch_node *n)
{
	AUTO_CLOSE int dir = node_dir(n);

	return dir < 0 || *n->path || fs_has(dir, n->tree->dialect->exits_to_root ? "memory.oom_control" : "memory.events");
}

/* Its group is there, and has not told. v1 does not notify what the machine's lack of memory kills, so look; when its counter
 * shows nothing the task was about to exit anyway. */
static int look_for(struct cgx_watch *w, struct watch_node *n, struct known *k)
{
	struct pending p = { .tree = n->tree, .path = n->path, .count = 1, .total = 1, .limit = UINT64_MAX, .usage = UINT64_MAX,
			     .limit_hits = UINT64_MAX };
	int asked = k->asked;

	k->asked = 1;
	if (counts_kills(n))
		return asked ? 0 : count_look(n, LOOK_MEMORY);
	k->machine = 1;
	w->machine_told++;
	if (tree_wants(n->tree, n->path))
		return tell_victim(w, &p, k, 1);
	k->used = 1;
	return 0;
}

/* No counter came for it. If its group is gone the counter went with it. */
static int tell_orphan(struct cgx_watch *w, struct known *k)
{
	struct watch_tree *t = memory_tree(w);
	struct watch_node *n = t && k->path ? tree_find(t, k->path) : NULL;
	struct watch_node *above = t && k->path ? tree_find_above(t, k->path) : NULL;
	struct pending p = { .tree = t, .path = k->path, .count = 1, .total = 1, .limit = UINT64_MAX, .usage = UINT64_MAX,
			     .limit_hits = UINT64_MAX, .removed = 1 };

	if (!t || !k->path)
		return 0;
	if (n)
		return look_for(w, n, k);
	if (told_already(w->who, k->path)) {
		k->used = 1;
		return 0;
	}
	if (t->local && above && above->flags & NODE_BELOW) { /* what died in it is counted there */
		int asked = k->asked;

		k->asked = 1;
		return asked ? 0 : count_settle(above, k->path);
	}
	w->machine_told++;
	if (tree_wants(t, k->path))
		return tell_victim(w, &p, k, 1);
	k->used = 1;
	return 0;
}

static int is_due(const struct cgx_watch *w, uint64_t now)
{
	for (const struct pending *p = w->pending; p; p = p->next)
		if (p->deadline <= now)
			return 1;
	for (const struct known *k = w->who->known; k; k = k->next)
		if (now >= k->at + (k->used ? KNOWN_KEEP_US : KNOWN_GONE_US))
			return 1;
	return 0;
}

/* Kills without a victim, victims without a kill, and those to forget: of each the log may still have something. */
static int expire(struct cgx_watch *w, uint64_t now)
{
	int r = drain(w, 1);

	if (!r && w->pending) /* groups of victims may be gone meanwhile */
		r = match(w);
	/* what was taken just now is younger than now: ages are compared by sums */
	for (struct pending *p = w->pending; !r && p; p = p->next)
		if (p->deadline <= now)
			r = tell_rest(w, p);
	sweep(w);
	for (struct known **at = &w->who->known; !r && *at;) {
		struct known *k = *at;

		if (!k->used && now >= k->at + KNOWN_GONE_US)
			r = tell_orphan(w, k);
		if (now < k->at + KNOWN_KEEP_US) {
			at = &k->next;
			continue;
		}
		*at = k->next;
		known_free(k);
	}
	return r;
}

int who_expire(struct cgx_watch *w, uint64_t now)
{
	int r = is_due(w, now) ? expire(w, now) : 0;

	if (w->who->alone && now > KNOWN_KEEP_US)
		forget_alone(w->who, now - KNOWN_KEEP_US);
	if (!r && w->who->kmsg && cgx_kmsg_lost(w->who->kmsg) > w->who->lost) {
		uint64_t lost = cgx_kmsg_lost(w->who->kmsg) - w->who->lost;

		w->who->lost += lost;
		r = watch_unseen(w, 0, "%llu records of the kernel log were overwritten before they could be read",
				 (unsigned long long)lost);
	}
	return r;
}

uint64_t who_next(const struct cgx_watch *w)
{
	uint64_t next = UINT64_MAX;

	for (const struct pending *p = w->pending; p; p = p->next)
		next = p->deadline < next ? p->deadline : next;
	for (const struct known *k = w->who->known; k; k = k->next)
		if (!k->used && k->at + KNOWN_GONE_US < next && now_us() < k->at + KNOWN_GONE_US)
			next = k->at + KNOWN_GONE_US;
	return next;
}

int who_waits(const struct cgx_watch *w)
{
	struct watch_tree *t = memory_tree(w);
	uint64_t now = now_us();

	if (w->pending)
		return 1;
	for (const struct known *k = w->who->known; t && k; k = k->next)
		if (!k->used && k->path && now < k->at + KNOWN_GONE_US && tree_wants(t, k->path))
			return 1;
	return 0;
}
