/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is known of each sandbox between commands: a directory below /run/cgx (an ordinary user's: $XDG_RUNTIME_DIR/cgx)
 * with a lock that its monitor holds as long as it lives, and a file of "KEY VALUE" lines, to which is added what comes to
 * be known: of numbers and words the last counts. It is there before anything is made that would have to be cleared up. Whoever
 * finds the lock free and the sandbox not ended knows that its monitor was killed, and clears up after it.
 */
#ifndef CGX_SANDBOX_STATE_H
#define CGX_SANDBOX_STATE_H

#include <cgx.h>

#include "sandbox/spec.h"

enum status { SANDBOX_STARTING, SANDBOX_RUNNING, SANDBOX_EXITED, SANDBOX_RESTARTING };
struct state {
	char *dir;           /* absolute */
	int lock;            /* held; -1 not ours */
	char *name, *root, *user, *seccomp;
	char *restart;       /* a policy that came after the start; NULL none did */
	char *network, *link; /* the bridge and the host's end of its cable; NULL none */
	uint32_t address;     /* its own there, network byte order */
	char *address6;       /* NULL none */
	enum status status;
	pid_t pid, monitor;  /* the first process; 0 none */
	uint64_t pid_started; /* after boot, us: with pid it names a process for good */
	uint64_t began_us, ended_us; /* since 1970 */
	uid_t id_base;
	uint32_t id_count;
	uint64_t caps;
	int keep, code, signal, tty, restarts, closed_sockets, read_only, stop_signal;
	struct words argv, env, limits, groups; /* groups: "CONTROLLERS:PATH" */
	struct words layers; /* of the image that is its root, ids, the lowest first; none: root is a directory */
	struct words ports;  /* as port_format() has them */
	struct words notes;  /* what happened, in words */
};

/* Somebody wants it to end: it is not started again. */
int state_ask_end(const struct state *s);
int state_asked_end(const struct state *s);
/* Somebody else has its network as well; dir: of its state. */
int state_share_network(const struct state *s);
int state_shares_network(const char *dir);
/* Change a limit (key "limit") or the policy (key "restart") of one that has a monitor: that holds for the next run, and for
 * who reads the state. */
int state_amend(const struct state *s, const char *key, const char *value);
/* Take over what was changed so, as state_read() does: 1, or 0 nothing was. */
int state_take_amended(struct state *s);
/* Where all states lie, made when it is missing. malloc'd. -errno. */
int state_root(char **ret);
/* Take a name: its directory and lock. -EEXIST a sandbox has it. */
int state_claim(const char *root, const char *name, struct state *ret);
/* What was left of claims that somebody killed. */
void state_sweep_new(const char *root);
/* Keep a copy of a file of at most 1 MiB with it; *ret names it, malloc'd. */
int state_copy(const struct state *s, const char *from, const char *name, char **ret);
/* A state as text and back; pure. The text is taken apart. -EBADMSG. */
int state_parse(struct state *s, char *text);
void state_format(const struct state *s, struct buf *ret);
/* The first time, and what has changed since: numbers, and notes since the last time. */
int state_save(const struct state *s);
int state_append(const struct state *s);
/* All of it anew, for what goes on for weeks. */
int state_replace(const struct state *s);
/* Take its lock, as state_read() does. -EAGAIN somebody holds it. */
int state_lock(struct state *s);
/* Read one; its lock is taken when nobody holds it (lock >= 0 then). -ENOENT. */
int state_read(const char *root, const char *name, struct state *ret);
void state_free(struct state *s);
/* Forget it: files and directory. */
int state_remove(struct state *s);
/* Names of all in a folder, sorted; not those that begin with a dot. */
int state_list(const char *root, struct words *ret);
/* The controllers of these places. */
cgx_set state_controllers(struct cgx *cgx, const struct state *s);
/* The group's places, for those who come after the last process. */
int state_groups(struct cgx *cgx, struct cgx_group *g, struct words *ret);

#endif
