/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parsers on memory: numbers, keyed texts, /proc, the kernel's out-of-memory report. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* the library has one of its own */

#include "libcgx/kmsg.h"

static void test_bytes(void **state)
{
	static const struct {
		const char *text;
		int r;
		uint64_t want;
	} cases[] = {
		{ "0", 0, 0 }, { "4096", 0, 4096 }, { "64M", 0, 64ull << 20 }, { "1.5G", 0, 3ull << 29 }, { "2T", 0, 2ull << 40 },
		{ "64MiB", 0, 64ull << 20 }, { "64MB", 0, 64ull << 20 }, { "512B", 0, 512 }, { "1k", 0, 1024 },
		{ "18446744073709551615", 0, UINT64_MAX }, { "18446744073709551616", -ERANGE, 0 }, { "16E", -ERANGE, 0 },
		{ "", -EINVAL, 0 }, { "10X", -EINVAL, 0 }, { "-5", -EINVAL, 0 }, { "1.5", -EINVAL, 0 }, { "64Mi", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 }, { "1 ", -EINVAL, 0 }, { "0x10", -EINVAL, 0 }, { "1.M", -EINVAL, 0 }, { "max", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint64_t got = 77;

		assert_int_equal(num_bytes(cases[i].text, &got), cases[i].r);
		assert_int_equal(got, cases[i].r ? 77 : cases[i].want);
	}
}

static void test_usec(void **state)
{
	uint64_t n;

	(void)state;
	assert_int_equal(num_usec("250ms", &n), 0);
	assert_int_equal(n, 250000);
	assert_int_equal(num_usec("1.5s", &n), 0);
	assert_int_equal(n, 1500000);
	assert_int_equal(num_usec("2h", &n), 0);
	assert_int_equal(n, 7200000000ull);
	assert_int_equal(num_usec("3", &n), 0);
	assert_int_equal(n, 3000000);
	assert_int_equal(num_usec("3x", &n), -EINVAL);
	assert_int_equal(num_usec("", &n), -EINVAL);
	assert_int_equal(num_usec("99999999999999999999d", &n), -ERANGE);
}

static void test_i64(void **state)
{
	int64_t n;

	(void)state;
	assert_int_equal(num_i64("-9223372036854775808", &n), 0);
	assert_true(n == INT64_MIN);
	assert_int_equal(num_i64("9223372036854775808", &n), -ERANGE);
	assert_int_equal(num_i64("-", &n), -EINVAL);
}

static void test_keyed(void **state)
{
	static const char flat[] = "anon 12\nanon_thp 13\nfile 14\nodd x\n";
	static const char nested[] = "8:0 rbytes=1 wbytes=2\n259:3 rbytes=30 wbytes=40\n";
	static const char psi[] = "some avg10=0.12 total=5\nfull avg10=0.00 total=1\n";
	const char *v;
	uint64_t n;
	size_t len;

	(void)state;
	assert_int_equal(text_flat_u64(flat, "anon", &n), 0);
	assert_int_equal(n, 12);
	assert_int_equal(text_flat_u64(flat, "ano", &n), -ENOKEY);
	assert_int_equal(text_flat_u64(flat, "odd", &n), -EBADMSG);
	assert_int_equal(text_flat_u64("", "anon", &n), -ENOKEY);
	assert_int_equal(text_nested(nested, "259:3", "wbytes", &v, &len), 0);
	assert_memory_equal(v, "40", len);
	assert_int_equal(text_nested(nested, "8:1", "wbytes", &v, &len), -ENOKEY);
	assert_int_equal(text_nested(psi, "full", "avg10", &v, &len), 0);
	assert_memory_equal(v, "0.00", len);
}

static void test_lists(void **state)
{
	uint64_t n;

	(void)state;
	assert_int_equal(text_list_check("0-3,7", &n), 0);
	assert_int_equal(n, 5);
	assert_int_equal(text_list_check("", &n), 0);
	assert_int_equal(text_list_check("3-1", &n), -EINVAL);
	assert_int_equal(text_list_check("1,", &n), -EINVAL);
	assert_int_equal(text_list_check("a", &n), -EINVAL);
	assert_true(text_list_has("rw,cpu,cpuacct", ',', "cpu"));
	assert_false(text_list_has("rw,cpuacct", ',', "cpu"));
}

static void test_mountinfo(void **state)
{
	char text[] = "36 35 98:0 /web /mnt/a\\040b rw,noatime shared:1 master:2 - cgroup2 none rw,nsdelegate\n"
		      "nonsense\n37 35 98:0 / /sys/fs/cgroup/cpu rw - cgroup  rw,cpu,cpuacct\n38 35 0:1 / /x rw\n";
	struct proc_mount m;
	char *s = text;

	(void)state;
	assert_int_equal(proc_mount_next(&s, &m), 1);
	assert_string_equal(m.root, "/web");
	assert_string_equal(m.point, "/mnt/a b");
	assert_string_equal(m.type, "cgroup2");
	assert_string_equal(m.super_options, "rw,nsdelegate");
	assert_int_equal(m.id, 36);
	assert_int_equal(proc_mount_next(&s, &m), 1);
	assert_string_equal(m.super_options, "rw,cpu,cpuacct");
	assert_int_equal(proc_mount_next(&s, &m), 0);
}

static void test_pid_cgroup(void **state)
{
	char text[] = "4:cpu,cpuacct:/a:b\n1:name=systemd:/\n0::/user.slice/x (deleted)\nbad\n";
	struct proc_cgroup_line l;
	char *s = text;

	(void)state;
	assert_int_equal(proc_cgroup_next(&s, &l), 1);
	assert_string_equal(l.controllers, "cpu,cpuacct");
	assert_string_equal(l.path, "/a:b");
	assert_int_equal(proc_cgroup_next(&s, &l), 1);
	assert_int_equal(proc_cgroup_next(&s, &l), 1);
	assert_string_equal(l.controllers, "");
	assert_int_equal(proc_cgroup_next(&s, &l), 0);
}

static void test_stat(void **state)
{
	struct cgx_process p = { 0 };

	(void)state;
	assert_int_equal(proc_stat("12 (a) b (c)) S 7 12 12 0", &p), 0);
	assert_string_equal(p.comm, "a) b (c)");
	assert_int_equal(p.ppid, 7);
	assert_int_equal(p.state, 'S');
	assert_int_equal(p.rss, 0);
	assert_int_equal(proc_stat("9 (x) R 1 9 9 0 -1 4194560 85 0 0 0 120 30 0 0 20 0 3 0 500 2646016 233 1844674", &p), 0);
	assert_int_equal(p.threads, 3);
	assert_int_equal(p.cpu_us, 150ull * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK));
	assert_int_equal(p.started_us, 500ull * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK));
	assert_int_equal(p.rss, 233 * (uint64_t)sysconf(_SC_PAGESIZE));
	assert_int_equal(proc_stat("12 (a", &p), -EBADMSG);
	assert_int_equal(proc_stat("", &p), -EBADMSG);
}

/* ---- the kernel log ---- */

static int feed(struct kmsg_parse *p, const char *const *records, struct cgx_oom *ret)
{
	uint64_t seq;
	int n = 0;

	for (; *records; records++)
		n += kmsg_parse_record(p, *records, strlen(*records), &seq, ret) == 1;
	return n;
}

static void test_oom(void **state)
{
	static const char *const records[] = {
		"4,10,1000,-;hog invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
		"6,11,1001,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a,"
		"task_memcg=/a/b,task=hog,pid=77,uid=5",
		"3,12,1002,-;Memory cgroup out of memory: Killed process 77 (hog) total-vm:9kB, anon-rss:64kB, "
		"file-rss:4kB, shmem-rss:0kB, UID:5 pgtables:60kB oom_score_adj:-7",
		NULL
	};
	struct kmsg_parse p = { 0 };
	struct cgx_oom o;

	(void)state;
	assert_int_equal(feed(&p, records, &o), 1);
	assert_int_equal(o.pid, 77);
	assert_string_equal(o.comm, "hog");
	assert_string_equal(o.limit_path, "/a");
	assert_string_equal(o.victim_path, "/a/b");
	assert_int_equal(o.anon_rss, 65536);
	assert_int_equal(o.uid, 5);
	assert_int_equal(o.oom_score_adj, -7);
	assert_int_equal(o.memcg, 1);
	kmsg_parse_free(&p);
}

static void test_oom_hostile(void **state)
{
	/* a comm and a directory that look like fields, and a record that user space wrote */
	static const char *const records[] = {
		"12,1,5,-;Memory cgroup out of memory: Killed process 1 (init) total-vm:1kB, anon-rss:1kB",
		"6,2,6,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/m,"
		"task_memcg=/m/x,task_memcg=/fake,task=q,pid=1,uid=0,task=c,task=d,pid=273,uid=0",
		"3,3,7,-;Memory cgroup out of memory: Killed process 273 (c,task=d) total-vm:1kB, anon-rss:8kB, "
		"file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:1kB oom_score_adj:0",
		NULL
	};
	struct kmsg_parse p = { 0 };
	struct cgx_oom o;

	(void)state;
	assert_int_equal(feed(&p, records, &o), 1);
	assert_int_equal(o.pid, 273);
	assert_string_equal(o.comm, "c,task=d");
	assert_string_equal(o.limit_path, "/m");
	assert_string_equal(o.victim_path, "/m/x,task_memcg=/fake,task=q,pid=1,uid=0");
	kmsg_parse_free(&p);
}

static void test_oom_split(void **state)
{
	/* only the last line came (rate limit), the summary in two records */
	static const char *const records[] = {
		"6,2,6,-;oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=/m,task_memcg=/m/lo",
		"4,3,6,c;ng,task=h\\x0ag,pid=9,uid=0",
		"3,4,7,-;Memory cgroup out of memory: Killed process 9 (h\\x0ag) total-vm:1kB, anon-rss:8kB, UID:0",
		"3,5,2000007,-;Memory cgroup out of memory: Killed process 10 (x) total-vm:1kB, anon-rss:8kB, UID:0",
		NULL
	};
	struct kmsg_parse p = { 0 };
	struct cgx_oom o;
	uint64_t seq;

	(void)state;
	for (int i = 0; i < 3; i++)
		if (kmsg_parse_record(&p, records[i], strlen(records[i]), &seq, &o) == 1)
			assert_string_equal(o.victim_path, "/m/long");
	assert_string_equal(o.comm, "h\ng");
	assert_int_equal(kmsg_parse_record(&p, records[3], strlen(records[3]), &seq, &o), 1);
	assert_int_equal(o.pid, 10);
	assert_string_equal(o.victim_path, "");
	/* no beginning of any record crashes */
	for (size_t i = 0; records[i]; i++)
		for (size_t n = 0; n <= strlen(records[i]); n++)
			kmsg_parse_record(&p, records[i], n, &seq, &o);
	kmsg_parse_free(&p);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),       cmocka_unit_test(test_usec),    cmocka_unit_test(test_i64),
		cmocka_unit_test(test_keyed),       cmocka_unit_test(test_lists),   cmocka_unit_test(test_mountinfo),
		cmocka_unit_test(test_pid_cgroup),  cmocka_unit_test(test_stat),    cmocka_unit_test(test_oom),
		cmocka_unit_test(test_oom_hostile), cmocka_unit_test(test_oom_split),
	};

	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
