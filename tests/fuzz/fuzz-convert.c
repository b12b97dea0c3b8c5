/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz: every codec in both directions, and what users write for every setting. */
#include "fuzz.h"

static void convert(const struct cgx_setting *row, const char *s)
{
	struct codec_arg a = { .v1 = { s, s, s, s }, .v2 = s, .with = s, .clock_ticks = 100, .page_size = 4096 };
	struct codec_out out = { 0 };
	AUTO_BUF struct buf b = { 0 };

	if (row->codec && row->codec->join)
		row->codec->join(&a, &b);
	if (row->codec && row->codec->split)
		row->codec->split(&a, &out);
	codec_out_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *s = fuzz_text(data, size);
	struct cgx *cgx = calloc(1, sizeof(*cgx));

	if (!cgx)
		abort();
	cgx->fs.fd = -1;
	for (const struct cgx_setting *row = cgx_setting_next(NULL); row; row = cgx_setting_next(row)) {
		AUTO_FREE char *text = NULL;

		convert(row, s);
		if (cgx_setting_check(cgx, cgx_setting_name(row), s, &text) < 0 && !*cgx_error(cgx))
			abort();
	}
	cgx_close(cgx);
	return 0;
}
