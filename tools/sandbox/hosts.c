/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of a network. */
#include "sandbox/hosts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/network_spec.h"
#include "util/cleanup.h"

static const char head[] = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n";

/* From this size on what was dropped is taken out. */
#define LARGE 16384
#define LARGEST (1u << 20)

void hosts_path(const char *dir, char *ret, size_t size)
{
	snprintf(ret, size, "%s/hosts", dir);
}

static int read_all(int fd, struct buf *b)
{
	char part[4096];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, part, sizeof(part), at)) > 0 && at < (off_t)LARGEST) {
		buf_add(b, part, (size_t)n);
		at += n;
	}
	return n < 0 ? -errno : b->err;
}

void hosts_compact(const char *text, size_t len, struct buf *ret)
{
	for (const char *end = text + len, *next; text < end; text = next) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));

		next = newline ? newline + 1 : end;
		if (*text != '#')
			buf_add(ret, text, (size_t)(next - text));
	}
}

/* Shorter than before: a reader finds each living line, perhaps twice. Where the file ends now. */
static size_t compact(int fd, const struct buf *now)
{
	AUTO_BUF struct buf b = { 0 };

	hosts_compact(buf_text(now), now->len, &b);
	if (b.err || pwrite(fd, buf_text(&b), b.len, 0) != (ssize_t)b.len || ftruncate(fd, (off_t)b.len) < 0)
		return now->len;
	return b.len;
}

static int open_file(const char *dir, int flags)
{
	char path[4300];
	int fd;

	hosts_path(dir, path, sizeof(path));
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0644);
	if (fd < 0)
		return -errno;
	if (flags & O_CREAT)
		fchmod(fd, 0644); /* whatever the umask is: everybody inside reads it */
	return fd;
}

/* The first word of a line, or the second; names of hosts know no capitals. */
static int has_word(const char *line, size_t len, const char *word, int second)
{
	const char *space = memchr(line, ' ', len);
	size_t n;

	if (second && !space)
		return 0;
	if (second) {
		len -= (size_t)(space + 1 - line);
		line = space + 1;
		space = memchr(line, ' ', len);
	}
	n = space ? (size_t)(space - line) : len;
	return n == strlen(word) && !strncasecmp(line, word, n);
}

/* The third word of a line, an alias. */
static int has_alias(const char *line, size_t len, const char *word)
{
	const char *space = memchr(line, ' ', len);

	return space && has_word(space + 1, len - (size_t)(space + 1 - line), word, 1);
}

/* What the file begins with is not for sandboxes to be called by. */
static int is_fixed(const char *name)
{
	return !strcasecmp(name, "localhost") || !strcasecmp(name, "ip6-localhost") || !strcasecmp(name, "ip6-loopback");
}

/* A name is its sandbox's, whoever was known by it as well: blanks for the alias. */
static void take_alias_back(int fd, struct buf *now, const char *name)
{
	size_t size = strlen(name);

	for (char *line = now->s, *end = line + now->len, *stop; line < end; line = stop + 1) {
		stop = memchr(line, '\n', (size_t)(end - line));
		stop = stop ? stop : end;
		if (*line == '#' || !has_alias(line, (size_t)(stop - line), name))
			continue;
		memset(stop - size, ' ', size);
		(void)!pwrite(fd, stop - size, size, stop - size - now->s);
	}
}

static int is_taken(const struct buf *now, const char *name)
{
	int taken = is_fixed(name);

	for (const char *line = buf_text(now), *end = line + now->len, *stop; line < end; line = stop + 1) {
		stop = memchr(line, '\n', (size_t)(end - line));
		stop = stop ? stop : end;
		if (*line != '#')
			taken |= has_word(line, (size_t)(stop - line), name, 1) || has_alias(line, (size_t)(stop - line), name);
	}
	return taken;
}

/* A sandbox of the same name but for capitals: who asks for one would get the other. */
static int has_rival(const struct buf *now, const char *name)
{
	for (const char *line = buf_text(now), *end = line + now->len, *stop; line < end; line = stop + 1) {
		stop = memchr(line, '\n', (size_t)(end - line));
		stop = stop ? stop : end;
		if (*line != '#' && has_word(line, (size_t)(stop - line), name, 1) && strncmp(strchr(line, ' ') + 1, name, strlen(name)) != 0)
			return 1;
	}
	return 0;
}

int hosts_add(const char *dir, const struct address address[2], const char *name, const char *alias)
{
	AUTO_CLOSE int fd = open_file(dir, O_CREAT);
	AUTO_BUF struct buf now = { 0 }, line = { 0 };
	int r = fd < 0 ? fd : read_all(fd, &now);
	size_t end = now.len;

	if (!r && !is_fixed(name) && has_rival(&now, name))
		r = -ENOTUNIQ;
	if (r)
		return r;
	take_alias_back(fd, &now, name);
	if (alias && is_taken(&now, alias))
		alias = NULL;
	if (!end)
		buf_puts(&line, head);
	else if (end > LARGE)
		end = compact(fd, &now);
	for (int i = 0; i < 2 && !is_fixed(name); i++) {
		if (address[i].family == AF_UNSPEC)
			continue;
		address_format(&address[i], &line);
		buf_printf(&line, " %s%s%s\n", name, alias ? " " : "", alias ? alias : "");
	}
	if (line.err)
		return line.err;
	return pwrite(fd, line.s, line.len, (off_t)end) == (ssize_t)line.len ? 0 : -EIO;
}

/* Comment out the lines of which this is the address or the name. */
static void drop(const char *dir, const char *word, int is_name)
{
	AUTO_CLOSE int fd = open_file(dir, 0);
	AUTO_BUF struct buf now = { 0 };

	if (fd < 0 || read_all(fd, &now) || !now.len)
		return;
	for (const char *line = now.s, *end = now.s + now.len, *stop; line < end; line = stop + 1) {
		stop = memchr(line, '\n', (size_t)(end - line));
		stop = stop ? stop : end;
		if (has_word(line, (size_t)(stop - line), word, is_name))
			(void)!pwrite(fd, "#", 1, line - now.s);
	}
}

void hosts_drop(const char *dir, const struct address *address)
{
	AUTO_BUF struct buf word = { 0 };

	address_format(address, &word);
	if (word.len)
		drop(dir, buf_text(&word), 0);
}

void hosts_drop_named(const char *dir, const char *name)
{
	drop(dir, name, 1);
}

void hosts_remove(const char *dir)
{
	char path[4300];

	hosts_path(dir, path, sizeof(path));
	unlink(path);
}

/* ---- the resolver ---- */

/* 127.0.0.53 is the host's own; one of a link (fe80::1%eth0) is none inside. */
static int is_out_of_reach(const char *server, size_t len, int six)
{
	if (memchr(server, ':', len))
		return !six || (len == 3 && !strncmp(server, "::1", 3)) || (len >= 4 && !strncasecmp(server, "fe80", 4));
	return len > 4 && !strncmp(server, "127.", 4);
}

static int is_server(const char *line, size_t len, const char **ret, size_t *ret_len)
{
	const char *end = line + len;

	if (len < 11 || strncmp(line, "nameserver", 10) || (line[10] != ' ' && line[10] != '\t'))
		return 0;
	for (line += 10; line < end && (*line == ' ' || *line == '\t'); line++)
		;
	*ret = line;
	for (*ret_len = 0; line + *ret_len < end && line[*ret_len] != ' ' && line[*ret_len] != '\t'; ++*ret_len)
		;
	return 1;
}

size_t resolver_config(const char *text, const struct address *dns, size_t n_dns, int six, struct buf *ret)
{
	size_t servers = 0, len, n;

	for (; servers < n_dns; servers++) {
		buf_puts(ret, "nameserver ");
		address_format(&dns[servers], ret);
		buf_putc(ret, '\n');
	}
	for (const char *server; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		if (is_server(text, len, &server, &n)) {
			if (n_dns || is_out_of_reach(server, n, six))
				continue;
			servers++;
		}
		buf_add(ret, text, len);
		buf_putc(ret, '\n');
	}
	return servers;
}
