/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the v2 tree behaves. */
#include "private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What /sys/kernel/cgroup/delegate lists and every kernel since 5.0 has (v2 "Delegation"). */
static const char *const delegate_files[] = { "cgroup.procs", "cgroup.threads", "cgroup.subtree_control", NULL };

static const char *const tasks_files[] = { "cgroup.procs", "cgroup.threads", NULL };

static int event(int dir, const char *key, uint64_t *ret)
{
	AUTO_BUF struct buf b = { 0 };
	int r = fs_read(dir, "cgroup.events", &b);

	return r ? r : text_flat_u64(b.s, key, ret);
}

static int populated(int dir)
{
	AUTO_BUF struct buf b = { 0 };
	uint64_t n;
	int r = event(dir, "populated", &n);

	if (r != -ENOENT)
		return r ? r : n != 0;
	r = fs_read(dir, "cgroup.procs", &b); /* the root group has no cgroup.events */
	return r ? r : b.len != 0;
}

static int kill_all(int dir)
{
	int r = fs_write(dir, "cgroup.kill", "1");

	return r == -ENOENT ? -EOPNOTSUPP : r; /* before Linux 5.14 */
}

/* Frozen is told by cgroup.events and a wake-up; the file is watched from before the write. */
static int freeze(int dir, int frozen, int timeout_ms)
{
	AUTO_CLOSE int fd = fs_open_read(dir, "cgroup.events");
	uint64_t end = now_us() + (uint64_t)timeout_ms * 1000, now;
	uint64_t is;
	int r;

	if (fd < 0)
		return fd == -ENOENT ? -EOPNOTSUPP : fd;
	r = fs_write(dir, "cgroup.freeze", frozen ? "1" : "0");
	if (r)
		return r == -ENOENT ? -EOPNOTSUPP : r;
	for (;;) {
		now = now_us();
		r = event(dir, "frozen", &is);
		if (r || is == (uint64_t)frozen)
			return r;
		if (timeout_ms >= 0 && now >= end)
			return -ETIMEDOUT;
		/* the wake-up comes at most 10 ms late; a look now and then costs nothing */
		r = fs_wait(fd, timeout_ms < 0 || end - now > 100000 ? 100 : (int)((end - now) / 1000 + 1));
		if (r < 0)
			return r;
	}
}

static int frozen(int dir)
{
	uint64_t is;

	return !event(dir, "frozen", &is) && is;
}

static int hold(int dir, struct buf *kept)
{
	int r = freeze(dir, 1, 500);

	(void)kept;
	return r == -ETIMEDOUT ? 0 : r;
}

static void release(int dir, const char *kept)
{
	(void)kept;
	fs_write(dir, "cgroup.freeze", "0");
}

/* ---- subtree_control ---- */

/* Controllers named in a file of the group, as bits. */
static int read_set(struct cgx *cgx, int dir, const char *file, cgx_set *ret)
{
	AUTO_BUF struct buf b = { 0 };
	const char *p, *word;
	size_t len, n;
	int r = fs_read(dir, file, &b);

	if (r)
		return r;
	*ret = 0;
	p = b.s;
	len = strcspn(p, "\n");
	while (text_word(&p, &len, &word, &n))
		*ret |= layout_bit(cgx, word, n);
	return 0;
}

/* "+memory +pids" for the controllers of a set, in the names of v2. */
static void plus(const struct cgx *cgx, cgx_set set, struct buf *b)
{
	for (cgx_set bit = 1; bit; bit <<= 1)
		if (set & bit)
			buf_printf(b, "%s+%s", b->len ? " " : "", layout_bit_name(cgx, bit));
}

/* Whether subtree_control may be used although processes are in the group: only in the real root. */
static int is_real_root(int dir)
{
	return fs_exists(dir, "cgroup.type") == 0;
}

/* Move the processes of an inner group into a leaf below it, so that its subtree_control can be used. */
static int plan_leaf(struct cgx_plan *p, struct cgx_hierarchy *h, const char *path, const char *procs)
{
	AUTO_BUF struct buf leaf = { 0 };
	const char *line;
	size_t len;
	int r;

	buf_printf(&leaf, "%s%sleaf", path, *path ? "/" : "");
	if (leaf.err)
		return -ENOMEM;
	r = plan_makes(p, h, leaf.s) ? 0 : plan_add(p, CGX_V_MKDIR, h, leaf.s, NULL, NULL);
	while (!r && text_line(&procs, &line, &len)) {
		char pid[16];

		snprintf(pid, sizeof(pid), "%.*s", (int)len, line);
		r = plan_add(p, CGX_V_MOVE, h, leaf.s, "cgroup.procs", pid);
	}
	return r;
}

/* "No Internal Process Constraint" of v2: a group with processes of its own hands out no controllers. */
static int make_room(struct cgx_plan *p, struct cgx_hierarchy *h, int dir, const char *path, unsigned flags)
{
	const char *label = *path ? path : "/";
	AUTO_BUF struct buf procs = { 0 };
	struct cgx *cgx = plan_cgx(p);
	size_t n = 0;
	int r = fs_read(dir, "cgroup.procs", &procs);

	if (r == -EOPNOTSUPP)
		return 0; /* threaded: the kernel decides by controller */
	if (r || !procs.len || is_real_root(dir))
		return r;
	if (flags & CGX_CREATE_MAKE_LEAF)
		return plan_leaf(p, h, path, procs.s);
	for (const char *s = procs.s; *s; s++)
		n += *s == '\n';
	fail(cgx, -EBUSY, label, "enable controllers for the groups below",
	     "%zu process%s in the group itself, and on v2 an inner group has no processes of its own", n,
	     n == 1 ? " is" : "es are");
	advise(cgx, "move them away, or use --make-leaf to move them to %s%sleaf", path, *path ? "/" : "");
	return -EBUSY;
}

static int cannot_enable(struct cgx *cgx, const char *path, cgx_set missing)
{
	AUTO_FREE char *names = NULL;

	if (cgx_set_format(cgx, missing, &names))
		return -ENOMEM;
	fail(cgx, -ENODEV, *path ? path : "/", "enable controllers",
	     "%s not available in this group (its cgroup.controllers lacks it)", names);
	advise(cgx, "the parent must enable it first; on a delegated tree ask its owner (systemd: Delegate=%s)", names);
	return -ENODEV;
}

static int plan_enable(struct cgx_plan *p, struct cgx_hierarchy *h, const char *path, cgx_set need,
		       unsigned flags)
{
	struct cgx *cgx = plan_cgx(p);
	AUTO_BUF struct buf text = { 0 };
	AUTO_CLOSE int dir = -1;
	cgx_set have = 0, offered = 0;
	int r;

	need &= h->controllers & ~CGX_C_CORE;
	if (!need)
		return 0;
	if (!plan_makes(p, h, path)) {
		int root = hier_fd(cgx, h);

		dir = root < 0 ? root : fs_dir(root, path);
		if (dir < 0)
			return dir;
		r = read_set(cgx, dir, "cgroup.subtree_control", &have);
		if (!r)
			r = read_set(cgx, dir, "cgroup.controllers", &offered);
		if (r)
			return fail(cgx, r, *path ? path : "/", "read cgroup.subtree_control", NULL);
		need &= ~have;
		if (!need)
			return 0;
		/* an earlier step may enable it in the parent; then the file does not say so yet */
		if (need & ~offered && !*path)
			return cannot_enable(cgx, path, need & ~offered);
		r = make_room(p, h, dir, path, flags);
		if (r)
			return r;
	}
	plus(cgx, need, &text);
	return text.err ? -ENOMEM : plan_add(p, CGX_V_ENABLE, h, path, "cgroup.subtree_control", text.s);
}

static int plan_ready(struct cgx_plan *p, struct cgx_hierarchy *h, const char *path)
{
	(void)p, (void)h, (void)path;
	return 0;
}

static int explain_attach(struct cgx *cgx, struct cgx_hierarchy *h, int dir, const char *label, int err)
{
	AUTO_BUF struct buf type = { 0 }, control = { 0 };

	(void)h;
	fs_read(dir, "cgroup.type", &type);
	fs_read(dir, "cgroup.subtree_control", &control);
	if (control.len)
		control.s[strcspn(control.s, "\n")] = '\0';
	if (err == -EBUSY && *buf_text(&control)) {
		fail(cgx, err, label, "move a process in",
		     "it hands controllers to the groups below (cgroup.subtree_control: %s), and on v2 such a group takes no processes",
		     control.s);
		advise(cgx, "use a group below it, for example %s/leaf", strcmp(label, "/") ? label : "");
	} else if (!strncmp(buf_text(&type), "domain invalid", 14)) {
		fail(cgx, err, label, "move a process in", "its type is \"domain invalid\": the parent is threaded");
		advise(cgx, "make it threaded, too: cgx-set %s cgroup.type=threaded", shell_word(cgx, label));
	} else if (!strncmp(buf_text(&type), "threaded", 8)) {
		fail(cgx, err, label, "move a process in", "%s; the group is threaded and takes threads of its own domain's processes",
		     strerror(-err));
		advise(cgx, "move threads with cgx-move --threads, within one threaded subtree");
	} else {
		fail(cgx, err, label, "move a process in", NULL);
		if (err == -EACCES || err == -EPERM)
			advise(cgx, "the caller needs to write cgroup.procs of this group and of the nearest group that holds both it and the process's present group: be root, or start the command inside the delegated tree");
	}
	return err;
}

const struct hier_ops hier_v2_ops = {
	.procs_file = "cgroup.procs",
	.threads_file = "cgroup.threads",
	.join_file = NULL,
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
