/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Removing a tree. */
#include "sandbox/remove.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"

/* So many levels by one descriptor each; what lies deeper is moved up to the top first. */
enum { DEPTH_MOST = 64 };

struct removal {
	int top;           /* the directory that all is in */
	unsigned long n;   /* names made so far, for what is moved up */
};

static int remove_at(struct removal *x, int dir, const char *name, int depth);

/* A mode is no obstacle to an owner who is not root. */
static int open_dir(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == EACCES && !fchmodat(dir, name, 0700, AT_SYMLINK_NOFOLLOW))
		fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!geteuid() || !fchmod(fd, 0700))
		return fd;
	close(fd);
	return -EACCES;
}

static int move_up(struct removal *x, int dir, const char *name)
{
	char to[32];
	int r;

	if (geteuid() && fchmodat(dir, name, 0700, AT_SYMLINK_NOFOLLOW) < 0) /* its ".." is written */
		return -errno;
	do {
		snprintf(to, sizeof(to), ".cgx-%lu", x->n++);
		r = renameat2(dir, name, x->top, to, RENAME_NOREPLACE) < 0 ? -errno : 0;
	} while (r == -EEXIST);
	return r;
}

static int remove_entry(struct removal *x, int dir, const char *name, int depth)
{
	if (!unlinkat(dir, name, 0) || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	if (!unlinkat(dir, name, AT_REMOVEDIR))
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST && errno != EACCES)
		return -errno;
	return remove_at(x, dir, name, depth);
}

static int empty(struct removal *x, DIR *d, int depth)
{
	struct dirent *e;
	int r = 0;

	while (!r && (errno = 0, e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		r = remove_entry(x, dirfd(d), e->d_name, depth + 1);
	}
	return r ? r : -errno;
}

static int remove_at(struct removal *x, int dir, const char *name, int depth)
{
	int fd, r;
	DIR *d;

	if (depth > DEPTH_MOST)
		return move_up(x, dir, name);
	fd = open_dir(dir, name);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	d = fdopendir(fd);
	if (!d) {
		close(fd);
		return -ENOMEM;
	}
	if (!depth)
		x->top = fd;
	do { /* what was moved up may have come after the end of this reading */
		unsigned long before = x->n;

		r = empty(x, d, depth);
		rewinddir(d);
		if (depth || before == x->n)
			break;
	} while (!r);
	closedir(d);
	if (!r && unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		r = -errno;
	return r;
}

int remove_tree(int dir, const char *name)
{
	struct removal x = { .top = -1 };

	if (!unlinkat(dir, name, 0) || errno == ENOENT)
		return 0;
	return remove_at(&x, dir, name, 0);
}
