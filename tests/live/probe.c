/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tries what a sandbox must not be able to do; prints "OPEN NAME" for what succeeds, "shut NAME ERRNO" for what does not. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* An abstract socket of this name: --listen until we are killed, or --connect; or say which --landlock this kernel has. */
static int abstract(const char *what, const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (!strcmp(what, "--landlock")) {
		printf("%ld\n", syscall(SYS_landlock_create_ruleset, NULL, 0, 1 /* LANDLOCK_CREATE_RULESET_VERSION */));
		return 0;
	}
	snprintf(at.sun_path + 1, sizeof(at.sun_path) - 1, "%s", name);
	if (!strcmp(what, "--listen")) {
		if (bind(fd, (struct sockaddr *)&at, len) || listen(fd, 4))
			return 1;
		printf("listens\n");
		fflush(stdout);
		for (;;)
			pause();
	}
	if (connect(fd, (struct sockaddr *)&at, len)) {
		printf("shut %s\n", strerrorname_np(errno));
		return 1;
	}
	printf("OPEN\n");
	return 0;
}

static void tell(const char *name, long r)
{
	if (r >= 0)
		printf("OPEN %s\n", name);
	else
		printf("shut %s %s\n", name, strerrorname_np(errno));
	fflush(stdout);
}

/* In a child, so that one try leaves no trace for the next. */
static void try(const char *name, long (*what)(void))
{
	pid_t pid = fork();

	if (!pid) {
		tell(name, what());
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static long user_namespace(void) { return unshare(CLONE_NEWUSER); }
static long mount_namespace(void) { return unshare(CLONE_NEWNS); }
static long clone_user(void)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);

	if (!pid)
		_exit(0);
	return pid;
}
static long mount_tmpfs(void) { return mount("none", "/mnt", "tmpfs", 0, NULL); }
static long mount_v1(void) { return mount("none", "/mnt", "cgroup", 0, "memory"); }
static long unmount_proc_sys(void) { return umount2("/proc/sys", MNT_DETACH); }
static long new_mount_interface(void) { return syscall(SYS_fsopen, "tmpfs", 0); }
static long open_tree_copy(void) { return syscall(SYS_open_tree, AT_FDCWD, "/", 1 /* OPEN_TREE_CLONE */); }
static long join_namespace(void)
{
	int fd = open("/proc/1/ns/mnt", O_RDONLY);

	return fd < 0 ? fd : setns(fd, 0);
}
static long keyring(void) { return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1); }
static long add_key(void) { return syscall(SYS_add_key, "user", "cgx-probe", "x", 1, KEY_SPEC_SESSION_KEYRING); }
static long bpf_map(void)
{
	union bpf_attr a = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };

	return syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a));
}
static long io_uring(void)
{
	char params[120] = "";

	return syscall(SYS_io_uring_setup, 1, params);
}
static long perf(void)
{
	struct perf_event_attr a = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(a), .exclude_kernel = 1 };

	return syscall(SYS_perf_event_open, &a, 0, -1, -1, 0);
}
static long user_faults(void) { return syscall(SYS_userfaultfd, O_CLOEXEC | 1); }
static long vsock(void) { return socket(40 /* AF_VSOCK */, SOCK_STREAM, 0); }
static long alg(void) { return socket(38 /* AF_ALG */, SOCK_SEQPACKET, 0); }
static long packet(void) { return socket(AF_PACKET, SOCK_RAW, 0); }
static long raw(void) { return socket(AF_INET, SOCK_RAW, 1); }
static long trace_init(void) { return ptrace(PTRACE_ATTACH, 1, 0, 0); }
static long read_init(void)
{
	char b[8];
	struct iovec to = { b, sizeof(b) }, from = { (void *)0x400000, sizeof(b) };

	return process_vm_readv(1, &to, 1, &from, 1, 0);
}
static long core_pattern(void) { return open("/proc/sys/kernel/core_pattern", O_WRONLY); }
static long ip_forward(void) { return open("/proc/sys/net/ipv4/ip_forward", O_WRONLY); }
static long sysrq(void) { return open("/proc/sysrq-trigger", O_WRONLY); }
static long readable(const char *path)
{
	char c;
	int fd = open(path, O_RDONLY | O_NONBLOCK);
	long n = fd < 0 ? -1 : read(fd, &c, 1);

	if (n == 0) {
		errno = ENODATA;
		return -1;
	}
	return n;
}
static long kcore(void) { return readable("/proc/kcore"); }
static long keys(void) { return readable("/proc/keys"); }
static long timers(void) { return readable("/proc/timer_list"); }
static long kmsg(void) { return readable("/dev/kmsg"); }
static long init_binary(void) { return open("/proc/1/exe", O_RDONLY); }
static long init_files(void) { return open("/proc/1/fd/0", O_RDONLY); }
static long by_handle(void)
{
	struct file_handle h = { .handle_bytes = 0 };
	long r = syscall(SYS_open_by_handle_at, AT_FDCWD, &h, O_RDONLY);

	return r < 0 && errno != EPERM && errno != ENOSYS ? 0 : r; /* let in, and refused for what it was given */
}
static long clock_set(void)
{
	struct timeval t;

	return gettimeofday(&t, NULL) ? -1 : settimeofday(&t, NULL);
}
static long priority(void) { return setpriority(PRIO_PROCESS, 0, -5); }
static long accounting(void) { return syscall(SYS_acct, NULL); }
static long module(void)
{
	long r = syscall(SYS_init_module, "", 0, "");

	return r < 0 && errno == ENOEXEC ? 0 : r;
}
static long change_root(void) { return syscall(SYS_pivot_root, ".", "."); }
static long push_input(void) { return ioctl(0, TIOCSTI, "x"); }
static long host_name(void) { return sethostname("x", 1); }
static long release_agent(void)
{
	int fd = open("/sys/fs/cgroup/memory/release_agent", O_WRONLY);

	return fd >= 0 ? fd : open("/sys/fs/cgroup/release_agent", O_WRONLY);
}
static long make_group(void) { return mkdir("/sys/fs/cgroup/cgx-probe", 0755); }

/* With a name: that try alone. Everything is for the inside of a sandbox only: some of it would change the host. */
int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		long (*what)(void);
	} tries[] = {
		{ "user-namespace", user_namespace }, { "mount-namespace", mount_namespace }, { "clone-user", clone_user },
		{ "mount", mount_tmpfs }, { "mount-v1", mount_v1 }, { "umount-proc-sys", unmount_proc_sys },
		{ "fsopen", new_mount_interface }, { "open-tree", open_tree_copy }, { "setns", join_namespace },
		{ "keyring", keyring }, { "add-key", add_key }, { "bpf", bpf_map }, { "io-uring", io_uring }, { "perf", perf },
		{ "userfaultfd", user_faults }, { "vsock", vsock }, { "alg", alg }, { "packet", packet }, { "raw", raw },
		{ "ptrace-init", trace_init }, { "read-init", read_init }, { "core-pattern", core_pattern },
		{ "ip-forward", ip_forward }, { "sysrq", sysrq }, { "kcore", kcore }, { "keys", keys },
		{ "timer-list", timers }, { "kmsg", kmsg }, { "init-binary", init_binary }, { "init-files", init_files },
		{ "by-handle", by_handle }, { "clock", clock_set }, { "priority", priority }, { "acct", accounting },
		{ "module", module }, { "pivot-root", change_root }, { "tiocsti", push_input }, { "hostname", host_name },
		{ "release-agent", release_agent }, { "make-group", make_group },
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 3 && !strncmp(argv[1], "--", 2))
		return abstract(argv[1], argv[2]);
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++)
		if (argc < 2 || !strcmp(argv[1], tries[i].name))
			try(tries[i].name, tries[i].what);
	return 0;
}
