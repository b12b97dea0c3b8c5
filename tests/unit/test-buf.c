/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The growing text: growth, escapes, handing over, and what happens when memory runs out. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "libcgx/util/buf.h"
#include "libcgx/util/utf8.h"

static void test_empty(void **state)
{
	struct buf b = { 0 };
	char *text = NULL;

	(void)state;
	assert_string_equal(buf_text(&b), "");
	buf_reset(&b);
	buf_puts(&b, "");
	assert_int_equal(b.len, 0);
	assert_string_equal(b.s, "");
	buf_free(&b);
	assert_null(b.s);
	buf_free(&b);
	assert_int_equal(buf_steal(&b, &text), 0);
	assert_string_equal(text, "");
	free(text);
}

static void test_growth(void **state)
{
	AUTO_BUF struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < 10000; i++) {
		buf_putc(&b, (char)('a' + i % 26));
		assert_int_equal(b.len, i + 1);
		assert_int_equal(b.s[b.len], '\0');
		assert_true(b.cap > b.len);
	}
	for (size_t i = 0; i < 10000; i++)
		assert_int_equal(b.s[i], 'a' + i % 26);
	assert_int_equal(buf_error(&b), 0);
}

/* A length that just fits, and one more. */
static void test_edges(void **state)
{
	(void)state;
	for (size_t n = 60; n < 70; n++) {
		AUTO_BUF struct buf b = { 0 };
		char text[80] = "";

		memset(text, 'x', n);
		buf_add(&b, text, n);
		assert_string_equal(buf_text(&b), text);
		buf_printf(&b, "%s%d", text, 7);
		assert_int_equal(b.len, 2 * n + 1);
		assert_int_equal(b.s[b.len - 1], '7');
	}
}

static void test_printf(void **state)
{
	AUTO_BUF struct buf b = { 0 };

	(void)state;
	buf_printf(&b, "%s", "");
	assert_string_equal(buf_text(&b), "");
	buf_printf(&b, "%d %s", 5, "six");
	buf_printf(&b, "%0200d", 1);
	assert_int_equal(b.len, 205);
	assert_memory_equal(b.s, "5 six000", 8);
}

static void test_bytes(void **state)
{
	AUTO_BUF struct buf b = { 0 };

	(void)state;
	buf_add(&b, "a\0b", 3);
	buf_putc(&b, '\0');
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.s, "a\0b\0", 5);
}

static void test_utf8(void **state)
{
	static const char *const bad[] = {
		"\xff", "\xc3", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80",
		"\xf8\x88\x80\x80\x80", "a\xe2\x82",
	};
	size_t len;

	(void)state;
	assert_true(utf8_check("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 10));
	assert_true(utf8_check("", 0));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(utf8_check(bad[i], strlen(bad[i])));
	assert_int_equal(utf8_point("\xf0\x9f\x98\x80", 4, &len), 0x1f600);
	assert_int_equal(len, 4);
	assert_int_equal(utf8_point("\xf0\x9f\x98\x80", 3, &len), 0);
	assert_int_equal(len, 0);
}

static void test_escape(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		const char *want;
	} cases[] = {
		{ "a b\n\t\033[31m\177\\x\0\xc3\xa9", 16, "a b\\x0a\\x09\\x1b[31m\\x7f\\x\\x00\xc3\xa9" },
		{ "dev-disk\\x2dby.mount", 20, "dev-disk\\x2dby.mount" }, /* as systemd names it, for the next command */
		{ "\xff\xc3", 2, "\\xff\\xc3" },
		{ "caf\xc3\xa9", 4, "caf\\xc3" }, /* cut off */
		{ "\xc2\x9b" "2J\xc2\xa0", 6, "\\xc2\\x9b2J\xc2\xa0" },
		{ "\xe2\x80\xaegnp\xe2\x81\xa6\xe2\x80\xa8", 12, "\\xe2\\x80\\xaegnp\\xe2\\x81\\xa6\\xe2\\x80\\xa8" },
	};
	AUTO_BUF struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&b);
		buf_escape(&b, cases[i].text, cases[i].n);
		assert_string_equal(buf_text(&b), cases[i].want);
	}
	buf_reset(&b);
	for (int c = 0; c < 256; c++)
		buf_escape(&b, (char[]){ (char)c }, 1);
	for (size_t i = 0; i < b.len; i++)
		assert_true((unsigned char)b.s[i] >= 0x20 && (unsigned char)b.s[i] < 0x7f);
}

static void test_word(void **state)
{
	static const struct {
		const char *name, *word;
	} cases[] = {
		{ "web/api-1.2@x", "web/api-1.2@x" },
		{ "", "''" },
		{ "two words", "'two words'" },
		{ "it's", "'it'\\''s'" },
		{ "$(reboot)", "'$(reboot)'" },
		{ "~", "'~'" },
		{ "dev\\x2dby", "'dev\\x2dby'" },
		{ "caf\xc3\xa9", "'caf\xc3\xa9'" },
		{ "a\033[31m'\\", "$'a\\x1b[31m\\'\\\\'" },
		{ "\xc3\xa9\xff", "$'\\xc3\\xa9\\xff'" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO_BUF struct buf b = { 0 };

		buf_word(&b, cases[i].name);
		assert_string_equal(buf_text(&b), cases[i].word);
	}
}

static void test_steal(void **state)
{
	struct buf b = { 0 };
	char *text = NULL;

	(void)state;
	buf_puts(&b, "web");
	assert_int_equal(buf_steal(&b, &text), 0);
	assert_string_equal(text, "web");
	assert_null(b.s);
	assert_int_equal(b.len, 0);
	buf_puts(&b, "next");
	assert_string_equal(buf_text(&b), "next");
	buf_free(&b);
	free(text);
}

/* The failure sticks until the buffer is emptied, nothing is written, and half a text is not shown. */
static void test_no_memory(void **state)
{
	struct buf b = { 0 };
	char *text = NULL;

	(void)state;
	buf_puts(&b, "web");
	assert_int_equal(buf_reserve(&b, SIZE_MAX - 2), -ENOMEM);
	assert_int_equal(buf_error(&b), -ENOMEM);
	buf_puts(&b, "/api");
	buf_printf(&b, "%d", 1);
	assert_int_equal(b.len, 3);
	assert_string_equal(buf_text(&b), "");
	buf_reset(&b);
	assert_int_equal(buf_error(&b), 0);
	buf_puts(&b, "db");
	assert_string_equal(buf_text(&b), "db");
	assert_int_equal(buf_reserve(&b, SIZE_MAX), -ENOMEM);
	assert_int_equal(buf_steal(&b, &text), -ENOMEM);
	assert_null(text);
	assert_null(b.s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),  cmocka_unit_test(test_growth), cmocka_unit_test(test_edges),
		cmocka_unit_test(test_printf), cmocka_unit_test(test_bytes),  cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_escape), cmocka_unit_test(test_word),
		cmocka_unit_test(test_steal),  cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
