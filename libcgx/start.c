/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting a command inside a group, with no moment outside it, and joining one. */
#include "private.h"

#include <errno.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ull
#endif

/* struct clone_args of Linux 5.7; older headers lack the last member. */
struct clone_how {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal;
	uint64_t stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

/* What the child tells; shared memory, read after it has executed or died (CLONE_VFORK), or once it has joined. */
struct note {
	volatile int alive; /* its first instruction ran */
	int joined;         /* a futex: 1 it is in, and runs on */
	volatile int stage, err;
	volatile unsigned place; /* which join failed */
};

/* The files into which the child writes "0", one a place; -1 none. */
struct doors {
	int *fd;
	size_t n;
	int v2_dir; /* for CLONE_INTO_CGROUP; -1 none */
};

static void doors_close(struct doors *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->fd[i] >= 0)
			close(d->fd[i]);
	free(d->fd);
}

/* Permission is checked against who opened the file, so the caller opens and the child writes. */
static int open_door(struct cgx_group *g, struct group_place *pl, int *ret)
{
	const struct hier_ops *ops = pl->h->ops;
	int dir = place_fd(g, pl), fd;

	if (dir < 0)
		return dir;
	fd = fs_open_write(dir, ops->join_file ? ops->join_file : ops->procs_file);
	if (fd < 0)
		return ops->explain_attach(g->cgx, pl->h, dir, g->path, fd);
	*ret = fd;
	return 0;
}

/* A command started in a frozen group would stop before its first step, and its starter with it. */
static int refuse_frozen(struct cgx_group *g)
{
	group_settle(g);
	for (size_t i = 0; i < g->n; i++) {
		struct group_place *pl = &g->place[i];
		int dir = place_fd(g, pl);

		if (dir < 0)
			return dir;
		if (pl->h->version == 1 && !(pl->h->controllers & CGX_C_FREEZER))
			continue;
		if (pl->h->ops->frozen(dir)) {
			fail(g->cgx, -EBUSY, g->path, "start a command in the group", "it is frozen");
			advise(g->cgx, "thaw it, or the group above that is frozen: cgx-set %s cgroup.freeze=0",
			       shell_word(g->cgx, g->path));
			return -EBUSY;
		}
	}
	return 0;
}

static int open_doors(struct cgx_group *g, int into, struct doors *d)
{
	int r = refuse_frozen(g);

	*d = (struct doors){ .v2_dir = -1 };
	d->fd = calloc(g->n ? g->n : 1, sizeof(*d->fd));
	if (!d->fd)
		return -ENOMEM;
	for (size_t i = 0; i < g->n; i++)
		d->fd[d->n++] = -1;
	for (size_t i = 0; !r && i < g->n; i++) {
		struct group_place *pl = &g->place[i];

		if (into && !pl->h->ops->join_file) {
			d->v2_dir = place_fd(g, pl);
			r = d->v2_dir < 0 ? d->v2_dir : 0;
		} else {
			r = open_door(g, pl, &d->fd[i]);
		}
	}
	if (!r && !g->n) {
		r = fail(g->cgx, -ENOENT, g->path, "start a command in the group", "there is no such group");
		advise(g->cgx, "make it with cgx-create %s", shell_word(g->cgx, g->path));
	}
	return r;
}

/* ---- the child ---- */

static void give_up(struct note *note, enum cgx_start_stage stage, int err)
{
	note->stage = stage;
	note->err = err;
	_exit(125);
}

static void note_joined(struct note *note)
{
	__atomic_store_n(&note->joined, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &note->joined, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static _Noreturn void child(const struct doors *d, const struct cgx_start *how, struct note *note)
{
	extern char **environ;
	char *const *envp = how->envp ? how->envp : environ;

	note->alive = 1;
	for (size_t i = 0; i < d->n; i++)
		if (d->fd[i] >= 0 && write(d->fd[i], "0", 1) != 1) {
			note->place = (unsigned)i;
			give_up(note, CGX_START_JOIN, -errno);
		}
	if (how->run) {
		note_joined(note);
		_exit(how->run(how->data));
	}
	if (how->prepare) {
		int r = how->prepare(how->data);

		if (r)
			give_up(note, CGX_START_PREPARE, r);
	}
	if (how->path)
		execve(how->path, how->argv, envp);
	else if (how->argv)
		execvpe(how->argv[0], how->argv, envp);
	give_up(note, CGX_START_EXEC, -errno);
	_exit(125);
}

/* Born in the v2 group, and in new namespaces: memory is copied, since a child that shares it needs a stack of its own. */
static pid_t spawn_inside(const struct doors *d, const struct cgx_start *how, struct note *note, int *ret_pidfd)
{
	struct clone_how c = {
		.flags = (how->run ? how->namespaces : CLONE_VFORK) | CLONE_PIDFD |
			 (d->v2_dir >= 0 ? CLONE_INTO_CGROUP : 0),
		.exit_signal = SIGCHLD,
		.pidfd = (uint64_t)(uintptr_t)ret_pidfd,
		.cgroup = d->v2_dir >= 0 ? (uint64_t)d->v2_dir : 0,
	};
	long pid = syscall(SYS_clone3, &c, sizeof(c));

	if (!pid)
		child(d, how, note);
	return pid < 0 ? -errno : (pid_t)pid;
}

/* It walks in through the doors: no copy of the caller's memory, which it leaves at exec. */
static pid_t spawn_outside(const struct doors *d, const struct cgx_start *how, struct note *note, int *ret_pidfd)
{
	pid_t pid = vfork();

	if (!pid)
		child(d, how, note);
	if (pid < 0)
		return -errno;
	*ret_pidfd = (int)syscall(SYS_pidfd_open, pid, 0); /* -1 before Linux 5.3 */
	return pid;
}

/* ---- the caller ---- */

static int explain_clone(struct cgx_group *g, const struct doors *d, int err)
{
	for (size_t i = 0; d->v2_dir >= 0 && err != -EAGAIN && i < g->n; i++)
		if (!g->place[i].h->ops->join_file)
			return g->place[i].h->ops->explain_attach(g->cgx, g->place[i].h, d->v2_dir, g->path, err);
	fail(g->cgx, err, g->path, "start a process", NULL);
	if (err == -EAGAIN)
		advise(g->cgx, "a pids.max of this group or one above it is used up (cgx-get --effective -r pids.max %s), or the user's process limit (ulimit -u)",
		       shell_word(g->cgx, g->path));
	return err;
}

static int explain_child(struct cgx_group *g, const struct cgx_start *how, const struct note *note)
{
	const char *file = how->path ? how->path : how->argv ? how->argv[0] : "";

	switch ((enum cgx_start_stage)note->stage) {
	case CGX_START_JOIN: {
		struct group_place *pl = &g->place[note->place];

		return pl->h->ops->explain_attach(g->cgx, pl->h, place_fd(g, pl), g->path, note->err);
	}
	case CGX_START_EXEC:
		fail(g->cgx, note->err, file, "execute", NULL);
		if (note->err == -ENOENT)
			advise(g->cgx, strchr(file, '/') ? "there is no such file, or the interpreter that it names is missing"
							 : "no directory of PATH has it");
		return note->err;
	case CGX_START_PREPARE:
	case CGX_START_CLONE:
		return fail(g->cgx, note->err, file, "prepare the process", NULL);
	}
	return note->err;
}

static void reap(pid_t pid, int *pidfd)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (*pidfd >= 0)
		close(*pidfd);
	*pidfd = -1;
}

static int killed_early(struct cgx_group *g)
{
	return fail(g->cgx, -EIO, g->path, "start a process", "the child was killed before it could run");
}

/* Until the child runs on, or is no more. 1 it runs. */
static int wait_until_joined(struct note *note, pid_t pid)
{
	siginfo_t info = { 0 };

	while (!__atomic_load_n(&note->joined, __ATOMIC_ACQUIRE)) {
		if (!waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid)
			return __atomic_load_n(&note->joined, __ATOMIC_ACQUIRE);
		syscall(SYS_futex, &note->joined, FUTEX_WAIT, 0, &(struct timespec){ .tv_nsec = 20000000 }, NULL, 0);
	}
	return 1;
}

/* One try. 1: the child was killed before its first instruction. */
static int try_start(struct cgx_group *g, const struct cgx_start *how, int into, struct note *note,
		     struct cgx_child *ret)
{
	struct doors d CLEANUP(doors_close);
	int pidfd = -1, r = open_doors(g, into, &d);
	pid_t pid;

	ret->failed = CGX_START_JOIN;
	if (r)
		return r;
	*note = (struct note){ .stage = CGX_START_CLONE };
	pid = d.v2_dir >= 0 || how->run ? spawn_inside(&d, how, note, &pidfd) : spawn_outside(&d, how, note, &pidfd);
	if (d.v2_dir >= 0 && (pid == -ENOSYS || (pid == -EPERM && !how->namespaces)))
		return 1; /* an old kernel, or a filter that does not know clone3 */
	if (pid < 0) {
		ret->failed = CGX_START_CLONE;
		return explain_clone(g, &d, pid);
	}
	if (how->run ? !wait_until_joined(note, pid) : !note->alive || note->err) {
		reap(pid, &pidfd);
		ret->failed = (enum cgx_start_stage)note->stage;
		if (!note->alive)
			return 1;
		return note->err ? explain_child(g, how, note) : killed_early(g); /* on its way into the group */
	}
	*ret = (struct cgx_child){ .pid = pid, .pidfd = pidfd };
	return 0;
}

CGX_API int cgx_start(struct cgx_group *g, const struct cgx_start *how, struct cgx_child *ret)
{
	struct note *note = mmap(NULL, sizeof(*note), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	SIZED(struct cgx_start, full, how);
	int r;

	if (note == MAP_FAILED)
		return -ENOMEM;
	r = try_start(g, &full, 1, note, ret);
	/* A group that was killed with cgroup.kill may kill whoever is born into it; one who walks in lives. */
	if (r == 1)
		r = try_start(g, &full, 0, note, ret);
	if (r == 1)
		r = killed_early(g);
	munmap(note, sizeof(*note));
	return r;
}

/* ---- joining ---- */

CGX_API int cgx_doors(struct cgx_group *g, int *ret, size_t n)
{
	struct doors d CLEANUP(doors_close);
	int r = open_doors(g, 1, &d);

	if (r)
		return r;
	if (d.v2_dir >= 0)
		return fail(g->cgx, -ENOTSUP, g->path, "open its tasks", "it lies in a v2 hierarchy, which has no such file");
	if (d.n > n)
		return fail(g->cgx, -E2BIG, g->path, "open its tasks", "it lies in %zu hierarchies, there is room for %zu", d.n, n);
	for (size_t i = 0; i < d.n; i++) {
		ret[i] = d.fd[i];
		d.fd[i] = -1;
	}
	return (int)d.n;
}

static int is_single_threaded(struct cgx *cgx)
{
	struct fs_list l = { 0 };
	int r = fs_list_dirs(cgx->fs.fd, "proc/self/task", &l);
	int one = !r && l.n == 1;

	fs_list_free(&l);
	return one;
}

CGX_API int cgx_enter(struct cgx_group *g)
{
	int single = is_single_threaded(g->cgx), frozen = refuse_frozen(g);

	if (frozen)
		return frozen;
	if (!g->n)
		return fail(g->cgx, -ENOENT, g->path, "join the group", "there is no such group");
	for (size_t i = 0; i < g->n; i++) {
		struct group_place *pl = &g->place[i];
		const struct hier_ops *ops = pl->h->ops;
		int dir = place_fd(g, pl);
		int r = dir < 0 ? dir : fs_write(dir, single && ops->join_file ? ops->join_file : ops->procs_file, "0");

		if (dir < 0)
			return r;
		if (r)
			return ops->explain_attach(g->cgx, pl->h, dir, g->path, r);
	}
	return 0;
}
