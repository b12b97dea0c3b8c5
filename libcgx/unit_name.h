/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pure part of unit.c: systemd's names for groups and settings. */
#ifndef CGX_UNIT_NAME_H
#define CGX_UNIT_NAME_H

#include "private.h"

struct unit_ref {
	const char *name; /* in the path, as systemctl takes it */
	size_t name_len;
	size_t path_len;  /* of the unit's own group: so much of the path */
	uid_t uid;        /* whose manager it belongs to; (uid_t)-1 the system's */
	int own;          /* the path is the unit's own group, not one below it */
};
/*
 * The innermost unit that a path names: slices down from the root, a scope or service last; what user@UID.service
 * runs is a manager of its own, whose units follow below. 1 or 0.
 */
int unit_find(const char *path, struct unit_ref *ret);
/* "MemoryMax=67108864", one a line: a v2 setting with a value in the kernel's words, as systemctl set-property takes
 * it. Empty: systemd has no property for it. -EINVAL. */
int unit_properties(const char *setting, const char *value, struct buf *ret);

#endif
