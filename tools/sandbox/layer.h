/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The writable layers that are kept on disk. */
#ifndef CGX_SANDBOX_LAYER_H
#define CGX_SANDBOX_LAYER_H

#define LAYERS "/var/lib/cgx/layers"

/* Where they lie, closed to all others: what root inside makes belongs to root on disk, with its set-id bits. -errno. */
int layer_place(void);
/* 1: that of this sandbox is there. */
int layer_is_kept(const char *name);
/* Remove that of a sandbox, whatever lies in it; 0 also when there is none. -errno. */
int layer_remove(const char *name);
/* Remove those of no state in that folder. */
void layer_prune(const char *states);

#endif
