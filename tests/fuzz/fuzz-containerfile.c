/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz: Containerfiles, their variables, and what a build does not see. */
#include "fuzz.h"
#include "sandbox/containerfile.h"
#include "sandbox/ignore.h"

static void expand(const struct containerfile *c, const struct instruction *i)
{
	struct words values = { 0 }, words = { 0 };
	const struct words *const vars[] = { &values, NULL };
	struct buf AUTO_BUF one = { 0 }, why = { 0 };

	if (words_add(&values, "A=value") || words_add(&values, "EMPTY="))
		abort();
	if (containerfile_expand(i->text, c->escape, vars, &one, &why) && !why.len)
		abort();
	for (size_t k = 0; k < i->n_here; k++) {
		const struct here *h = &i->here[k];

		if (!h->name || !*h->name || strchr(h->name, '/') || !h->text)
			abort();
		buf_reset(&one);
		buf_reset(&why);
		if (containerfile_expand_here(h->text, c->escape, vars, &one, &why) && !why.len)
			abort();
	}
	buf_reset(&why);
	if (containerfile_words(i->text, c->escape, vars, &words, &why) && !why.len)
		abort();
	words_free(&words);
	words_free(&values);
}

static void instructions(const uint8_t *data, size_t size)
{
	struct buf AUTO_BUF why = { 0 };
	struct containerfile c;
	unsigned line = 0;
	int r = containerfile_read((const char *)data, size, &c, &why);

	if (r && !why.len)
		abort();
	for (size_t i = 0; !r && i < c.n; i++) {
		if (!c.v[i].text || c.v[i].line <= line || strchr(c.v[i].text, '\n'))
			abort();
		line = c.v[i].line;
		expand(&c, &c.v[i]);
	}
	if (!r)
		containerfile_free(&c);
}

static void patterns(const uint8_t *data, size_t size)
{
	struct ignore i;

	if (ignore_read((const char *)data, size, &i))
		abort();
	ignore_matches(&i, "some/folder/file.c");
	ignore_matches(&i, "");
	ignore_free(&i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	instructions(data, size);
	patterns(data, size);
	return 0;
}
