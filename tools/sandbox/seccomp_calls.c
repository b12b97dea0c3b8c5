/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a sandboxed command may call: whatever is in a list here, and nothing else. A call that the kernel knows and that
 * nobody may use is in a list as well (those of nobody), so that it is denied with EPERM, which says what is the case. What
 * is in no list is newer than this table and gives ENOSYS: libc and programs probe for new calls, take ENOSYS for an older kernel and go
 * on with the call they used before, while EPERM ends them.
 */
#include "sandbox/seccomp_calls.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "sandbox/capabilities.h"

/* From 424 on numbers are the same on every architecture, and those the header at hand is too old for are known as well. */
enum {
	NR_close_range = 436, NR_openat2, NR_pidfd_getfd, NR_faccessat2, NR_process_madvise, NR_epoll_pwait2, NR_mount_setattr,
	NR_quotactl_fd, NR_landlock_create_ruleset, NR_landlock_add_rule, NR_landlock_restrict_self, NR_memfd_secret,
	NR_process_mrelease, NR_futex_waitv, NR_set_mempolicy_home_node, NR_cachestat, NR_fchmodat2, NR_map_shadow_stack,
	NR_futex_wake, NR_futex_wait, NR_futex_requeue, NR_statmount, NR_listmount, NR_lsm_get_self_attr,
	NR_lsm_set_self_attr, NR_lsm_list_modules, NR_mseal, NR_setxattrat, NR_getxattrat, NR_listxattrat, NR_removexattrat,
	NR_open_tree_attr,
};
_Static_assert(NR_mseal == 462 && NR_open_tree_attr == 467, "a name is missing above");

/* ---- everybody's ---- */

static const uint16_t files[] = {
	SYS_openat, NR_openat2, SYS_close, NR_close_range, SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64,
	SYS_preadv, SYS_pwritev, SYS_preadv2, SYS_pwritev2, SYS_lseek, SYS_fstat, SYS_newfstatat, SYS_statx, SYS_statfs,
	SYS_fstatfs, SYS_faccessat, NR_faccessat2, SYS_readlinkat, SYS_getdents64, SYS_fcntl, SYS_flock, SYS_dup, SYS_dup3,
	SYS_pipe2, SYS_getcwd, SYS_chdir, SYS_fchdir, SYS_umask, SYS_mkdirat, SYS_mknodat, SYS_unlinkat, SYS_linkat,
	SYS_symlinkat, SYS_renameat2, SYS_truncate, SYS_ftruncate, SYS_fallocate, SYS_fchmod, SYS_fchmodat, NR_fchmodat2,
	SYS_fchown, SYS_fchownat, SYS_utimensat, SYS_sync, SYS_syncfs, SYS_fsync, SYS_fdatasync, SYS_sync_file_range,
	SYS_fadvise64, SYS_readahead, SYS_sendfile, SYS_splice, SYS_tee, SYS_vmsplice, SYS_copy_file_range, NR_cachestat,
	SYS_getxattr, SYS_lgetxattr, SYS_fgetxattr, NR_getxattrat, SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr, NR_setxattrat,
	SYS_listxattr, SYS_llistxattr, SYS_flistxattr, NR_listxattrat, SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr,
	NR_removexattrat, SYS_inotify_init1, SYS_inotify_add_watch, SYS_inotify_rm_watch, SYS_fanotify_mark,
	SYS_name_to_handle_at, NR_statmount, NR_listmount,
};

static const uint16_t waiting[] = {
	SYS_ppoll, SYS_pselect6, SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, NR_epoll_pwait2, SYS_eventfd2,
	SYS_signalfd4, SYS_timerfd_create, SYS_timerfd_settime, SYS_timerfd_gettime, SYS_io_setup, SYS_io_submit,
	SYS_io_getevents, SYS_io_pgetevents, SYS_io_cancel, SYS_io_destroy, SYS_futex, NR_futex_waitv, NR_futex_wait,
	NR_futex_wake, NR_futex_requeue, SYS_set_robust_list, SYS_get_robust_list, SYS_membarrier, SYS_rseq,
};

static const uint16_t memory[] = {
	SYS_brk, SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_mincore, SYS_msync, SYS_mlock, SYS_mlock2,
	SYS_mlockall, SYS_munlock, SYS_munlockall, SYS_remap_file_pages, SYS_memfd_create, NR_memfd_secret, SYS_pkey_alloc,
	SYS_pkey_free, SYS_pkey_mprotect, NR_mseal, NR_map_shadow_stack,
};

static const uint16_t processes[] = {
	SYS_execve, SYS_execveat, SYS_exit, SYS_exit_group, SYS_wait4, SYS_waitid, SYS_getpid, SYS_getppid, SYS_gettid,
	SYS_set_tid_address, SYS_setsid, SYS_getsid, SYS_setpgid, SYS_getpgid, SYS_prctl, SYS_pidfd_open,
	SYS_pidfd_send_signal, NR_process_mrelease, SYS_getrusage, SYS_prlimit64, SYS_getrlimit, SYS_setrlimit,
	SYS_getpriority, SYS_setpriority, SYS_ioprio_get, SYS_ioprio_set, SYS_sched_yield, SYS_sched_getaffinity,
	SYS_sched_setaffinity, SYS_sched_getattr, SYS_sched_setattr, SYS_sched_getparam, SYS_sched_setparam,
	SYS_sched_getscheduler, SYS_sched_setscheduler, SYS_sched_get_priority_max, SYS_sched_get_priority_min,
	SYS_sched_rr_get_interval, SYS_getcpu, SYS_seccomp, NR_landlock_create_ruleset, NR_landlock_add_rule,
	NR_landlock_restrict_self, SYS_uname, SYS_sysinfo, SYS_getrandom, SYS_restart_syscall,
};

static const uint16_t users[] = {
	SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_getresuid, SYS_getresgid, SYS_getgroups, SYS_setuid, SYS_setgid,
	SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid, SYS_setfsuid, SYS_setfsgid, SYS_setgroups, SYS_capget,
	SYS_capset,
};

static const uint16_t signals[] = {
	SYS_kill, SYS_tkill, SYS_tgkill, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigpending, SYS_rt_sigreturn,
	SYS_rt_sigsuspend, SYS_rt_sigtimedwait, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_sigaltstack,
};

static const uint16_t clocks[] = {
	SYS_clock_gettime, SYS_clock_getres, SYS_clock_nanosleep, SYS_clock_adjtime, SYS_adjtimex, SYS_gettimeofday,
	SYS_nanosleep, SYS_times, SYS_getitimer, SYS_setitimer, SYS_timer_create, SYS_timer_delete, SYS_timer_getoverrun,
	SYS_timer_gettime, SYS_timer_settime,
};

static const uint16_t talking[] = {
	SYS_bind, SYS_listen, SYS_accept, SYS_accept4, SYS_connect, SYS_getsockname, SYS_getpeername, SYS_getsockopt,
	SYS_setsockopt, SYS_sendto, SYS_recvfrom, SYS_sendmsg, SYS_recvmsg, SYS_sendmmsg, SYS_recvmmsg, SYS_shutdown,
	SYS_shmget, SYS_shmat, SYS_shmdt, SYS_shmctl, SYS_semget, SYS_semop, SYS_semctl, SYS_semtimedop, SYS_msgget,
	SYS_msgsnd, SYS_msgrcv, SYS_msgctl, SYS_mq_open, SYS_mq_unlink, SYS_mq_timedsend, SYS_mq_timedreceive, SYS_mq_notify,
	SYS_mq_getsetattr,
};

#if defined(__x86_64__)
/* What this architecture alone has, most of it older names of the above. */
static const uint16_t native[] = {
	SYS_open, SYS_creat, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_getdents, SYS_dup2, SYS_pipe, SYS_mkdir,
	SYS_rmdir, SYS_mknod, SYS_unlink, SYS_link, SYS_symlink, SYS_rename, SYS_renameat, SYS_chmod, SYS_chown, SYS_lchown,
	SYS_utime, SYS_utimes, SYS_futimesat, SYS_inotify_init, SYS_poll, SYS_select, SYS_epoll_create, SYS_epoll_wait,
	SYS_eventfd, SYS_signalfd, SYS_fork, SYS_vfork, SYS_getpgrp, SYS_pause, SYS_alarm, SYS_time, SYS_arch_prctl,
	335 /* uretprobe */, 336 /* uprobe: both are called by what the kernel puts into a process that is probed from outside */,
};
/* Port access, and segments of 16 and 32 bits. */
static const uint16_t ports[] = { SYS_iopl, SYS_ioperm };
static const uint16_t native_nobody[] = { SYS_modify_ldt, SYS_uselib, SYS_ustat, SYS_sysfs };
#elif defined(__aarch64__)
static const uint16_t native[] = { SYS_renameat };
#elif defined(__riscv)
static const uint16_t native[] = { 258 /* riscv_hwprobe */, 259 /* riscv_flush_icache */ };
#endif

/* ---- with a capability ---- */

static const uint16_t of_admin[] = {
	SYS_mount, SYS_umount2, SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick, SYS_open_tree, NR_open_tree_attr,
	SYS_move_mount, NR_mount_setattr, SYS_unshare, SYS_setns, SYS_sethostname, SYS_setdomainname, SYS_quotactl,
	NR_quotactl_fd, SYS_fanotify_init, SYS_lookup_dcookie, NR_lsm_get_self_attr, NR_lsm_set_self_attr,
	NR_lsm_list_modules,
};
static const uint16_t of_ptrace[] = {
	SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, NR_process_madvise, SYS_kcmp, NR_pidfd_getfd,
};
static const uint16_t of_module[] = { SYS_init_module, SYS_finit_module, SYS_delete_module };
static const uint16_t of_time[] = { SYS_settimeofday, SYS_clock_settime };
static const uint16_t of_nice[] = { SYS_mbind, SYS_get_mempolicy, SYS_set_mempolicy, NR_set_mempolicy_home_node };
static const uint16_t bpf[] = { SYS_bpf }, perf[] = { SYS_perf_event_open }, kernel_log[] = { SYS_syslog },
		      new_root[] = { SYS_chroot }, boot[] = { SYS_reboot }, handles[] = { SYS_open_by_handle_at },
		      accounting[] = { SYS_acct }, hangup[] = { SYS_vhangup };
/* Its flags lie in memory, where no filter sees them. ENOSYS, so that libc makes threads by clone instead. */
static const uint16_t opaque[] = { SYS_clone3 };

/*
 * No capability opens these: keys and io_uring do not know of namespaces, or go round this filter; the rest is the host's.
 */
static const uint16_t of_nobody[] = {
	SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_add_key, SYS_request_key, SYS_keyctl,
	SYS_userfaultfd, SYS_pivot_root, SYS_kexec_load,
#ifdef SYS_kexec_file_load
	SYS_kexec_file_load,
#endif
	SYS_swapon, SYS_swapoff, SYS_move_pages, SYS_migrate_pages,
};

#define LIST(calls) calls, sizeof(calls) / sizeof((calls)[0])
#define ANYBODY     UINT64_MAX
#define HAS(name)   CAPABILITY(CAP_##name)

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF     39
#endif

static const struct group {
	const uint16_t *call;
	size_t n;
	uint64_t who;  /* any of these capabilities opens them */
	uint8_t other; /* the verdict for all others */
} groups[] = {
	{ LIST(files), ANYBODY },
	{ LIST(waiting), ANYBODY },
	{ LIST(memory), ANYBODY },
	{ LIST(processes), ANYBODY },
	{ LIST(users), ANYBODY },
	{ LIST(signals), ANYBODY },
	{ LIST(clocks), ANYBODY },
	{ LIST(talking), ANYBODY },
#if defined(__x86_64__) || defined(__aarch64__) || defined(__riscv)
	{ LIST(native), ANYBODY },
#endif
#if defined(__x86_64__)
	{ LIST(ports), HAS(SYS_RAWIO), CALL_DENIED },
	{ LIST(native_nobody), 0, CALL_DENIED },
#endif
	{ LIST(of_admin), HAS(SYS_ADMIN), CALL_DENIED },
	{ LIST(of_ptrace), HAS(SYS_PTRACE), CALL_DENIED },
	{ LIST(of_module), HAS(SYS_MODULE), CALL_DENIED },
	{ LIST(of_time), HAS(SYS_TIME), CALL_DENIED },
	{ LIST(of_nice), HAS(SYS_NICE), CALL_DENIED },
	{ LIST(bpf), HAS(SYS_ADMIN) | HAS(BPF), CALL_DENIED },
	{ LIST(perf), HAS(SYS_ADMIN) | HAS(PERFMON), CALL_DENIED },
	{ LIST(kernel_log), HAS(SYS_ADMIN) | HAS(SYSLOG), CALL_DENIED },
	{ LIST(new_root), HAS(SYS_CHROOT), CALL_DENIED },
	{ LIST(boot), HAS(SYS_BOOT), CALL_DENIED },
	{ LIST(handles), HAS(DAC_READ_SEARCH), CALL_DENIED },
	{ LIST(accounting), HAS(SYS_PACCT), CALL_DENIED },
	{ LIST(hangup), HAS(SYS_TTY_CONFIG), CALL_DENIED },
	{ LIST(opaque), HAS(SYS_ADMIN), CALL_MISSING },
	{ LIST(of_nobody), 0, CALL_DENIED },
};

/* ---- by an argument ---- */

#define NEW_NAMESPACES (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define USUAL_FAMILIES AF_UNIX, AF_INET, AF_INET6, AF_NETLINK

/* A family that is not there is EAFNOSUPPORT, as from a kernel built without it: programs know what to do then. */
const struct seccomp_rule seccomp_rules[] = {
	{ SYS_clone, 0, RULE_NO_BITS, EPERM, 1, { (uint32_t)NEW_NAMESPACES }, .free_with = HAS(SYS_ADMIN) },
	{ SYS_socket, 0, RULE_ONE_OF, EAFNOSUPPORT, 5, { USUAL_FAMILIES, AF_PACKET }, .only_with = HAS(NET_RAW) },
	{ SYS_socket, 0, RULE_ONE_OF, EAFNOSUPPORT, 4, { USUAL_FAMILIES } },
	{ SYS_socketpair, 0, RULE_ONE_OF, EAFNOSUPPORT, 1, { AF_UNIX } },
	/* these push input into a terminal, perhaps the one that the sandbox was started from */
	{ SYS_ioctl, 1, RULE_NONE_OF, EPERM, 2, { TIOCSTI, TIOCLINUX } },
	/* PER_LINUX and PER_LINUX32, each also with UNAME26, and asking */
	{ SYS_personality, 0, RULE_ONE_OF, EPERM, 5, { 0, 8, 0x20000, 0x20008, 0xffffffff } },
};
const size_t seccomp_n_rules = sizeof(seccomp_rules) / sizeof(seccomp_rules[0]);
_Static_assert(sizeof(seccomp_rules) / sizeof(seccomp_rules[0]) <= SECCOMP_MOST_RULES, "the generator has no room for more");

/* ---- put together ---- */

static uint8_t verdict_of(const struct group *g, uint64_t caps)
{
	return g->who == ANYBODY || g->who & caps ? CALL_ALLOWED : g->other;
}

int seccomp_verdicts(uint64_t caps, uint8_t ret[SECCOMP_CALLS])
{
#if !defined(__x86_64__) && !defined(__aarch64__) && !(defined(__riscv) && __riscv_xlen == 64)
	return -ENOTSUP;
#endif
	memset(ret, CALL_UNKNOWN, SECCOMP_CALLS);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		for (size_t k = 0; k < groups[i].n; k++)
			ret[groups[i].call[k]] = verdict_of(&groups[i], caps);
	for (size_t i = 0; i < seccomp_n_rules; i++) {
		const struct seccomp_rule *r = &seccomp_rules[i];

		if (ret[r->call] == CALL_UNKNOWN && (!r->only_with || r->only_with & caps))
			ret[r->call] = r->free_with & caps ? CALL_ALLOWED : (uint8_t)(CALL_RULE + i);
	}
	return 0;
}

int seccomp_is_hot(unsigned call)
{
	static const uint16_t hot[] = {
		SYS_read, SYS_write, SYS_close, SYS_openat, SYS_newfstatat, SYS_lseek, SYS_mmap, SYS_munmap, SYS_mprotect,
		SYS_futex, SYS_epoll_pwait, SYS_ppoll, SYS_recvfrom, SYS_sendto, SYS_recvmsg, SYS_sendmsg, SYS_clock_gettime,
		SYS_clock_nanosleep, SYS_ioctl, SYS_rt_sigprocmask, SYS_pread64,
#if defined(__x86_64__)
		SYS_poll, SYS_epoll_wait,
#endif
	};

	for (size_t i = 0; i < sizeof(hot) / sizeof(hot[0]); i++)
		if (hot[i] == call)
			return 1;
	return 0;
}
