/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copying directories. */
#include "sandbox/copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "sandbox/spec.h"
#include "util/cleanup.h"

#define NOBODY 65534

/* A folder's descriptor stays open while what is in it is walked. */
enum { DEEPEST = 200, PART = 128 * 1024, LINK_MOST = 4096 };

struct copying {
	const struct copy *c;
	const struct failure *failure;
	struct sha256 *h;      /* NULL: nobody asks */
	char path[MERGED_PATH]; /* below c->from */
	char *part;            /* PART bytes */
	uint64_t size;
	int only_size;
};

static int fail(const struct copying *x, int err, const char *cause)
{
	AUTO_BUF struct buf object = { 0 };

	if (!x->failure)
		return err;
	buf_printf(&object, "%s/", x->c->called);
	buf_escape(&object, x->path, strnlen(x->path, 300));
	return failure_say(x->failure, err, buf_text(&object), "copy", cause ? "%s" : NULL, cause);
}

/* ---- names ---- */

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* fd is taken over. */
static int list(int fd, struct words *ret)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;
	int r = 0;

	if (!d) {
		close(fd);
		return -ENOMEM;
	}
	while (!r && (errno = 0, e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = words_add(ret, e->d_name);
	r = r ? r : -errno;
	closedir(d);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare);
	return r;
}

/* The name in the layer of what is at x->path. */
static void place_of(const struct copying *x, struct buf *ret)
{
	const char *below = x->path;

	if (x->c->name) { /* the name itself is replaced by into */
		below += strlen(x->c->name);
		below += *below == '/';
	}
	buf_puts(ret, x->c->into ? x->c->into : "");
	if (*below)
		buf_printf(ret, "/%s", below);
}

/* ---- the digest ---- */

static void add_number(struct copying *x, uint64_t n)
{
	if (x->h)
		sha256_add(x->h, &n, sizeof(n));
}

static void add_text(struct copying *x, const char *s, size_t n)
{
	add_number(x, n);
	if (x->h)
		sha256_add(x->h, s, n);
}

static void add_entry(struct copying *x, const struct stat *st, const struct tree_meta *m)
{
	const char *below = x->path + (x->c->name ? strlen(x->c->name) : 0);

	add_text(x, below, strlen(below));
	add_number(x, st->st_mode);
	add_number(x, m->uid);
	add_number(x, m->gid);
	if (x->c->keep_times) {
		add_number(x, (uint64_t)m->mtime.tv_sec);
		add_number(x, (uint64_t)m->mtime.tv_nsec);
	}
	for (size_t i = 0; i < m->n_xattrs; i++) {
		add_text(x, m->xattr[i].name, strlen(m->xattr[i].name));
		add_text(x, m->xattr[i].value, m->xattr[i].size);
	}
}

/* ---- entries ---- */

static uid_t owner_of(const struct copy *c, uid_t id)
{
	if (!c->id_count)
		return id;
	return id >= c->id_base && id - c->id_base < c->id_count ? id - c->id_base : NOBODY;
}

static void fill_meta(const struct copying *x, const struct stat *st, struct tree_meta *ret)
{
	*ret = (struct tree_meta){ .mode = st->st_mode & 07777, .mtime = st->st_mtim, .uid = x->c->uid, .gid = x->c->gid };
	if (x->c->sets_mode && !S_ISLNK(st->st_mode))
		ret->mode = x->c->mode;
	if (x->c->no_set_id)
		ret->mode &= 01777;
	if (x->c->keep_owners) {
		ret->uid = owner_of(x->c, st->st_uid);
		ret->gid = owner_of(x->c, st->st_gid);
	}
}

/* Capabilities of a file; nothing else is carried over. */
static void fill_xattrs(const struct copying *x, int fd, struct tree_xattr *one, void *value, struct tree_meta *ret)
{
	ssize_t n = x->c->keep_owners ? fgetxattr(fd, "security.capability", value, 64) : -1;

	if (n <= 0)
		return;
	*one = (struct tree_xattr){ "security.capability", value, (size_t)n };
	ret->xattr = one;
	ret->n_xattrs = 1;
}

/* In an archive; nothing where none is written. */
static int pack(struct copying *x, const struct stat *st, const struct tree_meta *m, const struct buf *place, const char *target)
{
	const char *name = buf_text(place);
	const struct pack_entry e = { .name = name + strspn(name, "/"), .mode = (st->st_mode & S_IFMT) | m->mode, .target = target, .meta = m,
				      .size = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0 };

	if (place->err)
		return place->err;
	return x->c->pack ? pack_add(x->c->pack, &e) : 0;
}

static int is_empty(const char *part, size_t n)
{
	return !*part && !memcmp(part, part + 1, n - 1);
}

/* sparse: what is 0 becomes a hole again. */
static int pour(struct copying *x, int from, int to, uint64_t size, int sparse)
{
	uint64_t done = 0;

	while (done < size) {
		ssize_t n = read(from, x->part, size - done < PART ? (size_t)(size - done) : PART);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail(x, n < 0 ? -errno : -EIO, n ? NULL : "it became shorter meanwhile");
		if (x->h)
			sha256_add(x->h, x->part, (size_t)n);
		if (x->c->pack) {
			int r = pack_data(x->c->pack, x->part, (size_t)n);

			if (r)
				return r;
		}
		if (to >= 0 && sparse && is_empty(x->part, (size_t)n) && lseek(to, n, SEEK_CUR) >= 0) {
			done += (uint64_t)n;
			continue;
		}
		for (ssize_t w, off = 0; to >= 0 && off < n; off += w) {
			w = write(to, x->part + off, (size_t)(n - off));
			if (w < 0 && errno != EINTR)
				return fail(x, -errno, NULL);
			w = w < 0 ? 0 : w;
		}
		done += (uint64_t)n;
	}
	return to >= 0 && sparse && ftruncate(to, (off_t)size) < 0 ? fail(x, -errno, NULL) : 0;
}

static int copy_file(struct copying *x, int dir, const char *name)
{
	AUTO_CLOSE int from = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	AUTO_BUF struct buf place = { 0 };
	AUTO_CLOSE int to = -1;
	struct tree_xattr xattr;
	struct tree_meta meta;
	struct stat st;
	char value[64];
	int r = 0;

	if (from < 0 || fstat(from, &st) < 0)
		return fail(x, -errno, NULL);
	if (!S_ISREG(st.st_mode))
		return fail(x, -EAGAIN, "it became something else meanwhile");
	fill_meta(x, &st, &meta);
	fill_xattrs(x, from, &xattr, value, &meta);
	add_entry(x, &st, &meta);
	add_number(x, (uint64_t)st.st_size);
	place_of(x, &place);
	if (x->c->to)
		r = place.err ? place.err : tree_file(x->c->to, buf_text(&place), (uint64_t)st.st_size, &to);
	if (!r)
		r = pack(x, &st, &meta, &place, NULL);
	if (!r)
		r = pour(x, from, to, (uint64_t)st.st_size, (uint64_t)st.st_blocks * 512 < (uint64_t)st.st_size);
	return r || !x->c->to ? r : tree_file_end(x->c->to, to, &meta);
}

static int copy_link(struct copying *x, int dir, const char *name, const struct stat *st)
{
	AUTO_BUF struct buf place = { 0 };
	char target[LINK_MOST];
	struct tree_meta meta;
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);

	if (n < 0)
		return fail(x, -errno, NULL);
	target[n] = '\0';
	fill_meta(x, st, &meta);
	add_entry(x, st, &meta);
	add_text(x, target, (size_t)n);
	place_of(x, &place);
	if (x->c->to)
		return tree_symlink(x->c->to, buf_text(&place), target, &meta);
	return pack(x, st, &meta, &place, target);
}

static int copy_other(struct copying *x, const struct stat *st)
{
	AUTO_BUF struct buf place = { 0 };
	struct tree_dropped *dropped;
	struct tree_meta meta;

	fill_meta(x, st, &meta);
	place_of(x, &place);
	if (is_whiteout(st) && !x->c->to && !x->c->pack) { /* of a layer */
		add_entry(x, st, &meta);
		return 0;
	}
	if (S_ISFIFO(st->st_mode)) {
		add_entry(x, st, &meta);
		return x->c->to ? tree_fifo(x->c->to, buf_text(&place), &meta) : pack(x, st, &meta, &place, NULL);
	}
	dropped = x->c->to ? &x->c->to->dropped : x->c->dropped;
	if (dropped && S_ISSOCK(st->st_mode))
		dropped->sockets++;
	else if (dropped)
		dropped->devices++;
	return 0;
}

/* ---- the walk ---- */

static int walk(struct copying *x, int fd, int depth);

/* bare: what is in it, and not itself. */
static int copy_folder(struct copying *x, int dir, const char *name, int depth, int bare)
{
	AUTO_BUF struct buf place = { 0 };
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r = 0;
	struct tree_meta meta;
	struct stat st;

	if (fd < 0)
		return fail(x, -errno, NULL);
	if (bare)
		return walk(x, fd, depth);
	if (fstat(fd, &st) < 0) {
		close(fd);
		return -errno;
	}
	fill_meta(x, &st, &meta);
	add_entry(x, &st, &meta);
	add_number(x, (uint64_t)is_opaque(fd));
	place_of(x, &place);
	if (x->c->to)
		r = tree_folder(x->c->to, buf_text(&place), &meta);
	else
		r = pack(x, &st, &meta, &place, NULL);
	if (r) {
		close(fd);
		return r;
	}
	return walk(x, fd, depth);
}

static int copy_entry(struct copying *x, int dir, const char *name, int depth)
{
	struct stat st;
	int out;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(x, -errno, NULL);
	out = x->c->left_out ? x->c->left_out(x->c->data, x->path, S_ISDIR(st.st_mode)) : 0;
	if (out == 1 || (out && !S_ISDIR(st.st_mode)))
		return 0;
	if (x->only_size && !S_ISDIR(st.st_mode)) {
		x->size += S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
		return 0;
	}
	if (S_ISDIR(st.st_mode))
		return copy_folder(x, dir, name, depth + 1, out);
	if (S_ISREG(st.st_mode))
		return copy_file(x, dir, name);
	return S_ISLNK(st.st_mode) ? copy_link(x, dir, name, &st) : copy_other(x, &st);
}

/* fd is taken over. */
static int walk(struct copying *x, int fd, int depth)
{
	AUTO_CLOSE int dir = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	struct words names = { 0 };
	size_t len = strlen(x->path);
	int r = list(fd, &names);

	if (!r && (dir < 0 || depth > DEEPEST))
		r = fail(x, dir < 0 ? -EMFILE : -ELOOP, dir < 0 ? NULL : "folders within folders, more than 200 deep");
	for (size_t i = 0; !r && i < names.n; i++) {
		size_t n = strlen(names.v[i]);

		if (len + n + 2 > sizeof(x->path)) {
			r = fail(x, -ENAMETOOLONG, NULL);
			break;
		}
		memcpy(x->path + len + (len > 0), names.v[i], n + 1);
		if (len)
			x->path[len] = '/';
		r = copy_entry(x, dir, names.v[i], depth);
		x->path[len] = '\0';
	}
	words_free(&names);
	return r;
}

static int begin(struct copying *x)
{
	const struct copy *c = x->c;
	int fd;

	if (c->name) {
		if (strlen(c->name) >= sizeof(x->path))
			return fail(x, -ENAMETOOLONG, NULL);
		strcpy(x->path, c->name);
		return copy_entry(x, c->from, c->name, 0);
	}
	fd = openat(c->from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? fail(x, -errno, NULL) : walk(x, fd, 0);
}

int copy_tree(const struct copy *c, char ret[SHA256_HEX + 1])
{
	AUTO_FREE char *part = malloc(PART);
	struct sha256 h = { 0 };
	struct copying x = { .c = c, .part = part, .failure = c->to ? &c->to->failure : &c->failure, .h = ret ? &h : NULL };
	int r;

	if (!part)
		return fail(&x, -ENOMEM, NULL);
	sha256_begin(&h);
	r = begin(&x);
	if (!r && ret)
		sha256_end(&h, ret);
	return r;
}

int copy_size(int dir, uint64_t *ret)
{
	const struct copy c = { .from = dir, .called = "" };
	struct copying x = { .c = &c, .only_size = 1 };
	int r = begin(&x);

	*ret += x.size;
	return r;
}
