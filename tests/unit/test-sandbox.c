/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What cgx-sandbox decides without the kernel: subordinate ids, starting again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sandbox/restart.h"
#include "sandbox/subids.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void finds_subordinate_ids(void **state)
{
	static const struct {
		const char *text;
		uint32_t first, count;
	} cases[] = {
		{ "", 0, 0 },
		{ "alice:100000:65536\n", 100000, 65536 },
		{ "bob:1:2\nalice:100000:65536", 100000, 65536 },
		{ "1000:200000:10\n", 200000, 10 },
		{ "alice:5:5\n1000:200000:10\nalice:7:6\n", 200000, 10 }, /* the largest */
		{ "alicex:1:2\nalic:1:2\n:1:2\nalice\nalice:\n", 0, 0 },
		{ "alice:x:2\nalice:1:x\nalice:1:2:3\nalice:1:2 \nalice:-1:2\n", 0, 0 },
		{ "alice:1:0\n", 0, 0 },
		{ "alice:4294967295:1\nalice:1:4294967295\nalice:99999999999999999999:1\n", 0, 0 },
		{ "01000:1:2\n", 1, 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct id_range r = { 77, 77 };

		subids_find(cases[i].text, "alice", 1000, &r);
		assert_int_equal(r.first, cases[i].first);
		assert_int_equal(r.count, cases[i].count);
	}
	/* a user whom nothing names but his number */
	struct id_range r;

	subids_find("alice:1:2\n1000:3:4\n", NULL, 1000, &r);
	assert_int_equal(r.first, 3);
}

static void reads_policies(void **state)
{
	static const struct {
		const char *text;
		enum restart_how how;
		uint64_t most;
	} good[] = {
		{ "no", RESTART_NO, 0 }, { "always", RESTART_ALWAYS, 0 }, { "unless-stopped", RESTART_ALWAYS, 0 },
		{ "on-failure", RESTART_ON_FAILURE, 0 }, { "on-failure:7", RESTART_ON_FAILURE, 7 },
	};
	static const char *const bad[] = { "", "No", "on-failure:", "on-failure:0", "on-failure:-1", "on-failure7", "always:1" };
	struct restart r;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct buf why = { 0 };

		assert_int_equal(restart_parse(good[i].text, &r, &why), 0);
		assert_int_equal(r.how, good[i].how);
		assert_int_equal(r.most, good[i].most);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct buf why = { 0 };

		assert_true(restart_parse(bad[i], &r, &why) < 0);
		assert_true(why.len > 0);
		buf_free(&why);
	}
}

static void waits_longer_each_time(void **state)
{
	const struct outcome failed = { .code = 1, .wall_usec = 5000 }, done = { .wall_usec = 5000 }, stopped = { .code = 1, .told_to_end = 1 },
			     lasted = { .code = 1, .wall_usec = 3600000000u };
	struct restart r = { .how = RESTART_ALWAYS };
	uint64_t before = 0;

	(void)state;
	for (int i = 0; i < 20; i++) {
		uint64_t pause = restart_pause(&r, i % 2 ? &done : &failed);

		assert_true(pause >= before && pause <= 60000000);
		before = pause;
	}
	assert_int_equal(before, 60000000);
	assert_int_equal(r.times, 20);
	assert_int_equal(restart_pause(&r, &lasted), 100000);
	assert_true(restart_pause(&r, &stopped) == UINT64_MAX);
	r = (struct restart){ .how = RESTART_ON_FAILURE, .most = 2 };
	assert_true(restart_pause(&r, &done) == UINT64_MAX);
	assert_int_equal(restart_pause(&r, &failed), 100000);
	assert_int_equal(restart_pause(&r, &failed), 200000);
	assert_true(restart_pause(&r, &failed) == UINT64_MAX);
	r = (struct restart){ .how = RESTART_NO };
	assert_true(restart_pause(&r, &failed) == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_subordinate_ids), cmocka_unit_test(reads_policies), cmocka_unit_test(waits_longer_each_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
