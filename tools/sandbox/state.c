/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* States of sandboxes. */
#include "sandbox/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "util/buf.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/num.h"

/* ---- the folder ---- */

int state_root(char **ret)
{
	AUTO_BUF struct buf b = { 0 };
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	uid_t user = geteuid();
	struct stat st;

	if (!user)
		buf_puts(&b, "/run/cgx");
	else if (runtime && *runtime == '/')
		buf_printf(&b, "%s/cgx", runtime);
	else
		return -ENOTDIR;
	if (b.err)
		return b.err;
	if (mkdir(b.s, 0711) < 0 && errno != EEXIST)
		return -errno;
	/* somebody else's folder of this name is a trap */
	if (lstat(b.s, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != user || st.st_mode & 022)
		return -EPERM;
	return buf_steal(&b, ret);
}

static int open_lock(const char *path, int create)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0), 0600);

	if (fd < 0)
		return -errno;
	if (!flock(fd, LOCK_EX | LOCK_NB))
		return fd;
	close(fd);
	return -EAGAIN;
}

/* It may have been removed since it was opened, and its name be another one's, who lives. */
static int take_lock(const char *dir)
{
	struct stat held, there;
	char path[4200];

	snprintf(path, sizeof(path), "%s/lock", dir);
	for (int tries = 0; tries < 16; tries++) {
		int fd = open_lock(path, 0);

		if (fd < 0)
			return fd;
		if (!fstat(fd, &held) && !stat(path, &there) && held.st_ino == there.st_ino && held.st_dev == there.st_dev)
			return fd;
		close(fd);
	}
	return -EAGAIN;
}

/* Made apart, so that whoever looks finds it locked, or not at all. */
#define NEW ".new."
#define NEW_AGE_S 60

static void remove_new(const char *dir)
{
	char path[4300];

	snprintf(path, sizeof(path), "%s/lock", dir);
	unlink(path);
	rmdir(dir);
}

static int make_new(const char *root, char *ret, size_t size)
{
	char path[4300];
	int lock;

	snprintf(ret, size, "%s/" NEW "%d.%llx", root, (int)getpid(), (unsigned long long)now_us());
	if (mkdir(ret, 0711) < 0)
		return -errno;
	snprintf(path, sizeof(path), "%s/lock", ret);
	lock = open_lock(path, 1);
	if (lock < 0)
		remove_new(ret);
	return lock;
}

void state_sweep_new(const char *root)
{
	DIR *d = opendir(root);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		AUTO_BUF struct buf dir = { 0 };
		struct stat st;

		if (strncmp(e->d_name, NEW, strlen(NEW)) != 0)
			continue;
		buf_printf(&dir, "%s/%s", root, e->d_name);
		if (!dir.err && !lstat(dir.s, &st) && S_ISDIR(st.st_mode) && st.st_mtime + NEW_AGE_S < time(NULL))
			remove_new(dir.s);
	}
	if (d)
		closedir(d);
}

int state_lock(struct state *s)
{
	if (s->lock < 0)
		s->lock = take_lock(s->dir);
	return s->lock < 0 ? s->lock : 0;
}

int state_claim(const char *root, const char *name, struct state *ret)
{
	AUTO_BUF struct buf dir = { 0 };
	char made[4200];
	int r = 0;

	*ret = (struct state){ .lock = -1 };
	buf_printf(&dir, "%s/%s", root, name);
	if (dir.err)
		return dir.err;
	ret->lock = make_new(root, made, sizeof(made));
	if (ret->lock < 0)
		return ret->lock;
	if (rename(made, dir.s) < 0) /* an empty one is replaced: it is just removed */
		r = errno == ENOTEMPTY ? -EEXIST : -errno;
	if (r) {
		remove_new(made);
		return r;
	}
	ret->name = strdup(name);
	return !ret->name || buf_steal(&dir, &ret->dir) ? -ENOMEM : 0;
}

/* ---- one line a fact ---- */

enum kind { TEXT, NUMBER32, NUMBER64, LIST };
static const struct field {
	const char *key;
	enum kind kind;
	size_t at;
} fields[] = {
	{ "name", TEXT, offsetof(struct state, name) },
	{ "root", TEXT, offsetof(struct state, root) },
	{ "user", TEXT, offsetof(struct state, user) },
	{ "seccomp", TEXT, offsetof(struct state, seccomp) },
	{ "restart", TEXT, offsetof(struct state, restart) },
	{ "network", TEXT, offsetof(struct state, network) },
	{ "link", TEXT, offsetof(struct state, link) },
	{ "address", NUMBER32, offsetof(struct state, address) },
	{ "address6", TEXT, offsetof(struct state, address6) },
	{ "status", NUMBER32, offsetof(struct state, status) },
	{ "pid", NUMBER32, offsetof(struct state, pid) },
	{ "monitor", NUMBER32, offsetof(struct state, monitor) },
	{ "pid_started", NUMBER64, offsetof(struct state, pid_started) },
	{ "began_us", NUMBER64, offsetof(struct state, began_us) },
	{ "ended_us", NUMBER64, offsetof(struct state, ended_us) },
	{ "id_base", NUMBER32, offsetof(struct state, id_base) },
	{ "id_count", NUMBER32, offsetof(struct state, id_count) },
	{ "caps", NUMBER64, offsetof(struct state, caps) },
	{ "keep", NUMBER32, offsetof(struct state, keep) },
	{ "code", NUMBER32, offsetof(struct state, code) },
	{ "signal", NUMBER32, offsetof(struct state, signal) },
	{ "tty", NUMBER32, offsetof(struct state, tty) },
	{ "closed_sockets", NUMBER32, offsetof(struct state, closed_sockets) },
	{ "restarts", NUMBER32, offsetof(struct state, restarts) },
	{ "read_only", NUMBER32, offsetof(struct state, read_only) },
	{ "stop_signal", NUMBER32, offsetof(struct state, stop_signal) },
	{ "arg", LIST, offsetof(struct state, argv) },
	{ "env", LIST, offsetof(struct state, env) },
	{ "limit", LIST, offsetof(struct state, limits) },
	{ "layer", LIST, offsetof(struct state, layers) },
	{ "port", LIST, offsetof(struct state, ports) },
	{ "group", LIST, offsetof(struct state, groups) },
	{ "note", LIST, offsetof(struct state, notes) },
};

/* Newlines and backslashes as \n and \\. */
static void put_line(struct buf *b, const char *key, const char *value)
{
	buf_printf(b, "%s ", key);
	for (; *value; value++)
		if (*value == '\n' || *value == '\\')
			buf_puts(b, *value == '\n' ? "\\n" : "\\\\");
		else
			buf_putc(b, *value);
	buf_putc(b, '\n');
}

static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '\\' && s[1])
			*to++ = *++s == 'n' ? '\n' : *s;
		else
			*to++ = *s;
	}
	*to = '\0';
}

static void put_field(struct buf *b, const struct state *s, const struct field *f)
{
	const char *at = (const char *)s + f->at;
	const struct words *list = (const void *)at;
	char number[32];

	switch (f->kind) {
	case TEXT:
		if (*(char *const *)at)
			put_line(b, f->key, *(char *const *)at);
		return;
	case LIST:
		for (size_t i = 0; i < list->n; i++)
			put_line(b, f->key, list->v[i]);
		return;
	case NUMBER32:
		snprintf(number, sizeof(number), "%u", *(const uint32_t *)at);
		break;
	case NUMBER64:
		snprintf(number, sizeof(number), "%llu", (unsigned long long)*(const uint64_t *)at);
		break;
	}
	put_line(b, f->key, number);
}

void state_format(const struct state *s, struct buf *ret)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		put_field(ret, s, &fields[i]);
}

static int take_field(struct state *s, const struct field *f, const char *value)
{
	char *at = (char *)s + f->at;
	uint64_t n;

	switch (f->kind) {
	case TEXT:
		free(*(char **)at);
		*(char **)at = strdup(value);
		return *(char **)at ? 0 : -ENOMEM;
	case LIST:
		return words_add((struct words *)at, value);
	case NUMBER32:
		if (num_u64(value, &n) || n > UINT32_MAX)
			return -EBADMSG;
		*(uint32_t *)at = (uint32_t)n;
		return 0;
	case NUMBER64:
		return num_u64(value, (uint64_t *)at) ? -EBADMSG : 0;
	}
	return 0;
}

/* All of it; what a full disk takes a part of is an error. */
static int write_all(int fd, const char *text, size_t len)
{
	ssize_t n = write(fd, text, len);

	return n < 0 ? -errno : (size_t)n < len ? -ENOSPC : 0;
}

static int write_lines(const struct state *s, const struct buf *b, int flags)
{
	char path[4200];
	int fd, r;

	if (b->err)
		return b->err;
	snprintf(path, sizeof(path), "%s/state", s->dir);
	fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	if (fd < 0)
		return -errno;
	r = write_all(fd, b->s, b->len);
	close(fd);
	return r;
}

int state_save(const struct state *s)
{
	AUTO_BUF struct buf b = { 0 };

	state_format(s, &b);
	return write_lines(s, &b, O_CREAT | O_EXCL);
}

int state_replace(const struct state *s)
{
	AUTO_BUF struct buf b = { 0 }, from = { 0 }, to = { 0 };
	int fd, r;

	state_format(s, &b);
	buf_printf(&from, "%s/new", s->dir);
	buf_printf(&to, "%s/state", s->dir);
	r = b.err ? b.err : from.err ? from.err : to.err;
	if (r)
		return r;
	fd = open(from.s, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	r = write_all(fd, b.s, b.len);
	close(fd);
	return r ? r : rename(from.s, to.s) < 0 ? -errno : 0;
}

int state_append(const struct state *s)
{
	AUTO_BUF struct buf b = { 0 };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].kind == NUMBER32 || fields[i].kind == NUMBER64 || !strcmp(fields[i].key, "note"))
			put_field(&b, s, &fields[i]);
	return write_lines(s, &b, O_APPEND);
}

int state_parse(struct state *s, char *text)
{
	int r = 0;

	for (char *line = text, *end; !r && (end = strchr(line, '\n')); line = end + 1) { /* the last may be half a line */
		char *value;

		*end = '\0';
		value = strchr(line, ' ');
		if (!value)
			return -EBADMSG;
		*value++ = '\0';
		unescape(value);
		for (size_t i = 0; !r && i < sizeof(fields) / sizeof(fields[0]); i++)
			if (!strcmp(fields[i].key, line))
				r = take_field(s, &fields[i], value);
	}
	return r;
}

static int read_file(const char *path, struct buf *b)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char part[4096];
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, part, sizeof(part))) > 0 && b->len < 1u << 20)
		buf_add(b, part, (size_t)n);
	close(fd);
	return n < 0 ? -EIO : b->err;
}

/* ---- changes by others than the monitor ---- */

int state_amend(const struct state *s, const char *key, const char *value)
{
	AUTO_BUF struct buf line = { 0 };
	AUTO_CLOSE int fd = -1;
	char path[4200];

	put_line(&line, key, value);
	snprintf(path, sizeof(path), "%s/amended", s->dir);
	fd = line.err ? -1 : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	return line.err ? line.err : fd < 0 ? -errno : write_all(fd, line.s, line.len);
}

/* Instead of those of the same name. */
static int amend_limit(struct words *limits, const char *text)
{
	size_t n = strcspn(text, "="), kept = 0;

	for (size_t i = 0; i < limits->n; i++) {
		if (!strncmp(limits->v[i], text, n) && limits->v[i][n] == '=')
			free(limits->v[i]);
		else
			limits->v[kept++] = limits->v[i];
	}
	limits->n = kept;
	return words_add(limits, text);
}

int state_take_amended(struct state *s)
{
	AUTO_BUF struct buf text = { 0 };
	struct state changed = { .lock = -1 };
	char path[4200];
	int r;

	snprintf(path, sizeof(path), "%s/amended", s->dir);
	r = read_file(path, &text);
	if (r || !text.s)
		return r == -ENOENT ? 0 : r;
	r = state_parse(&changed, text.s);
	for (size_t i = 0; !r && i < changed.limits.n; i++)
		r = amend_limit(&s->limits, changed.limits.v[i]);
	if (!r && changed.restart) {
		free(s->restart);
		s->restart = changed.restart;
		changed.restart = NULL;
	}
	state_free(&changed);
	return r ? r : 1;
}

int state_copy(const struct state *s, const char *from, const char *name, char **ret)
{
	AUTO_BUF struct buf path = { 0 }, text = { 0 };
	AUTO_CLOSE int fd = -1;
	int r = read_file(from, &text);

	buf_printf(&path, "%s/%s", s->dir, name);
	if (r || path.err)
		return r ? r : path.err;
	fd = open(path.s, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	r = write_all(fd, buf_text(&text), text.len);
	return r ? r : buf_steal(&path, ret);
}

int state_read(const char *root, const char *name, struct state *ret)
{
	AUTO_BUF struct buf dir = { 0 }, path = { 0 }, text = { 0 }, why = { 0 };
	int r;

	*ret = (struct state){ .lock = -1 };
	if (spec_check_name(name, &why))
		return -ENOENT;
	buf_printf(&dir, "%s/%s", root, name);
	buf_printf(&path, "%s/state", buf_text(&dir));
	ret->lock = take_lock(buf_text(&dir));
	r = read_file(buf_text(&path), &text);
	if (r == -ENOENT && ret->lock == -ENOENT)
		return -ENOENT;
	if (!r && text.s)
		r = state_parse(ret, text.s);
	if (!ret->name)
		ret->name = strdup(name);
	if (buf_steal(&dir, &ret->dir))
		return -ENOMEM;
	if (!r)
		r = state_take_amended(ret);
	if (r > 0)
		r = 0;
	return r == -ENOENT ? 0 : r; /* it was killed before it could write one */
}

void state_free(struct state *s)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		char *at = (char *)s + fields[i].at;

		if (fields[i].kind == TEXT)
			free(*(char **)at);
		else if (fields[i].kind == LIST)
			words_free((struct words *)at);
	}
	free(s->dir);
	if (s->lock >= 0)
		close(s->lock);
	*s = (struct state){ .lock = -1 };
}

int state_remove(struct state *s)
{
	static const char *const files[] = { "state", "log", "hosts", "resolv.conf", "seccomp.json", "end", "shared", "new", "attach", "amended", "lock" };
	char path[4200];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", s->dir, files[i]);
		unlink(path);
	}
	return rmdir(s->dir) < 0 ? -errno : 0;
}

static int mark(const char *dir, const char *name)
{
	char path[4200];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int is_marked(const char *dir, const char *name)
{
	char path[4200];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return !access(path, F_OK);
}

int state_ask_end(const struct state *s)
{
	return mark(s->dir, "end");
}

int state_asked_end(const struct state *s)
{
	return is_marked(s->dir, "end");
}

int state_share_network(const struct state *s)
{
	return mark(s->dir, "shared");
}

int state_shares_network(const char *dir)
{
	return is_marked(dir, "shared");
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int state_list(const char *root, struct words *ret)
{
	DIR *d = opendir(root);
	struct dirent *e;
	int r = 0;

	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while (!r && (e = readdir(d)))
		if (*e->d_name != '.')
			r = words_add(ret, e->d_name);
	closedir(d);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_text);
	return r;
}

/* ---- its group ---- */

int state_groups(struct cgx *cgx, struct cgx_group *g, struct words *ret)
{
	int r = 0;

	for (size_t i = 0; !r && cgx_hierarchy_at(cgx, i); i++) {
		const struct cgx_hierarchy *h = cgx_hierarchy_at(cgx, i);
		const char *path = cgx_group_path_in(g, h);
		AUTO_FREE char *names = NULL;
		AUTO_BUF struct buf b = { 0 };

		if (!path)
			continue;
		r = cgx_set_format(cgx, cgx_hierarchy_controllers(h), &names);
		buf_printf(&b, "%s:%s", names ? names : "", path);
		if (!r)
			r = b.err ? b.err : words_add(ret, buf_text(&b));
	}
	return r;
}

cgx_set state_controllers(struct cgx *cgx, const struct state *s)
{
	cgx_set all = 0;

	for (size_t i = 0; i < s->groups.n; i++) {
		AUTO_FREE char *names = strndup(s->groups.v[i], strcspn(s->groups.v[i], ":"));
		cgx_set set = CGX_C_CORE;

		if (names && *names && cgx_set_parse(cgx, names, &set))
			continue;
		all |= set;
	}
	return all;
}
