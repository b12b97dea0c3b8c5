/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a hierarchy carries is known at the first question, whoever asks it. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "libcgx/cgx.h"

static char root[] = "/tmp/cgx-test-layout.XXXXXX";

static void put(const char *path, const char *text)
{
	char name[256];
	FILE *out;

	snprintf(name, sizeof(name), "%s/%s", root, path);
	for (char *p = strchr(name + sizeof(root), '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		mkdir(name, 0755);
		*p = '/';
	}
	if (!text)
		return;
	out = fopen(name, "we");
	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

/* A hybrid machine: pids on v1; hugetlb and a controller that only this kernel knows on v2. */
static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(root))
		return -1;
	put("proc/self/mountinfo", "1 0 1:1 / / rw - ext4 /dev/x rw\n"
				   "2 1 0:2 / /cg/pids rw - cgroup cgroup rw,pids\n"
				   "3 1 0:3 / /cg/unified rw - cgroup2 cgroup2 rw\n");
	put("cg/pids/both/tasks", "");
	put("cg/unified/cgroup.controllers", "hugetlb novel\n");
	put("cg/unified/both/", NULL);
	return 0;
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int tear_down(void **state)
{
	(void)state;
	return nftw(root, drop, 8, FTW_DEPTH | FTW_PHYS);
}

static void is_set(const struct cgx *cgx, cgx_set set, const char *want)
{
	char *names;

	assert_int_equal(cgx_set_format(cgx, set, &names), 0);
	assert_string_equal(names, want);
	free(names);
}

static void test_hierarchy(void **state)
{
	const struct cgx_hierarchy *v1, *v2;
	struct cgx *cgx;

	(void)state;
	assert_int_equal(cgx_open(root, &cgx), 0);
	v1 = cgx_hierarchy_at(cgx, 0);
	v2 = cgx_hierarchy_at(cgx, 1);
	assert_non_null(v1);
	assert_non_null(v2);
	assert_null(cgx_hierarchy_at(cgx, 2));
	assert_int_equal(cgx_hierarchy_version(v2), 2);
	is_set(cgx, cgx_hierarchy_controllers(v1), "pids");
	is_set(cgx, cgx_hierarchy_controllers(v2), "hugetlb,novel");
	assert_true(cgx_hierarchy_controllers(v2) & CGX_C_CORE);
	cgx_close(cgx);
}

static void test_walk(void **state)
{
	struct cgx_entry e;
	struct cgx_walk *w;
	struct cgx *cgx;

	(void)state;
	assert_int_equal(cgx_open(root, &cgx), 0);
	assert_int_equal(cgx_walk_open(cgx, "/", 0, -1, &w), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(cgx_walk_next(w, &e), 1);
		assert_string_equal(e.path, i ? "both" : "/");
		is_set(cgx, e.controllers, "pids,hugetlb,novel");
	}
	assert_int_equal(cgx_walk_next(w, &e), 0);
	cgx_walk_close(w);
	cgx_close(cgx);
}

/* A tree whose list cannot be read is a tree all the same. */
static void test_unreadable(void **state)
{
	const struct cgx_hierarchy *v2;
	char name[64];
	struct cgx_walk *w;
	struct cgx *cgx;

	(void)state;
	snprintf(name, sizeof(name), "%s/cg/unified/cgroup.controllers", root);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(cgx_open(root, &cgx), 0);
	v2 = cgx_hierarchy_at(cgx, 1);
	assert_non_null(v2);
	assert_true(cgx_hierarchy_controllers(v2) == CGX_C_CORE);
	assert_int_equal(cgx_walk_open(cgx, "both", 0, -1, &w), 0);
	cgx_walk_close(w);
	cgx_close(cgx);
}

static int doors(struct cgx *cgx, const char *path, cgx_set set, int *ret, size_t n)
{
	struct cgx_group *g;
	int r;

	assert_int_equal(cgx_group_open(cgx, path, set, &g), 0);
	r = cgx_doors(g, ret, n);
	cgx_group_close(g);
	return r;
}

/* What a process writes "0" to: of v1 alone. */
static void test_doors(void **state)
{
	int fd[2] = { -1, -1 };
	struct cgx *cgx;
	char path[64];
	struct stat st, tasks;

	(void)state;
	assert_int_equal(cgx_open(root, &cgx), 0);
	assert_int_equal(doors(cgx, "both", CGX_C_PIDS, fd, 2), 1);
	snprintf(path, sizeof(path), "%s/cg/pids/both/tasks", root);
	assert_true(!fstat(fd[0], &st) && !stat(path, &tasks) && st.st_ino == tasks.st_ino);
	assert_int_equal(write(fd[0], "0", 1), 1);
	close(fd[0]);
	assert_int_equal(fd[1], -1);
	fd[0] = -1;
	assert_int_equal(doors(cgx, "both", CGX_C_PIDS, fd, 0), -E2BIG);
	assert_int_equal(doors(cgx, "both", CGX_C_PIDS | CGX_C_HUGETLB, fd, 2), -ENOTSUP);
	assert_non_null(strstr(cgx_error(cgx), "v2"));
	assert_int_equal(doors(cgx, "none", CGX_C_PIDS, fd, 2), -ENOENT);
	assert_int_equal(fd[0], -1);
	cgx_close(cgx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hierarchy),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_doors),
		cmocka_unit_test(test_unreadable),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
