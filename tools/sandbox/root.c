/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Roots by name. */
#include "sandbox/root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/import.h"
#include "sandbox/path.h"
#include "sandbox/sha256.h"
#include "ui/message.h"
#include "util/cleanup.h"

void root_free(struct root *r)
{
	free(r->called);
	image_free(&r->image);
	stack_free(&r->stack);
	*r = (struct root){ 0 };
}

int root_hold(struct store *store, const struct image *i, struct words *lower, struct root *ret)
{
	int r = 0;

	for (size_t n = i->layers.n; !r && n--;) {
		AUTO_FREE char *path = store_layer(store, i->layers.v[n]);

		r = path ? words_add(lower, path) : -ENOMEM;
	}
	return r ? r : stack_image(&ret->stack, store, i);
}

/* ---- archives and layouts that are run as they are ---- */

/* A file that was not changed is known by this; what changes it changes the time of its inode. */
static void key_of(const struct stat *st, char ret[SHA256_HEX + 1])
{
	const uint64_t n[] = { st->st_dev, st->st_ino, (uint64_t)st->st_size, (uint64_t)st->st_mtim.tv_sec,
			       (uint64_t)st->st_mtim.tv_nsec, (uint64_t)st->st_ctim.tv_sec, (uint64_t)st->st_ctim.tv_nsec };
	struct sha256 h;

	sha256_begin(&h);
	sha256_add(&h, n, sizeof(n));
	sha256_end(&h, ret);
}

static int find_seen(struct store *s, const char *key, struct image *ret)
{
	AUTO_BUF struct buf name = { 0 };

	return store_read(s, STORE_SEEN, key, &name) ? -ENOENT : image_read(s, buf_text(&name), ret);
}

static int import_it(struct store *s, const char *path, int fd, const char *key, struct image *ret)
{
	struct import x = { .called = path, .fd = fd };
	AUTO_FREE char *name = NULL;
	AUTO_BUF struct buf text = { 0 };
	int r;

	AUTO_BUF struct buf id = { 0 };

	r = import_image(s, &x, &name);
	if (!r)
		r = image_read(s, name, ret);
	if (r)
		return r;
	/* what it calls itself may be called otherwise tomorrow */
	buf_printf(&id, "sha256:%s", ret->id);
	if (id.err)
		return -ENOMEM;
	if (strcmp(name, id.s) != 0)
		r = image_write(s, id.s, ret);
	buf_puts(&text, id.s);
	return r ? r : store_write(s, STORE_SEEN, key, &text);
}

/* A layout that is a directory is told by its index. */
static int stat_of(int fd, struct stat *ret)
{
	if (fstat(fd, ret) < 0)
		return -errno;
	if (!S_ISDIR(ret->st_mode))
		return 0;
	if (!fstatat(fd, "index.json", ret, AT_SYMLINK_NOFOLLOW) || !fstatat(fd, "manifest.json", ret, AT_SYMLINK_NOFOLLOW))
		return 0;
	return -errno;
}

static int use_file(struct store *s, const char *path, int fd, struct image *ret)
{
	char key[SHA256_HEX + 1];
	struct stat st;
	int r = stat_of(fd, &st);

	if (r)
		return failure_say(&s->failure, r, path, "open the image", NULL);
	key_of(&st, key);
	r = find_seen(s, key, ret);
	return r == -ENOENT ? import_it(s, path, fd, key, ret) : r;
}

/* ---- what the word names ---- */

static int use_image(struct store *store, struct sandbox_spec *s, struct root *ret)
{
	ret->is_image = 1;
	if (!ret->image.layers.n)
		return failure_say(&store->failure, -ENOENT, ret->called, "run it", "the image has no layers");
	return root_hold(store, &ret->image, &s->lower, ret);
}

/* 1: it is a path, which the word is then, or what lies at it is to be imported; *ret_fd. */
static int open_path(const char *word, int *ret_fd)
{
	struct stat st;

	*ret_fd = open(word, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (*ret_fd < 0)
		return errno != ENOENT;
	if (!fstat(*ret_fd, &st) && (S_ISREG(st.st_mode) || (S_ISDIR(st.st_mode) && import_is_layout(*ret_fd))))
		return 1;
	close(*ret_fd);
	*ret_fd = -1;
	return 1;
}

static int no_root(const struct frame *f, const char *word, const char *cause)
{
	return msg_error(f, "ROOT is a directory with a root file system in it, a tar archive, an OCI image, the name of an imported image "
			 "(cgx-sandbox images lists them), or / for this host's own tree", "%s: open the root: %s", word, cause);
}

/* What the kernel itself shows as files, or /dev: no program is in it. */
static int is_kernels(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat dev, st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return 0;
	if (path_is_kernels(fd) > 0)
		return 1;
	return !stat("/dev", &dev) && dev.st_dev == st.st_dev && !strncmp(path, "/dev", 4) && strchr("/", path[4]);
}

static int check_directory(const struct frame *f, const char *word, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return no_root(f, word, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return no_root(f, word, "it is neither a directory nor a file");
	if (!is_kernels(path))
		return 0;
	return msg_error(f, "/ is this host's own tree, in which a sandbox has a /proc, a /sys and a /dev of its own; -v shows more of the host inside",
			 "%s: open the root: these are files of the kernel, with no programs in them", word);
}

static int by_name(const struct frame *f, const char *word, struct store *store, struct root *ret)
{
	int r = image_find(store, word, &ret->image, &ret->called);

	if (r == -ENOENT && !store->failure.why->len)
		return no_root(f, word, strerror(ENOENT));
	return r;
}

int root_find(const struct frame *f, const char *word, struct sandbox_spec *s, struct root *ret)
{
	AUTO_BUF struct buf why = { 0 }, remedy = { 0 };
	const struct failure failure = { &why, &remedy };
	struct store store;
	AUTO_CLOSE int fd = -1;
	int is_path = open_path(word, &fd), r;

	*ret = (struct root){ 0 };
	if (is_path && fd < 0) {
		s->root = realpath(word, NULL);
		if (!s->root)
			return no_root(f, word, strerror(errno));
		r = check_directory(f, word, s->root);
		ret->called = r ? NULL : strdup(s->root);
		return r ? r : ret->called ? 0 : -ENOMEM;
	}
	r = store_open(&store, is_path, &failure);
	if (!r && is_path) {
		ret->called = strdup(word);
		r = ret->called ? use_file(&store, word, fd, &ret->image) : -ENOMEM;
	} else if (!r) {
		r = by_name(f, word, &store, ret);
	} else if (r == -ENOENT) {
		r = no_root(f, word, strerror(ENOENT));
	}
	if (!r)
		r = use_image(&store, s, ret);
	store_close(&store);
	if (r < 0)
		r = msg_error(f, remedy.len ? buf_text(&remedy) : NULL, "%s", why.len ? buf_text(&why) : strerror(-r));
	return r;
}

/* ---- what the image says ---- */

static int add_words(struct words *to, const struct words *from)
{
	int r = 0;

	for (size_t i = 0; !r && i < from->n; i++)
		r = words_add(to, from->v[i]);
	return r;
}

int root_command(const struct root *root, const char *entrypoint, int argc, char **argv, struct sandbox_spec *s)
{
	const struct image *i = &root->image;
	int r = 0;

	if (entrypoint && *entrypoint)
		r = words_add(&s->argv, entrypoint);
	else if (!entrypoint)
		r = add_words(&s->argv, &i->entrypoint);
	for (int n = 0; !r && n < argc; n++)
		r = words_add(&s->argv, argv[n]);
	if (!r && !argc && !entrypoint)
		r = add_words(&s->argv, &i->cmd);
	if (!r && !s->user && i->user && !(s->user = strdup(i->user)))
		r = -ENOMEM;
	if (!r && !s->cwd && i->cwd && !(s->cwd = strdup(i->cwd)))
		r = -ENOMEM;
	return r;
}
