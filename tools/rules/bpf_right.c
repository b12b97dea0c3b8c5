/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* EPERM has five causes; the kernel tells none of them. */
#include "rules/bpf_right.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "util/bpf.h"

/* Where one may not go beyond the hard limit, one may go up to it. */
int bpf_raise_limit(void)
{
	struct rlimit before, limit = { RLIM_INFINITY, RLIM_INFINITY };

	if (getrlimit(RLIMIT_MEMLOCK, &before) < 0 || before.rlim_cur == RLIM_INFINITY)
		return 0;
	if (!setrlimit(RLIMIT_MEMLOCK, &limit))
		return 1;
	limit.rlim_cur = limit.rlim_max = before.rlim_max;
	return before.rlim_cur != before.rlim_max && !setrlimit(RLIMIT_MEMLOCK, &limit);
}

/* The first one has the same number on every kernel. */
static int in_first_namespace(void)
{
	char name[64];
	ssize_t n = readlink("/proc/self/ns/user", name, sizeof(name) - 1);

	name[n > 0 ? n : 0] = '\0';
	return n <= 0 || !strcmp(name, "user:[4026531837]");
}

/* What the call does not know it says is invalid, unless it is kept from being made at all. */
static int is_call_forbidden(void)
{
	char nothing[128] = { 0 };

	return sys_bpf(0x7fffffff, nothing, sizeof(nothing)) == -EPERM;
}

static void why_eperm(size_t size, struct buf *why)
{
	struct rlimit limit;

	if (!bpf_has_capabilities()) {
		buf_puts(why, "it needs CAP_BPF and CAP_PERFMON");
	} else if (!in_first_namespace()) {
		buf_puts(why, "it needs CAP_BPF and CAP_PERFMON in the first user namespace, and this is another");
	} else if (is_call_forbidden()) {
		buf_puts(why, "a system call filter or a security module forbids bpf(2)");
	} else if (!getrlimit(RLIMIT_MEMLOCK, &limit) && limit.rlim_cur != RLIM_INFINITY) {
		buf_printf(why, "before Linux 5.11 its %zu bytes count as locked memory, of which this process may have %ju: raise the "
				"limit (LimitMEMLOCK=infinity, ulimit -l unlimited)", size, (uintmax_t)limit.rlim_cur);
	} else {
		buf_puts(why, "a security module forbids it");
	}
}

void bpf_why(int err, size_t size, struct buf *why)
{
	if (err == -EPERM || err == -EACCES)
		why_eperm(size, why);
	else if (err == -EINVAL || err == -ENOENT || err == -EOPNOTSUPP || err == -ENOSYS)
		buf_puts(why, "it takes Linux 5.8 or later");
	else
		buf_puts(why, strerror(-err));
}
