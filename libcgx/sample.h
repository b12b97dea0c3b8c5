/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the sampler share: sample.c what is asked of it, sample_tree.c the groups that there are,
 * sample_node.c reading one group, sample_file.c which file says what; sample_bpf.c the kernel's iterator of groups,
 * sample_seen.c what becomes of what it tells.
 */
#ifndef CGX_SAMPLE_H
#define CGX_SAMPLE_H

#include <stddef.h>

#include "private.h"
#include "sample_raw.h"
#include "util/map.h"

/* ---- sample_file.c ---- */

/* One file read for figures. v2 and v1 rows are apart; the controller decides which hierarchy has it. */
struct sample_file {
	int version;
	cgx_set controller;
	const char *name;
	uint64_t figures;  /* what it tells */
	unsigned flags;    /* FILE_* */
	/* Fill value[] of its figures from the text; 1 << figure for each that was there. */
	uint64_t (*parse)(const struct sample_file *f, const char *text, uint64_t *value);
	const char *otherwise; /* the name where that one is missing */
};
#define FILE_LIMIT    (1u << 0) /* changes only when it is written: kept in mind, not open */
/* Of a group without groups below: 0 stays 0 until a process is moved in, which is a write, too. v2 has ways without. */
#define FILE_MEMBERS  (1u << 2)
#define FILE_GREATEST (1u << 1) /* of all hierarchies that have it the greatest counts; else the first in the table */

#define SAMPLE_FILES 48 /* at most */
extern const struct sample_file sample_files[];
size_t sample_files_count(void);

/* ---- the groups ---- */

struct place { /* of a group in one hierarchy */
	uint64_t ino;
	unsigned links; /* when its groups were listed last; 0 never */
	int dir;        /* O_PATH, -1 not kept */
	int wd;         /* inotify watch, 0 none */
	uint8_t tree;   /* the hierarchy; leads back to the node, too */
	uint8_t stale;  /* groups below must be listed */
	uint32_t seen;  /* a pass in which BPF has told of it; 0 it never has */
	uint32_t hash;  /* of its name, then */
	uint32_t at;    /* where its record is, in raw[] of its tree, when hint[] there says so, too */
};

struct node {
	struct node *parent, *first, *next; /* children by name */
	uint64_t in;       /* hierarchies that have it, a bit each; 0 it is gone */
	uint64_t extra;    /* figures read of it beside those of all */
	uint64_t id;       /* 0: a group above the start, read for its limits alone */
	unsigned depth;    /* parts of the path */
	uint8_t whole;     /* all that is wanted of it was told by BPF, nothing read */
	uint8_t fresh;     /* what BPF tells of it is other than before */
	char *path;        /* as it is told, "" the root; of a group above the start that in its hierarchy */
	const char *name;  /* its last part */
	size_t index;
	uint64_t begun;    /* the last pass, from 1 on, that looked at it; value[] of others is as it was in that one */
	/* files, a bit each by index in active[] */
	uint64_t cached;   /* limits that nobody has written since, and counts of processes that are 0 */
	uint64_t absent;   /* those that were not there; and of those: */
	uint64_t off;      /* the controller is off here */
	uint64_t told;     /* answered by BPF in the last pass that looked */
	uint64_t got;      /* and the figures that came so */
	uint64_t value[CGX_FIGURES], before[CGX_FIGURES];
	uint8_t state[CGX_FIGURES], was[CGX_FIGURES];
	int *fd;           /* of the files, -1 not kept; behind place[] */
	struct place place[]; /* one a tree */
};

struct active {
	const struct sample_file *file;
	unsigned tree;
};

/* What BPF tells of a file is held against the file itself so many times before it is taken in its place. */
#define PROOFS 16
struct proof {
	uint8_t n, wrong;         /* of figures */
	uint8_t n_off, wrong_off; /* of the controller being off */
};

#define TREES_MAX 16
struct cgx_sampler {
	struct cgx *cgx;
	struct cgx_hierarchy *tree[TREES_MAX];
	char *start[TREES_MAX];         /* the path of the start in each, NULL it cannot be there */
	size_t n_trees;
	struct active active[SAMPLE_FILES];
	size_t n_active;
	uint64_t members;               /* those with FILE_MEMBERS, a bit each */
	uint8_t without[CGX_FIGURES];   /* the state of a figure that no file of a group tells */
	uint64_t figures, next_id, pass, time, time_before;
	size_t label;                   /* length of the start's path as it is told */
	struct node *root, *above[TREES_MAX], **order;
	size_t n, cap;
	struct map by_wd;
	int inotify;    /* -1 none */
	int by_looking; /* others have the instances that one program should have */
	unsigned changed : 1;  /* groups came or went: order must be made anew */
	unsigned full : 1;     /* no more watches are to be had */
	unsigned overflow : 1; /* notices were lost: look at everything */
	unsigned tight : 1;    /* descriptors ran short: those of no use now are given back */
	size_t n_fds, max_fds, unwatched;
	struct buf text, path, note;
	/* BPF, while it is in use: */
	struct sample_bpf *bpf;
	struct map by_ino[TREES_MAX];   /* places */
	uint64_t by_bpf[TREES_MAX];     /* files that it can tell of, a bit each */
	size_t places[TREES_MAX];
	struct place **hint[TREES_MAX]; /* the place of each group that was told of the last time, in that order; NULL not known */
	struct sample_raw *raw[TREES_MAX]; /* and what was told */
	size_t hints[TREES_MAX], hints_cap[TREES_MAX];
	struct proof proof[SAMPLE_FILES];
	uint64_t wanted, extra;         /* figures that somebody wants of some group; those beside them so far, for the next pass */
	unsigned listing : 1;           /* some group's groups must be listed in this pass */
	unsigned again : 1;             /* or in the next */
	struct buf bpf_why;             /* why it is no longer, or is not */
};

/* The next group of the tree below top; NULL the end. into 0: what is below n is passed over. */
struct node *node_next(const struct node *n, const struct node *top, int into);
static inline struct node *node_of(struct place *p)
{
	return (struct node *)(void *)((char *)(p - p->tree) - offsetof(struct node, place));
}

/* ---- sample_tree.c ---- */

/* Path of n in a hierarchy, in s->path. */
const char *sample_path(struct cgx_sampler *s, const struct node *n, size_t tree);
struct node *node_new(struct cgx_sampler *s, const char *path, uint64_t id);
void node_free(struct cgx_sampler *s, struct node *n);
/* It is no longer in that hierarchy, nor is what was below. */
void node_leave(struct cgx_sampler *s, struct node *n, size_t tree);
/* Take what the kernel has told since the last time. */
void tree_hear(struct cgx_sampler *s);
/* Look for the start where it is not, or is another than before. */
int tree_find_start(struct cgx_sampler *s);
/* See whether groups came or went directly below n. */
int tree_update(struct cgx_sampler *s, struct node *n);
void sample_free(struct cgx_sampler *s);
/* BPF tells of the groups from now on: no watches, no directories kept. -ENOMEM. */
int tree_by_bpf(struct cgx_sampler *s);
/* No longer. */
void tree_by_files(struct cgx_sampler *s);

/* ---- sample_node.c ---- */

/* Which files of the table this host has, and where. */
int choose_files(struct cgx_sampler *s);
/* The hierarchy that tells a figure, -1 none. */
int tree_of_figure(const struct cgx_sampler *s, enum cgx_figure figure);
/* What is known of its processes is so no longer. */
void members_changed(const struct cgx_sampler *s, struct node *n);
/* Somebody wrote into this file of n. */
void file_written(struct cgx_sampler *s, struct node *n, const char *name);
/* What was read is of the pass before from now on. */
void node_begin(const struct cgx_sampler *s, struct node *n);
/* Read what is wanted of n; of a group above the start its limits. */
int node_read(struct cgx_sampler *s, struct node *n);
void node_close_files(struct cgx_sampler *s, struct node *n, uint64_t files);
/* How many descriptors may stay open now: part of what others in this process leave. */
void count_fds(struct cgx_sampler *s);
/* 1 one more may stay open. */
int may_keep(struct cgx_sampler *s);
/* There are none left all the same: give back all but the directories. */
void shed(struct cgx_sampler *s);
/* Figures of the file as it is now, by its text: 0, the figures that were there in *ret. Else -errno. */
int file_values(struct cgx_sampler *s, struct node *n, size_t i, uint64_t *value, uint64_t *ret);

/* ---- sample_bpf.c ---- */

/* Load the program, with room for so many groups of a tree. -EPERM, -EOPNOTSUPP, -ENOPKG and others: why in s->bpf_why. */
int bpf_open(struct cgx_sampler *s, size_t room, struct sample_bpf **ret);
struct sample_bpf *bpf_close(struct sample_bpf *b);
/* All groups of a tree from the start on, parents first: until the next walk. ino: of the start. -ENOSPC: there are *ret_n. */
int bpf_walk(struct cgx_sampler *s, size_t tree, uint64_t ino, unsigned want, const struct sample_raw **ret, size_t *ret_n);

/* ---- sample_seen.c ---- */

/* Bits of RAW_* without which BPF cannot tell of a file, when figures of it are to be. */
unsigned raw_wanted(const struct sample_file *f, uint64_t figures);
/* The figures of a file in what BPF tells of a group, *ret those that are there. 1; 0 the controller is off; -1 it does not say. */
int raw_values(const struct sample_file *f, const struct sample_raw *raw, uint64_t *value, uint64_t *ret);
/* What BPF tells of a tree: groups that are not in it leave, those that are not known make who is above them listed, those
 * that are other than before are fresh. */
int seen_match(struct cgx_sampler *s, size_t tree, const struct sample_raw *raw, size_t n);
/* Take the figures of n from it, the rest from files. Of one that is as before nothing needs to be done. */
int seen_read(struct cgx_sampler *s, struct node *n);
/* The record of this place is known. */
static inline int seen_knows(const struct cgx_sampler *s, const struct place *p)
{
	return p->at < s->hints[p->tree] && s->hint[p->tree][p->at] == p;
}
/* BPF has shown to tell what this file does. */
int file_is_proven(const struct cgx_sampler *s, size_t i);
int seen_begin(struct cgx_sampler *s);
/* Before the files, in every pass. What fails ends the use of BPF; -ENOMEM alone ends the pass. */
int seen_pass(struct cgx_sampler *s);
/* Files from now on. */
void seen_end(struct cgx_sampler *s);
void seen_free(struct cgx_sampler *s);

#endif
