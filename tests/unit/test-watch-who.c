/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Victims and kills find each other: watch_who.c with a clock and sources of the test's own. */
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

#include "libcgx/watch.h"

/* ---- the clock and the sources ---- */

static uint64_t now;
static pid_t traced;  /* what the tracepoint has to tell, 0 nothing */
static pid_t logged;  /* and the kernel log */
static int has_log = 1;
static uint64_t lost;    /* records of the log that were overwritten */
static char unseen[256];  /* what was said of it last */
static unsigned n_unseen;
static unsigned settled; /* how often a group was asked for kills that nothing explains */
static struct told {
	pid_t pid;
	char path[32];
	uint64_t count;
} told[8];
static size_t n_told;

static struct watch_tree tree = { .serves = SERVES_MEMORY, .dialect = &(struct watch_dialect){ .limit = "memory.max" }, .local = 1 };
static char above_path[] = "t";
static struct watch_node above = { .tree = &tree, .path = above_path, .flags = NODE_TOLD | NODE_BELOW };

int fake_clock(clockid_t clock, struct timespec *ts);
int fake_clock(clockid_t clock, struct timespec *ts)
{
	(void)clock;
	*ts = (struct timespec){ .tv_sec = (time_t)(now / 1000000), .tv_nsec = (long)(now % 1000000 * 1000) };
	return 0;
}

int trace_open(struct cgx *cgx, struct trace **ret)
{
	(void)cgx;
	*ret = (void *)&traced;
	return 0;
}
struct trace *trace_close(struct trace *t)
{
	(void)t;
	return NULL;
}
int trace_fd(const struct trace *t)
{
	(void)t;
	return 0;
}
uint64_t trace_lost(const struct trace *t)
{
	(void)t;
	return 0;
}
int trace_next(struct trace *t, struct victim *ret)
{
	(void)t;
	if (!traced)
		return 0;
	*ret = (struct victim){ .pid = traced, .known = VICTIM_GROUPS, .groups = "" };
	traced = 0;
	return 1;
}
int trace_locate(struct trace *t, struct victim *v)
{
	(void)t;
	(void)v;
	return 0;
}
int layout_path_in(struct cgx *cgx, const struct cgx_hierarchy *h, const char *procfile, char **ret)
{
	(void)cgx;
	(void)h;
	(void)procfile;
	*ret = strdup("t/gone");
	return *ret ? 0 : -ENOMEM;
}

int cgx_kmsg_open(struct cgx *cgx, struct cgx_kmsg **ret)
{
	(void)cgx;
	*ret = has_log ? (void *)&logged : NULL;
	return has_log ? 0 : -EPERM;
}
struct cgx_kmsg *cgx_kmsg_close(struct cgx_kmsg *k)
{
	(void)k;
	return NULL;
}
int kmsg_fd(const struct cgx_kmsg *k)
{
	(void)k;
	return 0;
}
uint64_t cgx_kmsg_lost(const struct cgx_kmsg *k)
{
	(void)k;
	return lost;
}
int cgx_kmsg_next(struct cgx_kmsg *k, struct cgx_oom *ret)
{
	(void)k;
	if (!logged)
		return 0;
	*ret = (struct cgx_oom){ .pid = logged, .memcg = 1, .comm = "hog", .limit_path = "/t/gone", .victim_path = "/t/gone" };
	logged = 0;
	return 1;
}

/* ---- the rest of the engine: one group t whose subgroups are gone ---- */

int watch_wants(const struct cgx_watch *w, enum cgx_event_kind kind)
{
	(void)w;
	(void)kind;
	return 1;
}
int watch_poll(int epoll, int fd, uint32_t events, void *data)
{
	(void)epoll;
	(void)fd;
	(void)events;
	(void)data;
	return 0;
}
int watch_unseen(struct cgx_watch *w, unsigned bit, const char *fmt, ...)
{
	va_list ap;

	(void)w;
	(void)bit;
	va_start(ap, fmt);
	vsnprintf(unseen, sizeof(unseen), fmt, ap);
	va_end(ap);
	n_unseen++;
	return 0;
}
struct cgx_event watch_event(enum cgx_event_kind kind, const char *path)
{
	return (struct cgx_event){ .kind = kind, .path = path, .pid = 0 };
}
static struct queued waiting;
int watch_tell(struct cgx_watch *w, const struct cgx_event *e)
{
	assert_true(n_told < sizeof(told) / sizeof(told[0]));
	told[n_told] = (struct told){ .pid = e->pid, .count = e->count };
	snprintf(told[n_told++].path, sizeof(told[0].path), "%s", e->path);
	w->first = &waiting;
	return 0;
}
int tree_wants(const struct watch_tree *t, const char *path)
{
	(void)t;
	return !strncmp(path, "t", 1);
}
struct watch_node *tree_find(struct watch_tree *t, const char *path)
{
	(void)t;
	return strcmp(path, "t") ? NULL : &above;
}
struct watch_node *tree_find_above(struct watch_tree *t, const char *path)
{
	(void)t;
	return strncmp(path, "t/", 2) ? NULL : &above;
}
int tree_is_below(const char *path, const char *up)
{
	size_t len = strlen(up);

	return !strncmp(path, up, len) && path[len] == '/';
}
int node_dir(const struct watch_node *n)
{
	(void)n;
	return -ENOENT;
}
const char *node_path(const struct watch_node *n)
{
	return n->path;
}
int count_look(struct watch_node *n, unsigned what)
{
	(void)n;
	(void)what;
	return 0;
}
int count_settle(struct watch_node *n, const char *gone)
{
	(void)n;
	(void)gone;
	settled++;
	return 0;
}
int count_read(int dir, const char *file, uint64_t *ret)
{
	(void)dir;
	(void)file;
	(void)ret;
	return -ENOENT;
}
uint64_t count_usage_then(uint64_t limit, uint64_t usage)
{
	(void)limit;
	return usage;
}
uint64_t count_twice(struct watch_tree *t, const char *path, uint64_t count)
{
	(void)t;
	(void)path;
	(void)count;
	return 0;
}
struct watch_node *count_limit_level(struct watch_node *n)
{
	(void)n;
	return NULL;
}

/* ---- tests ---- */

static struct cgx_watch w;

static int begin(void **state)
{
	static char root[] = "/";
	struct cgx_hierarchy *h = calloc(1, sizeof(*h));

	(void)state;
	assert_non_null(h);
	h->root = root;
	w = (struct cgx_watch){ .tree = &tree, .n_trees = 1 };
	tree.w = &w;
	tree.h = h;
	now = 1000000;
	n_told = settled = 0;
	traced = logged = 0;
	lost = n_unseen = 0;
	return who_open(&w);
}

static int end(void **state)
{
	(void)state;
	who_close(&w);
	free(tree.h);
	has_log = 1;
	return 0;
}

static void given(void) /* the caller has taken what was told */
{
	w.first = NULL;
}

static void log_comes_late(void **state)
{
	(void)state;
	traced = 7;
	assert_int_equal(who_drain(&w), 0);
	assert_int_equal(who_kill(&w, &tree, "t", NULL, 1, 0), 0);
	assert_int_equal(n_told, 1);
	assert_int_equal(told[0].pid, 7);
	assert_string_equal(told[0].path, "t/gone");

	/* Whoever reads the events stops for six seconds, and with it the watch. */
	logged = 7;
	now += 6000000;
	assert_int_equal(who_expire(&w, now), 0);
	given();
	assert_int_equal(who_drain(&w), 0);
	now += 1000000;
	assert_int_equal(who_expire(&w, now), 0);
	assert_int_equal(who_kill(&w, &tree, "t", NULL, 1, 0), 0);
	assert_int_equal(n_told, 1);
	assert_int_equal(settled, 0);
	/* the second kill's own victim */
	given();
	traced = 8;
	assert_int_equal(who_drain(&w), 0);
	assert_int_equal(n_told, 2);
	assert_int_equal(told[1].pid, 8);
}

static void log_is_read_before_a_guess(void **state)
{
	(void)state;
	assert_int_equal(who_kill(&w, &tree, "t", NULL, 1, 0), 0);
	logged = 9;
	w.first = &waiting; /* another event waits to be read */
	now += 3000000;
	assert_int_equal(who_expire(&w, now), 0);
	assert_int_equal(n_told, 1);
	assert_int_equal(told[0].pid, 9);
}

static void number_is_used_again(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		traced = 7;
		assert_int_equal(who_drain(&w), 0);
		logged = 7;
		given();
		assert_int_equal(who_drain(&w), 0);
		assert_int_equal(who_kill(&w, &tree, "t", NULL, 1, 0), 0);
		assert_int_equal(n_told, i + 1);
		assert_int_equal(told[i].pid, 7);
		given();
		now += 3600000000U;
	}
}

static void number_is_used_again_without_a_log(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		traced = 7;
		assert_int_equal(who_drain(&w), 0);
		assert_int_equal(who_kill(&w, &tree, "t", NULL, 1, 0), 0);
		assert_int_equal(n_told, i + 1);
		given();
		now += 3600000000U;
	}
}

/* How many the log had no more is told, each once, and what comes later is read. */
static void log_is_overwritten(void **state)
{
	(void)state;
	assert_int_equal(who_expire(&w, now), 0);
	assert_int_equal(n_unseen, 0);
	lost = 5;
	assert_int_equal(who_expire(&w, now), 0);
	assert_int_equal(who_expire(&w, now), 0);
	assert_int_equal(n_unseen, 1);
	assert_non_null(strstr(unseen, "5 records of the kernel log"));
	lost = 7;
	assert_int_equal(who_expire(&w, now), 0);
	assert_int_equal(n_unseen, 2);
	assert_non_null(strstr(unseen, "2 records of the kernel log"));
	logged = 9;
	assert_int_equal(who_kill(&w, &tree, "t", NULL, 1, 0), 0);
	assert_int_equal(who_drain(&w), 0);
	assert_int_equal(n_told, 1);
	assert_int_equal(told[0].pid, 9);
}

static int begin_without_log(void **state)
{
	has_log = 0;
	return begin(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(log_comes_late, begin, end),
		cmocka_unit_test_setup_teardown(log_is_read_before_a_guess, begin, end),
		cmocka_unit_test_setup_teardown(number_is_used_again, begin, end),
		cmocka_unit_test_setup_teardown(log_is_overwritten, begin, end),
		cmocka_unit_test_setup_teardown(number_is_used_again_without_a_log, begin_without_log, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
