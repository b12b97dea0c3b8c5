/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz: numbers, sizes, spans of time, lists, keyed texts. A size that is read is written and read back. */
#include <stdio.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *s = fuzz_text(data, size);
	const char *v;
	uint64_t n, again;
	int64_t i;
	size_t len;
	char text[32];

	if (!num_bytes(s, &n)) {
		snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
		if (num_u64(text, &again) || again != n)
			abort();
	}
	num_usec(s, &n);
	num_i64(s, &i);
	num_fixed(s, 100000, &n);
	text_list_check(s, &n);
	text_flat_u64(s, "a", &n);
	if (!text_flat(s, "a", &v, &len) && (v < s || v + len > s + size))
		abort();
	if (!text_nested(s, "a", "b", &v, &len) && (v < s || v + len > s + size))
		abort();
	return 0;
}
