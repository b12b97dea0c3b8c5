/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Texts of /proc: mounts, groups of a process, controllers, a process; those of real hosts and hostile ones. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* the library has one of its own */

#include "libcgx/private.h"

/* A copy of exactly its size, so that a step beyond it is seen. */
static char *copy(const char *s, size_t len)
{
	char *text = malloc(len + 1);

	memcpy(text, s, len);
	text[len] = '\0';
	return text;
}

/* ---- mountinfo ---- */

static const char legacy[] =
	"22 27 0:21 / /proc rw,relatime - proc proc rw\n"
	"27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard,resv_strict,resuid=65534,resgid=65534\n"
	"28 27 0:25 / /mnt/tmp ro,nosuid,nodev,relatime - tmpfs none ro,size=4k,mode=755\n"
	"31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
	"35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
	"40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd\n"
	"41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

static void test_mounts(void **state)
{
	AUTO_FREE char *text = copy(legacy, sizeof(legacy) - 1);
	struct proc_mount m;
	char *s = text;
	int n = 0, v1 = 0;

	(void)state;
	for (; proc_mount_next(&s, &m); n++)
		v1 += !strcmp(m.type, "cgroup");
	assert_int_equal(n, 7);
	assert_int_equal(v1, 2);
	assert_int_equal(m.id, 41);
	assert_int_equal(m.parent, 31);
	assert_string_equal(m.root, "/");
	assert_string_equal(m.point, "/sys/fs/cgroup/unified");
	assert_string_equal(m.options, "rw,relatime");
	assert_string_equal(m.type, "cgroup2");
	assert_string_equal(m.super_options, "rw");
}

static void test_mount_fields(void **state)
{
	static const struct {
		const char *line, *root, *point, *options, *type, *super;
	} cases[] = {
		{ "1 0 0:1 / / rw - cgroup2 c rw", "/", "/", "rw", "cgroup2", "rw" },
		{ "1 0 0:1 /a /b rw shared:1 master:2 propagate_from:3 unbindable - cgroup c rw,cpu", "/a", "/b", "rw",
		  "cgroup", "rw,cpu" },
		{ "1 0 0:1 / / rw shared:1 - cgroup  rw,cpu", "/", "/", "rw", "cgroup", "rw,cpu" }, /* no source */
		{ "1 0 0:1 / /a\\040b\\011c\\012d\\134e\\043f rw - t s rw", "/", "/a b\tc\nd\\e#f", "rw", "t", "rw" },
		{ "1 0 0:1 / /a\\\\040\\1345 rw - t s rw", "/", "/a\\ \\5", "rw", "t", "rw" },
		{ "1 0 0:1 / /a\\04\\4001\\ rw - t s rw", "/", "/a\\04\\4001\\", "rw", "t", "rw" }, /* no escapes */
		{ "1 0 0:1 /../.. /x//deleted rw - cgroup2 c rw", "/../..", "/x//deleted", "rw", "cgroup2", "rw" },
		{ "1 0 0:1 / /a rw - t a\\040-\\040b rw", "/", "/a", "rw", "t", "rw" },
		{ "1 0 0:1 / /- - - t s rw", "/", "/-", "-", "t", "rw" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		AUTO_FREE char *text = copy(cases[i].line, strlen(cases[i].line));
		struct proc_mount m;
		char *s = text;

		assert_int_equal(proc_mount_next(&s, &m), 1);
		assert_string_equal(m.root, cases[i].root);
		assert_string_equal(m.point, cases[i].point);
		assert_string_equal(m.options, cases[i].options);
		assert_string_equal(m.type, cases[i].type);
		assert_string_equal(m.super_options, cases[i].super);
		assert_int_equal(proc_mount_next(&s, &m), 0);
	}
}

static void test_mounts_malformed(void **state)
{
	static const char *const lines[] = {
		"", "1", "1 0", "1 0 0:1", "1 0 0:1 /", "1 0 0:1 / /", "1 0 0:1 / / rw", "1 0 0:1 / / rw -", "1 0 0:1 / / rw - ",
		"x 0 0:1 / / rw - t s rw", "1 x 0:1 / / rw - t s rw", "-1 0 0:1 / / rw - t s rw",
		"99999999999 0 0:1 / / rw - t s rw", "1 0 0:1 a / rw - t s rw", "1 0 0:4 net:[4026531840] /run/n rw - nsfs n rw",
		"1 0 0:1 / a rw - t s rw", "1 0 0:1 / / rw shared:1 t s rw", " ", "\t", "- - - - - - - - -",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		AUTO_BUF struct buf b = { 0 };
		struct proc_mount m;
		char *s;

		buf_printf(&b, "%s\n7 0 0:1 / / rw - t s rw\n", lines[i]);
		s = b.s;
		assert_int_equal(proc_mount_next(&s, &m), 1);
		assert_int_equal(m.id, 7);
		assert_int_equal(proc_mount_next(&s, &m), 0);
	}
}

/* ---- /proc/PID/cgroup ---- */

static void test_groups(void **state)
{
	static const struct {
		const char *line;
		int id;
		const char *controllers, *path;
	} cases[] = {
		{ "0::/", 0, "", "/" },
		{ "0::/user.slice/x (deleted)", 0, "", "/user.slice/x (deleted)" },
		{ "0::/../z", 0, "", "/../z" },
		{ "4:memory:/web/b0a1", 4, "memory", "/web/b0a1" },
		{ "5:cpu,cpuacct:/a:b::c", 5, "cpu,cpuacct", "/a:b::c" },
		{ "9:name=systemd:/x\\ny\tz ", 9, "name=systemd", "/x\\ny\tz " },
	};
	AUTO_BUF struct buf b = { 0 };
	struct proc_cgroup_line l;
	char *s;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		buf_printf(&b, "%s\n%s", cases[i].line, i % 2 ? "\nnonsense\n3:cpu\n3:cpu:\n3:cpu:x\nx:cpu:/\n:::\n::/\n" : "");
	s = b.s;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(proc_cgroup_next(&s, &l), 1);
		assert_int_equal(l.id, cases[i].id);
		assert_string_equal(l.controllers, cases[i].controllers);
		assert_string_equal(l.path, cases[i].path);
	}
	assert_int_equal(proc_cgroup_next(&s, &l), 0);
}

/* ---- /proc/cgroups ---- */

static void test_subsystems(void **state)
{
	char text[] = "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t3\t1\t1\nodd\t1\n\nbad\tx\t1\t1\nnet_cls\t0\t3\t0\n"
		      "blkio 7 12 1";
	struct proc_subsys p;
	char *s = text;

	(void)state;
	assert_int_equal(proc_subsys_next(&s, &p), 1);
	assert_string_equal(p.name, "cpuset");
	assert_int_equal(p.hierarchy, 3);
	assert_int_equal(proc_subsys_next(&s, &p), 1);
	assert_string_equal(p.name, "net_cls");
	assert_int_equal(p.enabled, 0);
	assert_int_equal(proc_subsys_next(&s, &p), 1);
	assert_int_equal(p.groups, 12);
	assert_int_equal(proc_subsys_next(&s, &p), 0);
}

/* ---- /proc/PID/stat ---- */

static void test_stat(void **state)
{
	static const struct {
		const char *text, *comm;
		char state;
		int ppid;
	} cases[] = {
		{ "11303 (cat) R 11300 11300 11656 0 -1 4194304 103 0 0 0 0 0 0 0 20 0 1 0 635230\n", "cat", 'R', 11300 },
		{ "1 (a) S 1 (b)) Z 0 0", "a) S 1 (b)", 'Z', 0 }, { "1 () D 2", "", 'D', 2 }, { "1 ()) D 2", ")", 'D', 2 },
		{ "1 (() D 2", "(", 'D', 2 }, { "1 (a b\nc) T 7\n", "a b\nc", 'T', 7 },
		{ "2 (kworker/u8:0-events_unbound_with_a_name_that_is_longer_than_any_of_todays) I 2",
		  "kworker/u8:0-events_unbound_with_a_name_that_is_longer_than_any", 'I', 2 },
	};
	static const char *const bad[] = {
		"", "1", "1 (", "1 (a", "1 (a)", "1 (a) ", "1 (a) S", "1 (a) S ", "1 (a) S x", "1 )a( S 1", "1 a S 1", "1 (a)S 1",
		"1 (a) S -1", "1 (a) S 99999999999", "1 (a)  1",
	};
	struct cgx_process p;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(proc_stat(cases[i].text, &p), 0);
		assert_string_equal(p.comm, cases[i].comm);
		assert_int_equal(p.state, cases[i].state);
		assert_int_equal(p.ppid, cases[i].ppid);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		p.ppid = 77;
		assert_int_equal(proc_stat(bad[i], &p), -EBADMSG);
		assert_int_equal(p.ppid, 77);
	}
}

static void test_stat_figures(void **state)
{
	static const char text[] = "9 (x) R 1 9 9 0 -1 4194560 85 0 0 0 120 30 0 0 20 0 3 0 500 2646016 233 1844674";
	uint64_t tick = 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
	struct cgx_process p = { 0 };

	(void)state;
	assert_int_equal(proc_stat(text, &p), 0);
	assert_int_equal(p.threads, 3);
	assert_int_equal(p.cpu_us, 150 * tick);
	assert_int_equal(p.started_us, 500 * tick);
	assert_int_equal(p.rss, 233 * (uint64_t)sysconf(_SC_PAGESIZE));
	assert_int_equal(proc_stat("12 (a) S 7 12 12 0", &p), 0); /* cut off before them */
	assert_int_equal(p.rss, 0);
}

/* ---- everything, cut off anywhere ---- */

static void read_all(const char *text, size_t len)
{
	AUTO_FREE char *a = copy(text, len), *b = copy(text, len), *c = copy(text, len), *d = copy(text, len);
	struct proc_cgroup_line l;
	struct proc_subsys u;
	struct proc_mount m;
	struct cgx_process p;
	char *s = a;

	while (proc_mount_next(&s, &m))
		assert_int_equal(*m.point, '/');
	for (s = b; proc_cgroup_next(&s, &l);)
		assert_int_equal(*l.path, '/');
	for (s = c; proc_subsys_next(&s, &u);)
		assert_int_not_equal(*u.name, '#');
	proc_stat(d, &p);
}

static void test_truncated(void **state)
{
	static const char *const texts[] = {
		legacy, "4:memory:/a\n1:name=systemd:/x:y (deleted)\n0::/../z\n", "#subsys_name\th\nnet_cls\t0\t3\t0\n",
		"12 (a) b (c)) S 7 12 12 0\n", "1 0 0:1 / /a\\040b\\134 rw shared:1 - t s rw",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		for (size_t n = strlen(texts[i]), len = 0; len <= n; len++) {
			read_all(texts[i], len);
			read_all(texts[i] + n - len, len);
		}
}

/* What this host says is understood: mounts of its own, a group for the caller. */
static void test_this_host(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	struct proc_cgroup_line l;
	struct proc_mount m;
	struct cgx_process p;
	struct fs fs;
	char *s;

	(void)state;
	assert_int_equal(fs_open("/", &fs), 0);
	assert_int_equal(fs_read(fs.fd, "proc/self/mountinfo", &b), 0);
	s = b.s;
	assert_int_equal(proc_mount_next(&s, &m), 1);
	assert_int_equal(fs_read(fs.fd, "proc/self/stat", &b), 0);
	assert_int_equal(proc_stat(b.s, &p), 0);
	assert_int_equal(p.ppid, getppid());
	assert_int_equal(p.state, 'R');
	if (!fs_read(fs.fd, "proc/self/cgroup", &b) && b.len) {
		s = b.s;
		assert_int_equal(proc_cgroup_next(&s, &l), 1);
	}
	fs_close(&fs);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mounts),           cmocka_unit_test(test_mount_fields),
		cmocka_unit_test(test_mounts_malformed), cmocka_unit_test(test_groups),
		cmocka_unit_test(test_subsystems),       cmocka_unit_test(test_stat),
		cmocka_unit_test(test_stat_figures),     cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_this_host),
	};

	return cmocka_run_group_tests_name("proc", tests, NULL, NULL);
}
