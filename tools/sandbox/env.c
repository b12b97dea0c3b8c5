/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Variables as users give them. */
#include "sandbox/env.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sandbox/image.h"
#include "util/cleanup.h"

/* As much as the kernel lets a command have, arguments included. */
#define FILE_MOST (6u << 20)

int env_add(const char *text, struct words *ret, struct buf *why)
{
	if (*text && *text != '=')
		return words_add(ret, text);
	buf_puts(why, "not NAME=VALUE or NAME");
	return -EINVAL;
}

static int add_line(char *line, size_t size, unsigned number, struct words *ret, struct buf *why)
{
	char *text = line + strspn(line, " \t");
	size_t len = strcspn(text, "=");
	int whole = strlen(line) == size; /* no byte 0 in it */

	if (whole && (!*text || *text == '#'))
		return 0;
	if (whole && len && strcspn(text, " \t") >= len)
		return words_add(ret, text);
	buf_printf(why, "line %u: not NAME=VALUE or NAME", number);
	return -EINVAL;
}

static int read_lines(FILE *f, struct words *ret, struct buf *why)
{
	AUTO_FREE char *line = NULL;
	size_t room = 0, all = 0;
	unsigned number = 0;
	ssize_t n;
	int r = 0;

	while (!r && (errno = 0, n = getline(&line, &room, f)) >= 0) {
		all += (size_t)n;
		while (n && (line[n - 1] == '\n' || line[n - 1] == '\r'))
			line[--n] = '\0';
		r = all > FILE_MOST ? -EFBIG : add_line(line, (size_t)n, ++number, ret, why);
	}
	return r ? r : -errno;
}

int env_read(const char *path, struct words *ret, struct buf *why)
{
	FILE *f = fopen(path, "re");
	int r = f ? read_lines(f, ret, why) : -errno;

	if (f)
		fclose(f);
	if (r && !why->len)
		buf_puts(why, strerror(-r));
	return r;
}

int env_take(const struct words *given, struct words *env)
{
	int r = 0;

	for (size_t i = 0; !r && i < given->n; i++) {
		const char *text = given->v[i], *value = strchr(text, '=') ? NULL : getenv(text);
		AUTO_BUF struct buf b = { 0 };

		if (!strchr(text, '=') && !value)
			continue;
		buf_printf(&b, "%s%s%s", text, value ? "=" : "", value ? value : "");
		r = b.err ? b.err : image_set(env, buf_text(&b));
	}
	return r;
}
