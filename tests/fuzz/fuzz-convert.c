/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz: every codec in both directions. Input: V2|WITH|V1|V1..., or one text that stands for all of them. */
#include "fuzz.h"

static void fill(struct codec_arg *a, char *s)
{
	const char **field[] = { &a->v2, &a->with, &a->v1[0], &a->v1[1], &a->v1[2], &a->v1[3], &a->v1[4] };
	int one = !strchr(s, '|');

	for (size_t i = 0; i < COUNT_OF(field); i++) {
		*field[i] = one ? s : strsep(&s, "|");
		if (*field[i] && !one && !strcmp(*field[i], "-"))
			*field[i] = NULL; /* not there */
	}
}

static void join(const struct codec *c, const struct codec_arg *a)
{
	AUTO_BUF struct buf b = { 0 };

	buf_puts(&b, "kept");
	if (c->join(a, &b) && strcmp(buf_text(&b), "kept"))
		abort(); /* untouched on failure */
}

static void split(const struct codec *c, const struct codec_arg *a)
{
	struct codec_out out = { 0 };
	int r = c->split(a, &out);

	if ((r && out.n) || out.n > SETTING_V1_MAX)
		abort();
	for (size_t i = 0; i < out.n; i++)
		for (size_t k = 0; k < i; k++)
			if (out.w[i].index >= SETTING_V1_MAX || out.w[i].index == out.w[k].index)
				abort();
	codec_out_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *s = fuzz_text(data, size);
	struct codec_arg a = { .clock_ticks = 100, .page_size = 4096 };

	fill(&a, s);
	for (size_t i = 0; setting_tables[i]; i++)
		for (size_t k = 0; k < setting_tables[i]->n; k++) {
			const struct codec *c = setting_tables[i]->rows[k].codec;

			if (c && c->join)
				join(c, &a);
			if (c && c->split && a.v2)
				split(c, &a);
		}
	return 0;
}
