/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The settings table and its conversions, generated over every row. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* the library has one of its own */

#include "libcgx/private.h"

static void test_names(void **state)
{
	struct setting_ref ref;

	(void)state;
	for (const struct cgx_setting *row = cgx_setting_next(NULL); row; row = cgx_setting_next(row)) {
		assert_true(row->v2 || row->v1[0].name);
		assert_true(*cgx_setting_help(row));
		if (row->v2) {
			assert_int_equal(setting_lookup(row->v2, &ref), 0);
			assert_ptr_equal(ref.row, row);
			assert_int_equal(ref.dialect, 2);
		} else {
			assert_int_equal(setting_lookup(row->v1[0].name, &ref), 0);
			assert_ptr_equal(ref.row, row);
		}
		if (row->with)
			assert_int_equal(setting_lookup(row->with, &ref), 0);
		/* who can say it on one side only names what is nearest, or it is of that side alone */
		assert_true(setting_prefix_bit(cgx_setting_name(row)) != 0);
	}
	assert_int_equal(setting_lookup("no.such", &ref), -ENOENT);
	assert_null(ref.row);
}

static struct cgx_setting const *row_of(const char *name)
{
	struct setting_ref ref;

	assert_int_equal(setting_lookup(name, &ref), 0);
	return ref.row;
}

/* v2 text -> the v1 text of file index; "" when it is not written. */
static void to_v1(const char *name, const char *v2, const char *with, unsigned index, struct buf *ret)
{
	const struct cgx_setting *row = row_of(name);
	struct codec_arg a = { .v2 = v2, .with = with, .clock_ticks = 100, .page_size = 4096 };
	struct codec_out out = { 0 };

	buf_reset(ret);
	assert_int_equal(row->codec->split(&a, &out), 0);
	for (size_t i = 0; i < out.n; i++)
		if (out.w[i].index == index)
			buf_puts(ret, buf_text(&out.w[i].text));
	codec_out_free(&out);
}

static int to_v2(const char *name, const char *first, const char *second, const char *with, struct buf *ret)
{
	struct codec_arg a = { .v1 = { first, second }, .with = with, .clock_ticks = 100, .page_size = 4096 };

	buf_reset(ret);
	return row_of(name)->codec->join(&a, ret);
}

static void test_weights(void **state)
{
	AUTO_BUF struct buf shares = { 0 }, weight = { 0 };

	(void)state;
	for (int w = 1; w <= 10000; w++) {
		char text[8];

		snprintf(text, sizeof(text), "%d", w);
		to_v1("cpu.weight", text, NULL, 0, &shares);
		assert_int_equal(to_v2("cpu.weight", buf_text(&shares), NULL, NULL, &weight), 0);
		assert_int_equal(atoi(buf_text(&weight)), w);
	}
	to_v1("cpu.weight", "100", NULL, 0, &shares);
	assert_string_equal(buf_text(&shares), "1024");
	assert_int_equal(to_v2("cpu.weight", "2", NULL, NULL, &weight), 0);
	assert_int_equal(atoi(buf_text(&weight)), 1);
	assert_int_equal(to_v2("cpu.weight", "262144", NULL, NULL, &weight), 0);
	assert_int_equal(atoi(buf_text(&weight)), 10000);
}

static void test_memory_max(void **state)
{
	static const char *const unlimited[] = { "9223372036854771712", "9223372036854759424", "9223372036854710272" };
	AUTO_BUF struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(unlimited); i++) {
		assert_int_equal(to_v2("memory.max", unlimited[i], NULL, NULL, &b), 0);
		assert_int_equal(strncmp(buf_text(&b), "max", 3), 0);
	}
	assert_int_equal(to_v2("memory.max", "67108864", NULL, NULL, &b), 0);
	assert_int_equal(atoi(buf_text(&b)), 67108864);
	to_v1("memory.max", "4096", NULL, 0, &b);
	assert_string_equal(buf_text(&b), "4096");
}

static void test_swap(void **state)
{
	AUTO_BUF struct buf b = { 0 };

	(void)state;
	assert_int_equal(to_v2("memory.swap.max", "300", NULL, "100", &b), 0);
	assert_int_equal(atoi(buf_text(&b)), 200);
	assert_int_equal(to_v2("memory.swap.max", "100", NULL, "100", &b), 0);
	assert_int_equal(atoi(buf_text(&b)), 0);
	assert_int_not_equal(to_v2("memory.swap.max", "50", NULL, "100", &b), 0);
	assert_int_not_equal(to_v2("memory.swap.max", "50", NULL, NULL, &b), 0);
	to_v1("memory.swap.max", "200", "100", 0, &b);
	assert_string_equal(buf_text(&b), "300");
}

static void test_cpu_max(void **state)
{
	AUTO_BUF struct buf b = { 0 };

	(void)state;
	assert_int_equal(to_v2("cpu.max", "50000", "100000", NULL, &b), 0);
	assert_int_equal(strncmp(buf_text(&b), "50000 100000", 12), 0);
	assert_int_equal(to_v2("cpu.max", "-1", "100000", NULL, &b), 0);
	assert_int_equal(strncmp(buf_text(&b), "max 100000", 10), 0);
	to_v1("cpu.max", "max 50000", NULL, 0, &b);
	assert_string_equal(buf_text(&b), "-1");
	to_v1("cpu.max", "max 50000", NULL, 1, &b);
	assert_string_equal(buf_text(&b), "50000");
}

/* No text whatever makes a codec crash or say yes to nonsense. */
static void test_malformed(void **state)
{
	static const char *const texts[] = { "", "x", "\n", "max", "-1", "0", "99999999999999999999999", "8:0", "8:0 x",
					     "8:0 rbps=", "8:0 rbps=1 wbps=max\n8:1", "a b c d", "max max", "1 2 3", "=", " " };

	(void)state;
	for (const struct cgx_setting *row = cgx_setting_next(NULL); row; row = cgx_setting_next(row))
		for (size_t i = 0; row->codec && i < COUNT_OF(texts); i++) {
			struct codec_arg a = { .v1 = { texts[i], texts[i], texts[i], texts[i] }, .v2 = texts[i], .with = texts[i],
					       .clock_ticks = 100, .page_size = 4096 };
			struct codec_out out = { 0 };
			AUTO_BUF struct buf b = { 0 };

			if (row->codec->join)
				row->codec->join(&a, &b);
			if (row->codec->split)
				row->codec->split(&a, &out);
			codec_out_free(&out);
			a = (struct codec_arg){ .clock_ticks = 100, .page_size = 4096 };
			buf_reset(&b);
			if (row->codec->join)
				assert_true(row->codec->join(&a, &b) <= 0);
		}
}

static void test_check(void **state)
{
	static const struct {
		const char *name, *value, *want; /* NULL: r */
		int r;
	} cases[] = {
		{ "memory.max", "64M", "67108864", 0 }, { "memory.max", "max", "max", 0 }, { "memory.max", "1.5G", "1610612736", 0 },
		{ "memory.max", "10X", NULL, -EINVAL }, { "memory.max", "-5", NULL, -EINVAL }, { "memory.max", "", NULL, -EINVAL },
		{ "memory.max", "99999999999999999999", NULL, -ERANGE }, { "pids.max", "32", "32", 0 },
		{ "pids.max", "max", "max", 0 }, { "pids.max", "1K", NULL, -EINVAL }, { "cpu.weight", "100", "100", 0 },
		{ "cpu.weight", "0", NULL, -ERANGE }, { "cpu.weight", "10001", NULL, -ERANGE },
		{ "cpu.weight", "50abc", NULL, -EINVAL }, { "cpu.max", "50%", "50000 100000", 0 },
		{ "cpu.max", "1.5", "150000 100000", 0 }, { "cpu.max", "20000/50000", "20000 50000", 0 },
		{ "cpu.max", "max", "max", 0 }, { "cpu.max", "x", NULL, -EINVAL }, { "cpuset.cpus", "0-3,7", "0-3,7", 0 },
		{ "cpuset.cpus", "3-1", NULL, -EINVAL }, { "memory.current", "1", NULL, -EROFS },
		{ "some.thing", "any text", "any text", 0 },
	};
	struct cgx *cgx;

	(void)state;
	assert_int_equal(cgx_open(NULL, &cgx), 0);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char *got = NULL;
		int r = cgx_setting_check(cgx, cases[i].name, cases[i].value, &got);

		if (r != cases[i].r)
			print_message("# %s=%s\n", cases[i].name, cases[i].value);
		assert_int_equal(r, cases[i].r);
		if (cases[i].want)
			assert_string_equal(got, cases[i].want);
		else
			assert_true(*cgx_error(cgx));
		free(got);
	}
	cgx_close(cgx);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),    cmocka_unit_test(test_weights),   cmocka_unit_test(test_memory_max),
		cmocka_unit_test(test_swap),     cmocka_unit_test(test_cpu_max),   cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests_name("convert", tests, NULL, NULL);
}
