/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The smaller namespaces. */
#include "sandbox/isolate.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Only now: made together with the child its root would be the caller's group. */
int isolate_cgroup(struct launch *l)
{
	if (l->spec->ns[NS_CGROUP].how != NS_OWN)
		return 0;
	return unshare(CLONE_NEWCGROUP) < 0 ? -errno : 0;
}

/* Offsets are set while nobody is in the namespace. */
int isolate_time(struct launch *l)
{
	const struct sandbox_spec *s = l->spec;
	char text[96];
	int fd, r = 0;

	if (s->ns[NS_TIME].how != NS_OWN || (!s->boottime_s && !s->monotonic_s))
		return 0;
	if (unshare((int)ns_flag(NS_TIME)) < 0)
		return -errno;
	snprintf(text, sizeof(text), "monotonic %lld 0\nboottime %lld 0\n", (long long)s->monotonic_s, (long long)s->boottime_s);
	fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		r = launch_fail(l, -errno, "the clocks", "move", NULL);
	if (fd >= 0)
		close(fd);
	fd = r ? -1 : open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
	if (!r && (fd < 0 || setns(fd, (int)ns_flag(NS_TIME)) < 0))
		r = -errno;
	if (fd >= 0)
		close(fd);
	return r;
}

int isolate_hostname(struct launch *l)
{
	const char *name = l->spec->hostname ? l->spec->hostname : l->spec->name;

	if (l->spec->ns[NS_UTS].how != NS_OWN)
		return 0;
	return sethostname(name, strlen(name)) < 0 ? launch_fail(l, -errno, name, "set the host name", NULL) : 0;
}

/* Keys of the caller's session stay outside. */
int isolate_keyring(struct launch *l)
{
	(void)l;
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS && errno != EDQUOT && errno != EPERM)
		return -errno;
	return 0;
}
