/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding sandboxes. */
#include "sandbox/find.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/sweep.h"
#include "ui/message.h"
#include "util/cleanup.h"

int sandbox_states(const struct frame *f, char **ret)
{
	int r = state_root(ret);

	if (r >= 0)
		return 0;
	if (r == -ENOTDIR && geteuid())
		return msg_error(f, "log in, or set it to a folder of yours", "state of sandboxes: open its folder: XDG_RUNTIME_DIR, which names it, is not set");
	if (r == -EPERM)
		return msg_error(f, "have it belong to you, with mode 711", "%s/cgx: keep states of sandboxes in it: others may write to it, or it is no folder of yours",
				 geteuid() ? getenv("XDG_RUNTIME_DIR") : "/run");
	return msg_errno(f, r, "state of sandboxes", "open its folder");
}

int sandbox_find(const struct frame *f, const char *name, struct state *ret)
{
	AUTO_FREE char *root = NULL;
	int r = sandbox_states(f, &root);

	*ret = (struct state){ .lock = -1 };
	if (r)
		return r;
	r = state_read(root, name, ret);
	if (!r && ret->lock >= 0) { /* nobody looks after it: it may have to be cleared up, and not it alone */
		state_free(ret);
		sweep_all(f->cgx, root);
		r = state_read(root, name, ret);
	}
	if (r == -ENOENT)
		return msg_error(f, "cgx-sandbox ps --all lists them", "%s: there is no such sandbox", name);
	return r < 0 ? msg_errno(f, r, name, "read its state") : 0;
}

/* So long one that is being started is waited for, in steps. */
enum { START_MS = 5000, STEP_MS = 5 };

int sandbox_find_begun(const struct frame *f, const char *name, struct state *ret)
{
	int r = sandbox_find(f, name, ret);

	for (int ms = 0; !r && ret->status == SANDBOX_STARTING && ret->lock < 0; ms += STEP_MS) {
		if (ms >= START_MS)
			return msg_error(f, "try again in a moment", "%s: it is still being started", name);
		usleep(STEP_MS * 1000);
		state_free(ret);
		r = sandbox_find(f, name, ret);
	}
	return r;
}

int sandbox_find_running(const struct frame *f, const char *name, struct state *ret)
{
	int r = sandbox_find_begun(f, name, ret);

	if (!r && ret->status != SANDBOX_RUNNING)
		return msg_error(f, "cgx-sandbox ps lists those that run", "%s: it does not run", name);
	return r;
}

int sandbox_pidfd(struct cgx *cgx, const struct state *s)
{
	struct cgx_process p;
	int fd = s->pid > 0 ? (int)syscall(SYS_pidfd_open, s->pid, 0) : -1;

	if (fd < 0)
		return s->pid > 0 ? -errno : -ESRCH;
	if (!cgx_process_read(cgx, s->pid, &p) && p.started_us == s->pid_started)
		return fd;
	close(fd); /* the number is another process's now */
	return -ESRCH;
}

int sandbox_signal(struct cgx *cgx, const struct state *s, int signal)
{
	AUTO_CLOSE int fd = sandbox_pidfd(cgx, s);

	if (fd < 0)
		return fd;
	return syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0) < 0 ? -errno : 0;
}

int sandbox_wait(struct cgx *cgx, const struct state *s, int timeout_ms)
{
	AUTO_CLOSE int fd = sandbox_pidfd(cgx, s);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return fd < 0 || poll(&p, 1, timeout_ms) == 1;
}

int sandbox_group(struct cgx *cgx, const struct state *s, struct cgx_group **ret)
{
	return s->groups.n ? cgx_group_of_pid(cgx, s->pid, state_controllers(cgx, s), ret) : -ENODEV;
}

int sandbox_group_for(const struct frame *f, const struct state *s, const char *action, struct cgx_group **ret)
{
	int r;

	if (!s->groups.n)
		return msg_error(f, "a sandbox of an ordinary user has one where a group is delegated to him",
				 "%s: %s: it has no group of its own", s->name, action);
	r = sandbox_group(f->cgx, s, ret);
	return r < 0 ? msg_fail(f) : 0;
}

void sandbox_names(void (*offer)(void *data, const char *word, const char *help), void *data)
{
	AUTO_FREE char *root = NULL;
	struct words names = { 0 };

	if (!state_root(&root) && !state_list(root, &names))
		for (size_t i = 0; i < names.n; i++)
			offer(data, names.v[i], "a sandbox");
	words_free(&names);
}
