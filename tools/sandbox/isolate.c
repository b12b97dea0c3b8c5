/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The smaller namespaces. */
#include "sandbox/isolate.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/links.h"
#include "sandbox/mounts.h"

/* ---- namespaces of others ---- */

/* By the caller, for a moment: a child with a user namespace of its own has no right to enter them. */
int isolate_visit(struct launch *l, int home[NS_COUNT])
{
	int r = 0;

	for (int i = 0; i < NS_COUNT; i++)
		home[i] = -1;
	for (int i = 0; !r && i < NS_COUNT; i++) {
		char path[40];

		if (l->spec->ns[i].how != NS_JOIN)
			continue;
		snprintf(path, sizeof(path), "/proc/self/ns/%s", ns_name((enum ns)i));
		home[i] = open(path, O_RDONLY | O_CLOEXEC);
		r = home[i] < 0 || setns(l->spec->ns[i].fd, (int)ns_flag((enum ns)i)) < 0 ? -errno : 0;
		if (r)
			launch_fail(l, r, l->spec->name, "join", "the %s namespace: %s", ns_name((enum ns)i), strerror(-r));
		if (r == -EPERM)
			launch_advise(l, "it takes root to share what belongs to others");
	}
	return r;
}

/* The /proc of a pid namespace is made by a process in it: a child that shares our descriptors for as long as it lives. */
int isolate_proc(int pid_namespace, uint64_t attributes)
{
	int home = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC), slot = home < 0 ? -1 : dup(home), status = 0, r = 0;
	pid_t pid;

	if (slot < 0 || setns(pid_namespace, CLONE_NEWPID) < 0)
		r = -errno;
	pid = r ? -1 : (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (!pid) {
		int tree = mount_new("proc", NULL, attributes);

		_exit(tree < 0 ? -tree : dup3(tree, slot, O_CLOEXEC) < 0 || close(tree) ? EBADF : 0);
	}
	if (!r)
		r = pid < 0 || waitpid(pid, &status, 0) < 0 ? -errno : WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
	if (home >= 0 && setns(home, CLONE_NEWPID) < 0 && !r)
		r = -errno;
	if (home >= 0)
		close(home);
	if (r && slot >= 0)
		close(slot);
	return r ? r : slot;
}

int isolate_return(struct launch *l, int home[NS_COUNT])
{
	int r = 0;

	for (int i = 0; i < NS_COUNT; i++) {
		if (home[i] < 0)
			continue;
		if (setns(home[i], (int)ns_flag((enum ns)i)) < 0)
			r = launch_fail(l, -errno, l->spec->name, "come back", "from the %s namespace: %s", ns_name((enum ns)i),
					strerror(errno));
		close(home[i]);
	}
	return r;
}

/* ---- one's own ---- */

static uint64_t own(const struct sandbox_spec *s)
{
	uint64_t flags = 0;

	for (int i = 0; i < NS_COUNT; i++)
		if (s->ns[i].how == NS_OWN && i != NS_CGROUP && !(i == NS_TIME && (s->boottime_s || s->monotonic_s)))
			flags |= ns_flag((enum ns)i);
	return flags;
}

uint64_t isolate_at_birth(const struct launch *l)
{
	uint64_t flags = CLONE_NEWUSER | CLONE_NEWPID | ns_flag(NS_TIME);

	return own(l->spec) & (l->net ? ~0ull : flags); /* a cable needs the far end before the child runs */
}

/* A network namespace takes the kernel longer than all the rest; the caller works meanwhile. */
int isolate_namespaces(struct launch *l)
{
	uint64_t flags = own(l->spec) & ~isolate_at_birth(l);

	if (flags && unshare((int)flags) < 0)
		return isolate_refused(l, -errno);
	return l->net ? 0 : links_up(l);
}

/* With a cable only when that is plugged in. */
int isolate_links(struct launch *l)
{
	return l->net ? links_up(l) : 0;
}

int isolate_refused(struct launch *l, int err)
{
	launch_fail(l, err, l->spec->name, "make the namespaces", NULL);
	launch_advise(l, err == -ENOSPC ?
			      "a limit in /proc/sys/user/max_*_namespaces is used up" :
			      "it takes root, or a kernel that lets users make namespaces (sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces)");
	return err;
}

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
	prctl(PR_SET_DUMPABLE, 1); /* the file is root's otherwise; nobody else is here yet */
	fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	prctl(PR_SET_DUMPABLE, 0);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		r = launch_fail(l, -errno, "the clocks", "move", NULL);
	if (r == -ERANGE)
		launch_advise(l, "a clock inside can show no time before 0: /proc/uptime tells how far back it can be set");
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
