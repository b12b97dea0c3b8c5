/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tracepoint oom:mark_victim: formats of several kernels, and records made by them. */
#include <errno.h>
#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* the library has one of its own */

#include "libcgx/trace.h"

#define COMMON                                                                                 \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"                 \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"                 \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"         \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"

static const char format_4_14[] = "name: mark_victim\nID: 407\nformat:\n" COMMON
				  "\tfield:int pid;\toffset:8;\tsize:4;\tsigned:1;\n\n"
				  "print fmt: \"pid=%d\", REC->pid\n";

/* Debian 6.1.192 says signed:1 of comm, 6.12 and 6.18 signed:0. */
#define LONG_FORMAT(comm_signed)                                                               \
	COMMON "\tfield:int pid;\toffset:8;\tsize:4;\tsigned:1;\n"                             \
	       "\tfield:__data_loc char[] comm;\toffset:12;\tsize:4;\tsigned:" comm_signed ";\n" \
	       "\tfield:unsigned long total_vm;\toffset:16;\tsize:8;\tsigned:0;\n"             \
	       "\tfield:unsigned long anon_rss;\toffset:24;\tsize:8;\tsigned:0;\n"             \
	       "\tfield:unsigned long file_rss;\toffset:32;\tsize:8;\tsigned:0;\n"             \
	       "\tfield:unsigned long shmem_rss;\toffset:40;\tsize:8;\tsigned:0;\n"            \
	       "\tfield:uid_t uid;\toffset:48;\tsize:4;\tsigned:0;\n"                          \
	       "\tfield:unsigned long pgtables;\toffset:56;\tsize:8;\tsigned:0;\n"             \
	       "\tfield:short oom_score_adj;\toffset:64;\tsize:2;\tsigned:1;\n\n"              \
	       "print fmt: \"pid=%d comm=%s total-vm=%lukB\", REC->pid, __get_str(comm), REC->total_vm\n"

static const char format_6_1[] = "name: mark_victim\nID: 506\nformat:\n" LONG_FORMAT("1");
static const char format_6_18[] = "name: mark_victim\nID: 609\nformat:\n" LONG_FORMAT("0");

/* 32 bit: long has 4 bytes */
static const char format_32_bit[] = "name: mark_victim\nID: 300\nformat:\n" COMMON
				    "\tfield:int pid;\toffset:8;\tsize:4;\tsigned:1;\n"
				    "\tfield:__data_loc char[] comm;\toffset:12;\tsize:4;\tsigned:0;\n"
				    "\tfield:unsigned long total_vm;\toffset:16;\tsize:4;\tsigned:0;\n"
				    "\tfield:unsigned long anon_rss;\toffset:20;\tsize:4;\tsigned:0;\n"
				    "\tfield:unsigned long file_rss;\toffset:24;\tsize:4;\tsigned:0;\n"
				    "\tfield:unsigned long shmem_rss;\toffset:28;\tsize:4;\tsigned:0;\n";

struct record {
	struct perf_event_header header;
	uint64_t time;
	uint32_t raw_len;
	unsigned char raw[100];
} __attribute__((packed));

static void put(struct record *r, size_t offset, uint64_t value, size_t size)
{
	memcpy(r->raw + offset, &value, size);
}

static struct record sample(void)
{
	struct record r = { .header = { PERF_RECORD_SAMPLE, 0, sizeof(r) }, .time = 5000123, .raw_len = sizeof(r.raw) };

	put(&r, 4, 99, 4); /* common_pid: who allocates */
	put(&r, 8, 4711, 4);
	put(&r, 12, 6u << 16 | 68, 4);
	put(&r, 16, 66524, 8);
	put(&r, 24, 15916, 8);
	put(&r, 32, 4, 8);
	put(&r, 40, 648, 8);
	put(&r, 48, 1000, 4);
	put(&r, 64, (uint16_t)-900, 2);
	memcpy(r.raw + 68, "ho\ng)", 6);
	return r;
}

static int parse(const char *format, const struct record *r, struct victim *v)
{
	struct trace_format f;
	uint64_t lost = 0;

	assert_int_equal(trace_parse_format(format, &f), 0);
	return trace_parse_record(&f, r, sizeof(*r), &lost, v);
}

static void test_long(void **state)
{
	static const char *const formats[] = { format_6_1, format_6_18 };
	struct record r = sample();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(formats); i++) {
		struct victim v;

		assert_int_equal(parse(formats[i], &r, &v), 1);
		assert_int_equal(v.time_us, 5000);
		assert_int_equal(v.pid, 4711);
		assert_string_equal(v.comm, "ho\ng)");
		assert_int_equal(v.uid, 1000);
		assert_int_equal(v.total_vm, 66524 * 1024);
		assert_int_equal(v.anon_rss, 15916 * 1024);
		assert_int_equal(v.file_rss, 4096);
		assert_int_equal(v.shmem_rss, 648 * 1024);
		assert_int_equal(v.oom_score_adj, -900);
		assert_int_equal(v.known, VICTIM_COMM | VICTIM_UID | VICTIM_MEMORY | VICTIM_ADJ);
		assert_string_equal(v.groups, "");
	}
}

static void test_short(void **state)
{
	struct record r = sample();
	struct victim v;

	(void)state;
	assert_int_equal(parse(format_4_14, &r, &v), 1);
	assert_int_equal(v.pid, 4711);
	assert_int_equal(v.known, 0);
	assert_string_equal(v.comm, "");
	assert_int_equal(v.uid, (uid_t)-1);
}

static void test_32_bit(void **state)
{
	struct record r = sample();
	struct victim v;

	(void)state;
	put(&r, 16, 100, 4);
	put(&r, 20, 50, 4);
	put(&r, 24, 7, 4);
	put(&r, 28, 0, 4);
	assert_int_equal(parse(format_32_bit, &r, &v), 1);
	assert_int_equal(v.anon_rss, 50 * 1024);
	assert_int_equal(v.file_rss, 7 * 1024);
	assert_int_equal(v.known, VICTIM_COMM | VICTIM_MEMORY);
}

static void test_bad_format(void **state)
{
	struct trace_format f = { .pid = { 1, 2, 0 } };

	(void)state;
	assert_int_equal(trace_parse_format("", &f), -EBADMSG);
	assert_int_equal(trace_parse_format(COMMON, &f), -EBADMSG); /* common_pid is not pid */
	assert_int_equal(trace_parse_format("\tfield:int pid;\toffset:8;\n", &f), -EBADMSG);
	assert_int_equal(trace_parse_format("\tfield:int pid;\toffset:8000000;\tsize:4;\n", &f), -EBADMSG);
	assert_int_equal(f.pid.offset, 1);
}

static void test_lost(void **state)
{
	struct {
		struct perf_event_header header;
		uint64_t id, lost;
	} lost = { { PERF_RECORD_LOST, 0, sizeof(lost) }, 1, 12 };
	struct trace_format f;
	struct victim v;
	uint64_t n = 1;

	(void)state;
	assert_int_equal(trace_parse_format(format_6_18, &f), 0);
	assert_int_equal(trace_parse_record(&f, &lost, sizeof(lost), &n, &v), 0);
	assert_int_equal(n, 13);
	lost.header.type = PERF_RECORD_THROTTLE;
	assert_int_equal(trace_parse_record(&f, &lost, sizeof(lost), &n, &v), 0);
	assert_int_equal(n, 13);
	assert_int_equal(trace_record_time(&lost, sizeof(lost)), 0);
}

static void test_malformed(void **state)
{
	struct record r = sample();
	struct trace_format f;
	struct victim v = { .pid = 1 };
	uint64_t n = 0;

	(void)state;
	assert_int_equal(trace_parse_format(format_6_18, &f), 0);
	for (size_t len = 0; len < sizeof(r); len++) { /* its own length says otherwise */
		assert_int_equal(trace_parse_record(&f, &r, len, &n, &v), -EBADMSG);
		r.header.size = (uint16_t)len;
		if (len < 20 + sizeof(r.raw))
			assert_int_equal(trace_parse_record(&f, &r, len, &n, &v), -EBADMSG);
		r.header.size = sizeof(r);
	}
	put(&r, 12, 200u << 16 | 68, 4); /* a comm that leaves the record is none */
	assert_int_equal(trace_parse_record(&f, &r, sizeof(r), &n, &v), 1);
	assert_false(v.known & VICTIM_COMM);
	put(&r, 8, 0, 4);
	v.pid = 1;
	assert_int_equal(trace_parse_record(&f, &r, sizeof(r), &n, &v), -EBADMSG);
	put(&r, 8, (uint64_t)-5, 4);
	assert_int_equal(trace_parse_record(&f, &r, sizeof(r), &n, &v), -EBADMSG);
	assert_int_equal(v.pid, 1);
}

/* What this kernel says, where it can be asked. */
static void test_this_kernel(void **state)
{
	struct trace *t = NULL;
	struct victim v;
	struct cgx *cgx;

	(void)state;
	assert_int_equal(cgx_open(NULL, &cgx), 0);
	if (trace_open(cgx, &t)) {
		assert_string_not_equal(cgx_error(cgx), "");
		cgx_close(cgx);
		skip();
	}
	assert_true(trace_fd(t) >= 0);
	assert_true(trace_next(t, &v) >= 0);
	trace_close(t);
	trace_close(NULL);
	cgx_close(cgx);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_long),       cmocka_unit_test(test_short), cmocka_unit_test(test_32_bit),
		cmocka_unit_test(test_bad_format), cmocka_unit_test(test_lost),  cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_this_kernel),
	};

	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
