/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths below a sandbox's root. */
#include "sandbox/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "util/cleanup.h"

/* A rename elsewhere makes the kernel say EAGAIN; an attacker can do that for long. */
enum { TRIES = 128 };

static int open2(int root, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = resolve | RESOLVE_NO_MAGICLINKS | RESOLVE_IN_ROOT };
	long fd = -1;

	for (int i = 0; i < TRIES; i++) {
		fd = syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return fd < 0 ? -errno : (int)fd;
}

int path_open(int root, const char *path)
{
	return open2(root, path, O_PATH, 0);
}

int path_open_plain(int root, const char *path)
{
	return open2(root, path, O_PATH, RESOLVE_NO_SYMLINKS);
}

int path_look(int root, const char *path)
{
	return open2(root, path, O_PATH | O_NOFOLLOW, RESOLVE_NO_SYMLINKS);
}

int path_read(int root, const char *path)
{
	int fd = open2(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;

	if (fd < 0)
		return fd;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -EINVAL;
}

/* The next part of a path into name: 1, or 0 at its end; -ENAMETOOLONG, -EINVAL for "..". */
static int next_part(const char **path, char name[256])
{
	size_t n;

	*path += strspn(*path, "/");
	n = strcspn(*path, "/");
	if (!n)
		return 0;
	if (n > 255)
		return -ENAMETOOLONG;
	memcpy(name, *path, n);
	name[n] = '\0';
	*path += n;
	return strcmp(name, "..") ? 1 : -EINVAL;
}

/* Part by part: what is there is followed within the root, what is missing is made. */
static int walk(int root, const char *path, mode_t mode, int last_is_file)
{
	char so_far[4096] = "", name[256];
	int fd = open2(root, "", O_PATH | O_DIRECTORY, 0), r;
	size_t len = 0;

	while (fd >= 0 && (r = next_part(&path, name))) {
		int file = last_is_file && !path[strspn(path, "/")], next;
		size_t n = strlen(name);

		if (r < 0 || len + n + 2 > sizeof(so_far)) {
			close(fd);
			return r < 0 ? r : -ENAMETOOLONG;
		}
		so_far[len++] = '/';
		memcpy(so_far + len, name, n + 1);
		len += n;
		next = open2(root, so_far, O_PATH, 0);
		if (next == -ENOENT) {
			r = file ? mknodat(fd, name, S_IFREG | 0644, 0) : mkdirat(fd, name, mode);
			next = r < 0 && errno != EEXIST ? -errno : open2(root, so_far, O_PATH, 0);
		}
		close(fd);
		fd = next;
	}
	return fd;
}

int path_make_dir(int root, const char *path, mode_t mode)
{
	int fd = walk(root, path, mode, 0);
	struct stat st;

	if (fd < 0 || (!fstat(fd, &st) && S_ISDIR(st.st_mode)))
		return fd;
	close(fd);
	return -ENOTDIR;
}

int path_make_file(int root, const char *path)
{
	int fd = walk(root, path, 0755, 1);
	struct stat st;

	if (fd < 0 || (!fstat(fd, &st) && !S_ISDIR(st.st_mode)))
		return fd;
	close(fd);
	return -EISDIR;
}

int path_is_kernels(int fd)
{
	static const unsigned long types[] = { PROC_SUPER_MAGIC, SYSFS_MAGIC, CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, DEVPTS_SUPER_MAGIC,
					       DEBUGFS_MAGIC, TRACEFS_MAGIC, SECURITYFS_MAGIC, BPF_FS_MAGIC };
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if ((unsigned long)fs.f_type == types[i])
			return 1;
	return 0;
}
