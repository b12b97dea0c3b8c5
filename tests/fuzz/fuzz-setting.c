/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz: what users write. Input: a setting's name, NUL, a value; a value alone is tried on every setting. */
#include "fuzz.h"

static void check(struct cgx *cgx, const char *name, const char *value)
{
	AUTO_FREE char *text = NULL, *again = NULL;

	if (cgx_setting_check(cgx, name, value, &text)) {
		if (text || !*cgx_error(cgx))
			abort();
		return;
	}
	/* the kernel's own words are taken as they are */
	if (cgx_setting_check(cgx, name, text, &again) || strcmp(text, again))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *s = fuzz_text(data, size);
	size_t n = strlen(s);
	struct cgx *cgx = calloc(1, sizeof(*cgx));

	if (!cgx)
		abort();
	cgx->fs.fd = -1;
	if (n < size) {
		check(cgx, s, s + n + 1);
		cgx_close(cgx);
		return 0;
	}
	for (const struct cgx_setting *row = cgx_setting_next(NULL); row; row = cgx_setting_next(row)) {
		check(cgx, cgx_setting_name(row), s);
		for (size_t i = 0; cgx_setting_v1_name(row, i); i++)
			check(cgx, cgx_setting_v1_name(row, i), s);
	}
	cgx_close(cgx);
	return 0;
}
