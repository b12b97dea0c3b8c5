/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a new namespace needs to be one's own: the group as its root, clock offsets, a name, a keyring. */
#ifndef CGX_SANDBOX_ISOLATE_H
#define CGX_SANDBOX_ISOLATE_H

#include "sandbox/launch.h"

/* Outside, around the making of the child: be in those namespaces that it shall share with others. */
int isolate_visit(struct launch *l, int home[NS_COUNT]);
/* A new /proc of this pid namespace, not mounted yet. A descriptor or -errno. */
int isolate_proc(int pid_namespace, uint64_t attributes);
int isolate_return(struct launch *l, int home[NS_COUNT]);

/* The namespaces of its own that the child is born in. The others it makes itself, which takes time. */
uint64_t isolate_at_birth(const struct launch *l);
int isolate_namespaces(struct launch *l);
int isolate_links(struct launch *l);
/* Words for namespaces that the kernel does not give; err. */
int isolate_refused(struct launch *l, int err);

int isolate_cgroup(struct launch *l);
int isolate_time(struct launch *l);
int isolate_hostname(struct launch *l);
int isolate_keyring(struct launch *l);

#endif
