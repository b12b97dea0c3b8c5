/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ids that the administrator has given an ordinary user besides his own: /etc/subuid, /etc/subgid (subuid(5)). */
#ifndef CGX_SANDBOX_SUBIDS_H
#define CGX_SANDBOX_SUBIDS_H

#include <stdint.h>
#include <sys/types.h>

struct id_range {
	uint32_t first, count;
};

/* The largest range that text, such a file, has for the user of this name or number; count 0 none. Pure. */
void subids_find(const char *text, const char *name, uid_t uid, struct id_range *ret);
/* The caller's, of both files. -errno; -ENOENT he has none, or the programs that write maps are not installed. */
int subids_of_caller(struct id_range *ret_uids, struct id_range *ret_gids);
/* Map 0 to the caller's own id and 1 on to the range, by newuidmap(1) or newgidmap(1). -errno, -ECHILD it refused. */
int subids_write(const char *program, pid_t pid, uint32_t own, const struct id_range *range);

#endif
