/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One line that is typed. Pure. */
#ifndef CGX_TOP_PROMPT_H
#define CGX_TOP_PROMPT_H

#include <stddef.h>
#include <stdint.h>

struct prompt {
	const char *label;
	char text[512]; /* multibyte of the locale, NUL-terminated */
	size_t at;      /* where the next character goes */
};

enum prompt_state { PROMPT_MORE, PROMPT_CHANGED, PROMPT_DONE, PROMPT_LEFT };

void prompt_begin(struct prompt *p, const char *label, const char *text);
/* A key of terminal.h. PROMPT_DONE on Enter, PROMPT_LEFT on Escape. */
enum prompt_state prompt_key(struct prompt *p, uint32_t code);

#endif
