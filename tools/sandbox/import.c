/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Importing images. */
#include "sandbox/import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/copy.h"
#include "sandbox/image.h"
#include "sandbox/layers.h"
#include "sandbox/manifest.h"
#include "sandbox/path.h"
#include "sandbox/sha256.h"
#include "util/cleanup.h"
#include "util/clock.h"

enum { INDEX_DEEPEST = 4 };

struct importing {
	struct import *x;
	struct store *store;
	const struct failure *failure;
	struct store_new new;
	struct image image;
	struct words diffs;
	char chain[SHA256_HEX + 1]; /* id of the topmost layer so far, "" none */
	int held[IMAGE_LAYERS], tree[IMAGE_LAYERS]; /* topmost first: the layer's lock, its root */
	size_t n;
	char name[256];            /* what it calls itself; "" nothing */
};

static int fail(const struct importing *m, int err, const char *what, const char *cause)
{
	AUTO_BUF struct buf object = { 0 };

	buf_puts(&object, m->x->called);
	if (what && *what) {
		buf_puts(&object, ": ");
		buf_escape(&object, what, strnlen(what, 200));
	}
	return failure_say(m->failure, err, buf_text(&object), "import", cause && *cause ? "%s" : NULL, cause);
}

/* ---- layers ---- */

/* The id of a layer that lies on another: what is below decides how its whiteouts and links are to be taken. */
static void chain_up(struct importing *m, const char *diff, char ret[SHA256_HEX + 1])
{
	struct sha256 h;

	if (!m->n) {
		snprintf(ret, SHA256_HEX + 1, "%s", diff);
		return;
	}
	sha256_begin(&h);
	sha256_add(&h, m->chain, SHA256_HEX);
	sha256_add(&h, diff, SHA256_HEX);
	sha256_end(&h, ret);
}

/* It is the topmost now. */
static int lay(struct importing *m, int held, const char *id)
{
	int root = openat(held, "root", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (root < 0) {
		close(held);
		return fail(m, -errno, id, NULL);
	}
	memmove(m->held + 1, m->held, m->n * sizeof(*m->held));
	memmove(m->tree + 1, m->tree, m->n * sizeof(*m->tree));
	m->held[0] = held;
	m->tree[0] = root;
	m->n++;
	snprintf(m->chain, sizeof(m->chain), "%s", id);
	return words_add(&m->image.layers, id);
}

static void add_dropped(struct importing *m, const struct tree *t)
{
	m->x->dropped.devices += t->dropped.devices;
	m->x->dropped.sockets += t->dropped.sockets;
	m->x->dropped.owners += t->dropped.owners;
	m->x->dropped.xattrs += t->dropped.xattrs;
	m->image.size += t->bytes;
}

/* Unpack into the folder name of what is being made. */
static int unpack(struct importing *m, const struct layers_how *how, const char *name, char ret[SHA256_HEX + 1])
{
	struct merged below = { m->tree, m->n };
	AUTO_CLOSE int dir = store_folder(m->store, &m->new, name);
	struct tree t;
	int r = dir < 0 ? dir : tree_begin(&t, dir, &below, NULL, m->failure);

	if (r)
		return r;
	r = layers_unpack(how, &t, ret);
	if (!r)
		r = tree_end(&t);
	add_dropped(m, &t);
	tree_free(&t);
	return r;
}

static int keep_layer(struct importing *m, const char *name, const char *id)
{
	int held = store_commit(m->store, &m->new, name, id);

	return held < 0 ? held : lay(m, held, id);
}

/* A layer of an image, of which the digest without compression is told. fd is closed. */
static int add_layer(struct importing *m, int fd, const char *called, uint64_t size, const char *digest, const char *diff)
{
	const struct layers_how how = { called, fd, size, digest, NULL, LAYERS_WHITEOUTS };
	char id[SHA256_HEX + 1], real[SHA256_HEX + 1], name[24];
	int r;

	chain_up(m, diff, id);
	r = store_hold(m->store, id);
	if (r >= 0) {
		close(fd);
		return lay(m, r, id);
	}
	snprintf(name, sizeof(name), "layer-%zu", m->n);
	r = r == -ENOENT ? unpack(m, &how, name, real) : r;
	close(fd);
	if (!r && strcmp(real, diff) != 0)
		r = fail(m, -EBADMSG, called, "what is unpacked has another digest than the configuration says");
	return r ? r : keep_layer(m, name, id);
}

/* ---- the end ---- */

static int digest_of_layers(struct importing *m)
{
	struct sha256 h;
	char id[SHA256_HEX + 1];

	sha256_begin(&h);
	sha256_add(&h, "cgx", 3);
	sha256_add(&h, m->chain, strlen(m->chain));
	sha256_end(&h, id);
	m->image.id = strdup(id);
	return m->image.id ? 0 : -ENOMEM;
}

/* The size of all, where layers were there already: each counts what it has. */
static int finish(struct importing *m, char **ret_name)
{
	AUTO_BUF struct buf why = { 0 };
	const char *wanted = m->x->name ? m->x->name : *m->name ? m->name : m->x->suggested;
	char name[256];
	int r = 0;

	if (!wanted || image_name(wanted, name, &why)) {
		if (m->x->name)
			return fail(m, -EINVAL, NULL, buf_text(&why));
		snprintf(name, sizeof(name), "sha256:%s", m->image.id);
	}
	m->image.created_us = wall_us();
	m->image.source = strdup(m->x->called);
	if (m->image.arch && strcmp(m->image.arch, image_machine()) != 0)
		m->x->other_machine = 1;
	m->image.size = 0;
	for (size_t i = 0; i < m->n; i++)
		copy_size(m->tree[i], &m->image.size);
	if (!r)
		r = m->image.source ? image_write(m->store, name, &m->image) : -ENOMEM;
	if (!r) {
		*ret_name = strdup(name);
		r = *ret_name ? 0 : -ENOMEM;
	}
	return r ? fail(m, r, NULL, NULL) : 0;
}

/* ---- documents ---- */

static int read_document(const struct importing *m, int fd, const char *called, struct buf *ret)
{
	ssize_t n = 1;

	while (n > 0 && ret->len <= MANIFEST_BYTES) {
		if (buf_reserve(ret, 65536))
			return -ENOMEM;
		n = read(fd, ret->s + ret->len, 65536);
		if (n > 0)
			ret->len += (size_t)n;
		ret->s[ret->len] = '\0';
	}
	return n < 0 ? fail(m, -errno, called, NULL) : n ? fail(m, -EFBIG, called, "a document of more than 4 MiB") : 0;
}

static int read_named(const struct importing *m, int dir, const char *path, struct buf *ret)
{
	AUTO_CLOSE int fd = path_read(dir, path);

	return fd < 0 ? fail(m, fd, path, fd == -EINVAL ? "it is no regular file" : NULL) : read_document(m, fd, path, ret);
}

static int open_blob(const struct importing *m, int dir, const char *digest)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "blobs/sha256/%s", digest);
	fd = path_read(dir, path);
	if (fd < 0)
		return fail(m, fd, path, fd == -ENOENT ? "it is named and not there" : fd == -EINVAL ? "it is no regular file" : NULL);
	return fd;
}

static int read_blob(const struct importing *m, int dir, const struct descriptor *d, struct buf *ret)
{
	AUTO_CLOSE int fd = open_blob(m, dir, d->digest);
	char real[SHA256_HEX + 1];
	struct sha256 h;
	int r = fd < 0 ? fd : read_document(m, fd, d->digest, ret);

	if (r < 0)
		return r;
	sha256_begin(&h);
	sha256_add(&h, buf_text(ret), ret->len);
	sha256_end(&h, real);
	if (ret->len != d->size)
		return fail(m, -EBADMSG, d->digest, "it has another size than the document that names it says");
	return strcmp(real, d->digest) ? fail(m, -EBADMSG, d->digest, "its digest is another one: it was damaged or changed") : 0;
}

/* ---- OCI ---- */

static int take_config(struct importing *m, const char *text, size_t n, const char *id, const char *called)
{
	AUTO_BUF struct buf why = { 0 };
	int r = manifest_read_config(text, n, &m->image, &m->diffs, &why);

	if (r)
		return fail(m, r, called, buf_text(&why));
	m->image.id = strdup(id);
	return m->image.id ? 0 : -ENOMEM;
}

static int import_manifest(struct importing *m, int dir, const struct descriptor *d)
{
	AUTO_BUF struct buf text = { 0 }, config = { 0 }, why = { 0 };
	struct manifest found;
	int r = read_blob(m, dir, d, &text);

	if (r)
		return r;
	r = manifest_read(buf_text(&text), text.len, &found, &why);
	if (r)
		return fail(m, r, d->digest, buf_text(&why));
	r = read_blob(m, dir, &found.config, &config);
	if (!r)
		r = take_config(m, buf_text(&config), config.len, found.config.digest, found.config.digest);
	if (!r && m->diffs.n != found.layers.n)
		r = fail(m, -EBADMSG, found.config.digest, "manifest and configuration tell of different numbers of layers");
	for (size_t i = 0; !r && i < found.layers.n; i++) {
		const struct descriptor *l = &found.layers.v[i];
		int fd = open_blob(m, dir, l->digest);

		r = fd < 0 ? fd : add_layer(m, fd, l->digest, l->size, l->digest, m->diffs.v[i]);
	}
	manifest_free(&found);
	return r;
}

static int is_for_us(const struct descriptor *d)
{
	return (!d->os || !strcmp(d->os, "linux")) && (!d->arch || !strcmp(d->arch, image_machine()));
}

/* Several that would do have to have names to choose by. */
static int list_choices(const struct importing *m, const struct descriptors *all, size_t n)
{
	AUTO_BUF struct buf why = { 0 };

	if (!n) {
		buf_printf(&why, m->x->ref ? "no image for this machine (%s) is called %s; there are" : "no image for this machine (%s); there are",
			   image_machine(), m->x->ref);
	} else {
		buf_puts(&why, "there are several images in it; choose one with --ref:");
	}
	for (size_t i = 0; i < all->n && i < 20; i++) {
		const struct descriptor *d = &all->v[i];

		if (d->media != MEDIA_MANIFEST && d->media != MEDIA_INDEX)
			continue;
		buf_puts(&why, " ");
		buf_escape(&why, d->ref ? d->ref : "unnamed", d->ref ? strnlen(d->ref, 100) : 7);
		if (d->arch) {
			buf_puts(&why, "/");
			buf_escape(&why, d->arch, strnlen(d->arch, 30));
		}
	}
	return fail(m, n ? -EEXIST : -ENOENT, NULL, buf_text(&why));
}

static int import_index(struct importing *m, int dir, const char *text, size_t n, const char *called, int depth);

static int import_chosen(struct importing *m, int dir, const struct descriptor *d, int depth)
{
	AUTO_BUF struct buf text = { 0 };
	int r;

	if (d->ref && !strchr(d->ref, ' ') && strlen(d->ref) < sizeof(m->name) && strpbrk(d->ref, ":/"))
		snprintf(m->name, sizeof(m->name), "%s", d->ref);
	if (d->media == MEDIA_MANIFEST)
		return import_manifest(m, dir, d);
	if (depth == INDEX_DEEPEST)
		return fail(m, -EBADMSG, d->digest, "an index in an index in an index and so on");
	r = read_blob(m, dir, d, &text);
	return r ? r : import_index(m, dir, buf_text(&text), text.len, d->digest, depth + 1);
}

static int is_chosen(const struct importing *m, const struct descriptor *d, int depth)
{
	if (d->media != MEDIA_MANIFEST && d->media != MEDIA_INDEX)
		return 0;
	return is_for_us(d) && (depth || !m->x->ref || (d->ref && !strcmp(d->ref, m->x->ref)));
}

static int import_index(struct importing *m, int dir, const char *text, size_t n, const char *called, int depth)
{
	AUTO_BUF struct buf why = { 0 };
	const struct descriptor *chosen = NULL;
	struct descriptors all;
	size_t several = 0;
	int r = manifest_read_index(text, n, &all, &why);

	if (r)
		return fail(m, r, called, buf_text(&why));
	for (size_t i = 0; i < all.n; i++) {
		if (!is_chosen(m, &all.v[i], depth))
			continue;
		several += chosen && strcmp(chosen->digest, all.v[i].digest) != 0 && !(depth && chosen->arch);
		chosen = chosen ? chosen : &all.v[i];
	}
	r = chosen && !several ? import_chosen(m, dir, chosen, depth) : list_choices(m, &all, several);
	descriptors_free(&all);
	return r;
}

static int import_layout(struct importing *m, int dir)
{
	AUTO_BUF struct buf layout = { 0 }, index = { 0 }, why = { 0 };
	int r = read_named(m, dir, "oci-layout", &layout);

	if (!r) {
		r = manifest_read_layout(buf_text(&layout), layout.len, &why);
		r = r ? fail(m, r, "oci-layout", buf_text(&why)) : 0;
	}
	if (!r)
		r = read_named(m, dir, "index.json", &index);
	return r ? r : import_index(m, dir, buf_text(&index), index.len, "index.json", 0);
}

/* ---- docker save ---- */

/* The file is named by the digest of what is in it: "HEX.json", "blobs/sha256/HEX". Else there is nothing to compare. */
static int check_config_name(const struct importing *m, const char *path, const struct buf *text, char ret[SHA256_HEX + 1])
{
	const char *base = strrchr(path, '/');
	char told[SHA256_HEX + 1];
	struct sha256 h;

	sha256_begin(&h);
	sha256_add(&h, buf_text(text), text->len);
	sha256_end(&h, ret);
	snprintf(told, sizeof(told), "%.64s", base ? base + 1 : path);
	return sha256_is_hex(told) && strcmp(told, ret) ? fail(m, -EBADMSG, path, "its digest is another one: it was damaged or changed") : 0;
}

static int import_one_saved(struct importing *m, int dir, const struct saved *one)
{
	AUTO_BUF struct buf config = { 0 };
	char id[SHA256_HEX + 1];
	int r = read_named(m, dir, one->config, &config);

	if (!r)
		r = check_config_name(m, one->config, &config, id);
	if (!r)
		r = take_config(m, buf_text(&config), config.len, id, one->config);
	if (!r && m->diffs.n != one->layers.n)
		r = fail(m, -EBADMSG, one->config, "manifest and configuration tell of different numbers of layers");
	for (size_t i = 0; !r && i < one->layers.n; i++) {
		int fd = path_read(dir, one->layers.v[i]);

		r = fd < 0 ? fail(m, fd, one->layers.v[i], NULL) :
			     add_layer(m, fd, one->layers.v[i], UINT64_MAX, NULL, m->diffs.v[i]);
	}
	if (!r && one->tags.n && strlen(one->tags.v[0]) < sizeof(m->name))
		snprintf(m->name, sizeof(m->name), "%s", m->x->ref ? m->x->ref : one->tags.v[0]);
	return r;
}

static int is_tagged(const struct saved *one, const char *ref)
{
	for (size_t i = 0; ref && i < one->tags.n; i++)
		if (!strcmp(one->tags.v[i], ref))
			return 1;
	return !ref;
}

static int import_saved(struct importing *m, int dir)
{
	AUTO_BUF struct buf text = { 0 }, why = { 0 };
	const struct saved *chosen = NULL;
	struct saved_images all;
	size_t n = 0;
	int r = read_named(m, dir, "manifest.json", &text);

	if (r)
		return r;
	r = manifest_read_saved(buf_text(&text), text.len, &all, &why);
	if (r)
		return fail(m, r, "manifest.json", buf_text(&why));
	for (size_t i = 0; i < all.n; i++)
		if (is_tagged(&all.v[i], m->x->ref)) {
			chosen = &all.v[i];
			n++;
		}
	if (n != 1)
		r = fail(m, n ? -EEXIST : -ENOENT, NULL, n ? "there are several images in it; choose one with --ref TAG" :
			 "no image in it has that tag");
	else
		r = import_one_saved(m, dir, chosen);
	saved_free(&all);
	return r;
}

/* ---- what it is ---- */

static int has_file(int dir, const char *name)
{
	struct stat st;

	return !fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode);
}

static int has_dir(int dir, const char *name)
{
	struct stat st;

	return !fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISDIR(st.st_mode);
}

static int is_saved(int dir)
{
	return has_file(dir, "manifest.json") && !has_dir(dir, "etc") && !has_dir(dir, "usr") && !has_dir(dir, "bin");
}

int import_is_layout(int dir)
{
	return (has_file(dir, "oci-layout") && has_file(dir, "index.json")) || is_saved(dir);
}

static int import_images(struct importing *m, int dir)
{
	return has_file(dir, "oci-layout") ? import_layout(m, dir) : import_saved(m, dir);
}

/* An archive is unpacked first, as if it were a root: then it is seen whether it is. */
static int import_archive(struct importing *m)
{
	const struct layers_how how = { m->x->called, m->x->fd, UINT64_MAX, NULL, NULL, LAYERS_WHITEOUTS };
	char diff[SHA256_HEX + 1];
	int r = unpack(m, &how, "archive", diff);
	AUTO_CLOSE int dir = r ? -1 : openat(m->new.dir, "archive", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (r)
		return r;
	if (dir < 0)
		return fail(m, -errno, NULL, NULL);
	if (import_is_layout(dir)) {
		m->x->dropped = (struct tree_dropped){ 0 };
		return import_images(m, dir);
	}
	r = keep_layer(m, "archive", diff);
	return r ? r : digest_of_layers(m);
}

static int import_directory(struct importing *m)
{
	AUTO_CLOSE int dir = import_is_layout(m->x->fd) ? -1 : store_folder(m->store, &m->new, "copy");
	char digest[SHA256_HEX + 1];
	struct tree t;
	int r;

	if (import_is_layout(m->x->fd))
		return import_images(m, m->x->fd);
	r = dir < 0 ? dir : tree_begin(&t, dir, NULL, NULL, m->failure);
	if (r)
		return r;
	r = copy_tree(&(struct copy){ .from = m->x->fd, .to = &t, .called = m->x->called, .keep_owners = 1, .keep_times = 1 }, digest);
	if (!r)
		r = tree_end(&t);
	add_dropped(m, &t);
	tree_free(&t);
	if (!r)
		r = keep_layer(m, "copy", digest);
	return r ? r : digest_of_layers(m);
}

int import_image(struct store *s, struct import *x, char **ret_name)
{
	struct importing m = { .x = x, .store = s, .failure = &s->failure, .new = { .dir = -1 } };
	struct stat st;
	int r = fstat(x->fd, &st) < 0 ? fail(&m, -errno, NULL, NULL) : store_begin(s, &m.new);

	if (!r)
		r = S_ISDIR(st.st_mode) ? import_directory(&m) : import_archive(&m);
	if (!r)
		r = finish(&m, ret_name);
	while (m.n) {
		close(m.held[--m.n]);
		close(m.tree[m.n]);
	}
	store_abandon(s, &m.new);
	image_free(&m.image);
	words_free(&m.diffs);
	if (r == -ENOMEM)
		fail(&m, r, NULL, NULL);
	return r;
}
