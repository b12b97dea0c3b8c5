/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bench peer: floor ROOT GROUP... -- COMMAND: the kernel's work for a sandbox, as cgx-sandbox has it done, and nothing besides:
 * no options, no checks, no state, no words, no report. What is above this time is ours to save. A group of its own with
 * limits is made below each GROUP, a directory of a mounted hierarchy.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/seccomp.h"

#define HIDDEN     (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)
#define NAMESPACES (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME)

static _Noreturn void give_up(const char *what)
{
	perror(what);
	_exit(125);
}
#define MUST(call)                           \
	({                                   \
		long _r = (long)(call);      \
		if (_r < 0)                  \
			give_up(#call);      \
		(int)_r;                     \
	})

static int new_mount(const char *type, const char *const *options, unsigned attributes)
{
	int fs = MUST(syscall(SYS_fsopen, type, FSOPEN_CLOEXEC)), fd;

	for (; options && *options; options += 2)
		MUST(syscall(SYS_fsconfig, fs, options[1] ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, options[0], options[1], 0));
	MUST(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	fd = MUST(syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attributes));
	close(fs);
	return fd;
}

static int copy_of(int dir, const char *path)
{
	return (int)syscall(SYS_open_tree, dir, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

static void move_to(int fd, int dir, const char *path)
{
	MUST(syscall(SYS_move_mount, fd, "", dir, path, MOVE_MOUNT_F_EMPTY_PATH));
}

static void set(int fd, uint64_t attributes, int userns)
{
	struct mount_attr a = { .attr_set = attributes | (userns >= 0 ? MOUNT_ATTR_IDMAP : 0), .userns_fd = userns >= 0 ? (uint64_t)userns : 0 };

	MUST(syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &a, sizeof(a)));
}

static void write_to(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return; /* another hierarchy's */
	MUST(write(fd, text, strlen(text)));
	close(fd);
}

/* ---- inside ---- */

/* Outside: as root there, who makes real nodes. */
static int make_dev(void)
{
	static const char *const options[] = { "mode", "0755", "size", "65536k", "uid", "1610612736", "gid", "1610612736", NULL };
	static const struct {
		const char *name;
		unsigned major, minor;
	} nodes[] = { { "null", 1, 3 }, { "zero", 1, 5 }, { "full", 1, 7 }, { "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 } };
	static const char *const links[][2] = {
		{ "/proc/self/fd", "fd" }, { "/proc/self/fd/0", "stdin" }, { "/proc/self/fd/1", "stdout" },
		{ "/proc/self/fd/2", "stderr" }, { "pts/ptmx", "ptmx" }, { "/proc/kcore", "core" },
	};
	int dev = new_mount("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);

	for (int i = 0; i < 6; i++) {
		MUST(mknodat(dev, nodes[i].name, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)));
		MUST(symlinkat(links[i][0], dev, links[i][1]));
	}
	MUST(mkdirat(dev, "pts", 0755));
	MUST(mkdirat(dev, "shm", 0755));
	MUST(mkdirat(dev, "mqueue", 0755));
	return dev;
}

static void fill_dev(int root, int dev)
{
	static const char *const pts[] = { "newinstance", NULL, "ptmxmode", "0666", "mode", "0620", "gid", "5", NULL };
	static const char *const shm[] = { "mode", "1777", "size", "67108864", NULL };

	move_to(dev, root, "dev");
	move_to(new_mount("devpts", pts, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC), dev, "pts");
	move_to(new_mount("tmpfs", shm, HIDDEN & ~MOUNT_ATTR_RDONLY), dev, "shm");
	move_to(new_mount("mqueue", NULL, HIDDEN & ~MOUNT_ATTR_RDONLY), dev, "mqueue");
}

static void hide(int stage, int root)
{
	static const char *const hidden[] = {
		"proc/acpi", "proc/asound", "proc/interrupts", "proc/kallsyms", "proc/kcore", "proc/keys", "proc/key-users", "proc/kmsg",
		"proc/latency_stats", "proc/sched_debug", "proc/scsi", "proc/timer_list", "proc/timer_stats",
		"sys/devices/virtual/powercap", "sys/firmware", "sys/fs/selinux", "sys/kernel/debug", "sys/kernel/security", "sys/kernel/tracing",
	};
	static const char *const still[] = { "proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger" };
	static const char *const covers[] = { "empty", "null" };
	struct stat st;

	MUST(mkdirat(stage, "empty", 0555));
	MUST(mknodat(stage, "null", S_IFREG | 0444, 0));
	for (int i = 0; i < 2; i++) {
		int fd = i ? MUST(copy_of(AT_FDCWD, "/dev/null")) : MUST(copy_of(stage, "empty"));

		set(fd, HIDDEN, -1);
		move_to(fd, stage, covers[i]);
	}
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (!fstatat(root, hidden[i], &st, 0))
			move_to(MUST(copy_of(stage, covers[!S_ISDIR(st.st_mode)])), root, hidden[i]);
	for (size_t i = 0; i < sizeof(still) / sizeof(still[0]); i++) {
		int fd = copy_of(root, still[i]);

		if (fd < 0)
			continue;
		set(fd, MOUNT_ATTR_RDONLY, -1);
		move_to(fd, root, still[i]);
	}
}

static void make_root(int tree, int dev)
{
	static const char *const dirs[] = { "0", "s", "s/proc", "s/sys", "s/dev", "s/tmp", "rw", "rw/upper", "rw/work", "new" };
	static const char *const options[] = { "mode", "0755", NULL };
	static const char *const overlay[] = { "lowerdir", "0:s", "upperdir", "rw/upper", "workdir", "rw/work", "volatile", NULL,
					       "userxattr", NULL, NULL };
	int stage, root;

	MUST(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	stage = new_mount("tmpfs", options, MOUNT_ATTR_NODEV);
	move_to(stage, AT_FDCWD, "/tmp");
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		MUST(mkdirat(stage, dirs[i], 0755));
	move_to(tree, stage, "0");
	MUST(fchdir(stage));
	root = new_mount("overlay", overlay, 0);
	move_to(root, stage, "new");
	move_to(new_mount("proc", NULL, HIDDEN & ~MOUNT_ATTR_RDONLY), root, "proc");
	move_to(new_mount("sysfs", NULL, HIDDEN), root, "sys");
	fill_dev(root, dev);
	hide(stage, root);
	MUST(fchdir(root));
	MUST(syscall(SYS_pivot_root, ".", "."));
	MUST(umount2(".", MNT_DETACH));
	MUST(chdir("/"));
}

static int inside(int tree, int dev, const int *tasks, int n, int go, const struct sock_fprog *filter, char **command)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2] = { { 0x800405fb, 0x800405fb, 0 }, { 0 } };
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int status = 0, sock;
	char c;

	for (int i = 0; i < n; i++)
		MUST(write(tasks[i], "0", 1));
	MUST(read(go, &c, 1));
	MUST(setresgid(0, 0, 0));
	MUST(setresuid(0, 0, 0));
	MUST(unshare(CLONE_NEWCGROUP));
	sock = MUST(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	MUST(ioctl(sock, SIOCSIFFLAGS, &lo));
	make_root(tree, dev);
	MUST(sethostname("floor", 5));
	MUST(setsid());
	MUST(syscall(SYS_keyctl, 1 /* KEYCTL_JOIN_SESSION_KEYRING */, NULL));
	MUST(syscall(SYS_close_range, 3, ~0u, CLOSE_RANGE_CLOEXEC));
	for (int i = 0; i < 41; i++)
		if (!(0x800405fbu >> i & 1) || i > 31)
			prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	MUST(syscall(SYS_capset, &head, caps));
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	MUST(seccomp_load(filter));
	if (!vfork()) {
		execv(command[0], command);
		_exit(127);
	}
	MUST(wait(&status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- outside ---- */

static void write_map(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	write_to(AT_FDCWD, path, "0 1610612736 65536");
}

int main(int argc, char **argv)
{
	struct clone_args how = { .flags = NAMESPACES, .exit_signal = SIGCHLD };
	struct sock_fprog filter;
	int tasks[16], dirs[16], go[2], n = 0, tree, dev, status = 0, userns;
	char name[32], path[64];
	pid_t pid;

	for (; n + 2 < argc && n < 16 && strcmp(argv[n + 2], "--"); n++)
		;
	if (n + 3 >= argc)
		return 2;
	snprintf(name, sizeof(name), "floor-%d", (int)getpid());
	for (int i = 0; i < n; i++) {
		int parent = MUST(open(argv[i + 2], O_PATH | O_DIRECTORY | O_CLOEXEC));

		MUST(mkdirat(parent, name, 0755));
		dirs[i] = MUST(openat(parent, name, O_PATH | O_DIRECTORY | O_CLOEXEC));
		close(parent);
		write_to(dirs[i], "memory.limit_in_bytes", "67108864");
		write_to(dirs[i], "memory.max", "67108864");
		write_to(dirs[i], "pids.max", "100");
		tasks[i] = openat(dirs[i], "tasks", O_WRONLY | O_CLOEXEC);
		if (tasks[i] < 0)
			tasks[i] = MUST(openat(dirs[i], "cgroup.procs", O_WRONLY | O_CLOEXEC));
	}
	MUST(seccomp_default(0x800405fb, &filter));
	tree = MUST(copy_of(AT_FDCWD, argv[1]));
	dev = make_dev();
	MUST(pipe2(go, O_CLOEXEC));
	pid = MUST(syscall(SYS_clone3, &how, sizeof(how)));
	if (!pid)
		_exit(inside(tree, dev, tasks, n, go[0], &filter, argv + n + 3));
	write_map(pid, "uid_map");
	write_map(pid, "gid_map");
	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	userns = MUST(open(path, O_RDONLY | O_CLOEXEC));
	set(tree, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, userns);
	MUST(write(go[1], "", 1));
	MUST(waitpid(pid, &status, 0));
	for (int i = 0; i < n; i++) {
		int parent = MUST(open(argv[i + 2], O_PATH | O_DIRECTORY | O_CLOEXEC));

		MUST(unlinkat(parent, name, AT_REMOVEDIR));
		close(parent);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
