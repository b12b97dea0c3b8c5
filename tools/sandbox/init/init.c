/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Process 1 of a sandbox: starts the command, passes signals on, reaps whoever is left to it, and tells the true end of
 * the command over the socket. Freestanding: no library, no memory of its own beyond the stack, a few kilobytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <linux/wait.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "../message.h"

#define SOCKET     3
#define SIGNALS    64
#define SIGCHLD_NR 17
#define TIOCSPGRP  0x5410

/* ---- system calls ---- */

static long call6(long n, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = n, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c,
		      x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
#elif defined(__riscv) && __riscv_xlen == 64
	register long a7 __asm__("a7") = n, a0 __asm__("a0") = a, a1 __asm__("a1") = b, a2 __asm__("a2") = c,
		      a3 __asm__("a3") = d, a4 __asm__("a4") = e, a5 __asm__("a5") = f;

	__asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5) : "memory");
	return a0;
#else
#error "the init knows x86-64, aarch64 and riscv64"
#endif
}
#define call(n, a, b, c, d) call6(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

/* The compiler calls it for clearing and copying of its own. */
void *memset(void *p, int c, size_t n)
{
	for (volatile char *at = p; n; n--)
		*at++ = (char)c;
	return p;
}

static _Noreturn void leave(int status)
{
	for (;;)
		call(SYS_exit_group, status, 0, 0, 0);
}

static size_t length(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

static void tell(enum message_kind kind, int err, int pid, int status)
{
	static struct message m;

	m.kind = (int)kind;
	m.err = err;
	m.pid = pid;
	m.status = status;
	call6(SYS_sendto, SOCKET, (long)&m, sizeof(m), 0x4000 /* MSG_NOSIGNAL */, 0, 0);
}

/* ---- the command ---- */

static const char *find_path(char **env)
{
	static const char usual[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

	for (; *env; env++) {
		const char *e = *env;

		if (e[0] == 'P' && e[1] == 'A' && e[2] == 'T' && e[3] == 'H' && e[4] == '=')
			return e + 5;
	}
	return usual;
}

static int has_slash(const char *s)
{
	for (; *s; s++)
		if (*s == '/')
			return 1;
	return 0;
}

static int execute(char **argv, char **env)
{
	const char *path = find_path(env), *file = argv[0];
	size_t len = length(file);
	int err = -ENOENT;

	if (has_slash(file))
		return (int)call(SYS_execve, file, argv, env, 0);
	while (*path) {
		char full[4096];
		size_t n = 0, i;

		while (path[n] && path[n] != ':')
			n++;
		if (n && n + len + 2 <= sizeof(full)) {
			int r;

			for (i = 0; i < n; i++)
				full[i] = path[i];
			full[i++] = '/';
			for (size_t k = 0; k <= len; k++)
				full[i + k] = file[k];
			r = (int)call(SYS_execve, full, argv, env, 0);
			if (r != -ENOENT && r != -ENOTDIR)
				err = r;
		}
		path += n;
		path += *path == ':';
	}
	return err;
}

/* What the caller ignores is no business of the command: a service ignores SIGPIPE, whoever starts in the background SIGINT. */
static void default_signals(void)
{
	static const uint64_t as_usual[4]; /* struct sigaction, as the kernel has it: SIG_DFL, nothing else */

	for (int signal = 1; signal < 32; signal++)
		call(SYS_rt_sigaction, signal, as_usual, 0, 8);
}

static _Noreturn void command(char **argv, char **env)
{
	uint64_t none = 0;
	int self = (int)call(SYS_getpid, 0, 0, 0, 0), r;

	call(SYS_fcntl, SOCKET, F_SETFD, FD_CLOEXEC, 0);
	/* a group of its own, in front: what is typed goes to it and not to the init */
	call(SYS_setpgid, 0, 0, 0, 0);
	call(SYS_ioctl, 0, TIOCSPGRP, &self, 0);
	default_signals();
	call(SYS_rt_sigprocmask, 2 /* SIG_SETMASK */, &none, 0, 8);
	r = execute(argv, env);
	tell(MESSAGE_NO_EXEC, r, 0, 0);
	leave(r == -ENOENT ? 127 : 126);
}

static int start_command(char **argv, char **env)
{
	long pid = call6(SYS_clone, 0x4000 /* CLONE_VFORK */ | SIGCHLD_NR, 0, 0, 0, 0, 0);

	if (!pid)
		command(argv, env);
	if (pid < 0) {
		tell(MESSAGE_NO_EXEC, (int)pid, 0, 0);
		leave(125);
	}
	return (int)pid;
}

/* ---- its life ---- */

static void reap(int pid)
{
	int status = 0, who;

	while ((who = (int)call(SYS_wait4, -1, &status, WNOHANG, 0)) > 0 || who == -EINTR) {
		if (who != pid)
			continue;
		tell(MESSAGE_ENDED, 0, pid, status);
		leave(status & 0x7f ? 128 + (status & 0x7f) : status >> 8 & 0xff);
	}
}

static int is(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* No child, nobody to reap: this process becomes the command. */
static _Noreturn void in_place(char **argv, char **env)
{
	int r;

	default_signals();
	call(SYS_fcntl, SOCKET, F_SETFD, FD_CLOEXEC, 0);
	r = execute(argv, env);
	tell(MESSAGE_NO_EXEC, r, 0, 0);
	leave(r == -ENOENT ? 127 : 126);
}

__attribute__((used)) _Noreturn void start(long *stack)
{
	char **argv = (char **)(stack + 1), **env = argv + *stack + 1, *how = *argv++;
	uint64_t all = ~0ull;
	int pid;

	call(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0);
	if (*stack > 1 && is(how, INIT_IN_PLACE))
		in_place(argv, env);
	/* not by a script that names /proc/self/exe: each would start the next, without an end */
	if (*stack < 2 || !is(how, INIT_FIRST) || call(SYS_getpid, 0, 0, 0, 0) != 1)
		leave(126);
	call(SYS_rt_sigprocmask, 2 /* SIG_SETMASK */, &all, 0, 8);
	pid = start_command(argv, env);
	tell(MESSAGE_RUNNING, 0, pid, 0);
	for (;;) {
		long signal = call(SYS_rt_sigtimedwait, &all, 0, 0, 8);

		if (signal == SIGCHLD_NR)
			reap(pid);
		else if (signal > 0 && signal <= SIGNALS)
			call(SYS_kill, pid, signal, 0, 0);
	}
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n\tmov x29, #0\n\tmov x30, #0\n\tmov x0, sp\n\tand sp, x0, #-16\n\tb start\n");
#else
__asm__(".globl _start\n_start:\n\tmv a0, sp\n\tandi sp, sp, -16\n\tj start\n");
#endif
