/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzz: plans. Input: lines; the first names a group, "+" plans to make it, "-" to remove it, NAME=VALUE to set a value.
 * It is planned, carried out and undone on three small machines of plain files, which must be as before.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "fuzz.h"

#define MOUNTS_MAX 4

struct machine {
	const char *name, *mountinfo, *cgroups, *self;
	struct {
		const char *mount, *group, *files; /* NAME=TEXT, one a line */
	} dir[MOUNTS_MAX];
};

#define V2_FILES                                                                                                   \
	"memory.max=1048576\nmemory.high=max\nmemory.swap.max=max\nmemory.oom.group=0\npids.max=max\ncpu.weight=100\n" \
	"cpu.max=max 100000\ncpuset.cpus=0-1\nio.max=\ncgroup.freeze=0\nodd.file=x\n"
#define V2_CORE "cgroup.controllers=cpuset cpu io memory pids\ncgroup.subtree_control=cpuset cpu io memory pids\ncgroup.procs=\n"
#define V1_MEMORY                                                                                                 \
	"tasks=\ncgroup.procs=\nmemory.limit_in_bytes=1048576\nmemory.memsw.limit_in_bytes=2097152\n"                 \
	"memory.soft_limit_in_bytes=9223372036854771712\nmemory.swappiness=60\nmemory.oom_control=oom_kill_disable 0\n"
#define V1_CPU "tasks=\ncgroup.procs=\ncpu.shares=1024\ncpu.cfs_quota_us=-1\ncpu.cfs_period_us=100000\n"
#define V1_PIDS "tasks=\ncgroup.procs=\npids.max=100\n"

static const struct machine machines[] = {
	{ "unified", "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
	  "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t0\t2\t1\ncpu\t0\t2\t1\nblkio\t0\t2\t1\nmemory\t0\t2\t1\npids\t0\t2\t1\n",
	  "0::/\n", { { "", "", V2_CORE }, { "", "a", V2_CORE V2_FILES }, { "", "a/b\\x2dc", V2_CORE V2_FILES } } },
	{ "legacy",
	  "31 23 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n32 23 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
	  "33 23 0:30 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n",
	  "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t2\t2\t1\nmemory\t1\t2\t1\npids\t3\t1\t1\n",
	  "3:pids:/\n2:cpu:/a\n1:memory:/\n", { { "memory", "a", V1_MEMORY }, { "cpu", "a", V1_CPU }, { "pids", "a", V1_PIDS } } },
	{ "hybrid",
	  "31 23 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n32 23 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
	  "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t0\t2\t1\nmemory\t1\t2\t1\npids\t0\t1\t1\n",
	  "1:memory:/a\n0::/\n", { { "memory", "a", V1_MEMORY },
		{ "unified", "", "cgroup.controllers=cpu pids\ncgroup.subtree_control=cpu pids\ncgroup.procs=\n" },
		{ "unified", "a", "cgroup.controllers=cpu pids\ncgroup.subtree_control=\ncgroup.procs=\ncpu.weight=100\n"
				  "cpu.max=max 100000\npids.max=max\n" } } },
};

static char top[] = "/tmp/cgx-fuzz-XXXXXX";
static int top_fd;

/* ---- the machines ---- */

#define must(holds) ((holds) ? (void)0 : failed(__LINE__, #holds))

static void failed(int line, const char *what)
{
	fprintf(stderr, "fuzz-plan.c:%d: %s\n", line, what);
	abort();
}

static void make_dirs(const char *path)
{
	AUTO_FREE char *part = strdup(path);

	for (char *s = part + 1; (s = strchr(s, '/')); *s++ = '/') {
		*s = '\0';
		mkdir(part, 0700);
	}
	mkdir(part, 0700);
}

static void put(const char *dir, const char *name, const char *text, size_t len)
{
	AUTO_BUF struct buf path = { 0 };
	int fd;

	make_dirs(dir);
	buf_printf(&path, "%s/%s", dir, name);
	fd = open(buf_text(&path), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	must(fd >= 0 && write(fd, text, len) == (ssize_t)len);
	close(fd);
}

static void put_files(const char *dir, const char *files)
{
	for (const char *s = files; s && *s; s = strchr(s, '\n') + 1) {
		size_t name = strcspn(s, "="), text = strcspn(s + name + 1, "\n");
		AUTO_FREE char *n = strndup(s, name);

		put(dir, n, s + name + 1, text);
	}
}

static void group_dir(const struct machine *m, size_t i, struct buf *ret)
{
	buf_reset(ret);
	buf_printf(ret, "%s/%s/sys/fs/cgroup/%s/%s", top, m->name, m->dir[i].mount, m->dir[i].group);
}

static void make_machine(const struct machine *m)
{
	AUTO_BUF struct buf dir = { 0 };

	buf_printf(&dir, "%s/%s/proc", top, m->name);
	put(buf_text(&dir), "cgroups", m->cgroups, strlen(m->cgroups));
	buf_puts(&dir, "/self");
	put(buf_text(&dir), "cgroup", m->self, strlen(m->self));
	put(buf_text(&dir), "mountinfo", m->mountinfo, strlen(m->mountinfo));
	for (size_t i = 0; i < MOUNTS_MAX && m->dir[i].files; i++) {
		group_dir(m, i, &dir);
		put_files(buf_text(&dir), m->dir[i].files);
	}
}

static void remove_all(void)
{
	AUTO_BUF struct buf command = { 0 };

	buf_printf(&command, "rm -rf %s", top);
	must(!system(buf_text(&command)));
}

/* A file of plain text holds what was last written, a keyed one of the kernel adds it to what is there. */
static int is_plain(const char *name, size_t len)
{
	static const char *const keyed[] = { "io.max", "cgroup.subtree_control", "memory.oom_control", "cgroup.procs", "tasks" };

	for (size_t i = 0; i < COUNT_OF(keyed); i++)
		if (strlen(keyed[i]) == len && !memcmp(name, keyed[i], len))
			return 0;
	return 1;
}

static void as_before(const struct machine *m)
{
	AUTO_BUF struct buf path = { 0 }, now = { 0 };

	for (size_t i = 0; i < MOUNTS_MAX && m->dir[i].files; i++)
		for (const char *s = m->dir[i].files; *s; s = strchr(s, '\n') + 1) {
			size_t name = strcspn(s, "="), text = strcspn(s + name + 1, "\n");

			group_dir(m, i, &path);
			buf_printf(&path, "/%.*s", (int)name, s);
			must(!fs_read(top_fd, buf_text(&path) + strlen(top), &now));
			if (is_plain(s, name) && (now.len != text || memcmp(buf_text(&now), s + name + 1, text))) {
				fprintf(stderr, "%s: %s\n", buf_text(&path), buf_text(&now));
				abort();
			}
		}
}

/* ---- plans ---- */

/* Steps stay in their group and name one file. */
static void check_steps(struct cgx_plan *p)
{
	struct cgx_step s;

	for (size_t i = 0; !cgx_plan_step(p, i, &s); i++)
		must(s.hierarchy && s.path && s.value && *cgx_verb_name(s.verb) != '?' && !strchr(s.file, '/') &&
		     !strstr(s.path, "/../") && strcmp(s.path, "..") && strncmp(s.path, "../", 3) && !s.done);
}

static int add_line(struct cgx_plan *p, struct cgx_group *g, char *line)
{
	char *value = strchr(line, '=');

	if (!strcmp(line, "+"))
		return cgx_plan_create(p, g, NULL);
	if (!strcmp(line, "-"))
		return cgx_plan_delete(p, g, CGX_DELETE_RECURSIVE);
	if (!value)
		return 0;
	*value = '\0';
	return cgx_plan_set(p, g, line, value + 1);
}

static int removes(struct cgx_plan *p)
{
	struct cgx_step s;

	for (size_t i = 0; !cgx_plan_step(p, i, &s); i++)
		if (s.verb == CGX_V_RMDIR)
			return 1;
	return 0;
}

static void try_plan(struct cgx *cgx, struct cgx_group *g, char *lines)
{
	struct cgx_plan *p;
	int r = 0;

	must(!cgx_plan_new(cgx, &p));
	for (char *line; !r && (line = strsep(&lines, "\n"));)
		r = add_line(p, g, line);
	check_steps(p);
	if (!r && !removes(p))
		r = cgx_plan_apply(p) ? -EIO : cgx_plan_undo(p);
	must(!r || *cgx_error(cgx));
	cgx_plan_free(p);
}

static void try_machine(const struct machine *m, const char *input)
{
	AUTO_BUF struct buf root = { 0 };
	AUTO_FREE char *text = strdup(input);
	char *lines = text, *path = strsep(&lines, "\n");
	struct cgx_group *g;
	struct cgx *cgx;

	buf_printf(&root, "%s/%s", top, m->name);
	must(!cgx_open(buf_text(&root), &cgx));
	if (cgx_group_open(cgx, path, 0, &g)) {
		must(*cgx_error(cgx));
	} else {
		try_plan(cgx, g, lines);
		cgx_group_close(g);
	}
	cgx_close(cgx);
	as_before(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *s = fuzz_text(data, size);

	if (strstr(top, "XXXXXX")) {
		must(mkdtemp(top) && !atexit(remove_all) && (top_fd = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC)) >= 0);
		for (size_t i = 0; i < COUNT_OF(machines); i++)
			make_machine(&machines[i]);
	}
	for (size_t i = 0; i < COUNT_OF(machines); i++)
		try_machine(&machines[i], s);
	return 0;
}
