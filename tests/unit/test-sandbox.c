/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What cgx-sandbox decides without the kernel: subordinate ids, starting again, volumes, signals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sandbox/restart.h"
#include "sandbox/signals.h"
#include "sandbox/subids.h"
#include "sandbox/volume.h"
#include "util/cleanup.h"

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

typedef int parser(const char *text, struct volume *ret, struct buf *why);

static void reads_volumes(void **state)
{
	static const struct {
		parser *parse;
		const char *text, *source, *target;
		enum volume_kind kind;
		unsigned flags;
		uint64_t size;
		unsigned mode;
	} good[] = {
		{ volume_parse, "/a:/b", "/a", "/b", VOLUME_BIND, 0, 0, 0 },
		{ volume_parse, "a b:/b:ro,idmap", "a b", "/b", VOLUME_BIND, VOLUME_READ_ONLY | VOLUME_IDMAP, 0, 0 },
		{ volume_parse, ".:/b:rw", ".", "/b", VOLUME_BIND, 0, 0, 0 },
		{ volume_parse_tmpfs, "/t", NULL, "/t", VOLUME_TMPFS, 0, 0, 0 },
		{ volume_parse_tmpfs, "/t:1.5M", NULL, "/t", VOLUME_TMPFS, 0, 3 << 19, 0 },
		{ volume_parse_tmpfs, "/t:rw,noexec,nosuid,size=64k,mode=0700", NULL, "/t", VOLUME_TMPFS, VOLUME_NO_EXEC | VOLUME_MODE, 65536, 0700 },
		{ volume_parse_tmpfs, "/t:ro,mode=0", NULL, "/t", VOLUME_TMPFS, VOLUME_READ_ONLY | VOLUME_MODE, 0, 0 },
		{ volume_parse_mount, "type=bind,src=/a,dst=/b,ro", "/a", "/b", VOLUME_BIND, VOLUME_READ_ONLY, 0, 0 },
		{ volume_parse_mount, "destination=/b,source=./a,readonly=true,type=volume", "./a", "/b", VOLUME_BIND, VOLUME_READ_ONLY, 0, 0 },
		{ volume_parse_mount, "src=/a,target=/b,readonly=false,bind-propagation=rprivate,idmap", "/a", "/b", VOLUME_BIND, VOLUME_IDMAP, 0, 0 },
		{ volume_parse_mount, "type=bind,\"src=/a,\"\"b\"\"\",dst=/b", "/a,\"b\"", "/b", VOLUME_BIND, 0, 0, 0 },
		{ volume_parse_mount, "type=bind,src=/a:b,dst=/b=c", "/a:b", "/b=c", VOLUME_BIND, 0, 0, 0 },
		{ volume_parse_mount, "type=tmpfs,dst=/t,tmpfs-size=64M,tmpfs-mode=1770", NULL, "/t", VOLUME_TMPFS, VOLUME_MODE, 64 << 20, 01770 },
		{ volume_parse_mount, "type=bind,src=/z,src=/a,dst=/y,dst=/b", "/a", "/b", VOLUME_BIND, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		AUTO_BUF struct buf why = { 0 };
		struct volume v = { 0 };

		if (good[i].parse(good[i].text, &v, &why))
			fail_msg("%s: %s", good[i].text, buf_text(&why));
		assert_int_equal(!v.source, !good[i].source);
		if (v.source)
			assert_string_equal(v.source, good[i].source);
		assert_string_equal(v.target, good[i].target);
		assert_int_equal(v.kind, good[i].kind);
		assert_int_equal(v.flags, good[i].flags);
		assert_int_equal(v.size, good[i].size);
		assert_int_equal(v.mode, good[i].mode);
		volume_free(&v);
	}
}

static void refuses_volumes(void **state)
{
	static const struct {
		parser *parse;
		const char *text, *why;
	} bad[] = {
		{ volume_parse, "/a", "not SOURCE:/PLACE" }, { volume_parse, ":/b", "not SOURCE:/PLACE" },
		{ volume_parse, "/a:b", "not SOURCE:/PLACE" }, { volume_parse, "/a:/b:rx", "after the place" },
		{ volume_parse_tmpfs, "t", "not /PLACE" }, { volume_parse_tmpfs, "/t:", "not /PLACE" },
		{ volume_parse_tmpfs, "/t:0", "0 would be no limit" }, { volume_parse_tmpfs, "/t:size=0", "size: 0 would be no limit" },
		{ volume_parse_tmpfs, "/t:1x", "not a size" }, { volume_parse_tmpfs, "/t:mode=9", "mode: not a mode" },
		{ volume_parse_tmpfs, "/t:uid=0", "uid=0: after the place" },
		{ volume_parse_mount, "", "dst: it is missing" }, { volume_parse_mount, "type=bind,src=/a", "dst: it is missing" },
		{ volume_parse_mount, "type=bind,dst=/a", "src: it is missing" }, { volume_parse_mount, "type=npipe,src=/a,dst=/b", "type: not bind" },
		{ volume_parse_mount, "type=volume,src=data,dst=/b", "src: volumes have no names" }, { volume_parse_mount, "dst=/b", "src: volumes have no names" },
		{ volume_parse_mount, "type=bind,src=,dst=/b", "src: no directory" }, { volume_parse_mount, "type=bind,src=/a,dst=b", "dst: not an absolute" },
		{ volume_parse_mount, "type=bind,src,dst=/b", "src: no value" }, { volume_parse_mount, "type=bind,src=/a,dst=/b,ro=yes", "ro: not true or false" },
		{ volume_parse_mount, "type=bind,src=/a,dst=/b,sr=1", "sr: no such key" }, { volume_parse_mount, "type=tmpfs,src=/a,dst=/b", "src: a tmpfs begins empty" },
		{ volume_parse_mount, "type=tmpfs,dst=/b,idmap", "idmap: a tmpfs begins empty" },
		{ volume_parse_mount, "type=tmpfs,dst=/b,tmpfs-size=0", "tmpfs-size: 0 would be" }, { volume_parse_mount, "type=tmpfs,dst=/b,tmpfs-mode=x", "tmpfs-mode: not a mode" },
		{ volume_parse_mount, "type=bind,src=/a,dst=/b,tmpfs-size=1M", "tmpfs-size: it is for type=tmpfs" },
		{ volume_parse_mount, "type=bind,src=/a,dst=/b,bind-propagation=shared", "bind-propagation: it is always" },
		{ volume_parse_mount, "type=bind,\"src=/a,dst=/b", "quotes stand" }, { volume_parse_mount, "type=bind,\"src=/a\"b,dst=/b", "quotes stand" },
		{ volume_parse_mount, "type=bind,,dst=/b", ": no such key" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		AUTO_BUF struct buf why = { 0 };
		struct volume v = { 0 };

		assert_int_not_equal(bad[i].parse(bad[i].text, &v, &why), 0);
		if (strncmp(buf_text(&why), bad[i].why, strlen(bad[i].why)) != 0)
			fail_msg("%s: %s", bad[i].text, buf_text(&why));
		assert_null(v.target);
	}
}

static void reads_signals(void **state)
{
	static const struct {
		const char *text;
		int signal; /* 0: none */
	} cases[] = {
		{ "TERM", 15 }, { "SIGTERM", 15 }, { "sigint", 2 }, { "9", 9 }, { "64", 64 }, { "RTMIN", 34 }, { "SIGRTMIN+3", 37 },
		{ "RTMAX", 64 }, { "rtmax-2", 62 }, { "RTMIN+30", 64 }, { "", 0 }, { "0", 0 }, { "65", 0 }, { "-1", 0 }, { "SIG", 0 },
		{ "SIGSIGTERM", 0 }, { "RTMIN+31", 0 }, { "RTMIN-1", 0 }, { "RTMAX+1", 0 }, { "RTMIN+", 0 }, { "TERM ", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int signal = 0;

		if (!signal_parse(cases[i].text, &signal) != !!cases[i].signal || signal != cases[i].signal)
			fail_msg("%s: %d", cases[i].text, signal);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_subordinate_ids), cmocka_unit_test(reads_policies), cmocka_unit_test(waits_longer_each_time),
		cmocka_unit_test(reads_volumes), cmocka_unit_test(refuses_volumes), cmocka_unit_test(reads_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
