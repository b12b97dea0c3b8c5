/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Archives into layers: what is kept, what is refused, and that nothing is touched beside the layer. */
#include <dirent.h>
#include <errno.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "sandbox/layers.h"
#include "sandbox/path.h"
#include "sandbox/remove.h"
#include "test-tar.h"
#include "util/cleanup.h"

/* A layer beside a canary, which nothing may change. */
struct place {
	char path[64];
	int root;
	struct tree_limits limits;
	struct merged below;
	struct tree_dropped dropped;
	struct buf why, remedy;
	char digest[SHA256_HEX + 1];
};

static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	char path[128];
	int fd;

	assert_non_null(p);
	make_place(p->path);
	snprintf(path, sizeof(path), "%s/layer", p->path);
	assert_int_equal(mkdir(path, 0755), 0);
	p->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(p->root >= 0);
	snprintf(path, sizeof(path), "%s/canary", p->path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "alive", 5), 5);
	close(fd);
	*state = p;
	return 0;
}

static void check_canary(const struct place *p)
{
	char path[128], text[16] = "";
	struct stat st;
	DIR *d = opendir(p->path);
	int fd, n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	assert_int_equal(n, 4);
	snprintf(path, sizeof(path), "%s/canary", p->path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(read(fd, text, 15) == 5 && !fstat(fd, &st));
	close(fd);
	assert_string_equal(text, "alive");
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static int tear_down(void **state)
{
	struct place *p = *state;

	check_canary(p);
	close(p->root);
	drop_place(p->path);
	buf_free(&p->why);
	buf_free(&p->remedy);
	free(p);
	return 0;
}

static int unpack_fd(struct place *p, int fd, const char *digest, const char *into, unsigned flags)
{
	const struct layers_how how = { "test.tar", fd, UINT64_MAX, digest, into, flags };
	const struct failure f = { &p->why, &p->remedy };
	struct tree t;
	int r;

	buf_reset(&p->why);
	buf_reset(&p->remedy);
	r = tree_begin(&t, p->root, p->below.n ? &p->below : NULL, &p->limits, &f);
	if (!r)
		r = layers_unpack(&how, &t, p->digest);
	if (!r)
		r = tree_end(&t);
	p->dropped = t.dropped;
	tree_free(&t);
	if (r < 0)
		assert_true(p->why.len > 0); /* no failure without words */
	if (r < 0 && getenv("CGX_TEST_SHOW"))
		printf("# %s\n", p->why.s);
	return r;
}

/* The archive is closed with its end, and freed. */
static int unpack(struct place *p, struct buf *b, unsigned flags)
{
	AUTO_CLOSE int fd = -1;

	tar_end(b);
	fd = file_of(b);
	buf_free(b);
	return unpack_fd(p, fd, NULL, NULL, flags);
}

static struct stat stat_of(const struct place *p, const char *name)
{
	struct stat st = { 0 };

	if (fstatat(p->root, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		fail_msg("%s: %s", name, strerror(errno));
	return st;
}

static int is_there(const struct place *p, const char *name)
{
	struct stat st;

	return !fstatat(p->root, name, &st, AT_SYMLINK_NOFOLLOW);
}

static const char *text_of(const struct place *p, const char *name)
{
	static char text[64];
	int fd = openat(p->root, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		fail_msg("%s: %s", name, strerror(errno));
	close(fd);
	text[n] = '\0';
	return text;
}

static int opaque_at(const struct place *p, const char *name)
{
	int fd = openat(p->root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = is_opaque(fd);

	close(fd);
	return r;
}

#define WANT_WORDS(p, part)                                                       \
	do {                                                                      \
		if (!strstr(buf_text(&(p)->why), part))                           \
			fail_msg("\"%s\" lacks \"%s\"", buf_text(&(p)->why), part); \
	} while (0)

/* ---- what is kept ---- */

static void test_kinds(void **state)
{
	struct place *p = *state;
	struct buf b = { 0 };
	char target[16] = "";
	struct stat st;

	tar_dir(&b, "./", 0755);
	tar_dir(&b, "./a/", 0700);
	tar_file(&b, "./a/file", "hello", 04751);
	tar_to(&b, "a/again", '1', "a/file");
	tar_to(&b, "a/link", '2', "/etc/passwd");
	tar_header(&b, "a/fifo", '6', "", 0640, 0, 0);
	tar_header(&b, "dev/null", '3', "", 0666, 0, 0);
	tar_header(&b, "dev/sda", '4', "", 0660, 0, 0);
	tar_header(&b, "owned", '0', "", 0644, 1234, 0);
	assert_int_equal(unpack(p, &b, 0), 0);

	assert_string_equal(text_of(p, "a/file"), "hello");
	st = stat_of(p, "a/file");
	assert_int_equal(st.st_mode, S_IFREG | 04751);
	assert_int_equal(st.st_nlink, 2);
	assert_int_equal(st.st_mtime, 1000000000);
	assert_int_equal(st.st_ino, stat_of(p, "a/again").st_ino);
	st = stat_of(p, "a");
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	assert_int_equal(st.st_mtime, 1000000000);
	assert_int_equal(readlinkat(p->root, "a/link", target, sizeof(target)), 11);
	assert_int_equal(stat_of(p, "a/fifo").st_mode, S_IFIFO | 0640);
	assert_false(is_there(p, "dev/null"));
	assert_int_equal(p->dropped.devices, 2);
	assert_int_equal(stat_of(p, "owned").st_uid, geteuid() ? geteuid() : 1234);
	assert_int_equal(p->dropped.owners, geteuid() ? 1 : 0);
}

static void test_xattrs(void **state)
{
	struct place *p = *state;
	struct buf b = { 0 };
	char value[8] = "";
	int fd;

	tar_pax(&b, "SCHILY.xattr.user.colour", "red", 3);
	tar_file(&b, "file", "", 0644);
	tar_pax(&b, "SCHILY.xattr.user.overlay.redirect", "/etc", 4);
	tar_dir(&b, "redirected", 0755);
	tar_pax(&b, "SCHILY.xattr.trusted.overlay.opaque", "y", 1);
	tar_dir(&b, "opaque", 0755);
	assert_int_equal(unpack(p, &b, LAYERS_WHITEOUTS), 0);
	fd = openat(p->root, "file", O_RDONLY | O_CLOEXEC);
	if (fgetxattr(fd, "user.colour", value, sizeof(value)) < 0 && errno == EOPNOTSUPP) {
		close(fd);
		skip();
	}
	close(fd);
	assert_string_equal(value, "red");
	assert_int_equal(p->dropped.xattrs, 2);
	assert_false(opaque_at(p, "opaque"));
	fd = openat(p->root, "redirected", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fgetxattr(fd, "user.overlay.redirect", value, sizeof(value)) < 0);
	close(fd);
}

/* Names are bytes, in ustar and in pax: decomposed UTF-8, Latin-1, controls. */
static void test_names_are_bytes(void **state)
{
	static const char *const names[] = { "e\xcc\x81", "\xc3\xa9", "\xe9t\xe9", "a\nb\033[31m", "\xff\xfe" };
	struct place *p = *state;
	struct buf b = { 0 };
	char name[64];

	setenv("LC_ALL", "C.UTF-8", 1);
	for (size_t i = 0; i < 5; i++) {
		tar_file(&b, names[i], "u", 0644);
		snprintf(name, sizeof(name), "pax-%s", names[i]);
		tar_pax(&b, "path", name, strlen(name));
		tar_file(&b, "x", "p", 0644);
	}
	assert_int_equal(unpack(p, &b, 0), 0);
	for (size_t i = 0; i < 5; i++) {
		assert_string_equal(text_of(p, names[i]), "u");
		snprintf(name, sizeof(name), "pax-%s", names[i]);
		assert_string_equal(text_of(p, name), "p");
	}
}

static void test_the_last_one_counts(void **state)
{
	struct place *p = *state;
	struct buf b = { 0 };

	tar_file(&b, "a", "one", 0644);
	tar_file(&b, "a", "two", 0600);
	tar_dir(&b, "d", 0755);
	tar_file(&b, "d/deep", "x", 0644);
	tar_file(&b, "d", "a file now", 0644);
	tar_file(&b, "f", "x", 0644);
	tar_dir(&b, "f", 0755);
	tar_file(&b, "f/in", "y", 0644);
	tar_to(&b, "l", '2', "f");
	tar_dir(&b, "l", 0755);
	tar_file(&b, "l/in", "z", 0644);
	assert_int_equal(unpack(p, &b, 0), 0);
	assert_string_equal(text_of(p, "a"), "two");
	assert_string_equal(text_of(p, "d"), "a file now");
	assert_string_equal(text_of(p, "f/in"), "y");
	assert_string_equal(text_of(p, "l/in"), "z");
	assert_int_equal(stat_of(p, "l").st_mode, S_IFDIR | 0755);
}

static void test_folder_without_mode(void **state)
{
	struct place *p = *state;
	struct buf b = { 0 };

	tar_dir(&b, "closed", 0);
	tar_dir(&b, "closed/in", 0500);
	tar_file(&b, "closed/in/file", "x", 0);
	assert_int_equal(unpack(p, &b, 0), 0);
	assert_int_equal(stat_of(p, "closed").st_mode, S_IFDIR);
}

/* ---- names that lead out ---- */

static void test_absolute_name(void **state)
{
	struct place *p = *state;
	struct buf b = { 0 };
	char name[96];

	snprintf(name, sizeof(name), "%s/canary", p->path);
	tar_file(&b, name, "dead", 0644);
	tar_file(&b, "//etc//./passwd", "x", 0644);
	assert_int_equal(unpack(p, &b, 0), 0);
	assert_string_equal(text_of(p, name + 1), "dead"); /* below the layer */
	assert_string_equal(text_of(p, "etc/passwd"), "x");
}

static void test_dotdot(void **state)
{
	static const char *const names[] = { "../canary", "a/../../canary", "a/..", "..", "./../canary", "/../canary" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (const char *type = "01256"; *type; type++) {
			struct place *p = *state;
			struct buf b = { 0 };

			tar_file(&b, "z", "x", 0644);
			tar_header(&b, names[i], *type, "z", 0644, 0, 0);
			assert_int_equal(unpack(p, &b, 0), -EINVAL);
			WANT_WORDS(p, "a name with ..");
			check_canary(p);
		}
}

/* Through a link that leads out: it leads to the same place within the layer. */
static void test_through_links(void **state)
{
	struct place *p = *state;
	struct buf b = { 0 };
	char name[96];

	tar_to(&b, "up", '2', "../../../../../..");
	tar_to(&b, "abs", '2', p->path);
	tar_to(&b, "one", '2', "..");
	tar_file(&b, "abs/canary", "dead", 0644);
	tar_file(&b, "one/canary", "dead", 0644);
	tar_file(&b, "up/tmp/x", "x", 0644);
	tar_dir(&b, "up/canary-dir", 0755);
	tar_to(&b, "up/link", '2', "/");
	tar_header(&b, "up/fifo", '6', "", 0644, 0, 0);
	assert_int_equal(unpack(p, &b, 0), 0);
	assert_string_equal(text_of(p, "canary"), "dead");
	assert_string_equal(text_of(p, "tmp/x"), "x");
	snprintf(name, sizeof(name), "%s/canary", p->path + 1);
	assert_string_equal(text_of(p, name), "dead");
	assert_true(is_there(p, "canary-dir") && is_there(p, "link") && is_there(p, "fifo"));
}

/* A file onto a link is a file in its place. */
static void test_onto_link(void **state)
{
	struct place *p = *state;
	struct buf b = { 0 };

	tar_to(&b, "l", '2', "../canary");
	tar_file(&b, "l", "dead", 0644);
	tar_to(&b, "m", '2', "../canary");
	tar_header(&b, "m", '6', "", 0666, 0, 0);
	assert_int_equal(unpack(p, &b, 0), 0);
	assert_string_equal(text_of(p, "l"), "dead");
	assert_int_equal(stat_of(p, "m").st_mode, S_IFIFO | 0666);
}

static void test_links_outside(void **state)
{
	struct place *p = *state;
	const char *targets[] = { "canary", "/canary", "up/canary", "abs", "nothing", NULL };
	char outside[96];

	snprintf(outside, sizeof(outside), "%s/canary", p->path);
	targets[5] = outside;
	for (size_t i = 0; i < 6; i++) {
		struct buf b = { 0 };

		tar_to(&b, "up", '2', "..");
		tar_to(&b, "abs", '2', outside);
		tar_to(&b, "caught", '1', targets[i]);
		if (!strcmp(targets[i], "abs")) {
			assert_int_equal(unpack(p, &b, 0), 0); /* of the link itself */
			assert_int_equal(stat_of(p, "caught").st_mode & S_IFMT, S_IFLNK);
			assert_int_equal(unlinkat(p->root, "caught", 0), 0);
			continue;
		}
		assert_int_equal(unpack(p, &b, 0), -ENOENT);
		WANT_WORDS(p, "the layer has no such file");
		assert_false(is_there(p, "caught"));
	}
}

static void test_link_onto_itself(void **state)
{
	struct place *p = *state;
	struct buf b = { 0 };

	tar_file(&b, "a", "x", 0644);
	tar_to(&b, "./a", '1', "/a");
	tar_dir(&b, "d", 0755);
	assert_int_equal(unpack(p, &b, 0), 0);
	assert_string_equal(text_of(p, "a"), "x");
	tar_to(&b, "l", '1', "d");
	assert_int_equal(unpack(p, &b, 0), -EPERM);
	WANT_WORDS(p, "that is a directory");
}

static void test_link_circle(void **state)
{
	struct place *p = *state;
	struct buf b = { 0 };

	tar_to(&b, "a", '2', "b");
	tar_to(&b, "b", '2', "a");
	tar_file(&b, "a/x", "x", 0644);
	assert_int_equal(unpack(p, &b, 0), -ELOOP);
	tar_file(&b, "f", "x", 0644);
	tar_file(&b, "f/x", "x", 0644);
	assert_int_equal(unpack(p, &b, 0), -ENOTDIR);
	WANT_WORDS(p, "f/x: put it into the layer: what it lies in is no directory");
}

/* ---- whiteouts ---- */

static void test_whiteouts(void **state)
{
	struct place *p = *state;
	struct buf b = { 0 };
	struct stat st;

	tar_dir(&b, "d", 0755);
	tar_file(&b, "d/.wh.gone", "", 0);
	tar_file(&b, "d/.wh..wh.plnk", "", 0);
	tar_dir(&b, "new", 0755);
	tar_file(&b, "new/.wh..wh..opq", "", 0);
	tar_file(&b, ".wh.again", "", 0); /* a folder that was removed and made anew */
	tar_file(&b, "again/file", "x", 0644);
	tar_file(&b, ".wh.both", "", 0);
	tar_file(&b, "both", "x", 0644);
	tar_file(&b, "first", "x", 0644);
	tar_file(&b, ".wh.first", "", 0);
	tar_dir(&b, "dir", 0755);
	tar_file(&b, ".wh.dir", "", 0);
	assert_int_equal(unpack(p, &b, LAYERS_WHITEOUTS), 0);
	st = stat_of(p, "d/gone");
	assert_true(is_whiteout(&st));
	assert_false(is_there(p, "d/.wh.gone") || is_there(p, "d/.wh..wh.plnk") || is_there(p, "d/plnk"));
	assert_true(opaque_at(p, "new") && opaque_at(p, "again") && opaque_at(p, "dir"));
	assert_false(opaque_at(p, "d"));
	assert_false(is_there(p, "new/.wh..wh..opq"));
	assert_string_equal(text_of(p, "both"), "x");
	assert_string_equal(text_of(p, "first"), "x");
}

static void test_whiteout_names(void **state)
{
	static const char *const names[] = { ".wh.", ".wh..", ".wh...", "d/.wh...", "../.wh.canary", "d/../../.wh.canary" };
	struct place *p = *state;
	struct buf b = { 0 };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		tar_dir(&b, "d", 0755);
		tar_file(&b, names[i], "", 0644);
		assert_true(unpack(p, &b, LAYERS_WHITEOUTS) < 0);
		check_canary(p);
	}
	tar_to(&b, "up", '2', "..");
	tar_file(&b, "up/.wh.canary", "", 0644);
	tar_file(&b, "up/.wh..wh..opq", "", 0644);
	assert_int_equal(unpack(p, &b, LAYERS_WHITEOUTS), 0);
	assert_true(is_there(p, "canary"));
	assert_false(opaque_at(p, ".."));
	tar_file(&b, "plain/.wh.name", "as it is", 0644); /* of an archive that is no layer */
	assert_int_equal(unpack(p, &b, 0), 0);
	assert_string_equal(text_of(p, "plain/.wh.name"), "as it is");
}

/* ---- bombs ---- */

static void test_long_names(void **state)
{
	struct place *p = *state;
	struct buf b = { 0 }, name = { 0 };

	for (int i = 0; i < 256; i++)
		buf_putc(&name, 'n');
	tar_pax(&b, "path", name.s, name.len);
	tar_file(&b, "x", "x", 0644);
	assert_int_equal(unpack(p, &b, 0), -ENAMETOOLONG);
	WANT_WORDS(p, "the name is too long");
	assert_true(p->why.len < 400);
	for (int i = 0; i < 2000; i++)
		buf_puts(&name, "/nn");
	tar_pax(&b, "path", name.s + 1, name.len - 1);
	tar_file(&b, "x", "x", 0644);
	assert_int_equal(unpack(p, &b, 0), -ENAMETOOLONG);
	buf_reset(&name);
	for (int i = 0; i < 2000; i++)
		buf_puts(&name, "d/");
	buf_puts(&name, "file");
	tar_pax(&b, "path", name.s, name.len);
	tar_file(&b, "x", "deep", 0644);
	assert_int_equal(unpack(p, &b, 0), 0);
	assert_string_equal(text_of(p, name.s), "deep");
	buf_free(&name);
}

static void test_limits(void **state)
{
	struct place *p = *state;
	struct buf b = { 0 };

	p->limits = (struct tree_limits){ .bytes = 10, .entries = 3 };
	tar_file(&b, "a", "12345", 0644);
	tar_file(&b, "b", "12345", 0644);
	assert_int_equal(unpack(p, &b, 0), 0);
	tar_file(&b, "a", "12345", 0644);
	tar_file(&b, "b", "123456", 0644);
	assert_int_equal(unpack(p, &b, 0), -EFBIG);
	WANT_WORDS(p, "more than 10 bytes in all");
	for (int i = 0; i < 4; i++)
		tar_dir(&b, "same", 0755);
	assert_int_equal(unpack(p, &b, 0), -E2BIG);
	WANT_WORDS(p, "more than 3 names");
	tar_header(&b, "huge", '0', "", 0644, 0, 077777777777ull);
	assert_int_equal(unpack(p, &b, 0), -EFBIG);
}

static void sparse_file(struct buf *b, const char *size, const char *map)
{
	struct buf x = { 0 };

	tar_attribute(&x, "GNU.sparse.size", size, strlen(size));
	tar_attribute(&x, "GNU.sparse.numblocks", "1", 1);
	tar_attribute(&x, "GNU.sparse.map", map, strlen(map));
	tar_pax_header(b, &x);
	tar_file(b, "holes", "x", 0644);
}

/* A file of a terabyte that is one hole. */
static void test_sparse_bomb(void **state)
{
	struct place *p = *state;
	struct buf b = { 0 };

	p->limits.bytes = 1 << 20;
	sparse_file(&b, "1099511627776", "1099511627775,1");
	assert_int_equal(unpack(p, &b, 0), -EFBIG);
}

static void test_sparse(void **state)
{
	struct place *p = *state;
	struct buf b = { 0 };
	char c = 0;
	int fd;

	sparse_file(&b, "10000000", "5000000,1");
	assert_int_equal(unpack(p, &b, 0), 0);
	assert_int_equal(stat_of(p, "holes").st_size, 10000000);
	assert_true(stat_of(p, "holes").st_blocks < 1000);
	fd = openat(p->root, "holes", O_RDONLY | O_CLOEXEC);
	assert_int_equal(pread(fd, &c, 1, 5000000), 1);
	assert_int_equal(c, 'x');
	close(fd);
}

/* Headers that speak of another header, without end: memory and stack of the reader have one. */
static void test_header_without_end(void **state)
{
	static const char types[] = "LKxg";
	struct place *p = *state;

	for (size_t k = 0; k < sizeof(types) - 1; k++) {
		struct buf b = { 0 };

		for (int i = 0; i < 60000; i++)
			if (types[k] == 'x' || types[k] == 'g') {
				tar_header(&b, "x", types[k], "", 0644, 0, 9);
				tar_data(&b, "9 a=bcde\n", 9);
			} else {
				tar_header(&b, "././@LongLink", types[k], "", 0644, 0, 4);
				tar_data(&b, "abc", 4);
			}
		tar_file(&b, "x", "x", 0644);
		assert_true(unpack(p, &b, 0) < 0);
	}
}

/* A map of holes is kept whole before the first byte of the file, and may be of any length. */
static void test_map_without_end(void **state)
{
	struct place *p = *state;
	struct buf b = { 0 }, x = { 0 }, map = { 0 };

	buf_puts(&map, "1000000\n");
	for (int i = 0; i < 1000000; i++)
		buf_printf(&map, "%d\n0\n", i);
	tar_attribute(&x, "GNU.sparse.major", "1", 1);
	tar_attribute(&x, "GNU.sparse.minor", "0", 1);
	tar_attribute(&x, "GNU.sparse.realsize", "1000000", 7);
	tar_pax_header(&b, &x);
	tar_file(&b, "holes", map.s, 0644);
	buf_free(&map);
	assert_int_equal(unpack(p, &b, 0), -EBADMSG);
	WANT_WORDS(p, "the header of an entry has no end");
}

/* Links do not make folders deeper than a path can say. */
static void test_depth_by_links(void **state)
{
	struct place *p = *state;
	struct buf b = { 0 }, deep = { 0 };

	for (int i = 0; i < 1500; i++)
		buf_puts(&deep, "d/");
	tar_pax(&b, "path", deep.s, deep.len);
	tar_dir(&b, "x", 0755);
	tar_pax(&b, "linkpath", deep.s, deep.len);
	tar_to(&b, "l", '2', "x");
	buf_reset(&deep);
	buf_puts(&deep, "l/");
	for (int i = 0; i < 1500; i++)
		buf_puts(&deep, "d/");
	tar_pax(&b, "path", deep.s, deep.len);
	tar_dir(&b, "x", 0755);
	assert_int_equal(unpack(p, &b, 0), -ENAMETOOLONG);
	buf_free(&deep);
}

/* What is deeper than any path is removed all the same, and with few descriptors. */
static void test_remove(void **state)
{
	struct place *p = *state;
	int fd = dup(p->root), next;

	for (int i = 0; i < 5000; i++) {
		assert_int_equal(mkdirat(fd, "d", 0755) | mkdirat(fd, "e", 0) | symlinkat("..", fd, "f"), 0);
		next = openat(fd, "d", O_PATH | O_CLOEXEC);
		close(fd);
		fd = next;
	}
	close(fd);
	assert_int_equal(symlinkat("../canary", p->root, "link"), 0);
	assert_int_equal(remove_tree(p->root, "d"), 0);
	assert_false(is_there(p, "d"));
	assert_int_equal(remove_tree(p->root, "d"), 0);
	assert_int_equal(remove_tree(p->root, "link"), 0);
	assert_int_equal(remove_tree(p->root, "e"), 0);
	assert_false(is_there(p, "link") || is_there(p, "e"));
}

/* ---- damage ---- */

static void test_damage(void **state)
{
	struct place *p = *state;
	struct buf b = { 0 };
	struct buf cut = { 0 };

	tar_file(&b, "a", "some text", 0644);
	tar_end(&b);
	for (size_t n = 0; n < b.len; n += 100) {
		AUTO_CLOSE int fd = -1;

		buf_reset(&cut);
		buf_add(&cut, b.s, n);
		fd = file_of(&cut);
		if (unpack_fd(p, fd, NULL, NULL, 0) < 0)
			continue;
		assert_true(n >= 1024); /* what is missing is the end alone */
	}
	for (size_t n = 0; n < 512; n++) {
		AUTO_CLOSE int fd = -1;

		buf_reset(&cut);
		buf_add(&cut, b.s, b.len);
		cut.s[n] ^= 0x55;
		fd = file_of(&cut);
		unpack_fd(p, fd, NULL, NULL, 0);
	}
	buf_free(&b);
	buf_free(&cut);
	buf_puts(&b, "this is no archive, whatever it is called");
	assert_int_equal(unpack(p, &b, 0), -EBADMSG);
	assert_true(p->remedy.len > 0);
}

static void test_digest(void **state)
{
	static const char *const programs[] = { "cat", "gzip -c", "xz -c", "zstd -qc" };
	struct place *p = *state;
	char command[256], first[SHA256_HEX + 1] = "", path[128];
	struct buf b = { 0 };
	int fd;

	tar_file(&b, "a", "some text", 0644);
	tar_end(&b);
	buf_puts(&b, "what comes after the end counts");
	snprintf(path, sizeof(path), "%s/layer/in.tar", p->path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, b.s, b.len), b.len);
	close(fd);
	buf_free(&b);
	for (size_t i = 0; i < 4; i++) {
		char digest[SHA256_HEX + 1] = "";
		FILE *f;

		snprintf(command, sizeof(command), "cd %s/layer && %s <in.tar >out && sha256sum out", p->path, programs[i]);
		f = popen(command, "r");
		assert_int_equal(fread(digest, 1, SHA256_HEX, f), SHA256_HEX);
		assert_int_equal(pclose(f), 0);
		fd = openat(p->root, "out", O_RDONLY | O_CLOEXEC);
		assert_int_equal(layers_is_archive(fd), 1);
		assert_int_equal(unpack_fd(p, fd, digest, NULL, 0), 0);
		if (i)
			assert_string_equal(p->digest, first);
		else
			strcpy(first, p->digest);
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		digest[5] ^= 1;
		assert_int_equal(unpack_fd(p, fd, digest, NULL, 0), -EBADMSG);
		WANT_WORDS(p, "its digest is sha256:");
		close(fd);
	}
}

/* ---- on top of other layers ---- */

static void test_below(void **state)
{
	struct place *p = *state;
	char path[128];
	struct buf b = { 0 };
	AUTO_CLOSE int below = -1;

	snprintf(path, sizeof(path), "%s/layer/below", p->path);
	assert_int_equal(mkdir(path, 0755), 0);
	below = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(below, "usr", 0751) | mkdirat(below, "usr/lib", 0711) | symlinkat("usr/lib", below, "lib"), 0);
	p->below = (struct merged){ &below, 1 };
	tar_dir(&b, "lib/", 0755);
	tar_file(&b, "lib/libc.so", "x", 0644);
	tar_file(&b, "lib/new/file", "y", 0644);
	tar_end(&b);
	{
		AUTO_CLOSE int fd = file_of(&b);

		assert_int_equal(unpack_fd(p, fd, NULL, NULL, 0), 0);
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		assert_int_equal(unpack_fd(p, fd, NULL, "opt/app", 0), 0);
	}
	buf_free(&b);
	assert_false(is_there(p, "lib")); /* it would hide the link below */
	assert_string_equal(text_of(p, "usr/lib/libc.so"), "x");
	assert_string_equal(text_of(p, "usr/lib/new/file"), "y");
	assert_int_equal(stat_of(p, "usr").st_mode, S_IFDIR | 0751);
	assert_int_equal(stat_of(p, "usr/lib").st_mode, S_IFDIR | 0711);
	assert_string_equal(text_of(p, "opt/app/lib/libc.so"), "x");
}

/* ---- sha256 ---- */

static void test_sha256(void **state)
{
	static const struct {
		const char *text;
		size_t times;
		const char *digest;
	} cases[] = { /* of FIPS 180-4's examples */
		{ "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
		{ "a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		struct sha256 h;
		char hex[SHA256_HEX + 1];

		sha256_begin(&h);
		h.portable |= i & 1;
		for (size_t k = 0; k < cases[i / 2].times; k++)
			sha256_add(&h, cases[i / 2].text, strlen(cases[i / 2].text));
		sha256_end(&h, hex);
		assert_string_equal(hex, cases[i / 2].digest);
		assert_true(sha256_is_hex(hex));
	}
	assert_false(sha256_is_hex("abc") || sha256_is_hex(""));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_kinds), TEST(test_xattrs), TEST(test_names_are_bytes), TEST(test_the_last_one_counts),
		TEST(test_folder_without_mode), TEST(test_absolute_name), TEST(test_dotdot), TEST(test_through_links),
		TEST(test_onto_link), TEST(test_links_outside), TEST(test_link_onto_itself), TEST(test_link_circle),
		TEST(test_whiteouts), TEST(test_whiteout_names), TEST(test_long_names), TEST(test_limits),
		TEST(test_sparse_bomb), TEST(test_sparse), TEST(test_header_without_end), TEST(test_map_without_end),
		TEST(test_depth_by_links), TEST(test_remove), TEST(test_damage),
		TEST(test_digest), TEST(test_below), cmocka_unit_test(test_sha256),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
