/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A terminal's bytes both ways. */
#include "sandbox/terminal.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define FIRST_KEY  '\020' /* control-P */
#define SECOND_KEY '\021' /* control-Q */

void terminal_size(const struct terminal *t)
{
	struct winsize size;

	if (t->pty >= 0 && !ioctl(STDIN_FILENO, TIOCGWINSZ, &size))
		ioctl(t->pty, TIOCSWINSZ, &size);
}

void terminal_open(struct terminal *t, int pty, int keys)
{
	struct termios raw;

	*t = (struct terminal){ .pty = pty, .keys = keys };
	if (pty < 0)
		return;
	terminal_size(t);
	if (tcgetattr(STDIN_FILENO, &t->before) < 0)
		return;
	raw = t->before;
	cfmakeraw(&raw);
	t->raw = !tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

void terminal_close(struct terminal *t)
{
	if (t->raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &t->before);
	t->raw = 0;
}

static int write_all(int to, const char *b, size_t n)
{
	while (n) {
		ssize_t w = write(to, b, n);

		if (w < 0 && errno != EINTR)
			return 0;
		b += w > 0 ? w : 0;
		n -= w > 0 ? (size_t)w : 0;
	}
	return 1;
}

static ssize_t read_some(int from, char *b, size_t size)
{
	ssize_t n = read(from, b, size);

	return n < 0 && (errno == EINTR || errno == EAGAIN) ? -1 : n < 0 ? 0 : n;
}

/* The first key waits for what follows: it is typed after all when that is not the second. */
static int type(struct terminal *t, const char *b, size_t n)
{
	static const char first = FIRST_KEY;

	for (; n; b++, n--) {
		if (t->keys && !t->half && *b == FIRST_KEY) {
			t->half = 1;
			continue;
		}
		if (t->half && *b == SECOND_KEY)
			return TERMINAL_LEAVE;
		if (t->half && !write_all(t->pty, &first, 1))
			return 0;
		t->half = t->keys && t->half && *b == FIRST_KEY;
		if (!t->half && !write_all(t->pty, b, 1))
			return 0;
	}
	return 1;
}

int terminal_typed(struct terminal *t)
{
	char b[4096];
	ssize_t n = read_some(STDIN_FILENO, b, sizeof(b));

	if (n < 0)
		return 1;
	if (!n) {
		(void)!write(t->pty, "\004", 1); /* end of input */
		return 0;
	}
	if (!t->keys || (!t->half && !memchr(b, FIRST_KEY, (size_t)n)))
		return write_all(t->pty, b, (size_t)n);
	return type(t, b, (size_t)n);
}

int terminal_shown(struct terminal *t)
{
	char b[8192];
	ssize_t n = read_some(t->pty, b, sizeof(b));

	if (n < 0)
		return 1;
	return n && write_all(STDOUT_FILENO, b, (size_t)n);
}
