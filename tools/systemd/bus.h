/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A transient scope from systemd. bus.c is the one file that knows sd-bus; libsystemd is loaded when a scope is asked for.
 * The manager is spoken to on its own socket, so neither a message bus nor the environment is needed.
 */
#ifndef CGX_SYSTEMD_BUS_H
#define CGX_SYSTEMD_BUS_H

#include <stdint.h>
#include <sys/types.h>

#include "util/buf.h"

struct bus_scope {
	const char *name;        /* "web.scope" */
	const char *description;
	const char *slice;       /* NULL: the manager's usual one */
	const pid_t *pids;       /* moved there */
	size_t n_pids;
	const char *const *properties; /* "MemoryMax=67108864", as systemctl set-property takes them */
	size_t n_properties;
	uid_t uid;               /* whose manager; 0 the system's */
	const char *socket;      /* NULL: the manager's own */
	uint64_t timeout_usec;   /* for all of it */
};

/*
 * Start it, delegated, and wait until the processes are in it. Errors, with why and, where one is known, remedy:
 * -ENOPKG built without libsystemd, or it is not installed; -ENOENT there is no such manager; -EEXIST a unit of this name
 * is there; -ETIMEDOUT; -EACCES; -EIO what the manager said; -EINVAL a property that is not understood.
 */
int bus_start_scope(const struct bus_scope *scope, struct buf *why, struct buf *remedy);

/*
 * The group of a scope that systemd has: "/system.slice/web.scope", to be freed; "" or NULL it has none any more. Of it count
 * name, uid, socket and timeout_usec. Errors as above.
 */
int bus_scope_group(const struct bus_scope *scope, char **ret);

/*
 * Have processes moved into a group of a unit that is there: where->name, and subgroup "/api" below its own, "" for that
 * itself. Of where count name, pids, uid, socket and timeout_usec. Errors as above.
 */
int bus_attach(const struct bus_scope *where, const char *subgroup, struct buf *why, struct buf *remedy);

#endif
