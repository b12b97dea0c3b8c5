/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a tool says on stderr. */
#include "message.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "text.h"

enum kind { FAILURE, WARNING, NOTE };

int colour_wanted(int fd)
{
	const char *no = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if ((no && *no) || !term || !*term || !strcmp(term, "dumb"))
		return 0;
	return isatty(fd);
}

static void write_all(int fd, const char *s, size_t n)
{
	while (n) {
		ssize_t w = write(fd, s, n);

		if (w < 0 && errno != EINTR)
			return;
		if (w > 0) {
			s += w;
			n -= (size_t)w;
		}
	}
}

/* "TOOL: " and the kind in words; colour repeats what the words say. */
static void add_head(struct buf *line, const struct frame *f, enum kind kind)
{
	static const char *const words[] = { [FAILURE] = "", [WARNING] = "warning: ", [NOTE] = "note: " };
	static const char *const colours[] = { [FAILURE] = "\033[1;31m", [WARNING] = "\033[1;33m",
					       [NOTE] = "\033[1m" };
	int coloured = colour_wanted(STDERR_FILENO);

	buf_puts(line, coloured ? colours[kind] : "");
	text_show(line, f->called_as, strlen(f->called_as), TEXT_UTF8);
	buf_puts(line, ":");
	buf_puts(line, coloured ? "\033[0m " : " ");
	buf_puts(line, words[kind]);
}

static void log_line(enum kind kind, const struct buf *words, const struct buf *remedy)
{
	static const int priority[] = { [FAILURE] = LOG_ERR, [WARNING] = LOG_WARNING, [NOTE] = LOG_NOTICE };

	syslog(priority[kind], "%s%s%s", buf_text(words), remedy->len ? "; " : "", buf_text(remedy));
}

static void say(const struct frame *f, enum kind kind, const char *words, const char *remedy)
{
	struct buf AUTO_BUF line = { 0 }, shown = { 0 }, more = { 0 };

	fflush(stdout);
	text_show(&shown, words, strlen(words), TEXT_UTF8);
	text_show(&more, remedy ? remedy : "", remedy ? strlen(remedy) : 0, TEXT_UTF8);
	add_head(&line, f, kind);
	buf_printf(&line, "%s\n", buf_text(&shown));
	if (more.len)
		buf_printf(&line, "  %s\n", buf_text(&more));
	write_all(STDERR_FILENO, buf_text(&line), strlen(buf_text(&line)));
	if (f->syslog)
		log_line(kind, &shown, &more);
}

static void vsay(const struct frame *f, enum kind kind, const char *remedy, const char *fmt, va_list ap)
	__attribute__((format(printf, 4, 0)));

static void vsay(const struct frame *f, enum kind kind, const char *remedy, const char *fmt, va_list ap)
{
	struct buf AUTO_BUF words = { 0 };

	buf_vprintf(&words, fmt, ap);
	say(f, kind, buf_error(&words) ? "out of memory" : buf_text(&words), remedy);
}

static const char *words_of(const struct frame *f)
{
	return f->cgx ? cgx_error(f->cgx) : "";
}

int msg_fail(const struct frame *f)
{
	const char *words = words_of(f);

	say(f, FAILURE, *words ? words : "failed", f->cgx ? cgx_remedy(f->cgx) : NULL);
	return frame_failed(f);
}

int msg_error(const struct frame *f, const char *remedy, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay(f, FAILURE, remedy, fmt, ap);
	va_end(ap);
	return frame_failed(f);
}

static const char *remedy_of(int err)
{
	return err == EMFILE || err == -EMFILE ? "raise the limit of open files (ulimit -n)" : NULL;
}

int msg_errno(const struct frame *f, int err, const char *object, const char *action)
{
	return msg_error(f, remedy_of(err), "%s: %s: %s", object, action, strerror(err < 0 ? -err : err));
}

int msg_failed(const struct frame *f, int err)
{
	return *words_of(f) ? msg_fail(f) : msg_error(f, remedy_of(err), "%s", strerror(-err));
}

int msg_usage(const struct frame *f, const char *fmt, ...)
{
	struct buf AUTO_BUF try = { 0 };
	va_list ap;

	buf_printf(&try, "Try '%s --help'", f->called_as);
	va_start(ap, fmt);
	vsay(f, FAILURE, buf_text(&try), fmt, ap);
	va_end(ap);
	return f->tool->flags & TOOL_RUNS_COMMAND ? STATUS_OWN_FAILURE : STATUS_USAGE;
}

void msg_warn(const struct frame *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay(f, WARNING, NULL, fmt, ap);
	va_end(ap);
}

void msg_note(const struct frame *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay(f, NOTE, NULL, fmt, ap);
	va_end(ap);
}
