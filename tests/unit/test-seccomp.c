/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The built-in filter: the program against the table, for every number; the table against what it should say. */
#include <errno.h>
#include <linux/audit.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "bpf-run.h"
#include "sandbox/capabilities.h"
#include "sandbox/seccomp.h"
#include "sandbox/seccomp_calls.h"
#include "util/clock.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define ALLOW       SECCOMP_RET_ALLOW
#define ERR(e)      (SECCOMP_RET_ERRNO | (e))

#if defined(__x86_64__)
#define NATIVE  AUDIT_ARCH_X86_64
#define FOREIGN AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define NATIVE  AUDIT_ARCH_AARCH64
#define FOREIGN AUDIT_ARCH_ARM
#else
#define NATIVE  AUDIT_ARCH_RISCV64
#define FOREIGN AUDIT_ARCH_RISCV32
#endif

static uint32_t run(const struct sock_fprog *p, int nr, unsigned arg, uint64_t value)
{
	struct seccomp_data data = { .nr = nr, .arch = NATIVE };

	data.args[arg] = value;
	return bpf_run(p, &data, NULL);
}

static struct sock_fprog built(uint64_t caps)
{
	struct sock_fprog p;

	assert_int_equal(seccomp_default(caps, &p), 0);
	return p;
}

/* ---- the program says what the table says ---- */

static int holds(const struct seccomp_rule *r, uint32_t value)
{
	int found = 0;

	if (r->test == RULE_NO_BITS)
		return !(value & r->value[0]);
	for (size_t i = 0; i < r->n; i++)
		found |= r->value[i] == value;
	return r->test == RULE_ONE_OF ? found : !found;
}

static uint32_t wanted(uint8_t verdict, uint64_t value)
{
	const struct seccomp_rule *r = &seccomp_rules[verdict - CALL_RULE];

	switch (verdict) {
	case CALL_UNKNOWN:
	case CALL_MISSING:
		return ERR(ENOSYS);
	case CALL_DENIED:
		return ERR(EPERM);
	case CALL_ALLOWED:
		return ALLOW;
	default:
		return holds(r, (uint32_t)value) ? ALLOW : ERR(r->err);
	}
}

/* What any rule may look for, what lies beside it, and each bit. */
static size_t values(uint64_t ret[256])
{
	size_t n = 0;

	for (unsigned bit = 0; bit < 64; bit++)
		ret[n++] = 1ull << bit;
	for (size_t i = 0; i < seccomp_n_rules; i++)
		for (size_t k = 0; k < seccomp_rules[i].n; k++) {
			uint64_t v = seccomp_rules[i].value[k];

			ret[n++] = v;
			ret[n++] = v - 1;
			ret[n++] = v + 1;
			ret[n++] = v | 0x500000000;
			assert_true(n < 250);
		}
	ret[n++] = 0;
	ret[n++] = UINT64_MAX;
	return n;
}

static void compare(const struct sock_fprog *p, const uint8_t *verdicts)
{
	static const int far_numbers[] = { -1, 0x3fffffff, 0x40000000, 0x40000000 + SYS_getpid, INT32_MAX, INT32_MIN };
	uint64_t v[256];
	size_t n = values(v);

	for (int nr = 0; nr <= 600; nr++) {
		uint8_t verdict = nr < SECCOMP_CALLS ? verdicts[nr] : CALL_UNKNOWN;
		unsigned arg = verdict < CALL_RULE ? 0 : seccomp_rules[verdict - CALL_RULE].arg;

		for (size_t i = 0; i < n; i++)
			if (run(p, nr, arg, v[i]) != wanted(verdict, v[i]))
				fail_msg("call %d, argument %llx: %x, want %x", nr, (unsigned long long)v[i],
					 run(p, nr, arg, v[i]), wanted(verdict, v[i]));
	}
	for (size_t i = 0; i < COUNT_OF(far_numbers); i++)
		assert_int_equal(run(p, far_numbers[i], 0, 0), ERR(ENOSYS));
}

static void compare_with(uint64_t caps)
{
	struct sock_fprog p = built(caps);
	uint8_t verdicts[SECCOMP_CALLS];

	assert_int_equal(seccomp_verdicts(caps, verdicts), 0);
	compare(&p, verdicts);
	seccomp_free(&p);
}

static void test_program_is_the_table(void **state)
{
	(void)state;
	compare_with(0);
	compare_with(CAPABILITIES_DEFAULT);
	compare_with(UINT64_MAX);
	for (unsigned i = 0; i < 64; i++)
		compare_with(1ull << i);
}

static uint8_t any_verdict(uint32_t *seed, unsigned kinds)
{
	*seed = *seed * 1664525 + 1013904223;
	return (uint8_t)((*seed >> 16) % kinds);
}

/* Tables that nobody would write: verdicts that change from number to number, so that jumps get too far for a comparison. */
static void test_any_table(void **state)
{
	const unsigned all = CALL_RULE + (unsigned)seccomp_n_rules;
	uint32_t seed = 1;

	(void)state;
	for (unsigned kinds = 1; kinds <= all; kinds++) {
		uint8_t verdicts[SECCOMP_CALLS], turns[SECCOMP_CALLS];
		struct sock_fprog p;

		for (unsigned i = 0; i < SECCOMP_CALLS; i++) {
			verdicts[i] = any_verdict(&seed, kinds);
			turns[i] = (uint8_t)(i % kinds);
		}
		assert_int_equal(seccomp_generate(verdicts, &p), 0);
		compare(&p, verdicts);
		seccomp_free(&p);
		assert_int_equal(seccomp_generate(turns, &p), 0);
		compare(&p, turns);
		seccomp_free(&p);
	}
}

static void test_one_verdict_for_all(void **state)
{
	uint8_t verdicts[SECCOMP_CALLS] = { 0 };
	struct sock_fprog p;

	(void)state;
	assert_int_equal(seccomp_generate(verdicts, &p), 0);
	compare(&p, verdicts);
	seccomp_free(&p);
}

static void test_other_architectures(void **state)
{
	struct sock_fprog p = built(UINT64_MAX);
	struct seccomp_data data = { .nr = SYS_getpid, .arch = FOREIGN };

	(void)state;
	assert_int_equal(bpf_run(&p, &data, NULL), SECCOMP_RET_KILL_PROCESS);
	data.arch = 0;
	assert_int_equal(bpf_run(&p, &data, NULL), SECCOMP_RET_KILL_PROCESS);
	seccomp_free(&p);
}

/* ---- the table says what it should ---- */

static const struct {
	int nr;
	int cap; /* that opens it; -1 none */
	int err;
} denied[] = {
	{ SYS_io_uring_setup, -1, EPERM }, { SYS_io_uring_enter, -1, EPERM }, { SYS_io_uring_register, -1, EPERM },
	{ SYS_keyctl, -1, EPERM }, { SYS_add_key, -1, EPERM }, { SYS_request_key, -1, EPERM }, { SYS_userfaultfd, -1, EPERM },
	{ SYS_kexec_load, -1, EPERM }, { SYS_swapon, -1, EPERM }, { SYS_swapoff, -1, EPERM }, { SYS_pivot_root, -1, EPERM },
	{ SYS_move_pages, -1, EPERM }, { SYS_migrate_pages, -1, EPERM },
	{ SYS_bpf, CAP_SYS_ADMIN, EPERM }, { SYS_bpf, CAP_BPF, EPERM },
	{ SYS_perf_event_open, CAP_SYS_ADMIN, EPERM }, { SYS_perf_event_open, CAP_PERFMON, EPERM },
	{ SYS_mount, CAP_SYS_ADMIN, EPERM }, { SYS_umount2, CAP_SYS_ADMIN, EPERM }, { SYS_fsopen, CAP_SYS_ADMIN, EPERM },
	{ SYS_fsconfig, CAP_SYS_ADMIN, EPERM }, { SYS_fsmount, CAP_SYS_ADMIN, EPERM }, { SYS_fspick, CAP_SYS_ADMIN, EPERM },
	{ SYS_open_tree, CAP_SYS_ADMIN, EPERM }, { SYS_move_mount, CAP_SYS_ADMIN, EPERM },
	{ 442 /* mount_setattr */, CAP_SYS_ADMIN, EPERM }, { 467 /* open_tree_attr */, CAP_SYS_ADMIN, EPERM },
	{ SYS_unshare, CAP_SYS_ADMIN, EPERM }, { SYS_setns, CAP_SYS_ADMIN, EPERM }, { SYS_clone3, CAP_SYS_ADMIN, ENOSYS },
	{ SYS_sethostname, CAP_SYS_ADMIN, EPERM }, { SYS_setdomainname, CAP_SYS_ADMIN, EPERM },
	{ SYS_quotactl, CAP_SYS_ADMIN, EPERM }, { SYS_fanotify_init, CAP_SYS_ADMIN, EPERM },
	{ SYS_syslog, CAP_SYS_ADMIN, EPERM }, { SYS_syslog, CAP_SYSLOG, EPERM },
	{ SYS_ptrace, CAP_SYS_PTRACE, EPERM }, { SYS_process_vm_readv, CAP_SYS_PTRACE, EPERM },
	{ SYS_process_vm_writev, CAP_SYS_PTRACE, EPERM }, { SYS_kcmp, CAP_SYS_PTRACE, EPERM },
	{ 438 /* pidfd_getfd */, CAP_SYS_PTRACE, EPERM }, { 440 /* process_madvise */, CAP_SYS_PTRACE, EPERM },
	{ SYS_init_module, CAP_SYS_MODULE, EPERM }, { SYS_finit_module, CAP_SYS_MODULE, EPERM },
	{ SYS_delete_module, CAP_SYS_MODULE, EPERM }, { SYS_open_by_handle_at, CAP_DAC_READ_SEARCH, EPERM },
	{ SYS_reboot, CAP_SYS_BOOT, EPERM }, { SYS_settimeofday, CAP_SYS_TIME, EPERM },
	{ SYS_clock_settime, CAP_SYS_TIME, EPERM }, { SYS_mbind, CAP_SYS_NICE, EPERM },
	{ SYS_set_mempolicy, CAP_SYS_NICE, EPERM }, { SYS_get_mempolicy, CAP_SYS_NICE, EPERM },
	{ SYS_acct, CAP_SYS_PACCT, EPERM }, { SYS_vhangup, CAP_SYS_TTY_CONFIG, EPERM }, { SYS_chroot, CAP_SYS_CHROOT, EPERM },
#if defined(__x86_64__)
	{ SYS_iopl, CAP_SYS_RAWIO, EPERM }, { SYS_ioperm, CAP_SYS_RAWIO, EPERM }, { SYS_modify_ldt, -1, EPERM },
#endif
};

/* Whether some row of the call names the capability. */
static int opens(int nr, int cap)
{
	for (size_t i = 0; i < COUNT_OF(denied); i++)
		if (denied[i].nr == nr && denied[i].cap == cap)
			return 1;
	return 0;
}

static void test_denied(void **state)
{
	(void)state;
	for (int cap = -1; cap <= 63; cap++) {
		struct sock_fprog p = built(cap < 0 ? 0 : 1ull << cap);

		for (size_t i = 0; i < COUNT_OF(denied); i++) {
			uint32_t want = cap >= 0 && opens(denied[i].nr, cap) ? ALLOW : ERR((uint32_t)denied[i].err);

			if (run(&p, denied[i].nr, 0, 0) != want)
				fail_msg("call %d with capability %d: %x, want %x", denied[i].nr, cap,
					 run(&p, denied[i].nr, 0, 0), want);
		}
		seccomp_free(&p);
	}
}

static void test_never_with_all(void **state)
{
	struct sock_fprog p = built(UINT64_MAX);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(denied); i++)
		if (denied[i].cap < 0)
			assert_int_equal(run(&p, denied[i].nr, 0, 0), ERR(EPERM));
		else
			assert_int_equal(run(&p, denied[i].nr, 0, 0), ALLOW);
	seccomp_free(&p);
}

static void test_clone(void **state)
{
	static const uint32_t namespaces[] = {
		CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET,
	};
	const uint64_t thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |
				CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
	struct sock_fprog p = built(CAPABILITIES_DEFAULT), admin = built(1ull << CAP_SYS_ADMIN);

	(void)state;
	assert_int_equal(run(&p, SYS_clone, 0, thread), ALLOW);
	assert_int_equal(run(&p, SYS_clone, 0, CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | 17), ALLOW);
	assert_int_equal(run(&p, SYS_clone, 0, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | 17), ALLOW);
	for (size_t i = 0; i < COUNT_OF(namespaces); i++) {
		assert_int_equal(run(&p, SYS_clone, 0, namespaces[i] | 17), ERR(EPERM));
		assert_int_equal(run(&p, SYS_clone, 0, namespaces[i] | thread | 1ull << 40), ERR(EPERM));
		assert_int_equal(run(&admin, SYS_clone, 0, namespaces[i] | 17), ALLOW);
	}
	seccomp_free(&p);
	seccomp_free(&admin);
}

static void test_sockets(void **state)
{
	struct sock_fprog p = built(0), raw = built(1ull << CAP_NET_RAW);

	(void)state;
	for (unsigned family = 0; family < 64; family++) {
		int usual = family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK;

		assert_int_equal(run(&p, SYS_socket, 0, family), usual ? ALLOW : ERR(EAFNOSUPPORT));
		assert_int_equal(run(&raw, SYS_socket, 0, family), usual || family == AF_PACKET ? ALLOW : ERR(EAFNOSUPPORT));
		assert_int_equal(run(&p, SYS_socketpair, 0, family), family == AF_UNIX ? ALLOW : ERR(EAFNOSUPPORT));
	}
	assert_int_equal(run(&p, SYS_socket, 0, 0x1200000000 | AF_VSOCK), ERR(EAFNOSUPPORT));
	seccomp_free(&p);
	seccomp_free(&raw);
}

static void test_arguments(void **state)
{
	static const uint32_t personalities[] = { 0, 8, 0x20000, 0x20008, 0xffffffff };
	struct sock_fprog p = built(UINT64_MAX);

	(void)state;
	assert_int_equal(run(&p, SYS_ioctl, 1, TIOCSTI), ERR(EPERM));
	assert_int_equal(run(&p, SYS_ioctl, 1, TIOCLINUX), ERR(EPERM));
	assert_int_equal(run(&p, SYS_ioctl, 1, 0xffffffff00000000 | TIOCSTI), ERR(EPERM));
	assert_int_equal(run(&p, SYS_ioctl, 0, TIOCSTI), ALLOW);
	assert_int_equal(run(&p, SYS_ioctl, 1, TIOCGWINSZ), ALLOW);
	for (size_t i = 0; i < COUNT_OF(personalities); i++)
		assert_int_equal(run(&p, SYS_personality, 0, personalities[i]), ALLOW);
	assert_int_equal(run(&p, SYS_personality, 0, 0x40000 /* ADDR_NO_RANDOMIZE */), ERR(EPERM));
	assert_int_equal(run(&p, SYS_personality, 0, 0x100000 /* MMAP_PAGE_ZERO */), ERR(EPERM));
	seccomp_free(&p);
}

#if defined(__x86_64__)
/* A call of the kernel that was forgotten in the table would give ENOSYS: each number has a place, or is one of the dead. */
static void test_nothing_forgotten(void **state)
{
	static const int dead[] = { 156, 174, 177, 178, 180, 181, 182, 183, 184, 185, 205, 211, 214, 215, 236 };
	uint8_t verdicts[SECCOMP_CALLS];

	(void)state;
	assert_int_equal(seccomp_verdicts(0, verdicts), 0);
	for (int nr = 0; nr <= 467; nr++) {
		int is_dead = nr > 336 && nr < 424;

		for (size_t i = 0; i < COUNT_OF(dead); i++)
			is_dead |= dead[i] == nr;
		if ((verdicts[nr] == CALL_UNKNOWN) != is_dead)
			fail_msg("call %d is %s", nr, is_dead ? "not dead" : "in no list");
	}
	for (int nr = 468; nr < SECCOMP_CALLS; nr++)
		assert_int_equal(verdicts[nr], CALL_UNKNOWN);
}
#endif

/* ---- what it costs ---- */

static unsigned steps_of(const struct sock_fprog *p, int nr)
{
	struct seccomp_data data = { .nr = nr, .arch = NATIVE };
	unsigned steps;

	bpf_run(p, &data, &steps);
	return steps;
}

static void test_costs(void **state)
{
	static const int hot[] = { SYS_read, SYS_write, SYS_openat, SYS_close, SYS_futex, SYS_ioctl, SYS_mmap };
	struct sock_fprog p = built(CAPABILITIES_DEFAULT);
	unsigned worst = 0, hottest = 0;
	uint64_t best = UINT64_MAX;

	(void)state;
	for (int nr = 0; nr < SECCOMP_CALLS; nr++)
		worst = steps_of(&p, nr) > worst ? steps_of(&p, nr) : worst;
	for (size_t i = 0; i < COUNT_OF(hot); i++)
		hottest = steps_of(&p, hot[i]) > hottest ? steps_of(&p, hot[i]) : hottest;
	for (int i = 0; i < 20; i++) {
		uint64_t began = now_us();

		for (int k = 0; k < 20; k++) {
			struct sock_fprog q = built(CAPABILITIES_DEFAULT);

			seccomp_free(&q);
		}
		best = now_us() - began < best ? now_us() - began : best;
	}
	printf("# %u instructions, made in %.1f us; a call takes %u of them at most, a hot one %u\n", p.len, (double)best / 20,
	       worst, hottest);
	assert_true(p.len < 160);
	assert_true(worst < 30 && hottest < 16);
	seccomp_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_program_is_the_table),
		cmocka_unit_test(test_any_table),
		cmocka_unit_test(test_one_verdict_for_all),
		cmocka_unit_test(test_other_architectures),
		cmocka_unit_test(test_denied),
		cmocka_unit_test(test_never_with_all),
		cmocka_unit_test(test_clone),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_arguments),
#if defined(__x86_64__)
		cmocka_unit_test(test_nothing_forgotten),
#endif
		cmocka_unit_test(test_costs),
	};

	return cmocka_run_group_tests_name("seccomp", tests, NULL, NULL);
}
