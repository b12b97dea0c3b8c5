/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Removing a tree, whatever lies in it and however deep: by descriptors, never through a link. */
#ifndef CGX_SANDBOX_REMOVE_H
#define CGX_SANDBOX_REMOVE_H

/* What is called name in dir, a file or a tree. 0 also when there is none. -errno. */
int remove_tree(int dir, const char *name);

#endif
