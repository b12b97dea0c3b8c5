/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sampler on a machine of plain files: figures and their states, groups that come, go and change places. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* the library has one of its own */

#include "libcgx/sample.h"

static const char mountinfo[] =
	"31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
	"32 31 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
	"33 31 0:30 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
	"34 31 0:31 / /sys/fs/cgroup/cpuacct rw - cgroup cgroup rw,cpuacct\n"
	"35 31 0:32 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer\n"
	"36 31 0:33 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
static const char unified[] = "36 31 0:33 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
#define CG "sys/fs/cgroup/"
#define ALL ((1ull << CGX_FIGURES) - 1)

struct machine {
	char root[64];
	struct cgx *cgx;
	struct cgx_sampler *s;
};

/* ---- plain files ---- */

static const char *at(const struct machine *m, const char *path)
{
	static char full[CGX_PATH_MAX];

	snprintf(full, sizeof(full), "%s/%s", m->root, path);
	return full;
}

static void make_dirs(const struct machine *m, const char *path)
{
	char full[CGX_PATH_MAX];

	snprintf(full, sizeof(full), "%s/%s/", m->root, path);
	for (char *p = full + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (mkdir(full, 0755))
			assert_int_equal(errno, EEXIST);
		*p = '/';
	}
}

/* As the tools write: an inode that is there is written, not replaced. */
static void put(const struct machine *m, const char *path, const char *text)
{
	int fd = open(at(m, path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void remove_all(const struct machine *m, const char *path)
{
	char command[CGX_PATH_MAX];

	snprintf(command, sizeof(command), "rm -rf '%s/%s'", m->root, path);
	assert_int_equal(system(command), 0);
}

static void pids_group(const struct machine *m, const char *path, const char *current, const char *max)
{
	char file[CGX_PATH_MAX];

	snprintf(file, sizeof(file), CG "pids/%s", path);
	make_dirs(m, file);
	snprintf(file, sizeof(file), CG "pids/%s/pids.current", path);
	put(m, file, current);
	snprintf(file, sizeof(file), CG "pids/%s/pids.max", path);
	put(m, file, max);
}

static int make_machine(void **state, const char *mounts)
{
	struct machine *m = calloc(1, sizeof(*m));

	snprintf(m->root, sizeof(m->root), "/tmp/cgx-sample.XXXXXX");
	assert_non_null(mkdtemp(m->root));
	make_dirs(m, "proc/self");
	put(m, "proc/self/mountinfo", mounts);
	put(m, "proc/self/cgroup", mounts == unified ? "0::/\n" : "4:freezer:/\n3:memory:/own\n2:pids:/other\n1:cpuacct:/\n0::/\n");
	put(m, "proc/cgroups", "#subsys_name\thierarchy\tnum_cgroups\tenabled\n");
	if (mounts == unified) {
		make_dirs(m, CG);
		put(m, CG "cgroup.controllers", "memory pids cpu\n");
	} else {
		make_dirs(m, CG "memory");
		make_dirs(m, CG "pids");
		make_dirs(m, CG "cpuacct");
		make_dirs(m, CG "freezer");
		make_dirs(m, CG "unified");
		put(m, CG "unified/cgroup.controllers", "\n");
	}
	assert_int_equal(cgx_open(m->root, &m->cgx), 0);
	*state = m;
	return 0;
}

static int hybrid_machine(void **state)
{
	return make_machine(state, mountinfo);
}

static int unified_machine(void **state)
{
	return make_machine(state, unified);
}

static int end_machine(void **state)
{
	struct machine *m = *state;

	if (m->s && m->s->bpf == (void *)m)
		m->s->bpf = NULL; /* see as_by_bpf() */
	cgx_sampler_close(m->s);
	cgx_close(m->cgx);
	remove_all(m, "");
	free(m);
	return 0;
}

/* ---- asking ---- */

static void sample(struct machine *m, const char *path, uint64_t figures)
{
	assert_int_equal(cgx_sampler_open(m->cgx, path, figures, &m->s), 0);
	assert_int_equal(cgx_sampler_pass(m->s), 0);
}

static void pass(struct machine *m)
{
	assert_int_equal(cgx_sampler_pass(m->s), 0);
}

static size_t find(const struct machine *m, const char *path)
{
	struct cgx_sampled g;

	for (size_t i = 0; i < cgx_sampler_count(m->s); i++) {
		cgx_sampler_group(m->s, i, &g);
		if (!strcmp(g.path, path))
			return i;
	}
	return SIZE_MAX;
}

static uint64_t id_of(const struct machine *m, const char *path)
{
	struct cgx_sampled g;

	assert_true(find(m, path) != SIZE_MAX);
	cgx_sampler_group(m->s, find(m, path), &g);
	return g.id;
}

static enum cgx_state state_of(const struct machine *m, const char *path, enum cgx_figure figure)
{
	uint64_t n;

	assert_true(find(m, path) != SIZE_MAX);
	return cgx_sampler_value(m->s, find(m, path), figure, &n);
}

static uint64_t value_of(const struct machine *m, const char *path, enum cgx_figure figure)
{
	uint64_t n = 0;

	assert_true(find(m, path) != SIZE_MAX);
	assert_int_equal(cgx_sampler_value(m->s, find(m, path), figure, &n), CGX_STATE_OK);
	return n;
}

static uint64_t limit_of(const struct machine *m, const char *path, enum cgx_figure figure, size_t *ret_by)
{
	assert_true(find(m, path) != SIZE_MAX);
	return cgx_sampler_limit(m->s, find(m, path), figure, ret_by);
}

/* ---- figures ---- */

static void test_v1(void **state)
{
	struct machine *m = *state;

	make_dirs(m, CG "memory/web");
	put(m, CG "memory/web/memory.usage_in_bytes", "4096\n");
	put(m, CG "memory/web/memory.limit_in_bytes", "9223372036854771712\n");
	put(m, CG "memory/web/memory.failcnt", "7\n");
	put(m, CG "memory/web/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
	put(m, CG "memory/web/memory.stat", "cache 1\ninactive_file 5\ntotal_inactive_file 1024\n");
	put(m, CG "memory/web/cgroup.procs", "1\n2\n");
	make_dirs(m, CG "cpuacct/web");
	put(m, CG "cpuacct/web/cpuacct.usage", "5999999\n");
	make_dirs(m, CG "freezer/web");
	put(m, CG "freezer/web/freezer.state", "FROZEN\n");
	make_dirs(m, CG "unified/web");
	put(m, CG "unified/web/cgroup.events", "populated 0\nfrozen 0\n");
	put(m, CG "unified/web/cgroup.procs", "3\n");
	put(m, CG "unified/web/cpu.stat", "usage_usec 1\n");
	put(m, CG "unified/web/memory.pressure", "some avg10=12.05 avg60=0.00 avg300=0.00 total=1\nfull avg10=1.00\n");
	make_dirs(m, CG "unified/two");
	put(m, CG "unified/two/cpu.stat", "usage_usec 77\n");
	sample(m, "/", ALL);
	assert_int_equal(cgx_sampler_count(m->s), 3);
	assert_int_equal(value_of(m, "web", CGX_F_MEMORY), 4096);
	assert_true(value_of(m, "web", CGX_F_MEMORY_MAX) == UINT64_MAX);
	assert_int_equal(value_of(m, "web", CGX_F_LIMIT_HITS), 7);
	assert_int_equal(value_of(m, "web", CGX_F_OOM_KILLS), 3);
	assert_int_equal(value_of(m, "web", CGX_F_MEMORY_INACTIVE), 1024);
	assert_int_equal(value_of(m, "web", CGX_F_CPU), 5999);
	assert_int_equal(value_of(m, "web", CGX_F_FROZEN), 1); /* in one of its hierarchies is frozen */
	assert_int_equal(value_of(m, "web", CGX_F_PROCS), 2);
	assert_int_equal(value_of(m, "web", CGX_F_POPULATED), 0);
	assert_int_equal(value_of(m, "web", CGX_F_MEMORY_PRESSURE), 1205);
	/* not in the hierarchy of pids; no such file; mounted nowhere; not in cpuacct, but v2 counts too */
	assert_int_equal(state_of(m, "web", CGX_F_PIDS), CGX_STATE_OFF);
	assert_int_equal(state_of(m, "web", CGX_F_MEMORY_PEAK), CGX_STATE_MISSING);
	assert_int_equal(state_of(m, "web", CGX_F_READ), CGX_STATE_OFF);
	assert_int_equal(value_of(m, "two", CGX_F_CPU), 77);
	assert_int_equal(state_of(m, "two", CGX_F_MEMORY), CGX_STATE_OFF);
}

static void test_v2(void **state)
{
	struct machine *m = *state;

	make_dirs(m, CG "on/none");
	put(m, CG "on/cgroup.controllers", "memory pids\n");
	put(m, CG "on/memory.current", "8192\n");
	put(m, CG "on/memory.max", "max\n");
	put(m, CG "on/memory.events", "low 0\nmax 5\noom 1\noom_kill 2\n"); /* a kernel without memory.events.local */
	put(m, CG "on/pids.events", "max 9\n");
	put(m, CG "on/cpu.stat", "usage_usec 10\nuser_usec 4\n");
	put(m, CG "on/io.stat", "8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0\n8:16 rbytes=5 wbytes=6 rios=7 wios=8\n");
	put(m, CG "on/none/cgroup.controllers", "\n");
	put(m, CG "on/none/cgroup.procs", "");
	sample(m, "on", ALL);
	assert_int_equal(value_of(m, "on", CGX_F_LIMIT_HITS), 5);
	assert_int_equal(value_of(m, "on", CGX_F_OOM_KILLS), 2);
	assert_int_equal(value_of(m, "on", CGX_F_FORKS_DENIED), 9);
	assert_int_equal(state_of(m, "on", CGX_F_THROTTLED), CGX_STATE_OFF);
	assert_int_equal(state_of(m, "on", CGX_F_READ), CGX_STATE_OFF); /* the host has no io */
	assert_int_equal(state_of(m, "on", CGX_F_MEMORY_PEAK), CGX_STATE_MISSING);
	assert_int_equal(state_of(m, "on/none", CGX_F_MEMORY), CGX_STATE_OFF);
	assert_int_equal(value_of(m, "on/none", CGX_F_PROCS), 0);
	/* the controller is enabled */
	put(m, CG "on/none/cgroup.controllers", "memory\n");
	put(m, CG "on/none/memory.current", "1\n");
	put(m, CG "on/cgroup.subtree_control", "memory\n");
	pass(m);
	pass(m);
	assert_int_equal(value_of(m, "on/none", CGX_F_MEMORY), 1);
}

static void test_io(void **state)
{
	const struct sample_file *f = sample_files;
	uint64_t v[CGX_FIGURES];

	(void)state;
	while (strcmp(f->name, "io.stat"))
		f++;
	assert_true(f->parse(f, "8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0\n8:16 rbytes=5 wios=8\n", v) == f->figures);
	assert_int_equal(v[CGX_F_READ], 15);
	assert_int_equal(v[CGX_F_WRITTEN], 20);
	assert_int_equal(v[CGX_F_READS], 1);
	assert_int_equal(v[CGX_F_WRITES], 10);
	while (strcmp(f->name, "blkio.throttle.io_service_bytes_recursive"))
		f--;
	f->parse(f, "8:0 Read 3\n8:0 Write 4\n8:0 Sync 9\n8:0 Total 7\n8:16 Read 5\nTotal 12\n", v);
	assert_int_equal(v[CGX_F_READ], 8);
	assert_int_equal(v[CGX_F_WRITTEN], 4);
	while (strcmp(f->name, "memory.usage_in_bytes"))
		f--;
	assert_true(f->parse(f, "", v) == 0);
	assert_true(f->parse(f, "99999999999999999999999\n", v) == 0);
}

static void test_more_of_one(void **state)
{
	struct machine *m = *state;

	pids_group(m, "a", "1\n", "max\n");
	put(m, CG "pids/a/pids.peak", "44\n");
	pids_group(m, "b", "2\n", "max\n");
	put(m, CG "pids/b/pids.peak", "45\n");
	sample(m, "/", CGX_F_BIT(CGX_F_PIDS));
	assert_int_equal(state_of(m, "a", CGX_F_PIDS_PEAK), CGX_STATE_PENDING);
	cgx_sampler_want(m->s, find(m, "a"), CGX_F_BIT(CGX_F_PIDS_PEAK));
	pass(m);
	assert_int_equal(value_of(m, "a", CGX_F_PIDS_PEAK), 44);
	assert_int_equal(state_of(m, "b", CGX_F_PIDS_PEAK), CGX_STATE_PENDING);
	cgx_sampler_want(m->s, find(m, "a"), 0);
	pass(m);
	assert_int_equal(state_of(m, "a", CGX_F_PIDS_PEAK), CGX_STATE_PENDING);
}

/* ---- limits ---- */

static void check_limits(struct machine *m, int passes)
{
	size_t by;

	pids_group(m, "web", "3\n", "100\n");
	pids_group(m, "web/api", "2\n", "max\n");
	pids_group(m, "web/api/one", "1\n", "50\n");
	sample(m, "web/api", CGX_F_BIT(CGX_F_PIDS) | CGX_F_BIT(CGX_F_PIDS_MAX));
	if (passes > 1) {
		sample_free(m->s); /* as if there were no inotify */
		close(m->s->inotify);
		m->s->inotify = -1;
		m->s->root = node_new(m->s, "web/api", ++m->s->next_id);
		pass(m);
		assert_true(*cgx_sampler_note(m->s));
	}
	assert_int_equal(cgx_sampler_count(m->s), 2);
	assert_int_equal(limit_of(m, "web/api", CGX_F_PIDS_MAX, &by), 100);
	assert_true(by == SIZE_MAX); /* above those that are sampled */
	assert_string_equal(cgx_sampler_limit_path(m->s, 0, CGX_F_PIDS_MAX), "web");
	assert_string_equal(cgx_sampler_limit_path(m->s, 0, CGX_F_MEMORY_MAX), "");
	assert_int_equal(limit_of(m, "web/api/one", CGX_F_PIDS_MAX, &by), 50);
	assert_int_equal(by, 1);
	assert_string_equal(cgx_sampler_limit_path(m->s, 1, CGX_F_PIDS_MAX), "web/api/one");
	put(m, CG "pids/web/pids.max", "40\n");
	put(m, CG "pids/web/api/pids.max", "30\n");
	for (int i = 0; i < passes; i++)
		pass(m);
	assert_int_equal(limit_of(m, "web/api/one", CGX_F_PIDS_MAX, &by), 30);
	assert_int_equal(by, 0);
	put(m, CG "pids/web/api/pids.max", "max\n");
	for (int i = 0; i < passes; i++)
		pass(m);
	assert_int_equal(limit_of(m, "web/api", CGX_F_PIDS_MAX, &by), 40);
	assert_true(by == SIZE_MAX);
}

static void test_limits(void **state)
{
	check_limits(*state, 1);
}

static void test_limits_unwatched(void **state)
{
	check_limits(*state, 8);
}

/* A limit that nobody wrote is not read again. */
static void test_limits_cached(void **state)
{
	struct machine *m = *state;
	struct node *n;

	pids_group(m, "web", "3\n", "100\n");
	sample(m, "web", CGX_F_BIT(CGX_F_PIDS) | CGX_F_BIT(CGX_F_PIDS_MAX));
	n = m->s->order[0];
	n->value[CGX_F_PIDS_MAX] = 12345;
	for (int i = 0; i < 20; i++)
		pass(m);
	assert_int_equal(value_of(m, "web", CGX_F_PIDS_MAX), 12345);
	put(m, CG "pids/web/pids.max", "9\n");
	pass(m);
	assert_int_equal(value_of(m, "web", CGX_F_PIDS_MAX), 9);
}

/* ---- groups that come and go ---- */

static void stop_notices(struct machine *m)
{
	sample_free(m->s);
	close(m->s->inotify);
	m->s->inotify = -1;
	m->s->root = node_new(m->s, "", ++m->s->next_id);
	pass(m);
}

static void check_coming(struct machine *m, int notices)
{
	uint64_t id, other;

	pids_group(m, "b", "2\n", "max\n");
	pids_group(m, "c/deep", "3\n", "max\n");
	sample(m, "/", CGX_F_BIT(CGX_F_PIDS));
	if (!notices)
		stop_notices(m);
	id = id_of(m, "b");
	pids_group(m, "a", "1\n", "max\n");
	make_dirs(m, CG "memory/b");
	put(m, CG "pids/b/pids.current", "22\n");
	pass(m);
	assert_int_equal(cgx_sampler_count(m->s), 5);
	assert_int_equal(find(m, "a"), 1);
	assert_int_equal(find(m, "c/deep"), 4);
	assert_int_equal(id_of(m, "b"), id);
	assert_int_equal(value_of(m, "b", CGX_F_PIDS), 22);
	remove_all(m, CG "pids/c");
	remove_all(m, CG "pids/b");
	pass(m);
	pass(m);
	assert_int_equal(cgx_sampler_count(m->s), 3); /* b is in memory yet */
	assert_int_equal(state_of(m, "b", CGX_F_PIDS), CGX_STATE_OFF);
	remove_all(m, CG "memory/b");
	/* another one of the same name between two passes, with one below */
	other = id_of(m, "a");
	make_dirs(m, CG "pids/keep-the-number");
	remove_all(m, CG "pids/a");
	make_dirs(m, CG "pids/takes-the-number");
	pids_group(m, "a", "5\n", "max\n");
	pids_group(m, "a/below", "4\n", "max\n");
	pass(m);
	pass(m);
	assert_true(find(m, "b") == SIZE_MAX);
	assert_true(id_of(m, "a") != other);
	assert_int_equal(value_of(m, "a", CGX_F_PIDS), 5);
	assert_int_equal(value_of(m, "a/below", CGX_F_PIDS), 4);
	put(m, CG "pids/a/below/pids.current", "6\n");
	pids_group(m, "a/below/more", "1\n", "max\n");
	pass(m);
	pass(m);
	assert_int_equal(value_of(m, "a/below", CGX_F_PIDS), 6);
	assert_int_equal(value_of(m, "a/below/more", CGX_F_PIDS), 1);
}

static void test_coming(void **state)
{
	check_coming(*state, 1);
}

static void test_coming_unwatched(void **state)
{
	check_coming(*state, 0);
}

static void test_start_goes(void **state)
{
	struct machine *m = *state;
	uint64_t id, before;

	pids_group(m, "web/one", "1\n", "max\n");
	sample(m, "web", CGX_F_BIT(CGX_F_PIDS));
	id = id_of(m, "web");
	make_dirs(m, CG "pids/takes-the-number");
	remove_all(m, CG "pids/web");
	assert_int_equal(cgx_sampler_pass(m->s), -ENOENT);
	assert_string_equal(cgx_error(m->cgx), "web: read the group: it has been removed");
	assert_int_equal(cgx_sampler_count(m->s), 0);
	make_dirs(m, CG "pids/takes-another");
	pids_group(m, "web", "8\n", "max\n");
	pass(m);
	assert_int_equal(value_of(m, "web", CGX_F_PIDS), 8);
	assert_true(id_of(m, "web") != id);
	assert_int_not_equal(cgx_sampler_before(m->s, 0, CGX_F_PIDS, &before), CGX_STATE_OK);
	assert_int_equal(cgx_sampler_open(m->cgx, "nosuch", 1, &m->s), -ENOENT);
}

/* "." lies elsewhere in each hierarchy. */
static void test_own(void **state)
{
	struct machine *m = *state;

	pids_group(m, "other/x", "4\n", "max\n");
	make_dirs(m, CG "memory/own/x");
	put(m, CG "memory/own/x/memory.usage_in_bytes", "4096\n");
	sample(m, ".", CGX_F_BIT(CGX_F_PIDS) | CGX_F_BIT(CGX_F_MEMORY));
	assert_int_equal(value_of(m, "./x", CGX_F_PIDS), 4);
	assert_int_equal(value_of(m, "./x", CGX_F_MEMORY), 4096);
}

/* ---- few descriptors, many levels ---- */

static void test_descriptors(void **state)
{
	struct machine *m = *state;
	struct rlimit old, few;
	char name[32];

	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "g%03d", i);
		pids_group(m, name, "7\n", "max\n");
	}
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = (struct rlimit){ 64, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	sample(m, "/", CGX_F_BIT(CGX_F_PIDS) | CGX_F_BIT(CGX_F_PIDS_PEAK));
	for (int i = 0; i < 3; i++)
		pass(m);
	assert_int_equal(cgx_sampler_count(m->s), 301);
	for (size_t i = 1; i < 301; i++) {
		uint64_t n;

		assert_int_equal(cgx_sampler_value(m->s, i, CGX_F_PIDS, &n), CGX_STATE_OK);
		assert_int_equal(n, 7);
	}
	assert_true(m->s->n_fds > 20 && m->s->n_fds <= 48);
	/* others take what was left over */
	while (dup(1) >= 0)
		;
	assert_int_equal(errno, EMFILE);
	pass(m);
	for (size_t i = 1; i < 301; i++)
		assert_int_equal(m->s->order[i]->state[CGX_F_PIDS], CGX_STATE_OK);
	for (int fd = 63; fd > 2; fd--)
		if (fd != m->cgx->fs.fd && fd != m->s->inotify) {
			int mine = 0;

			for (size_t i = 0; i < m->cgx->n_hier; i++)
				mine |= m->cgx->hier[i].fd == fd;
			for (struct node *n = m->s->root; n; n = node_next(n, m->s->root, 1)) {
				for (size_t k = 0; k < m->s->n_active; k++)
					mine |= n->fd[k] == fd;
				for (size_t k = 0; k < m->s->n_trees; k++)
					mine |= n->place[k].dir == fd;
			}
			if (!mine)
				close(fd);
		}
	pass(m);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	pass(m);
	assert_true(m->s->n_fds > 300);
}

static void test_depth(void **state)
{
	struct machine *m = *state;
	char path[CGX_PATH_MAX] = "d";

	for (int i = 0; i < 700; i++)
		strcat(path, "/d");
	pids_group(m, path, "1\n", "max\n");
	sample(m, "/", CGX_F_BIT(CGX_F_PIDS));
	assert_int_equal(cgx_sampler_count(m->s), 702);
	assert_int_equal(value_of(m, path, CGX_F_PIDS), 1);
	remove_all(m, CG "pids/d");
	pass(m);
	pass(m);
	assert_int_equal(cgx_sampler_count(m->s), 1);
}

/* ---- the map that finds a place by the number of its watch ---- */

static void test_map(void **state)
{
	struct map map = { 0 };
	static char thing[5000];

	(void)state;
	assert_null(map_get(&map, 1));
	map_remove(&map, 1);
	for (uint64_t k = 1; k < 5000; k++)
		assert_int_equal(map_put(&map, k * 64, &thing[k]), 0);
	for (uint64_t k = 1; k < 5000; k += 2)
		map_remove(&map, k * 64);
	assert_int_equal(map.n, 2499);
	for (uint64_t k = 1; k < 5000; k++)
		assert_ptr_equal(map_get(&map, k * 64), k % 2 ? NULL : &thing[k]);
	assert_int_equal(map_put(&map, 128, &thing[0]), 0);
	assert_ptr_equal(map_get(&map, 128), &thing[0]);
	assert_int_equal(map.n, 2499);
	map_free(&map);
}

#define HYBRID(test) cmocka_unit_test_setup_teardown(test, hybrid_machine, end_machine)

/* ---- what BPF tells ---- */

static const struct sample_file *file_of(int version, const char *name, cgx_set controller)
{
	for (size_t i = 0; i < sample_files_count(); i++)
		if (sample_files[i].version == version && !strcmp(sample_files[i].name, name) &&
		    (sample_files[i].controller == controller || !controller))
			return &sample_files[i];
	assert_null(name);
	return NULL;
}

static void test_raw_figures(void **state)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), v[CGX_FIGURES], got = 0;
	struct sample_raw raw = {
		.id = 7, .usage = 3, .max = (uint64_t)INT64_MAX / page, .peak = 9, .hits = 4, .kills = 2, .swap = 5, .pids = 6,
		.pids_max = 4194305, .pids_peak = 8, .denied = 1, .populated = 1, .frozen = 1,
		.has = RAW_MEMORY | RAW_MEMORY_MAX | RAW_PEAK | RAW_HITS | RAW_KILLS | RAW_SWAP | RAW_PIDS | RAW_PIDSPEAK | RAW_DENIED |
		       RAW_CORE,
	};

	(void)state;
	assert_int_equal(raw_values(file_of(2, "memory.current", 0), &raw, v, &got), 1);
	assert_int_equal(got, CGX_F_BIT(CGX_F_MEMORY));
	assert_int_equal(v[CGX_F_MEMORY], 3 * page);
	assert_int_equal(raw_values(file_of(1, "memory.limit_in_bytes", 0), &raw, v, &got), 1);
	assert_int_equal(v[CGX_F_MEMORY_MAX], UINT64_MAX);
	raw.max = 1;
	assert_int_equal(raw_values(file_of(2, "memory.max", 0), &raw, v, &got), 1);
	assert_int_equal(v[CGX_F_MEMORY_MAX], page);
	assert_int_equal(raw_values(file_of(2, "memory.events.local", 0), &raw, v, &got), 1);
	assert_int_equal(got, CGX_F_BIT(CGX_F_LIMIT_HITS) | CGX_F_BIT(CGX_F_OOM_KILLS));
	assert_int_equal(v[CGX_F_LIMIT_HITS], 4);
	assert_int_equal(v[CGX_F_OOM_KILLS], 2);
	assert_int_equal(raw_values(file_of(1, "pids.max", 0), &raw, v, &got), 1);
	assert_int_equal(v[CGX_F_PIDS_MAX], UINT64_MAX);
	raw.pids_max = 4194304; /* the most that can be written */
	assert_int_equal(raw_values(file_of(1, "pids.max", 0), &raw, v, &got), 1);
	assert_int_equal(v[CGX_F_PIDS_MAX], 4194304);
	assert_int_equal(raw_values(file_of(2, "cgroup.events", 0), &raw, v, &got), 1);
	assert_int_equal(v[CGX_F_POPULATED], 1);
	assert_int_equal(v[CGX_F_FROZEN], 1);
}

static void test_raw_lacks(void **state)
{
	uint64_t v[CGX_FIGURES], got = 77;
	struct sample_raw raw = { .id = 7, .has = RAW_MEMORY | RAW_CORE };

	(void)state;
	/* the controller is there, this kernel has no such counter: its file shall say */
	assert_int_equal(raw_values(file_of(2, "memory.peak", 0), &raw, v, &got), -1);
	/* the controller is off; on v1 there is no such thing */
	assert_int_equal(raw_values(file_of(2, "pids.current", 0), &raw, v, &got), 0);
	assert_int_equal(raw_values(file_of(1, "pids.current", 0), &raw, v, &got), -1);
	/* nobody tells it by BPF */
	assert_int_equal(raw_values(file_of(2, "memory.stat", 0), &raw, v, &got), -1);
	assert_int_equal(raw_values(file_of(1, "memory.stat", 0), &raw, v, &got), -1);
	assert_int_equal(raw_values(file_of(2, "cpu.stat", 0), &raw, v, &got), -1);
	/* the root's files are others */
	raw.has |= RAW_ROOT;
	assert_int_equal(raw_values(file_of(2, "memory.current", 0), &raw, v, &got), -1);
	assert_int_equal(got, 77);
	assert_int_equal(raw_wanted(file_of(1, "memory.failcnt", 0), CGX_F_BIT(CGX_F_MEMORY)), 0);
	assert_int_equal(raw_wanted(file_of(1, "memory.failcnt", 0), CGX_F_BIT(CGX_F_LIMIT_HITS)), RAW_MEMORY | RAW_HITS);
	assert_int_equal(raw_wanted(file_of(2, "memory.events.local", 0), CGX_F_BIT(CGX_F_LIMIT_HITS)), RAW_MEMORY | RAW_HITS | RAW_KILLS);
}

static uint64_t inode(const struct machine *m, const char *path)
{
	struct stat st;

	assert_int_equal(stat(at(m, path), &st), 0);
	return st.st_ino;
}

static size_t tree_named(const struct machine *m, const char *name)
{
	for (size_t i = 0; i < m->s->n_trees; i++)
		if (!strcmp(m->s->tree[i]->name, name))
			return i;
	assert_null(name);
	return 0;
}

/* The sampler as it is when BPF is in use; what would have been told is handed in. */
static size_t as_by_bpf(struct machine *m)
{
	size_t tree;

	m->s->bpf = (void *)m; /* is looked at by nobody but for being there */
	assert_int_equal(tree_by_bpf(m->s), 0);
	tree = tree_named(m, "pids");
	for (size_t i = 0; i < m->s->n_active; i++)
		if (!strcmp(m->s->active[i].file->name, "pids.current")) {
			m->s->by_bpf[tree] = 1ull << i;
			m->s->proof[i] = (struct proof){ .n = PROOFS };
		}
	m->s->wanted = ALL;
	return tree;
}

/* A pass over what was handed in. */
static void take_all(const struct machine *m)
{
	for (struct node *n = m->s->root; n; n = node_next(n, m->s->root, 1))
		assert_int_equal(seen_read(m->s, n), 0);
	m->s->pass++;
}

static struct node *node_at(const struct machine *m, const char *path)
{
	return m->s->order[find(m, path)];
}

static void test_seen(void **state)
{
	struct machine *m = *state;
	struct sample_raw raw[3] = { { .has = RAW_PIDS, .pids = 70 }, { .has = RAW_PIDS, .pids = 71 }, { .has = RAW_PIDS, .pids = 72 } };
	size_t tree;

	pids_group(m, "web", "1\n", "max\n");
	pids_group(m, "web/a", "2\n", "max\n");
	pids_group(m, "web/b", "3\n", "max\n");
	sample(m, "web", ALL);
	tree = as_by_bpf(m);
	assert_int_equal(m->s->places[tree], 3);
	raw[0].id = inode(m, CG "pids/web");
	raw[1].id = inode(m, CG "pids/web/b"); /* in the order in which they were made, whatever it was */
	raw[2].id = inode(m, CG "pids/web/a");
	raw[1].parent = raw[2].parent = raw[0].id;
	m->s->listing = 0;
	assert_int_equal(seen_match(m->s, tree, raw, 3), 0);
	take_all(m);
	assert_int_equal(node_at(m, "web/b")->value[CGX_F_PIDS], 71);
	assert_int_equal(node_at(m, "web/a")->value[CGX_F_PIDS], 72);
	assert_false(m->s->listing);
	/* one is gone: it alone leaves, and nobody need look */
	m->s->again = 0;
	node_at(m, "web")->place[tree].stale = 0;
	assert_int_equal(seen_match(m->s, tree, raw, 2), 0);
	assert_int_equal(node_at(m, "web/a")->in, 0);
	assert_true(node_at(m, "web/b")->in);
	assert_false(node_at(m, "web")->place[tree].stale);
	/* one that nobody knows: who is above it is to be listed */
	m->s->pass++;
	raw[2].id = 987654321;
	assert_int_equal(seen_match(m->s, tree, raw, 3), 0);
	assert_true(node_at(m, "web")->place[tree].stale);
	assert_true(m->s->listing);
	/* another name */
	m->s->pass++;
	node_at(m, "web")->place[tree].stale = 0;
	raw[1].hash = 5;
	assert_int_equal(seen_match(m->s, tree, raw, 2), 0);
	assert_true(node_at(m, "web")->place[tree].stale);
	/* the start itself */
	m->s->pass++;
	assert_int_equal(seen_match(m->s, tree, raw, 0), 0);
	assert_int_equal(m->s->root->in, 0);
	assert_int_equal(m->s->places[tree], 0);
}

static uint64_t pids_at(const struct machine *m, const char *path, int before)
{
	size_t i = find(m, path);
	uint64_t n = 0;

	assert_int_equal((before ? cgx_sampler_before : cgx_sampler_value)(m->s, i, CGX_F_PIDS, &n), CGX_STATE_OK);
	return n;
}

/* A group of which the same is told as before is left alone, and has its figures all the same. */
static void test_quiet(void **state)
{
	struct machine *m = *state;
	struct sample_raw raw[3] = { { .has = RAW_PIDS, .pids = 3 }, { .has = RAW_PIDS, .pids = 1 }, { .has = RAW_PIDS, .pids = 2 } };
	size_t tree;

	pids_group(m, "web", "9\n", "max\n");
	pids_group(m, "web/a", "9\n", "max\n");
	pids_group(m, "web/b", "9\n", "max\n");
	sample(m, "web", CGX_F_BIT(CGX_F_PIDS));
	tree = as_by_bpf(m);
	raw[0].id = inode(m, CG "pids/web");
	raw[1].id = inode(m, CG "pids/web/a");
	raw[2].id = inode(m, CG "pids/web/b");
	assert_int_equal(seen_match(m->s, tree, raw, 3), 0);
	assert_true(node_at(m, "web/a")->fresh);
	take_all(m);
	assert_int_equal(pids_at(m, "web/a", 0), 1);
	assert_int_equal(pids_at(m, "web/a", 1), 9);
	assert_true(node_at(m, "web/a")->whole);
	raw[2].pids = 5;
	assert_int_equal(seen_match(m->s, tree, raw, 3), 0);
	assert_false(node_at(m, "web/a")->fresh);
	assert_true(node_at(m, "web/b")->fresh);
	take_all(m);
	assert_int_not_equal(node_at(m, "web/a")->begun, m->s->pass);
	assert_int_equal(pids_at(m, "web/a", 0), 1);
	assert_int_equal(pids_at(m, "web/a", 1), 1); /* it has not grown since */
	assert_int_equal(pids_at(m, "web/b", 0), 5);
	assert_int_equal(pids_at(m, "web/b", 1), 2);
	/* somebody wants more of it than was told */
	cgx_sampler_want(m->s, find(m, "web/a"), CGX_F_BIT(CGX_F_PIDS_MAX));
	m->s->extra = 0;
	assert_int_equal(seen_match(m->s, tree, raw, 3), 0);
	take_all(m);
	assert_int_equal(node_at(m, "web/a")->state[CGX_F_PIDS_MAX], CGX_STATE_OK);
	assert_int_equal(m->s->extra, CGX_F_BIT(CGX_F_PIDS_MAX));
	/* one goes: the records of others move up, and are theirs */
	node_at(m, "web/a")->whole = node_at(m, "web/b")->whole = 1;
	raw[1] = raw[2];
	assert_int_equal(seen_match(m->s, tree, raw, 2), 0);
	take_all(m);
	assert_int_equal(node_at(m, "web/a")->in, 0);
	assert_int_equal(pids_at(m, "web/b", 0), 5);
	/* and another that nobody knows stands where it was */
	raw[1].id = 987654321;
	raw[2].id = inode(m, CG "pids/web/b");
	raw[2].pids = 6;
	assert_int_equal(seen_match(m->s, tree, raw, 3), 0);
	take_all(m);
	assert_int_equal(pids_at(m, "web/b", 0), 6);
}

/* What is told of the source of a figure is so: each file says something else than BPF. */
static void test_source(void **state)
{
	static const uint64_t all = RAW_MEMORY | RAW_MEMORY_MAX | RAW_PEAK | RAW_HITS | RAW_KILLS | RAW_SWAP | RAW_PIDS | RAW_PIDSPEAK |
				    RAW_DENIED | RAW_CORE;
	struct machine *m = *state;
	struct sample_raw raw = { .usage = 3, .max = 3, .peak = 3, .hits = 3, .kills = 3, .swap = 3, .pids = 3, .pids_max = 3,
				  .pids_peak = 3, .denied = 3, .populated = 1, .frozen = 1 };
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	unsigned by_bpf = 0;
	const char *why;

	make_dirs(m, CG "on");
	put(m, CG "on/cgroup.controllers", "memory pids\n");
	put(m, CG "on/cgroup.events", "populated 0\nfrozen 0\n");
	put(m, CG "on/cgroup.procs", "");
	put(m, CG "on/memory.current", "1\n");
	put(m, CG "on/memory.max", "1\n");
	put(m, CG "on/memory.peak", "1\n");
	put(m, CG "on/memory.stat", "inactive_file 1\n");
	put(m, CG "on/memory.swap.current", "1\n");
	put(m, CG "on/memory.events.local", "max 1\noom_kill 1\n");
	put(m, CG "on/pids.current", "1\n");
	put(m, CG "on/pids.max", "1\n");
	put(m, CG "on/pids.peak", "1\n");
	put(m, CG "on/pids.events.local", "max 1\n");
	put(m, CG "on/cpu.stat", "usage_usec 1\n");
	sample(m, "on", ALL);
	m->s->bpf = (void *)m;
	assert_int_equal(tree_by_bpf(m->s), 0);
	raw.id = inode(m, CG "on");
	/* all that can be, then without each part, without each file's proof, and with less that is wanted */
	for (unsigned i = 0; i < 16 + m->s->n_active + CGX_FIGURES; i++) {
		uint64_t said;

		m->s->wanted = m->s->figures = i >= 16 + m->s->n_active ? ALL & ~CGX_F_BIT(i - 16 - m->s->n_active) : ALL;
		raw.has = (unsigned)(all & ~(i < 16 ? 1u << i : 0));
		for (size_t k = 0; k < m->s->n_active; k++) {
			m->s->by_bpf[0] |= 1ull << k;
			m->s->proof[k] = (struct proof){ .n = PROOFS, .n_off = PROOFS, .wrong = 16 + k == i ? PROOFS : 0 };
		}
		node_at(m, "on")->whole = 0;
		assert_int_equal(seen_match(m->s, 0, &raw, 1), 0);
		take_all(m);
		said = cgx_sampler_by_bpf(m->s, &why);
		for (unsigned k = 0; k < CGX_FIGURES; k++) {
			uint64_t n = 1;

			if (cgx_sampler_value(m->s, find(m, "on"), k, &n) != CGX_STATE_OK || !(m->s->wanted >> k & 1))
				n = 0;
			if (k == CGX_F_POPULATED || k == CGX_F_FROZEN) /* 1 and 0 */
				n *= 3;
			by_bpf += said >> k & 1;
			assert_int_equal(said >> k & 1, n == 3 || n == 3 * page);
		}
	}
	assert_true(by_bpf > 300);
}

/* What does not agree with its file is not taken. */
static void test_proof(void **state)
{
	struct machine *m = *state;
	struct sample_raw raw[PROOFS + 1] = { { 0 } };
	char name[64];
	size_t tree, i;

	pids_group(m, "web", "1\n", "max\n");
	for (i = 1; i <= PROOFS; i++) {
		snprintf(name, sizeof(name), "web/g%02zu", i);
		pids_group(m, name, "2\n", "max\n");
	}
	sample(m, "web", ALL);
	tree = as_by_bpf(m);
	memset(m->s->proof, 0, sizeof(m->s->proof));
	for (i = 0; i <= PROOFS; i++) {
		snprintf(name, sizeof(name), CG "pids/web/g%02zu", i);
		raw[i] = (struct sample_raw){ .id = inode(m, i ? name : CG "pids/web"), .has = RAW_PIDS, .pids = i ? 2 : 1 };
	}
	assert_int_equal(seen_match(m->s, tree, raw, PROOFS + 1), 0);
	take_all(m);
	assert_int_equal(node_at(m, "web/g16")->told, m->s->by_bpf[tree]); /* the last, after all others */
	assert_int_equal(node_at(m, "web/g15")->told, 0);
	memset(m->s->proof, 0, sizeof(m->s->proof));
	for (i = 0; i <= PROOFS; i++)
		raw[i].pids = 12345;
	assert_int_equal(seen_match(m->s, tree, raw, PROOFS + 1), 0);
	take_all(m);
	assert_int_equal(m->s->by_bpf[tree], 0);
	assert_int_equal(node_at(m, "web/g16")->told, 0);
}

/* No real cgroups, or nobody who may: files go on to be read. */
static void test_no_bpf(void **state)
{
	struct machine *m = *state;
	const char *why;

	pids_group(m, "web", "1\n", "max\n");
	sample(m, "web", ALL);
	assert_int_equal(cgx_sampler_by_bpf(m->s, &why), 0);
	assert_string_equal(why, "");
	assert_true(cgx_sampler_bpf(m->s, 1) < 0);
	assert_int_equal(cgx_sampler_by_bpf(m->s, &why), 0);
	assert_true(*why);
	assert_int_equal(cgx_sampler_bpf(m->s, 0), 0);
	put(m, CG "pids/web/pids.current", "5\n");
	pass(m);
	assert_int_equal(value_of(m, "web", CGX_F_PIDS), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_map), cmocka_unit_test(test_io), HYBRID(test_v1),
		cmocka_unit_test_setup_teardown(test_v2, unified_machine, end_machine),
		HYBRID(test_more_of_one), HYBRID(test_limits), HYBRID(test_limits_unwatched), HYBRID(test_limits_cached),
		HYBRID(test_coming), HYBRID(test_coming_unwatched), HYBRID(test_start_goes), HYBRID(test_own),
		HYBRID(test_descriptors), HYBRID(test_depth),
		cmocka_unit_test(test_raw_figures), cmocka_unit_test(test_raw_lacks), HYBRID(test_seen), HYBRID(test_quiet),
		cmocka_unit_test_setup_teardown(test_source, unified_machine, end_machine),
		HYBRID(test_proof),
		HYBRID(test_no_bpf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
