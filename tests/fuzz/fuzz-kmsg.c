/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz: records of the kernel log, one a paragraph. */
#include "fuzz.h"
#include "libcgx/kmsg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = fuzz_text(data, size);
	struct kmsg_parse p = { 0 };
	struct cgx_oom o;
	uint64_t seq;

	for (char *s = text, *end; *s; s = end) {
		end = strstr(s, "\n\n");
		end = end ? end + 2 : s + strlen(s);
		if (kmsg_parse_record(&p, s, (size_t)(end - s), &seq, &o) == 1 && (o.pid <= 0 || strlen(o.comm) > 15))
			abort();
	}
	kmsg_parse_free(&p);
	return 0;
}
