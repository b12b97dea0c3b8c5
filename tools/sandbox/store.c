/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The store of images. */
#include "sandbox/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/remove.h"
#include "util/cleanup.h"

#define STORE "/var/lib/cgx/images"

enum { TEXT_MOST = 1 << 20 };

static const char *const folders[] = { "layers", "names", "cache", "seen", "new" };
static const char *const kinds[] = { [STORE_NAMES] = "names", [STORE_CACHE] = "cache", [STORE_SEEN] = "seen" };

static int say(const struct store *s, int err, const char *object, const char *action)
{
	return failure_say(&s->failure, err, object, action, NULL);
}

/* ---- open ---- */

static int find_path(struct buf *b)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	if (geteuid() == 0)
		buf_puts(b, STORE);
	else if (data && *data == '/')
		buf_printf(b, "%s/cgx/images", data);
	else if (home && *home == '/')
		buf_printf(b, "%s/.local/share/cgx/images", home);
	else
		return -ENOTDIR;
	return b->err;
}

/* Folders above are for others as well; the store is for its owner alone. */
static int make_path(const char *path)
{
	AUTO_FREE char *part = strdup(path);

	if (!part)
		return -ENOMEM;
	for (char *p = part + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (mkdir(part, geteuid() ? 0700 : !strcmp(part, "/var/lib/cgx") ? 0711 : 0755) < 0 && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return mkdir(part, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int open_folders(struct store *s, int make)
{
	struct stat st;

	s->dir = open(s->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->dir < 0)
		return -errno;
	/* somebody else's folder of this name is a trap */
	if (fstat(s->dir, &st) < 0 || st.st_uid != geteuid() || st.st_mode & 077)
		return -EPERM;
	for (size_t i = 0; make && i < sizeof(folders) / sizeof(folders[0]); i++)
		if (mkdirat(s->dir, folders[i], 0700) < 0 && errno != EEXIST)
			return -errno;
	s->lock = openat(s->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return s->lock < 0 ? -errno : 0;
}

int store_open(struct store *s, int make, const struct failure *f)
{
	AUTO_BUF struct buf path = { 0 };
	int r;

	*s = (struct store){ .failure = *f, .dir = -1, .lock = -1 };
	r = find_path(&path);
	if (r == -ENOTDIR) {
		failure_advise(f, "HOME or XDG_DATA_HOME names the folder for them");
		return failure_say(f, r, "images", "find their folder", NULL);
	}
	if (!r)
		r = buf_steal(&path, &s->path);
	if (!r && make)
		r = make_path(s->path);
	if (!r)
		r = open_folders(s, make);
	if (!r || (r == -ENOENT && !make))
		return r;
	if (r == -EPERM)
		return failure_say(f, r, s->path, "open", "it must be a folder of the caller's that nobody else may enter");
	return say(s, r, s->path ? s->path : "images", "open");
}

void store_close(struct store *s)
{
	if (s->dir >= 0)
		close(s->dir);
	if (s->lock >= 0)
		close(s->lock);
	free(s->path);
	*s = (struct store){ .dir = -1, .lock = -1 };
}

static int lock_store(struct store *s, int how)
{
	int r;

	do
		r = flock(s->lock, how);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

/* ---- what is being made ---- */

static int subfolder(const struct store *s, const char *name)
{
	int fd = openat(s->dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Remove what nobody holds; -EBUSY somebody does. */
static int remove_free(int dir, const char *name)
{
	AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -EBUSY;
	return remove_tree(dir, name);
}

/* Each name in a folder that is not in keep, under the store's lock. */
static int remove_others(struct store *s, const char *folder, const struct words *keep)
{
	int fd = subfolder(s, folder), r = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d)
		return fd < 0 ? fd : -ENOMEM;
	while ((e = readdir(d))) {
		int kept = *e->d_name == '.', one;

		for (size_t i = 0; !kept && keep && i < keep->n; i++)
			kept = !strcmp(keep->v[i], e->d_name);
		one = kept ? 0 : remove_free(dirfd(d), e->d_name);
		if (one < 0 && one != -EBUSY)
			r = one;
	}
	closedir(d);
	return r;
}

static int make_new(struct store *s, struct store_new *ret)
{
	AUTO_CLOSE int dir = subfolder(s, "new");

	if (dir < 0)
		return dir;
	for (unsigned i = 0; i < 10000; i++) {
		snprintf(ret->name, sizeof(ret->name), "%d-%u", (int)getpid(), i);
		if (!mkdirat(dir, ret->name, 0700))
			break;
		if (errno != EEXIST)
			return -errno;
	}
	ret->dir = openat(dir, ret->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return ret->dir < 0 || flock(ret->dir, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
}

int store_begin(struct store *s, struct store_new *ret)
{
	int r;

	*ret = (struct store_new){ .dir = -1 };
	r = lock_store(s, LOCK_EX);
	if (!r)
		r = remove_others(s, "new", NULL);
	if (!r)
		r = make_new(s, ret);
	lock_store(s, LOCK_UN);
	return r < 0 ? say(s, r, s->path, "make a folder to work in") : 0;
}

int store_folder(struct store *s, const struct store_new *n, const char *name)
{
	int fd = mkdirat(n->dir, name, 0755) < 0 ? -1 : openat(n->dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? say(s, -errno, s->path, "make a folder to work in") : fd;
}

void store_abandon(struct store *s, struct store_new *n)
{
	AUTO_CLOSE int dir = n->dir < 0 ? -1 : subfolder(s, "new");

	if (dir >= 0)
		remove_tree(dir, n->name);
	if (n->dir >= 0)
		close(n->dir);
	n->dir = -1;
}

/* ---- layers ---- */

static int open_layer(const struct store *s, const char *id)
{
	AUTO_CLOSE int layers = subfolder(s, "layers");
	int fd = layers < 0 ? -1 : openat(layers, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (layers < 0)
		return layers;
	if (fd < 0)
		return -errno;
	if (!flock(fd, LOCK_SH | LOCK_NB))
		return fd;
	close(fd);
	return -EBUSY;
}

int store_hold(struct store *s, const char *id)
{
	int r = lock_store(s, LOCK_SH), fd;

	if (r < 0)
		return say(s, r, s->path, "lock");
	fd = open_layer(s, id);
	lock_store(s, LOCK_UN);
	return fd < 0 && fd != -ENOENT ? say(s, fd, id, "open the layer") : fd;
}

/* Wrapped in a folder that carries the lock, whatever mode the layer's own root has. */
static int put_layer(struct store *s, const struct store_new *n, const char *name, const char *id)
{
	AUTO_CLOSE int layers = subfolder(s, "layers");
	char whole[64];

	if (layers < 0)
		return layers;
	snprintf(whole, sizeof(whole), "w-%s", name);
	if (mkdirat(n->dir, whole, 0700) < 0)
		return -errno;
	AUTO_CLOSE int fd = openat(n->dir, whole, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	/* whole on disk before it has its name: after a crash nobody looks into it again */
	if (renameat(n->dir, name, fd, "root") < 0 || syncfs(fd) < 0)
		return -errno;
	if (!renameat2(n->dir, whole, layers, id, RENAME_NOREPLACE) || errno == EEXIST)
		return 0;
	return -errno;
}

int store_commit(struct store *s, const struct store_new *n, const char *name, const char *id)
{
	int r = lock_store(s, LOCK_SH), fd = -1;

	if (!r)
		r = put_layer(s, n, name, id);
	if (!r)
		fd = open_layer(s, id);
	lock_store(s, LOCK_UN);
	if (r < 0 || fd < 0)
		return say(s, r < 0 ? r : fd, id, "keep the layer");
	return fd;
}

char *store_layer(const struct store *s, const char *id)
{
	char *path;

	return asprintf(&path, "%s/layers/%s/root", s->path, id) < 0 ? NULL : path;
}

int store_collect(struct store *s, int (*kept)(struct store *s, struct words *ret))
{
	struct words keep = { 0 };
	int r = lock_store(s, LOCK_EX), others = 0;

	if (r < 0)
		return say(s, r, s->path, "lock");
	r = kept(s, &keep);
	if (!r)
		r = remove_others(s, "layers", &keep);
	if (!r)
		others = remove_others(s, "new", NULL);
	lock_store(s, LOCK_UN);
	words_free(&keep);
	r = r < 0 ? r : others;
	return r < 0 ? say(s, r, s->path, "remove layers that no image has") : 0;
}

/* ---- texts ---- */

static int open_kind(const struct store *s, enum store_kind kind, const char *name)
{
	if (!*name || *name == '.' || strchr(name, '/') || strlen(name) > 250)
		return -EINVAL;
	return subfolder(s, kinds[kind]);
}

static int read_all(int fd, struct buf *ret)
{
	ssize_t n;

	while (ret->len <= TEXT_MOST) {
		if (buf_reserve(ret, 65536))
			return -ENOMEM;
		n = read(fd, ret->s + ret->len, 65536);
		if (n < 0)
			return -errno;
		if (!n)
			return 0;
		ret->len += (size_t)n;
		ret->s[ret->len] = '\0';
	}
	return -EFBIG;
}

int store_read(struct store *s, enum store_kind kind, const char *name, struct buf *ret)
{
	AUTO_CLOSE int dir = open_kind(s, kind, name), fd = -1;

	if (dir < 0)
		return dir;
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : read_all(fd, ret);
}

static int write_beside(int dir, const char *beside, const char *name, const struct buf *text)
{
	AUTO_CLOSE int fd = openat(dir, beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	size_t done = 0;

	if (fd < 0)
		return -errno;
	while (done < text->len) {
		ssize_t n = write(fd, text->s + done, text->len - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	if (fdatasync(fd) < 0)
		return -errno;
	return renameat(dir, beside, dir, name) < 0 ? -errno : 0;
}

int store_write(struct store *s, enum store_kind kind, const char *name, const struct buf *text)
{
	AUTO_CLOSE int dir = open_kind(s, kind, name);
	char beside[32];
	int r = dir;

	snprintf(beside, sizeof(beside), ".new-%d", (int)getpid());
	if (r >= 0)
		r = lock_store(s, LOCK_SH); /* nobody is about to remove the layers that it names */
	if (r >= 0)
		r = text->err ? text->err : write_beside(dir, beside, name, text);
	lock_store(s, LOCK_UN);
	if (r < 0 && dir >= 0)
		unlinkat(dir, beside, 0);
	return r < 0 ? say(s, r, name, "write it to the store") : 0;
}

int store_forget(struct store *s, enum store_kind kind, const char *name)
{
	AUTO_CLOSE int dir = open_kind(s, kind, name);

	if (dir < 0)
		return dir;
	return unlinkat(dir, name, 0) < 0 ? -errno : 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int store_list(struct store *s, enum store_kind kind, struct words *ret)
{
	int fd = subfolder(s, kinds[kind]), r = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d)
		return fd < 0 ? fd : -ENOMEM;
	while (!r && (e = readdir(d)))
		if (*e->d_name != '.')
			r = words_add(ret, e->d_name);
	closedir(d);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare);
	return r;
}
