/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-sandbox exec: one more command in a running sandbox, as restricted as the first. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/capabilities.h"
#include "sandbox/detach.h"
#include "sandbox/env.h"
#include "sandbox/find.h"
#include "sandbox/idmap.h"
#include "sandbox/image.h"
#include "sandbox/isolate.h"
#include "sandbox/launch.h"
#include "sandbox/message.h"
#include "sandbox/monitor.h"
#include "sandbox/restrict.h"
#include "sandbox/rootfs.h"
#include "sandbox/tty.h"
#include "sandbox/verbs.h"
#include "systemd/scope.h"
#include "ui/message.h"
#include "util/buf.h"
#include "util/cleanup.h"

struct exec_spec {
	const char *user, *cwd;
	struct words env;
	int interactive, tty, detach;
};

struct entering {
	struct launch l;
	int target; /* pidfd of the sandbox's first process */
	int namespaces; /* those that the child enters */
	int direct;     /* it is born in the pid namespace, which is not among them */
	int null;       /* where its output goes when nobody waits for it; -1 to the caller */
	int started;    /* told when the command has begun; -1 nobody waits for that */
};

/* All, but not a user namespace that is the caller's already: that one cannot be entered anew. */
static int namespaces_of(pid_t pid)
{
	int all = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP |
		  (int)ns_flag(NS_TIME);
	struct stat own, its;
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	if (!stat("/proc/self/ns/user", &own) && !stat(path, &its) && own.st_dev == its.st_dev && own.st_ino == its.st_ino)
		return all;
	return all | CLONE_NEWUSER;
}

/* ---- inside ---- */

static void fail_inside(struct launch *l, int err, const char *what)
{
	struct message m = { .kind = MESSAGE_FAILED, .err = err };

	if (l->words.len)
		snprintf(m.words, sizeof(m.words), "%s", buf_text(&l->words));
	else
		snprintf(m.words, sizeof(m.words), "%s: %s", what, strerror(-err));
	snprintf(m.remedy, sizeof(m.remedy), "%s", buf_text(&l->remedy));
	(void)!send(l->sock[1], &m, sizeof(m), MSG_NOSIGNAL);
	_exit(STATUS_OWN_FAILURE);
}

/* In every namespace now, and a child of its own, for a pid namespace is entered by children. */
static _Noreturn void become_command(struct launch *l)
{
	static const struct {
		const char *name;
		int (*run)(struct launch *l);
	} steps[] = {
		{ "the ids", idmap_become_root },    { "the terminal", tty_take },
		{ "the keyring", isolate_keyring },  { "the user", restrict_find_user },
		{ "the working directory", rootfs_cwd }, { "descriptors", restrict_descriptors },
		{ "capabilities", restrict_capabilities }, { "sockets of others", restrict_sockets },
		{ "the system call filter", restrict_load },
	};
	int r;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		r = steps[i].run(l);
		if (r < 0)
			fail_inside(l, r, steps[i].name);
	}
	fail_inside(l, init_exec(l), "the command");
	_exit(STATUS_OWN_FAILURE);
}

static void enter_namespaces(struct entering *e)
{
	struct launch *l = &e->l;

	close(l->sock[0]);
	for (int fd = STDOUT_FILENO; e->null >= 0 && fd <= STDERR_FILENO; fd++)
		dup2(e->null, fd);
	if (setns(e->target, e->namespaces) < 0) {
		launch_fail(l, -errno, l->spec->name, "enter its namespaces", NULL);
		fail_inside(l, -errno, "namespaces");
	}
}

/* Born in its pid namespace. */
static int inside(void *data)
{
	struct entering *e = data;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	enter_namespaces(e);
	if (e->l.mask)
		sigprocmask(SIG_SETMASK, e->l.mask, NULL);
	become_command(&e->l);
}

static pid_t child_of_middle;

static void pass_on(int signal)
{
	if (child_of_middle > 0)
		kill(child_of_middle, signal);
}

/* An ordinary user has the right to the pid namespace only in the user namespace, and then it is entered by children. */
static int between(void *data)
{
	struct entering *e = data;
	struct launch *l = &e->l;
	int status, pidfd;

	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	enter_namespaces(e);
	child_of_middle = fork();
	if (child_of_middle < 0)
		fail_inside(l, -errno, "start a process");
	if (!child_of_middle) {
		if (l->mask)
			sigprocmask(SIG_SETMASK, l->mask, NULL);
		become_command(l);
	}
	close(l->sock[1]);
	pidfd = (int)syscall(SYS_pidfd_open, child_of_middle, 0);
	for (const int *s = (const int[]){ SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, 0 }; *s; s++)
		signal(*s, pass_on);
	sigprocmask(SIG_SETMASK, l->mask, NULL);
	status = sandbox_reap(child_of_middle, pidfd);
	if (!WIFSIGNALED(status))
		return WEXITSTATUS(status);
	/* end as it did, so that the true end is seen outside */
	signal(WTERMSIG(status), SIG_DFL);
	raise(WTERMSIG(status));
	return 128 + WTERMSIG(status);
}

/* ---- outside ---- */

/* From a login session the kernel lets a user join none of his manager's groups; the manager does it. */
static int ask_to_join(struct launch *l, const struct frame *f)
{
	AUTO_BUF struct buf why = { 0 }, remedy = { 0 };
	int r = scope_join(f->cgx, l->group, &why, &remedy);

	if (r >= 0 || r == -ENOPKG)
		return 0;
	launch_fail(l, r, cgx_group_path(l->group), "have systemd move this process there", "%s", buf_text(&why));
	launch_advise(l, "%s", buf_text(&remedy));
	return r;
}

static int start(struct entering *e, struct cgx_child *child)
{
	struct cgx_start how = { .size = sizeof(how), .run = e->direct ? inside : between, .data = e };
	struct launch *l = &e->l;
	int home[NS_COUNT], back, r;

	prctl(PR_SET_DUMPABLE, 0); /* so is the child from its first moment there */
	r = isolate_visit(l, home);
	if (!r)
		r = l->group ? cgx_start(l->group, &how, child) : launch_clone(how.run, e, 0, child);
	back = isolate_return(l, home);
	return r ? r : back;
}

static int enter(struct frame *f, struct entering *e, const struct state *s, struct outcome *o)
{
	struct cgx_child child = { .pidfd = -1 };
	struct launch *l = &e->l;
	uint64_t frozen = 0;
	sigset_t mask;
	int signals = sandbox_signals(&mask), r;

	if (signals < 0)
		return msg_errno(f, signals, "signals", "block");
	l->mask = &mask;
	r = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, l->sock) < 0 ? -errno : 0;
	if (!r && s->groups.n)
		r = sandbox_group(f->cgx, s, &l->group);
	if (!r && l->group)
		r = ask_to_join(l, f);
	if (!r)
		r = restrict_filter(l);
	if (!r)
		r = init_seal(l);
	if (r < 0)
		return l->words.len ? msg_error(f, buf_text(&l->remedy), "%s", buf_text(&l->words)) : msg_fail(f);
	r = start(e, &child);
	close(l->sock[1]);
	l->sock[1] = -1;
	if (r < 0 && l->words.len)
		return msg_error(f, l->remedy.len ? buf_text(&l->remedy) : NULL, "%s", buf_text(&l->words));
	if (r < 0 && l->group && !cgx_get_u64(l->group, "cgroup.freeze", &frozen) && frozen)
		return msg_error(f, "cgx-sandbox unpause lets it go on", "%s: run a command in it: it is paused", s->name);
	if (r < 0)
		return l->group ? msg_fail(f) : msg_errno(f, r, l->spec->name, "start a process");
	l->pid = child.pid;
	l->pidfd = child.pidfd;
	r = launch_hear(l);
	if (r < 0) {
		waitpid(l->pid, NULL, 0);
		msg_error(f, l->remedy.len ? buf_text(&l->remedy) : NULL, "%s", buf_text(&l->words));
		return l->no_exec ? not_executed(r) : STATUS_OWN_FAILURE;
	}
	if (e->null >= 0)
		detach_output(fcntl(e->null, F_DUPFD_CLOEXEC, 3));
	detach_tell(&e->started);
	return sandbox_watch(l, &(struct watch_how){ .signals = signals, .listener = -1, .unattended = e->null >= 0 }, o);
}

/* Whoever may enter the pid namespace from here does, and needs no process between. */
static int enter_directly(struct entering *e, struct sandbox_spec *s, pid_t pid)
{
	char path[40];
	int fd;

	if (!idmap_privileged())
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	s->ns[NS_PID] = (struct ns_spec){ NS_JOIN, fd };
	e->namespaces &= ~CLONE_NEWPID;
	e->direct = 1;
	return 0;
}

static int fill(struct sandbox_spec *s, const struct exec_spec *spec, const struct state *st, int argc, char **argv)
{
	int r = 0;

	spec_init(s);
	s->init = 0;
	s->tty = spec->tty;
	s->caps = st->caps;
	s->closed_sockets = st->closed_sockets;
	s->name = strdup(st->name);
	s->seccomp = st->seccomp ? strdup(st->seccomp) : NULL;
	s->user = spec->user ? strdup(spec->user) : st->user ? strdup(st->user) : NULL;
	s->cwd = spec->cwd ? strdup(spec->cwd) : NULL;
	for (int i = 1; !r && i < argc; i++)
		r = words_add(&s->argv, argv[i]);
	if (!r)
		r = words_add(&s->env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	for (size_t i = 0; !r && i < st->env.n; i++) /* as the first command has it */
		r = image_set(&s->env, st->env.v[i]);
	if (!r)
		r = env_take(&spec->env, &s->env);
	return r || !s->name || (st->seccomp && !s->seccomp) ? -ENOMEM : 0;
}

static void shut_stdin(const struct exec_spec *spec)
{
	AUTO_CLOSE int null = spec->interactive || spec->tty ? -1 : open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null >= 0)
		dup2(null, STDIN_FILENO);
}

/* started: for who waits until the command has begun, and no longer; -1 he waits for its end. */
static int execute(struct frame *f, const struct exec_spec *spec, int argc, char **argv, int started)
{
	AUTO_CLOSE int null = started < 0 ? -1 : open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct entering e = { .target = -1, .null = null, .started = started };
	struct outcome o = { 0 };
	struct sandbox_spec s;
	struct state st;
	int r;

	if (started >= 0 && null < 0)
		return msg_errno(f, errno, "/dev/null", "open");
	r = sandbox_find_running(f, argv[0], &st);
	if (r) {
		state_free(&st);
		return STATUS_OWN_FAILURE;
	}
	r = fill(&s, spec, &st, argc, argv);
	launch_init(&e.l, &s, f->cgx);
	e.l.dir = st.dir;
	e.l.id_count = st.id_count;
	e.l.id_base = st.id_base;
	e.namespaces = namespaces_of(st.pid);
	if (!r)
		r = enter_directly(&e, &s, st.pid) ? -ESRCH : 0;
	e.target = r ? -1 : sandbox_pidfd(f->cgx, &st); /* asked after: its number meant the same all the while */
	shut_stdin(spec);
	if (e.target < 0)
		r = msg_error(f, NULL, "%s: it has just ended", argv[0]);
	else if (!r)
		r = enter(f, &e, &st, &o);
	restrict_free(&e.l);
	init_close(&e.l);
	tty_close(&e.l);
	cgx_group_close(e.l.group);
	buf_free(&e.l.words);
	buf_free(&e.l.remedy);
	spec_free(&s);
	state_free(&st);
	return r ? r : o.signal ? 128 + o.signal : o.code;
}

/* A process of its own looks after it: its parent, without whom the sandbox could not end, and who holds its terminal. */
static int execute_detached(struct frame *f, struct exec_spec *spec, int argc, char **argv)
{
	int started, status = STATUS_OWN_FAILURE, r;

	spec->interactive = 0;
	r = detach_fork(&started, &status);
	if (r < 0)
		return msg_errno(f, r, argv[0], "run a command in the background");
	if (r == DETACH_HERE) {
		r = detach_session();
		_exit(r ? STATUS_OWN_FAILURE : execute(f, spec, argc, argv, started));
	}
	return r == DETACH_BEGUN ? 0 : status;
}

static int run(struct frame *f, void *data, int argc, char **argv)
{
	struct exec_spec *spec = data;

	if (argc < 2)
		return msg_usage(f, argc ? "no command named" : "no sandbox named");
	return spec->detach ? execute_detached(f, spec, argc, argv) : execute(f, spec, argc, argv, -1);
}

static int add_variable(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct exec_spec *spec = data;

	(void)row;
	return env_add(text, &spec->env, why);
}

static void release(void *data)
{
	struct exec_spec *spec = data;

	words_free(&spec->env);
}

static const char *const synopsis[] = { "[options] NAME COMMAND [ARGUMENT...]", NULL };
static const struct opt options[] = {
	{ 'e', "env", "NAME[=VALUE]", OPT_CALL, 0, "set, or take over, a variable", .call = add_variable },
	{ 'w', "workdir", "DIR", OPT_STRING, offsetof(struct exec_spec, cwd), "work there inside" },
	{ 'u', "user", "USER[:GROUP]", OPT_STRING, offsetof(struct exec_spec, user), "run as this user of the root" },
	{ 'i', "interactive", NULL, OPT_FLAG, offsetof(struct exec_spec, interactive), "let it read standard input" },
	{ 't', "tty", NULL, OPT_FLAG, offsetof(struct exec_spec, tty), "a terminal of its own" },
	{ 'd', "detach", NULL, OPT_FLAG, offsetof(struct exec_spec, detach), "return when it has begun; what it writes is lost" },
	OPT_END
};

const struct tool verb_exec = {
	.name = "cgx-sandbox exec",
	.summary = "Run one more command in a running sandbox",
	.synopsis = synopsis,
	.options = options,
	.spec_size = sizeof(struct exec_spec),
	.flags = TOOL_STOP_AT_COMMAND | TOOL_RUNS_COMMAND,
	.positional = { COMPLETE_OWN, COMPLETE_COMMAND },
	.own_words = sandbox_names,
	.run = run,
	.release = release,
};
