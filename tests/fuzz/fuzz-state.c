/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz: the state of a sandbox. What is read is written as it would be, and reads the same once more. */
#include <errno.h>

#include "fuzz.h"
#include "sandbox/state.h"

static int read_back(struct state *s, struct buf *text)
{
	*s = (struct state){ .lock = -1 };
	return text->s ? state_parse(s, text->s) : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf AUTO_BUF text = { 0 }, first = { 0 }, kept = { 0 }, second = { 0 };
	struct state s, again;
	int r;

	buf_add(&text, (const char *)data, size);
	if (text.err)
		return 0;
	r = read_back(&s, &text);
	if (r && r != -EBADMSG && r != -ENOMEM)
		abort();
	if (!r) {
		state_format(&s, &first);
		buf_add(&kept, first.s, first.len);
		if (read_back(&again, &first))
			abort();
		state_format(&again, &second);
		if (second.len != kept.len || memcmp(second.s, kept.s, kept.len))
			abort();
		state_free(&again);
	}
	state_free(&s);
	return 0;
}
