/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's text formats: lines, words, flat and nested keys, lists. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* the library has one of its own */

#include "libcgx/private.h"

static const char stat[] = "anon 12\nanon_thp 13\n\nfile\t14\nfile_mapped \nodd x\nbig 18446744073709551616\n"
			   "max 18446744073709551615\ntwo 1 2\n no 5\nlast 9";
static const char io_stat[] = "8:0 rbytes=1 wbytes=2\n8:01 rbytes=7\n259:3 rbytes=30  wbytes=40\tdbytes=\n";
static const char psi[] = "some avg10=0.12 avg60=0.00 total=5\nfull avg10=0.34 total=1\n";
static const char numa_v1[] = "total=5105 N0=5105\nfile=405 N0=405 N1=2\nanon=374 N0=374\n";

/* The piece is this text. */
static void is(const char *s, size_t len, const char *want)
{
	assert_int_equal(len, strlen(want));
	assert_memory_equal(s, want, len);
}

static void test_lines(void **state)
{
	static const char *const want[] = { "a", "", "b c", "" , "d" };
	const char *s = "a\n\nb c\n\nd", *line;
	size_t len;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(want); i++) {
		assert_int_equal(text_line(&s, &line, &len), 1);
		is(line, len, want[i]);
	}
	assert_int_equal(text_line(&s, &line, &len), 0);
	s = "x\n";
	assert_int_equal(text_line(&s, &line, &len), 1);
	assert_int_equal(text_line(&s, &line, &len), 0);
}

static void test_words(void **state)
{
	const char *s = " \ta bc\t ;never", *word;
	size_t left = 8, len;

	(void)state;
	assert_int_equal(text_word(&s, &left, &word, &len), 1);
	is(word, len, "a");
	assert_int_equal(text_word(&s, &left, &word, &len), 1);
	is(word, len, "bc");
	assert_int_equal(text_word(&s, &left, &word, &len), 0);
	assert_int_equal(left, 0);
}

static void test_flat(void **state)
{
	static const struct {
		const char *key, *want;
	} cases[] = {
		{ "anon", "12" }, { "anon_thp", "13" }, { "file", "14" }, { "file_mapped", "" }, { "odd", "x" }, { "two", "1 2" },
		{ "last", "9" },
	};
	static const char *const none[] = { "", "ano", "anon ", "no", "5", "12", "last 9", "nosuch" };
	const char *v;
	size_t len;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(text_flat(stat, cases[i].key, &v, &len), 0);
		is(v, len, cases[i].want);
	}
	v = "untouched";
	for (size_t i = 0; i < COUNT_OF(none); i++)
		assert_int_equal(text_flat(stat, none[i], &v, &len), -ENOKEY);
	assert_string_equal(v, "untouched");
}

static void test_flat_u64(void **state)
{
	static const char *const bad[] = { "file_mapped", "odd", "big", "two" };
	uint64_t n;

	(void)state;
	assert_int_equal(text_flat_u64(stat, "anon", &n), 0);
	assert_int_equal(n, 12);
	assert_int_equal(text_flat_u64(stat, "max", &n), 0);
	assert_true(n == UINT64_MAX);
	assert_int_equal(text_flat_u64(stat, "last", &n), 0);
	assert_int_equal(n, 9);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(text_flat_u64(stat, bad[i], &n), -EBADMSG);
	assert_int_equal(n, 9);
	assert_int_equal(text_flat_u64("", "anon", &n), -ENOKEY);
}

static void test_nested(void **state)
{
	static const struct {
		const char *text, *key, *sub, *want;
	} cases[] = {
		{ io_stat, "8:0", "wbytes", "2" }, { io_stat, "8:01", "rbytes", "7" }, { io_stat, "259:3", "wbytes", "40" },
		{ io_stat, "259:3", "dbytes", "" }, { psi, "full", "avg10", "0.34" }, { psi, "some", "total", "5" },
		{ numa_v1, "", "anon", "374" }, { numa_v1, "", "N1", "2" }, { numa_v1, "file=405", "N1", "2" },
		{ "8:0 x=1\n8:0 y=2\n", "8:0", "y", "2" }, { "a b==c\n", "a", "b", "=c" },
	};
	static const struct {
		const char *text, *key, *sub;
	} none[] = {
		{ io_stat, "8:0", "dbytes" }, { io_stat, "8:", "rbytes" }, { io_stat, "259:3", "bytes" }, { io_stat, "8:0", "rbytes=" },
		{ io_stat, "", "rbytes" }, /* its lines have keys */
		{ psi, "", "total" }, { psi, "some", "" }, { "", "a", "b" }, { "\n\n \n", "", "b" }, { "a\nb=1\n", "a", "b" },
	};
	const char *v;
	size_t len;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(text_nested(cases[i].text, cases[i].key, cases[i].sub, &v, &len), 0);
		is(v, len, cases[i].want);
	}
	for (size_t i = 0; i < COUNT_OF(none); i++)
		assert_int_equal(text_nested(none[i].text, none[i].key, none[i].sub, &v, &len), -ENOKEY);
}

static void test_list_has(void **state)
{
	(void)state;
	assert_true(text_list_has("rw,cpu,cpuacct", ',', "rw"));
	assert_true(text_list_has("rw,cpu,cpuacct", ',', "cpu"));
	assert_true(text_list_has("rw,cpu,cpuacct", ',', "cpuacct"));
	assert_true(text_list_has("cpu memory", ' ', "memory"));
	assert_false(text_list_has("rw,cpuacct", ',', "cpu"));
	assert_false(text_list_has("rw,cpuacct", ',', "acct"));
	assert_false(text_list_has("rw,,cpu,", ',', ""));
	assert_false(text_list_has("", ',', "cpu"));
	assert_false(text_list_has("cpu,memory", ' ', "cpu"));
}

static void test_list_check(void **state)
{
	static const struct {
		const char *text;
		uint64_t members;
	} good[] = {
		{ "", 0 }, { "0", 1 }, { "0-3,7", 5 }, { "5-5", 1 }, { "0,0,0", 3 }, { "0-4294967295", 4294967296 },
	};
	static const char *const bad[] = {
		",", "1,", ",1", "1,,2", "3-1", "1-", "-1", "1-2-3", "a", "1a", " 1", "1 ", "1\n", "0x1", "4294967296", "0-4294967296",
		"99999999999999999999", "1;2", "+1",
	};
	uint64_t n;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		assert_int_equal(text_list_check(good[i].text, &n), 0);
		assert_true(n == good[i].members);
		assert_int_equal(text_list_check(good[i].text, NULL), 0);
	}
	n = 77;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(text_list_check(bad[i], &n), -EINVAL);
	assert_int_equal(n, 77);
}

/* Cut off anywhere, in memory of exactly that size. */
static void test_truncated(void **state)
{
	static const char *const texts[] = { stat, io_stat, psi, numa_v1 };
	static const char *const keys[] = { "", "anon", "8:0", "259:3", "some", "file", "N1", "last", "total" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		for (size_t len = 0; len <= strlen(texts[i]); len++) {
			AUTO_FREE char *s = strndup(texts[i], len);

			for (size_t k = 0; k < COUNT_OF(keys); k++) {
				const char *v;
				size_t n;
				uint64_t u;

				text_flat_u64(s, keys[k], &u);
				if (!text_flat(s, keys[k], &v, &n))
					assert_true(v >= s && v + n <= s + len);
				for (size_t q = 0; q < COUNT_OF(keys); q++)
					if (!text_nested(s, keys[k], keys[q], &v, &n))
						assert_true(v >= s && v + n <= s + len);
			}
		}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),    cmocka_unit_test(test_words),    cmocka_unit_test(test_flat),
		cmocka_unit_test(test_flat_u64), cmocka_unit_test(test_nested),   cmocka_unit_test(test_list_has),
		cmocka_unit_test(test_list_check), cmocka_unit_test(test_truncated),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
