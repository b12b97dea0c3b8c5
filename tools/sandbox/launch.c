/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The start of a sandbox, step by step. */
#include "sandbox/launch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "sandbox/isolate.h"
#include "sandbox/message.h"
#include "sandbox/place.h"
#include "util/cleanup.h"
#include "util/clock.h"

/* ---- words ---- */

int launch_fail(struct launch *l, int err, const char *object, const char *action, const char *cause, ...)
{
	AUTO_BUF struct buf b = { 0 };
	va_list ap;

	buf_printf(&b, "%s%s%s%s", object, *object ? ": " : "", action, *action ? ": " : "");
	if (cause) {
		va_start(ap, cause);
		buf_vprintf(&b, cause, ap);
		va_end(ap);
	} else {
		buf_puts(&b, strerror(-err));
	}
	buf_free(&l->words);
	l->words = b;
	b = (struct buf){ 0 };
	buf_reset(&l->remedy);
	return err;
}

void launch_advise(struct launch *l, const char *fmt, ...)
{
	va_list ap;

	buf_reset(&l->remedy);
	va_start(ap, fmt);
	buf_vprintf(&l->remedy, fmt, ap);
	va_end(ap);
}

/* ---- descriptors through the socket ---- */

int launch_send(struct launch *l, int fd)
{
	char byte = MESSAGE_FD, control[CMSG_SPACE(sizeof(int))] = "";
	struct iovec v = { &byte, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(l->sock[0], &m, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int launch_hand(struct launch *l, int fd)
{
	if (l->n_handed == MOST_TREES) {
		close(fd);
		return -E2BIG;
	}
	l->handed[l->n_handed++] = fd;
	return 0;
}

/* The word to go on, and with it what was handed over, so that the child wakes once: the init, the doors, /dev, the rest. */
static int let_go(struct launch *l)
{
	char word[3] = { MESSAGE_GO, (char)l->n_doors, l->dev >= 0 }, control[CMSG_SPACE(MOST_HANDED * sizeof(int))] = "";
	int fds[MOST_HANDED];
	size_t n = 0, size;
	struct iovec v = { word, sizeof(word) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control };
	struct cmsghdr *c = (struct cmsghdr *)control;
	int r;

	fds[n++] = l->init_fd;
	for (size_t i = 0; i < l->n_doors; i++)
		fds[n++] = l->door[i];
	if (l->dev >= 0)
		fds[n++] = l->dev;
	for (size_t i = 0; i < l->n_handed; i++)
		fds[n++] = l->handed[i];
	size = n * sizeof(*fds);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(c), fds, size);
	m.msg_controllen = CMSG_SPACE(size);
	r = sendmsg(l->sock[0], &m, MSG_NOSIGNAL) < 0 ? -errno : 0;
	while (l->n_handed)
		close(l->handed[--l->n_handed]);
	while (l->n_doors)
		close(l->door[--l->n_doors]);
	return r;
}

int launch_receive(struct launch *l, int *ret)
{
	if (l->taken == l->n_trees)
		return -EPROTO;
	*ret = l->tree[l->taken++];
	return 0;
}

/* ---- inside ---- */

/* The message is one datagram, so that it comes whole or not at all. */
static int tell_failure(struct launch *l, const struct step *s, int err)
{
	struct message m = { .kind = MESSAGE_FAILED, .err = err };

	if (l->words.len)
		snprintf(m.words, sizeof(m.words), "%s", buf_text(&l->words));
	else
		snprintf(m.words, sizeof(m.words), "%s: %s", s->name, strerror(-err));
	snprintf(m.remedy, sizeof(m.remedy), "%s", buf_text(&l->remedy));
	return send(l->sock[1], &m, sizeof(m), MSG_NOSIGNAL) < 0;
}

/* The descriptors come with the word to go on, in the order of let_go(). */
static int wait_for_go(struct launch *l)
{
	char word[3] = "", control[CMSG_SPACE(MOST_HANDED * sizeof(int))] = "";
	int fds[MOST_HANDED];
	struct iovec v = { word, sizeof(word) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	size_t got, before;
	ssize_t n;

	do
		n = recvmsg(l->sock[1], &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	c = n == sizeof(word) ? CMSG_FIRSTHDR(&m) : NULL;
	if (!c || *word != MESSAGE_GO || m.msg_flags & MSG_CTRUNC || c->cmsg_type != SCM_RIGHTS)
		return -ECANCELED;
	got = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	l->n_doors = (unsigned char)word[1];
	before = 1 + l->n_doors + (word[2] != 0);
	if (got > MOST_HANDED || l->n_doors > MOST_DOORS || got < before || got - before > MOST_TREES)
		return -ECANCELED;
	memcpy(fds, CMSG_DATA(c), got * sizeof(int));
	l->init_fd = fds[0];
	memcpy(l->door, fds + 1, l->n_doors * sizeof(int));
	l->dev = word[2] ? fds[before - 1] : -1;
	l->n_trees = got - before;
	memcpy(l->tree, fds + before, l->n_trees * sizeof(int));
	return 0;
}

static int run_inside(struct launch *l, enum stage from, enum stage to)
{
	for (size_t i = 0; i < n_parts; i++) {
		const struct step *s = &parts[i];
		int r;

		if (s->side != INSIDE || s->stage < from || s->stage > to)
			continue;
		buf_reset(&l->words);
		r = s->run(l);
		if (r < 0) {
			tell_failure(l, s, r);
			return r;
		}
	}
	return 0;
}

static int inside(void *data)
{
	struct launch *l = data;

	if (l->mask)
		sigprocmask(SIG_SETMASK, l->mask, NULL);
	close(l->sock[0]);
	if (run_inside(l, STAGE_CLONE, STAGE_CLONE) || wait_for_go(l))
		return 125;
	prctl(PR_SET_DUMPABLE, 0); /* not before: an ordinary user may not write the maps of such a process */
	run_inside(l, STAGE_MOUNT, STAGE_EXEC);
	return 125; /* the last step does not come back */
}

/* ---- outside ---- */

static int run_outside(struct launch *l, enum stage from, enum stage to)
{
	for (size_t i = 0; i < n_parts; i++) {
		const struct step *s = &parts[i];
		int r;

		if (s->side != OUTSIDE || s->stage < from || s->stage > to)
			continue;
		buf_reset(&l->words);
		l->done = i + 1;
		r = s->run(l);
		if (r < 0)
			return l->words.len ? r : launch_fail(l, r, s->name, "", NULL);
	}
	return 0;
}

int launch_clone(int (*run)(void *data), void *data, uint64_t namespaces, struct cgx_child *ret)
{
	struct clone_args c = { .flags = namespaces | CLONE_PIDFD, .exit_signal = SIGCHLD, .pidfd = (uint64_t)(uintptr_t)&ret->pidfd };
	long pid = syscall(SYS_clone3, &c, sizeof(c));

	if (!pid)
		_exit(run(data));
	if (pid < 0)
		return -errno;
	ret->pid = (pid_t)pid;
	return 0;
}

static int start_child(struct launch *l)
{
	struct cgx_start how = { .size = sizeof(how), .run = inside, .data = l, .namespaces = isolate_at_birth(l) };
	struct cgx_child child = { .pidfd = -1 };
	int home[NS_COUNT], back;
	int r = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, l->sock) < 0 ? -errno : 0;

	if (r)
		return launch_fail(l, r, "socket", "make", NULL);
	buf_reset(&l->words);
	l->began_us = now_us();
	r = isolate_visit(l, home);
	if (!r)
		r = l->group && !l->joins_later ? cgx_start(l->group, &how, &child) : launch_clone(inside, l, how.namespaces, &child);
	back = isolate_return(l, home);
	l->pid = child.pid;
	l->pidfd = child.pidfd;
	if (back || (r && l->words.len))
		return back ? back : r;
	if (r == -EPERM || r == -EINVAL || r == -ENOSPC)
		return isolate_refused(l, r);
	if (r < 0) {
		launch_fail(l, r, "", "", "%s", cgx_error(l->cgx));
		launch_advise(l, "%s", cgx_remedy(l->cgx));
		return r;
	}
	close(l->sock[1]);
	l->sock[1] = -1;
	return 0;
}

static int is_empty(const char *dir)
{
	DIR *d = opendir(dir);
	int n = 0;

	while (d && n < 3 && readdir(d)) /* . and .. */
		n++;
	if (d)
		closedir(d);
	return n == 2;
}

static int no_exec(struct launch *l, int err)
{
	const char *file = l->spec->argv.v[0];

	launch_fail(l, err, file, "execute", NULL);
	if (err == -ENOENT && l->spec->root && is_empty(l->spec->root))
		launch_advise(l, "%s is an empty directory: unpack a root file system into it, or name an archive or an image instead",
			      l->spec->root);
	else if (err == -ENOENT)
		launch_advise(l, strchr(file, '/') ? "the root has no such file, or not the interpreter or loader that it names" :
						     "no directory of PATH in the root has it");
	else if (err == -EAGAIN)
		launch_advise(l, "pids.max or --ulimit nproc leaves no room for it: the init takes one process, the command another");
	else if (err == -EACCES)
		launch_advise(l, "it must be a file that the user of the sandbox may execute, on a mount without noexec");
	return err;
}

/* One message, or a descriptor: that of the far side of its terminal. The size, 0 the end. */
static ssize_t receive(struct launch *l, struct message *m)
{
	char control[CMSG_SPACE(sizeof(int))] = "";
	struct iovec v = { m, sizeof(*m) };
	struct msghdr h = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(l->sock[0], &h, MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = n == 1 ? CMSG_FIRSTHDR(&h) : NULL;

	if (c && c->cmsg_type == SCM_RIGHTS)
		memcpy(&l->pty, CMSG_DATA(c), sizeof(l->pty));
	return n;
}

static int failed_inside(struct launch *l, struct message *m)
{
	if (m->err >= 0 || m->err < -4095)
		m->err = -EPROTO;
	l->no_exec = m->kind == MESSAGE_NO_EXEC;
	if (l->no_exec)
		return no_exec(l, m->err);
	m->words[sizeof(m->words) - 1] = m->remedy[sizeof(m->remedy) - 1] = '\0';
	launch_fail(l, m->err, "", "", "%s", m->words);
	if (*m->remedy)
		launch_advise(l, "%s", m->remedy);
	return m->err;
}

/* A step outside that fails because the child has failed before it. */
static int failed_before(struct launch *l, int r)
{
	struct message m = { 0 };

	if (l->sock[0] < 0 || recv(l->sock[0], &m, sizeof(m), MSG_DONTWAIT) != sizeof(m) || m.kind != MESSAGE_FAILED)
		return r;
	return failed_inside(l, &m);
}

static int ended_early(struct launch *l)
{
	launch_fail(l, -ECHILD, l->spec->name, "start", "its first process ended before the command began");
	if (l->spec->limits.n || l->spec->n_rlimits)
		launch_advise(l, "a limit may leave no room for the start itself: memory.max takes 1M, --ulimit as 10M");
	return -ECHILD;
}

/* What the child says first: that the command runs, or why it does not. */
int launch_hear(struct launch *l)
{
	struct message m = { 0 };
	ssize_t n;

	do
		n = receive(l, &m);
	while (n == 1 || (n < 0 && errno == EINTR));
	if (n <= 0 && !l->spec->init)
		return 0; /* the socket closed at exec */
	if (n <= 0)
		return ended_early(l);
	if (m.kind == MESSAGE_RUNNING)
		return 0;
	return failed_inside(l, &m);
}

static void end_child(struct launch *l)
{
	if (!l->pid)
		return;
	kill(l->pid, SIGKILL);
	while (waitpid(l->pid, NULL, 0) < 0 && errno == EINTR)
		;
	l->pid = 0;
}

void launch_end(struct launch *l)
{
	for (; l->done; l->done--)
		if (parts[l->done - 1].side == OUTSIDE && parts[l->done - 1].undo)
			parts[l->done - 1].undo(l);
	while (l->n_handed)
		close(l->handed[--l->n_handed]);
	while (l->n_doors)
		close(l->door[--l->n_doors]);
	for (int *fd = l->sock; fd < l->sock + 2; fd++)
		if (*fd >= 0) {
			close(*fd);
			*fd = -1;
		}
	if (l->pidfd >= 0)
		close(l->pidfd);
	l->pidfd = -1;
}

void launch_init(struct launch *l, const struct sandbox_spec *s, struct cgx *cgx)
{
	*l = (struct launch){ .spec = s, .cgx = cgx, .pidfd = -1, .stage = -1, .sock = { -1, -1 }, .root_fd = -1,
			      .init_fd = -1, .userns_fd = -1, .dev = -1, .proc = -1, .sys = -1, .pty = -1 };
}

int launch_start(struct launch *l)
{
	int r = run_outside(l, STAGE_PREPARE, STAGE_PREPARE);

	l->joins_later = !r && place_joins_later(l);
	if (!r && !l->joins_later)
		r = run_outside(l, STAGE_PLACE, STAGE_PLACE);
	if (!r)
		r = start_child(l);
	if (!r && l->joins_later)
		r = run_outside(l, STAGE_PLACE, STAGE_PLACE);
	if (!r)
		r = run_outside(l, STAGE_MAP, STAGE_NET);
	if (!r && let_go(l) < 0)
		r = ended_early(l);
	if (r)
		r = failed_before(l, r);
	else
		r = launch_hear(l);
	if (r) {
		end_child(l);
		launch_end(l);
	}
	return r;
}
