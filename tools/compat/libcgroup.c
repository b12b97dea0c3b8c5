/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one file that calls libcgroup, loaded when it is asked for. */
#include "compat/libcgroup.h"

#include "ui/message.h"


#ifdef HAVE_LIBCGROUP
#include <libcgroup.h>

#include "ui/lazy.h"

#define SYMBOLS(X)                           \
	X(cgroup_register_unchanged_process) \
	X(cgroup_init)                       \
	X(cgroup_init_rules_cache)           \
	X(cgroup_init_templates_cache)       \
	X(cgroup_change_cgroup_flags)
struct libcgroup {
	SYMBOLS(LAZY_POINTER)
};
static const struct lazy_symbol symbols[] = {
#define X(name) LAZY_SYMBOL(struct libcgroup, name),
	SYMBOLS(X)
#undef X
};
static const struct lazy library = LAZY(LIBCGROUP_SONAME, "libcgroup2", symbols);

int libcgroup_stick(const struct frame *f, pid_t pid, int sticky)
{
	struct libcgroup lib;

	if (lazy_open(f, &library, &lib) < 0)
		return -1;
	if (lib.cgroup_register_unchanged_process(pid, sticky ? CGROUP_DAEMON_UNCHANGE_CHILDREN
							      : CGROUP_DAEMON_CANCEL_UNCHANGE_PROCESS) == 0)
		return 0;
	msg_error(f, "its socket is /run/cgred.socket; root or the group it is set to may use it",
		  "process %d: tell cgrulesengd to %s it: the daemon did not take it", (int)pid,
		  sticky ? "leave" : "place");
	return -1;
}

#define CONFIG_FILE "/etc/cgconfig.conf"

/* Its texts for what went wrong are shifted by one in some versions: only the number is told. */
static int place_failed(const struct frame *f, const char *what, int err)
{
	msg_error(f, "its /etc/cgrules.conf and /etc/cgconfig.conf must be there; --rules alone uses cgx's own engine",
		  "libcgroup: %s: it says %d", what, err);
	return -1;
}

int libcgroup_place(const struct frame *f, pid_t pid, uid_t uid, gid_t gid, const char *program)
{
	struct libcgroup lib;
	int err;

	if (lazy_open(f, &library, &lib) < 0)
		return -1;
	err = lib.cgroup_init();
	if (err)
		return place_failed(f, "begin", err);
	err = lib.cgroup_init_rules_cache();
	if (err)
		return place_failed(f, "read the rules", err);
	/* without templates it can still place where nothing is to be made */
	lib.cgroup_init_templates_cache((char[]){ CONFIG_FILE });
	err = lib.cgroup_change_cgroup_flags(uid, gid, program, pid, CGFLAG_USECACHE | CGFLAG_USE_TEMPLATE_CACHE);
	return err ? place_failed(f, "place the process", err) : 0;
}
#else
int libcgroup_place(const struct frame *f, pid_t pid, uid_t uid, gid_t gid, const char *program)
{
	(void)pid, (void)uid, (void)gid, (void)program;
	msg_error(f, "install libcgroup-dev and build cgx again", "--rules=libcgroup: this cgx was built without libcgroup");
	return -1;
}

int libcgroup_stick(const struct frame *f, pid_t pid, int sticky)
{
	(void)pid, (void)sticky;
	msg_error(f, "install libcgroup-dev and build cgx again", "--sticky: this cgx was built without libcgroup");
	return -1;
}
#endif
