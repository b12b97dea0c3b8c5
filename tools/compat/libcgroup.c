/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one file that calls libcgroup, loaded when it is asked for. */
#include "compat/libcgroup.h"

#include "ui/message.h"


#ifdef HAVE_LIBCGROUP
#include <libcgroup.h>

#include "ui/lazy.h"

#define SYMBOLS(X) X(cgroup_register_unchanged_process)
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
#else
int libcgroup_stick(const struct frame *f, pid_t pid, int sticky)
{
	(void)pid, (void)sticky;
	msg_error(f, "install libcgroup-dev and build cgx again", "--sticky: this cgx was built without libcgroup");
	return -1;
}
#endif
