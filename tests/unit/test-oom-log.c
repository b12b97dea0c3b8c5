/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The long form of the kernel's out-of-memory reports: feeding, holding back, and what each kernel says. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* the library has one of its own */

#include "libcgx/log_line.h"
#include "libcgx/oom_log.h"

static const char one[] =
	"4,10,1000,-;hog invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=3, oom_score_adj=0\n"
	"4,11,1001,-;CPU: 0 UID: 0 PID: 70 Comm: hog Not tainted 6.12.0\n"
	"6,12,1002,-;memory: usage 16384kB, limit 16384kB, failcnt 48\n"
	"6,13,1003,-;swap: usage 4kB, limit 9007199254740988kB, failcnt 0\n"
	"6,14,1004,-;Memory cgroup stats for /a:\n"
	"6,15,1005,-;anon 16519168\\x0afile 4096\n"
	" SUBSYSTEM=none\n"
	"6,16,1006,-;shmem 12\n"
	"6,17,1007,-;Tasks state (memory values in pages):\n"
	"6,18,1008,-;[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name\n"
	"6,19,1009,-;[    259]     7   258      728      375        1      374         0    49152       12           -10 sl eep\n"
	"6,20,1010,-;[     77]     0    77    16631     4141     3979        0       162    73728        0             0 hog\n"
	"6,21,1011,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a,"
	"task_memcg=/a/b,task=hog,pid=77,uid=5\n"
	"3,22,1012,-;Memory cgroup out of memory: Killed process 77 (hog) total-vm:66524kB, anon-rss:15916kB, file-rss:4kB, "
	"shmem-rss:648kB, UID:5 pgtables:72kB oom_score_adj:-7\n"
	"6,23,2012,-;oom_reaper: reaped process 77 (hog), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB\n";

/* The last report of a text that is fed in pieces of this length; the caller closes the log. */
static const struct cgx_oom_report *only(struct cgx_oom_log **log, const char *text, size_t piece)
{
	const struct cgx_oom_report *r = NULL, *other;
	size_t len = strlen(text);

	assert_int_equal(cgx_oom_log_open(NULL, log), 0);
	for (size_t at = 0; at < len; at += piece)
		assert_int_equal(cgx_oom_log_feed(*log, text + at, len - at < piece ? len - at : piece), 0);
	assert_int_equal(cgx_oom_log_next(*log, &other), 0); /* held back */
	assert_int_equal(cgx_oom_log_end(*log), 0);
	assert_int_equal(cgx_oom_log_next(*log, &r), 1);
	return r;
}

static void check_one(const struct cgx_oom_report *r)
{
	assert_int_equal(r->time_us, 1012);
	assert_int_equal(r->memcg, 1);
	assert_int_equal(r->complete, 1);
	assert_string_equal(r->limit_path, "/a");
	assert_string_equal(r->victim_path, "/a/b");
	assert_string_equal(r->constraint, "CONSTRAINT_MEMCG");
	assert_string_equal(r->trigger, "hog");
	assert_int_equal(r->trigger_pid, 70);
	assert_string_equal(r->gfp, "0xcc0(GFP_KERNEL)");
	assert_int_equal(r->order, 3);
	assert_int_equal(r->memory.usage, 16 << 20);
	assert_int_equal(r->memory.failcnt, 48);
	assert_int_equal(r->swap.usage, 4096);
	assert_true(r->swap.limit == CGX_UNKNOWN && r->swap.known);
	assert_false(r->kmem.known || r->memory_swap.known);
	assert_int_equal(r->n_stats, 3);
	assert_string_equal(r->stat[0].name, "anon");
	assert_int_equal(r->stat[0].value, 16519168);
	assert_string_equal(r->stat[2].name, "shmem");
	assert_int_equal(r->stat[2].value, 12);
	assert_int_equal(r->n_tasks, 2);
	assert_int_equal(r->task[0].pid, 259);
	assert_int_equal(r->task[0].tgid, 258);
	assert_int_equal(r->task[0].uid, 7);
	assert_int_equal(r->task[0].rss, 375 * 4096);
	assert_int_equal(r->task[0].file_rss, 374 * 4096);
	assert_int_equal(r->task[0].swap, 12 * 4096);
	assert_int_equal(r->task[0].pgtables, 49152);
	assert_int_equal(r->task[0].oom_score_adj, -10);
	assert_string_equal(r->task[0].comm, "sl eep");
	assert_int_equal(r->page_size, 4096);
	assert_int_equal(r->n_victims, 1);
	assert_int_equal(r->victim[0].pid, 77);
	assert_int_equal(r->victim[0].uid, 5);
	assert_int_equal(r->victim[0].shmem_rss, 648 * 1024);
	assert_int_equal(r->victim[0].oom_score_adj, -7);
	assert_int_equal(r->victim[0].reaped, 1);
}

static void test_pieces(void **state)
{
	static const size_t pieces[] = { 1, 2, 7, 100, sizeof(one) };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(pieces); i++) {
		struct cgx_oom_log *log;
		const struct cgx_oom_report *r = only(&log, one, pieces[i]), *other;

		check_one(r);
		assert_int_equal(cgx_oom_log_next(log, &other), 0);
		assert_int_equal(cgx_oom_log_lost(log), 0);
		cgx_oom_log_close(log);
	}
	cgx_oom_log_close(NULL);
}

/* No beginning of a log crashes, and whatever line is missing, nobody else is said to be the victim. */
static void test_cut(void **state)
{
	(void)state;
	for (size_t n = 0; n < strlen(one); n++) {
		const struct cgx_oom_report *r;
		struct cgx_oom_log *log;

		assert_int_equal(cgx_oom_log_open(NULL, &log), 0);
		assert_int_equal(cgx_oom_log_feed(log, one, n), 0);
		assert_int_equal(cgx_oom_log_end(log), 0);
		while (cgx_oom_log_next(log, &r) > 0)
			assert_true(!r->n_victims || r->victim[0].pid == 77);
		cgx_oom_log_close(log);
	}
}

/* Records are missing: what came before them must not serve the kill that comes after. */
static void test_gap(void **state)
{
	const char *kill = strstr(one, "3,22,");
	AUTO_BUF struct buf b = { 0 };
	const struct cgx_oom_report *r;
	struct cgx_oom_log *log;

	(void)state;
	buf_add(&b, one, (size_t)(kill - one));
	buf_puts(&b, "3,32,");
	buf_puts(&b, kill + 5);
	r = only(&log, b.s, b.len);
	assert_int_equal(cgx_oom_log_lost(log), 10);
	assert_int_equal(r->victim[0].pid, 77);
	assert_int_equal(r->complete, 0);
	assert_string_equal(r->limit_path, "");
	assert_int_equal(r->n_tasks, 0);
	assert_int_equal(r->memcg, 1);
	cgx_oom_log_close(log);
}

static void test_held_back(void **state)
{
	const struct cgx_oom_report *r;
	struct cgx_oom_log *log;
	char line[200];
	int told = 0;

	(void)state;
	assert_int_equal(cgx_oom_log_open(NULL, &log), 0);
	for (int i = 1; i <= 1000; i++) {
		snprintf(line, sizeof(line), "[%5d.000000] Out of memory: Killed process %d (x) total-vm:8kB, anon-rss:4kB\n", i, i);
		cgx_oom_log_feed(log, line, strlen(line));
		while (cgx_oom_log_next(log, &r) > 0)
			assert_int_equal(r->victim[0].pid, ++told);
		assert_true(i - told <= 8 + 1); /* and the record that may go on */
	}
	cgx_oom_log_end(log);
	while (cgx_oom_log_next(log, &r) > 0)
		assert_int_equal(r->victim[0].pid, ++told);
	assert_int_equal(told, 1000);
	cgx_oom_log_close(log);
}

static void test_suppressed(void **state)
{
	const struct cgx_oom_report *r;
	struct cgx_oom_log *log;

	(void)state;
	r = only(&log,
		 "[    1.000000] net_ratelimit: 5 callbacks suppressed\n"
		 "[    1.000000] oom_kill_process: 70 callbacks suppressed\n"
		 "[    1.000000] hog invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
		 "[    1.000000] Out of memory: Killed process 9 (hog) total-vm:8kB, anon-rss:4kB\n",
		 50);
	assert_int_equal(r->suppressed, 70);
	assert_int_equal(r->memcg, 0);
	assert_int_equal(r->complete, 1);
	cgx_oom_log_close(log);
}

/* A text without end costs no memory without end, and what is too long is no report. */
static void test_long_line(void **state)
{
	static char text[100000];
	const struct cgx_oom_report *r;
	struct cgx_oom_log *log;

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(cgx_oom_log_open(NULL, &log), 0);
	for (int i = 0; i < 50; i++)
		assert_int_equal(cgx_oom_log_feed(log, text, sizeof(text)), 0);
	assert_true(log->line.cap < 1000000);
	assert_int_equal(cgx_oom_log_feed(log, "\n", 1), 0);
	for (int i = 0; i < 50; i++) { /* continued over and over */
		assert_int_equal(cgx_oom_log_feed(log, "6,1,1,c;", 8), 0);
		assert_int_equal(cgx_oom_log_feed(log, text, 60000), 0);
		assert_int_equal(cgx_oom_log_feed(log, "\n", 1), 0);
	}
	assert_true(log->record.cap < 1000000);
	assert_int_equal(cgx_oom_log_end(log), 0);
	assert_int_equal(cgx_oom_log_next(log, &r), 0);
	cgx_oom_log_close(log);
}

static void test_forms(void **state)
{
	static const struct {
		const char *line;
		enum log_form form;
		const char *text, *time;
		long long usec; /* -1 not known */
	} lines[] = {
		{ "6,1,77,-;a;b", LOG_RAW, "a;b", "", 77 },
		{ "14,1,77,-;a", LOG_FOREIGN, "a", "", 77 },
		{ "[   12.345678] [    253]     0", LOG_PREFIX, "[    253]     0", "12.345678", 12345678 },
		{ "[   12.345678]  <TASK>", LOG_PREFIX, " <TASK>", "12.345678", 12345678 },
		{ "[    253]     0   253", LOG_BARE, "[    253]     0   253", "", -1 },
		{ "[  pid  ]   uid", LOG_BARE, "[  pid  ]   uid", "", -1 },
		{ "[   12.345678][ T1] x", LOG_PREFIX, "x", "12.345678", 12345678 },
		{ "[   12.345678] [    C0] x", LOG_PREFIX, "x", "12.345678", 12345678 },
		{ "[Thu Dec  7 00:05:14 2017] x", LOG_PREFIX, "x", "Thu Dec  7 00:05:14 2017", -1 },
		{ "<4>[    1.000000] x", LOG_PREFIX, "x", "1.000000", 1000000 },
		{ "<12>[    1.000000] x", LOG_FOREIGN, "x", "1.000000", 1000000 },
		{ "kern  :warn  : [    1.000000] x", LOG_PREFIX, "x", "1.000000", 1000000 },
		{ "daemon:info  : [    1.000000] x", LOG_FOREIGN, "x", "1.000000", 1000000 },
		{ "Nov 15 06:46:39 h kernel: [65267.037101] x", LOG_PREFIX, "x", "Nov 15 06:46:39", 65267037101 },
		{ "Nov 15 06:46:39 h kernel: x", LOG_PREFIX, "x", "Nov 15 06:46:39", -1 },
		{ "Nov 15 06:46:39 h a kernel: x", LOG_FOREIGN, NULL, "Nov 15 06:46:39", -1 },
		{ "Nov 15 06:46:39 h kernel[0]: x", LOG_FOREIGN, NULL, "Nov 15 06:46:39", -1 },
		{ "Nov 15 06:46:39", LOG_BARE, "Nov 15 06:46:39", "", -1 },
		{ "2026-11-23T18:42:06Z h kernel: x", LOG_PREFIX, "x", "2026-11-23T18:42:06Z", -1 },
		{ "2026-11-23T18:42:06,255825+00:00 x", LOG_PREFIX, "x", "2026-11-23T18:42:06,255825+00:00", -1 },
		{ "Mon 2026-11-23 18:42:06 UTC h kernel: x", LOG_PREFIX, "x", "Mon 2026-11-23 18:42:06 UTC", -1 },
		{ "1795459326.255825 h kernel: x", LOG_PREFIX, "x", "1795459326.255825", -1 },
		{ "kernel: x", LOG_PREFIX, "x", "", -1 },
		{ "", LOG_BARE, "", "", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct log_line l;

		log_parse_line(lines[i].line, &l);
		if (l.form != lines[i].form || l.time_len != strlen(lines[i].time) ||
		    strncmp(l.time_len ? l.time : "", lines[i].time, l.time_len) || l.has_usec != (lines[i].usec >= 0) ||
		    (l.has_usec && l.h.usec != (uint64_t)lines[i].usec) || (lines[i].text && strcmp(l.text, lines[i].text)))
			assert_string_equal(lines[i].line, "understood otherwise");
	}
}

/* This machine's log: what is in it is read, or it is said what it takes. */
static void test_kernel(void **state)
{
	const struct cgx_oom_report *r;
	struct cgx_oom_log *log;
	struct cgx *cgx;
	int err;

	(void)state;
	assert_int_equal(cgx_open(NULL, &cgx), 0);
	assert_int_equal(cgx_oom_log_open(cgx, &log), 0);
	err = cgx_oom_log_feed_kernel(log);
	if (err)
		assert_string_not_equal(cgx_error(cgx), "");
	if (err == -EPERM || err == -EACCES)
		assert_string_not_equal(cgx_remedy(cgx), "");
	assert_int_equal(cgx_oom_log_end(log), 0);
	while (cgx_oom_log_next(log, &r) > 0) {
		assert_true(r->time_us != CGX_UNKNOWN);
		assert_true(!r->n_victims || r->victim[0].pid > 0);
	}
	cgx_oom_log_close(log);
	cgx_close(cgx);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),     cmocka_unit_test(test_cut),       cmocka_unit_test(test_gap),
		cmocka_unit_test(test_held_back),  cmocka_unit_test(test_suppressed), cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_forms),      cmocka_unit_test(test_kernel),
	};

	return cmocka_run_group_tests_name("oom-log", tests, NULL, NULL);
}
