/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the command of a sandbox may not. */
#include "sandbox/restrict.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/capabilities.h"
#include "sandbox/seccomp.h"
#include "sandbox/user.h"

/* ---- system calls ---- */

static int make_default(struct launch *l, struct sock_fprog *ret)
{
	int r = seccomp_default(l->spec->caps, ret);

	if (!r)
		return 0;
	launch_fail(l, r, "the system call filter", "make", r == -ENOTSUP ? "there is none for this architecture" : NULL);
	if (r == -ENOTSUP)
		launch_advise(l, "--seccomp unconfined does without");
	return r;
}

static int make_profile(struct launch *l, struct sock_fprog *ret)
{
	AUTO_BUF struct buf cache = { 0 }, why = { 0 };
	int r;

	buf_printf(&cache, "%s/../.seccomp", l->dir);
	r = seccomp_profile(l->spec->seccomp, l->spec->caps, cache.err ? NULL : buf_text(&cache), ret, &why);
	if (!r)
		return 0;
	launch_fail(l, r, l->spec->seccomp, "make a filter of system calls", "%s", buf_text(&why));
	if (r == -ENOPKG || r == -ENOTSUP)
		launch_advise(l, "without --seccomp the built-in filter serves, which needs no library");
	return r;
}

int restrict_filter(struct launch *l)
{
	struct sock_fprog p = { 0 };
	int r;

	if (l->spec->seccomp && !strcmp(l->spec->seccomp, SECCOMP_NONE))
		return 0;
	r = l->spec->seccomp ? make_profile(l, &p) : make_default(l, &p);
	if (r)
		return r;
	l->filter = malloc(sizeof(*l->filter));
	if (!l->filter) {
		seccomp_free(&p);
		return -ENOMEM;
	}
	*l->filter = p;
	return 0;
}

void restrict_free(struct launch *l)
{
	if (l->filter)
		seccomp_free(l->filter);
	free(l->filter);
	l->filter = NULL;
}

/* landlock(7): scopes came with Linux 6.12, ABI 6; headers may be older. */
#define SCOPE_ABSTRACT_SOCKETS 1u
#define RULESET_VERSION        1u

int restrict_sockets(struct launch *l)
{
	const struct {
		uint64_t files, net, scoped;
	} rules = { .scoped = SCOPE_ABSTRACT_SOCKETS };
	int fd, r;

	if (!l->spec->closed_sockets || syscall(SYS_landlock_create_ruleset, NULL, 0, RULESET_VERSION) < 6)
		return 0;
	fd = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);
	if (fd < 0)
		return -errno;
	r = syscall(SYS_landlock_restrict_self, fd, 0) < 0 ? -errno : 0;
	close(fd);
	return r;
}

int restrict_load(struct launch *l)
{
	return l->filter ? seccomp_load(l->filter) : 0;
}

/* ---- resource limits ---- */

/* raised: those that take a right that is dropped; else those that do not, at last, for they might be too low for the start. */
static int set_rlimits(struct launch *l, int raised)
{
	for (size_t i = 0; i < l->spec->n_rlimits; i++) {
		const struct rlimit_spec *want = &l->spec->rlimit[i];
		struct rlimit to = { want->soft, want->hard }, now;

		if (getrlimit(want->resource, &now) < 0)
			return -errno;
		if ((to.rlim_max > now.rlim_max) != raised || !setrlimit(want->resource, &to))
			continue;
		if (errno == EPERM) {
			launch_fail(l, -EPERM, "--ulimit", "set a resource limit", "%llu is above what the caller may have, %llu",
				    (unsigned long long)want->hard, (unsigned long long)now.rlim_max);
			launch_advise(l, "to raise it takes CAP_SYS_RESOURCE in the host's user namespace: raise it before cgx-sandbox");
			return -EPERM;
		}
		return -errno;
	}
	return 0;
}

int restrict_raise(struct launch *l)
{
	return set_rlimits(l, 1);
}

int restrict_lower(struct launch *l)
{
	return set_rlimits(l, 0);
}

/* ---- the user ---- */

int restrict_find_user(struct launch *l)
{
	AUTO_BUF struct buf why = { 0 };
	int r;

	if (!l->spec->user)
		return 0;
	r = user_find(l->spec->user, &l->uid, &l->gid, &l->groups, &l->n_groups, &l->home, &why);
	return r ? launch_fail(l, r, l->spec->user, "run as this user", "%s", why.len ? buf_text(&why) : strerror(-r)) : 0;
}

/* Everything is closed at exec but the standard three and, for the init, the socket. */
int restrict_descriptors(struct launch *l)
{
	if (syscall(SYS_close_range, 3, ~0u, CLOSE_RANGE_CLOEXEC) < 0 && errno != ENOSYS && errno != EINVAL)
		return -errno;
	if (l->init_fd == INIT_SOCKET) {
		l->init_fd = fcntl(l->init_fd, F_DUPFD_CLOEXEC, INIT_SOCKET + 1);
		if (l->init_fd < 0)
			return -errno;
	}
	if (l->sock[1] != INIT_SOCKET && dup3(l->sock[1], INIT_SOCKET, 0) < 0)
		return -errno;
	if (l->sock[1] == INIT_SOCKET && fcntl(INIT_SOCKET, F_SETFD, 0) < 0)
		return -errno;
	return 0;
}

/* A user other than root has none, as everywhere; the bounding set says what anybody inside can ever get. */
int restrict_capabilities(struct launch *l)
{
	int r = capabilities_bound(l->spec->caps);

	if (r)
		return launch_fail(l, r, "the bounding set", "drop capabilities", NULL);
	if (l->spec->user) {
		if (setgroups(l->n_groups, l->groups) < 0 && !(errno == EPERM && l->id_count == 1))
			return launch_fail(l, -errno, l->spec->user, "set the groups", NULL);
		if (setresgid(l->gid, l->gid, l->gid) < 0 || setresuid(l->uid, l->uid, l->uid) < 0) {
			launch_fail(l, -errno, l->spec->user, "become this user", NULL);
			if (l->id_count == 1)
				launch_advise(l, "an ordinary user's sandbox has his own id alone, root inside; for more: newuidmap (package uidmap) and a range in /etc/subuid and /etc/subgid");
			return -errno;
		}
	}
	r = capabilities_set(l->uid ? 0 : l->spec->caps);
	if (r)
		return launch_fail(l, r, "the set", "drop capabilities", NULL);
	if (!l->spec->new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	/* whoever started the sandbox holds it: when that is killed the sandbox goes with it */
	return prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ? -errno : 0;
}
