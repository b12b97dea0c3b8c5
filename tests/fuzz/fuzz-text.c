/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz: numbers, sizes, spans of time, lists; keyed texts with the input's first line as key and sub-key. */
#include <stdio.h>

#include "fuzz.h"

static void numbers(const char *s)
{
	uint64_t n, again;
	int64_t i;
	char text[32];

	if (!num_bytes(s, &n)) {
		snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
		if (num_u64(text, &again) || again != n)
			abort();
	}
	if (!num_i64(s, &i) && (*s == '-') != (i < 0) && i)
		abort();
	/* what one reads without a unit, the others read alike */
	if (!num_u64(s, &n) && (num_bytes(s, &again) || again != n || num_fixed(s, 1, &again) || again != n))
		abort();
	num_usec(s, &n);
	num_fixed(s, 100000, &n);
	text_list_check(s, &n);
}

static void within(const char *s, const char *v, size_t len)
{
	if (v < s || len > strlen(s) || v + len > s + strlen(s) || memchr(v, '\n', len))
		abort();
}

static void keyed(const char *s, const char *key, const char *sub)
{
	const char *v;
	size_t len;
	uint64_t n;

	if (!text_flat(s, key, &v, &len))
		within(s, v, len);
	if (!text_nested(s, key, sub, &v, &len))
		within(s, v, len);
	if (!text_nested(s, "", sub, &v, &len))
		within(s, v, len);
	if (!text_flat_u64(s, key, &n) && text_flat(s, key, &v, &len))
		abort();
	text_list_has(s, ',', key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *s = fuzz_text(data, size);
	char *rest = s, *key, *sub;

	numbers(s);
	sub = strsep(&rest, "\n");
	key = strsep(&sub, " ");
	keyed(rest ? rest : "", key, sub ? sub : "");
	return 0;
}
