/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgconfig.conf: what is read, what is refused and where; names put into templates; words that read back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libcgx/cgx.h"

static struct cgx *cgx;

static int set_up(void **state)
{
	(void)state;
	return cgx_open("/", &cgx);
}

static int tear_down(void **state)
{
	(void)state;
	cgx_close(cgx);
	return 0;
}

static struct cgx_config *read_text(const char *text)
{
	struct cgx_config *c = NULL;
	int r = cgx_config_read(cgx, "x", text, strlen(text), &c);

	if (r)
		print_error("%s\n", cgx_error(cgx));
	assert_int_equal(r, 0);
	return c;
}

static void is_setting(const struct cgx_config *c, size_t block, size_t index, const char *controller, const char *name,
		       const char *value, unsigned line)
{
	struct cgx_config_setting s;

	assert_int_equal(cgx_config_setting(c, block, index, &s), 0);
	if (controller)
		assert_string_equal(s.controller, controller);
	else
		assert_null(s.controller);
	if (name) {
		assert_string_equal(s.name, name);
		assert_string_equal(s.value, value);
	} else {
		assert_null(s.name);
	}
	assert_int_equal(s.line, line);
}

static void test_group(void **state)
{
	struct cgx_config *c = read_text("# first\n"
					 "group web/api {\n"
					 "  memory {\n"
					 "    memory.max = 64M; # behind a value\n"
					 "    memory.high=\"1 2;{}\";\n"
					 "  }\r\n"
					 "* a comment too\n"
					 "  pids { }\n"
					 "}\n");
	struct cgx_config_setting s;
	struct cgx_config_block b;
	size_t at = 7;

	(void)state;
	assert_int_equal(cgx_config_block(c, 0, &b), 0);
	assert_int_equal(b.kind, CGX_CONFIG_GROUP);
	assert_string_equal(b.name, "web/api");
	assert_int_equal(b.line, 2);
	assert_false(b.has_perm);
	is_setting(c, 0, 0, "memory", "memory.max", "64M", 4);
	is_setting(c, 0, 1, "memory", "memory.high", "1 2;{}", 5);
	is_setting(c, 0, 2, "pids", NULL, NULL, 8);
	assert_int_equal(cgx_config_setting(c, 0, 3, &s), -ENOENT);
	assert_int_equal(cgx_config_setting(c, 1, 0, &s), -ENOENT);
	assert_int_equal(cgx_config_block(c, 1, &b), -ENOENT);
	assert_int_equal(cgx_config_find(c, CGX_CONFIG_GROUP, "web/api", &at), 0);
	assert_int_equal(at, 0);
	assert_int_equal(cgx_config_find(c, CGX_CONFIG_TEMPLATE, "web/api", &at), -ENOENT);
	cgx_config_free(c);
}

static void test_perm(void **state)
{
	struct cgx_config *c = read_text("default { perm { admin { uid = root; } } }\n"
					 "group \"group\" { pids { } perm { admin { gid = 7; dperm = 750; }\n"
					 " task { uid = u; gid = g; fperm = 0660; dperm = 1; } } }\n");
	struct cgx_config_block b;

	(void)state;
	assert_int_equal(cgx_config_block(c, 0, &b), 0);
	assert_int_equal(b.kind, CGX_CONFIG_DEFAULT);
	assert_true(b.has_perm);
	assert_string_equal(b.perm.admin_uid, "root");
	assert_null(b.perm.task_uid);
	assert_int_equal(b.perm.admin_dperm, -1);
	assert_int_equal(cgx_config_block(c, 1, &b), 0);
	assert_string_equal(b.name, "group");
	assert_null(b.perm.admin_uid);
	assert_string_equal(b.perm.admin_gid, "7");
	assert_string_equal(b.perm.task_uid, "u");
	assert_string_equal(b.perm.task_gid, "g");
	assert_int_equal(b.perm.admin_dperm, 0750);
	assert_int_equal(b.perm.admin_fperm, -1);
	assert_int_equal(b.perm.task_fperm, 0660);
	cgx_config_free(c);
}

static void test_kinds(void **state)
{
	struct cgx_config *c = read_text("mount { cpu = /x; \"name=y\" = /y; }\n"
					 "namespace { memory = below; }\n"
					 "systemd { slice = a.slice; }\n"
					 "template users/%u { pids { pids.max = 5; } }\n"
					 "group default { pids { } }\n");
	static const enum cgx_config_kind kinds[] = { CGX_CONFIG_MOUNT, CGX_CONFIG_NAMESPACE, CGX_CONFIG_SYSTEMD,
						      CGX_CONFIG_TEMPLATE, CGX_CONFIG_GROUP };
	struct cgx_config_block b;
	size_t at;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(cgx_config_block(c, i, &b), 0);
		assert_int_equal(b.kind, kinds[i]);
		assert_int_equal(b.line, i + 1);
	}
	assert_string_equal(b.name, "default");
	is_setting(c, 0, 1, NULL, "name=y", "/y", 1);
	is_setting(c, 1, 0, NULL, "memory", "below", 2);
	assert_int_equal(cgx_config_find(c, CGX_CONFIG_TEMPLATE, "users/%u", &at), 0);
	assert_int_equal(at, 3);
	cgx_config_free(c);
}

static void test_empty(void **state)
{
	static const char *const texts[] = { "", "\n\n", "# nothing", "  * nothing either\n" };
	struct cgx_config_block b;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct cgx_config *c = read_text(texts[i]);

		assert_int_equal(cgx_config_block(c, 0, &b), -ENOENT);
		cgx_config_free(c);
	}
}

static const struct {
	const char *text, *words; /* what the message must have in it */
} refused[] = {
	{ "web { }", "x:1: " },
	{ "group", "the name of the group is missing before the end of the file" },
	{ "group web", "{ is missing" },
	{ "group \"\" { }", "is empty" },
	{ "group task { }", "keyword \"task\"" },
	{ "group web {\n", "is missing before the end of the file" },
	{ "group web {\n pids {\n pids.max = ;\n } }", "x:3: " },
	{ "group web {\n pids {\n pids.max 5;\n } }", "= is missing before \"5\"" },
	{ "group web {\n pids {\n pids.max = 5\n } }", "x:4: " },
	{ "group web { pids { } pids { } }", "twice" },
	{ "group web { perm { } perm { } }", "a second perm" },
	{ "group web { perm { user { } } }", "task or admin is missing" },
	{ "group web { perm { admin { fperm = 8; } } }", "is no mode" },
	{ "group web { perm { admin { fperm = 17777; } } }", "is no mode" },
	{ "group web { perm { admin { fperm = \"\"; } } }", "a mode is empty" },
	{ "group web { perm { admin { shoe = 43; } } }", "is no permission" },
	{ "group a { pids { } \n group b { }", "the block of line 1 does not end" },
	{ "default { pids { } }", "perm is missing" },
	{ "group a {\n pids { pids.max = \"5; }\n}\n", "x:2: " },
	{ "group a:b { }", "\":\" cannot stand here" },
	{ "group a { } }", "begins no block" },
};

static void test_refused(void **state)
{
	struct cgx_config *c = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (cgx_config_read(cgx, "x", refused[i].text, strlen(refused[i].text), &c) == -EBADMSG &&
		    strstr(cgx_error(cgx), refused[i].words))
			continue;
		print_error("%s\n-> %s\n", refused[i].text, cgx_error(cgx));
		assert_true(0);
	}
	assert_int_equal(cgx_config_read(cgx, "x", "group a\0b { }", 13, &c), -EBADMSG);
	assert_int_equal(cgx_config_read(cgx, "x", "group \"a\0b\" { }", 15, &c), -EBADMSG);
	assert_null(c);
}

/* Every beginning of a file is an end of it, and none is read past. */
static void test_cut(void **state)
{
	static const char text[] = "template a%u { perm { task { uid = 1; } } cpu { cpu.max = \"1 2\"; } }\ngroup b { pids { } }\n";
	size_t whole = 0;

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		char *copy = malloc(n ? n : 1); /* no NUL behind it, for sanitizers and valgrind */
		struct cgx_config *c;
		int r;

		assert_non_null(copy);
		memcpy(copy, text, n);
		r = cgx_config_read(cgx, "x", copy, n, &c);
		assert_true(!r || r == -EBADMSG);
		free(copy);
		if (r)
			continue;
		whole++;
		cgx_config_free(c);
	}
	assert_int_equal(whole, 5); /* nothing; the template without and with its newline; all but the last newline; all */
}

static void expands(const char *text, const struct cgx_config_who *who, const char *want)
{
	char *got = NULL;

	assert_int_equal(cgx_config_expand(cgx, text, who, &got), 0);
	assert_string_equal(got, want);
	free(got);
}

static void test_expand(void **state)
{
	struct cgx_config_who who = { .size = sizeof(who), .uid = 1000, .gid = 100, .pid = 42,
				      .user = "alice", .group = "users", .process = "sh" };
	struct cgx_config_who unknown = { .size = sizeof(unknown), .uid = 1000, .gid = 100, .pid = 42, .user = "" };
	struct cgx_config_who hostile = { .size = sizeof(hostile), .user = "a/../b", .group = "a\nb\x7f", .process = ".." };

	(void)state;
	expands("u/%u/%U", &who, "u/alice/1000");
	expands("%g-%G", &who, "users-100");
	expands("%p.%P", &who, "sh.42");
	expands("a\\%u%%u%x%", &who, "a%u%alice%x%");
	expands("plain/../x", &who, "plain/../x"); /* as written: who opens it refuses */
	expands("%u/%g/%p", &unknown, "1000/100/42");
	expands("%u", &hostile, "a_.._b");
	expands("%g", &hostile, "a_b_");
	expands("x%p", &hostile, "x_.");
	expands("%p", &hostile, "_.");
	expands("a/%p/b", &hostile, "a/_./b"); /* never upwards */
	hostile.process = ".";
	expands("a/%p", &hostile, "a/_");
}

static void test_expand_long(void **state)
{
	char text[4097], name[4001], *got = NULL;
	struct cgx_config_who who = { .size = sizeof(who), .user = name };

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(cgx_config_expand(cgx, "%u", &who, &got), 0);
	assert_int_equal(strlen(got), 200); /* as much as is a part of a path */
	free(got);
	got = NULL;
	memset(text, 'b', sizeof(text) - 1);
	text[4096] = '\0';
	assert_int_equal(cgx_config_expand(cgx, text, &who, &got), -ENAMETOOLONG);
	assert_null(got);
	text[4095] = '\0';
	assert_int_equal(cgx_config_expand(cgx, text, &who, &got), 0);
	free(got);
}

static void test_word(void **state)
{
	static const char *const words[] = { "web", "a b", "", "group", "name=x", "8:0 rbps=1", "#", "a%u\\", "{", "*" };
	char *word = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		char text[128];
		struct cgx_config *c;

		assert_int_equal(cgx_config_word(cgx, words[i], &word), 0);
		snprintf(text, sizeof(text), "group a { pids { x = %s; } }", word);
		free(word);
		word = NULL;
		c = read_text(text);
		is_setting(c, 0, 0, "pids", "x", words[i], 1);
		cgx_config_free(c);
	}
	assert_int_equal(cgx_config_word(cgx, "a\"b", &word), -EINVAL);
	assert_int_equal(cgx_config_word(cgx, "a\nb", &word), -EINVAL);
	assert_null(word);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_group),  cmocka_unit_test(test_perm),	cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_empty),  cmocka_unit_test(test_refused),	cmocka_unit_test(test_cut),
		cmocka_unit_test(test_expand), cmocka_unit_test(test_expand_long), cmocka_unit_test(test_word),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
