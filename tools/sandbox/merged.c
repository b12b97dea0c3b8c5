/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names in layers laid over one another. */
#include "sandbox/merged.h"

#include <errno.h>
#include <stdint.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "sandbox/path.h"
#include "util/cleanup.h"

enum { MOST_LINKS = 40 };

int is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

int is_opaque(int dir)
{
	AUTO_CLOSE int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char c = 0;

	if (fd < 0)
		return 0;
	if (fgetxattr(fd, "trusted.overlay.opaque", &c, 1) == 1 && c == 'y')
		return 1;
	return fgetxattr(fd, "user.overlay.opaque", &c, 1) == 1 && c == 'y';
}

/* ---- one layer ---- */

enum seen { FOUND, ABSENT, HIDDEN };

static int stat_at(int root, const char *path, struct stat *ret)
{
	AUTO_CLOSE int fd = path_look(root, path);

	return fd < 0 ? fd : fstat(fd, ret) < 0 ? -errno : 0;
}

/* A path that is not in this layer: may it be in one below? */
static enum seen seen_below(int root, const char *path)
{
	int at = path_look(root, "");
	enum seen seen = ABSENT;
	struct stat st;

	for (const char *end = path; at >= 0 && seen == ABSENT && *end; end += strspn(end, "/")) {
		size_t n = strcspn(end, "/");
		char name[256];
		int fd = -1;

		if (n < sizeof(name)) {
			memcpy(name, end, n);
			name[n] = '\0';
			fd = path_look(at, name);
		}
		close(at);
		at = fd;
		end += n;
		if (fd < 0 || fstat(fd, &st) < 0)
			break;
		if (!S_ISDIR(st.st_mode) || is_opaque(fd))
			seen = HIDDEN;
	}
	if (at >= 0)
		close(at);
	return seen;
}

static int look(int root, const char *path, struct stat *ret, enum seen *seen)
{
	int r = stat_at(root, path, ret);

	if (!r) {
		*seen = is_whiteout(ret) ? HIDDEN : FOUND;
		return 0;
	}
	if (r != -ENOENT && r != -ENOTDIR && r != -ELOOP)
		return r;
	*seen = seen_below(root, path);
	return 0;
}

/* ---- all of them ---- */

int merged_stat(const struct merged *m, const char *path, struct stat *ret)
{
	if (strlen(path) >= MERGED_PATH)
		return -ENAMETOOLONG;
	for (size_t i = 0; i < m->n; i++) {
		enum seen seen = ABSENT;
		int r = look(m->fd[i], path, ret, &seen);

		if (r < 0)
			return r;
		if (seen == FOUND)
			return (int)i;
		if (seen == HIDDEN)
			break;
	}
	return -ENOENT;
}

/* Put the target of the link at path before what is left to do: 0, -errno. */
static int follow(int root, const char *path, char *todo, size_t size)
{
	AUTO_CLOSE int fd = path_look(root, path);
	size_t left = strlen(todo);
	char target[MERGED_PATH];
	ssize_t n;

	if (fd < 0)
		return fd;
	n = readlinkat(fd, "", target, sizeof(target));
	if (n < 0)
		return -errno;
	if ((size_t)n == sizeof(target) || (size_t)n + 1 + left + 1 > size)
		return -ENAMETOOLONG;
	memmove(todo + n + 1, todo, left + 1);
	memcpy(todo, target, (size_t)n);
	todo[n] = '/';
	return 0;
}

static void up(char *path)
{
	char *slash = strrchr(path, '/');

	*(slash ? slash : path) = '\0';
}

/* Take the first part of todo to the end of path. 1 there was one, 0 there was none. */
static int take_part(char *todo, char path[MERGED_PATH])
{
	size_t skip = strspn(todo, "/"), n = strcspn(todo + skip, "/"), len = strlen(path);
	const char *part = todo + skip;
	int r = 1;

	if (!n)
		return 0;
	if (n == 2 && !memcmp(part, "..", 2)) {
		up(path);
	} else if (n > 255 || len + 1 + n + 1 > MERGED_PATH) {
		r = -ENAMETOOLONG;
	} else if (n > 1 || *part != '.') {
		if (len)
			path[len++] = '/';
		memcpy(path + len, part, n);
		path[len + n] = '\0';
	}
	memmove(todo, part + n, strlen(part + n) + 1);
	return r;
}

int merged_resolve(const struct merged *m, const char *path, char ret[MERGED_PATH])
{
	char todo[2 * MERGED_PATH];
	size_t missing = SIZE_MAX; /* what is longer lies below what is not there */
	int links = 0, r;

	if (strlen(path) >= MERGED_PATH)
		return -ENAMETOOLONG;
	strcpy(todo, path);
	*ret = '\0';
	while ((r = take_part(todo, ret)) > 0) {
		struct stat st = { 0 };
		int layer;

		if (strlen(ret) > missing)
			continue;
		layer = merged_stat(m, ret, &st);
		missing = layer == -ENOENT ? strlen(ret) : SIZE_MAX;
		if (layer == -ENOENT || (layer >= 0 && S_ISDIR(st.st_mode)))
			continue;
		if (layer < 0)
			return layer;
		if (S_ISLNK(st.st_mode)) {
			if (++links > MOST_LINKS)
				return -ELOOP;
			r = follow(m->fd[layer], ret, todo, sizeof(todo));
			if (r < 0)
				return r;
			up(ret);
			if (*todo == '/')
				*ret = '\0';
		} else if (todo[strspn(todo, "/")]) {
			return -ENOTDIR;
		}
	}
	return r;
}

int merged_read(const struct merged *m, const char *path)
{
	char real[MERGED_PATH];
	struct stat st;
	int r = merged_resolve(m, path, real);

	if (!r)
		r = merged_stat(m, real, &st);
	return r < 0 ? r : path_read(m->fd[r], real);
}
