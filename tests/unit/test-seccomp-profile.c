/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Profiles in docker's form: read, refused with place and reason, made into filters, kept compiled. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "bpf-run.h"
#include "sandbox/capabilities.h"
#include "sandbox/seccomp.h"
#include "sandbox/seccomp_calls.h"
#include "sandbox/seccomp_read.h"
#include "util/clock.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define ALLOW       SECCOMP_RET_ALLOW
#define ERR(e)      (SECCOMP_RET_ERRNO | (e))

#if defined(__x86_64__)
#define NATIVE  AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE  AUDIT_ARCH_AARCH64
#else
#define NATIVE  AUDIT_ARCH_RISCV64
#endif

static char dir[] = "/tmp/cgx-profile.XXXXXX", file[sizeof(dir) + 16], cache[sizeof(dir) + 16];

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(file, sizeof(file), "%s/p.json", dir);
	snprintf(cache, sizeof(cache), "%s/cache", dir);
	return 0;
}

static int remove_dir(void **state)
{
	char command[sizeof(dir) + 16];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

static void write_file(const char *path, const char *text, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, n), n);
	close(fd);
}

/* ---- reading ---- */

static int read_as(const char *text, const char *arch, uint64_t caps, struct profile *p, struct buf *why)
{
	const struct profile_host host = { .caps = caps, .arch = arch, .kernel = { 6, 1 } };

	return profile_read(text, strlen(text), &host, p, why);
}

#define DENY "{\"defaultAction\": \"SCMP_ACT_ERRNO\", "
#define RULE DENY "\"syscalls\": [{\"names\": [\"read\"], \"action\": \"SCMP_ACT_ALLOW\""

static void test_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "[]", "line 1: not an object" },
		{ "null", "line 1: \"an object\" is missing" },
		{ "{}", "line 1: \"defaultAction\" is missing" },
		{ "{\"defaultAction\": 5}", "line 1: defaultAction: not a string" },
		{ "{\"defaultAction\": \"ALLOW\"}", "line 1: defaultAction: not an action: SCMP_ACT_ALLOW, _ERRNO, _KILL_PROCESS, "
		  "_KILL_THREAD, _TRAP, _TRACE or _LOG" },
		{ "{\"defaultAction\": \"SCMP_ACT_NOTIFY\"}",
		  "line 1: defaultAction: nobody is there who could be notified: take another action" },
		{ "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"defaultErrnoRet\": 1}",
		  "line 1: defaultAction: this action has no errno" },
		{ DENY "\"defaultErrnoRet\": 4096}", "line 1: defaultErrnoRet: not a whole number from 0 to 4095" },
		{ DENY "\"defaultErrnoRet\": -1}", "line 1: defaultErrnoRet: not a whole number from 0 to 4095" },
		{ DENY "\"defaultErrnoRet\": \"EPERM\"}", "line 1: defaultErrnoRet: not a whole number from 0 to 4095" },
		{ DENY "\"defaultErrno\": \"EPREM\"}",
		  "line 1: defaultErrno: no error that is known by name here; give its number" },
		{ DENY "\"defaultErrno\": \"EPERM\", \"defaultErrnoRet\": 38}",
		  "line 1: defaultErrno: not the same as \"defaultErrnoRet\"" },
		{ DENY "\"sycalls\": []}", "line 1: sycalls: no key that is known here; these are: defaultAction defaultErrnoRet "
		  "defaultErrno archMap architectures flags syscalls $schema" },
		{ DENY "\"flags\": [\"SECCOMP_FILTER_FLAG_NEW\"]}", "line 1: flags[0]: not a flag that is known here" },
		{ DENY "\"listenerPath\": \"/x\"}", "line 1: listenerPath: no key that is known here; these are: defaultAction "
		  "defaultErrnoRet defaultErrno archMap architectures flags syscalls $schema" },
		{ DENY "\"architectures\": [\"x86_64\"]}",
		  "line 1: architectures[0]: not the name of an architecture, as SCMP_ARCH_X86_64" },
		{ DENY "\"architectures\": [\"SCMP_ARCH_X86\"], \"archMap\": [{\"architecture\": \"SCMP_ARCH_X86\"}]}",
		  "line 1: architectures: beside \"archMap\"; one of the two" },
		{ DENY "\"archMap\": [{\"subArchitectures\": []}]}", "line 1: archMap[0]: \"architecture\" is missing" },
		{ DENY "\"archMap\": [{\"architecture\": \"SCMP_ARCH_S390\", \"subArchitectures\": [null]}]}",
		  "line 1: archMap[0].subArchitectures[0]: \"a name\" is missing" },
		{ DENY "\"syscalls\": {}}", "line 1: syscalls: not an array" },
		{ DENY "\"syscalls\": [\"read\"]}", "line 1: syscalls[0]: not an object" },
		{ DENY "\"syscalls\": [\n{\"action\": \"SCMP_ACT_ALLOW\"}]}", "line 2: syscalls[0]: no system call is named" },
		{ DENY "\"syscalls\": [{\"names\": [], \"action\": \"SCMP_ACT_ALLOW\"}]}",
		  "line 1: syscalls[0].names: no system call is named" },
		{ DENY "\"syscalls\": [{\"names\": [\"read\", \"a b\"], \"action\": \"SCMP_ACT_ALLOW\"}]}",
		  "line 1: syscalls[0].names[1]: not the name of a system call" },
		{ DENY "\"syscalls\": [{\"names\": [\"read\"], \"name\": \"write\", \"action\": \"SCMP_ACT_ALLOW\"}]}",
		  "line 1: syscalls[0].name: beside \"names\"; one of the two" },
		{ DENY "\"syscalls\": [{\"names\": [\"read\"]}]}", "line 1: syscalls[0]: \"action\" is missing" },
		{ RULE ", \"errnoRet\": 1}]}", "line 1: syscalls[0].action: this action has no errno" },
		{ RULE ", \"arg\": []}]}", "line 1: syscalls[0].arg: no key that is known here; these are: names name action "
		  "errnoRet errno args includes excludes" },
		{ RULE ", \"args\": [{\"index\": 6, \"value\": 1, \"op\": \"SCMP_CMP_EQ\"}]}]}",
		  "line 1: syscalls[0].args[0].index: not a whole number from 0 to 5" },
		{ RULE ", \"args\": [{\"index\": 0, \"value\": -1, \"op\": \"SCMP_CMP_EQ\"}]}]}",
		  "line 1: syscalls[0].args[0].value: not a whole number from 0 to 18446744073709551615" },
		{ RULE ", \"args\": [{\"index\": 0, \"value\": 1, \"op\": \"==\"}]}]}",
		  "line 1: syscalls[0].args[0].op: not SCMP_CMP_EQ, _NE, _LT, _LE, _GE, _GT or _MASKED_EQ" },
		{ RULE ", \"args\": [{\"index\": 0, \"op\": \"SCMP_CMP_EQ\"}]}]}",
		  "line 1: syscalls[0].args[0]: \"value\" is missing" },
		{ RULE ", \"includes\": {\"caps\": [\"SYS_ADMIN\"]}}]}", "line 1: syscalls[0].includes.caps[0]: no capability has this "
		  "name; capabilities(7) lists them, as CAP_NET_ADMIN" },
		{ RULE ", \"includes\": {\"cap\": [\"CAP_SYS_ADMIN\"]}}]}",
		  "line 1: syscalls[0].includes.cap: no key that is known here; these are: caps arches minKernel" },
		{ RULE ", \"excludes\": {\"minKernel\": \"4\"}}]}",
		  "line 1: syscalls[0].excludes.minKernel: not the version of a kernel, as 4.8" },
		{ RULE ", \"excludes\": {\"minKernel\": \"4.8.1\"}}]}",
		  "line 1: syscalls[0].excludes.minKernel: not the version of a kernel, as 4.8" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		AUTO_BUF struct buf why = { 0 };
		struct profile p;
		int r = read_as(bad[i].text, "SCMP_ARCH_X86_64", 0, &p, &why);

		if (r != -EBADMSG || strcmp(buf_text(&why), bad[i].why))
			fail_msg("%s\n%d, %s\nwant %s", bad[i].text, r, buf_text(&why), bad[i].why);
	}
}

static void test_applies(void **state)
{
	static const struct {
		const char *conditions;
		int applies; /* on 6.1, amd64, with CAP_SYS_ADMIN and CAP_BPF */
	} rules[] = {
		{ "", 1 },
		{ ", \"includes\": null, \"excludes\": {}", 1 },
		{ ", \"includes\": {\"caps\": []}, \"excludes\": {\"caps\": [], \"arches\": [], \"minKernel\": \"\"}", 1 },
		{ ", \"includes\": {\"caps\": [\"CAP_SYS_ADMIN\"]}", 1 },
		{ ", \"includes\": {\"caps\": [\"CAP_SYS_ADMIN\", \"CAP_BPF\"]}", 1 },
		{ ", \"includes\": {\"caps\": [\"CAP_SYS_ADMIN\", \"CAP_KILL\"]}", 0 },
		{ ", \"excludes\": {\"caps\": [\"CAP_SYS_ADMIN\", \"CAP_KILL\"]}", 0 },
		{ ", \"excludes\": {\"caps\": [\"CAP_KILL\"]}", 1 },
		{ ", \"includes\": {\"arches\": [\"x32\", \"amd64\"]}", 1 },
		{ ", \"includes\": {\"arches\": [\"arm64\"]}", 0 },
		{ ", \"excludes\": {\"arches\": [\"amd64\"]}", 0 },
		{ ", \"excludes\": {\"arches\": [\"s390\", \"s390x\"]}", 1 },
		{ ", \"includes\": {\"minKernel\": \"6.1\"}", 1 },
		{ ", \"includes\": {\"minKernel\": \"4.8\"}", 1 },
		{ ", \"includes\": {\"minKernel\": \"6.2\"}", 0 },
		{ ", \"includes\": {\"minKernel\": \"7.0\"}", 0 },
		{ ", \"excludes\": {\"minKernel\": \"6.1\"}", 0 },
		{ ", \"excludes\": {\"minKernel\": \"6.10\"}", 1 },
		{ ", \"includes\": {\"caps\": [\"CAP_BPF\"]}, \"excludes\": {\"arches\": [\"amd64\"]}", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rules); i++) {
		AUTO_BUF struct buf text = { 0 }, why = { 0 };
		struct profile p;

		buf_printf(&text, "%s%s}]}", RULE, rules[i].conditions);
		if (read_as(buf_text(&text), "SCMP_ARCH_X86_64", CAPABILITY(CAP_SYS_ADMIN) | CAPABILITY(CAP_BPF), &p, &why))
			fail_msg("%s: %s", buf_text(&text), buf_text(&why));
		if (p.n_rules != 1 || p.rule[0].applies != rules[i].applies)
			fail_msg("%s: %d", rules[i].conditions, p.rule[0].applies);
		profile_free(&p);
	}
}

static void test_architectures(void **state)
{
	static const struct {
		const char *text, *on, *want;
	} cases[] = {
		{ "\"archMap\": null", "SCMP_ARCH_X86_64", "" },
		{ "\"architectures\": [\"SCMP_ARCH_X86_64\", \"SCMP_ARCH_X86\", \"SCMP_ARCH_ARM\", \"SCMP_ARCH_X86\"]",
		  "SCMP_ARCH_X86_64", " SCMP_ARCH_X86_64 SCMP_ARCH_X86" },
		{ "\"architectures\": [\"SCMP_ARCH_X86_64\", \"SCMP_ARCH_X86\", \"SCMP_ARCH_ARM\"]", "SCMP_ARCH_AARCH64",
		  " SCMP_ARCH_ARM" },
		{ "\"archMap\": [{\"architecture\": \"SCMP_ARCH_X86_64\", \"subArchitectures\": [\"SCMP_ARCH_X86\", "
		  "\"SCMP_ARCH_X32\"]}, {\"architecture\": \"SCMP_ARCH_AARCH64\", \"subArchitectures\": [\"SCMP_ARCH_ARM\"]}]",
		  "SCMP_ARCH_X86_64", " SCMP_ARCH_X86_64 SCMP_ARCH_X86 SCMP_ARCH_X32" },
		{ "\"archMap\": [{\"architecture\": \"SCMP_ARCH_X86_64\", \"subArchitectures\": [\"SCMP_ARCH_X86\"]}]",
		  "SCMP_ARCH_RISCV64", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		AUTO_BUF struct buf text = { 0 }, why = { 0 }, got = { 0 };
		struct profile p;

		buf_printf(&text, "%s%s}", DENY, cases[i].text);
		if (read_as(buf_text(&text), cases[i].on, 0, &p, &why))
			fail_msg("%s: %s", buf_text(&text), buf_text(&why));
		for (size_t k = 0; k < p.n_archs; k++)
			buf_printf(&got, " %s", p.arch[k]);
		assert_string_equal(buf_text(&got), cases[i].want);
		profile_free(&p);
	}
}

static void test_forms(void **state)
{
	AUTO_BUF struct buf why = { 0 };
	struct profile p;

	(void)state;
	/* docker's oldest form, podman's words for errno, comments */
	assert_int_equal(read_as("{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrno\": \"ENOSYS\", \"comment\": 1, \"flags\": "
				 "[\"SECCOMP_FILTER_FLAG_LOG\"], \"syscalls\": [{\"name\": \"accept\", \"action\": \"SCMP_ACT_ALLOW\", "
				 "\"args\": null}, {\"names\": [\"bdflush\"], \"action\": \"SCMP_ACT_ERRNO\", \"args\": [], \"errnoRet\": "
				 "1, \"errno\": \"EPERM\", \"comment\": \"\"}, {\"names\": [\"x\"], \"action\": \"SCMP_ACT_TRACE\"}]}",
				 "SCMP_ARCH_X86_64", 0, &p, &why), 0);
	assert_int_equal(p.otherwise.act, PROFILE_ERRNO);
	assert_int_equal(p.otherwise.err, ENOSYS);
	assert_int_equal(p.n_rules, 3);
	assert_string_equal(p.rule[0].names->text, "accept");
	assert_int_equal(p.rule[0].action.act, PROFILE_ALLOW);
	assert_int_equal(p.rule[1].action.err, EPERM);
	assert_int_equal(p.rule[2].action.act, PROFILE_TRACE);
	assert_int_equal(p.rule[2].action.err, EPERM);
	profile_free(&p);
}

/* ---- made into a filter ---- */

static int has_library(void)
{
	static const char text[] = "{\"defaultAction\": \"SCMP_ACT_ALLOW\"}";
	AUTO_BUF struct buf why = { 0 };
	struct sock_fprog p = { 0 };
	int r;

	write_file(file, text, strlen(text));
	r = seccomp_profile(file, 0, NULL, &p, &why);
	if (!r)
		seccomp_free(&p);
	else
		assert_true((r == -ENOTSUP || r == -ENOPKG) && why.len);
	return !r;
}

static struct sock_fprog compiled(const char *text, uint64_t caps)
{
	AUTO_BUF struct buf why = { 0 };
	struct sock_fprog p = { 0 };

	write_file(file, text, strlen(text));
	if (seccomp_profile(file, caps, NULL, &p, &why))
		fail_msg("%s: %s", text, buf_text(&why));
	return p;
}

static uint32_t run(const struct sock_fprog *p, int nr, unsigned arg, uint64_t value)
{
	struct seccomp_data data = { .nr = nr, .arch = NATIVE };

	data.args[arg] = value;
	return bpf_run(p, &data, NULL);
}

static void test_actions(void **state)
{
	static const char text[] = "{\"defaultAction\": \"SCMP_ACT_KILL_PROCESS\", \"syscalls\": ["
		"{\"names\": [\"read\"], \"action\": \"SCMP_ACT_ALLOW\"}, {\"names\": [\"write\"], \"action\": \"SCMP_ACT_LOG\"},"
		"{\"names\": [\"close\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 9},"
		"{\"names\": [\"fstat\"], \"action\": \"SCMP_ACT_ERRNO\"}, {\"names\": [\"lseek\"], \"action\": \"SCMP_ACT_TRAP\"},"
		"{\"names\": [\"mmap\"], \"action\": \"SCMP_ACT_TRACE\", \"errnoRet\": 7},"
		"{\"names\": [\"brk\"], \"action\": \"SCMP_ACT_KILL\"}, {\"names\": [\"dup\"], \"action\": \"SCMP_ACT_KILL_PROCESS\"}]}";
	struct sock_fprog p;

	(void)state;
	if (!has_library())
		skip();
	p = compiled(text, 0);
	assert_int_equal(run(&p, SYS_read, 0, 0), ALLOW);
	assert_int_equal(run(&p, SYS_write, 0, 0), SECCOMP_RET_LOG);
	assert_int_equal(run(&p, SYS_close, 0, 0), ERR(9));
	assert_int_equal(run(&p, SYS_fstat, 0, 0), ERR(EPERM));
	assert_int_equal(run(&p, SYS_lseek, 0, 0), SECCOMP_RET_TRAP);
	assert_int_equal(run(&p, SYS_mmap, 0, 0), SECCOMP_RET_TRACE | 7);
	assert_int_equal(run(&p, SYS_brk, 0, 0), SECCOMP_RET_KILL_THREAD);
	assert_int_equal(run(&p, SYS_dup, 0, 0), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(run(&p, SYS_getpid, 0, 0), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(run(&p, 500, 0, 0), SECCOMP_RET_KILL_PROCESS);
	seccomp_free(&p);
}

#define ARG(index, value, op) "{\"index\": " index ", \"value\": " value ", \"op\": \"SCMP_CMP_" op "\"}"

static void test_arguments(void **state)
{
	static const char text[] = DENY "\"syscalls\": ["
		"{\"names\": [\"read\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": [" ARG("0", "5", "EQ") "]},"
		"{\"names\": [\"write\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": [" ARG("1", "4294967296", "GE") "]},"
		"{\"names\": [\"close\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": [" ARG("0", "5", "EQ") ", " ARG("0", "7", "EQ") "]},"
		"{\"names\": [\"clone\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": [{\"index\": 0, \"value\": 255, \"valueTwo\": 17, "
		"\"op\": \"SCMP_CMP_MASKED_EQ\"}]},"
		"{\"names\": [\"dup\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": [" ARG("0", "5", "LT") ", " ARG("1", "0", "NE") "]}]}";
	struct seccomp_data both = { .nr = SYS_dup, .arch = NATIVE, .args = { 4, 1 } };
	struct sock_fprog p;

	(void)state;
	if (!has_library())
		skip();
	p = compiled(text, 0);
	assert_int_equal(run(&p, SYS_read, 0, 5), ALLOW);
	assert_int_equal(run(&p, SYS_read, 0, 6), ERR(EPERM));
	assert_int_equal(run(&p, SYS_read, 0, 1ull << 32 | 5), ERR(EPERM));
	assert_int_equal(run(&p, SYS_write, 1, 0xffffffff), ERR(EPERM));
	assert_int_equal(run(&p, SYS_write, 1, 1ull << 32), ALLOW);
	assert_int_equal(run(&p, SYS_close, 0, 5), ALLOW);
	assert_int_equal(run(&p, SYS_close, 0, 7), ALLOW);
	assert_int_equal(run(&p, SYS_close, 0, 6), ERR(EPERM));
	assert_int_equal(run(&p, SYS_clone, 0, 0x1200011), ALLOW);
	assert_int_equal(run(&p, SYS_clone, 0, 0x1200012), ERR(EPERM));
	assert_int_equal(bpf_run(&p, &both, NULL), ALLOW);
	both.args[1] = 0;
	assert_int_equal(bpf_run(&p, &both, NULL), ERR(EPERM));
	both.args[0] = 5;
	both.args[1] = 1;
	assert_int_equal(bpf_run(&p, &both, NULL), ERR(EPERM));
	seccomp_free(&p);
}

/* Newer than all that a profile names: ENOSYS, where its own errno is another. */
static void test_newer(void **state)
{
	static const char text[] = DENY "\"syscalls\": [{\"names\": [\"pidfd_open\", \"no_such_call\"], \"action\": \"SCMP_ACT_ALLOW\"},"
		"{\"names\": [\"close_range\"], \"action\": \"SCMP_ACT_ALLOW\", \"includes\": {\"caps\": [\"CAP_KILL\"]}}]}";
	struct sock_fprog p;

	(void)state;
	if (!has_library())
		skip();
	p = compiled(text, 0);
	assert_int_equal(run(&p, SYS_pidfd_open, 0, 0), ALLOW);
	assert_int_equal(run(&p, SYS_clone3, 0, 0), ERR(EPERM));
	assert_int_equal(run(&p, 436 /* close_range */, 0, 0), ERR(EPERM));
	assert_int_equal(run(&p, 437, 0, 0), ERR(ENOSYS));
	assert_int_equal(run(&p, 600, 0, 0), ERR(ENOSYS));
	seccomp_free(&p);
}

static void test_library_refuses(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [\"read\", \"mounnt\"], \"action\": "
		  "\"SCMP_ACT_ERRNO\"}]}", "line 1: syscalls[0].names[1]: libseccomp does not know mounnt, so that it would be allowed: "
		  "it is misspelled, or libseccomp is too old for it" },
		{ DENY "\"syscalls\": [{\"name\": \"read\", \"action\": \"SCMP_ACT_ALLOW\", \"args\": [" ARG("0", "5", "EQ") "]},\n"
		  "{\"name\": \"read\", \"action\": \"SCMP_ACT_KILL\", \"args\": [" ARG("0", "5", "EQ") "]}]}",
		  "line 2: syscalls[1].name: another rule says something else of read" },
	};

	(void)state;
	if (!has_library())
		skip();
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		AUTO_BUF struct buf why = { 0 };
		struct sock_fprog p;

		write_file(file, bad[i].text, strlen(bad[i].text));
		assert_int_equal(seccomp_profile(file, 0, NULL, &p, &why), -EBADMSG);
		assert_string_equal(buf_text(&why), bad[i].why);
	}
}

static void test_files(void **state)
{
	AUTO_BUF struct buf why = { 0 }, large = { 0 };
	struct sock_fprog p;

	(void)state;
	assert_int_equal(seccomp_profile("/nonexistent/p.json", 0, NULL, &p, &why), -ENOENT);
	assert_string_equal(buf_text(&why), "No such file or directory");
	buf_reset(&why);
	assert_int_equal(seccomp_profile(dir, 0, NULL, &p, &why), -EISDIR);
	buf_reset(&why);
	buf_puts(&large, "{\"comment\": \"");
	for (int i = 0; i < 1 << 20; i++)
		buf_putc(&large, 'x');
	buf_puts(&large, "\", \"defaultAction\": \"SCMP_ACT_ALLOW\"}");
	write_file(file, large.s, large.len);
	assert_int_equal(seccomp_profile(file, 0, NULL, &p, &why), -E2BIG);
	assert_string_equal(buf_text(&why), "larger than 1048576 bytes: no profile");
	buf_reset(&why);
	write_file(file, "", 0);
	assert_int_equal(seccomp_profile(file, 0, NULL, &p, &why), -EBADMSG);
	assert_string_equal(buf_text(&why), "line 1, column 1: the document ends too early");
}

/* ---- one of docker's size ---- */

static const char *docker_size(void)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/tests/unit/profile.json", getenv("CGX_SRCDIR") ? getenv("CGX_SRCDIR") : ".");
	return path;
}

static struct sock_fprog of_docker_size(uint64_t caps, const char *kept)
{
	AUTO_BUF struct buf why = { 0 };
	struct sock_fprog p = { 0 };

	if (seccomp_profile(docker_size(), caps, kept, &p, &why))
		fail_msg("%s: %s", docker_size(), buf_text(&why));
	return p;
}

#if defined(__x86_64__)
/* Of what an older libseccomp does not know the profile cannot speak: ENOSYS. 335 and 336 are the kernel's own, for probes. */
static int is_unknown(int nr, uint32_t action)
{
	return nr == 335 || nr == 336 || (nr > 450 && action == ERR(ENOSYS));
}

/* The built-in filter allows nothing that docker's rules do not: both are run, over all numbers and many arguments. */
static void compare_with(uint64_t caps)
{
	static const uint64_t values[] = {
		0, 1, 2, 8, 10, 16, 17, 38, 39, 40, 0x11, 0x1200011, 0x3d0f00, 0x10000000, 0x10000011, 0x02000000, 0x20000, 0x20008,
		0x40000, 0x5412, 0xffffffff, 0x7e020000,
	};
	struct sock_fprog ours = { 0 }, theirs = of_docker_size(caps, NULL);
	unsigned allowed = 0, stricter = 0;

	assert_int_equal(seccomp_default(caps, &ours), 0);
	for (int nr = 0; nr < 600; nr++)
		for (size_t i = 0; i < COUNT_OF(values); i++) {
			int we = run(&ours, nr, nr == SYS_ioctl, values[i]) == ALLOW;
			uint32_t they = run(&theirs, nr, nr == SYS_ioctl, values[i]);

			if (we && they != ALLOW && !is_unknown(nr, they))
				fail_msg("call %d with %llx is denied by the profile alone", nr, (unsigned long long)values[i]);
			allowed += (unsigned)we;
			stricter += (unsigned)(they == ALLOW && !we);
		}
	assert_true(allowed > 280 * COUNT_OF(values) && stricter);
	assert_true(stricter < 25 * COUNT_OF(values));
	seccomp_free(&ours);
	seccomp_free(&theirs);
}

static void test_as_strict_as_docker(void **state)
{
	(void)state;
	if (!has_library())
		skip();
	compare_with(0);
	compare_with(CAPABILITIES_DEFAULT);
	compare_with(CAPABILITY(CAP_SYS_ADMIN));
	compare_with((1ull << 41) - 1);
}
#endif

/* ---- kept ---- */

static int same(const struct sock_fprog *a, const struct sock_fprog *b)
{
	return a->len == b->len && !memcmp(a->filter, b->filter, a->len * sizeof(*a->filter));
}

/* The one file in the cache, "" when there is none. */
static const char *kept_file(void)
{
	static char path[4096];
	char command[256];
	FILE *f;

	snprintf(command, sizeof(command), "find %s -type f", cache);
	f = popen(command, "r");
	assert_non_null(f);
	if (!fgets(path, sizeof(path), f))
		*path = '\0';
	assert_null(fgets(command, sizeof(command), f));
	pclose(f);
	path[strcspn(path, "\n")] = '\0';
	return path;
}

static uint64_t time_of(uint64_t caps)
{
	uint64_t began = now_us();
	struct sock_fprog p = of_docker_size(caps, cache);

	began = now_us() - began;
	seccomp_free(&p);
	return began;
}

static void test_kept(void **state)
{
	struct sock_fprog first, again;
	uint64_t made, hit = UINT64_MAX;
	struct stat before, after;

	(void)state;
	if (!has_library())
		skip();
	first = of_docker_size(0, NULL);
	made = time_of(0);
	assert_int_equal(stat(kept_file(), &before), 0);
	again = of_docker_size(0, cache);
	assert_true(same(&first, &again));
	seccomp_free(&again);
	for (int i = 0; i < 50; i++) {
		uint64_t t = time_of(0);

		hit = t < hit ? t : hit;
	}
	assert_int_equal(stat(kept_file(), &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	printf("# docker's size: %u instructions, made in %llu us, taken from the cache in %llu us\n", first.len,
	       (unsigned long long)made, (unsigned long long)hit);
	assert_true(hit < made / 3);
	seccomp_free(&first);
}

/* Other capabilities, and a changed profile, have another file. */
static void test_kept_apart(void **state)
{
	AUTO_BUF struct buf why = { 0 };
	struct sock_fprog p, q;
	char command[256];

	(void)state;
	if (!has_library())
		skip();
	p = of_docker_size(0, cache);
	q = of_docker_size(CAPABILITY(CAP_SYS_CHROOT), cache);
	assert_int_equal(run(&p, SYS_chroot, 0, 0), ERR(EPERM));
	assert_int_equal(run(&q, SYS_chroot, 0, 0), ALLOW);
	seccomp_free(&p);
	seccomp_free(&q);
	for (int i = 0; i < 2; i++) {
		const char *text = i ? DENY "\"syscalls\": []}" : "{\"defaultAction\": \"SCMP_ACT_ALLOW\"}";

		write_file(file, text, strlen(text));
		assert_int_equal(seccomp_profile(file, 0, cache, &p, &why), 0);
		assert_int_equal(run(&p, SYS_read, 0, 0), i ? ERR(EPERM) : ALLOW);
		seccomp_free(&p);
	}
	snprintf(command, sizeof(command), "test $(find %s -type f | wc -l) = 4 && rm -r %s", cache, cache);
	assert_int_equal(system(command), 0);
}

/* What is not whole, or not ours alone, is made anew. */
static void test_not_trusted(void **state)
{
	struct sock_fprog want, got;
	struct stat st;

	(void)state;
	if (!has_library())
		skip();
	want = of_docker_size(0, cache);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(stat(kept_file(), &st), 0);
		if (i == 0)
			assert_int_equal(truncate(kept_file(), st.st_size - 8), 0);
		if (i == 1)
			assert_int_equal(truncate(kept_file(), st.st_size + 8), 0);
		if (i == 2)
			write_file(kept_file(), "x", 1);
		if (i == 3)
			assert_int_equal(chmod(kept_file(), 0666), 0);
		if (i == 4)
			assert_int_equal(chmod(cache, 0777), 0);
		got = of_docker_size(0, cache);
		assert_true(same(&want, &got));
		seccomp_free(&got);
		assert_int_equal(stat(kept_file(), &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
		assert_true((size_t)st.st_size == 16 + want.len * sizeof(*want.filter));
	}
	seccomp_free(&want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_applies),
		cmocka_unit_test(test_architectures),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_newer),
		cmocka_unit_test(test_library_refuses),
		cmocka_unit_test(test_files),
#if defined(__x86_64__)
		cmocka_unit_test(test_as_strict_as_docker),
#endif
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_kept_apart),
		cmocka_unit_test(test_not_trusted),
	};

	return cmocka_run_group_tests_name("seccomp profile", tests, make_dir, remove_dir);
}
