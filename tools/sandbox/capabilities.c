/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Capabilities of a sandbox's command. */
#include "sandbox/capabilities.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ui/lazy.h"
#include "util/cleanup.h"

/* Names that are newer than ours; a start that names none of them does without the library. */
#define SYMBOLS(X) X(cap_from_name)
struct libcap {
	SYMBOLS(LAZY_POINTER)
};
static const struct lazy_symbol symbols[] = {
#define X(name) LAZY_SYMBOL(struct libcap, name),
	SYMBOLS(X)
#undef X
};
static const struct lazy library = LAZY("libcap.so.2", "libcap2", symbols);

static uint64_t all_of_kernel(void)
{
	uint64_t set = 0;

	for (unsigned i = 0; i < 64 && prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		set |= CAPABILITY(i);
	return set;
}

const char *capabilities_name(unsigned bit)
{
	static const char *const names[] = {
		"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID",
		"CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST",
		"CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO",
		"CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
		"CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE",
		"CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
		"CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
	};

	return bit < sizeof(names) / sizeof(names[0]) ? names[bit] : NULL;
}

static int find_name(const char *name)
{
	AUTO_BUF struct buf why = { 0 };
	struct libcap lib;
	cap_value_t value;
	char full[40];

	snprintf(full, sizeof(full), "%s%.30s", strncasecmp(name, "cap_", 4) ? "cap_" : "", name);
	for (unsigned i = 0; capabilities_name(i); i++)
		if (!strcasecmp(capabilities_name(i), full))
			return (int)i;
	for (char *p = full; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (isdigit((unsigned char)full[4]) || lazy_load(&library, &lib, &why) || lib.cap_from_name(full, &value))
		return -EINVAL;
	return value >= 0 && value < 64 ? value : -EINVAL;
}

int capabilities_parse(const char *name, uint64_t *ret, struct buf *why)
{
	int cap;

	if (!strcasecmp(name, "all")) {
		*ret = all_of_kernel();
		return 0;
	}
	cap = find_name(name);
	if (cap < 0) {
		buf_puts(why, "no capability has this name; capabilities(7) lists them, as NET_ADMIN");
		return -EINVAL;
	}
	*ret = CAPABILITY(cap);
	return 0;
}

/* Up to the last that this kernel has. */
int capabilities_bound(uint64_t set)
{
	for (unsigned i = 0; i < 64; i++) {
		if (set & CAPABILITY(i) || !prctl(PR_CAPBSET_DROP, i, 0, 0, 0))
			continue;
		return errno == EINVAL ? 0 : -errno;
	}
	return 0;
}

int capabilities_set(uint64_t set)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = {
		{ .effective = (uint32_t)set, .permitted = (uint32_t)set },
		{ .effective = (uint32_t)(set >> 32), .permitted = (uint32_t)(set >> 32) },
	};

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
		return -errno;
	return syscall(SYS_capset, &h, d) < 0 ? -errno : 0;
}
