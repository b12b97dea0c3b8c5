/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What cgx-top shows without its screen: rows in their order, recordings, rates, what is read on demand. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "cgx.h"
#include "top/choice.h"
#include "top/metrics.h"
#include "top/record.h"
#include "top/rows.h"
#include "top/shot.h"

/* ---- a feed of given samples ---- */

#define NONE { FEED_OFF, 0 }
#define OK(x) { FEED_OK, x }

static const struct given {
	const char *path;
	size_t parent;
	int populated;
	struct feed_value memory, pids;
	const char *limit_by;
} given[] = {
	{ "/", SIZE_MAX, 1, OK(100), NONE, NULL },
	{ "b", 0, 1, OK(30), OK(1), NULL },
	{ "b/x", 1, 0, OK(UINT64_MAX), OK(0), "b/x" },
	{ "b/y z", 1, 1, OK(7), { FEED_PENDING, 0 }, "a b/\x1b[1m" },
	{ "Api", 0, 0, OK(0), OK(9), "/" },
	{ "c", 0, -1, { FEED_MISSING, 0 }, OK(3), NULL },
	{ "c/b\x1b[1m", 5, 0, NONE, OK(2), NULL },
};
#define GIVEN (sizeof(given) / sizeof(given[0]))

static int give(void *data, struct shot *s)
{
	uint64_t *samples = data;

	++*samples;
	if (shot_reserve(s, GIVEN))
		return -ENOMEM;
	for (size_t i = 0; i < GIVEN; i++) {
		if (shot_name(s, i, given[i].path))
			return -ENOMEM;
		s->group[i].parent = given[i].parent;
		s->group[i].populated = given[i].populated;
		s->group[i].frozen = -1;
		s->group[i].marks = 0;
		for (size_t c = 0; c < COLUMNS_ALL; c++)
			shot_put(s, i, c, (struct feed_value){ FEED_MISSING, 0 });
		shot_put(s, i, COL_MEMORY, given[i].memory);
		shot_put(s, i, COL_PIDS, given[i].pids);
		shot_put(s, i, COL_HITS, (struct feed_value){ FEED_OK, *samples });
		shot_put(s, i, COL_HITS_RATE, (struct feed_value){ FEED_OK, *samples });
		shot_put(s, i, COL_LIMIT_BY, (struct feed_value){ FEED_OK, given[i].limit_by != NULL });
		if (shot_text(&s->group[i].limit_by, given[i].limit_by))
			return -ENOMEM;
	}
	s->n = GIVEN;
	s->head = (struct feed_head){ .time_us = 1000000 * *samples, .memory = 5, .memory_total = UINT64_MAX };
	snprintf(s->host, sizeof(s->host), "host");
	snprintf(s->layout, sizeof(s->layout), "hybrid");
	return 0;
}

static int no_fd(const void *data)
{
	(void)data;
	return -1;
}

static int one_event(void *data, struct feed *f)
{
	const uint64_t *samples = data;
	struct feed_event e = { 1000000 * *samples, FEED_KILL, "b/y z", "killed \x1b[1m at 3" };

	if (*samples == 2)
		feed_add_event(f, &e);
	return *samples == 2;
}

static void no_close(void *data)
{
	(void)data;
}

static const struct source source = { .sample = give, .fd = no_fd, .wake = one_event, .close = no_close };

static struct feed *feed_of(uint64_t *samples)
{
	struct feed *f;

	*samples = 0;
	assert_int_equal(feed_new(&source, samples, &f), 0);
	assert_int_equal(feed_sample(f), 0);
	return f;
}

/* ---- rows ---- */

static void expect(struct rows *r, const struct feed *f, const char *paths)
{
	char text[512] = "";

	assert_int_equal(rows_make(r, f), 0);
	for (size_t i = 0; i < r->n; i++) {
		strcat(text, i ? "|" : "");
		strcat(text, feed_group(f, r->row[i].group)->path);
	}
	assert_string_equal(text, paths);
}

static void test_tree(void **state)
{
	uint64_t samples;
	struct feed *f = feed_of(&samples);
	struct rows r;

	(void)state;
	rows_begin(&r);
	expect(&r, f, "/|Api|b|b/x|b/y z|c|c/b\x1b[1m");
	assert_int_equal(r.row[0].depth, 0);
	assert_int_equal(r.row[3].depth, 2);
	assert_true(r.row[2].children && !r.row[1].children);
	assert_true(r.row[3].more >> 1 & 1); /* c follows on the level of b */
	assert_false(r.row[6].more >> 1 & 1);
	r.reverse = 1;
	expect(&r, f, "/|c|c/b\x1b[1m|b|b/y z|b/x|Api");
	r.reverse = 0;
	rows_fold(&r, "b", 1);
	expect(&r, f, "/|Api|b|c|c/b\x1b[1m");
	assert_true(r.row[2].folded && !r.row[3].folded);
	rows_fold_all(&r, 1);
	expect(&r, f, "/");
	rows_fold(&r, "/", 0);
	expect(&r, f, "/|Api|b|c");
	rows_fold_all(&r, 0);
	snprintf(r.root, sizeof(r.root), "b");
	expect(&r, f, "b|b/x|b/y z");
	snprintf(r.root, sizeof(r.root), "gone");
	expect(&r, f, "");
	rows_free(&r);
	feed_close(f);
}

static void test_sort(void **state)
{
	uint64_t samples;
	struct feed *f = feed_of(&samples);
	struct rows r;

	(void)state;
	rows_begin(&r);
	r.flat = 1;
	r.sort = COL_MEMORY;
	expect(&r, f, "b/x|/|b|b/y z|Api|c|c/b\x1b[1m"); /* max, numbers, a real 0, and those that have none */
	r.reverse = 1;
	expect(&r, f, "Api|b/y z|b|/|b/x|c|c/b\x1b[1m");
	r.flat = 0;
	r.reverse = 0;
	r.sort = COL_PIDS;
	expect(&r, f, "/|Api|c|c/b\x1b[1m|b|b/x|b/y z");
	r.flat = 1;
	r.sort = COL_LIMIT_BY; /* texts in their order, then those without */
	expect(&r, f, "Api|b/y z|b/x|/|b|c|c/b\x1b[1m");
	rows_free(&r);
	feed_close(f);
}

static void test_filter(void **state)
{
	uint64_t samples;
	struct feed *f = feed_of(&samples);
	struct rows r;

	(void)state;
	rows_begin(&r);
	snprintf(r.filter, sizeof(r.filter), "y z");
	expect(&r, f, "/|b|b/y z");
	r.flat = 1;
	expect(&r, f, "b/y z");
	snprintf(r.filter, sizeof(r.filter), "api");
	expect(&r, f, "Api");
	snprintf(r.filter, sizeof(r.filter), "API");
	expect(&r, f, "");
	*r.filter = '\0';
	r.hide_empty = 1;
	expect(&r, f, "/|b|b/y z|c"); /* of c it is not known */
	r.hide_empty = r.flat = 0;
	expect(&r, f, "/|Api|b|b/x|b/y z|c|c/b\x1b[1m");
	assert_int_equal(rows_find(&r, f, "c"), 5);
	assert_true(rows_find(&r, f, "nosuch") == SIZE_MAX);
	assert_int_equal(rows_search(&r, f, "b", 5, 1), 6);
	assert_int_equal(rows_search(&r, f, "api", 3, 1), 1);  /* round the end */
	assert_int_equal(rows_search(&r, f, "c", 0, -1), 6);
	assert_true(rows_search(&r, f, "nosuch", 0, 1) == SIZE_MAX);
	assert_true(rows_search(&r, f, "", 0, 1) == SIZE_MAX);
	rows_free(&r);
	feed_close(f);
}

/* ---- what is chosen ---- */

static void refuses(int (*read)(struct choice *, const char *, struct buf *), const char *text, const char *words)
{
	struct buf AUTO_BUF why = { 0 };
	struct choice c = choice_usual(), was = c;

	assert_int_equal(read(&c, text, &why), -EINVAL);
	assert_string_equal(buf_text(&why), words);
	assert_memory_equal(&c, &was, sizeof(c));
}

static void test_choice(void **state)
{
	struct buf AUTO_BUF why = { 0 };
	struct choice c = choice_usual();
	uint64_t usual = c.shown;

	(void)state;
	assert_true(usual & COLUMN_BIT(COL_MEMORY));
	assert_false(usual & COLUMN_BIT(COL_USED));
	assert_true(c.sort == ROWS_BY_NAME);
	assert_false(c.sorted);
	assert_int_equal(choice_columns(&c, "mem%,PSI.cpu,MEM%", &why), 0);
	assert_true(c.shown == (COLUMN_BIT(COL_PERCENT) | COLUMN_BIT(COL_PSI_CPU)));
	assert_int_equal(choice_columns(&c, "+used", &why), 0);
	assert_true(c.shown == (usual | COLUMN_BIT(COL_USED)));
	assert_int_equal(choice_sort(&c, "-Hits/s", &why), 0);
	assert_true(c.sort == COL_HITS_RATE && c.reverse && c.sorted);
	assert_int_equal(choice_sort(&c, "name", &why), 0);
	assert_true(c.sort == ROWS_BY_NAME && !c.reverse && c.sorted);
	assert_string_equal(buf_text(&why), "");
	refuses(choice_columns, "pid", "no such column; did you mean PIDS?");
	refuses(choice_columns, "MEMORY,cpu", "cpu: no such column; did you mean CPU%?");
	refuses(choice_columns, "MEMORY,,PIDS", "'': no such column; --columns help lists them");
	refuses(choice_columns, "", "names no column; --columns help lists them");
	refuses(choice_columns, "NAME", "no such column; --columns help lists them"); /* is always shown */
	refuses(choice_sort, "", "no such column; --columns help lists them");
	refuses(choice_sort, "-NAMES", "no such column; did you mean NAME?");
	refuses(choice_sort, "MEMORY,PIDS", "no such column; --columns help lists them");
}

/* ---- the past ---- */

static void test_past(void **state)
{
	uint64_t samples, past[400];
	struct feed *f;

	(void)state;
	samples = 0;
	assert_int_equal(feed_new(&source, &samples, &f), 0);
	feed_remember(f);
	for (int i = 0; i < 350; i++)
		assert_int_equal(feed_sample(f), 0);
	assert_int_equal(feed_past(f, "b", COL_HITS_RATE, past, 400), 300);
	assert_int_equal(past[0], 51);
	assert_int_equal(past[299], 350);
	assert_int_equal(feed_past(f, "b", COL_HITS_RATE, past, 2), 2);
	assert_int_equal(past[0], 349);
	assert_int_equal(feed_past(f, "b", COL_SWAP, past, 1), 1);
	assert_true(past[0] == UINT64_MAX); /* there was none */
	assert_int_equal(feed_past(f, "b", COL_HITS, past, 1), 0); /* has no graph */
	feed_close(f);
}

/* ---- recordings ---- */

static void same_value(struct feed_value a, struct feed_value b)
{
	assert_int_equal(a.state, b.state);
	if (a.state == FEED_OK)
		assert_true(a.n == b.n);
}

static void same_groups(const struct feed *f, uint64_t sample)
{
	assert_int_equal(feed_count(f), GIVEN);
	for (size_t i = 0; i < GIVEN; i++) {
		assert_string_equal(feed_group(f, i)->path, given[i].path);
		assert_true(feed_group(f, i)->parent == given[i].parent);
		assert_int_equal(feed_group(f, i)->populated, given[i].populated);
		assert_int_equal(feed_group(f, i)->frozen, -1);
		same_value(feed_value(f, i, COL_MEMORY), given[i].memory);
		same_value(feed_value(f, i, COL_PIDS), given[i].pids);
		assert_int_equal(feed_value(f, i, COL_SWAP).state, FEED_MISSING);
		assert_int_equal(feed_value(f, i, COL_HITS).n, sample);
		assert_string_equal(feed_text(f, i, COL_LIMIT_BY), given[i].limit_by ? given[i].limit_by : "");
		assert_string_equal(feed_text(f, i, COL_PIDS_MAX_BY), "");
	}
}

static const struct tool tool = { .name = "test" };
static char file[] = "/tmp/cgx-top-feed.XXXXXX";

static void record(struct frame *frame)
{
	uint64_t samples = 0;
	struct feed *f;

	assert_int_equal(feed_new(&source, &samples, &f), 0);
	assert_int_equal(feed_record(f, frame, file), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(feed_sample(f), 0);
	feed_close(f);
}

static void test_record(void **state)
{
	struct frame frame = { .tool = &tool, .called_as = "test" };
	struct feed_head h;
	struct feed_event e;
	struct feed *f;

	(void)state;
	record(&frame);
	assert_int_equal(feed_open_replay(&frame, file, &f), 0);
	for (uint64_t i = 1; i <= 4; i++) {
		assert_int_equal(feed_sample(f), 0);
		same_groups(f, i);
		feed_head(f, &h);
		assert_int_equal(h.time_us, 1000000 * i);
		assert_int_equal(h.at, i - 1);
		assert_int_equal(h.of, 4);
		assert_int_equal(h.memory, 5);
		assert_true(h.memory_total == UINT64_MAX);
		assert_string_equal(h.host, "host");
		assert_int_equal(feed_event(f, 0, &e), i >= 2);
		assert_int_equal(h.kills, i == 2); /* as the sample counted them */
		assert_int_equal(h.forks, 0);
	}
	assert_int_equal(feed_sample(f), 1);
	assert_string_equal(e.path, "b/y z");
	assert_string_equal(e.text, "killed \x1b[1m at 3");
	assert_int_equal(e.mark, FEED_KILL);
	/* back and forth, as far as it goes */
	assert_int_equal(feed_seek(f, -2), 0);
	same_groups(f, 2);
	assert_int_equal(feed_seek(f, -100), 0);
	same_groups(f, 1);
	assert_int_equal(feed_event(f, 0, &e), 0);
	assert_int_equal(feed_seek(f, LONG_MAX), 0);
	same_groups(f, 4);
	assert_int_equal(feed_seek(f, LONG_MIN), 0);
	same_groups(f, 1);
	assert_int_equal(feed_seek(f, 100), 0);
	same_groups(f, 4);
	feed_close(f);
}

static void put_file(const char *text, size_t n)
{
	int fd = open(file, O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, n), n);
	close(fd);
}

/* Whatever the file holds: an end, a message, never a crash; indexes stay within the groups. */
static void replay_all(struct frame *frame)
{
	struct feed *f;
	struct rows r;
	int samples = 0;

	if (feed_open_replay(frame, file, &f))
		return;
	rows_begin(&r);
	while (!feed_sample(f) && samples++ < 100) {
		assert_int_equal(rows_make(&r, f), 0);
		for (size_t i = 0; i < feed_count(f); i++)
			assert_true(feed_group(f, i)->parent == SIZE_MAX || feed_group(f, i)->parent < i);
	}
	feed_seek(f, -1);
	rows_free(&r);
	feed_close(f);
}

static void test_hostile(void **state)
{
	static const char *const files[] = {
		"", "cgx-top 1\n", "cgx-top 2\nS 1\n", "cgx-top 1\nS\n", "cgx-top 1\nS 1\nG\n", "cgx-top 1\nS x\nG 7 1 1 1 b\n",
		"cgx-top 1\nC MEMORY NOSUCH PIDS\nS 1 1 1 1 1 1 1\nG max 1 1 0 1 2 3 a\nG 1 1 1 0 1 2 3 b\nG 0 9 9 999999999 x - ? c\n",
		"cgx-top 1\nS 99999999999999999999999 -1\nE 1 1 99999999999 a b\nE 1 1 3 ab\nE\nE 1 1 0  \nS 2\n",
		"cgx-top 1\nC MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY "
		"MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY "
		"MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY MEMORY\nS 1\nG 0\n",
	};
	struct frame frame = { .tool = &tool, .called_as = "test" };
	char all[16384];
	ssize_t n;
	int fd, quiet = open("/dev/null", O_WRONLY | O_CLOEXEC), err = dup(2);

	(void)state;
	record(&frame);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	n = read(fd, all, sizeof(all));
	close(fd);
	assert_true(n > 500 && n < (ssize_t)sizeof(all));
	dup2(quiet, 2);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		put_file(files[i], strlen(files[i]));
		replay_all(&frame);
	}
	for (ssize_t cut = 0; cut < n; cut++) { /* cut short, and one byte another */
		char was = all[cut];

		put_file(all, (size_t)cut);
		replay_all(&frame);
		all[cut] = cut % 3 == 0 ? '\n' : cut % 3 == 1 ? '9' : ' ';
		put_file(all, (size_t)n);
		replay_all(&frame);
		all[cut] = was;
	}
	dup2(err, 2);
	close(err);
	close(quiet);
}

/* What was cut off or damaged is not told as if it were whole. */
static void test_damaged(void **state)
{
	static const char text[] = "cgx-top 1\nC MEMORY PIDS\nS 1 1 1 1 1 1 1\nG max 1 0 x 7 8 a\nG max 1 0 1 7\nE 1 max 1 a b\nG 0 1 0 0 12345";
	struct frame frame = { .tool = &tool, .called_as = "test" };
	struct feed_event e;
	struct feed *f;

	(void)state;
	put_file(text, strlen(text));
	assert_int_equal(feed_open_replay(&frame, file, &f), 0);
	assert_int_equal(feed_sample(f), 0);
	assert_int_equal(feed_count(f), 2);
	assert_int_equal(feed_group(f, 0)->marks, 0);
	assert_string_equal(feed_group(f, 1)->path, "?");
	assert_int_equal(feed_event(f, 0, &e), 1);
	assert_int_equal(e.mark, 0);
	feed_close(f);
}

/* ---- figures of a machine ---- */

static char root[64];

static void put(const char *path, const char *text)
{
	char full[256];
	int fd;

	snprintf(full, sizeof(full), "%s/%s", root, path);
	for (char *p = full + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(full, 0755);
		*p = '/';
	}
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int make_machine(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/cgx-top-root.XXXXXX");
	assert_non_null(mkdtemp(root));
	put("proc/self/mountinfo", "36 31 0:33 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
	put("proc/self/cgroup", "0::/\n");
	put("sys/fs/cgroup/cgroup.controllers", "memory pids cpu io\n");
	put("sys/fs/cgroup/web/cgroup.controllers", "memory pids cpu io\n");
	put("sys/fs/cgroup/web/memory.current", "1000\n");
	put("sys/fs/cgroup/web/memory.max", "4000\n");
	put("sys/fs/cgroup/web/memory.stat", "anon 1\ninactive_file 300\n");
	put("sys/fs/cgroup/web/memory.events.local", "max 5\noom_kill 0\n");
	put("sys/fs/cgroup/web/cpu.stat", "usage_usec 1000000\nthrottled_usec 0\n");
	put("sys/fs/cgroup/web/io.stat", "8:0 rbytes=0 wbytes=4096 rios=0 wios=1\n");
	return 0;
}

static int end_machine(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

static size_t group_at(const struct feed *f, const char *path)
{
	size_t i = 0;

	while (i < feed_count(f) && strcmp(feed_group(f, i)->path, path))
		i++;
	assert_true(i < feed_count(f));
	return i;
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static struct feed *open_machine(struct frame *frame, uint64_t columns)
{
	struct feed *f;

	*frame = (struct frame){ .tool = &tool, .called_as = "test", .root = root };
	assert_int_equal(cgx_open(root, &frame->cgx), 0);
	assert_int_equal(feed_open_live(frame, NULL, 0, columns, &f), 0);
	return f;
}

static void test_rates(void **state)
{
	struct frame frame;
	struct feed *f = open_machine(&frame, COLUMN_BIT(COLUMNS_ALL) - 1);
	uint64_t before = now_us(), after, inner, outer, n;
	size_t web;

	(void)state;
	assert_int_equal(feed_sample(f), 0);
	after = now_us();
	web = group_at(f, "web");
	assert_int_equal(feed_value(f, web, COL_CPU).state, FEED_PENDING);
	assert_int_equal(feed_value(f, web, COL_USED).n, 700);
	assert_int_equal(feed_value(f, web, COL_PERCENT).n, 2500);
	assert_int_equal(feed_value(f, web, COL_HITS).n, 5);
	put("sys/fs/cgroup/web/cpu.stat", "usage_usec 1150000\nthrottled_usec 0\n");
	put("sys/fs/cgroup/web/io.stat", "8:0 rbytes=0 wbytes=8192 rios=0 wios=1\n");
	put("sys/fs/cgroup/web/memory.events.local", "max 4\noom_kill 0\n"); /* another group's, or set back */
	usleep(200000);
	inner = now_us() - after;
	assert_int_equal(feed_sample(f), 0);
	outer = now_us() - before;
	n = feed_value(f, web, COL_CPU).n; /* hundredths of a percent of 150 ms in the time between */
	assert_int_equal(feed_value(f, web, COL_CPU).state, FEED_OK);
	assert_in_range(n, 150000ull * 10000 / outer - 1, 150000ull * 10000 / inner + 1);
	n = feed_value(f, web, COL_WRITTEN).n;
	assert_in_range(n, 4096ull * 1000000 / outer - 1, 4096ull * 1000000 / inner + 1);
	assert_int_equal(feed_value(f, web, COL_READ).n, 0);
	assert_int_equal(feed_value(f, web, COL_HITS_RATE).state, FEED_PENDING);
	assert_int_equal(feed_value(f, web, COL_HITS).n, 4);
	assert_false(feed_group(f, web)->marks & FEED_LIMIT);
	put("sys/fs/cgroup/web/memory.events.local", "max 9\noom_kill 0\n");
	assert_int_equal(feed_sample(f), 0);
	assert_true(feed_value(f, web, COL_HITS_RATE).n > 0);
	assert_true(feed_group(f, web)->marks & FEED_LIMIT);
	feed_close(f);
	cgx_close(frame.cgx);
}

/* Each column alone asks for all that it is made of. */
static void test_recipes(void **state)
{
	static const struct {
		size_t column;
		uint64_t n;
	} wants[] = {
		{ COL_MEMORY, 1000 }, { COL_LIMIT, 4000 }, { COL_PERCENT, 2500 }, { COL_USED, 700 }, { COL_HITS, 5 }, { COL_KILLS, 0 },
		{ COL_CPU_TIME, 1000000 }, { COL_THROTTLED_TIME, 0 }, { COL_READ_ALL, 0 }, { COL_WRITTEN_ALL, 4096 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wants) / sizeof(wants[0]); i++) {
		struct frame frame;
		struct feed *f = open_machine(&frame, COLUMN_BIT(wants[i].column));
		size_t web;

		assert_int_equal(feed_sample(f), 0);
		web = group_at(f, "web");
		assert_int_equal(feed_value(f, web, wants[i].column).state, FEED_OK);
		assert_int_equal(feed_value(f, web, wants[i].column).n, wants[i].n);
		feed_close(f);
		cgx_close(frame.cgx);
	}
}

/* Of a rate the counter is told. */
static void test_metrics(void **state)
{
	struct frame frame;
	uint64_t shown = COLUMN_BIT(COL_CPU) | COLUMN_BIT(COL_WRITTEN) | COLUMN_BIT(COL_PERCENT) | COLUMN_BIT(COL_HITS_RATE);
	struct feed *f = open_machine(&frame, metrics_columns(shown));
	struct rows r;
	char *text;
	size_t n;
	FILE *to = open_memstream(&text, &n);

	(void)state;
	put("sys/fs/cgroup/a\"b\\c/memory.current", "1\n");
	put("sys/fs/cgroup/a\"b\\c/memory.max", "max\n");
	/* names that look alike when bytes are shown; one as systemd makes it */
	put("sys/fs/cgroup/\xff/memory.current", "2\n");
	put("sys/fs/cgroup/\\xff/memory.current", "3\n");
	put("sys/fs/cgroup/\\x5cxff/memory.current", "4\n");
	put("sys/fs/cgroup/a\\x2db/memory.current", "5\n");
	assert_int_equal(feed_sample(f), 0);
	rows_begin(&r);
	r.flat = 1;
	assert_int_equal(rows_make(&r, f), 0);
	metrics_put(to, f, &r, shown);
	fclose(to);
	assert_string_equal(text,
			    "# HELP cgx_memory_limit_used_ratio memory in use of the limit that binds.\n"
			    "# TYPE cgx_memory_limit_used_ratio gauge\n"
			    "cgx_memory_limit_used_ratio{group=\"web\"} 0.250000\n"
			    "# HELP cgx_cpu_seconds_total CPU time used so far.\n"
			    "# TYPE cgx_cpu_seconds_total counter\n"
			    "cgx_cpu_seconds_total{group=\"web\"} 1.000000\n"
			    "# HELP cgx_io_written_bytes_total bytes written to block devices so far.\n"
			    "# TYPE cgx_io_written_bytes_total counter\n"
			    "cgx_io_written_bytes_total{group=\"web\"} 4096\n"
			    "# EOF\n");
	free(text);
	feed_close(f);
	assert_int_equal(feed_open_live(&frame, NULL, 0, COLUMN_BIT(COL_MEMORY), &f), 0);
	assert_int_equal(feed_sample(f), 0);
	assert_int_equal(rows_make(&r, f), 0);
	to = open_memstream(&text, &n);
	metrics_put(to, f, &r, COLUMN_BIT(COL_MEMORY));
	fclose(to);
	assert_non_null(strstr(text, "cgx_memory_bytes{group=\"a\\\"b\\\\c\"} 1\n"));
	assert_non_null(strstr(text, "cgx_memory_bytes{group=\"\\\\xff\"} 2\n"));
	assert_non_null(strstr(text, "cgx_memory_bytes{group=\"\\\\x5cxff\"} 3\n"));
	assert_non_null(strstr(text, "cgx_memory_bytes{group=\"\\\\x5cx5cxff\"} 4\n"));
	assert_non_null(strstr(text, "cgx_memory_bytes{group=\"a\\\\x2db\"} 5\n"));
	free(text);
	rows_free(&r);
	feed_close(f);
	cgx_close(frame.cgx);
}

static void test_on_demand(void **state)
{
	struct frame frame;
	struct feed *f;
	char path[64];
	size_t web, other;

	(void)state;
	f = open_machine(&frame, FEED_ON_DEMAND);
	assert_int_equal(feed_sample(f), 0);
	assert_int_equal(feed_value(f, group_at(f, "web"), COL_USED).n, 700); /* few groups: all of all */
	feed_close(f);
	cgx_close(frame.cgx);
	for (int i = 0; i < 200; i++) {
		snprintf(path, sizeof(path), "sys/fs/cgroup/g%03d/memory.current", i);
		put(path, "50\n");
	}
	f = open_machine(&frame, FEED_ON_DEMAND);
	assert_int_equal(feed_sample(f), 0);
	web = group_at(f, "web");
	other = group_at(f, "g007");
	assert_int_equal(feed_value(f, web, COL_USED).state, FEED_PENDING);
	assert_int_equal(feed_sample(f), 0);
	assert_int_equal(feed_value(f, web, COL_USED).n, 700);
	assert_int_equal(feed_value(f, other, COL_MEMORY).state, FEED_PENDING);
	assert_int_equal(feed_sample(f), 0);
	assert_int_equal(feed_value(f, other, COL_MEMORY).n, 50);
	assert_int_equal(feed_value(f, web, COL_USED).n, 700);
	assert_int_equal(feed_sample(f), 0);
	assert_int_equal(feed_sample(f), 0); /* nobody looked since */
	assert_int_equal(feed_value(f, web, COL_USED).state, FEED_PENDING);
	feed_close(f);
	cgx_close(frame.cgx);
}

static void remove_group(const char *name)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -r '%s/sys/fs/cgroup/%s'", root, name);
	assert_int_equal(system(command), 0);
}

static struct feed *open_roots(struct frame *frame, const char *const *paths, size_t n, uint64_t columns)
{
	struct feed *f;

	*frame = (struct frame){ .tool = &tool, .called_as = "test", .root = root };
	assert_int_equal(cgx_open(root, &frame->cgx), 0);
	assert_int_equal(feed_open_live(frame, paths, n, columns, &f), 0);
	return f;
}

/* Several groups, each at the top; what another one has is there once; one that goes is missed until it is back. */
static void test_roots(void **state)
{
	static const char *const paths[] = { "web/api/", "b", "/web", "web", "b/x", "web/static" };
	const uint64_t columns = COLUMN_BIT(COL_LIMIT) | COLUMN_BIT(COL_LIMIT_BY) | COLUMN_BIT(COL_MEMORY);
	struct frame frame;
	struct feed_head h;
	struct feed *f;
	struct rows r;

	(void)state;
	put("sys/fs/cgroup/web/api/memory.max", "max\n");
	put("sys/fs/cgroup/b/memory.current", "50\n");
	put("sys/fs/cgroup/b/memory.max", "max\n");
	put("sys/fs/cgroup/b/x/memory.current", "40\n");
	put("sys/fs/cgroup/c/memory.current", "30\n");
	f = open_roots(&frame, paths, sizeof(paths) / sizeof(paths[0]), columns);
	rows_begin(&r);
	assert_int_equal(feed_sample(f), 0);
	expect(&r, f, "b|b/x|web|web/api");
	assert_int_equal(r.row[2].depth, 0);
	assert_int_equal(r.row[3].depth, 1);
	assert_string_equal(feed_text(f, group_at(f, "web/api"), COL_LIMIT_BY), "web");
	assert_int_equal(feed_value(f, group_at(f, "web/api"), COL_LIMIT).n, 4000);
	assert_string_equal(feed_text(f, group_at(f, "b"), COL_LIMIT_BY), "");
	assert_int_equal(feed_value(f, group_at(f, "b/x"), COL_MEMORY).n, 40);
	remove_group("b");
	assert_int_equal(feed_sample(f), 0);
	expect(&r, f, "web|web/api");
	feed_head(f, &h);
	assert_string_equal(h.note, "b is gone");
	assert_int_equal(feed_value(f, group_at(f, "web"), COL_MEMORY).n, 1000);
	put("sys/fs/cgroup/b/memory.current", "60\n");
	assert_int_equal(feed_sample(f), 0);
	expect(&r, f, "b|web|web/api");
	assert_int_equal(feed_value(f, group_at(f, "b"), COL_MEMORY).n, 60);
	feed_head(f, &h);
	assert_string_equal(h.note, "");
	remove_group("b");
	remove_group("web");
	assert_int_equal(feed_sample(f), -ENOENT);
	rows_free(&r);
	feed_close(f);
	cgx_close(frame.cgx);
	/* the same with columns on demand: many groups, and a root that comes and goes moves the others */
	for (int i = 0; i < 200; i++) {
		char path[64];

		snprintf(path, sizeof(path), "sys/fs/cgroup/m/g%03d/memory.current", i);
		put(path, "50\n");
	}
	put("sys/fs/cgroup/b/memory.current", "60\n");
	f = open_roots(&frame, (const char *const[]){ "b", "m" }, 2, FEED_ON_DEMAND);
	for (int pass = 0; pass < 8; pass++) {
		if (pass == 4)
			remove_group("b");
		assert_int_equal(feed_sample(f), 0);
		assert_int_equal(feed_count(f), pass < 4 ? 202 : 201);
		assert_int_equal(feed_find(f, "m/g007"), pass < 4 ? 9 : 8);
		for (size_t i = 0; i < feed_count(f); i++)
			if (feed_value(f, i, COL_MEMORY).state == FEED_OK)
				assert_int_equal(feed_value(f, i, COL_MEMORY).n, *feed_group(f, i)->path == 'b' ? 60 : 50);
		assert_int_equal(feed_value(f, feed_find(f, "m/g007"), COL_MEMORY).state, pass ? FEED_OK : FEED_PENDING);
	}
	feed_close(f);
	cgx_close(frame.cgx);
}

/* What is kept between samples follows its group, not its place. */
static void test_places(void **state)
{
	struct frame frame;
	struct feed *f;
	char path[64], text[16];

	(void)state;
	for (int i = 0; i < 200; i++) {
		snprintf(path, sizeof(path), "sys/fs/cgroup/g%03d/memory.current", i);
		snprintf(text, sizeof(text), "%d\n", i);
		put(path, text);
	}
	f = open_machine(&frame, FEED_ON_DEMAND);
	assert_int_equal(feed_sample(f), 0);
	for (int pass = 0; pass < 12; pass++) {
		if (pass == 4)
			remove_group("g000");
		if (pass == 8)
			put("sys/fs/cgroup/a/memory.current", "7\n");
		assert_int_equal(feed_sample(f), 0);
		for (size_t i = 0; i < feed_count(f); i++) {
			const struct feed_group *g = feed_group(f, i);
			struct feed_value v = feed_value(f, i, COL_MEMORY);

			assert_int_equal(feed_find(f, g->path), i);
			if (v.state == FEED_OK && *g->name == 'g')
				assert_int_equal(v.n, atoi(g->name + 1));
			/* the first sample had nobody who asked, nor has the first of a new group */
			assert_true(v.state == FEED_OK || i == 0 || pass == 0 || (pass == 8 && !strcmp(g->path, "a")));
		}
	}
	assert_true(feed_find(f, "g000") == SIZE_MAX);
	assert_true(feed_find(f, "a") != SIZE_MAX);
	feed_close(f);
	cgx_close(frame.cgx);
}

#define MACHINE(test) cmocka_unit_test_setup_teardown(test, make_machine, end_machine)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree), cmocka_unit_test(test_sort), cmocka_unit_test(test_filter),
		cmocka_unit_test(test_choice), cmocka_unit_test(test_past), cmocka_unit_test(test_record), cmocka_unit_test(test_hostile), cmocka_unit_test(test_damaged),
		MACHINE(test_rates), MACHINE(test_recipes), MACHINE(test_metrics), MACHINE(test_on_demand),
		MACHINE(test_places), MACHINE(test_roots),
	};
	int fd = mkstemp(file), r;

	if (fd < 0)
		return 1;
	close(fd);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(file);
	return r;
}
