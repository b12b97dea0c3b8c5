/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scopes for what the tools run. */
#include "systemd/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "systemd/bus.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/num.h"

#define TIMEOUT_USEC 10000000
#define ENDING_USEC  5000000 /* for a scope of which the last process has ended to be forgotten by systemd */

const char *const scope_modes[] = { "auto", "yes", "no", NULL };

static const struct cgx_hierarchy *v2_of(struct cgx *cgx)
{
	const struct cgx_hierarchy *h = cgx_hierarchy_at(cgx, 0);

	return h && cgx_layout(cgx) == CGX_LAYOUT_UNIFIED ? h : NULL;
}

/* The group of a process, 0 the caller, asked anew each time. */
static int group_of(struct cgx *cgx, pid_t pid, char *ret, size_t size)
{
	const struct cgx_hierarchy *h = v2_of(cgx);
	struct cgx_group *g;
	const char *path;
	int r = cgx_group_of_pid(cgx, pid, 0, &g);

	if (r < 0)
		return r;
	path = cgx_group_path_in(g, h);
	r = path && (size_t)snprintf(ret, size, "%s", path) < size ? 0 : -ENOENT;
	cgx_group_close(g);
	return r;
}

int scope_needed(struct cgx *cgx, enum scope_mode mode)
{
	char path[4200];
	struct cgx_unit u;
	char *slash;

	if (mode == SCOPE_NO)
		return 0;
	if (!cgx_systemd(cgx) || !v2_of(cgx))
		return mode == SCOPE_YES ? -ENOTSUP : 0;
	if (mode == SCOPE_YES)
		return 1;
	if (group_of(cgx, 0, path, 4096) < 0)
		return 0;
	slash = strrchr(path, '/');
	if (!slash)
		return 0;
	strcpy(slash, "/x"); /* any group beside the caller's */
	return cgx_unit_of(cgx, path, &u) == 1 && !u.delegated;
}

const char *scope_lacks(struct cgx *cgx)
{
	if (!cgx_systemd(cgx))
		return "systemd is not process 1 here";
	return "v1 hierarchies are mounted here, and systemd delegates on v2 alone";
}

/* The innermost slice of that manager that the caller is in: what limits the caller is to limit the scope. */
static int own_slice(struct cgx *cgx, uid_t uid, struct cgx_unit *ret)
{
	char path[4096];

	if (group_of(cgx, 0, path, sizeof(path)) < 0)
		return 0;
	for (char *end = path + strlen(path); end; end = strrchr(path, '/')) {
		const char *dot;

		*end = '\0';
		if (cgx_unit_of(cgx, path, ret) != 1 || !ret->own || ret->uid != (uid ? uid : (uid_t)-1))
			continue;
		dot = strrchr(ret->name, '.');
		if (dot && !strcmp(dot, ".slice"))
			return 1;
	}
	return 0;
}

/* ---- limits as properties ---- */

struct properties {
	char **v;
	size_t n;
};

static void properties_free(struct properties *p)
{
	while (p->n)
		free(p->v[--p->n]);
	free(p->v);
}

static int add_room(const struct scope *scope, struct buf *text)
{
	static const char *const bytes[] = { "MemoryMax=", "MemoryHigh=" };
	AUTO_BUF struct buf with = { 0 };
	uint64_t n;

	for (size_t i = 0; i < 2; i++)
		if (!strncmp(text->s, bytes[i], strlen(bytes[i])) && !num_u64(text->s + strlen(bytes[i]), &n) &&
		    n < UINT64_MAX - scope->bytes)
			buf_printf(&with, "%s%ju", bytes[i], (uintmax_t)(n + scope->bytes));
	if (!strncmp(text->s, "TasksMax=", 9) && !num_u64(text->s + 9, &n) && n < UINT64_MAX - scope->tasks)
		buf_printf(&with, "TasksMax=%llu", (unsigned long long)n + scope->tasks);
	if (!with.len || with.err)
		return with.err;
	buf_reset(text);
	buf_puts(text, buf_text(&with));
	return text->err;
}

static int add_property(const struct scope *scope, struct properties *p, const char *text)
{
	char **more = reallocarray(p->v, p->n + 1, sizeof(*more));
	struct buf b = { 0 };
	int r;

	if (!more)
		return -ENOMEM;
	p->v = more;
	buf_puts(&b, text);
	r = b.err ? b.err : add_room(scope, &b);
	if (!r)
		r = buf_steal(&b, &more[p->n]);
	else
		buf_free(&b);
	p->n += !r;
	return r;
}

static int collect(struct cgx *cgx, const struct scope *scope, struct properties *p)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < scope->n_values; i++) {
		const char *eq = strchr(scope->values[i], '=');
		AUTO_FREE char *name = strndup(scope->values[i], (size_t)(eq - scope->values[i]));
		char **list;

		r = name ? cgx_unit_properties(cgx, name, eq + 1, &list) : -ENOMEM;
		if (r < 0)
			break;
		for (size_t k = 0; r >= 0 && list[k]; k++)
			r = add_property(scope, p, list[k]);
		cgx_list_free(list);
	}
	return r < 0 ? r : 0;
}

void scope_name(struct scope *scope, const char *name)
{
	char *p = scope->name;

	snprintf(p, sizeof(scope->name), "%.200s.scope", name);
	for (; *p; p++)
		if (!strchr(":-_.ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", *p))
			*p = '_';
}

int scope_describe(struct cgx *cgx, const struct scope *scope, struct buf *ret)
{
	struct properties p = { 0 };
	int r = collect(cgx, scope, &p);

	buf_printf(ret, "start %s: Delegate=yes", scope->name);
	for (size_t i = 0; !r && i < p.n; i++)
		buf_printf(ret, strchr(p.v[i], ' ') ? " '%s'" : " %s", p.v[i]);
	properties_free(&p);
	return r ? r : ret->err;
}

/* ---- entering ---- */

/* Below the scope's own group: on v2 a group with processes has no controllers below it. */
static int step_aside(struct cgx *cgx, struct scope *scope, struct buf *why)
{
	AUTO_BUF struct buf path = { 0 };
	struct cgx_group *g = NULL;
	struct cgx_plan *p = NULL;
	int r = group_of(cgx, scope->pid, scope->path, sizeof(scope->path));

	if (!r) {
		buf_printf(&path, "%s/monitor", scope->path);
		r = path.err ? path.err : cgx_group_open(cgx, buf_text(&path), CGX_C_CORE, &g);
	}
	if (!r)
		r = cgx_plan_new(cgx, &p);
	if (!r)
		r = cgx_plan_create(p, g, NULL);
	if (!r)
		r = cgx_plan_move(p, g, scope->pid ? scope->pid : getpid(), 0);
	if (!r)
		r = cgx_plan_apply(p);
	if (r < 0)
		buf_printf(why, "%s", *cgx_error(cgx) ? cgx_error(cgx) : strerror(-r));
	cgx_plan_free(p);
	cgx_group_close(g);
	return r;
}

/* Whether the scope that has the name is nothing but one that systemd has not cleared away yet. */
static int is_ending(struct cgx *cgx, const struct bus_scope *scope)
{
	AUTO_FREE char *path = NULL;
	struct cgx_group *g;
	int populated;

	if (bus_scope_group(scope, &path) < 0)
		return 0;
	if (!path || !*path)
		return 1;
	if (cgx_group_open(cgx, path, CGX_C_CORE, &g) < 0)
		return 0;
	populated = cgx_group_populated(g);
	cgx_group_close(g);
	return !populated || populated == -ENOENT;
}

/* systemd hears of the end of a scope a moment after whoever waited for its last process. */
static int start_anew(struct cgx *cgx, const struct bus_scope *scope, struct buf *why, struct buf *remedy)
{
	uint64_t end = now_us() + ENDING_USEC;
	int r;

	while ((r = bus_start_scope(scope, why, remedy)) == -EEXIST && now_us() < end && is_ending(cgx, scope)) {
		buf_reset(why);
		usleep(2000);
	}
	return r;
}

int scope_enter(struct cgx *cgx, struct scope *scope, struct buf *why, struct buf *remedy)
{
	struct properties p = { 0 };
	struct cgx_unit slice;
	pid_t pid = scope->pid ? scope->pid : getpid();
	struct bus_scope ask = {
		.name = scope->name, .description = "a command of cgx in a group of its own", .pids = &pid, .n_pids = 1,
		.uid = geteuid(), .timeout_usec = TIMEOUT_USEC,
	};
	int r = collect(cgx, scope, &p);

	if (r < 0) {
		buf_puts(why, cgx_error(cgx));
		buf_puts(remedy, cgx_remedy(cgx));
	} else {
		ask.properties = (const char *const *)p.v;
		ask.n_properties = p.n;
		if (own_slice(cgx, ask.uid, &slice))
			ask.slice = slice.name;
		r = start_anew(cgx, &ask, why, remedy);
	}
	properties_free(&p);
	return r ? r : step_aside(cgx, scope, why);
}

/* The group beside those that are limited, if the scope is one of ours: from there all the others can be joined. */
static int has_monitor(struct cgx *cgx, const struct cgx_unit *u)
{
	AUTO_BUF struct buf b = { 0 };
	struct cgx_group *g;
	int found;

	buf_printf(&b, "%s/monitor", u->path);
	if (b.err || cgx_group_open(cgx, buf_text(&b), CGX_C_CORE, &g) < 0)
		return 0;
	found = cgx_group_exists(g) != 0;
	cgx_group_close(g);
	return found;
}

/* beside: into the group of a scope of ours from where the others can be joined, where there is one. */
static int have_moved(struct cgx *cgx, const struct cgx_group *g, pid_t pid, int beside, struct buf *why, struct buf *remedy)
{
	const char *path = v2_of(cgx) ? cgx_group_path_in(g, v2_of(cgx)) : NULL;
	struct bus_scope where = { .pids = &pid, .n_pids = 1, .uid = geteuid(), .timeout_usec = TIMEOUT_USEC };
	const char *manager;
	char now[4096];
	struct cgx_unit u;
	int r;

	if (!path || !where.uid || cgx_unit_of(cgx, path, &u) != 1 || u.uid != where.uid || !u.delegated)
		return 0;
	manager = strstr(path, ".service/");
	if (!manager || group_of(cgx, pid, now, sizeof(now)) < 0 || !strncmp(now, path, (size_t)(manager - path) + 9))
		return 0;
	where.name = u.name;
	r = bus_attach(&where, beside && has_monitor(cgx, &u) ? "/monitor" : path + strlen(u.path), why, remedy);
	return r < 0 ? r : 1;
}

int scope_join(struct cgx *cgx, const struct cgx_group *g, struct buf *why, struct buf *remedy)
{
	return have_moved(cgx, g, getpid(), 1, why, remedy);
}

int scope_attach(struct cgx *cgx, const struct cgx_group *g, pid_t pid, struct buf *why, struct buf *remedy)
{
	return have_moved(cgx, g, pid, 0, why, remedy);
}

static _Noreturn void hold(int ready)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	sigemptyset(&none);
	for (int sig = 1; sig < 32; sig++)
		signal(sig, SIG_DFL);
	signal(SIGHUP, SIG_IGN);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int i = 0; null >= 0 && i < 3; i++)
		dup2(null, i);
	dup2(ready, 3);
	setsid();
	prctl(PR_SET_NAME, "cgx-hold");
	if (chdir("/") < 0 || syscall(SYS_close_range, 3, ~0u, 0) < 0)
		_exit(1);
	for (;;)
		pause();
}

int scope_hold(pid_t *ret)
{
	int fd[2];
	char c;

	if (pipe2(fd, O_CLOEXEC) < 0)
		return -errno;
	*ret = fork();
	if (*ret < 0) {
		close(fd[0]);
		close(fd[1]);
		return -errno;
	}
	if (!*ret)
		hold(fd[1]);
	close(fd[1]);
	while (read(fd[0], &c, 1) < 0 && errno == EINTR)
		; /* the end of the pipe: it has let go of all that was ours */
	close(fd[0]);
	return 0;
}

/* Root can do on the tree what systemd cannot be asked for; nobody is to need libsystemd. */
int scope_can_do_without(enum scope_mode mode, int err)
{
	if (mode != SCOPE_AUTO || err == -EEXIST || err == -EINVAL || err == -ERANGE || err == -ENOMEM)
		return 0;
	return err == -ENOPKG || !geteuid();
}
