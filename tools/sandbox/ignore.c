/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a build does not see. */
#include "sandbox/ignore.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

enum { PATTERNS_MOST = 4096, PARTS_MOST = 64 };

void ignore_free(struct ignore *i)
{
	words_free(&i->patterns);
	*i = (struct ignore){ 0 };
}

/* Without "/" at either end, and without "." parts in front. */
static int add_pattern(struct ignore *i, char *s)
{
	int out = *s == '!';
	AUTO_BUF struct buf b = { 0 };
	size_t n;

	s += out;
	s += strspn(s, " \t");
	for (;;) {
		if (*s == '/')
			s++;
		else if (!strncmp(s, "./", 2))
			s += 2;
		else
			break;
	}
	for (n = strlen(s); n && s[n - 1] == '/'; n--)
		s[n - 1] = '\0';
	if (!*s || i->patterns.n == PATTERNS_MOST)
		return 0;
	i->lets_in |= out;
	buf_printf(&b, "%s%s", out ? "!" : "", s);
	return b.err ? b.err : words_add(&i->patterns, buf_text(&b));
}

int ignore_read(const char *text, size_t n, struct ignore *ret)
{
	const char *end = text + n;
	int r = 0;

	*ret = (struct ignore){ 0 };
	while (!r && text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t len = (size_t)((stop ? stop : end) - text);
		AUTO_FREE char *line = strndup(text, len);

		if (!line)
			r = -ENOMEM;
		for (size_t k = line ? strlen(line) : 0; k && strchr(" \t\r", line[k - 1]); k--)
			line[k - 1] = '\0';
		if (line && *line && *line != '#')
			r = add_pattern(ret, line + strspn(line, " \t"));
		text = stop ? stop + 1 : end;
	}
	if (r)
		ignore_free(ret);
	return r;
}

/* ---- matching ---- */

/* Parts of a text that is changed; no more than PARTS_MOST. */
static size_t split(char *s, const char *parts[PARTS_MOST])
{
	size_t n = 0;

	for (char *part = strtok_r(s, "/", &s); part && n < PARTS_MOST; part = strtok_r(NULL, "/", &s))
		parts[n++] = part;
	return n;
}

/* The path, or a folder it is in: what is left of it when the pattern is at its end does not matter. By a table, so that many
 * "**" cost no more than their number. */
static int match(const char *const *p, size_t n_p, const char *const *s, size_t n_s, int whole)
{
	char can[PARTS_MOST + 1] = { 1 };

	for (size_t i = 0; i < n_p; i++) {
		char next[PARTS_MOST + 1] = { 0 };

		if (!strcmp(p[i], "**")) {
			for (size_t k = 0, any = 0; k <= n_s; k++)
				next[k] = (char)(any |= (size_t)can[k]);
		} else {
			for (size_t k = 0; k < n_s; k++)
				next[k + 1] = can[k] && !fnmatch(p[i], s[k], 0);
		}
		memcpy(can, next, sizeof(can));
	}
	if (whole)
		return can[n_s];
	for (size_t k = 1; k <= n_s; k++)
		if (can[k])
			return 1;
	return 0;
}

static int glob(const char *pattern, const char *path, int whole)
{
	AUTO_FREE char *p = strdup(pattern), *s = strdup(path);
	const char *parts[PARTS_MOST], *names[PARTS_MOST];

	if (!p || !s)
		return 0;
	size_t n_p = split(p, parts), n_s = split(s, names);

	return match(parts, n_p, names, n_s, whole);
}

int ignore_glob(const char *pattern, const char *path)
{
	return glob(pattern, path, 1);
}

int ignore_matches(const struct ignore *i, const char *path)
{
	int out = 0;

	for (size_t n = 0; n < i->patterns.n; n++) {
		const char *p = i->patterns.v[n];
		int in = *p == '!';

		if (out == in && glob(p + in, path, 0))
			out = !in;
	}
	return out;
}
