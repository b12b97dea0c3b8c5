/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tries what a sandbox must not be able to do; prints "OPEN NAME" for what succeeds, "shut NAME ERRNO" for what does not. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
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

/* A key of this name in a session keyring of our own, for COMMAND, which is run with the key's number after it. */
static int with_key(const char *name, char **command, int argc)
{
	char number[24], *argv[64];
	long key;

	if (argc > 60 || syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0)
		return 1;
	key = syscall(SYS_add_key, "user", name, "secret", 6, KEY_SPEC_SESSION_KEYRING);
	if (key < 0)
		return 1;
	snprintf(number, sizeof(number), "%ld", key);
	memcpy(argv, command, (size_t)argc * sizeof(*argv));
	argv[argc] = number;
	argv[argc + 1] = NULL;
	execvp(*argv, argv);
	return 127;
}

/* That key: by its number, or by its name from here. */
static int find_key(const char *name, const char *number)
{
	char secret[16];
	long key = strtol(number, NULL, 10);
	long r = syscall(SYS_keyctl, KEYCTL_READ, key, secret, sizeof(secret));

	if (r < 0)
		r = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", name, 0);
	printf(r < 0 ? "shut %s\n" : "OPEN\n", strerrorname_np(errno));
	return r < 0;
}

/* Two names change places until we are killed. */
static int exchange(const char *a, const char *b)
{
	for (;;)
		if (syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2u /* RENAME_EXCHANGE */) < 0)
			return 1;
}

static void look_at(int pid)
{
	char path[64], to[256];
	int fd;

	if (syscall(SYS_ptrace, PTRACE_SEIZE, pid, 0, 0) >= 0) {
		printf("traced %d\n", pid);
	}
	for (int i = 0; i < 24; i++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, i);
		n = readlink(path, to, sizeof(to) - 1);
		if (n > 0)
			printf("fd %.*s\n", (int)n, to);
	}
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	fd = open(path, O_RDONLY);
	if (fd >= 0) {
		ssize_t n = readlink(path, to, sizeof(to) - 1);

		printf("exe %.*s\n", n > 0 ? (int)n : 0, to);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if (open(path, O_WRONLY) >= 0)
			printf("writable exe of %d\n", pid);
		close(fd);
	}
}

/* Trace whoever is called so as soon as he is there, and never ask how he ended. */
static _Noreturn void hold(const char *name)
{
	printf("watching\n");
	for (;;)
		for (int pid = 2; pid < 1000; pid++) {
			char path[32], comm[32] = "";
			int fd;

			snprintf(path, sizeof(path), "/proc/%d/comm", pid);
			fd = open(path, O_RDONLY);
			if (fd < 0)
				continue;
			if (read(fd, comm, sizeof(comm) - 1) > 0 && !strncmp(comm, name, strlen(name)) &&
			    !ptrace(PTRACE_SEIZE, pid, 0, 0))
				printf("holding\n");
			close(fd);
		}
}

/* Whoever comes by is traced and read, until we are killed. */
static _Noreturn void watch(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("watching\n");
	for (;;)
		for (int pid = 1; pid < 2000; pid++) {
			if (pid != getpid() && !kill(pid, 0))
				look_at(pid);
			while (waitpid(-1, NULL, WNOHANG | __WALL) > 0) /* who is traced ends when we have seen it */
				;
		}
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
	int status = 0;

	if (!pid) {
		tell(name, what());
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		printf("shut %s SIG%s\n", name, sigabbrev_np(WTERMSIG(status)));
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

static long push_console(void)
{
	char paste[2] = { 3, 0 };
	long r = ioctl(0, TIOCLINUX, paste);

	return r < 0 && errno == ENOTTY ? 0 : r; /* let in; no console */
}
static long addresses(void)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	unsigned long address = 0;

	if (!f)
		return -1;
	errno = ENODATA;
	return fscanf(f, "%lx", &address) == 1 && address ? 0 : -1;
}
static long kvm(void) { return open("/dev/kvm", O_RDWR); }
static long fuse(void) { return open("/dev/fuse", O_RDWR); }
static long tun(void) { return open("/dev/net/tun", O_RDWR); }
static long memory(void) { return open("/dev/mem", O_RDONLY); }
static long block_device(void)
{
	long r = mknod("/tmp/cgx-probe", S_IFBLK | 0600, makedev(8, 0));

	if (!r) {
		r = open("/tmp/cgx-probe", O_RDONLY);
		r = r < 0 && errno == ENXIO ? 0 : r; /* let in; no such disk */
		unlink("/tmp/cgx-probe");
	}
	return r;
}
static long swap_off(void)
{
	long r = swapoff("/none");

	return r < 0 && errno != EPERM && errno != ENOSYS ? 0 : r;
}
static long reboot_off(void) { return syscall(SYS_reboot, 0xfee1dead, 672274793, 0 /* Ctrl-Alt-Del sends a signal */, NULL); }
static long kexec(void)
{
	long r = syscall(SYS_kexec_load, 0, 0, NULL, ~0ul);

	return r < 0 && errno != EPERM && errno != ENOSYS ? 0 : r;
}
static long compare(void) { return syscall(SYS_kcmp, getpid(), 1, 0 /* KCMP_FILE */, 0, 0); }
static long init_descriptor(void)
{
	int fd = (int)syscall(SYS_pidfd_open, 1, 0);

	return fd < 0 ? -1 : syscall(SYS_pidfd_getfd, fd, 0, 0);
}
/* A list of tables, as nft(8) asks for it. */
static long nf_tables(void)
{
	struct {
		struct nlmsghdr h;
		struct nfgenmsg g;
	} m = { .h = { .nlmsg_len = sizeof(m), .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP } };
	struct {
		struct nlmsghdr h;
		char more[4096];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);

	if (fd < 0 || send(fd, &m, sizeof(m), 0) < 0 || recv(fd, &answer, sizeof(answer), 0) < 0)
		return -1;
	if (answer.h.nlmsg_type != NLMSG_ERROR)
		return 0;
	errno = -((struct nlmsgerr *)NLMSG_DATA(&answer.h))->error;
	return errno ? -1 : 0;
}
static long x32(void)
{
#ifdef __x86_64__
	return syscall(0x40000000 | SYS_getpid);
#else
	errno = ENOSYS;
	return -1;
#endif
}
static long i386(void)
{
	long r = -1;

#ifdef __x86_64__
	__asm__ volatile("int $0x80" : "=a"(r) : "a"(20) : "r8", "r9", "r10", "r11", "memory"); /* getpid */
#endif
	errno = ENOSYS;
	return r < 0 ? -1 : r;
}
static long no_layout(void) { return syscall(SYS_personality, 0x0040000 /* ADDR_NO_RANDOMIZE */); }
static long out_of_root(void)
{
	struct stat was, is;
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	if (fstat(fd, &was) < 0 || mkdir("/tmp/cgx-probe", 0755) < 0 || chroot("/tmp/cgx-probe") < 0 || fchdir(fd) < 0)
		return -1;
	for (int i = 0; i < 64; i++)
		if (chdir("..") < 0)
			return -1;
	if (stat(".", &is) < 0 || was.st_dev != is.st_dev || was.st_ino != is.st_ino)
		return 0;
	errno = EXDEV; /* that was the top of everything it sees */
	return -1;
}
static long own_groups(void)
{
	if (mount("none", "/mnt", "cgroup", 0, "memory") < 0 && mount("none", "/mnt", "cgroup2", 0, NULL) < 0)
		return -1;
	if (open("/mnt/release_agent", O_WRONLY) >= 0)
		return 0;
	errno = EACCES;
	return -1;
}

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
		{ "release-agent", release_agent }, { "make-group", make_group }, { "tioclinux", push_console },
		{ "kallsyms", addresses }, { "kvm", kvm }, { "fuse", fuse }, { "tun", tun }, { "mem", memory },
		{ "block-device", block_device }, { "swapoff", swap_off }, { "reboot", reboot_off }, { "kexec", kexec },
		{ "kcmp", compare }, { "init-descriptor", init_descriptor }, { "nf-tables", nf_tables },
		{ "x32", x32 }, { "i386", i386 }, { "no-layout", no_layout }, { "out-of-root", out_of_root },
		{ "own-groups", own_groups },
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 3 && !strcmp(argv[1], "--with-key"))
		return with_key(argv[2], argv + 3, argc - 3);
	if (argc == 4 && !strcmp(argv[1], "--find-key"))
		return find_key(argv[2], argv[3]);
	if (argc == 4 && !strcmp(argv[1], "--exchange"))
		return exchange(argv[2], argv[3]);
	if (argc == 2 && !strcmp(argv[1], "--watch"))
		watch();
	if (argc == 3 && !strcmp(argv[1], "--hold"))
		hold(argv[2]);
	if (argc == 3 && !strncmp(argv[1], "--", 2))
		return abstract(argv[1], argv[2]);
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++)
		if (argc < 2 || !strcmp(argv[1], tries[i].name))
			try(tries[i].name, tries[i].what);
	return 0;
}
