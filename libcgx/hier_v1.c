/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How v1 hierarchies behave. */
#include "private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Documentation/admin-guide/cgroup-v1/cgroups.rst 2.2 gives each directory its own owner; these are
 * what somebody who runs a subtree must write. */
static const char *const delegate_files[] = { "tasks", "cgroup.procs", NULL };

static const char *const tasks_files[] = { "tasks", NULL };

static int populated(int dir)
{
	AUTO_BUF struct buf b = { 0 };
	struct fs_list l = { 0 };
	int r = fs_read(dir, "cgroup.procs", &b);

	if (r || b.len)
		return r ? r : 1;
	r = fs_list_dirs(dir, "", &l);
	for (size_t i = 0; r == 0 && i < l.n; i++) {
		AUTO_CLOSE int sub = fs_dir(dir, l.entry[i].name);

		if (sub >= 0)
			r = populated(sub);
	}
	fs_list_free(&l);
	return r;
}

static int kill_all(int dir)
{
	(void)dir;
	return -EOPNOTSUPP;
}

static int state_is(int dir, const char *want)
{
	AUTO_BUF struct buf b = { 0 };
	int r = fs_read(dir, "freezer.state", &b);

	return r ? r : !strncmp(b.s, want, strlen(want));
}

/* The kernel freezes what is there when asked; a task that forked meanwhile needs another asking. */
static int freeze(int dir, int frozen, int timeout_ms)
{
	const char *want = frozen ? "FROZEN" : "THAWED";
	int waited = 0, r;

	if (fs_exists(dir, "freezer.state") != 1)
		return -EOPNOTSUPP;
	for (;;) {
		r = fs_write(dir, "freezer.state", want);
		if (!r)
			r = state_is(dir, want);
		if (r)
			return r < 0 ? r : 0;
		if (timeout_ms >= 0 && waited >= timeout_ms)
			return -ETIMEDOUT;
		nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
		waited += 2;
	}
}

static int frozen(int dir)
{
	return !state_is(dir, "THAWED");
}

/* A frozen group cannot fork, nor can one whose pids.max is 0. A group that cannot be frozen within
 * a moment (a task in an uninterruptible wait) is killed all the same. */
static int hold(int dir, struct buf *kept)
{
	int r = freeze(dir, 1, 500);

	if (r != -EOPNOTSUPP)
		return r == -ETIMEDOUT ? 0 : r;
	r = fs_read(dir, "pids.max", kept);
	if (r)
		return -EOPNOTSUPP;
	return fs_write(dir, "pids.max", "0");
}

static void release(int dir, const char *kept)
{
	if (*kept)
		fs_write(dir, "pids.max", kept);
	else
		fs_write(dir, "freezer.state", "THAWED");
}

static int plan_enable(struct cgx_plan *p, struct cgx_hierarchy *h, const char *path, cgx_set need,
		       unsigned flags)
{
	(void)p, (void)h, (void)path, (void)need, (void)flags;
	return 0;
}

/* A new v1 cpuset is empty and takes no process until it has cpus and mems (cpusets.rst 2.1): it gets
 * its parent's. */
static int plan_ready(struct cgx_plan *p, struct cgx_hierarchy *h, const char *path)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };
	struct cgx *cgx = plan_cgx(p);
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *parent = strndup(path, slash ? (size_t)(slash - path) : 0);
	AUTO_BUF struct buf b = { 0 };

	if (!parent)
		return -ENOMEM;
	if (!(h->controllers & CGX_C_CPUSET))
		return 0;
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		const char *value = plan_pending(p, h, parent, files[i]);
		AUTO_CLOSE int dir = -1;
		int r = hier_fd(cgx, h);

		if (!value) {
			dir = r < 0 ? r : fs_dir(r, parent);
			r = dir < 0 ? dir : fs_read(dir, files[i], &b);
			if (r)
				return fail(cgx, r, files[i], "read", NULL);
			b.s[strcspn(b.s, "\n")] = '\0';
			value = b.s;
		}
		r = plan_add(p, CGX_V_WRITE, h, path, files[i], value);
		if (r)
			return r;
	}
	return 0;
}

static int explain_attach(struct cgx *cgx, struct cgx_hierarchy *h, int dir, const char *label, int err)
{
	if (err == -ENOSPC && h->controllers & CGX_C_CPUSET) {
		fail(cgx, err, label, "move a process in", "its cpuset.cpus or cpuset.mems is empty");
		advise(cgx, "set both first, for example: cgx-set %s cpuset.cpus=0 cpuset.mems=0", shell_word(cgx, label));
	} else if (err == -EINVAL && h->controllers & CGX_C_CPU) {
		fail(cgx, err, label, "move a process in",
		     "the process has real-time priority and the group has no cpu.rt_runtime_us");
		advise(cgx, "set cpu.rt_runtime_us of the group, or give the process another policy with chrt -o");
	} else if (frozen(dir)) {
		fail(cgx, err, label, "move a process in", "%s; the group is frozen", strerror(-err));
		advise(cgx, "thaw it first: cgx-set %s cgroup.freeze=0", shell_word(cgx, label));
	} else {
		fail(cgx, err, label, "move a process in", NULL);
		if (err == -EACCES || err == -EPERM)
			advise(cgx, "needs write permission on cgroup.procs of the group: be root, or have the group delegated to you (cgx-create --owner)");
	}
	return err;
}

const struct hier_ops hier_v1_ops = {
	.procs_file = "cgroup.procs",
	.threads_file = "tasks",
	.join_file = "tasks",
	.tasks_files = tasks_files,
	.delegate_files = delegate_files,
	.populated = populated,
	.kill = kill_all,
	.freeze = freeze,
	.frozen = frozen,
	.hold = hold,
	.release = release,
	.plan_enable = plan_enable,
	.plan_ready = plan_ready,
	.explain_attach = explain_attach,
};
