/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's out-of-memory reports: texts of real kernels, hostile names, split and lost records. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>
#undef fail /* the library has one of its own */

#include "libcgx/kmsg.h"

#define SUMMARY "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0"
#define KILLED  "Memory cgroup out of memory: Killed process "
#define FIGURES " total-vm:9kB, anon-rss:64kB, file-rss:4kB, shmem-rss:8kB, UID:0 pgtables:60kB oom_score_adj:0\n"

/* A record a string. The number of reports; the last one is in ret. */
static int feed(struct kmsg_parse *p, const char *const *records, struct cgx_oom *ret)
{
	uint64_t seq;
	int n = 0;

	for (; *records; records++)
		n += kmsg_parse_record(p, *records, strlen(*records), &seq, ret) == 1;
	return n;
}

/* The only report of these records. */
static struct cgx_oom report(const char *const *records)
{
	struct kmsg_parse p = { 0 };
	struct cgx_oom o;

	assert_int_equal(feed(&p, records, &o), 1);
	kmsg_parse_free(&p);
	return o;
}

static int reports(const char *const *records)
{
	struct kmsg_parse p = { 0 };
	struct cgx_oom o;
	int n = feed(&p, records, &o);

	kmsg_parse_free(&p);
	return n;
}

/* ---- as kernels write it ---- */

static const char *const linux_6_18[] = {
	"4,2494,6351936192,-;[   7137]     0  7137     7821     4450     4062      388         0    94208        0             0 sh\n",
	"6,2495,6351936193,-;" SUMMARY ",oom_memcg=/dev,task_memcg=/dev/sub,task=sh,pid=7137,uid=0\n",
	"3,2496,6351936211,-;" KILLED "7137 (sh) total-vm:31284kB, anon-rss:16248kB, file-rss:1568kB, shmem-rss:12kB, "
	"UID:1000 pgtables:92kB oom_score_adj:-998\n",
	"6,2497,6351936300,-;oom_reaper: reaped process 7137 (sh), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB\n",
	NULL
};

static void test_figures(void **state)
{
	struct cgx_oom o = report(linux_6_18);

	(void)state;
	assert_int_equal(o.pid, 7137);
	assert_string_equal(o.comm, "sh");
	assert_int_equal(o.time_us, 6351936211);
	assert_int_equal(o.uid, 1000);
	assert_int_equal(o.anon_rss, 16248 * 1024);
	assert_int_equal(o.file_rss, 1568 * 1024);
	assert_int_equal(o.shmem_rss, 12 * 1024);
	assert_int_equal(o.oom_score_adj, -998);
	assert_int_equal(o.memcg, 1);
	assert_string_equal(o.limit_path, "/dev");
	assert_string_equal(o.victim_path, "/dev/sub");
}

static void test_machine_ran_out(void **state)
{
	static const char *const records[] = {
		"6,1,5,-;oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,"
		"task_memcg=/a,oom_memcg=/b,task=hog,pid=5,uid=3\n",
		"3,2,6,-;Out of memory: Killed process 5 (hog) total-vm:9kB, anon-rss:64kB\n", NULL
	};
	struct cgx_oom o = report(records);

	(void)state;
	assert_int_equal(o.memcg, 0);
	assert_string_equal(o.limit_path, "");
	assert_string_equal(o.victim_path, "/a,oom_memcg=/b");
	assert_int_equal(o.uid, 3); /* of the summary, where the last line has none */
}

/* Kernels before 5.0 say less, and in other lines. */
static void test_old_kernels(void **state)
{
	static const char *const linux_4_19[] = {
		"6,1,5,-;Task in /a/b killed as a result of limit of /a\n",
		"3,2,6,-;Memory cgroup out of memory: Kill process 811 (sh) score 999 or sacrifice child\n",
		"3,3,7,-;Killed process 812 (hog) total-vm:9kB, anon-rss:64kB, file-rss:4kB, shmem-rss:0kB\n",
		NULL
	};
	static const char *const rhel_7[] = {
		"6,1,5,-;Task in /a/b\n", "4,2,5,c; killed as a result of limit of \n", "4,3,5,c;/a\n",
		"3,4,7,-;Killed process 812 (y) total-vm:1k), UID 48, total-vm:9kB, anon-rss:64kB\n", NULL
	};
	static const char *const machine[] = {
		"3,2,6,-;Out of memory: Kill process 812 (hog) score 999 or sacrifice child\n",
		"3,3,7,-;Killed process 812 (hog) total-vm:9kB, anon-rss:64kB, file-rss:4kB\n", NULL
	};
	struct cgx_oom o = report(linux_4_19);

	(void)state;
	assert_int_equal(o.pid, 812);
	assert_int_equal(o.memcg, 1);
	assert_string_equal(o.limit_path, "/a");
	assert_string_equal(o.victim_path, "/a/b");
	assert_int_equal(o.uid, (uid_t)-1);
	o = report(rhel_7);
	assert_string_equal(o.comm, "y) total-vm:1k");
	assert_string_equal(o.limit_path, "/a");
	assert_string_equal(o.victim_path, "/a/b");
	assert_int_equal(o.uid, 48);
	assert_int_equal(report(machine).memcg, 0);
	assert_int_equal(report(machine + 1).memcg, -1);
}

/* 10 reports in 5 seconds are told in full, of the others the last line only. */
static void test_rate_limit(void **state)
{
	static const char *const records[] = {
		"6,1,5,-;" SUMMARY ",oom_memcg=/a,task_memcg=/a,task=hog,pid=7,uid=0\n",
		"3,2,6,-;" KILLED "7 (hog)" FIGURES, "3,3,2000007,-;" KILLED "7 (hog)" FIGURES, NULL
	};
	static const char *const old[] = {
		"6,1,5,-;Task in /a killed as a result of limit of /a\n",
		"3,2,6,-;Killed process 7 (hog)" FIGURES, "3,3,7,-;Killed process 8 (hog)" FIGURES, NULL
	};
	struct kmsg_parse p = { 0 };
	struct cgx_oom o;

	(void)state;
	assert_int_equal(feed(&p, records, &o), 2);
	assert_int_equal(o.memcg, 1);
	assert_string_equal(o.limit_path, ""); /* what came before tells of another kill */
	assert_string_equal(o.victim_path, "");
	kmsg_parse_free(&p);
	p = (struct kmsg_parse){ 0 };
	assert_int_equal(feed(&p, old, &o), 2);
	assert_int_equal(o.memcg, -1);
	assert_string_equal(o.limit_path, "");
	kmsg_parse_free(&p);
}

static void test_oom_group(void **state)
{
	static const char *const records[] = {
		"6,1,5,-;" SUMMARY ",oom_memcg=/a,task_memcg=/a,task=hog,pid=7,uid=0\n",
		"3,2,6,-;" KILLED "7 (hog)" FIGURES,
		"6,3,7,-;Tasks in /a are going to be killed due to memory.oom.group set\n",
		"3,4,8,-;" KILLED "8 (x)" FIGURES, "3,5,2000000,-;" KILLED "7 (hog)" FIGURES,
		"3,6,2000001,-;" KILLED "9 (y)" FIGURES, NULL
	};

	(void)state;
	assert_int_equal(reports(records), 3); /* 7 once */
}

/* ---- as one would like to forge it ---- */

static void test_user_space(void **state)
{
	static const char *const records[] = {
		"12,1,5,-;" KILLED "1 (init)" FIGURES, "11,2,5,-;" KILLED "1 (init)" FIGURES,
		"8,3,6,c;" KILLED "1 (init)" FIGURES, NULL
	};
	/* what user space writes in between does not break a report */
	static const char *const between[] = {
		"6,1,5,-;" SUMMARY ",oom_memcg=/m,task_memcg=\n",
		"12,2,5,-;" SUMMARY ",oom_memcg=/f,task_memcg=/f,task=hog,pid=9,uid=0\n", "4,3,6,c;/m/x\n",
		"12,4,5,-;oom\n", "4,5,6,c;,task=hog,pid=9,uid=0\n", "3,6,7,-;" KILLED "9 (hog)" FIGURES, NULL
	};

	(void)state;
	assert_int_equal(reports(records), 0);
	assert_string_equal(report(between).victim_path, "/m/x");
}

static void test_hostile_comm(void **state)
{
	static const char *const comms[] = {
		"x,pid=1,uid=0", "y) total-vm:1k", "oom-kill:constr", ",task=q", "), UID 0", "(", ")", "", " ",
		"a\nb\033[31m\\\xc3\xa9", "task_memcg=/", "%s%n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(comms); i++) {
		AUTO_BUF struct buf escaped = { 0 }, summary = { 0 }, killed = { 0 };
		const char *records[3] = { NULL };
		struct cgx_oom o;

		for (const char *c = comms[i]; *c; c++)
			if (*c < 0x20 || *c == '\\')
				buf_printf(&escaped, "\\x%02x", (unsigned char)*c);
			else
				buf_putc(&escaped, *c);
		buf_printf(&summary, "6,1,5,-;" SUMMARY ",oom_memcg=/m,task_memcg=/m/s,task=%s,pid=9,uid=7\n",
			   buf_text(&escaped));
		buf_printf(&killed, "3,2,6,-;" KILLED "9 (%s)" FIGURES, buf_text(&escaped));
		records[0] = buf_text(&summary);
		records[1] = buf_text(&killed);
		o = report(records);
		assert_string_equal(o.comm, comms[i]);
		assert_int_equal(o.pid, 9);
		assert_int_equal(o.anon_rss, 65536);
		assert_string_equal(o.limit_path, "/m");
		assert_string_equal(o.victim_path, "/m/s");
	}
}

/* The groups that a summary with this middle tells of. */
static struct cgx_oom groups(const char *middle)
{
	AUTO_BUF struct buf summary = { 0 };
	const char *records[3] = { NULL, "3,2,6,-;" KILLED "9 (hog)" FIGURES, NULL };

	buf_printf(&summary, "6,1,5,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),%s,task=hog,pid=9,uid=0\n",
		   middle);
	records[0] = buf_text(&summary);
	return report(records);
}

static void test_hostile_groups(void **state)
{
	static const struct {
		const char *middle, *limit, *victim;
	} cases[] = {
		{ "oom_memcg=/m,task_memcg=/m", "/m", "/m" }, /* no CONFIG_CPUSETS */
		{ "cpuset=/,mems_allowed=0,oom_memcg=/m,task_memcg=/m/x,task_memcg=/fake,task=q,pid=1,uid=0", "/m",
		  "/m/x,task_memcg=/fake,task=q,pid=1,uid=0" },
		{ "cpuset=/,mems_allowed=0,oom_memcg=/m,task_memcg=,task_memcg=/m,task_memcg=/x", "/m,task_memcg=",
		  "/m,task_memcg=/x" },
		{ "cpuset=c,oom_memcg=,mems_allowed=0,oom_memcg=/m,task_memcg=/m/x", "/m", "/m/x" },
		{ "cpuset=c,global_oom,task_memcg=,mems_allowed=0,oom_memcg=/m,task_memcg=/m/x", "/m", "/m/x" },
		{ "cpuset=/,mems_allowed=0,oom_memcg=/m,task_memcg=/m/a,global_oom,task_memcg=/x", "/m",
		  "/m/a,global_oom,task_memcg=/x" },
		{ "cpuset=/,mems_allowed=0,oom_memcg=/,task_memcg=/x", "/", "/x" },
		/* not told: they contradict one another */
		{ "cpuset=/,mems_allowed=0,oom_memcg=/m,task_memcg=/mm", "", "" },
		{ "cpuset=/,mems_allowed=0,oom_memcg=/m,task_memcg=/other", "", "" },
		/* not told: /m,task_memcg=/m/a twice, or /m and a long name below it */
		{ "cpuset=/,mems_allowed=0,oom_memcg=/m,task_memcg=/m/a,task_memcg=/m,task_memcg=/m/a", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct cgx_oom o = groups(cases[i].middle);

		assert_int_equal(o.memcg, 1);
		assert_string_equal(o.limit_path, cases[i].limit);
		assert_string_equal(o.victim_path, cases[i].victim);
	}
}

/* A name of a group that says what the kernel would say stands behind words of the kernel. */
static void test_hostile_lines(void **state)
{
	static const char *const records[] = {
		"6,1,5,-;Memory cgroup stats for /" KILLED "1 (init)" FIGURES,
		"6,2,5,-;Tasks in /Killed process 1 (init)" FIGURES,
		"4,3,5,-;Killed process  invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n",
		"4,4,5,-;Killed process 1 invoked oom-killer: (x) total-vm:\n",
		"6,5,5,-;Memory cgroup stats for \n", "6,6,5,c;/x\n", "6,7,5,c;" KILLED "1 (init)" FIGURES, NULL
	};

	(void)state;
	assert_int_equal(reports(records), 0);
}

/* ---- in pieces ---- */

static void test_split(void **state)
{
	static const char *const records[] = {
		"6,2816,6352207640,-;" SUMMARY ",oom_memcg=/m,task_memcg=\n",
		"4,2817,6352207654,c;/m/a,task_memcg=x/fake,task=q,pid=1,uid=0/bbb\n",
		"4,2818,6352207657,c;,task=hog,pid=11242,uid=0\n",
		"3,2819,6352207662,-,caller=T11242;" KILLED "11242 (hog)" FIGURES " SUBSYSTEM=memory\n DEVICE=none\n",
		"4,2820,6352207663,c;and more\n", NULL
	};
	struct cgx_oom o = report(records);

	(void)state;
	assert_string_equal(o.limit_path, "/m");
	assert_string_equal(o.victim_path, "/m/a,task_memcg=x/fake,task=q,pid=1,uid=0/bbb");
}

static void test_lost(void **state)
{
	/* the beginning of what is continued was overwritten */
	static const char *const continued[] = {
		"6,1,5,-;Memory cgroup stats for \n", "6,7,5,c;" KILLED "1 (init)" FIGURES, NULL
	};
	static const char *const alone[] = { "6,7,5,c;" KILLED "1 (init)" FIGURES, NULL };
	/* between the lines of one report records are missing: it may be another's */
	static const char *const gap[] = {
		"6,1,5,-;Task in /a killed as a result of limit of /a\n", "3,9,7,-;Killed process 8 (hog)" FIGURES, NULL
	};

	(void)state;
	assert_int_equal(reports(continued), 0);
	assert_int_equal(reports(alone), 0);
	assert_string_equal(report(gap).limit_path, "");
}

static void test_long_path(void **state)
{
	AUTO_BUF struct buf summary = { 0 };
	const char *records[3] = { NULL, "3,2,6,-;" KILLED "9 (hog)" FIGURES, NULL };
	struct cgx_oom o;

	(void)state;
	buf_puts(&summary, "6,1,5,-;" SUMMARY ",oom_memcg=/m,task_memcg=/m/");
	for (int i = 0; i < 9000; i++)
		buf_putc(&summary, 'x');
	buf_puts(&summary, ",task=hog,pid=9,uid=0\n");
	records[0] = buf_text(&summary);
	o = report(records);
	assert_int_equal(strlen(o.victim_path), sizeof(o.victim_path) - 1);
}

/* Text that goes on and on is not gathered without end, and what comes behind it is read again. */
static void test_endless(void **state)
{
	struct kmsg_parse p = { 0 };
	struct cgx_oom o;
	char record[2048];
	uint64_t seq;

	(void)state;
	for (unsigned i = 1; i <= 200; i++) {
		snprintf(record, sizeof(record), "6,%u,%u,%c;%01000d\n", i, i, i == 1 ? '-' : 'c', 0);
		assert_int_equal(kmsg_parse_record(&p, record, strlen(record), &seq, &o), 0);
	}
	assert_true(p.record.len < KMSG_RECORD_MAX + sizeof(record));
	assert_int_equal(feed(&p, linux_6_18, &o), 1);
	kmsg_parse_free(&p);
}

/* ---- what is no report ---- */

static void test_malformed(void **state)
{
	static const char *const records[] = {
		"", "\n", "6", "6,", "6,1,2", "6,1,2,-", "x,1,2,-;" KILLED "1 (x)" FIGURES, "-1,1,2,-;x",
		"99999999999999999999999,1,2,-;x", "3,1,2,-;" KILLED "\n", "3,1,2,-;" KILLED "0 (x)" FIGURES,
		"3,1,2,-;" KILLED "-5 (x)" FIGURES, "3,1,2,-;" KILLED "4294967297 (x)" FIGURES, "3,1,2,-;" KILLED "5 x" FIGURES,
		"3,1,2,-;" KILLED "5 (x total-vm:1kB", "3,1,2,-;" KILLED "5 (x)", "3,1,2,-;" KILLED "5 )x( total-vm:",
		"3,1,2,-;" KILLED "5 ) total-vm:1kB", "3,1,2,-;\\x", "3,1,2,-;\\xZZ", "3,1,2,-;\\", NULL
	};

	(void)state;
	assert_int_equal(reports(records), 0);
}

static void test_untouched(void **state)
{
	static const char line[] = "3,1,2,-;" KILLED "5 (x";
	struct kmsg_parse p = { 0 };
	struct cgx_oom o, kept;
	uint64_t seq = 77;

	(void)state;
	memset(&o, 0x5a, sizeof(o));
	kept = o;
	assert_int_equal(kmsg_parse_record(&p, line, strlen(line), &seq, &o), 0);
	assert_memory_equal(&o, &kept, sizeof(o));
	assert_int_equal(seq, 1);
	assert_int_equal(kmsg_parse_record(&p, "nonsense", 8, &seq, &o), 0);
	assert_int_equal(seq, 1);
	kmsg_parse_free(&p);
}

/* Every beginning and every end of each record, from memory of exactly that size. */
static void test_truncated(void **state)
{
	struct kmsg_parse p = { 0 };
	struct cgx_oom o;
	uint64_t seq;

	(void)state;
	for (size_t i = 0; linux_6_18[i]; i++)
		for (size_t n = strlen(linux_6_18[i]), len = 0; len <= n; len++) {
			AUTO_FREE char *head = malloc(len + !len), *tail = malloc(len + !len);

			memcpy(head, linux_6_18[i], len);
			memcpy(tail, linux_6_18[i] + n - len, len);
			assert_true(kmsg_parse_record(&p, head, len, &seq, &o) >= 0);
			assert_true(kmsg_parse_record(&p, tail, len, &seq, &o) >= 0);
		}
	kmsg_parse_free(&p);
}

/* ---- following a log; a file stands for the device ---- */

struct log {
	char dir[32];
	int fd;
	struct cgx cgx;
};

static int log_open(void **state)
{
	struct log *l = calloc(1, sizeof(*l));
	char path[64];

	strcpy(l->dir, "/tmp/cgx-kmsg-XXXXXX");
	assert_non_null(mkdtemp(l->dir));
	snprintf(path, sizeof(path), "%s/dev", l->dir);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/dev/kmsg", l->dir);
	l->fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	assert_true(l->fd >= 0);
	assert_int_equal(fs_open(l->dir, &l->cgx.fs), 0);
	*state = l;
	return 0;
}

static int log_close(void **state)
{
	struct log *l = *state;
	char path[64];

	snprintf(path, sizeof(path), "%s/dev/kmsg", l->dir);
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	rmdir(l->dir);
	close(l->fd);
	fs_close(&l->cgx.fs);
	buf_free(&l->cgx.error);
	buf_free(&l->cgx.remedy);
	free(l);
	return 0;
}

static void append(struct log *l, const char *record)
{
	assert_int_equal(write(l->fd, record, strlen(record)), strlen(record));
}

static void test_follow(void **state)
{
	struct log *l = *state;
	struct cgx_kmsg *k = NULL;
	struct cgx_oom o;

	append(l, "3,1,2,-;" KILLED "5 (before)" FIGURES);
	assert_int_equal(cgx_kmsg_open(&l->cgx, &k), 0);
	assert_int_equal(cgx_kmsg_next(k, &o), 0);
	append(l, "6,40,2,-;" SUMMARY ",oom_memcg=/m,task_memcg=/m,task=hog,pid=6,uid=0\n");
	assert_int_equal(cgx_kmsg_next(k, &o), 0);
	assert_int_equal(cgx_kmsg_lost(k), 0);
	append(l, "3,41,2,-;" KILLED "6 (hog)" FIGURES);
	assert_int_equal(cgx_kmsg_next(k, &o), 1);
	assert_int_equal(o.pid, 6);
	assert_string_equal(o.limit_path, "/m");
	append(l, "3,45,5000000,-;" KILLED "7 (hog)" FIGURES);
	assert_int_equal(cgx_kmsg_next(k, &o), 1);
	assert_int_equal(cgx_kmsg_lost(k), 3);
	assert_int_equal(cgx_kmsg_next(k, &o), 0);
	assert_null(cgx_kmsg_close(k));
	assert_null(cgx_kmsg_close(NULL));
}

static void test_no_log(void **state)
{
	struct log *l = *state;
	struct cgx_kmsg *k = NULL;
	char path[64];

	snprintf(path, sizeof(path), "%s/dev/kmsg", l->dir);
	unlink(path);
	assert_int_equal(cgx_kmsg_open(&l->cgx, &k), -ENOENT);
	assert_null(k);
	assert_string_equal(cgx_error(&l->cgx), "/dev/kmsg: open: No such file or directory");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_figures),      cmocka_unit_test(test_machine_ran_out),
		cmocka_unit_test(test_old_kernels),  cmocka_unit_test(test_rate_limit),
		cmocka_unit_test(test_oom_group),    cmocka_unit_test(test_user_space),
		cmocka_unit_test(test_hostile_comm), cmocka_unit_test(test_hostile_groups),
		cmocka_unit_test(test_hostile_lines), cmocka_unit_test(test_split),
		cmocka_unit_test(test_lost),         cmocka_unit_test(test_long_path),
		cmocka_unit_test(test_endless),      cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_untouched),    cmocka_unit_test(test_truncated),
		cmocka_unit_test_setup_teardown(test_follow, log_open, log_close),
		cmocka_unit_test_setup_teardown(test_no_log, log_open, log_close),
	};

	return cmocka_run_group_tests_name("kmsg", tests, NULL, NULL);
}
