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

static unsigned last_cap(void)
{
	return (unsigned)cap_max_bits() - 1;
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

int capabilities_parse(const char *name, uint64_t *ret, struct buf *why)
{
	char full[40];
	cap_value_t value;

	if (!strcasecmp(name, "all")) {
		*ret = last_cap() >= 63 ? UINT64_MAX : CAPABILITY(last_cap() + 1) - 1;
		return 0;
	}
	snprintf(full, sizeof(full), "%s%.30s", strncasecmp(name, "cap_", 4) ? "cap_" : "", name);
	for (char *p = full; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (isdigit((unsigned char)full[4]) || cap_from_name(full, &value)) {
		buf_puts(why, "no capability has this name; capabilities(7) lists them, as NET_ADMIN");
		return -EINVAL;
	}
	*ret = CAPABILITY(value);
	return 0;
}

int capabilities_bound(uint64_t set)
{
	for (unsigned i = 0; i <= last_cap(); i++)
		if (!(set & CAPABILITY(i)) && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0 && errno != EINVAL)
			return -errno;
	return 0;
}

int capabilities_set(uint64_t set)
{
	cap_t caps = cap_init();
	int r = caps ? 0 : -ENOMEM;

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
		r = -errno;
	for (unsigned i = 0; !r && i <= last_cap(); i++) {
		cap_value_t v = (cap_value_t)i;

		if (set & CAPABILITY(i) && (cap_set_flag(caps, CAP_PERMITTED, 1, &v, CAP_SET) < 0 ||
				     cap_set_flag(caps, CAP_EFFECTIVE, 1, &v, CAP_SET) < 0))
			r = -errno;
	}
	if (!r && cap_set_proc(caps) < 0)
		r = -errno;
	cap_free(caps);
	return r;
}
