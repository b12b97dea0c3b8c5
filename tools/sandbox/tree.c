/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filling a layer's directory. */
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "sandbox/path.h"
#include "sandbox/remove.h"
#include "util/cleanup.h"

int tree_begin(struct tree *t, int root, const struct merged *below, const struct tree_limits *limits,
	       const struct failure *f)
{
	size_t n = below ? below->n : 0;

	*t = (struct tree){ .failure = *f, .action = "put it into the layer", .root = root, .privileged = geteuid() == 0, .parent = -1 };
	t->limits.bytes = limits && limits->bytes ? limits->bytes : TREE_BYTES;
	t->limits.entries = limits && limits->entries ? limits->entries : TREE_ENTRIES;
	t->view.fd = calloc(n + 1, sizeof(*t->view.fd));
	if (!t->view.fd)
		return failure_say(f, -ENOMEM, "layer", "fill", NULL);
	t->view.fd[0] = root;
	for (size_t i = 0; i < n; i++)
		t->view.fd[i + 1] = below->fd[i];
	t->view.n = n + 1;
	return 0;
}

static void forget_parent(struct tree *t)
{
	if (t->parent >= 0)
		close(t->parent);
	t->parent = -1;
}

void tree_free(struct tree *t)
{
	forget_parent(t);
	while (t->n_folders)
		free(t->folder[--t->n_folders].path);
	free(t->folder);
	free(t->view.fd);
	t->folder = NULL;
	t->view = (struct merged){ 0 };
}

static int say(const struct tree *t, int err, const char *name)
{
	AUTO_BUF struct buf shown = { 0 };

	buf_escape(&shown, name, strlen(name) < 200 ? strlen(name) : 200);
	if (err == -ELOOP)
		return failure_say(&t->failure, err, buf_text(&shown), t->action, "its folder is a link that leads in a circle");
	if (err == -ENOTDIR)
		return failure_say(&t->failure, err, buf_text(&shown), t->action, "what it lies in is no directory");
	return failure_say(&t->failure, err, buf_text(&shown), t->action, NULL);
}

/* ---- names ---- */

int tree_clean(const char *name, char ret[MERGED_PATH])
{
	size_t len = 0;

	for (size_t n; *(name += strspn(name, "/")); name += n) {
		n = strcspn(name, "/");
		if (n == 1 && *name == '.')
			continue;
		if (n == 2 && !memcmp(name, "..", 2))
			return -EINVAL;
		if (n > 255 || len + 1 + n + 1 > MERGED_PATH)
			return -ENAMETOOLONG;
		if (len)
			ret[len++] = '/';
		memcpy(ret + len, name, n);
		len += n;
	}
	ret[len] = '\0';
	return 0;
}

static int clean(const struct tree *t, const char *name, char ret[MERGED_PATH])
{
	AUTO_BUF struct buf shown = { 0 };
	int r = tree_clean(name, ret);

	if (!r)
		return 0;
	buf_escape(&shown, name, strlen(name) < 200 ? strlen(name) : 200);
	return failure_say(&t->failure, r, buf_text(&shown), t->action,
			   r == -EINVAL ? "a name with .. in it" : "the name is too long");
}

/* Cut the last part off: it is returned; path is the folder's then. */
static const char *cut(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash) {
		*slash = '\0';
		return slash + 1;
	}
	memmove(path + 1, path, strlen(path) + 1); /* makes room for the end of an empty folder's name */
	*path = '\0';
	return path + 1;
}

/* ---- folders ---- */

static int set_opaque(const struct tree *t, int fd)
{
	int r = fsetxattr(fd, "user.overlay.opaque", "y", 1, 0) < 0 ? -errno : 0;

	if (!t->privileged)
		return r;
	return fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) < 0 ? -errno : 0;
}

/* What a layer below says of this folder is true of it here, too. *below: a layer may have it; 0 then none has what is in it. */
static int copy_up(const struct tree *t, int dir, const char *name, const char *path, int *below)
{
	struct stat st;
	int layer = *below ? merged_stat(&t->view, path, &st) : -ENOENT;

	if (layer == -ENOENT) {
		*below = 0;
		return mkdirat(dir, name, 0755) < 0 ? -errno : 0;
	}
	if (layer < 0)
		return layer;
	if (mkdirat(dir, name, 0700) < 0)
		return -errno;
	if (t->privileged && fchownat(dir, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return fchmodat(dir, name, st.st_mode & 07777, 0) < 0 ? -errno : 0;
}

/* A folder of this layer that is needed and not named: the last part of path, in dir. A new descriptor. */
static int need_folder(struct tree *t, int dir, const char *name, const char *path, int *below)
{
	int fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r;
	struct stat st;

	if (fd >= 0)
		return fd;
	if (errno == ENOENT) {
		r = copy_up(t, dir, name, path, below);
		if (r < 0)
			return r;
	} else if (errno == ENOTDIR && !fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) && is_whiteout(&st)) {
		AUTO_CLOSE int new = -1;

		if (unlinkat(dir, name, 0) < 0 || mkdirat(dir, name, 0755) < 0)
			return -errno;
		new = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		r = new < 0 ? -errno : set_opaque(t, new);
		if (r < 0)
			return r;
	} else {
		return -errno;
	}
	fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Every part of a path that has no links in it. */
static int need_path(struct tree *t, const char *path)
{
	int fd = path_open_plain(t->root, ""), below = t->view.n > 1;
	char part[MERGED_PATH];

	for (const char *end = path; fd >= 0 && *end;) {
		const char *begin = end + strspn(end, "/");
		char name[256];
		int next;

		end = begin + strcspn(begin, "/");
		memcpy(name, begin, (size_t)(end - begin));
		name[end - begin] = '\0';
		memcpy(part, path, (size_t)(end - path));
		part[end - path] = '\0';
		next = need_folder(t, fd, name, part, &below);
		close(fd);
		fd = next;
	}
	return fd;
}

static int open_folder(struct tree *t, const char *path)
{
	char real[MERGED_PATH];
	struct stat st;
	int fd = path_open_plain(t->root, path), r;

	if (fd >= 0 && !fstat(fd, &st) && S_ISDIR(st.st_mode))
		return fd;
	if (fd >= 0)
		close(fd);
	r = merged_resolve(&t->view, path, real);
	return r < 0 ? r : need_path(t, real);
}

/* Make t->parent the folder of that path, made where it is missing. */
static int enter(struct tree *t, const char *path)
{
	if (t->parent >= 0 && !strcmp(path, t->parent_path))
		return 0;
	forget_parent(t);
	t->parent = open_folder(t, path);
	if (t->parent < 0)
		return t->parent;
	strcpy(t->parent_path, path);
	return 0;
}

/* ---- entries ---- */

static int count(struct tree *t, const char *name, uint64_t bytes)
{
	if (t->entries >= t->limits.entries)
		return failure_say(&t->failure, -E2BIG, name, t->action, "more than %llu names",
				   (unsigned long long)t->limits.entries);
	if (bytes > t->limits.bytes - t->bytes)
		return failure_say(&t->failure, -EFBIG, name, t->action, "more than %llu bytes in all",
				   (unsigned long long)t->limits.bytes);
	t->entries++;
	t->bytes += bytes;
	return 0;
}

/* Enter the folder of a name; path gets room for it, *ret its last part. */
static int find_place(struct tree *t, const char *name, uint64_t bytes, char path[MERGED_PATH + 1], const char **ret)
{
	int r;

	*path = '\0';
	r = clean(t, name, path);
	if (!r)
		r = count(t, path, bytes);
	if (r < 0)
		return r;
	if (!*path)
		return say(t, -EISDIR, "/");
	*ret = cut(path);
	r = enter(t, path);
	return r < 0 ? say(t, r, name) : 0;
}

static int make_room(struct tree *t, const char *name)
{
	if (!unlinkat(t->parent, name, 0))
		return 0;
	if (t->keeps_kinds && (errno == EISDIR || errno == EPERM))
		return -EISDIR;
	return errno == EISDIR || errno == EPERM ? remove_tree(t->parent, name) : -errno;
}

static int set_xattrs(struct tree *t, int fd, const struct tree_meta *meta)
{
	for (size_t i = 0; i < meta->n_xattrs; i++) {
		const struct tree_xattr *x = &meta->xattr[i];

		if (!fsetxattr(fd, x->name, x->value, x->size, 0))
			continue;
		if (errno != EPERM && errno != EOPNOTSUPP && errno != EINVAL)
			return -errno;
		t->dropped.xattrs++;
	}
	return 0;
}

static uid_t owner_of(struct tree *t, uid_t id)
{
	if (!t->id_count)
		return id;
	if (id < t->id_count)
		return t->id_base + id;
	t->dropped.owners++;
	return t->id_base;
}

/* Who runs in the sandbox may have put another file in the place of the one that was made: one that is none of its own, as of a
 * volume, is not given to it. fd may be O_PATH. */
static int give(struct tree *t, int fd, const struct tree_meta *meta)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (t->id_count && (st.st_uid < t->id_base || st.st_uid - t->id_base >= t->id_count))
		return -EPERM;
	return fchownat(fd, "", owner_of(t, meta->uid), owner_of(t, meta->gid), AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

/* Owners are kept where we may: without privilege all is the caller's, who is root inside. */
static int set_owner(struct tree *t, int fd, const struct tree_meta *meta)
{
	if (t->privileged)
		return give(t, fd, meta);
	if (meta->uid || meta->gid)
		t->dropped.owners++;
	return 0;
}

static int set_owner_of(struct tree *t, const char *name, const struct tree_meta *meta)
{
	AUTO_CLOSE int fd = openat(t->parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : set_owner(t, fd, meta);
}

static void set_time(int dir, const char *name, struct timespec mtime)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, mtime };

	utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW);
}

static int remember(struct tree *t, const char *path, const struct tree_meta *meta)
{
	if (!(t->n_folders & (t->n_folders - 1))) { /* a power of two: it is full */
		struct tree_folder *more = reallocarray(t->folder, t->n_folders ? 2 * t->n_folders : 1, sizeof(*more));

		if (!more)
			return -ENOMEM;
		t->folder = more;
	}
	t->folder[t->n_folders] = (struct tree_folder){ strdup(path), meta->mode, meta->mtime };
	return t->folder[t->n_folders++].path ? 0 : -ENOMEM;
}

/* Is it a link to a directory, here or below, and shall it stay one? */
static int is_link_to_folder(const struct tree *t, const char *path)
{
	char real[MERGED_PATH];
	struct stat st;

	if (t->view.n == 1 || merged_stat(&t->view, path, &st) < 0 || !S_ISLNK(st.st_mode))
		return 0;
	return !merged_resolve(&t->view, path, real) && merged_stat(&t->view, real, &st) >= 0 && S_ISDIR(st.st_mode);
}

/* The directory itself, in t->parent: 0, or 1 a whiteout was in its place. */
static int make_folder(struct tree *t, const char *name)
{
	struct stat st;
	int r = 0;

	if (!mkdirat(t->parent, name, 0700))
		return 0;
	if (errno != EEXIST || fstatat(t->parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return 0;
	r = t->keeps_kinds ? -ENOTDIR : make_room(t, name);
	if (!r)
		r = mkdirat(t->parent, name, 0700) < 0 ? -errno : is_whiteout(&st);
	return r;
}

static int fill_folder(struct tree *t, int fd, const struct tree_meta *meta, int opaque)
{
	int r = set_owner(t, fd, meta);

	if (r == -EPERM && t->id_count)
		return 0; /* it was there, and is none of the sandbox's own: it stays as it is */
	if (!r && t->privileged)
		r = fchmod(fd, meta->mode & 07777) < 0 ? -errno : 0;
	if (!r)
		r = set_xattrs(t, fd, meta);
	return r || !opaque ? r : set_opaque(t, fd);
}

/* path: cleaned, with its end at name. */
static int place_folder(struct tree *t, char *path, const struct tree_meta *meta)
{
	AUTO_FREE char *whole = strdup(path);
	const char *name = whole && *path ? cut(path) : ".";
	int fd, r = whole ? enter(t, path) : -ENOMEM, opaque = 0;

	if (!r && *whole)
		r = opaque = make_folder(t, name);
	if (r < 0)
		return r;
	fd = openat(t->parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = fill_folder(t, fd, meta, opaque);
	if (!r)
		r = remember(t, whole, meta);
	forget_parent(t);
	t->parent = fd; /* what comes next mostly lies in it */
	strcpy(t->parent_path, whole);
	return r;
}

int tree_folder(struct tree *t, const char *name, const struct tree_meta *meta)
{
	char path[MERGED_PATH + 1];
	int r = clean(t, name, path);

	if (!r)
		r = count(t, path, 0);
	if (r < 0 || is_link_to_folder(t, path))
		return r;
	r = place_folder(t, path, meta);
	return r < 0 ? say(t, r, name) : 0;
}

int tree_file(struct tree *t, const char *name, uint64_t size, int *ret)
{
	char path[MERGED_PATH + 1];
	const char *last = "";
	int r = find_place(t, name, size, path, &last), fd;

	if (r < 0)
		return r;
	fd = openat(t->parent, last, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST) {
		r = make_room(t, last);
		if (!r)
			fd = openat(t->parent, last, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	}
	if (fd < 0)
		return say(t, r < 0 ? r : -errno, name);
	strcpy(t->name, last);
	*ret = fd;
	return 0;
}

int tree_file_end(struct tree *t, int fd, const struct tree_meta *meta)
{
	int r = set_owner(t, fd, meta);

	if (!r)
		r = set_xattrs(t, fd, meta); /* after the owner, which takes capabilities away */
	if (!r)
		r = fchmod(fd, meta->mode & 07777) < 0 ? -errno : 0;
	set_time(t->parent, t->name, meta->mtime);
	return r < 0 ? say(t, r, t->name) : 0;
}

int tree_symlink(struct tree *t, const char *name, const char *target, const struct tree_meta *meta)
{
	char path[MERGED_PATH + 1];
	const char *last = "";
	int r = find_place(t, name, 0, path, &last);

	if (r < 0)
		return r;
	r = symlinkat(target, t->parent, last) < 0 ? -errno : 0;
	if (r == -EEXIST) {
		r = make_room(t, last);
		if (!r)
			r = symlinkat(target, t->parent, last) < 0 ? -errno : 0;
	}
	if (!r)
		r = set_owner_of(t, last, meta);
	if (!r)
		set_time(t->parent, last, meta->mtime);
	return r < 0 ? say(t, r, name) : 0;
}

/* What is linked to, in a folder of its own that is only looked for. */
static int link_from(struct tree *t, char *from, const char *last)
{
	const char *old = cut(from);
	AUTO_CLOSE int dir = path_open(t->root, from);
	int r;

	if (dir < 0)
		return dir;
	r = linkat(dir, old, t->parent, last, 0) < 0 ? -errno : 0;
	if (r != -EEXIST)
		return r;
	r = faccessat(dir, old, F_OK, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : make_room(t, last);
	return r ? r : linkat(dir, old, t->parent, last, 0) < 0 ? -errno : 0;
}

int tree_link(struct tree *t, const char *name, const char *target)
{
	char path[MERGED_PATH + 1], from[MERGED_PATH + 1], to[MERGED_PATH + 1];
	AUTO_BUF struct buf shown = { 0 }, action = { 0 };
	const char *last = "";
	int r = clean(t, target, from);

	*to = '\0';
	if (!r)
		r = clean(t, name, to);
	if (r < 0 || !strcmp(from, to))
		return r;
	r = find_place(t, name, 0, path, &last);
	if (r < 0)
		return r;
	r = link_from(t, from, last);
	if (r != -ENOENT && r != -EPERM && r != -ENOTDIR)
		return r < 0 ? say(t, r, name) : 0;
	buf_escape(&shown, name, strlen(name) < 200 ? strlen(name) : 200);
	buf_puts(&action, "link it to ");
	buf_escape(&action, target, strlen(target) < 200 ? strlen(target) : 200);
	return failure_say(&t->failure, r, buf_text(&shown), buf_text(&action),
			   r == -EPERM ? "that is a directory" : "the layer has no such file");
}

static int place_node(struct tree *t, const char *last, mode_t mode, dev_t dev)
{
	int r = mknodat(t->parent, last, mode, dev) < 0 ? -errno : 0;

	if (r != -EEXIST)
		return r;
	r = make_room(t, last);
	return r ? r : mknodat(t->parent, last, mode, dev) < 0 ? -errno : 0;
}

int tree_fifo(struct tree *t, const char *name, const struct tree_meta *meta)
{
	char path[MERGED_PATH + 1];
	const char *last = "";
	mode_t mask;
	int r = find_place(t, name, 0, path, &last);

	if (r < 0)
		return r;
	mask = umask(0); /* its mode from the beginning: a name is not to be asked for again */
	r = place_node(t, last, S_IFIFO | (meta->mode & 07777), 0);
	umask(mask);
	if (!r)
		r = set_owner_of(t, last, meta);
	if (!r)
		set_time(t->parent, last, meta->mtime);
	return r < 0 ? say(t, r, name) : 0;
}

/* What this layer itself has of that name is newer than what it hides: a file stays, a directory becomes opaque. */
int tree_whiteout(struct tree *t, const char *name)
{
	char path[MERGED_PATH + 1];
	const char *last = "";
	struct stat st;
	int r = find_place(t, name, 0, path, &last);

	if (r < 0)
		return r;
	if (fstatat(t->parent, last, &st, AT_SYMLINK_NOFOLLOW) < 0)
		r = mknodat(t->parent, last, S_IFCHR, makedev(0, 0)) < 0 ? -errno : 0;
	else
		return S_ISDIR(st.st_mode) ? tree_opaque(t, name) : 0;
	if (r == -EPERM)
		failure_advise(&t->failure, "files that hide others can be made without privilege since Linux 5.8");
	return r < 0 ? say(t, r, name) : 0;
}

int tree_opaque(struct tree *t, const char *name)
{
	AUTO_CLOSE int fd = -1;
	char path[MERGED_PATH];
	int r = clean(t, name, path);

	if (!r)
		r = count(t, path, 0);
	if (r < 0)
		return r;
	r = enter(t, path);
	if (!r)
		fd = openat(t->parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!r)
		r = fd < 0 ? -errno : set_opaque(t, fd);
	return r < 0 ? say(t, r, name) : 0;
}

/* ---- the end ---- */

/* The last ones lie deepest, mostly; a folder that may not be searched is no obstacle to those in it. */
int tree_end(struct tree *t)
{
	int r = 0;

	forget_parent(t);
	for (size_t i = t->n_folders; !r && i--;) {
		const struct tree_folder *f = &t->folder[i];
		AUTO_CLOSE int fd = path_open(t->root, f->path);
		struct stat st;

		if (fd < 0 || fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode))
			continue; /* something else took its place */
		set_time(fd, ".", f->mtime);
		if (!t->privileged)
			r = fchmodat(fd, ".", f->mode & 07777, 0) < 0 ? -errno : 0;
	}
	return r < 0 ? say(t, r, "folders") : 0;
}
