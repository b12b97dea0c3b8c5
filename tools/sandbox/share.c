/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Namespaces together with others. */
#include "sandbox/share.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "sandbox/find.h"
#include "sandbox/links.h"
#include "ui/message.h"
#include "util/cleanup.h"

/* What was opened is the sandbox's if its first process is the same afterwards. */
static int join_sandbox(const struct frame *f, enum ns ns, const char *name, struct sandbox_spec *s)
{
	AUTO_CLOSE int fd = -1;
	char path[64];
	struct state st;
	int r = sandbox_find_running(f, name, &st);

	if (!r) {
		AUTO_CLOSE int same = -1;

		snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)st.pid, ns_name(ns));
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (ns == NS_NET)
			state_share_network(&st); /* before it is seen to live: then its end sees it */
		same = sandbox_pidfd(f->cgx, &st);
		if (fd < 0 || same < 0)
			r = msg_errno(f, fd < 0 ? errno : same, name, "share its namespace");
	}
	if (!r && ns == NS_NET && links_share_names(s, &st))
		r = msg_errno(f, ENOMEM, name, "share its names");
	state_free(&st);
	if (r)
		return r;
	s->ns[ns] = (struct ns_spec){ NS_JOIN, steal_fd(&fd) };
	return 0;
}

static int join_file(const struct frame *f, enum ns ns, const char *path, struct sandbox_spec *s)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return msg_errno(f, errno, path, "open the namespace");
	if (ioctl(fd, NS_GET_NSTYPE) != (int)ns_flag(ns))
		return msg_error(f, NULL, "%s: join: it is no %s namespace", path, ns_name(ns));
	s->ns[ns] = (struct ns_spec){ NS_JOIN, steal_fd(&fd) };
	return 0;
}

int share_namespace(const struct frame *f, enum ns ns, const char *where, struct sandbox_spec *s)
{
	const char *colon = where ? strchr(where, ':') : NULL;

	if (!where || !strcmp(where, "own"))
		return 0;
	if (!strcmp(where, "host")) {
		s->ns[ns].how = NS_HOST;
		return 0;
	}
	/* container: is what docker's users write */
	if (colon && (!strncmp(where, "sandbox:", 8) || !strncmp(where, "container:", 10)))
		return join_sandbox(f, ns, colon + 1, s);
	if (*where == '/')
		return join_file(f, ns, where, s);
	return msg_usage(f, "--%s %s: not own, host, sandbox:NAME or the /path of one", ns == NS_CGROUP ? "cgroupns" : ns_name(ns), where);
}
