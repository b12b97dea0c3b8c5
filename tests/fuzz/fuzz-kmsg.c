/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz: what `cat /dev/kmsg` prints, record by record. */
#include "fuzz.h"
#include "libcgx/kmsg.h"

/* A record ends at a newline, unless a line of its dictionary follows, which begins with a blank. */
static char *record_end(char *s)
{
	char *end = s;

	do
		end += strcspn(end, "\n") + 1;
	while (end[-1] && *end == ' ');
	return end[-1] ? end : end - 1;
}

static void check(const char *record, const struct cgx_oom *o)
{
	size_t limit = strlen(o->limit_path);

	if (strtoull(record, NULL, 10) >> 3)
		abort(); /* user space wrote it */
	if (o->pid <= 0 || strlen(o->comm) > 15 || o->memcg < -1 || o->memcg > 1)
		abort();
	if (limit && (o->memcg != 1 || *o->limit_path != '/' || strncmp(o->victim_path, o->limit_path, limit)))
		abort();
	if (*o->victim_path && *o->victim_path != '/')
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = fuzz_text(data, size);
	struct kmsg_parse p = { 0 };
	struct cgx_oom o;
	uint64_t seq;

	for (char *s = text, *end; *s; s = end) {
		end = record_end(s);
		if (kmsg_parse_record(&p, s, (size_t)(end - s), &seq, &o) == 1)
			check(s, &o);
	}
	kmsg_parse_free(&p);
	return 0;
}
