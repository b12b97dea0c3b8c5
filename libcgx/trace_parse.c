/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tracepoint oom:mark_victim says: its format text and its records, on memory. */
#include "trace.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>

/* ---- the format ---- */

static const struct {
	const char *name;
	size_t at;
} fields[] = {
#define FIELD(f) { #f, offsetof(struct trace_format, f) }
	FIELD(pid),      FIELD(comm),     FIELD(uid),       FIELD(total_vm),
	FIELD(anon_rss), FIELD(file_rss), FIELD(shmem_rss), FIELD(oom_score_adj),
#undef FIELD
};

static struct trace_field *field_named(struct trace_format *f, const char *name, size_t len)
{
	for (size_t i = 0; i < COUNT_OF(fields); i++)
		if (strlen(fields[i].name) == len && !memcmp(fields[i].name, name, len))
			return (struct trace_field *)((char *)f + fields[i].at);
	return NULL;
}

/* The number behind "KEY:" in the len bytes of a line. */
static int line_number(const char *line, size_t len, const char *key, uint64_t *ret)
{
	const char *p = memmem(line, len, key, strlen(key));

	if (!p)
		return -ENOKEY;
	p += strlen(key);
	return num_scan(&p, ret);
}

static int is_name(char c)
{
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* "	field:TYPE NAME;	offset:N;	size:N;	signed:N;" */
static void parse_field(const char *line, size_t len, struct trace_format *f)
{
	const char *end = memchr(line, ';', len), *name = end;
	uint64_t offset, size, is_signed = 0;
	struct trace_field *to;

	if (!end || !memmem(line, (size_t)(end - line), "field:", 6))
		return;
	while (name > line && is_name(name[-1]))
		name--;
	to = field_named(f, name, (size_t)(end - name));
	if (!to || line_number(line, len, "offset:", &offset) || line_number(line, len, "size:", &size) ||
	    offset > 4096 || size > 8)
		return;
	line_number(line, len, "signed:", &is_signed); /* not in kernels before 2.6.33 */
	*to = (struct trace_field){ (unsigned)offset, (unsigned)size, is_signed != 0 };
}

int trace_parse_format(const char *text, struct trace_format *ret)
{
	struct trace_format f = { 0 };
	const char *line;
	size_t len;

	while (text_line(&text, &line, &len))
		parse_field(line, len, &f);
	if (!f.pid.size)
		return -EBADMSG;
	*ret = f;
	return 0;
}

/* ---- a record ---- */

struct raw {
	const unsigned char *s;
	size_t len;
};

/* 0 and the number, sign extended where the field has one; -ENOKEY it is not there. */
static int get(struct raw raw, struct trace_field f, uint64_t *ret)
{
	union {
		uint8_t u8;
		uint16_t u16;
		uint32_t u32;
		uint64_t u64;
	} n;

	if (!f.size || f.offset > raw.len || raw.len - f.offset < f.size)
		return -ENOKEY;
	memcpy(&n, raw.s + f.offset, f.size);
	switch (f.size) {
	case 1:
		*ret = f.is_signed ? (uint64_t)(int8_t)n.u8 : n.u8;
		return 0;
	case 2:
		*ret = f.is_signed ? (uint64_t)(int16_t)n.u16 : n.u16;
		return 0;
	case 4:
		*ret = f.is_signed ? (uint64_t)(int32_t)n.u32 : n.u32;
		return 0;
	case 8:
		*ret = n.u64;
		return 0;
	}
	return -ENOKEY;
}

/* A __data_loc: length in the upper half, offset in the record in the lower. */
static int get_comm(struct raw raw, struct trace_field f, char *ret, size_t size)
{
	size_t offset, len;
	uint64_t loc;

	if (f.size != 4 || get(raw, f, &loc))
		return -ENOKEY;
	offset = loc & 0xffff;
	len = loc >> 16 & 0xffff;
	if (offset > raw.len || raw.len - offset < len)
		return -EBADMSG;
	len = strnlen((const char *)raw.s + offset, len < size - 1 ? len : size - 1);
	memcpy(ret, raw.s + offset, len);
	ret[len] = '\0';
	return 0;
}

/* Kilobytes to bytes. */
static int get_size(struct raw raw, struct trace_field f, uint64_t *ret)
{
	uint64_t n;

	if (get(raw, f, &n) || n > UINT64_MAX / 1024)
		return -ENOKEY;
	*ret = n * 1024;
	return 0;
}

static int parse_raw(const struct trace_format *f, struct raw raw, struct victim *v)
{
	uint64_t n;

	if (get(raw, f->pid, &n) || !n || n > INT32_MAX)
		return -EBADMSG;
	v->pid = (pid_t)n;
	if (!get_comm(raw, f->comm, v->comm, sizeof(v->comm)))
		v->known |= VICTIM_COMM;
	if (!get(raw, f->uid, &n)) {
		v->uid = (uid_t)n;
		v->known |= VICTIM_UID;
	}
	if (!get_size(raw, f->anon_rss, &v->anon_rss) && !get_size(raw, f->file_rss, &v->file_rss) &&
	    !get_size(raw, f->shmem_rss, &v->shmem_rss) && !get_size(raw, f->total_vm, &v->total_vm))
		v->known |= VICTIM_MEMORY;
	if (!get(raw, f->oom_score_adj, &n)) {
		v->oom_score_adj = (int)(int64_t)n;
		v->known |= VICTIM_ADJ;
	}
	return 1;
}

/* What perf_event.h describes for these two kinds and the sample_type that is asked for. */
struct sample {
	struct perf_event_header header;
	uint64_t time_ns;
	uint32_t raw_len;
	unsigned char raw[];
};
struct lost {
	struct perf_event_header header;
	uint64_t id, lost;
};

uint64_t trace_record_time(const void *record, size_t len)
{
	struct sample s;

	if (len < offsetof(struct sample, raw_len))
		return 0;
	memcpy(&s, record, offsetof(struct sample, raw_len));
	return s.header.type == PERF_RECORD_SAMPLE ? s.time_ns / 1000 : 0;
}

int trace_parse_record(const struct trace_format *f, const void *record, size_t len, uint64_t *lost,
		       struct victim *ret)
{
	struct perf_event_header h;
	struct victim v = { .uid = (uid_t)-1, .groups = "" };
	uint32_t raw_len;
	struct lost l;
	int r;

	if (len < sizeof(h))
		return -EBADMSG;
	memcpy(&h, record, sizeof(h));
	if (h.size != len)
		return -EBADMSG;
	if (h.type == PERF_RECORD_LOST && len >= sizeof(l)) {
		memcpy(&l, record, sizeof(l));
		*lost += l.lost;
		return 0;
	}
	if (h.type != PERF_RECORD_SAMPLE)
		return 0;
	if (len < offsetof(struct sample, raw))
		return -EBADMSG;
	memcpy(&raw_len, (const char *)record + offsetof(struct sample, raw_len), sizeof(raw_len));
	if (raw_len > len - offsetof(struct sample, raw))
		return -EBADMSG;
	v.time_us = trace_record_time(record, len);
	r = parse_raw(f, (struct raw){ (const unsigned char *)record + offsetof(struct sample, raw), raw_len }, &v);
	if (r == 1)
		*ret = v;
	return r;
}
