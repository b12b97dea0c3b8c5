/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where systemd owns the groups around the caller's, a scope of its own, delegated to the caller. */
#ifndef CGX_SYSTEMD_SCOPE_H
#define CGX_SYSTEMD_SCOPE_H

#include <sys/types.h>

#include <cgx.h>

#include "util/buf.h"

enum scope_mode { SCOPE_AUTO, SCOPE_YES, SCOPE_NO };
extern const char *const scope_modes[]; /* for an option table */

/*
 * 1 a temporary group of the caller's would lie in a unit of systemd's that is not delegated, and a scope is to be asked
 * for; 0 it is not; -ENOTSUP a scope is demanded (SCOPE_YES) where systemd is not process 1 or v2 is not all there is.
 */
int scope_needed(struct cgx *cgx, enum scope_mode mode);

/* Why not, after -ENOTSUP. Static. */
const char *scope_lacks(struct cgx *cgx);

struct scope {
	char name[256];      /* "run.scope" */
	pid_t pid;           /* the process to move there; 0 the caller */
	char path[4096];     /* of the scope's group, once it is there */
	const char *const *values; /* limits for what will run in it: "memory.max=64M" */
	size_t n_values;
	/* What cgx's own processes in it may need beyond the limits: the group within is to bind first. */
	unsigned tasks;
	uint64_t bytes;
};
/*
 * Move the process into a new scope, into a group "monitor" below its own, so that a temporary group of the caller's
 * (cgx_group_open_temporary()) lies beside that, in what is delegated. Nothing may have been asked of cgx about the caller's
 * own group before. Errors: those of bus_start_scope(), and of the library, with why and remedy.
 */
int scope_enter(struct cgx *cgx, struct scope *scope, struct buf *why, struct buf *remedy);
/* What a scope for this is called: "run.scope"; bytes that a unit's name cannot hold become _. */
void scope_name(struct scope *scope, const char *name);
/* "start run.scope: Delegate=yes MemoryMax=75497472": for --dry-run. */
int scope_describe(struct cgx *cgx, const struct scope *scope, struct buf *ret);
/*
 * A user may not move a process of his login session into his manager's units: no directory above both is his. Have the
 * manager move the caller near g, where g lies in a unit of the user's own that is delegated and the caller does not: 1 it did,
 * 0 there is no need, or errors as bus_attach().
 */
int scope_join(struct cgx *cgx, const struct cgx_group *g, struct buf *why, struct buf *remedy);
/* The same of another process of the user's, and into g itself. */
int scope_attach(struct cgx *cgx, const struct cgx_group *g, pid_t pid, struct buf *why, struct buf *remedy);
/*
 * A process that does nothing but keep a scope from being empty; it holds nothing of the caller's and ends with the scope
 * (systemctl stop). -errno.
 */
int scope_hold(pid_t *ret);
/* Whether to go on on the tree itself after scope_enter() failed with err. */
int scope_can_do_without(enum scope_mode mode, int err);

#endif
