/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who was killed in a command's group and below, and whose limit it was. A short command is served by the kernel log,
 * which costs nothing; for one that runs longer the event engine of libcgx is opened.
 */
#ifndef CGX_EXEC_WITNESS_H
#define CGX_EXEC_WITNESS_H

#include <stdint.h>
#include <sys/types.h>

#include <cgx.h>

#define WITNESS_VICTIMS 8

struct victim {
	pid_t pid;
	char comm[16];
	uid_t uid;                              /* (uid_t)-1 unknown */
	uint64_t anon_rss, file_rss, shmem_rss; /* bytes; UINT64_MAX unknown */
	int oom_score_adj;                      /* INT_MIN unknown */
	int machine;                            /* 1 the whole machine was short of memory, 0 a group, -1 unknown */
	enum cgx_source source;
	int sure;
	char *path, *limit_path;                /* NULL unknown */
};
struct level {
	char *path;     /* NULL: not told */
	uint64_t limit; /* UINT64_MAX unknown */
};
struct witness {
	struct cgx *cgx;
	struct cgx_group *group;
	struct cgx_kmsg *kmsg;   /* NULL: it may not be read */
	struct cgx_watch *watch; /* NULL: the command has not run long */
	uint64_t kills_below, denied_below; /* in groups below, which the group's own counters may leave out */
	struct level memory, pids;          /* where the last kill and the last denied fork came from */
	void (*tell)(void *data, const struct cgx_event *e); /* each as it comes; may be NULL */
	void *data;
	pid_t command;                      /* it is in the group for sure */
	struct victim victim[WITNESS_VICTIMS], maybe[WITNESS_VICTIMS]; /* maybe: the log names no group */
	size_t n, n_maybe;
};

void witness_open(struct witness *w, struct cgx *cgx, struct cgx_group *group);
/* The command runs on: open the engine. Its descriptor, or -1 when there is none. */
int witness_engine(struct witness *w);
/* The descriptor is readable. */
void witness_take(struct witness *w);
/* The command has ended. */
void witness_look(struct witness *w);
/* The kernel writes its report a little after the counter moves: wait for the names of so many, not for long. */
void witness_name(struct witness *w, uint64_t kills);
/* keep: a descriptor that somebody reads until we close it, -1 none. */
void witness_close(struct witness *w, int keep);

/* How a path lies to the group: PLACE_OWN in one of its hierarchies, or below, or elsewhere. */
enum place { PLACE_OWN, PLACE_BELOW, PLACE_ELSEWHERE };
enum place group_place_of(struct cgx *cgx, const struct cgx_group *g, const char *path);

#endif
