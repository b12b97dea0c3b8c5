/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All file access of the library, beneath a root directory. */
#include "private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#ifdef HAVE_LINUX_OPENAT2_H
#include <linux/openat2.h>
#else
struct open_how {
	uint64_t flags, mode, resolve;
};
#define RESOLVE_NO_MAGICLINKS 0x02
#define RESOLVE_IN_ROOT       0x10
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_fsopen
#define SYS_fsopen   430
#define SYS_fsconfig 431
#define SYS_fsmount  432
#endif
/* linux/mount.h quarrels with sys/mount.h. */
#define FS_CLOEXEC    1
#define FS_CMD_CREATE 6

/* Callers never pass "..", so without openat2 (before Linux 5.6) only a hostile symlink is left,
 * and cgroupfs holds none. */
static int open_beneath(int dirfd, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	while (*path == '/')
		path++;
	if (!*path)
		path = ".";
	do
		fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = openat(dirfd, path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : (int)fd;
}

int fs_open(const char *root, struct fs *ret)
{
	char *copy = strdup(root);
	int fd;

	if (!copy)
		return -ENOMEM;
	fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		free(copy);
		return -errno;
	}
	*ret = (struct fs){ .fd = fd, .root = copy };
	return 0;
}

void fs_close(struct fs *fs)
{
	if (fs->fd >= 0)
		close(fs->fd);
	free(fs->root);
	*fs = (struct fs){ .fd = -1 };
}

int fs_dir(int dirfd, const char *path)
{
	return open_beneath(dirfd, path, O_PATH | O_DIRECTORY);
}

int fs_open_read(int dirfd, const char *path)
{
	return open_beneath(dirfd, path, O_RDONLY);
}

int fs_open_proc(int proc, const char *path)
{
	int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int fs_open_rdwr(int dirfd, const char *path)
{
	return open_beneath(dirfd, path, O_RDWR);
}

int fs_open_write(int dirfd, const char *path)
{
	return open_beneath(dirfd, path, O_WRONLY | O_TRUNC);
}

/*
 * Read on until the end. The kernel hands out a sequence file in whole records and cuts a read short only where the
 * next record does not fit into its page. Records of cgroup files are short, but for those that are one record and
 * come whole; so a read that leaves half a page free was the last one. Lines of mountinfo may be longer than that.
 */
static int read_on(int fd, struct buf *b, int long_records)
{
	ssize_t n;

	buf_reset(b);
	do {
		if (buf_reserve(b, 4000))
			return -ENOMEM;
		n = pread(fd, b->s + b->len, b->cap - b->len - 1, (off_t)b->len);
		if (n > 0)
			b->len += (size_t)n;
	} while ((n > 0 && (long_records || n >= 2048)) || (n < 0 && errno == EINTR));
	b->s[b->len] = '\0';
	return n < 0 ? -errno : 0;
}

int fs_read(int dirfd, const char *path, struct buf *b)
{
	AUTO_CLOSE int fd = fs_open_read(dirfd, path);

	return fd < 0 ? fd : read_on(fd, b, !strncmp(path, "proc/", 5));
}

int fs_reread(int fd, struct buf *b)
{
	return read_on(fd, b, 0);
}

int fs_read_config(int rootfd, const char *path, size_t max, struct buf *b)
{
	AUTO_CLOSE int fd = open_beneath(rootfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	buf_reset(b);
	do {
		if (buf_reserve(b, 16384))
			return -ENOMEM;
		n = read(fd, b->s + b->len, b->cap - b->len - 1);
		if (n > 0)
			b->len += (size_t)n;
		if (b->len > max)
			return -EFBIG;
	} while (n > 0 || (n < 0 && errno == EINTR));
	b->s[b->len] = '\0';
	return n < 0 ? -errno : 0;
}

int fs_read_link(int dirfd, const char *path, struct buf *b)
{
	ssize_t n;

	buf_reset(b);
	if (buf_reserve(b, CGX_PATH_MAX))
		return -ENOMEM;
	n = readlinkat(dirfd, path, b->s, b->cap - 1);
	if (n < 0)
		return -errno;
	b->len = (size_t)n;
	b->s[n] = '\0';
	return 0;
}

static int write_once(int fd, const char *text)
{
	size_t len = strlen(text);
	ssize_t n;

	do
		n = write(fd, text, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

int fs_write(int dirfd, const char *path, const char *text)
{
	AUTO_CLOSE int fd = fs_open_write(dirfd, path);

	return fd < 0 ? fd : write_once(fd, text);
}

int fs_rewrite(int fd, const char *text)
{
	return write_once(fd, text);
}

static void cut_newline(struct buf *b)
{
	if (b->len && b->s[b->len - 1] == '\n')
		b->s[--b->len] = '\0';
}

/* A file of cgroupfs has no size; one of a recorded tree has, and would keep the end of its old text. */
static int has_size(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && st.st_size > 0;
}

int fs_swap(int dirfd, const char *path, const char *text, struct buf *old, struct buf *now)
{
	AUTO_CLOSE int fd = open_beneath(dirfd, path, O_RDWR);
	int known, r;

	if (fd == -EACCES || fd == -EPERM || fd == -EINVAL) /* kernfs says EINVAL where nobody may read */
		return fs_write(dirfd, path, text);
	if (fd < 0)
		return fd;
	known = !read_on(fd, old, 0);
	if (old->err)
		return -ENOMEM;
	if (known && old->len > strlen(text) && has_size(fd) && ftruncate(fd, 0))
		return -errno;
	r = write_once(fd, text);
	if (r)
		return r;
	cut_newline(old);
	if (now && !read_on(fd, now, 0))
		cut_newline(now);
	return known;
}

/* Directory of path's last part, and that part, so that nothing is followed past dirfd. */
static int parent_dir(int dirfd, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *dir = NULL;

	*ret_name = slash ? slash + 1 : path;
	if (!slash)
		return open_beneath(dirfd, "", O_PATH | O_DIRECTORY);
	dir = strndup(path, (size_t)(slash - path));
	if (!dir)
		return -ENOMEM;
	return open_beneath(dirfd, dir, O_PATH | O_DIRECTORY);
}

int fs_mkdir(int dirfd, const char *path)
{
	const char *name;
	AUTO_CLOSE int dir = -1;

	if (!strchr(path, '/')) /* nothing on the way that could lead elsewhere */
		return mkdirat(dirfd, path, 0755) ? -errno : 0;
	dir = parent_dir(dirfd, path, &name);
	if (dir < 0)
		return dir;
	return mkdirat(dir, name, 0755) ? -errno : 0;
}

int fs_rmdir(int dirfd, const char *path)
{
	const char *name;
	AUTO_CLOSE int dir = -1;

	if (!strchr(path, '/'))
		return unlinkat(dirfd, path, AT_REMOVEDIR) ? -errno : 0;
	dir = parent_dir(dirfd, path, &name);
	if (dir < 0)
		return dir;
	return unlinkat(dir, name, AT_REMOVEDIR) ? -errno : 0;
}

int fs_chown(int dirfd, const char *path, uid_t uid, gid_t gid)
{
	AUTO_CLOSE int fd = open_beneath(dirfd, path, O_PATH | O_NOFOLLOW);

	if (fd < 0)
		return fd;
	return fchownat(fd, "", uid, gid, AT_EMPTY_PATH) ? -errno : 0;
}

int fs_chmod(int dirfd, const char *path, unsigned mode)
{
	const char *name;
	AUTO_CLOSE int dir = parent_dir(dirfd, path, &name);

	if (dir < 0)
		return dir;
	return fchmodat(dir, *name ? name : ".", mode, 0) ? -errno : 0;
}

int fs_owner(int fd, uid_t *ret)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	*ret = st.st_uid;
	return 0;
}

int fs_stat(int dirfd, const char *path, uid_t *ret_uid, gid_t *ret_gid, unsigned *ret_mode)
{
	AUTO_CLOSE int fd = open_beneath(dirfd, path, O_PATH | O_NOFOLLOW);

	return fd < 0 ? fd : fs_stat_name(fd, "", ret_uid, ret_gid, ret_mode);
}

int fs_stat_name(int dirfd, const char *name, uid_t *ret_uid, gid_t *ret_gid, unsigned *ret_mode)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (ret_uid)
		*ret_uid = st.st_uid;
	if (ret_gid)
		*ret_gid = st.st_gid;
	if (ret_mode)
		*ret_mode = st.st_mode & 07777;
	return 0;
}

int fs_exists(int dirfd, const char *path)
{
	AUTO_CLOSE int fd = open_beneath(dirfd, path, O_PATH | O_NOFOLLOW);

	if (fd >= 0)
		return 1;
	return fd == -ENOENT || fd == -ENOTDIR ? 0 : fd;
}

int fs_has(int dirfd, const char *name)
{
	struct stat st;

	if (!fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW))
		return 1;
	return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
}

int fs_mark(int dirfd, const char *path, const char *name)
{
	AUTO_CLOSE int fd = open_beneath(dirfd, path, O_RDONLY | O_DIRECTORY);
	char value[256] = "";

	return fd >= 0 && fgetxattr(fd, name, value, sizeof(value)) >= 1 ? *value : 0;
}

int fs_is_cgroup(int dirfd)
{
	struct statfs st;

	return !fstatfs(dirfd, &st) && ((unsigned long)st.f_type == 0x27e0eb || (unsigned long)st.f_type == 0x63677270);
}

int fs_is_proc(int dirfd)
{
	struct statfs st;

	return !fstatfs(dirfd, &st) && (unsigned long)st.f_type == 0x9fa0;
}

int fs_wait(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLPRI };
	int n = poll(&p, 1, timeout_ms);

	return n < 0 && errno != EINTR ? -errno : n > 0;
}

int fs_mount_private(const char *type)
{
	AUTO_CLOSE int fs = (int)syscall(SYS_fsopen, type, FS_CLOEXEC);
	int fd;

	if (fs < 0 || syscall(SYS_fsconfig, fs, FS_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	fd = (int)syscall(SYS_fsmount, fs, FS_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

/* ---- listing ---- */

int fs_links(int dirfd, const char *path, nlink_t *ret, uint64_t *ret_ino)
{
	struct stat st;

	if (fstatat(dirfd, path, &st, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -errno;
	*ret = st.st_nlink;
	*ret_ino = st.st_ino;
	return 0;
}

int fs_is_leaf(int dirfd)
{
	nlink_t links = 0;
	uint64_t ino;

	return !fs_links(dirfd, "", &links, &ino) && links == 2;
}

/* The kernel's record; glibc has no getdents64 before 2.30 and readdir costs a malloc and a stat. */
struct dirent_rec {
	uint64_t ino;
	int64_t off;
	unsigned short reclen;
	unsigned char type;
	char name[];
};

static int list_add(struct fs_list *l, size_t *cap, const struct dirent_rec *d, int leaf)
{
	if (l->n == *cap) {
		size_t more = *cap ? *cap * 2 : 16;
		struct fs_entry *e = reallocarray(l->entry, more, sizeof(*e));

		if (!e)
			return -ENOMEM;
		l->entry = e;
		*cap = more;
	}
	l->entry[l->n].name = strdup(d->name);
	l->entry[l->n].ino = d->ino;
	if (!l->entry[l->n].name)
		return -ENOMEM;
	l->entry[l->n++].leaf = leaf;
	return 0;
}

enum listed { LIST_FILES, LIST_DIRS, LIST_LEAVES };

/* 1 take it, 0 pass over it. Sets *leaf, where it is asked for, by the link count: 2 means no directory in it, and file
 * systems that do not count say 1. */
static int wanted(int fd, const struct dirent_rec *d, enum listed what, int *leaf)
{
	const int dirs = what != LIST_FILES;
	struct stat st;

	if (d->type != DT_UNKNOWN && (d->type == DT_DIR) != dirs)
		return 0;
	if (what != LIST_LEAVES && d->type == (dirs ? DT_DIR : DT_REG))
		return 1;
	if (fstatat(fd, d->name, &st, AT_SYMLINK_NOFOLLOW))
		return d->type == DT_DIR && errno != ENOENT; /* it is there, whatever is wrong with it */
	*leaf = st.st_nlink == 2;
	return dirs ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct fs_entry *)a)->name, ((const struct fs_entry *)b)->name);
}

static int list(int dirfd, const char *path, enum listed what, struct fs_list *ret)
{
	AUTO_CLOSE int fd = open_beneath(dirfd, path, O_RDONLY | O_DIRECTORY);
	_Alignas(struct dirent_rec) char b[16384];
	struct fs_list l = { 0 };
	size_t cap = 0;
	long n = 0;
	int r = 0;

	if (fd < 0)
		return fd;
	while (!r && (n = syscall(SYS_getdents64, fd, b, sizeof(b))) > 0)
		for (long i = 0; !r && i < n;) {
			const struct dirent_rec *d = (const void *)(b + i);
			int leaf = 0;

			i += d->reclen;
			if (!strcmp(d->name, ".") || !strcmp(d->name, "..") || !wanted(fd, d, what, &leaf))
				continue;
			r = list_add(&l, &cap, d, leaf);
		}
	if (!r && n < 0)
		r = -errno;
	if (r) {
		fs_list_free(&l);
		return r;
	}
	if (l.n)
		qsort(l.entry, l.n, sizeof(*l.entry), by_name);
	*ret = l;
	return 0;
}

int fs_list_dirs(int dirfd, const char *path, struct fs_list *ret)
{
	return list(dirfd, path, LIST_DIRS, ret);
}

int fs_list_leaves(int dirfd, const char *path, struct fs_list *ret)
{
	return list(dirfd, path, LIST_LEAVES, ret);
}

int fs_list_files(int dirfd, const char *path, struct fs_list *ret)
{
	return list(dirfd, path, LIST_FILES, ret);
}

void fs_list_free(struct fs_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->entry[i].name);
	free(l->entry);
	*l = (struct fs_list){ 0 };
}
