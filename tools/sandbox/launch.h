/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a spec to a running sandbox: steps by stage, on two sides. Outside runs in the caller; inside in a child that is
 * in the group and the new namespaces already and becomes the sandbox's first process. A step that fails, on either side,
 * ends the start: its words come back to the caller, and what was done is undone, last first.
 */
#ifndef CGX_SANDBOX_LAUNCH_H
#define CGX_SANDBOX_LAUNCH_H

#include <signal.h>

#include <cgx.h>

#include "sandbox/spec.h"
#include "sandbox/subids.h"

enum stage {
	STAGE_PREPARE, /* outside: open, lock, lay out; nothing runs yet */
	STAGE_PLACE,   /* outside: its group, which on v1 it joins later: then the child is made before and works meanwhile */
	STAGE_CLONE,   /* the child is made, and waits */
	STAGE_MAP,     /* outside: ids of the child's user namespace, and what needs them */
	STAGE_NET,     /* outside: links into the child's network namespace */
	STAGE_MOUNT,   /* inside from here on: the new root is put together beside the old one */
	STAGE_PIVOT,   /* it becomes the root */
	STAGE_HOST,    /* hostname, terminal, what is hidden */
	STAGE_LIMIT,
	STAGE_DROP,    /* user, capabilities, descriptors */
	STAGE_FILTER,  /* system calls, last */
	STAGE_EXEC,
};
enum side { OUTSIDE, INSIDE };

struct launch;
struct step {
	enum stage stage;
	enum side side;
	const char *name; /* "the root file system": words of a failure begin with it */
	int (*run)(struct launch *l);
	void (*undo)(struct launch *l); /* outside only; also at the end of a sandbox that ran; may be NULL */
};
/* parts.c: all of them, in order. */
extern const struct step parts[];
extern const size_t n_parts;

#define MOST_TREES 224 /* a message takes 253 descriptors */
#define MOST_DOORS 16
#define MOST_HANDED (MOST_TREES + MOST_DOORS + 2) /* and the init, and /dev */

struct network;
struct sock_fprog;

struct launch {
	const struct sandbox_spec *spec;
	struct cgx *cgx;
	struct cgx_group *group;
	int scoped;             /* it lies in a scope that systemd has made for this sandbox */
	const char *dir;        /* of the sandbox's state, absolute; the state of others lies beside it */
	const char *layer_dir;  /* of its writable layer, where that is kept */
	int keep_layer;
	size_t done;            /* steps before this one have been run outside */
	struct buf words, remedy; /* of a failure */

	int (*on_group)(struct launch *l); /* the group is named, and about to be made; may be NULL */
	void *owner;            /* for it */
	const sigset_t *mask;   /* of signals, that the command gets back; NULL: as it is */
	int no_exec;            /* the failure was that of the command itself */
	uint64_t began_us;      /* CLOCK_MONOTONIC, when the child was made */
	pid_t pid;              /* the first process, 0 not yet */
	int pidfd;
	int sock[2];            /* [0] ours, [1] the child's; SOCK_SEQPACKET */
	int joins_later;        /* the child, by the doors that it is handed */

	/* what the parts keep */
	uid_t id_base;          /* user and group 0 inside is this outside */
	uint32_t id_count;      /* how many; 0: the user namespace is shared; 1: an ordinary user's */
	struct id_range more_uids, more_gids; /* of an ordinary user: 1 on inside; count 0: none */
	int stage, root_fd;     /* inside: the tmpfs on which the root is put together, the root */
	int init_fd;            /* the sealed memfd, -1 none yet */
	int userns_fd;          /* of the child once mapped, -1 none */
	int dev;                /* a /dev that was made outside, -1 none */
	int proc, sys;          /* inside: what is mounted there */
	int closed_home;        /* inside: /root is the host's, and closed to root here */
	int tree[MOST_TREES];   /* outside: what the root is made of, see rootfs.c; inside: what was handed over */
	size_t n_trees, taken;
	int handed[MOST_TREES]; /* outside: for the child, when it goes on */
	size_t n_handed;
	int door[MOST_DOORS];   /* of the group, for the child */
	size_t n_doors;
	struct network *net;
	struct sock_fprog *filter; /* NULL: none */
	uid_t uid;              /* of the command, inside */
	gid_t gid, *groups;
	size_t n_groups;
	char *home;             /* of the user, as the root's passwd has it; NULL: /root, or / of one that is not in it */
	int pty;                /* master; -1 none */
};

/* Keep the words of a failure and return err. cause NULL: strerror. */
int launch_fail(struct launch *l, int err, const char *object, const char *action, const char *cause, ...)
	__attribute__((format(printf, 5, 6)));
void launch_advise(struct launch *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Begin: nothing is done yet. */
void launch_init(struct launch *l, const struct sandbox_spec *s, struct cgx *cgx);
/* 0 and the command runs, or a negative errno with words; everything is undone then. */
int launch_start(struct launch *l);
/* A child without a group of its own: in the caller's. */
int launch_clone(int (*run)(void *data), void *data, uint64_t namespaces, struct cgx_child *ret);
/* What the child says first: 0 that the command runs, or why it does not. */
int launch_hear(struct launch *l);
/* Undo what the start did outside. */
void launch_end(struct launch *l);
/* Give the child a descriptor when it goes on, which is ours no more; take them inside, in the same order. */
int launch_hand(struct launch *l, int fd);
int launch_receive(struct launch *l, int *ret);
/* One descriptor at once, to the other side. */
int launch_send(struct launch *l, int fd);

#endif
