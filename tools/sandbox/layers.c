/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Archives into layers and out of folders, over libarchive. */
#include "sandbox/layers.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_LIBARCHIVE
#include <archive.h>
#include <archive_entry.h>

#include "ui/lazy.h"
#endif
#include "util/cleanup.h"

enum { PART = 256 * 1024, MAGIC = 6, MOST_XATTRS = 64 };
/* Of one entry: names, attributes and maps of holes, before its data. libarchive keeps all of it, and calls itself anew for
 * each header that speaks of another one. */
#define HEADER_MOST (2u << 20)

enum filter { FILTER_NONE, FILTER_GZIP, FILTER_XZ, FILTER_ZSTD, FILTER_BZIP2, FILTER_LZ4, FILTER_LZIP };

static enum filter filter_of(const unsigned char *magic, size_t n)
{
	static const struct {
		enum filter filter;
		const char *bytes;
		size_t n;
	} kinds[] = { { FILTER_GZIP, "\x1f\x8b", 2 }, { FILTER_XZ, "\xfd" "7zXZ\0", 6 }, { FILTER_ZSTD, "\x28\xb5\x2f\xfd", 4 },
		      { FILTER_BZIP2, "BZh", 3 }, { FILTER_LZ4, "\x04\x22\x4d\x18", 4 }, { FILTER_LZIP, "LZIP", 4 } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (n >= kinds[i].n && !memcmp(magic, kinds[i].bytes, kinds[i].n))
			return kinds[i].filter;
	return FILTER_NONE;
}

int layers_is_archive(int fd)
{
	unsigned char block[512];
	ssize_t n = pread(fd, block, sizeof(block), 0);

	if (n < 0)
		return -errno;
	return filter_of(block, (size_t)n) || (n == sizeof(block) && !memcmp(block + 257, "ustar", 5));
}

#ifdef HAVE_LIBARCHIVE
#define SYMBOLS(X)                        \
	X(archive_read_new)               \
	X(archive_read_free)              \
	X(archive_read_open)              \
	X(archive_read_next_header)       \
	X(archive_read_data_block)        \
	X(archive_read_data_skip)         \
	X(archive_read_support_format_raw) \
	X(archive_read_support_format_tar) \
	X(archive_read_support_filter_gzip) \
	X(archive_read_support_filter_xz) \
	X(archive_read_support_filter_zstd) \
	X(archive_read_support_filter_bzip2) \
	X(archive_read_support_filter_lz4) \
	X(archive_read_support_filter_lzip) \
	X(archive_error_string)           \
	X(archive_entry_pathname)         \
	X(archive_entry_hardlink)         \
	X(archive_entry_symlink)          \
	X(archive_entry_filetype)         \
	X(archive_entry_perm)             \
	X(archive_entry_size)             \
	X(archive_entry_uid)              \
	X(archive_entry_gid)              \
	X(archive_entry_mtime)            \
	X(archive_entry_mtime_nsec)       \
	X(archive_entry_xattr_reset)      \
	X(archive_entry_xattr_next)        \
	X(archive_write_new)               \
	X(archive_write_free)              \
	X(archive_write_close)             \
	X(archive_write_open_fd)           \
	X(archive_write_set_format_gnutar) \
	X(archive_write_header)            \
	X(archive_write_data)              \
	X(archive_errno)                   \
	X(archive_entry_new)               \
	X(archive_entry_free)              \
	X(archive_entry_clear)             \
	X(archive_entry_set_pathname)      \
	X(archive_entry_set_symlink)       \
	X(archive_entry_set_mode)          \
	X(archive_entry_set_size)          \
	X(archive_entry_set_uid)           \
	X(archive_entry_set_gid)           \
	X(archive_entry_set_mtime)

struct libarchive {
	SYMBOLS(LAZY_POINTER)
};

static const struct lazy_symbol symbols[] = {
#define X(name) LAZY_SYMBOL(struct libarchive, name),
	SYMBOLS(X)
#undef X
};
static const struct lazy library = LAZY("libarchive.so.13", "libarchive13", symbols);

struct reading {
	const struct layers_how *how;
	struct tree *tree;
	struct libarchive l;
	struct archive *raw, *tar;     /* raw: what takes the compression off; NULL there is none */
	struct sha256 outer, inner;    /* of what is read; of the archive without compression */
	uint64_t n_outer, n_inner;
	uint64_t n_header;             /* bytes of the header that is being read */
	int in_header, err;            /* err: what a callback failed with */
	size_t kept;                   /* bytes at the beginning of part that were read already */
	unsigned char part[PART];
};

static int fail(struct reading *x, int err, const char *cause)
{
	if (!x->err)
		x->err = err;
	return failure_say(&x->tree->failure, err, x->how->called, "unpack", cause ? "%s" : NULL, cause);
}

/* ---- what is read ---- */

static ssize_t read_part(struct reading *x)
{
	ssize_t n = (ssize_t)x->kept;

	x->kept = 0;
	while (n < 1) {
		n = read(x->how->fd, x->part, sizeof(x->part));
		if (!n)
			return 0;
		if (n < 0 && errno != EINTR)
			return fail(x, -errno, NULL);
	}
	x->n_outer += (uint64_t)n;
	if (x->n_outer > x->how->size)
		return fail(x, -EBADMSG, "it is longer than it should be");
	if (x->raw)
		sha256_add(&x->outer, x->part, (size_t)n);
	return n;
}

static la_ssize_t read_outer(struct archive *a, void *data, const void **ret)
{
	struct reading *x = data;

	(void)a;
	*ret = x->part;
	return read_part(x);
}

static ssize_t decompress(struct reading *x, const void **ret)
{
	la_int64_t at;
	size_t n = 0;

	for (;;) {
		int r = x->l.archive_read_data_block(x->raw, ret, &n, &at);

		if (r == ARCHIVE_EOF)
			return 0;
		if (r < ARCHIVE_WARN)
			return fail(x, -EBADMSG, x->l.archive_error_string(x->raw));
		if (n)
			return (ssize_t)n;
	}
}

/* The archive without compression. What a small file may become has an end, too. */
static la_ssize_t read_inner(struct archive *a, void *data, const void **ret)
{
	struct reading *x = data;
	ssize_t n = x->raw ? decompress(x, ret) : (*ret = x->part, read_part(x));

	(void)a;
	if (n <= 0)
		return n;
	x->n_inner += (uint64_t)n;
	x->n_header += (uint64_t)n;
	sha256_add(&x->inner, *ret, (size_t)n);
	if (x->in_header && x->n_header > HEADER_MOST)
		return fail(x, -EBADMSG, "the header of an entry has no end");
	if (x->n_inner > x->tree->limits.bytes + 1536 * x->tree->limits.entries)
		return fail(x, -EFBIG, "the archive has more bytes than are allowed");
	return n;
}

static int add_filter(struct reading *x, enum filter filter)
{
	switch (filter) {
	case FILTER_GZIP:
		return x->l.archive_read_support_filter_gzip(x->raw);
	case FILTER_XZ:
		return x->l.archive_read_support_filter_xz(x->raw);
	case FILTER_ZSTD:
		return x->l.archive_read_support_filter_zstd(x->raw);
	case FILTER_BZIP2:
		return x->l.archive_read_support_filter_bzip2(x->raw);
	case FILTER_LZ4:
		return x->l.archive_read_support_filter_lz4(x->raw);
	case FILTER_LZIP:
		return x->l.archive_read_support_filter_lzip(x->raw);
	case FILTER_NONE:
		break;
	}
	return ARCHIVE_OK;
}

static int open_raw(struct reading *x, enum filter filter)
{
	struct archive_entry *e;
	struct archive *a = x->raw;

	/* what libarchive itself cannot do it would hand to a program of that name */
	if (add_filter(x, filter) != ARCHIVE_OK)
		return fail(x, -ENOPKG, "this libarchive cannot take this compression off");
	x->l.archive_read_support_format_raw(a);
	if (x->l.archive_read_open(a, x, NULL, read_outer, NULL) != ARCHIVE_OK ||
	    x->l.archive_read_next_header(a, &e) < ARCHIVE_WARN)
		return fail(x, -EBADMSG, x->l.archive_error_string(a));
	return 0;
}

static int open_reading(struct reading *x)
{
	enum filter filter;
	ssize_t n;

	while (x->kept < MAGIC) {
		n = read(x->how->fd, x->part + x->kept, sizeof(x->part) - x->kept);
		if (n < 0 && errno != EINTR)
			return fail(x, -errno, NULL);
		if (!n)
			break;
		x->kept += n > 0 ? (size_t)n : 0;
	}
	filter = filter_of(x->part, x->kept);
	if (filter) {
		x->raw = x->l.archive_read_new();
		if (!x->raw)
			return fail(x, -ENOMEM, NULL);
	}
	x->tar = x->l.archive_read_new();
	if (!x->tar)
		return fail(x, -ENOMEM, NULL);
	x->l.archive_read_support_format_tar(x->tar);
	if (x->raw && open_raw(x, filter) < 0)
		return x->err;
	if (x->l.archive_read_open(x->tar, x, NULL, read_inner, NULL) != ARCHIVE_OK)
		return fail(x, -EBADMSG, x->l.archive_error_string(x->tar));
	return 0;
}

/* ---- entries ---- */

/* Attributes that mean the same here: what overlay keeps for itself would let a layer speak for those below it. */
static int is_kept(const char *name)
{
	if (!strncmp(name, "user.", 5))
		return strncmp(name, "user.overlay.", 13) != 0;
	return !strcmp(name, "security.capability") || !strcmp(name, "system.posix_acl_access") ||
	       !strcmp(name, "system.posix_acl_default");
}

static void take_xattrs(struct reading *x, struct archive_entry *e, struct tree_xattr *to, struct tree_meta *meta)
{
	struct tree_xattr one = { 0 };

	x->l.archive_entry_xattr_reset(e);
	while (x->l.archive_entry_xattr_next(e, &one.name, &one.value, &one.size) == ARCHIVE_OK)
		if (one.name && is_kept(one.name) && meta->n_xattrs < MOST_XATTRS)
			to[meta->n_xattrs++] = one;
		else
			x->tree->dropped.xattrs++;
	meta->xattr = to;
}

static int take_meta(struct reading *x, struct archive_entry *e, struct tree_meta *meta)
{
	la_int64_t uid = x->l.archive_entry_uid(e), gid = x->l.archive_entry_gid(e);

	if (uid < 0 || gid < 0 || uid >= UINT32_MAX || gid >= UINT32_MAX)
		return fail(x, -EBADMSG, "an owner that is none");
	*meta = (struct tree_meta){ .mode = x->l.archive_entry_perm(e), .uid = (uid_t)uid, .gid = (gid_t)gid };
	meta->n_xattrs = 0;
	meta->mtime.tv_sec = x->l.archive_entry_mtime(e);
	meta->mtime.tv_nsec = x->l.archive_entry_mtime_nsec(e);
	return 0;
}

static int write_all(int fd, const char *s, size_t n, off_t at)
{
	while (n) {
		ssize_t w = pwrite(fd, s, n, at);

		if (w < 0 && errno != EINTR)
			return -errno;
		if (w > 0) {
			s += w;
			n -= (size_t)w;
			at += w;
		}
	}
	return 0;
}

static int write_data(struct reading *x, int fd, la_int64_t size)
{
	la_int64_t end = 0, at;
	const void *part;
	size_t n;
	int r;

	while ((r = x->l.archive_read_data_block(x->tar, &part, &n, &at)) == ARCHIVE_OK) {
		if (at < end || at > size || (la_int64_t)n > size - at)
			return fail(x, -EBADMSG, "a file is longer than it says");
		r = write_all(fd, part, n, at);
		if (r < 0)
			return fail(x, r, NULL);
		end = at + (la_int64_t)n;
	}
	if (r != ARCHIVE_EOF)
		return fail(x, -EBADMSG, x->l.archive_error_string(x->tar));
	return end < size && ftruncate(fd, size) < 0 ? fail(x, -errno, NULL) : 0;
}

static int put_file(struct reading *x, struct archive_entry *e, const char *name, const struct tree_meta *meta)
{
	la_int64_t size = x->l.archive_entry_size(e);
	AUTO_CLOSE int fd = -1;
	int r;

	if (size < 0)
		return fail(x, -EBADMSG, "a file of negative length");
	r = tree_file(x->tree, name, (uint64_t)size, &fd);
	if (!r)
		r = write_data(x, fd, size);
	return r ? r : tree_file_end(x->tree, fd, meta);
}

static int put_entry(struct reading *x, struct archive_entry *e, const char *name)
{
	const char *target = x->l.archive_entry_hardlink(e);
	struct tree_xattr xattrs[MOST_XATTRS];
	struct tree_meta meta = { 0 };
	AUTO_BUF struct buf from = { 0 };
	int r = take_meta(x, e, &meta);

	if (r < 0)
		return r;
	if (target) {
		if (x->how->into)
			buf_printf(&from, "%s/", x->how->into);
		buf_puts(&from, target);
		return from.err ? fail(x, -ENOMEM, NULL) : tree_link(x->tree, name, from.s);
	}
	take_xattrs(x, e, xattrs, &meta);
	switch (x->l.archive_entry_filetype(e)) {
	case AE_IFREG:
		return put_file(x, e, name, &meta);
	case AE_IFDIR:
		return tree_folder(x->tree, name, &meta);
	case AE_IFLNK:
		target = x->l.archive_entry_symlink(e);
		return target ? tree_symlink(x->tree, name, target, &meta) : fail(x, -EBADMSG, "a link without target");
	case AE_IFIFO:
		return tree_fifo(x->tree, name, &meta);
	case AE_IFCHR:
	case AE_IFBLK:
		x->tree->dropped.devices++;
		return 0;
	case AE_IFSOCK:
		x->tree->dropped.sockets++;
		return 0;
	default:
		return fail(x, -EBADMSG, "an entry of no known kind");
	}
}

/* 1: the name was a whiteout, and is dealt with. What else begins so is aufs's own and means nothing here. */
static int put_whiteout(struct reading *x, char *name)
{
	char *last = strrchr(name, '/');

	last = last ? last + 1 : name;
	if (strncmp(last, WHITEOUT, strlen(WHITEOUT)) != 0)
		return 0;
	if (!strcmp(last, OPAQUE)) {
		*last = '\0';
		return tree_opaque(x->tree, name) < 0 ? -EBADMSG : 1;
	}
	if (!strncmp(last, WHITEOUT WHITEOUT, 2 * strlen(WHITEOUT)))
		return 1;
	memmove(last, last + strlen(WHITEOUT), strlen(last + strlen(WHITEOUT)) + 1);
	if (!*last || !strcmp(last, ".") || !strcmp(last, ".."))
		return fail(x, -EBADMSG, "a whiteout of nothing");
	return tree_whiteout(x->tree, name) < 0 ? -EBADMSG : 1;
}

static int take_entry(struct reading *x, struct archive_entry *e)
{
	const char *path = x->l.archive_entry_pathname(e);
	AUTO_BUF struct buf name = { 0 };
	int r = 0;

	if (!path)
		return fail(x, -EBADMSG, "an entry without a name");
	if (x->how->into)
		buf_printf(&name, "%s/", x->how->into);
	buf_puts(&name, path);
	if (name.err)
		return fail(x, -ENOMEM, NULL);
	if (x->how->flags & LAYERS_WHITEOUTS)
		r = put_whiteout(x, name.s);
	return r ? (r < 0 ? r : 0) : put_entry(x, e, name.s);
}

static int take_all(struct reading *x)
{
	struct archive_entry *e;
	int r = 0;

	while (!r) {
		x->n_header = 0;
		x->in_header = 1;
		r = x->l.archive_read_next_header(x->tar, &e);
		x->in_header = 0;
		if (r == ARCHIVE_EOF)
			return 0;
		if (r < ARCHIVE_WARN) /* a warning is of names that are no UTF-8, which are taken as they are */
			return fail(x, -EBADMSG, x->l.archive_error_string(x->tar));
		r = take_entry(x, e);
		if (!r && x->l.archive_read_data_skip(x->tar) < ARCHIVE_WARN)
			r = fail(x, -EBADMSG, x->l.archive_error_string(x->tar));
	}
	return r;
}

/* What comes after the end of the archive belongs to its digest. */
static int drain(struct reading *x)
{
	const void *part;
	la_ssize_t n;

	do
		n = read_inner(x->tar, x, &part);
	while (n > 0);
	while (n >= 0 && x->raw) { /* and after the end of what was compressed */
		n = read_part(x);
		if (!n)
			break;
	}
	return n < 0 ? x->err : 0;
}

static int check_digest(struct reading *x, char ret[SHA256_HEX + 1])
{
	char inner[SHA256_HEX + 1], outer[SHA256_HEX + 1];

	sha256_end(&x->inner, inner);
	if (x->raw)
		sha256_end(&x->outer, outer);
	else
		memcpy(outer, inner, sizeof(outer));
	if (ret)
		memcpy(ret, inner, sizeof(inner));
	if (x->how->size != UINT64_MAX && x->n_outer != x->how->size)
		return fail(x, -EBADMSG, "it is shorter than it should be");
	if (!x->how->digest || !strcmp(x->how->digest, outer))
		return 0;
	failure_say(&x->tree->failure, -EBADMSG, x->how->called, "unpack", "its digest is sha256:%s and should be sha256:%s", outer,
		    x->how->digest);
	failure_advise(&x->tree->failure, "it was damaged or changed on its way: get it once more");
	return -EBADMSG;
}

static int unpack(struct reading *x, char ret[SHA256_HEX + 1])
{
	int r;

	sha256_begin(&x->outer);
	sha256_begin(&x->inner);
	r = open_reading(x);
	if (!r)
		r = take_all(x);
	if (!r)
		r = drain(x);
	if (!r)
		r = check_digest(x, ret);
	if (r == -EBADMSG && !x->tree->entries)
		failure_advise(&x->tree->failure, "it should be a tar archive, plain or in gzip, zstd, xz, bzip2, lz4 or lzip");
	x->l.archive_read_free(x->tar);
	x->l.archive_read_free(x->raw);
	return r;
}

/* Names are bytes: in another locale than C libarchive would make others of them. 0 no memory. */
static locale_t enter_c(locale_t *ret_old)
{
	locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);

	if (c)
		*ret_old = uselocale(c);
	return c;
}

static void leave_c(locale_t c, locale_t old)
{
	uselocale(old);
	freelocale(c);
}

int layers_unpack(const struct layers_how *how, struct tree *t, char ret[SHA256_HEX + 1])
{
	AUTO_FREE struct reading *x = calloc(1, sizeof(*x));
	locale_t c, old;
	int r;

	if (!x)
		return failure_say(&t->failure, -ENOMEM, how->called, "unpack", NULL);
	x->how = how;
	x->tree = t;
	r = lazy_load(&library, &x->l, t->failure.why);
	if (r < 0)
		return r;
	c = enter_c(&old);
	if (!c)
		return fail(x, -ENOMEM, NULL);
	r = unpack(x, ret);
	leave_c(c, old);
	return r;
}

/* ---- what is packed ---- */

struct pack {
	struct libarchive l;
	struct archive *a;
	struct archive_entry *e;
	const char *called;
	struct failure failure;
};

static int pack_failed(struct pack *p)
{
	int err = p->l.archive_errno(p->a);
	const char *cause = err > 0 ? NULL : p->l.archive_error_string(p->a);

	return failure_say(&p->failure, err > 0 ? -err : -EIO, p->called, "write the archive", cause ? "%s" : NULL, cause);
}

/* GNU's form: what names consist of, and how long they are, is not limited. */
int pack_begin(int fd, const char *called, const struct failure *f, struct pack **ret)
{
	struct pack *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return failure_say(f, -ENOMEM, called, "write the archive", NULL);
	p->called = called;
	p->failure = *f;
	r = lazy_load(&library, &p->l, f->why);
	if (!r) {
		p->a = p->l.archive_write_new();
		p->e = p->l.archive_entry_new();
		if (!p->a || !p->e)
			r = failure_say(f, -ENOMEM, called, "write the archive", NULL);
	}
	if (!r && (p->l.archive_write_set_format_gnutar(p->a) != ARCHIVE_OK || p->l.archive_write_open_fd(p->a, fd) != ARCHIVE_OK))
		r = pack_failed(p);
	if (r)
		pack_free(p);
	else
		*ret = p;
	return r;
}

static unsigned kind_of(mode_t mode)
{
	return S_ISREG(mode) ? AE_IFREG : S_ISDIR(mode) ? AE_IFDIR : S_ISLNK(mode) ? AE_IFLNK : AE_IFIFO;
}

int pack_add(struct pack *p, const struct pack_entry *e)
{
	locale_t old, c = enter_c(&old);
	int r;

	if (!c)
		return failure_say(&p->failure, -ENOMEM, p->called, "write the archive", NULL);
	p->l.archive_entry_clear(p->e);
	p->l.archive_entry_set_pathname(p->e, e->name);
	p->l.archive_entry_set_mode(p->e, kind_of(e->mode) | (e->mode & 07777));
	p->l.archive_entry_set_size(p->e, (la_int64_t)e->size);
	p->l.archive_entry_set_uid(p->e, e->meta->uid);
	p->l.archive_entry_set_gid(p->e, e->meta->gid);
	p->l.archive_entry_set_mtime(p->e, e->meta->mtime.tv_sec, e->meta->mtime.tv_nsec);
	if (e->target)
		p->l.archive_entry_set_symlink(p->e, e->target);
	r = p->l.archive_write_header(p->a, p->e) < ARCHIVE_WARN ? pack_failed(p) : 0;
	leave_c(c, old);
	return r;
}

int pack_data(struct pack *p, const void *data, size_t n)
{
	return p->l.archive_write_data(p->a, data, n) != (la_ssize_t)n ? pack_failed(p) : 0;
}

int pack_end(struct pack *p)
{
	return p->l.archive_write_close(p->a) != ARCHIVE_OK ? pack_failed(p) : 0;
}

void pack_free(struct pack *p)
{
	if (!p)
		return;
	if (p->e)
		p->l.archive_entry_free(p->e);
	if (p->a)
		p->l.archive_write_free(p->a);
	free(p);
}
#else
int layers_unpack(const struct layers_how *how, struct tree *t, char ret[SHA256_HEX + 1])
{
	(void)ret;
	failure_advise(&t->failure, "build it with libarchive (Debian: libarchive-dev)");
	return failure_say(&t->failure, -EOPNOTSUPP, how->called, "unpack", "this cgx-sandbox was built without libarchive");
}

int pack_begin(int fd, const char *called, const struct failure *f, struct pack **ret)
{
	(void)fd;
	(void)ret;
	failure_advise(f, "build it with libarchive (Debian: libarchive-dev)");
	return failure_say(f, -EOPNOTSUPP, called, "write an archive", "this cgx-sandbox was built without libarchive");
}

int pack_add(struct pack *p, const struct pack_entry *e)
{
	(void)p;
	(void)e;
	return -EOPNOTSUPP;
}

int pack_data(struct pack *p, const void *data, size_t n)
{
	(void)p;
	(void)data;
	(void)n;
	return -EOPNOTSUPP;
}

int pack_end(struct pack *p)
{
	(void)p;
	return -EOPNOTSUPP;
}

void pack_free(struct pack *p)
{
	(void)p;
}
#endif
