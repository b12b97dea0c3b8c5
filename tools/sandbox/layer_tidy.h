/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The writable layer of a sandbox that has ended, made a layer of an image. */
#ifndef CGX_SANDBOX_LAYER_TIDY_H
#define CGX_SANDBOX_LAYER_TIDY_H

/*
 * What overlay keeps for itself is taken off; a folder that hides what is below does so for mounts with and without a user
 * namespace; sockets are removed. 1 there is something in it, 0 there is nothing; -errno.
 */
int layer_tidy(int dir);

#endif
