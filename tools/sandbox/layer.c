/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Removing a tree that somebody hostile filled: by descriptors, never through a link. */
#include "sandbox/layer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MOST = 512 };

static int remove_in(int dir, const char *name, int depth)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r = 0;
	struct dirent *e;
	DIR *d;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (depth > DEPTH_MOST || !(d = fdopendir(fd))) {
		close(fd);
		return -ELOOP;
	}
	fchmod(fd, 0700);
	while (!r && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (!unlinkat(fd, e->d_name, 0))
			continue;
		r = errno == EISDIR || errno == EPERM ? remove_in(fd, e->d_name, depth + 1) : -errno;
	}
	closedir(d);
	if (!r && unlinkat(dir, name, AT_REMOVEDIR) < 0)
		r = -errno;
	return r;
}

int layer_remove(const char *name)
{
	int dir = open(LAYERS, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r;

	if (dir < 0)
		return errno == ENOENT ? 0 : -errno;
	r = remove_in(dir, name, 0);
	close(dir);
	errno = -r;
	return r;
}
