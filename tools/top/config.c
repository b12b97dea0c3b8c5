/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The usual options of cgx-top, kept in a file. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ui/message.h"
#include "ui/replace.h"
#include "util/buf.h"
#include "util/cleanup.h"

enum { LONGEST = 1 << 16 };

void config_path(char *ret, size_t size)
{
	const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	*ret = '\0';
	if (base && *base == '/')
		snprintf(ret, size, "%s/cgx/top.conf", base);
	else if (home && *home == '/')
		snprintf(ret, size, "%s/.config/cgx/top.conf", home);
}

static int read_all(const char *path, char **ret)
{
	AUTO_BUF struct buf b = { 0 };
	/* a pipe without a writer is an empty file: nobody waits for one */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	FILE *from = fd < 0 ? NULL : fdopen(fd, "r");
	size_t n;
	int err;

	if (!from) {
		err = errno ? errno : EIO;
		if (fd >= 0)
			close(fd);
		return -err;
	}
	do {
		if (buf_reserve(&b, 4096))
			break;
		n = fread(b.s + b.len, 1, 4096, from);
		b.len += n;
	} while (n && b.len < LONGEST);
	err = ferror(from) ? errno : b.len < LONGEST ? 0 : EFBIG;
	fclose(from);
	if (b.err || err)
		return b.err ? -ENOMEM : -err;
	b.s[b.len] = '\0';
	if (strlen(b.s) != b.len)
		return -EILSEQ;
	return buf_steal(&b, ret);
}

/* "name value" -> "--name" "value". */
static int read_line(struct frame *f, const struct opt *rows, void *spec, const char *path, int number, char *line)
{
	AUTO_BUF struct buf why = { 0 }, option = { 0 };
	struct opt_sheet sheet = { .rows = rows, .base = spec };
	char *argv[4] = { (char *)"", NULL, NULL, NULL };
	char *value = line + strcspn(line, " \t=");
	int argc = 2, r;

	if (*value)
		*value++ = '\0';
	value += strspn(value, " \t=");
	buf_printf(&option, "--%s", line);
	if (option.err)
		return -ENOMEM;
	argv[1] = option.s;
	if (*value)
		argv[argc++] = value;
	r = opt_parse(&sheet, 1, 0, argc, argv, &why);
	if (r == 0)
		return 0;
	if (r == -ENOMEM)
		return r;
	if (r > 0)
		buf_printf(&why, "%s: this option takes no value", line);
	msg_error(f, "a line is the name of a long option and its value, as in: delay 500ms", "%s: line %d: %s", path,
			 number, r < 0 ? buf_text(&why) + 2 * !strncmp(buf_text(&why), "--", 2) : buf_text(&why));
	return STATUS_USAGE;
}

static void cut_blanks(char *line)
{
	size_t n = strlen(line);

	while (n && strchr(" \t\r", line[n - 1]))
		line[--n] = '\0';
}

int config_read(struct frame *f, const struct opt *rows, void *spec, char **ret_text)
{
	char path[4096], *text = NULL, *next;
	int r, number = 0;

	*ret_text = NULL;
	config_path(path, sizeof(path));
	r = *path ? read_all(path, &text) : -ENOENT;
	if (r == -ENOENT || r == -ENOTDIR || r == -EACCES)
		return 0;
	if (r == -EILSEQ)
		return msg_error(f, "cgx-top --save makes a new one", "%s: read: this is no text", path);
	if (r)
		return msg_errno(f, r, path, "read");
	*ret_text = text;
	for (char *line = text; !r && line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		number++;
		line += strspn(line, " \t");
		cut_blanks(line);
		if (*line && *line != '#')
			r = read_line(f, rows, spec, path, number, line);
	}
	return r;
}

static int make_folders(char *path)
{
	for (char *p = path + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (mkdir(path, 0700) && errno != EEXIST) {
			*p = '/';
			return -errno;
		}
		*p = '/';
	}
	return 0;
}

int config_write(struct frame *f, char *const *lines, size_t n)
{
	char path[4096];
	struct replace file;
	int err;

	config_path(path, sizeof(path));
	if (!*path)
		return msg_error(f, "set HOME or XDG_CONFIG_HOME", "options: save: there is no home directory");
	err = make_folders(path);
	if (!err)
		err = replace_begin(&file, path);
	if (err)
		return msg_errno(f, err, path, "save the options");
	fputs("# cgx-top: a line is the name of a long option and its value\n", file.to);
	for (size_t i = 0; i < n; i++)
		fprintf(file.to, "%s\n", lines[i]);
	err = replace_end(&file, 1);
	return err ? msg_errno(f, err, path, "save the options") : 0;
}
