/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the event engine share: watch.c the loop, watch_tree.c which groups, watch_count.c their counters,
 * watch_who.c the victims. */
#ifndef CGX_WATCH_H
#define CGX_WATCH_H

#include "private.h"
#include "util/map.h"

/* What a hierarchy counts of what is asked for. */
#define SERVES_MEMORY   (1u << 0)
#define SERVES_PIDS     (1u << 1)
#define SERVES_EVENTS   (1u << 2) /* which groups there are, and whether somebody is in them */
#define SERVES_PRESSURE (1u << 3)

enum count { COUNT_KILL, COUNT_FORK, COUNT_OOM, COUNT_LIMIT, COUNTS };

struct counters;
struct watch_tree;
#define KEPT_FILES 3

/* What has happened in a group. Most are quiet, and ten thousand of them are watched. */
struct watch_past {
	uint64_t seen[COUNTS], base[COUNTS], untold[COUNTS];
	uint64_t group_kills;     /* v2: oom_group_kill as seen */
	uint64_t twice, twice_us; /* v2: first victims of those that may be counted once more, and since when */
	uint64_t quiet_until[COUNTS];
	uint64_t oom_us;          /* when the group's own limit was out of memory last; 0 never */
	uint64_t limit_hits;      /* of its own limit, not told yet */
	uint64_t below, told;     /* v2: kills in the group and all below as the kernel counts them, as told */
	char *procs;              /* cgroup.procs at the last notification, NULL not read */
	struct snapshot *before;  /* who was in it at the last notification; for want of better sources */
};

struct watch_node {
	struct watch_tree *tree;
	struct watch_node *parent, *first, *next, *prev; /* next, prev: siblings */
	struct watch_node *all_next, *all_prev;
	char *path;               /* below the mount, "" the root; behind the node */
	struct watch_past *past;  /* NULL nothing has happened yet: read it by past_of() */
	int wd;                   /* inotify watch; -1 none */
	int kept[KEPT_FILES];     /* inotify watches that keep the files of which the kernel notifies; -1 none */
	int oom_fd;               /* v1: eventfd of its own, -1 none */
	int pressure_fd;          /* -1 none */
	unsigned flags;           /* NODE_* */
	unsigned hot;             /* entries in the list of what to look at soon */
	uint64_t notes, parent_notes; /* v1: notifications so far, and the parent's when this one began */
	uint64_t notes_told, noted_us; /* v1: those that a kill was told for; when the last one came */
};
#define NODE_TOLD      (1u << 0) /* its events are wanted */
#define NODE_BELOW     (1u << 1) /* and those of all groups below */
#define NODE_SHARED    (1u << 2) /* v1: it notifies by the descriptor that many share */
#define NODE_POPULATED (1u << 3)
#define NODE_STALLED   (1u << 4)
#define NODE_PIDS_MAX  (1u << 5) /* v1: has a limit, so it is worth to be sampled */
#define NODE_MEM_MAX   (1u << 6)
#define NODE_BORN      (1u << 7) /* began after the watch: its counters began at 0 */
#define NODE_SAMPLED   (1u << 8) /* watches are used up */

static inline const struct watch_past *past_of(const struct watch_node *n)
{
	static const struct watch_past none;

	return n->past ? n->past : &none;
}

/* To write into it. NULL there is no memory. */
static inline struct watch_past *past_begin(struct watch_node *n)
{
	if (!n->past)
		n->past = calloc(1, sizeof(*n->past));
	return n->past;
}

/* How a hierarchy says what is counted; chosen once. */
struct watch_dialect {
	const char *limit, *usage;  /* of memory */
	enum count cause;           /* grows when the group's own limit was out of memory */
	int notes;                  /* out of memory is told by eventfd, to the group whose limit it was and all below it */
	int shared_cause;           /* the cause also grows when memory is found, without a limit nothing is meant by it */
	int sampled;                /* denied forks, limit hits and who is in a group are told by nobody: read them */
	int exits_to_root;          /* a process that exits shows as one of the root group */
	int (*read_memory)(struct watch_tree *t, int dir, struct counters *c);
};

struct watch_tree {
	const struct watch_dialect *dialect;
	struct cgx_watch *w;
	struct cgx_hierarchy *h;
	unsigned serves;
	int local;      /* v2 memory: memory.events.local is there and memory.events counts what is below */
	void *by_path;  /* tsearch(3) */
	struct watch_node *root;
};

struct watch_root { /* what was asked for */
	char *path; /* clean, in one tree */
	struct watch_tree *tree;
	unsigned flags;
};

struct due { /* look at a node again */
	uint64_t at;
	struct watch_node *node;
	unsigned what, step;
};
#define LOOK_MEMORY (1u << 0)
#define LOOK_PIDS   (1u << 1)
#define LOOK_EVENTS (1u << 2)

/* A kill that a counter has shown, waiting for its victim. */
struct pending {
	struct pending *next;
	struct watch_tree *tree;
	char *path, *limit_path;
	char *gone;      /* path is the group above; this one was removed since, so it happened there most likely */
	uint64_t count, total, limit, usage, limit_hits, deadline;
	uint64_t twice;  /* the kernel counts the first victim of memory.oom.group twice */
	int removed;
	int maybe;       /* told only with a victim: a group that is gone may have been notified more often than killed in */
	char *procs;     /* cgroup.procs when the kill was seen, NULL not read */
	struct snapshot *before;
};
struct snapshot;

struct queued {
	struct queued *next;
	struct cgx_event e;
	char *path, *limit_path, *text;
	char comm[16];
};

struct cgx_watch {
	struct cgx *cgx;
	unsigned kinds;
	uint64_t sample_us, next_sample, round, stall_us, window_us;
	int epoll, inotify, timer, shared_fd;
	int pressed;                    /* epoll of the pressure triggers, asked by the clock; -1 none */
	uint64_t next_pressed;
	struct watch_tree *tree;
	size_t n_trees;
	struct watch_root *root;
	size_t n_roots;
	int whole;                      /* every group of the machine is watched */
	struct map by_wd;               /* nodes */
	struct watch_node *all, *cursor;
	size_t n_nodes, n_fds, max_fds;
	struct due *due;
	size_t n_due, cap_due;
	struct queued *first, **last, *given;
	struct pending *pending;
	struct who *who;
	uint64_t machine_kills, machine_told; /* /proc/vmstat */
	uint64_t machine_due;           /* when a kill that no group shows is told as such; 0 there is none */
	unsigned unseen;                /* UNSEEN_* told already */
	int began;                      /* the groups that were there at the start are in */
};
#define UNSEEN_WATCHES  (1u << 0)
#define UNSEEN_FDS      (1u << 1)
#define UNSEEN_VICTIMS  (1u << 2)
#define UNSEEN_PRESSURE (1u << 3)
#define UNSEEN_HIDDEN   (1u << 4)

/* ---- watch.c ---- */

int watch_wants(const struct cgx_watch *w, enum cgx_event_kind kind);
/* Have an epoll descriptor give data when fd shows these events. */
int watch_poll(int epoll, int fd, uint32_t events, void *data);

/* Put an event at the end of the queue; strings are copied. Silent when its kind is not wanted. */
int watch_tell(struct cgx_watch *w, const struct cgx_event *e);
/* An event with nothing known but its kind and group. */
struct cgx_event watch_event(enum cgx_event_kind kind, const char *path);
int watch_unseen(struct cgx_watch *w, unsigned bit, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Look at a node again in so many microseconds. */
int watch_later(struct cgx_watch *w, struct watch_node *n, unsigned what, unsigned step, uint64_t in_us);
void watch_forget(struct cgx_watch *w, struct watch_node *n);

/* ---- watch_tree.c ---- */

/* Follow what was asked for in one tree: the groups above silently, itself, and below. */
int tree_add_root(struct watch_tree *t, const char *path, unsigned flags);
/* One record of the inotify descriptor. */
int tree_notified(struct cgx_watch *w, int wd, uint32_t mask, const char *name);
/* Notifications were lost: see which groups there are, and look at all. */
int tree_rescan(struct cgx_watch *w);
/* Find the groups right below that nobody has told of yet. */
int tree_look_below(struct watch_node *n);
/* The group is gone. */
int tree_gone(struct watch_node *n);
void tree_free(struct watch_tree *t);
/* Whether events of a group of this path are wanted. */
int tree_wants(const struct watch_tree *t, const char *path);
struct watch_node *tree_find(struct watch_tree *t, const char *path);
/* Whether the one path is below the other; "" is the root. */
int tree_is_below(const char *path, const char *above);
/* The nearest one above it; NULL none is followed. */
struct watch_node *tree_find_above(struct watch_tree *t, const char *path);
/* O_PATH descriptor of the group's directory, the caller's. */
int node_dir(const struct watch_node *n);
/* "a/b", "/" for the root. */
const char *node_path(const struct watch_node *n);

/* ---- watch_count.c ---- */

const struct watch_dialect *count_dialect(const struct cgx_hierarchy *h);
/* Read the counters for the first time; dir is the group's directory. */
int count_begin(struct watch_node *n, int dir);
/* A limit was written: whether the group has one of its own. */
void count_limits(struct watch_node *n);
/* Read them again and tell what has grown. */
int count_look(struct watch_node *n, unsigned what);
/* A kill below n that no living group explains happened in one that is gone: tell it. gone: the one that has just been
 * removed, NULL not known. */
int count_settle(struct watch_node *n, const char *gone);
/* v1: the group's eventfd has counted; n is NULL for the one that many share. */
int count_noted(struct cgx_watch *w, struct watch_node *n);
/* v1: the group is gone; what its notifications tell beyond the kills told. */
int count_last_notes(struct watch_node *n);
/* v1: a group that came and went before it could be looked into. A victim whose group nobody knows may be its own. */
int count_unseen(struct watch_tree *t, const char *path);
/* What must be read because nobody notifies it. -ENOENT the group is gone. */
int count_sample(struct watch_node *n);
/* As far as the counters that are read now tell: the group at or above n whose limit was out of memory; NULL unknown. */
struct watch_node *count_limit_level(struct watch_node *n);
/* One number of a file in dir, "max" is UINT64_MAX. */
int count_read(int dir, const char *file, uint64_t *ret);
/* Memory that was used when the limit was hit, of what was read a little later: the victim may have left by then. */
uint64_t count_usage_then(uint64_t limit, uint64_t usage);
/* How many of the last kills in a group, at most count, are none: of memory.oom.group, in it or above, the kernel counts
 * the first victim twice. Each is given once. */
uint64_t count_twice(struct watch_tree *t, const char *path, uint64_t count);
/* Compare with the kills of the whole machine. What no group shows within patience_us is told as such. */
int count_machine(struct cgx_watch *w, uint64_t patience_us);
#define MACHINE_PATIENCE_US 1000000

/* ---- watch_who.c ---- */

int who_open(struct cgx_watch *w);
void who_close(struct cgx_watch *w);
/* A counter shows count kills in a group; the event follows when the victim is known or time is over. */
int who_kill(struct cgx_watch *w, struct watch_tree *t, const char *path, struct watch_node *n, uint64_t count,
	     uint64_t twice);
/* v1: a group that is gone was notified of so much that no counter showed. procs: who was in it then, NULL not known;
 * taken over. */
int who_noted(struct cgx_watch *w, struct watch_tree *t, const char *path, uint64_t count, char *procs);
/* A group right below is gone: a kill below this one that had no name was in it. */
int who_gone(struct cgx_watch *w, const struct watch_node *above, const char *path);
/* Take what the sources have. */
int who_drain(struct cgx_watch *w);
/* Tell what has waited long enough. */
int who_expire(struct cgx_watch *w, uint64_t now);
/* When to call that next; UINT64_MAX never. */
uint64_t who_next(const struct cgx_watch *w);
/* 1: a kill is not told yet. */
int who_waits(const struct cgx_watch *w);
/* Remember who is in the group now, for want of better sources. */
void who_snapshot(struct watch_node *n);
void snapshot_free(struct snapshot *s);
/* 1: no victim escapes the sources, so that what they do not tell did not happen. */
int who_sees_all(const struct cgx_watch *w);

#endif
