/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* COPY, ADD and the folder of WORKDIR. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sandbox/build.h"
#include "sandbox/copy.h"
#include "sandbox/layers.h"
#include "sandbox/mounts.h"
#include "sandbox/path.h"
#include "sandbox/tree.h"
#include "util/cleanup.h"
#include "util/num.h"

enum { SOURCES_MOST = 1000, LINE_MOST = 65536 };

struct copying {
	struct build *b;
	struct words sources; /* below the context, without links */
	char *to;             /* absolute */
	int into_folder;      /* to is a folder, which each source goes into */
	uid_t uid;
	gid_t gid;
	int sets_mode;
	mode_t mode;
	int is_add;
	int context;          /* what sources are in; owned when it is not the build's */
	const char *called;
	struct stack other;   /* --from an image */
};

static int refuse(struct build *b, int err, const char *what, const char *cause)
{
	AUTO_BUF struct buf why = { 0 };

	buf_escape(&why, what, strnlen(what, 200));
	buf_printf(&why, ": %s", cause ? cause : strerror(-err));
	return build_fail(b, err, buf_text(&why));
}

/* ---- owners ---- */

static FILE *open_table(struct build *b, const char *path)
{
	struct merged view = stack_view(&build_stage(b)->stack);
	int fd = view.n ? merged_read(&view, path) : -ENOENT;

	return fd < 0 ? NULL : fdopen(fd, "r");
}

static int find_user(struct build *b, const char *name, uid_t *uid, gid_t *gid)
{
	AUTO_FREE char *text = malloc(LINE_MOST);
	FILE *f = open_table(b, "etc/passwd");
	struct passwd p, *found = NULL;
	int r = -ENOENT;

	while (r && text && f && !fgetpwent_r(f, &p, text, LINE_MOST, &found) && found)
		if (!strcmp(p.pw_name, name)) {
			*uid = p.pw_uid;
			*gid = p.pw_gid;
			r = 0;
		}
	if (f)
		fclose(f);
	return r;
}

static int find_group(struct build *b, const char *name, gid_t *gid)
{
	AUTO_FREE char *text = malloc(LINE_MOST);
	FILE *f = open_table(b, "etc/group");
	struct group g, *found = NULL;
	int r = -ENOENT;

	while (r && text && f && !fgetgrent_r(f, &g, text, LINE_MOST, &found) && found)
		if (!strcmp(g.gr_name, name)) {
			*gid = g.gr_gid;
			r = 0;
		}
	if (f)
		fclose(f);
	return r;
}

/* What --NAME= says, with variables put in: 1, or 0 it is not there. */
static int take_flag(struct copying *c, const char *name, struct buf *ret)
{
	const char *flag = build_flag(c->b, name);
	int r = flag ? build_expand(c->b, flag, ret) : 0;

	return r ? r : flag != NULL;
}

/* --chown=USER[:GROUP], by numbers or as the image has them. */
static int find_owner(struct copying *c)
{
	AUTO_BUF struct buf text = { 0 };
	AUTO_FREE char *user = NULL;
	const char *colon;
	uint64_t n;
	int r = take_flag(c, "chown", &text);

	if (r <= 0)
		return r;
	colon = strchr(buf_text(&text), ':');
	user = strndup(buf_text(&text), colon ? (size_t)(colon - text.s) : text.len);
	if (!user)
		return -ENOMEM;
	if (!num_u64(user, &n) && n < UINT32_MAX)
		c->uid = c->gid = (uid_t)n;
	else if (find_user(c->b, user, &c->uid, &c->gid))
		return refuse(c->b, -ENOENT, user, "the image's /etc/passwd has no such user");
	if (!colon)
		return 0;
	if (!num_u64(colon + 1, &n) && n < UINT32_MAX)
		c->gid = (gid_t)n;
	else if (find_group(c->b, colon + 1, &c->gid))
		return refuse(c->b, -ENOENT, colon + 1, "the image's /etc/group has no such group");
	return 0;
}

/* --chmod=644 */
static int find_mode(struct copying *c)
{
	AUTO_BUF struct buf text = { 0 };
	unsigned mode;
	int r = take_flag(c, "chmod", &text);

	if (r <= 0)
		return r;
	if (num_mode(buf_text(&text), &mode))
		return refuse(c->b, -EBADMSG, text.len ? buf_text(&text) : "--chmod=",
			      "not a mode; modes are octal digits, 0 to 7777 (644, 0755)");
	c->mode = (mode_t)mode;
	c->sets_mode = 1;
	return 0;
}

/* ---- --from ---- */

/* The layers laid over one another, mounted where nobody else sees it. The kernel takes paths of 255 bytes: descriptors are
 * short. */
static int mount_view(const struct stack *s)
{
	AUTO_CLOSE int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char name[IMAGE_LAYERS][12];
	const char *lower[IMAGE_LAYERS];
	int fd;

	for (size_t i = 0; i < s->n; i++) {
		snprintf(name[i], sizeof(name[i]), "%d", s->tree[i]);
		lower[i] = name[i];
	}
	if (here < 0 || chdir("/proc/self/fd") < 0)
		return -errno;
	fd = mount_overlay(lower, s->n, NULL, MOUNT_ATTR_RDONLY);
	if (fchdir(here) < 0 && fd >= 0) {
		close(fd);
		return -errno;
	}
	return fd;
}

/* A stage by its name or number, or an image. */
static int find_from(struct copying *c, const char *from, const struct stack **ret)
{
	struct build *b = c->b;
	struct image i;
	uint64_t n;
	int r;

	for (size_t k = 0; k + 1 < b->n_stages; k++)
		if ((b->stage[k].name && !strcasecmp(b->stage[k].name, from)) || (!num_u64(from, &n) && n == k)) {
			*ret = &b->stage[k].stack;
			return 0;
		}
	r = image_find(b->store, from, &i, NULL);
	if (!r)
		r = stack_image(&c->other, b->store, &i);
	image_free(&i);
	*ret = &c->other;
	return r ? refuse(b, r, from, r == -ENOENT ? "neither a stage before this one nor an image is called so" : NULL) : 0;
}

static int open_from(struct copying *c)
{
	const char *flag = build_flag(c->b, "from");
	AUTO_BUF struct buf from = { 0 };
	const struct stack *s = NULL;
	int r;

	c->context = c->b->context;
	c->called = c->b->called;
	if (!flag)
		return 0;
	r = build_expand(c->b, flag, &from);
	if (!r)
		r = find_from(c, buf_text(&from), &s);
	if (r)
		return r;
	if (!s->n)
		return refuse(c->b, -ENOENT, flag, "there is nothing in it");
	r = s->n == 1 ? fcntl(s->tree[0], F_DUPFD_CLOEXEC, 3) : mount_view(s);
	if (r < 0)
		return refuse(c->b, r == -EPERM ? r : -errno, flag, r == -EPERM ? "only root may look into several layers at once" : strerror(-r));
	c->context = r;
	c->called = flag;
	return 0;
}

/* ---- sources ---- */

static int is_own(const struct copying *c)
{
	return c->context == c->b->context;
}

static int left_out(const struct copying *c, const char *path, int is_folder)
{
	const struct ignore *i = &c->b->ignore;

	if (!is_own(c) || !ignore_matches(i, path))
		return 0;
	return is_folder && i->lets_in ? 2 : 1; /* something in it may be let in again */
}

static int is_pattern(const char *s)
{
	return strpbrk(s, "*?[") != NULL;
}

struct globbing {
	struct copying *c;
	const char *pattern;
	size_t depth;
};

static size_t depth_of(const char *path)
{
	size_t n = 1;

	for (; *path; path++)
		n += *path == '/';
	return n;
}

/* Nothing is copied: the walk looks for names alone. */
static int match_one(void *data, const char *path, int is_folder)
{
	struct globbing *g = data;
	size_t depth = depth_of(path);

	if (left_out(g->c, path, is_folder) == 1)
		return 1;
	if (depth == g->depth && ignore_glob(g->pattern, path) && g->c->sources.n < SOURCES_MOST)
		words_add(&g->c->sources, path);
	return depth >= g->depth || !is_folder;
}

static int add_matching(struct copying *c, const char *pattern)
{
	struct globbing g = { c, pattern, depth_of(pattern) };
	const struct copy walk = { .from = c->context, .called = c->called, .failure = c->b->store->failure,
				   .left_out = match_one, .data = &g };
	size_t before = c->sources.n;
	int r = copy_tree(&walk, NULL);

	if (r)
		return build_fail(c->b, r, NULL);
	return c->sources.n == before ? refuse(c->b, -ENOENT, pattern, "nothing in the folder of the build matches") : 0;
}

static int add_source(struct copying *c, const char *source)
{
	struct merged context = { &c->context, 1 };
	char clean[MERGED_PATH], real[MERGED_PATH];
	struct stat st = { 0 };
	int r = tree_clean(source, clean);

	if (r)
		return refuse(c->b, r, source, r == -EINVAL ? "what lies outside of the folder of the build is not there for it" : NULL);
	if (is_pattern(clean))
		return add_matching(c, clean);
	r = merged_resolve(&context, clean, real);
	if (!r)
		r = merged_stat(&context, real, &st);
	if (r < 0)
		return refuse(c->b, r, source, r == -ENOENT ? "there is no such file in the folder of the build" : NULL);
	if (*real && left_out(c, real, S_ISDIR(st.st_mode)) == 1)
		return refuse(c->b, -ENOENT, source, "the build does not see it: .containerignore or .dockerignore names it");
	if (!*real)
		c->into_folder = 1;
	return words_add(&c->sources, real);
}

/* Here-documents become files of a folder of their own, which sources are taken from. */
static int write_here(struct copying *c, int dir, const struct here *h)
{
	AUTO_BUF struct buf text = { 0 };
	int r = h->as_is ? 0 : build_expand_here(c->b, h->text, &text), fd;

	if (h->as_is)
		buf_puts(&text, h->text);
	if (r || text.err)
		return r ? r : text.err;
	fd = openat(dir, h->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return refuse(c->b, -errno, h->name, errno == EEXIST ? "two here-documents have this name" : strerror(errno));
	/* no time of its own: the same text is the same layer */
	if (write(fd, buf_text(&text), text.len) != (ssize_t)text.len || fchmod(fd, 0644) < 0 ||
	    futimens(fd, (const struct timespec[]){ { 0 }, { 0 } }) < 0)
		r = -errno;
	close(fd);
	return r ? refuse(c->b, r, h->name, NULL) : 0;
}

static int take_here(struct copying *c)
{
	const struct instruction *i = c->b->at;
	char folder[32];
	int r = 0;

	if (build_flag(c->b, "from"))
		return build_fail(c->b, -EBADMSG, "a here-document comes from the Containerfile; leave out --from");
	c->context = build_folder(c->b, folder);
	c->called = "here-document";
	if (c->context < 0)
		return refuse(c->b, c->context, "here-document", NULL);
	for (size_t n = 0; !r && n < i->n_here; n++) {
		r = write_here(c, c->context, &i->here[n]);
		if (!r)
			r = words_add(&c->sources, i->here[n].name);
	}
	return r;
}

static int take_words(struct copying *c, struct words *w)
{
	struct build *b = c->b;
	int r = 0;

	for (size_t i = 0; b->at->is_exec && !r && i < b->at->exec.n; i++) {
		AUTO_BUF struct buf one = { 0 };

		r = build_expand(b, b->at->exec.v[i], &one);
		if (!r)
			r = words_add(w, buf_text(&one));
	}
	return b->at->is_exec ? r : build_words(b, b->at->text, w);
}

static int take_target(struct copying *c, const char *word)
{
	struct merged view = stack_view(&build_stage(c->b)->stack);
	AUTO_BUF struct buf to = { 0 };
	char real[MERGED_PATH];
	const char *last = strrchr(word, '/');
	struct stat st;

	if (build_path(c->b, word, &to))
		return -ENOMEM;
	last = last ? last + 1 : word;
	if (!*last || !strcmp(last, ".") || !strcmp(last, ".."))
		c->into_folder = 1;
	else if (view.n && !merged_resolve(&view, to.s, real) && merged_stat(&view, real, &st) >= 0 && S_ISDIR(st.st_mode))
		c->into_folder = 1;
	return buf_steal(&to, &c->to);
}

static int take_all(struct copying *c)
{
	static const char *const flags[] = { "chown", "chmod", "from", NULL };
	struct words w = { 0 };
	int r = build_check_flags(c->b, flags);

	if (!r)
		r = open_from(c);
	if (!r)
		r = take_words(c, &w);
	if (!r && (!w.v || w.n < 2))
		r = build_fail(c->b, -EBADMSG, "not SOURCE... TARGET");
	if (!r && w.v)
		r = take_target(c, w.v[w.n - 1]);
	if (!r && c->b->at->n_here && w.n != c->b->at->n_here + 1)
		r = build_fail(c->b, -EBADMSG, "here-documents and files are not taken together; use an instruction for each");
	if (!r && c->b->at->n_here)
		r = take_here(c);
	for (size_t i = 0; !r && !c->b->at->n_here && i + 1 < w.n; i++) {
		if (c->is_add && is_own(c) && strstr(w.v[i], "://"))
			r = refuse(c->b, -EINVAL, w.v[i], "it is not fetched: ADD takes files of the folder of the build");
		else
			r = add_source(c, w.v[i]);
	}
	if (!r && c->sources.n > 1 && !c->into_folder)
		r = refuse(c->b, -EBADMSG, c->to, "several files go into a folder: its name ends with /");
	words_free(&w);
	if (!r)
		r = find_owner(c);
	return r ? r : find_mode(c);
}

/* ---- one source ---- */

/* Where it lies: its folder, opened, and the name in it; NULL the context itself. */
static int open_source(const struct copying *c, const char *source, const char **ret_name)
{
	const char *slash = strrchr(source, '/');
	AUTO_FREE char *folder = slash ? strndup(source, (size_t)(slash - source)) : strdup("");
	int fd;

	if (!folder)
		return -ENOMEM;
	*ret_name = *source ? (slash ? slash + 1 : source) : NULL;
	fd = path_open_plain(c->context, folder);
	return fd < 0 ? refuse(c->b, fd, source, NULL) : fd;
}

struct sieve {
	const struct copying *c;
	const char *folder; /* "src/" of what is walked, with its "/" */
};

static int sift(void *data, const char *path, int is_folder)
{
	const struct sieve *s = data;
	AUTO_BUF struct buf whole = { 0 };

	buf_printf(&whole, "%s%s", s->folder, path);
	return whole.err ? 0 : left_out(s->c, whole.s, is_folder);
}

static int is_folder(int dir, const char *name)
{
	struct stat st;

	return !name || (!fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISDIR(st.st_mode));
}

/* An archive is unpacked, not copied. 1 it was, 0 it is none. */
static int unpack(struct copying *c, int dir, const char *name, struct tree *t)
{
	AUTO_CLOSE int fd = name ? openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
	const struct layers_how how = { name, fd, UINT64_MAX, NULL, c->to, 0 };
	uint64_t before = t->entries;
	int r;

	if (!c->is_add || fd < 0 || layers_is_archive(fd) <= 0)
		return 0;
	r = layers_unpack(&how, t, NULL);
	if (r != -EBADMSG || t->entries != before)
		return r < 0 ? build_fail(c->b, r, NULL) : 1;
	buf_reset(t->failure.why); /* compressed, and no archive */
	buf_reset(t->failure.remedy);
	return 0;
}

/* t NULL: the digest alone. */
static int copy_one(struct copying *c, const char *source, struct tree *t, char ret[SHA256_HEX + 1])
{
	AUTO_BUF struct buf into = { 0 }, folder = { 0 };
	const char *name;
	AUTO_CLOSE int dir = open_source(c, source, &name);
	struct sieve sieve = { .c = c };
	struct copy how = { .from = dir, .to = t, .called = c->called, .failure = c->b->store->failure, .uid = c->uid, .gid = c->gid,
			    .sets_mode = c->sets_mode, .mode = c->mode, .left_out = sift, .data = &sieve };
	AUTO_CLOSE int inner = -1;
	int r;

	if (dir < 0)
		return dir;
	r = t ? unpack(c, dir, name, t) : 0;
	if (r)
		return r < 0 ? r : 0;
	buf_puts(&into, c->to);
	if (is_folder(dir, name)) { /* what is in it is copied, not itself */
		inner = openat(dir, name ? name : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (inner < 0)
			return refuse(c->b, -errno, source, NULL);
		how.from = inner;
		buf_printf(&folder, "%s%s", source, *source ? "/" : "");
	} else {
		how.name = name;
		buf_printf(&folder, "%.*s", (int)(name - source), source);
		if (c->into_folder)
			buf_printf(&into, "/%s", name);
	}
	sieve.folder = buf_text(&folder);
	how.into = buf_text(&into);
	if (into.err || folder.err)
		return -ENOMEM;
	r = copy_tree(&how, ret);
	return r ? build_fail(c->b, r, NULL) : 0;
}

/* ---- the layer ---- */

static int make_key(struct copying *c, char ret[SHA256_HEX + 1])
{
	struct sha256 h;
	char digest[SHA256_HEX + 1], owner[64];
	int r = 0;

	build_key_begin(c->b, &h);
	build_key_add(&h, c->is_add ? "ADD" : "COPY");
	build_key_add(&h, c->to);
	snprintf(owner, sizeof(owner), "%u %u %d", (unsigned)c->uid, (unsigned)c->gid, c->into_folder);
	build_key_add(&h, owner);
	if (c->sets_mode) {
		snprintf(owner, sizeof(owner), "mode %o", (unsigned)c->mode);
		build_key_add(&h, owner);
	}
	for (size_t i = 0; !r && i < c->sources.n; i++) {
		r = copy_one(c, c->sources.v[i], NULL, digest);
		build_key_add(&h, c->sources.v[i]);
		build_key_add(&h, digest);
	}
	sha256_end(&h, ret);
	return r;
}

/* Folders that are missing on the way are root's; the last one is whose the files are. */
static int make_target(struct copying *c, struct tree *t)
{
	struct merged view = stack_view(&build_stage(c->b)->stack);
	struct tree_meta meta = { .mode = 0755, .uid = c->uid, .gid = c->gid };
	char real[MERGED_PATH];
	struct stat st;

	if (view.n && !merged_resolve(&view, c->to, real) && merged_stat(&view, real, &st) >= 0 && S_ISDIR(st.st_mode))
		return 0;
	clock_gettime(CLOCK_REALTIME, &meta.mtime);
	return tree_folder(t, c->to, &meta);
}

static int needs_folder(const struct copying *c)
{
	const char *name;
	int dir;

	if (c->into_folder)
		return 1;
	dir = open_source(c, c->sources.v[0], &name);
	if (dir < 0)
		return 0;
	int r = is_folder(dir, name);

	close(dir);
	return r;
}

static int fill_layer(struct copying *c, struct tree *t)
{
	int r = needs_folder(c) ? make_target(c, t) : 0;

	for (size_t i = 0; !r && i < c->sources.n; i++)
		r = copy_one(c, c->sources.v[i], t, NULL);
	return r;
}

/* The tree's own digest is the layer's: what is in it, with its times. */
static int finish_layer(struct build *b, const char *key, const char *folder, int dir)
{
	const struct copy digesting = { .from = dir, .called = "the layer", .failure = b->store->failure, .keep_owners = 1, .keep_times = 1 };
	char digest[SHA256_HEX + 1];
	int r = copy_tree(&digesting, digest);

	return r ? build_fail(b, r, NULL) : build_layer(b, key, folder, digest);
}

static int same_root(struct build *b, int dir)
{
	const struct stack *s = &build_stage(b)->stack;
	struct stat st;

	if (!s->n || fstat(s->tree[0], &st) < 0)
		return 0;
	if (!geteuid() && fchown(dir, st.st_uid, st.st_gid) < 0)
		return -errno;
	return fchmod(dir, st.st_mode & 07777) < 0 ? -errno : 0;
}

static int make_layer(struct copying *c, const char *key, int (*fill)(struct copying *c, struct tree *t))
{
	struct merged below = stack_view(&build_stage(c->b)->stack);
	char folder[32];
	AUTO_CLOSE int dir = build_folder(c->b, folder);
	struct tree t;
	int r = dir < 0 ? dir : same_root(c->b, dir);

	if (!r)
		r = tree_begin(&t, dir, &below, NULL, &c->b->store->failure);
	if (r)
		return build_fail(c->b, r, NULL);
	r = fill(c, &t);
	if (!r)
		r = tree_end(&t);
	tree_free(&t);
	return r ? build_fail(c->b, r, NULL) : finish_layer(c->b, key, folder, dir);
}

int build_copy(struct build *b)
{
	struct copying c = { .b = b, .is_add = b->at->kind == DO_ADD, .context = -1 };
	char key[SHA256_HEX + 1];
	int r = take_all(&c);

	if (!r)
		r = make_key(&c, key);
	if (!r)
		r = build_known(b, key);
	if (!r)
		r = make_layer(&c, key, fill_layer);
	words_free(&c.sources);
	free(c.to);
	if (c.context >= 0 && !is_own(&c))
		close(c.context);
	stack_free(&c.other);
	return r;
}

/* ---- WORKDIR ---- */

int build_make_folder(struct build *b, const char *path)
{
	struct copying c = { .b = b, .to = (char *)(uintptr_t)path };
	struct merged view = stack_view(&build_stage(b)->stack);
	char key[SHA256_HEX + 1], real[MERGED_PATH];
	struct sha256 h;
	struct stat st;
	int r;

	if (!strcmp(path, "/") || (view.n && !merged_resolve(&view, path, real) && merged_stat(&view, real, &st) >= 0 && S_ISDIR(st.st_mode)))
		return 0;
	build_key_begin(b, &h);
	build_key_add(&h, "WORKDIR");
	build_key_add(&h, path);
	sha256_end(&h, key);
	r = build_known(b, key);
	return r ? (r < 0 ? r : 0) : make_layer(&c, key, make_target);
}
