/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Images in the store. */
#include "sandbox/image.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "sandbox/sha256.h"
#include "util/cleanup.h"
#include "util/num.h"

enum kind { TEXT, NUMBER, WORDS, FLAG };
static const struct field {
	const char *key;
	enum kind kind;
	size_t at;
} fields[] = {
	{ "id", TEXT, offsetof(struct image, id) },
	{ "source", TEXT, offsetof(struct image, source) },
	{ "arch", TEXT, offsetof(struct image, arch) },
	{ "user", TEXT, offsetof(struct image, user) },
	{ "workdir", TEXT, offsetof(struct image, cwd) },
	{ "stop", TEXT, offsetof(struct image, stop) },
	{ "created_us", NUMBER, offsetof(struct image, created_us) },
	{ "size", NUMBER, offsetof(struct image, size) },
	{ "layer", WORDS, offsetof(struct image, layers) },
	{ "env", WORDS, offsetof(struct image, env) },
	{ "has_cmd", FLAG, offsetof(struct image, has_cmd) },
	{ "cmd", WORDS, offsetof(struct image, cmd) },
	{ "has_entrypoint", FLAG, offsetof(struct image, has_entrypoint) },
	{ "entrypoint", WORDS, offsetof(struct image, entrypoint) },
	{ "label", WORDS, offsetof(struct image, labels) },
	{ "port", WORDS, offsetof(struct image, ports) },
	{ "shell", WORDS, offsetof(struct image, shell) },
};

#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))
#define AT(i, f, type) ((type)(void *)((char *)(i) + (f)->at))

void image_free(struct image *i)
{
	for (size_t n = 0; n < N_FIELDS; n++)
		if (fields[n].kind == TEXT)
			free(*AT(i, &fields[n], char **));
		else if (fields[n].kind == WORDS)
			words_free(AT(i, &fields[n], struct words *));
	*i = (struct image){ 0 };
}

int image_copy(const struct image *from, struct image *to)
{
	AUTO_BUF struct buf text = { 0 };

	*to = (struct image){ 0 };
	image_print(from, &text);
	return text.err ? text.err : image_parse(buf_text(&text), text.len, to);
}

/* ---- as text ---- */

/* One line: newlines and backslashes as \n and \\. */
static void put(struct buf *b, const char *key, const char *value)
{
	buf_printf(b, "%s ", key);
	for (; *value; value++)
		if (*value == '\n' || *value == '\\')
			buf_puts(b, *value == '\n' ? "\\n" : "\\\\");
		else
			buf_putc(b, *value);
	buf_putc(b, '\n');
}

void image_print(const struct image *i, struct buf *ret)
{
	struct image *image = (struct image *)(uintptr_t)i;

	for (const struct field *f = fields; f < fields + N_FIELDS; f++) {
		const struct words *w = AT(image, f, const struct words *);

		if (f->kind == TEXT && *AT(image, f, char **))
			put(ret, f->key, *AT(image, f, char **));
		else if (f->kind == NUMBER)
			buf_printf(ret, "%s %llu\n", f->key, (unsigned long long)*AT(image, f, uint64_t *));
		else if (f->kind == FLAG)
			buf_printf(ret, "%s %d\n", f->key, *AT(image, f, int *));
		for (size_t n = 0; f->kind == WORDS && n < w->n; n++)
			put(ret, f->key, w->v[n]);
	}
}

static int unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s != '\\')
			*to++ = *s;
		else if (*++s == 'n' || *s == '\\')
			*to++ = *s == 'n' ? '\n' : '\\';
		else
			return -EBADMSG;
	}
	*to = '\0';
	return 0;
}

static int take(struct image *i, const struct field *f, const char *value)
{
	char **text = AT(i, f, char **);
	uint64_t n = 0;

	switch (f->kind) {
	case TEXT:
		free(*text);
		*text = strdup(value);
		return *text ? 0 : -ENOMEM;
	case WORDS:
		return words_add(AT(i, f, struct words *), value);
	case NUMBER:
		return num_u64(value, AT(i, f, uint64_t *)) ? -EBADMSG : 0;
	case FLAG:
		if (num_u64(value, &n) || n > 1)
			return -EBADMSG;
		*AT(i, f, int *) = (int)n;
		return 0;
	}
	return 0;
}

static int take_line(struct image *i, char *line)
{
	char *value = strchr(line, ' ');
	int r;

	if (!value)
		return -EBADMSG;
	*value++ = '\0';
	r = unescape(value);
	for (size_t n = 0; !r && n < N_FIELDS; n++)
		if (!strcmp(fields[n].key, line))
			return take(i, &fields[n], value);
	return r; /* of a newer one */
}

static int check(const struct image *i)
{
	int ok = i->id && sha256_is_hex(i->id) && i->layers.n <= IMAGE_LAYERS;

	for (size_t n = 0; ok && n < i->layers.n; n++)
		ok = sha256_is_hex(i->layers.v[n]);
	return ok ? 0 : -EBADMSG;
}

int image_parse(const char *text, size_t n, struct image *ret)
{
	AUTO_FREE char *copy = malloc(n + 1);
	int r = copy ? 0 : -ENOMEM;

	*ret = (struct image){ 0 };
	if (!r && memchr(text, '\0', n))
		r = -EBADMSG;
	if (!r) {
		memcpy(copy, text, n);
		copy[n] = '\0';
	}
	for (char *line = copy, *next; !r && *line; line = next) {
		next = strchr(line, '\n');
		if (!next) {
			r = -EBADMSG;
			break;
		}
		*next++ = '\0';
		r = take_line(ret, line);
	}
	if (!r)
		r = check(ret);
	if (r)
		image_free(ret);
	return r;
}

/* ---- names ---- */

int image_name(const char *text, char ret[256], struct buf *why)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@+");

	if (!*text || text[n] || n > 200 || strchr("._-/:@+", *text) || strstr(text, "..") || strstr(text, "//") ||
	    strchr("/:@", text[n - 1])) {
		buf_puts(why, "an image's name has 1 to 200 letters, digits, . _ - / : @ + and begins with a letter or a digit");
		return -EINVAL;
	}
	if (n > 7 && !strcmp(text + n - 7, ":latest"))
		n -= 7;
	memcpy(ret, text, n);
	ret[n] = '\0';
	return 0;
}

/* As a file: without slashes. */
static void to_file(char *name)
{
	for (; (name = strchr(name, '/')); name++)
		*name = '%';
}

static void from_file(char *name)
{
	for (; (name = strchr(name, '%')); name++)
		*name = '/';
}

static int file_of(const char *name, char ret[256])
{
	AUTO_BUF struct buf why = { 0 };
	int r = image_name(name, ret, &why);

	if (!r)
		to_file(ret);
	return r;
}

/* ---- in the store ---- */

int image_read(struct store *s, const char *name, struct image *ret)
{
	AUTO_BUF struct buf text = { 0 };
	char file[256];
	int r = file_of(name, file);

	*ret = (struct image){ 0 };
	if (r)
		return -ENOENT;
	r = store_read(s, STORE_NAMES, file, &text);
	if (!r)
		r = image_parse(buf_text(&text), text.len, ret);
	if (r == -EBADMSG)
		failure_advise(&s->failure, "remove it with cgx-sandbox rmi -f, and import it again");
	if (r && r != -ENOENT)
		failure_say(&s->failure, r, name, "read what the image is", r == -EBADMSG ? "its file in the store is damaged" : NULL);
	return r;
}

int image_write(struct store *s, const char *name, const struct image *i)
{
	AUTO_BUF struct buf text = { 0 };
	char file[256];
	int r = file_of(name, file);

	if (r)
		return failure_say(&s->failure, r, name, "name an image so", NULL);
	image_print(i, &text);
	return store_write(s, STORE_NAMES, file, &text);
}

int image_forget(struct store *s, const char *name)
{
	char file[256];

	return file_of(name, file) ? -ENOENT : store_forget(s, STORE_NAMES, file);
}

int image_list(struct store *s, struct words *ret)
{
	int r = store_list(s, STORE_NAMES, ret);

	for (size_t i = 0; i < ret->n; i++)
		from_file(ret->v[i]);
	return r;
}

/* The beginning of an id: 1 it is that of this image. */
static int begins_so(const struct image *i, const char *text)
{
	int plain = strncmp(text, "sha256:", 7) != 0;
	const char *digits = plain ? text : text + 7;
	size_t n = strlen(digits);

	return n >= (plain ? 6 : 4) && !strncmp(i->id, digits, n);
}

/* One image may have several names; two images with the same beginning are told. */
static int find_id(struct store *s, const char *text, struct image *ret, char **ret_name)
{
	struct words names = { 0 };
	int r = image_list(s, &names), found = 0;

	for (size_t n = 0; !r && n < names.n; n++) {
		struct image i;

		r = image_read(s, names.v[n], &i);
		if (r == -ENOENT || r == -EBADMSG)
			r = 0;
		else if (!r && begins_so(&i, text) && found && strcmp(ret->id, i.id) != 0)
			r = failure_say(&s->failure, -EEXIST, text, "find the image", "ids of several images begin so");
		else if (!r && begins_so(&i, text) && !found) {
			found = 1;
			*ret = i;
			i = (struct image){ 0 };
			if (ret_name && !(*ret_name = strdup(names.v[n])))
				r = -ENOMEM;
		}
		image_free(&i);
	}
	words_free(&names);
	return r ? r : found ? 0 : -ENOENT;
}

int image_find(struct store *s, const char *text, struct image *ret, char **ret_name)
{
	char name[256];
	AUTO_BUF struct buf why = { 0 };
	int r = image_read(s, text, ret);

	if (ret_name)
		*ret_name = NULL;
	if (r == -ENOENT)
		return find_id(s, text, ret, ret_name);
	if (!r && ret_name && !image_name(text, name, &why))
		*ret_name = strdup(name);
	return r;
}

int image_layers_of_all(struct store *s, struct words *ret)
{
	struct words names = { 0 };
	int r = image_list(s, &names);

	for (size_t n = 0; !r && n < names.n; n++) {
		struct image i;

		r = image_read(s, names.v[n], &i);
		for (size_t k = 0; !r && k < i.layers.n; k++)
			r = words_add(ret, i.layers.v[k]);
		if (r == -ENOENT)
			r = 0;
		image_free(&i);
	}
	words_free(&names);
	return r;
}

/* ---- lists ---- */

static int is_of(const char *entry, const char *name, size_t n)
{
	return !strncmp(entry, name, n) && (entry[n] == '=' || !entry[n]);
}

int image_set(struct words *list, const char *assignment)
{
	size_t n = strcspn(assignment, "=");

	for (size_t i = 0; i < list->n; i++) {
		char *new;

		if (!is_of(list->v[i], assignment, n))
			continue;
		new = strdup(assignment);
		if (!new)
			return -ENOMEM;
		free(list->v[i]);
		list->v[i] = new;
		return 0;
	}
	return words_add(list, assignment);
}

const char *image_get(const struct words *list, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < list->n; i++)
		if (is_of(list->v[i], name, n))
			return list->v[i] + n + (list->v[i][n] == '=');
	return NULL;
}

const char *image_machine(void)
{
	static const struct {
		const char *machine, *name;
	} known[] = { { "x86_64", "amd64" }, { "aarch64", "arm64" }, { "armv7l", "arm" }, { "armv6l", "arm" }, { "i686", "386" },
		      { "ppc64le", "ppc64le" }, { "s390x", "s390x" }, { "riscv64", "riscv64" }, { "loongarch64", "loong64" } };
	struct utsname u;

	for (size_t i = 0; !uname(&u) && i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(u.machine, known[i].machine))
			return known[i].name;
	return "unknown";
}
