/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scopes for what the tools run. */
#include "systemd/scope.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "systemd/bus.h"
#include "util/cleanup.h"
#include "util/num.h"

#define TIMEOUT_USEC 10000000

const char *const scope_modes[] = { "auto", "yes", "no", NULL };

static const struct cgx_hierarchy *v2_of(struct cgx *cgx)
{
	const struct cgx_hierarchy *h = cgx_hierarchy_at(cgx, 0);

	return h && cgx_layout(cgx) == CGX_LAYOUT_UNIFIED ? h : NULL;
}

/* The caller's own group, asked anew each time. */
static int own_group(struct cgx *cgx, char *ret, size_t size)
{
	const struct cgx_hierarchy *h = v2_of(cgx);
	struct cgx_group *g;
	const char *path;
	int r = cgx_group_of_pid(cgx, 0, 0, &g);

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
	if (own_group(cgx, path, 4096) < 0)
		return 0;
	slash = strrchr(path, '/');
	if (!slash)
		return 0;
	strcpy(slash, "/x"); /* any group beside the caller's */
	return cgx_unit_of(cgx, path, &u) == 1 && !u.delegated;
}

/* The innermost slice of that manager that the caller is in: what limits the caller is to limit the scope. */
static int own_slice(struct cgx *cgx, uid_t uid, struct cgx_unit *ret)
{
	char path[4096];

	if (own_group(cgx, path, sizeof(path)) < 0)
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
			buf_printf(&with, "%s%llu", bytes[i], (unsigned long long)(n + scope->bytes));
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
	struct cgx_unit slice;
	uid_t uid = geteuid();
	int r = collect(cgx, scope, &p);

	buf_printf(ret, "start %s: Delegate=yes", scope->name);
	if (own_slice(cgx, uid, &slice))
		buf_printf(ret, " Slice=%s", slice.name);
	for (size_t i = 0; !r && i < p.n; i++)
		buf_printf(ret, strchr(p.v[i], ' ') ? " '%s'" : " %s", p.v[i]);
	properties_free(&p);
	return r ? r : ret->err;
}

/* ---- entering ---- */

/* Below the scope's own group: on v2 a group with processes has no controllers below it. */
static int step_aside(struct cgx *cgx, struct buf *why)
{
	AUTO_BUF struct buf path = { 0 };
	struct cgx_group *g = NULL;
	struct cgx_plan *p = NULL;
	char own[4096];
	int r = own_group(cgx, own, sizeof(own));

	if (!r) {
		buf_printf(&path, "%s/monitor", own);
		r = path.err ? path.err : cgx_group_open(cgx, buf_text(&path), CGX_C_CORE, &g);
	}
	if (!r)
		r = cgx_plan_new(cgx, &p);
	if (!r)
		r = cgx_plan_create(p, g, NULL);
	if (!r)
		r = cgx_plan_move(p, g, getpid(), 0);
	if (!r)
		r = cgx_plan_apply(p);
	if (r < 0)
		buf_printf(why, "%s", *cgx_error(cgx) ? cgx_error(cgx) : strerror(-r));
	cgx_plan_free(p);
	cgx_group_close(g);
	return r;
}

int scope_enter(struct cgx *cgx, const struct scope *scope, struct buf *why, struct buf *remedy)
{
	struct properties p = { 0 };
	struct cgx_unit slice;
	pid_t self = getpid();
	struct bus_scope ask = {
		.name = scope->name, .description = "a command of cgx in a group of its own", .pids = &self, .n_pids = 1,
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
		r = bus_start_scope(&ask, why, remedy);
	}
	properties_free(&p);
	return r ? r : step_aside(cgx, why);
}

/* Root can do on the tree what systemd cannot be asked for; nobody is to need libsystemd. */
int scope_can_do_without(enum scope_mode mode, int err)
{
	if (mode != SCOPE_AUTO || err == -EEXIST || err == -EINVAL || err == -ERANGE || err == -ENOMEM)
		return 0;
	return err == -ENOPKG || !geteuid();
}
