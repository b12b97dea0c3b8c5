/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* systemd's names: whose a path is, escapes, settings as properties; and the marks of delegation on real directories. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* the library has one of its own */

#include "libcgx/unit_name.h"

static const struct {
	const char *path, *unit, *at; /* unit NULL: it belongs to none */
	long uid;                     /* -1 the system's */
	int own;
} names[] = {
	{ "", NULL, NULL, 0, 0 },
	{ "web", NULL, NULL, 0, 0 },
	{ "web/api.service", NULL, NULL, 0, 0 }, /* no unit has a plain group above it */
	{ "init.scope", "init.scope", "init.scope", -1, 1 },
	{ "system.slice", "system.slice", "system.slice", -1, 1 },
	{ "system.slice/", "system.slice", "system.slice", -1, 1 },
	{ "system.slice/x", "system.slice", "system.slice", -1, 0 },
	{ "system.slice/web.service", "web.service", "system.slice/web.service", -1, 1 },
	{ "system.slice//web.service//", "web.service", "system.slice//web.service", -1, 1 },
	{ "system.slice/web.service/a/b.scope", "web.service", "system.slice/web.service", -1, 0 },
	{ "system.slice/web.service/b.scope", "web.service", "system.slice/web.service", -1, 0 },
	{ "a.slice/a-b.slice/c.scope", "c.scope", "a.slice/a-b.slice/c.scope", -1, 1 },
	{ "system.slice/_cgroup.service", "cgroup.service", "system.slice/_cgroup.service", -1, 1 },
	{ "system.slice/__x.service", "_x.service", "system.slice/__x.service", -1, 1 },
	{ "system.slice/dev-disk\\x2d1.swap", "dev-disk\\x2d1.swap", "system.slice/dev-disk\\x2d1.swap", -1, 1 },
	{ "system.slice/getty@tty1.service", "getty@tty1.service", "system.slice/getty@tty1.service", -1, 1 },
	{ "system.slice/.service", "system.slice", "system.slice", -1, 0 },
	{ "system.slice/_.service", "system.slice", "system.slice", -1, 0 },
	{ "system.slice/a b.service", "system.slice", "system.slice", -1, 0 },
	{ "system.slice/a\x01.service", "system.slice", "system.slice", -1, 0 },
	{ "system.slice/x.timer", "system.slice", "system.slice", -1, 0 },
	{ "user.slice/user-7.slice/user@7.service", "user@7.service", "user.slice/user-7.slice/user@7.service", -1, 1 },
	{ "user.slice/user-7.slice/user@7.service/x", "user@7.service", "user.slice/user-7.slice/user@7.service", -1, 0 },
	{ "user.slice/user-7.slice/user@7.service/app.slice/x", "app.slice", "user.slice/user-7.slice/user@7.service/app.slice", 7, 0 },
	{ "user.slice/user-7.slice/user@7.service/app.slice/t.scope/y", "t.scope",
	  "user.slice/user-7.slice/user@7.service/app.slice/t.scope", 7, 0 },
	/* a manager in a manager's unit is nobody that we know */
	{ "user.slice/user@7.service/app.slice/user@8.service/app.slice", "user@8.service",
	  "user.slice/user@7.service/app.slice/user@8.service", 7, 0 },
	{ "user.slice/user@x.service/app.slice", "user@x.service", "user.slice/user@x.service", -1, 0 },
	{ "user.slice/user@.service/app.slice", "user@.service", "user.slice/user@.service", -1, 0 },
	{ "user.slice/user@4294967295.service/app.slice", "user@4294967295.service", "user.slice/user@4294967295.service", -1, 0 },
};

#define broken(...) (print_error(__VA_ARGS__), print_error("\n"), assert_true(0))

static void test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct unit_ref u;
		int r = unit_find(names[i].path, &u);

		if (r != (names[i].unit != NULL))
			broken("%s: found %d", names[i].path, r);
		if (!r)
			continue;
		if (u.name_len != strlen(names[i].unit) || memcmp(u.name, names[i].unit, u.name_len))
			broken("%s: the unit is %.*s", names[i].path, (int)u.name_len, u.name);
		if (u.path_len != strlen(names[i].at) || memcmp(names[i].path, names[i].at, u.path_len))
			broken("%s: it lies at %.*s", names[i].path, (int)u.path_len, names[i].path);
		assert_int_equal(u.own, names[i].own);
		assert_int_equal(u.uid, (uid_t)names[i].uid);
	}
}

static void test_long_names(void **state)
{
	char path[512] = "system.slice/";
	struct unit_ref u;

	(void)state;
	memset(path + 13, 'a', 300);
	strcpy(path + 13 + 300, ".service");
	assert_int_equal(unit_find(path, &u), 1);
	assert_int_equal(u.name_len, strlen("system.slice"));
	assert_int_equal(u.own, 0);
}

static void test_unescape(void **state)
{
	static const char *const pairs[][2] = {
		{ "app-a\\x2db.scope", "app-a-b.scope" }, { "\\x41\\x6A", "Aj" }, { "a\\x2", "a\\x2" }, { "a\\", "a\\" },
		{ "\\x00z", "\\x00z" }, { "\\xzz", "\\xzz" }, { "", "" }, { "\\x2d\\", "-\\" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		char *s;

		assert_int_equal(cgx_unit_unescape(pairs[i][0], &s), 0);
		assert_string_equal(s, pairs[i][1]);
		free(s);
	}
}

static void test_properties(void **state)
{
	static const char *const rows[][3] = {
		{ "memory.max", "64M", "MemoryMax=67108864" }, { "memory.max", "max", "MemoryMax=infinity" },
		{ "pids.max", "100", "TasksMax=100" }, { "cpu.max", "50%", "CPUQuota=50%" },
		{ "cpu.max", "12.5%", "CPUQuota=12.50%" }, { "cpu.max", "max", "CPUQuota=" },
		{ "cpu.max", "5000/20000", "CPUQuota=25%|CPUQuotaPeriodSec=20000us" },
		{ "cpu.weight", "200", "CPUWeight=200" }, { "cpuset.cpus", "0-1", "AllowedCPUs=0-1" },
		{ "io.max", "8:16 rbps=1M wiops=max", "IOReadBandwidthMax=/dev/block/8:16 1048576|IOWriteIOPSMax=/dev/block/8:16 max" },
		{ "memory.oom.group", "1", "" }, { "memory.limit_in_bytes", "64M", "" }, { "no.such", "1", "" },
	};
	struct cgx *cgx;

	(void)state;
	assert_int_equal(cgx_open(NULL, &cgx), 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		AUTO_BUF struct buf all = { 0 };
		char **list = NULL;
		int n = cgx_unit_properties(cgx, rows[i][0], rows[i][1], &list);

		for (int k = 0; k < n; k++)
			buf_printf(&all, "%s%s", k ? "|" : "", list[k]);
		assert_string_equal(buf_text(&all), rows[i][2]);
		cgx_list_free(list);
	}
	assert_int_equal(cgx_unit_properties(cgx, "memory.max", "many", &(char **){ NULL }), -EINVAL);
	cgx_close(cgx);
}

/* ---- a machine of our own ---- */

static char root[64];

static void put(const char *path, const char *text)
{
	char full[512];
	FILE *f;

	snprintf(full, sizeof(full), "%s/%s", root, path);
	for (char *p = full + strlen(root) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(full, 0755);
		*p = '/';
	}
	if (!text)
		return;
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int make_machine(void **state)
{
	(void)state;
	strcpy(root, "/tmp/cgx-unit.XXXXXX");
	if (!mkdtemp(root))
		return -1;
	put("proc/self/mountinfo", "30 1 0:9 / /sys/fs/cgroup rw - cgroup2 none rw\n");
	put("proc/self/cgroup", "0::/\n");
	put("sys/fs/cgroup/cgroup.controllers", "memory pids cpu\n");
	put("sys/fs/cgroup/system.slice/web.service/cgroup.controllers", "memory pids\n");
	put("sys/fs/cgroup/system.slice/web.service/cgroup.subtree_control", "\n");
	put("sys/fs/cgroup/system.slice/cgroup.controllers", "memory pids\n");
	put("sys/fs/cgroup/system.slice/cgroup.procs", "");
	put("sys/fs/cgroup/system.slice/web.service/cgroup.procs", "");
	put("sys/fs/cgroup/cgroup.procs", "");
	put("sys/fs/cgroup/system.slice/cgroup.subtree_control", "memory pids\n");
	put("sys/fs/cgroup/cgroup.subtree_control", "memory pids\n");
	return 0;
}

static int remove_machine(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

/* The errno of planning to make this group with the controller. */
static int plan_of(const char *path, cgx_set set, int force)
{
	struct cgx_group *g;
	struct cgx_plan *p;
	struct cgx *cgx;
	int r;

	assert_int_equal(cgx_open(root, &cgx), 0);
	assert_int_equal(cgx_group_open(cgx, path, set, &g), 0);
	assert_int_equal(cgx_plan_new(cgx, &p), 0);
	if (force)
		cgx_plan_force(p);
	r = cgx_plan_create(p, g, NULL);
	cgx_plan_free(p);
	cgx_group_close(g);
	cgx_close(cgx);
	return r;
}

static void test_tree(void **state)
{
	const struct cgx_hierarchy *h;
	struct cgx_group *g, *above;
	struct cgx_owner owner;
	struct cgx_plan *p;
	struct cgx *cgx;

	(void)state;
	assert_int_equal(cgx_open(root, &cgx), 0);
	assert_int_equal(cgx_group_open(cgx, "y/x", CGX_C_MEMORY, &g), 0);
	assert_int_equal(cgx_group_open(cgx, "system.slice", CGX_C_MEMORY, &above), 0);
	assert_int_equal(cgx_plan_new(cgx, &p), 0);
	assert_int_equal(cgx_plan_makes(p, g), 0);
	cgx_plan_force(p);
	assert_int_equal(cgx_plan_create(p, g, NULL), 0);
	assert_int_equal(cgx_plan_makes(p, g), 1);
	assert_int_equal(cgx_plan_create(p, above, NULL), 0);
	assert_int_equal(cgx_plan_makes(p, above), 0); /* it is there */
	cgx_plan_free(p);

	h = cgx_hierarchy_at(cgx, 0);
	assert_int_equal(cgx_group_owner(above, h, NULL, &owner), 0);
	assert_int_equal(owner.uid, getuid());
	assert_int_equal(owner.mode, 0755);
	assert_int_equal(cgx_group_owner(above, h, "no.such", &owner), -ENOENT);
	assert_non_null(strstr(cgx_error(cgx), "system.slice/no.such: ask for its owner: No such file"));
	assert_int_equal(cgx_group_owner(above, h, "../cgroup.procs", &owner), -EINVAL);
	assert_int_equal(cgx_group_owner(g, h, NULL, &owner), -ENOENT);
	cgx_group_close(g);
	cgx_group_close(above);
	cgx_close(cgx);
}

static void test_marks(void **state)
{
	struct cgx_unit u;
	struct cgx *cgx;
	char dir[128];

	(void)state;
	/* names alone mean nothing where systemd is not process 1 */
	assert_int_equal(plan_of("system.slice/web.service/x", CGX_C_MEMORY, 0), 0);
	put("run/systemd/system/", NULL);
	assert_int_equal(plan_of("system.slice/web.service/x", CGX_C_MEMORY, 0), -EPERM);
	assert_int_equal(plan_of("system.slice/web.service/x", CGX_C_MEMORY, 1), 0);
	assert_int_equal(plan_of("x", CGX_C_MEMORY, 0), 0);

	snprintf(dir, sizeof(dir), "%s/sys/fs/cgroup/system.slice/web.service", root);
	if (setxattr(dir, "user.delegate", "0", 1, 0) < 0)
		skip();
	assert_int_equal(plan_of("system.slice/web.service/x", CGX_C_MEMORY, 0), -EPERM);
	assert_int_equal(setxattr(dir, "user.delegate", "1", 1, 0), 0);
	assert_int_equal(plan_of("system.slice/web.service/x", CGX_C_MEMORY, 0), 0);
	assert_int_equal(plan_of("system.slice/web.service/x", CGX_C_USUAL, 0), 0);
	assert_int_equal(plan_of("system.slice/web.service/x", CGX_C_CPU, 0), -EPERM);
	assert_int_equal(plan_of("system.slice/x", CGX_C_MEMORY, 0), -EPERM);

	assert_int_equal(cgx_open(root, &cgx), 0);
	assert_int_equal(cgx_unit_of(cgx, "/system.slice/web.service/x", &u), 1);
	assert_string_equal(u.name, "web.service");
	assert_string_equal(u.path, "system.slice/web.service");
	assert_int_equal(u.own, 0);
	assert_int_equal(u.delegated, 1);
	assert_int_equal(cgx_unit_of(cgx, "web", &u), 0);
	cgx_close(cgx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_unescape),
		cmocka_unit_test(test_properties),
		cmocka_unit_test_setup_teardown(test_tree, make_machine, remove_machine),
		cmocka_unit_test_setup_teardown(test_marks, make_machine, remove_machine),
	};

	return cmocka_run_group_tests_name("unit", tests, NULL, NULL);
}
