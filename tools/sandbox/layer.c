/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The writable layers that are kept. */
#include "sandbox/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "sandbox/remove.h"

int layer_remove(const char *name)
{
	int dir = open(LAYERS, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r;

	if (dir < 0)
		return errno == ENOENT ? 0 : -errno;
	r = remove_tree(dir, name);
	close(dir);
	errno = -r;
	return r;
}
