/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Units, and texts from outside made fit for a screen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tools/ui/text.h"
#include "tools/ui/units.h"
#include "util/num.h"

static void test_bytes(void **state)
{
	static const struct {
		uint64_t n;
		const char *text;
	} cases[] = {
		{ 0, "0" }, { 1023, "1023" }, { 1024, "1.0K" }, { 1536, "1.5K" }, { 67108864, "64.0M" },
		{ 1048575, "1.0M" }, { 1047552, "1023.0K" }, { 10ull << 40, "10.0T" },
		{ UINT64_MAX - 1, "16.0E" }, { UINT64_MAX, "max" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(units_bytes(cases[i].n).s, cases[i].text);
}

static void test_bytes_read_back(void **state)
{
	(void)state;
	for (uint64_t n = 1; n < 1ull << 60; n = n * 3 + 1) {
		uint64_t back;

		assert_int_equal(num_bytes(units_bytes(n).s, &back), 0);
		assert_true((back > n ? back - n : n - back) <= n / 20);
	}
}

static void test_other_units(void **state)
{
	(void)state;
	assert_string_equal(units_exact(67108864).s, "67108864");
	assert_string_equal(units_count(99999).s, "99999");
	assert_string_equal(units_count(123456).s, "123k");
	assert_string_equal(units_count(999600).s, "1.0M");
	assert_string_equal(units_count(4500000).s, "4.5M");
	assert_string_equal(units_usec(0).s, "0");
	assert_string_equal(units_usec(250).s, "250us");
	assert_string_equal(units_usec(1500).s, "1.5ms");
	assert_string_equal(units_usec(999949).s, "999.9ms");
	assert_string_equal(units_usec(999950).s, "1.0s");
	assert_string_equal(units_usec(12300000).s, "12.3s");
	assert_string_equal(units_usec(59960000).s, "1m00s");
	assert_string_equal(units_usec(310000000).s, "5m10s");
	assert_string_equal(units_usec(7500000000).s, "2h05m");
	assert_string_equal(units_usec(273600000000).s, "3d04h");
	assert_string_equal(units_percent(1, 8).s, "12.5%");
	assert_string_equal(units_percent(5, 0).s, "-");
	assert_string_equal(units_percent(999999, 1000000).s, "100%");
	assert_string_equal(units_percent(3, 1).s, "300%");
	assert_string_equal(units_percent(UINT64_MAX, UINT64_MAX).s, "100%");
	assert_string_equal(units_format(UNIT_PERCENT, 1250).s, "12.5%");
	assert_string_equal(units_format(UNIT_NSEC, 1500000).s, "1.5ms");
	assert_string_equal(units_format(UNIT_USEC, UINT64_MAX).s, "max");
}

static void shows(const char *text, const char *want, enum text_set set)
{
	struct buf b = { 0 };

	text_show(&b, text, strlen(text), set);
	assert_string_equal(buf_text(&b), want);
	buf_free(&b);
}

static void test_show(void **state)
{
	(void)state;
	shows("web/api", "web/api", TEXT_UTF8);
	shows("a\nb\tc\033[2J\177", "a\\x0ab\\x09c\\x1b[2J\\x7f", TEXT_UTF8);
	shows("dev-disk\\x2dby.mount", "dev-disk\\x2dby.mount", TEXT_UTF8);
	shows("caf\xc3\xa9", "caf\xc3\xa9", TEXT_UTF8);
	shows("caf\xc3\xa9", "caf\\xc3\\xa9", TEXT_ASCII);
	shows("\xc2\x9b" "2J", "\\xc2\\x9b2J", TEXT_UTF8);
	shows("\xe2\x80\xaegnp", "\\xe2\\x80\\xaegnp", TEXT_UTF8);
	shows("\xff\xc3", "\\xff\\xc3", TEXT_UTF8);
}

static void named(const char *text, const char *want, enum text_set set)
{
	struct buf b = { 0 };

	text_name(&b, text, set);
	assert_string_equal(buf_text(&b), want);
	shows(want, want, set); /* it may be part of a text that is shown */
	buf_free(&b);
}

static void test_name(void **state)
{
	(void)state;
	named("web/a\\x2db", "web/a\\x2db", TEXT_UTF8);
	named("\xff", "\\xff", TEXT_UTF8);
	named("\\xff", "\\x5cxff", TEXT_UTF8);
	named("\\x5cxff", "\\x5cx5cxff", TEXT_UTF8);
	named("\\\xff\\x1b\\x1\\", "\\\\xff\\x5cx1b\\x1\\", TEXT_UTF8);
	named("\\x7f\\x7e\\xFF", "\\x5cx7f\\x7e\\xFF", TEXT_ASCII);
	named("caf\xc3\xa9\\xc3", "caf\\xc3\\xa9\\x5cxc3", TEXT_ASCII);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes), cmocka_unit_test(test_bytes_read_back),
		cmocka_unit_test(test_other_units), cmocka_unit_test(test_show),
		cmocka_unit_test(test_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
