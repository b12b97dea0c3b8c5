/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What cgx-oom-watch makes of an event: a line, facts, JSON, a message for the journal, the tally. */
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "oom/cause.h"
#include "oom/hook.h"
#include "oom/journal.h"
#include "oom/line.h"
#include "oom/record.h"
#include "oom/tally.h"
#include "util/clock.h"

static const struct line_style plain = { 0 };

static struct told nothing(enum cgx_event_kind kind, const char *path)
{
	return (struct told){ .e = {
		.kind = kind, .time_us = 1795461627123456, .path = path, .count = 1, .total = 1, .limit_path = "",
		.limit = UINT64_MAX, .usage = UINT64_MAX, .limit_hits = UINT64_MAX, .machine = -1, .comm = "",
		.uid = (uid_t)-1, .anon_rss = UINT64_MAX, .file_rss = UINT64_MAX, .shmem_rss = UINT64_MAX,
		.oom_score_adj = INT_MIN, .text = "",
	} };
}

static struct told a_kill(void)
{
	struct told t = nothing(CGX_E_KILL, "web/api");

	t.e.limit_path = "web";
	t.e.limit = t.e.usage = 64 << 20;
	t.e.limit_hits = 35;
	t.e.machine = 0;
	t.e.source = CGX_SOURCE_TRACE;
	t.e.sure = 1;
	t.e.pid = 4711;
	t.e.comm = "stress";
	t.e.uid = 1000;
	t.e.anon_rss = 62 << 20;
	t.e.file_rss = 100 << 10;
	t.e.shmem_rss = 0;
	t.e.oom_score_adj = 0;
	return t;
}

static void words_are(const struct told *t, const char *want)
{
	struct buf AUTO_BUF b = { 0 };

	line_words(&b, t, &plain);
	assert_string_equal(buf_text(&b), want);
}

static void test_kill_words(void **state)
{
	struct told t = a_kill();

	(void)state;
	words_are(&t, "web/api: killed stress (pid 4711, uid 1000, 62.1M) at memory.max 64.0M of web "
		      "(used 64.0M, hit 35 times) [tracepoint]");
	t.e.limit_path = "web/api";
	t.e.total = 3;
	t.e.limit_hits = 1;
	words_are(&t, "web/api: killed stress (pid 4711, uid 1000, 62.1M) at memory.max 64.0M "
		      "(used 64.0M, hit 1 time) (3 so far) [tracepoint]");
	t.e.source = CGX_SOURCE_SNAPSHOT;
	t.e.sure = 0;
	t.e.removed = 1;
	t.e.total = 1;
	t.e.limit = t.e.usage = t.e.limit_hits = UINT64_MAX;
	words_are(&t, "web/api: probably killed stress (pid 4711, uid 1000, 62.1M); the group is gone [snapshot]");
	t.e.machine = 1;
	t.e.removed = 0;
	t.e.sure = 1;
	t.e.source = CGX_SOURCE_KMSG;
	words_are(&t, "web/api: killed stress (pid 4711, uid 1000, 62.1M) because the whole machine was short of memory "
		      "[kernel log]");
}

static void test_unknown_words(void **state)
{
	struct told t = nothing(CGX_E_KILL, "web");

	(void)state;
	words_are(&t, "web: 1 process killed; which is not known [counter]");
	t.e.path = "";
	t.e.count = t.e.total = 3;
	words_are(&t, "(unknown group): 3 processes killed; in which group is not known [counter]");
	t.before = 1;
	t.e.path = "web";
	words_are(&t, "web: 3 processes killed since the group was made");
	t = nothing(CGX_E_KILL, "web");
	t.e.pid = 7;
	t.e.sure = 1;
	words_are(&t, "web: killed a process (pid 7) [counter]");
}

static void test_other_words(void **state)
{
	struct told t = nothing(CGX_E_FORK, "ci/job");

	(void)state;
	words_are(&t, "ci/job: 1 fork denied");
	t.e.count = 12;
	t.e.total = 100;
	t.e.limit_path = "ci";
	t.e.limit = 32;
	words_are(&t, "ci/job: 12 forks denied at pids.max 32 of ci (100 so far)");
	t = nothing(CGX_E_LIMIT, "web");
	t.e.count = 35;
	t.e.total = 70;
	t.e.limit = 1 << 20;
	t.e.limit_path = "web";
	words_are(&t, "web: memory.max 1.0M hit 35 times (70 so far)");
	t = nothing(CGX_E_EMPTIED, "/");
	words_are(&t, "/: the last process is gone");
	t = nothing(CGX_E_UNSEEN, "");
	t.e.text = "the kernel log\ncannot be read";
	words_are(&t, "the kernel log\\x0acannot be read");
}

static void test_hostile_names(void **state)
{
	struct told t = a_kill();
	struct buf AUTO_BUF b = { 0 };

	(void)state;
	t.e.path = "a\033[31m,b c";
	t.e.limit_path = "a\x7f";
	t.e.comm = "x\n\xff) total";
	line_format(&b, &t, &plain);
	assert_non_null(strstr(b.s, " kill  a\\x1b[31m,b c: killed x\\x0a\\xff) total (pid 4711"));
	assert_non_null(strstr(b.s, " of a\\x7f "));
	assert_ptr_equal(strchr(b.s, '\n'), b.s + b.len - 1);
}

static void test_line(void **state)
{
	const struct line_style style = { .colour = 1, .date = 1 };
	struct told t = nothing(CGX_E_REMOVED, "web");
	struct buf AUTO_BUF b = { 0 };

	(void)state;
	line_format(&b, &t, &style);
	assert_string_equal(b.s, "2026-11-23 19:20:27.123 removed web: the group is gone\n");
	buf_reset(&b);
	t = nothing(CGX_E_KILL, "web");
	line_format(&b, &t, &style);
	assert_non_null(strstr(b.s, " \033[1;31mkill \033[0m web: "));
}

/* ---- facts, JSON, journal ---- */

static const char *fact(const struct buf *b, size_t n, const char *name)
{
	const char *p = b->s;

	for (size_t i = 0; i < n; i++, p += strlen(p) + 1)
		if (!strncmp(p, name, strlen(name)) && p[strlen(name)] == '=')
			return p + strlen(name) + 1;
	return NULL;
}

static void test_facts(void **state)
{
	struct told t = a_kill();
	struct buf AUTO_BUF b = { 0 };
	size_t n;

	(void)state;
	t.e.comm = "a=b\n";
	n = fact_block(&b, &t);
	assert_string_equal(fact(&b, n, "CGX_KIND"), "kill");
	assert_string_equal(fact(&b, n, "CGX_GROUP"), "web/api");
	assert_string_equal(fact(&b, n, "CGX_COMM"), "a=b\n");
	assert_string_equal(fact(&b, n, "CGX_PID"), "4711");
	assert_string_equal(fact(&b, n, "CGX_LIMIT"), "67108864");
	assert_string_equal(fact(&b, n, "CGX_TIME"), "2026-11-23T19:20:27.123456Z");
	buf_reset(&b);
	t = nothing(CGX_E_FORK, "web");
	n = fact_block(&b, &t);
	assert_string_equal(fact(&b, n, "CGX_PID"), "");
	assert_string_equal(fact(&b, n, "CGX_UID"), "");
	assert_string_equal(fact(&b, n, "CGX_LIMIT"), "");
	assert_string_equal(fact(&b, n, "CGX_SOURCE"), "");
	assert_string_equal(fact(&b, n, "CGX_OOM_SCORE_ADJ"), "");
	assert_string_equal(fact(&b, n, "CGX_SETTING"), "pids.max");
}

static void test_journal_fields(void **state)
{
	struct buf AUTO_BUF b = { 0 };

	(void)state;
	journal_field(&b, "A", "one");
	journal_field(&b, "B", "x\ny=z");
	assert_int_equal(b.len, 6 + 2 + 8 + 5 + 1);
	assert_memory_equal(b.s, "A=one\nB\n\5\0\0\0\0\0\0\0x\ny=z\n", b.len);
}

static void test_journal_message(void **state)
{
	struct told t = nothing(CGX_E_FORK, "ci");
	struct buf AUTO_BUF facts = { 0 };
	struct buf AUTO_BUF b = { 0 };
	size_t n = fact_block(&facts, &t);

	(void)state;
	journal_message(&b, &t, "words", &facts, n);
	assert_memory_equal(b.s, "MESSAGE=words\nPRIORITY=4\nSYSLOG_IDENTIFIER=cgx-oom-watch\nMESSAGE_ID=", 66);
	assert_non_null(strstr(b.s, "\nCGX_GROUP=ci\n"));
	assert_null(strstr(b.s, "CGX_PID")); /* what is not known is left out */
}

static void test_json(void **state)
{
	static const struct tool tool = { .name = "test" };
	const struct frame f = { .tool = &tool, .called_as = "test" };
	struct told t = a_kill();
	struct json *j;
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	(void)state;
	assert_int_equal(json_new(&f, &j), 0);
	record_event(j, &t);
	assert_int_equal(json_write(j, to, JSON_LINE), 0);
	json_reset(j);
	t = nothing(CGX_E_KILL, "");
	record_event(j, &t);
	assert_int_equal(json_write(j, to, JSON_LINE), 0);
	json_free(j);
	fclose(to);
	assert_non_null(strstr(text, "\"victim\":{\"pid\":4711,\"comm\":\"stress\",\"uid\":1000,\"rss\":65114112,"));
	assert_non_null(strstr(text, "\"machine\":false,\"source\":\"tracepoint\",\"sure\":true"));
	assert_non_null(strstr(text, "\"group\":null"));
	assert_non_null(strstr(text, "\"limit\":null,\"usage\":null,\"limit_hits\":null,\"machine\":null"));
	assert_non_null(strstr(text, "\"victim\":null"));
	free(text);
}

/* ---- the tally ---- */

static void count(struct tally *t, enum cgx_event_kind kind, const char *path, uint64_t n)
{
	struct told e = nothing(kind, path);

	e.e.count = n;
	tally_add(t, &e.e);
}

static void test_tally(void **state)
{
	struct buf AUTO_BUF b = { 0 };
	struct tally t = { 0 };

	(void)state;
	tally_text(&b, &t, "now: ");
	assert_string_equal(b.s, "now: nothing happened\n");
	count(&t, CGX_E_FORK, "ci", 12);
	count(&t, CGX_E_KILL, "web", 1);
	count(&t, CGX_E_KILL, "web", 1);
	count(&t, CGX_E_KILL, "", 1);
	count(&t, CGX_E_REMOVED, "gone", 1);
	buf_reset(&b);
	tally_text(&b, &t, "now: ");
	assert_string_equal(b.s, "now: 3 processes killed, 12 forks denied, 1 removed\n"
				 "  web: 2 processes killed\n"
				 "  (unknown group): 1 process killed\n"
				 "  ci: 12 forks denied\n");
	tally_free(&t);
}

/* Every event is either with a group or with the others, whatever is let go; what came last is kept. */
static void test_tally_is_bounded(void **state)
{
	struct tally t = { 0 };
	uint64_t sum = 0;
	char path[600];
	unsigned random = 1;

	(void)state;
	for (unsigned i = 0; i < 60000; i++) {
		random = random * 1103515245 + 12345;
		snprintf(path, sizeof(path), "g/%u%.*s", random >> 16 & 8191, (int)(random >> 8 & 511),
			 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
		count(&t, CGX_E_KILL, path, 1 + i % 3);
		assert_true(t.n <= TALLY_GROUPS && t.names <= TALLY_NAMES + sizeof(path));
		assert_string_equal(t.group[t.newest - 1].path, path);
	}
	for (uint32_t i = 0; i < t.n; i++)
		sum += t.group[i].n[CGX_E_KILL];
	assert_true(t.gone > 0);
	assert_int_equal(sum + t.others[CGX_E_KILL], t.all[CGX_E_KILL]);
	assert_int_equal(t.all[CGX_E_KILL], 120000);
	tally_free(&t);
}

/* ---- advice ---- */

/* The last piece of advice on a limit of that group names the command. */
static void advises(const char *path, const char *command)
{
	struct buf AUTO_BUF b = { 0 };
	struct cgx_oom_report r = {
		.time = "", .memcg = 1, .limit_path = path, .victim_path = path, .group_kill = "", .constraint = "", .trigger = "",
		.gfp = "", .page_size = 4096, .memory = { .known = 1, .usage = 64 << 20, .limit = 64 << 20 },
	};
	struct cause c;
	unsigned n = 0;

	cause_find(&r, &c);
	while (cause_hint(&r, &c, n, &b) > 0)
		n++;
	assert_true(n > 0);
	assert_int_equal(cause_hint(&r, &c, n - 1, &b), 1);
	assert_string_equal(buf_text(&b), command);
}

static void test_commands(void **state)
{
	(void)state;
	advises("/web/api", "if that much is needed: cgx-set web/api memory.max=SIZE");
	advises("/-x", "if that much is needed: cgx-set /-x memory.max=SIZE");
	advises("/a b", "if that much is needed: cgx-set 'a b' memory.max=SIZE");
	advises("/system.slice/web.service", "if that much is needed: systemctl set-property web.service MemoryMax=SIZE");
	/* somebody will paste it */
	advises("/--root=x.service", "if that much is needed: systemctl set-property -- '--root=x.service' MemoryMax=SIZE");
	advises("/a$(id)'.scope", "if that much is needed: systemctl set-property 'a$(id)'\\''.scope' MemoryMax=SIZE");
}

/* ---- a command ---- */

static void test_hook(void **state)
{
	static const struct tool tool = { .name = "test" };
	const struct frame f = { .tool = &tool, .called_as = "test" };
	char file[] = "/tmp/cgx-oom-hook.XXXXXX", command[128], text[64] = "";
	struct rlimit files;
	sigset_t mask;
	struct hook h = { .f = &f, .command = command, .mask = &mask, .files = &files };
	struct told t = nothing(CGX_E_FORK, "web");
	struct buf AUTO_BUF facts = { 0 }, none = { 0 };
	int fd = mkstemp(file), err = dup(2), quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
	size_t n = fact_block(&facts, &t);

	(void)state;
	snprintf(command, sizeof(command), "echo \"$CGX_GROUP $(cat)\" >>%s", file);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	getrlimit(RLIMIT_NOFILE, &files);
	dup2(quiet, 2);
	/* without its facts it is not run, and that is counted */
	hook_run(&h, &none, 0, "line", 4, "fork in web");
	hook_run(&h, &facts, n, NULL, 0, "fork in web");
	dup2(err, 2);
	assert_int_equal(h.dropped, 2);
	assert_false(hook_busy(&h));
	hook_run(&h, &facts, n, "line", 4, "fork in web");
	for (int i = 0; hook_busy(&h) && i < 500; i++) {
		usleep(10000);
		hook_look(&h);
	}
	assert_false(hook_busy(&h));
	assert_int_equal(read(fd, text, sizeof(text) - 1), 9);
	assert_string_equal(text, "web line\n");
	h.dropped = 0;
	hook_close(&h);
	close(fd);
	unlink(file);
	close(err);
	close(quiet);
}

/* One that hangs is killed when its time is over, also when nobody waits for it any more; with all that it started. */
static void leave_hanging(void)
{
	static const struct tool tool = { .name = "test" };
	const struct frame f = { .tool = &tool, .called_as = "test" };
	struct rlimit files;
	sigset_t mask;
	struct hook h = { .f = &f, .command = "sleep 100 & exec sleep 100", .mask = &mask, .files = &files };
	struct told t = nothing(CGX_E_FORK, "web");
	struct buf AUTO_BUF facts = { 0 };
	int err = dup(2), quiet = open("/dev/null", O_WRONLY | O_CLOEXEC), status = 0;
	size_t n = fact_block(&facts, &t);
	pid_t pid;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	getrlimit(RLIMIT_NOFILE, &files);
	hook_run(&h, &facts, n, "line", 4, "fork in web");
	pid = h.running[0].pid;
	assert_true(pid > 0);
	usleep(100000); /* it has begun */
	h.running[0].until = now_us() + 200000;
	dup2(quiet, 2);
	hook_close(&h);
	dup2(err, 2);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	for (int i = 0; i < 500 && waitpid(pid, &status, WNOHANG) == 0; i++)
		usleep(10000);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	for (int i = 0; i < 500 && !kill(-pid, 0); i++)
		usleep(10000);
	assert_int_equal(kill(-pid, 0), -1);
	assert_true(wait(&status) > 0); /* and who kept the time is gone, too */
	assert_true(WIFEXITED(status));
	close(err);
	close(quiet);
}

static void test_hook_hangs(void **state)
{
	int self = (int)syscall(SYS_pidfd_open, getpid(), 0);

	(void)state;
	if (self < 0) /* Linux 5.2, or valgrind */
		skip();
	close(self);
	leave_hanging();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kill_words),
		cmocka_unit_test(test_unknown_words),
		cmocka_unit_test(test_other_words),
		cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_journal_fields),
		cmocka_unit_test(test_journal_message),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_hook),
		cmocka_unit_test(test_hook_hangs),
		cmocka_unit_test(test_tally),
		cmocka_unit_test(test_tally_is_bounded),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
