/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz: a tracepoint's format, NUL, and a record of a perf ring buffer; a text alone is only a format. */
#include <linux/perf_event.h>

#include "fuzz.h"
#include "libcgx/trace.h"

static void record(const struct trace_format *f, const uint8_t *data, size_t size)
{
	struct victim v;
	uint64_t lost = 0;
	int r = trace_parse_record(f, data, size, &lost, &v);

	if (r > 1 || (r == 1 && (v.pid <= 0 || strlen(v.comm) > 15 || v.known & ~15u || !v.groups)))
		abort();
	if (lost && r)
		abort(); /* one record is not both */
	trace_record_time(data, size);
}

/* The raw part alone, within a header that fits. */
static void raw(const struct trace_format *f, const uint8_t *data, size_t size)
{
	struct perf_event_header h = { PERF_RECORD_SAMPLE, 0, 0 };
	size_t n = size < 4000 ? size : 4000, len = sizeof(h) + 8 + 4 + n;
	uint32_t raw_len = (uint32_t)n;
	uint8_t *copied = calloc(1, len);

	if (!copied)
		abort();
	h.size = (uint16_t)len;
	memcpy(copied, &h, sizeof(h));
	memcpy(copied + sizeof(h) + 8, &raw_len, sizeof(raw_len));
	memcpy(copied + sizeof(h) + 12, data, n);
	record(f, copied, len);
	free(copied);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *s = fuzz_text(data, size);
	size_t n = strlen(s);
	struct trace_format f;

	if (trace_parse_format(s, &f))
		return 0;
	if (f.pid.size > 8 || f.comm.size > 8)
		abort();
	n = n < size ? n + 1 : 0;
	record(&f, data + n, size - n);
	raw(&f, data + n, size - n);
	return 0;
}
