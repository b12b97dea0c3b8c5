/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text measured and cut in cells of a screen. */
#include "cells.h"

#include <string.h>
#include <wchar.h>

enum { MARKS = 4 }; /* on a character: ncurses keeps no more, and some terminals fewer */

const struct glyphs glyphs_utf8 = {
	TEXT_UTF8, "…", "├─", "└─", "│  ", "   ", "▸", "▾", " ", "▴", "▾",
	{ " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" },
};
const struct glyphs glyphs_ascii = {
	TEXT_ASCII, "~", "|-", "`-", "|  ", "   ", "+", "-", " ", "^", "v",
	{ " ", ".", ".", ":", ":", "|", "|", "#", "#" },
};

/* The bytes of the character at s, at most n; its width, -1 when it has none. */
static size_t next(const char *s, size_t n, int *ret_width)
{
	mbstate_t state = { 0 };
	wchar_t c;
	size_t len;

	*ret_width = 1;
	if (!n || ((unsigned char)*s >= 0x20 && (unsigned char)*s < 0x7f))
		return n != 0;
	len = mbrtowc(&c, s, n, &state);
	*ret_width = len == (size_t)-1 || len == (size_t)-2 || !len ? -1 : wcwidth(c);
	return *ret_width < 0 && len > n ? 1 : len ? len : 1;
}

/* No letters, and of no width: joiners, marks of direction, variation selectors, tags. No two terminals agree on them. */
static int is_format(wchar_t c)
{
	static const struct {
		wchar_t first, last;
	} ranges[] = {
		{ 0xad, 0xad }, { 0x34f, 0x34f }, { 0x61c, 0x61c }, { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 }, { 0x180b, 0x180f },
		{ 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0x3164, 0x3164 }, { 0xfe00, 0xfe0f },
		{ 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff9, 0xfffb }, { 0x1d173, 0x1d17a }, { 0x1f3fb, 0x1f3ff },
		{ 0xe0000, 0xe0fff },
	};
	size_t i = 0;

	while (i < sizeof(ranges) / sizeof(ranges[0]) && (c < ranges[i].first || c > ranges[i].last))
		i++;
	return i < sizeof(ranges) / sizeof(ranges[0]);
}

/* A mark without a letter of the same text before it would sit on what stands to the left. */
static int can_stand(const char *s, size_t n, int width, int marks_left)
{
	mbstate_t state = { 0 };
	wchar_t c;
	size_t len;

	if (width < 0 || (!width && !marks_left))
		return 0;
	if (!(*s & 0x80))
		return 1;
	len = mbrtowc(&c, s, n, &state);
	return len <= n && !is_format(c);
}

void cells_show(struct buf *b, const char *s, size_t n, enum text_set set)
{
	struct buf AUTO_BUF shown = { 0 };
	const char *p;
	size_t len;
	int width, marks = 0; /* that the last character can carry yet */

	text_show(&shown, s, n, set);
	if (shown.err)
		b->err = shown.err;
	for (p = buf_text(&shown); *p; p += len) {
		len = next(p, strlen(p), &width);
		marks = width ? MARKS : marks - 1;
		if (can_stand(p, len, width, marks >= 0)) {
			buf_add(b, p, len);
			continue;
		}
		marks = 0;
		for (size_t i = 0; i < len; i++)
			buf_printf(b, "\\x%02x", (unsigned char)p[i]);
	}
}

int cells_width(const char *s)
{
	size_t n = strlen(s), len;
	int cells = 0, width;

	for (; n; s += len, n -= len) {
		len = next(s, n, &width);
		cells += width > 0 ? width : 0;
	}
	return cells;
}

size_t cells_beginning(const char *s, int cells)
{
	size_t n = strlen(s), at = 0, len;
	int width;

	while (at < n) {
		len = next(s + at, n - at, &width);
		if (width > cells)
			break;
		cells -= width > 0 ? width : 0;
		at += len;
	}
	return at;
}

/* The first byte of the end of s that takes at most cells cells. */
static size_t ending(const char *s, int cells)
{
	int width = cells_width(s), w;
	size_t n = strlen(s), at = 0;

	while (at < n && width > cells) {
		size_t len = next(s + at, n - at, &w);

		width -= w > 0 ? w : 0;
		at += len;
	}
	/* what sat on the last of them goes with it */
	for (size_t len; at < n; at += len) {
		len = next(s + at, n - at, &w);
		if (w)
			break;
	}
	return at;
}

void cells_cut(struct buf *b, const char *s, int cells, const char *more)
{
	int width = cells_width(s), mark = cells_width(more);
	size_t head;

	if (width <= cells) {
		buf_puts(b, s);
		return;
	}
	if (cells <= mark) {
		buf_add(b, s, cells_beginning(s, cells));
		return;
	}
	/* what a wide character leaves free in the first half the second half may have */
	head = cells_beginning(s, (cells - mark + 1) / 2);
	cells -= mark + width - cells_width(s + head);
	buf_add(b, s, head);
	buf_puts(b, more);
	buf_puts(b, s + ending(s, cells));
}

static void blanks(struct buf *b, int n)
{
	while (n-- > 0)
		buf_putc(b, ' ');
}

void cells_pad(struct buf *b, const char *s, int cells, int right, const char *more)
{
	struct buf AUTO_BUF cut = { 0 };
	int room;

	cells_cut(&cut, s, cells, more);
	room = cells - cells_width(buf_text(&cut));
	if (right)
		blanks(b, room);
	buf_puts(b, buf_text(&cut));
	if (!right)
		blanks(b, room);
}
