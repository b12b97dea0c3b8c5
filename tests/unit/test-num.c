/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strict numbers: decimals, sizes, spans of time, fixed points. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "libcgx/util/num.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

struct number {
	const char *text;
	int r;
	uint64_t want;
};

/* Each gives its number, or its error and leaves the out-parameter alone. */
static void try_all(int (*read)(const char *s, uint64_t *ret), const struct number *n, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t got = 77;
		int r = read(n[i].text, &got);

		if (r != n[i].r || got != (r ? 77 : n[i].want))
			fail_msg("%s: %d, %llu", n[i].text, r, (unsigned long long)got);
	}
}

static void test_u64(void **state)
{
	static const struct number numbers[] = {
		{ "0", 0, 0 }, { "007", 0, 7 }, { "18446744073709551615", 0, UINT64_MAX }, { "18446744073709551616", -ERANGE, 0 },
		{ "184467440737095516150", -ERANGE, 0 }, { "99999999999999999999999999", -ERANGE, 0 }, { "", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 }, { "+1", -EINVAL, 0 }, { " 1", -EINVAL, 0 }, { "1 ", -EINVAL, 0 }, { "1\n", -EINVAL, 0 },
		{ "0x1", -EINVAL, 0 }, { "1e3", -EINVAL, 0 }, { "1.0", -EINVAL, 0 }, { "\xd9\xa1", -EINVAL, 0 },
	};

	(void)state;
	try_all(num_u64, numbers, COUNT_OF(numbers));
}

static void test_i64(void **state)
{
	static const struct {
		const char *text;
		int r;
		int64_t want;
	} numbers[] = {
		{ "0", 0, 0 }, { "-0", 0, 0 }, { "-1", 0, -1 }, { "9223372036854775807", 0, INT64_MAX },
		{ "-9223372036854775808", 0, INT64_MIN }, { "9223372036854775808", -ERANGE, 0 },
		{ "-9223372036854775809", -ERANGE, 0 }, { "18446744073709551616", -ERANGE, 0 }, { "-", -EINVAL, 0 },
		{ "--1", -EINVAL, 0 }, { "- 1", -EINVAL, 0 }, { "", -EINVAL, 0 }, { "1-", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		int64_t got = 77;

		assert_int_equal(num_i64(numbers[i].text, &got), numbers[i].r);
		assert_true(got == (numbers[i].r ? 77 : numbers[i].want));
	}
}

static void test_scan(void **state)
{
	const char *s = "12-3", *start = s;
	uint64_t n = 0;

	(void)state;
	assert_int_equal(num_scan(&s, &n), 0);
	assert_int_equal(n, 12);
	assert_string_equal(s, "-3");
	assert_int_equal(num_scan(&s, &n), -EINVAL);
	assert_ptr_equal(s, start + 2);
	s = start = "99999999999999999999,";
	assert_int_equal(num_scan(&s, &n), -ERANGE);
	assert_ptr_equal(s, start);
}

static void test_bytes(void **state)
{
	static const struct number numbers[] = {
		{ "0", 0, 0 }, { "4096", 0, 4096 }, { "4096B", 0, 4096 }, { "1k", 0, 1024 }, { "1K", 0, 1024 }, { "1KB", 0, 1024 },
		{ "1KiB", 0, 1024 }, { "1kiB", 0, 1024 }, { "64M", 0, 64ull << 20 }, { "1.5G", 0, 3ull << 29 },
		{ "0.5K", 0, 512 }, { "1.0005K", 0, 1024 }, { "2T", 0, 2ull << 40 }, { "2P", 0, 2ull << 50 },
		{ "15E", 0, 15ull << 60 }, { "15.5E", 0, (15ull << 60) + (1ull << 59) }, { "16E", -ERANGE, 0 },
		{ "18446744073709551615", 0, UINT64_MAX }, { "18446744073709551616", -ERANGE, 0 },
		{ "18014398509481984K", -ERANGE, 0 }, { "1.123456789G", 0, 1206302541 }, { "1.123456789123456789G", 0, 1206302541 }, { "1.0", 0, 1 },
		{ "", -EINVAL, 0 }, { "K", -EINVAL, 0 }, { "B", -EINVAL, 0 }, { ".5G", -EINVAL, 0 }, { "1.G", -EINVAL, 0 },
		{ "1..5G", -EINVAL, 0 }, { "1.5", -EINVAL, 0 }, { "1.5B", -EINVAL, 0 }, { "-1", -EINVAL, 0 }, { "1 M", -EINVAL, 0 },
		{ "1MM", -EINVAL, 0 }, { "1Mi", -EINVAL, 0 }, { "1Mib", -EINVAL, 0 }, { "1Mb", -EINVAL, 0 }, { "1BB", -EINVAL, 0 },
		{ "1KBB", -EINVAL, 0 }, { "1iB", -EINVAL, 0 }, { "1Z", -EINVAL, 0 }, { "10X", -EINVAL, 0 }, { "1M\n", -EINVAL, 0 },
		{ "max", -EINVAL, 0 }, { "0x10", -EINVAL, 0 }, { "1,5G", -EINVAL, 0 }, { "50%", -EINVAL, 0 },
	};

	(void)state;
	try_all(num_bytes, numbers, COUNT_OF(numbers));
}

static void test_usec(void **state)
{
	static const struct number numbers[] = {
		{ "0", 0, 0 }, { "3", 0, 3000000 }, { "1.5", 0, 1500000 }, { "250us", 0, 250 }, { "250ms", 0, 250000 },
		{ "1.5ms", 0, 1500 }, { "30s", 0, 30000000 }, { "5m", 0, 300000000 }, { "2h", 0, 7200000000 },
		{ "1d", 0, 86400000000 }, { "0.000001", 0, 1 }, { "0.0000001", 0, 0 }, { "18446744073709551615us", 0, UINT64_MAX },
		{ "18446744073709551616us", -ERANGE, 0 }, { "213503983d", -ERANGE, 0 }, { "", -EINVAL, 0 }, { "s", -EINVAL, 0 },
		{ "-1s", -EINVAL, 0 }, { "1 s", -EINVAL, 0 }, { "1S", -EINVAL, 0 }, { "1M", -EINVAL, 0 }, { "1ns", -EINVAL, 0 },
		{ "1m30s", -EINVAL, 0 }, { "1sec", -EINVAL, 0 }, { "1w", -EINVAL, 0 }, { "1.s", -EINVAL, 0 }, { "1s\n", -EINVAL, 0 },
	};

	(void)state;
	try_all(num_usec, numbers, COUNT_OF(numbers));
}

static int thousandths(const char *s, uint64_t *ret)
{
	return num_fixed(s, 1000, ret);
}

static void test_fixed(void **state)
{
	static const struct number numbers[] = {
		{ "0", 0, 0 }, { "1.5", 0, 1500 }, { "0.1", 0, 100 }, { "0.0009", 0, 0 }, { "2", 0, 2000 },
		{ "18446744073709551", 0, 18446744073709551000ull }, { "18446744073709551.615", 0, UINT64_MAX },
		{ "18446744073709551.616", -ERANGE, 0 }, { "18446744073709552", -ERANGE, 0 }, { "1.", -EINVAL, 0 },
		{ ".1", -EINVAL, 0 }, { "1.5x", -EINVAL, 0 }, { "1.2.3", -EINVAL, 0 }, { "", -EINVAL, 0 }, { "-1", -EINVAL, 0 },
	};

	(void)state;
	try_all(thousandths, numbers, COUNT_OF(numbers));
}

static void test_put(void **state)
{
	static const unsigned numbers[] = { 0, 9, 10, 4194304, UINT32_MAX };
	char text[16], want[16];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		snprintf(want, sizeof(want), "%u/x", numbers[i]);
		memcpy(text + 13, "/x", 3);
		assert_string_equal(num_put(text + 13, numbers[i]), want);
	}
}

/* Every number of whole units comes back. */
static void test_units_agree(void **state)
{
	static const struct {
		const char *unit;
		unsigned shift;
	} units[] = { { "K", 10 }, { "MiB", 20 }, { "GB", 30 }, { "T", 40 }, { "p", 50 }, { "E", 60 } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(units); i++)
		for (uint64_t n = 1; n < 1ull << (64 - units[i].shift) && n < 1ull << 40; n = n * 3 + 1) {
			char text[40];
			uint64_t got;

			snprintf(text, sizeof(text), "%llu%s", (unsigned long long)n, units[i].unit);
			assert_int_equal(num_bytes(text, &got), 0);
			assert_true(got == n << units[i].shift);
		}
}

static void test_mode(void **state)
{
	static const char *const not_one[] = { "", " 644", "644 ", "0x1", "648", "-1", "+1", "10000", "77777", "37777777644" };
	unsigned mode = 1;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(not_one); i++)
		assert_int_equal(num_mode(not_one[i], &mode), -EINVAL);
	assert_int_equal(mode, 1);
	assert_int_equal(num_mode("0", &mode), 0);
	assert_int_equal(mode, 0);
	assert_int_equal(num_mode("07777", &mode), 0);
	assert_int_equal(mode, 07777);
	assert_int_equal(num_mode("000644", &mode), 0);
	assert_int_equal(mode, 0644);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_u64),  cmocka_unit_test(test_i64),  cmocka_unit_test(test_scan),
		cmocka_unit_test(test_bytes), cmocka_unit_test(test_usec), cmocka_unit_test(test_fixed),
		cmocka_unit_test(test_units_agree), cmocka_unit_test(test_put), cmocka_unit_test(test_mode),
	};

	return cmocka_run_group_tests_name("num", tests, NULL, NULL);
}
