/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One line that is typed. */
#include "prompt.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "terminal.h"

#define CONTROL(c) ((c) & 0x1f)
#define ESCAPE 0x1b

void prompt_begin(struct prompt *p, const char *label, const char *text)
{
	p->label = label;
	snprintf(p->text, sizeof(p->text), "%s", text);
	p->at = strlen(p->text);
}

/* The length of the character that begins at, or ends before, a place. */
static size_t forward(const struct prompt *p)
{
	mbstate_t state = { 0 };
	size_t n = strlen(p->text) - p->at, len = mbrlen(p->text + p->at, n, &state);

	return !n ? 0 : len > n || !len ? 1 : len;
}

static size_t backward(const struct prompt *p)
{
	for (size_t len = 1; len <= p->at && len <= MB_LEN_MAX; len++) {
		mbstate_t state = { 0 };

		if (mbrlen(p->text + p->at - len, len, &state) == len)
			return len;
	}
	return p->at > 0;
}

static void cut(struct prompt *p, size_t from, size_t to)
{
	memmove(p->text + from, p->text + to, strlen(p->text + to) + 1);
	p->at = from;
}

static enum prompt_state insert(struct prompt *p, uint32_t code)
{
	mbstate_t state = { 0 };
	char bytes[MB_LEN_MAX];
	size_t n, len = strlen(p->text);

	if (code >= TERMINAL_UP || !iswprint((wint_t)code))
		return PROMPT_MORE;
	n = wcrtomb(bytes, (wchar_t)code, &state);
	if (n == (size_t)-1 || len + n >= sizeof(p->text))
		return PROMPT_MORE;
	memmove(p->text + p->at + n, p->text + p->at, len - p->at + 1);
	memcpy(p->text + p->at, bytes, n);
	p->at += n;
	return PROMPT_CHANGED;
}

enum prompt_state prompt_key(struct prompt *p, uint32_t code)
{
	switch (code) {
	case '\r':
		return PROMPT_DONE;
	case ESCAPE:
		return PROMPT_LEFT;
	case TERMINAL_LEFT:
	case CONTROL('b'):
		p->at -= backward(p);
		return PROMPT_MORE;
	case TERMINAL_RIGHT:
	case CONTROL('f'):
		p->at += forward(p);
		return PROMPT_MORE;
	case TERMINAL_HOME:
	case CONTROL('a'):
		p->at = 0;
		return PROMPT_MORE;
	case TERMINAL_END:
	case CONTROL('e'):
		p->at = strlen(p->text);
		return PROMPT_MORE;
	case TERMINAL_BACKSPACE:
		cut(p, p->at - backward(p), p->at);
		return PROMPT_CHANGED;
	case TERMINAL_DELETE:
	case CONTROL('d'):
		cut(p, p->at, p->at + forward(p));
		return PROMPT_CHANGED;
	case CONTROL('u'):
		cut(p, 0, p->at);
		return PROMPT_CHANGED;
	default:
		return insert(p, code);
	}
}
