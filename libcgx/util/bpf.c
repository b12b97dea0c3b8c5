/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bpf(2). */
#include "bpf.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF     39
#endif

int sys_bpf(int command, void *attr, size_t size)
{
	int r = (int)syscall(SYS_bpf, command, attr, size);

	return r < 0 ? -errno : r;
}

int bpf_has_capabilities(void)
{
	const uint64_t admin = 1ull << CAP_SYS_ADMIN, both = 1ull << CAP_BPF | 1ull << CAP_PERFMON;
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct cap[2] = { { 0 }, { 0 } };
	uint64_t has;

	if (syscall(SYS_capget, &head, cap))
		return 1;
	has = (uint64_t)cap[1].effective << 32 | cap[0].effective;
	return has & admin || (has & both) == both;
}
