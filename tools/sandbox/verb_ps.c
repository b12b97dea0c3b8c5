/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-sandbox ps, inspect, logs, update: what is known of sandboxes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "exec/limits.h"
#include "sandbox/find.h"
#include "sandbox/links.h"
#include "sandbox/sweep.h"
#include "sandbox/limit_options.h"
#include "sandbox/restart.h"
#include "sandbox/verbs.h"
#include "ui/apply.h"
#include "ui/json.h"
#include "ui/message.h"
#include "ui/table.h"
#include "ui/text.h"
#include "ui/units.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/num.h"

enum filter_key { BY_NAME, BY_STATUS, BY_EXIT, BY_ROOT, FILTER_KEYS };
static const char *const filter_keys[] = { [BY_NAME] = "name", [BY_STATUS] = "status", [BY_EXIT] = "exited", [BY_ROOT] = "ancestor" };
static const char *const statuses[] = { "starting", "running", "paused", "restarting", "exited", NULL };

struct ps_spec {
	int all, quiet;
	struct words filter[FILTER_KEYS]; /* one of each key that is named is to be right */
};

enum { COL_NAME, COL_STATUS, COL_PID, COL_AGE, COL_MEMORY, COL_PIDS, COL_PORTS, COL_ADDRESS, COL_ADDRESS6, COL_NETWORK, COL_ROOT, COL_COMMAND };
static const struct column columns[] = {
	[COL_NAME] = { "NAME", COLUMN_SHOWN, .help = "what it is called" },
	[COL_STATUS] = { "STATUS", COLUMN_SHOWN, .help = "running, paused, or how it ended" },
	[COL_PID] = { "PID", COLUMN_SHOWN | COLUMN_RIGHT, COLUMN_NUMBER, .help = "its first process, as the host has it" },
	[COL_AGE] = { "AGE", COLUMN_SHOWN | COLUMN_RIGHT, COLUMN_NUMBER, .key = "age_us", .help = "since it was started" },
	[COL_MEMORY] = { "MEMORY", COLUMN_SHOWN | COLUMN_RIGHT, COLUMN_NUMBER, .help = "memory of its group" },
	[COL_PIDS] = { "PIDS", COLUMN_SHOWN | COLUMN_RIGHT, COLUMN_NUMBER, .help = "processes and threads" },
	[COL_PORTS] = { "PORTS", COLUMN_SHOWN, .help = "ports of the host that lead to it" },
	[COL_ADDRESS] = { "ADDRESS", 0, .help = "its address in its network" },
	[COL_ADDRESS6] = { "ADDRESS6", 0, .help = "that of IPv6" },
	[COL_NETWORK] = { "NETWORK", 0, .help = "the bridge that it is joined to" },
	[COL_ROOT] = { "ROOT", COLUMN_SHOWN | COLUMN_TRUNC, .help = "its root" },
	[COL_COMMAND] = { "COMMAND", COLUMN_SHOWN | COLUMN_TRUNC, .help = "what runs in it" },
	COLUMN_END
};

static void put_command(struct buf *b, const struct state *s)
{
	for (size_t i = 0; i < s->argv.n; i++)
		buf_printf(b, "%s%s", i ? " " : "", s->argv.v[i]);
}

static const char *status_text(struct cgx *cgx, const struct state *s, struct buf *b)
{
	struct cgx_group *g;
	uint64_t frozen = 0;

	if (s->status == SANDBOX_RUNNING && !sandbox_group(cgx, s, &g)) {
		cgx_get_u64(g, "cgroup.freeze", &frozen);
		cgx_group_close(g);
	}
	if (s->status == SANDBOX_STARTING)
		buf_puts(b, "starting");
	else if (s->status == SANDBOX_RESTARTING)
		buf_puts(b, "restarting");
	else if (s->status == SANDBOX_RUNNING)
		buf_puts(b, frozen ? "paused" : "running");
	else if (s->signal)
		buf_printf(b, "killed (%s)", sigabbrev_np(s->signal) ? sigabbrev_np(s->signal) : "?");
	else
		buf_printf(b, "exited (%d)", s->code);
	return buf_text(b);
}

static void put_ports(struct buf *b, const struct state *s)
{
	for (size_t i = 0; i < s->ports.n; i++) {
		struct port p;

		if (port_parse(s->ports.v[i], &p))
			continue;
		buf_puts(b, b->len ? ", " : "");
		port_show(&p, b);
	}
}

static void add_network(struct table *t, size_t row, const struct state *s)
{
	AUTO_BUF struct buf ports = { 0 }, address = { 0 };
	struct address own = address_v4(s->address);

	if (!s->network || s->status == SANDBOX_EXITED)
		return;
	put_ports(&ports, s);
	address_format(&own, &address);
	table_text(t, row, COL_PORTS, buf_text(&ports));
	table_text(t, row, COL_ADDRESS, buf_text(&address));
	if (s->address6)
		table_text(t, row, COL_ADDRESS6, s->address6);
	table_text(t, row, COL_NETWORK, s->network);
}

static int add_row(struct frame *f, struct table *t, const struct state *s)
{
	AUTO_BUF struct buf command = { 0 }, status = { 0 };
	size_t row = table_row(t, TABLE_TOP);
	struct cgx_group *g;
	uint64_t n;

	put_command(&command, s);
	table_text(t, row, COL_NAME, s->name);
	table_text(t, row, COL_STATUS, status_text(f->cgx, s, &status));
	if (s->began_us)
		table_number(t, row, COL_AGE, wall_us() - s->began_us, UNIT_USEC);
	table_text(t, row, COL_ROOT, s->root ? s->root : "");
	table_text(t, row, COL_COMMAND, buf_text(&command));
	add_network(t, row, s);
	if (s->status != SANDBOX_RUNNING)
		return 0;
	table_number(t, row, COL_PID, (uint64_t)s->pid, UNIT_COUNT);
	if (sandbox_group(f->cgx, s, &g))
		return 0;
	if (!cgx_get_u64(g, "memory.current", &n))
		table_number(t, row, COL_MEMORY, n, UNIT_BYTES);
	if (!cgx_get_u64(g, "pids.current", &n))
		table_number(t, row, COL_PIDS, n, UNIT_COUNT);
	cgx_group_close(g);
	return 0;
}

/* ---- ps --filter ---- */

static int is_status(const char *text)
{
	for (const char *const *s = statuses; *s; s++)
		if (!strcmp(*s, text))
			return 1;
	return 0;
}

static int add_filter(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct ps_spec *spec = data;
	const char *eq = strchr(text, '=');
	uint64_t n;

	(void)row;
	for (size_t k = 0; eq && eq[1] && k < FILTER_KEYS; k++) {
		if (strlen(filter_keys[k]) != (size_t)(eq - text) || strncmp(filter_keys[k], text, (size_t)(eq - text)) != 0)
			continue;
		if ((k == BY_STATUS && !is_status(eq + 1)) || (k == BY_EXIT && num_u64(eq + 1, &n)))
			break;
		return words_add(&spec->filter[k], eq + 1);
	}
	buf_puts(why, "not name=TEXT, status=running, paused, restarting, starting or exited, exited=STATUS, or ancestor=ROOT");
	return -EINVAL;
}

static int matches(struct cgx *cgx, enum filter_key key, const struct state *s, const char *wanted)
{
	AUTO_BUF struct buf status = { 0 };
	int code = s->signal ? 128 + s->signal : s->code;

	switch (key) {
	case BY_NAME:
		return strstr(s->name, wanted) != NULL;
	case BY_STATUS:
		return !strcmp(s->status == SANDBOX_EXITED ? "exited" : status_text(cgx, s, &status), wanted);
	case BY_EXIT:
		return s->status == SANDBOX_EXITED && atoi(wanted) == code;
	case BY_ROOT:
		return s->root && !strcmp(s->root, wanted);
	case FILTER_KEYS:
		break;
	}
	return 0;
}

/* Who asks for those that have ended sees them. */
static int is_shown(struct cgx *cgx, const struct ps_spec *spec, const struct state *s)
{
	if (s->status == SANDBOX_EXITED && !spec->all && !spec->filter[BY_STATUS].n && !spec->filter[BY_EXIT].n)
		return 0;
	for (int k = 0; k < FILTER_KEYS; k++) {
		int found = !spec->filter[k].n;

		for (size_t i = 0; !found && i < spec->filter[k].n; i++)
			found = matches(cgx, (enum filter_key)k, s, spec->filter[k].v[i]);
		if (!found)
			return 0;
	}
	return 1;
}

static void release_ps(void *data)
{
	struct ps_spec *spec = data;

	for (int k = 0; k < FILTER_KEYS; k++)
		words_free(&spec->filter[k]);
}

/* ---- ps ---- */

static int run_ps(struct frame *f, void *data, int argc, char **argv)
{
	const struct ps_spec *spec = data;
	AUTO_FREE char *root = NULL;
	struct words names = { 0 };
	struct table *t = NULL;
	int r = sandbox_states(f, &root);

	(void)argv;
	if (argc)
		return msg_usage(f, "ps takes no names; inspect does");
	if (r)
		return r;
	sweep_all(f->cgx, root);
	links_repair(root);
	r = state_list(root, &names);
	if (!r && !spec->quiet && table_new(f, columns, "sandboxes", 0, &t) < 0)
		r = frame_failed(f);
	for (size_t i = 0; !r && i < names.n; i++) {
		struct state s;

		if (!state_read(root, names.v[i], &s) && is_shown(f->cgx, spec, &s)) {
			if (spec->quiet)
				printf("%s\n", s.name);
			else
				add_row(f, t, &s);
		}
		state_free(&s);
	}
	if (!r && t)
		r = table_print(t);
	table_free(t);
	words_free(&names);
	return r;
}

/* ---- inspect ---- */

static void add_words(struct json *j, const char *key, const struct words *w)
{
	json_open_array(j, key);
	for (size_t i = 0; i < w->n; i++)
		json_add_string(j, NULL, w->v[i]);
	json_close(j);
}

static void add_ports(struct json *j, const struct state *s)
{
	json_open_array(j, "ports");
	for (size_t i = 0; i < s->ports.n; i++) {
		AUTO_BUF struct buf address = { 0 };
		struct port p;

		if (port_parse(s->ports.v[i], &p))
			continue;
		address_format(&p.address, &address);
		json_open_object(j, NULL);
		json_add_string(j, "protocol", p.udp ? "udp" : "tcp");
		json_add_string(j, "address", buf_text(&address));
		json_add_u64(j, "host_port", p.host);
		json_add_u64(j, "port", p.inside);
		json_close(j);
	}
	json_close(j);
}

/* null where it has none of its own. */
static void add_net(struct json *j, const struct state *s)
{
	AUTO_BUF struct buf address = { 0 };
	struct address own = address_v4(s->address);

	if (!s->network) {
		json_add_null(j, "network");
		return;
	}
	address_format(&own, &address);
	json_open_object(j, "network");
	json_add_string(j, "bridge", s->network);
	json_add_string(j, "link", s->link);
	json_add_string(j, "address", buf_text(&address));
	if (s->address6)
		json_add_string(j, "address6", s->address6);
	else
		json_add_null(j, "address6");
	add_ports(j, s);
	json_close(j);
}

static void add_state(struct frame *f, struct json *j, const struct state *s)
{
	AUTO_BUF struct buf status = { 0 };

	json_open_object(j, NULL);
	json_add_string(j, "name", s->name);
	json_add_string(j, "status", status_text(f->cgx, s, &status));
	json_add_string(j, "root", s->root);
	add_words(j, "command", &s->argv);
	json_add_i64(j, "pid", s->status == SANDBOX_RUNNING ? s->pid : 0);
	json_add_i64(j, "monitor", s->status == SANDBOX_EXITED ? 0 : s->monitor);
	json_add_i64(j, "restarts", s->restarts);
	json_add_u64(j, "began_us", s->began_us);
	json_add_u64(j, "ended_us", s->ended_us);
	json_add_i64(j, "exit_code", s->signal ? 128 + s->signal : s->code);
	json_add_i64(j, "signal", s->signal);
	json_add_u64(j, "id_base", s->id_base);
	json_add_u64(j, "id_count", s->id_count);
	add_words(j, "limits", &s->limits);
	add_words(j, "groups", &s->groups);
	add_net(j, s);
	add_words(j, "report", &s->notes);
	json_close(j);
}

static int run_inspect(struct frame *f, void *data, int argc, char **argv)
{
	struct json *j;
	int worst = 0, r;

	(void)data;
	if (!argc)
		return msg_usage(f, "no sandbox named");
	if (json_new(f, &j) < 0)
		return frame_failed(f);
	json_open_array(j, NULL);
	for (int i = 0; i < argc; i++) {
		struct state s;

		r = sandbox_find(f, argv[i], &s);
		if (!r)
			add_state(f, j, &s);
		worst = r ? r : worst;
		state_free(&s);
	}
	json_close(j);
	r = json_write(j, stdout, JSON_LINE);
	json_free(j);
	return r < 0 ? frame_failed(f) : worst;
}

/* ---- logs ---- */

struct logs_spec {
	uint64_t tail; /* lines; OPT_UNSET all */
	int follow;
};
static const struct logs_spec logs_defaults = { .tail = OPT_UNSET };

/* Where the last lines of a file begin; the end of the last one is none of its own. */
static off_t begin_of_tail(int fd, uint64_t lines)
{
	char part[8192];
	off_t at = lseek(fd, 0, SEEK_END), end = at;

	while (at > 0) {
		off_t from = at > (off_t)sizeof(part) ? at - (off_t)sizeof(part) : 0;
		ssize_t n = pread(fd, part, (size_t)(at - from), from);

		if (n <= 0)
			break;
		for (; n; n--)
			if (part[n - 1] == '\n' && from + n != end && !lines--)
				return from + n;
		at = from;
	}
	return 0;
}

/* It runs, or is between two runs and may do so again: 1 and *s is that. */
static int goes_on(struct frame *f, struct state *s)
{
	AUTO_FREE char *root = NULL;
	struct state now = { .lock = -1 };
	int r;

	if (s->status == SANDBOX_RUNNING && !sandbox_wait(f->cgx, s, 0))
		return 1;
	r = state_root(&root) < 0 || state_read(root, s->name, &now) || now.lock >= 0 || now.status == SANDBOX_EXITED;
	if (!r) {
		s->status = now.status;
		s->pid = now.pid;
		s->pid_started = now.pid_started;
	}
	state_free(&now);
	return !r;
}

/* What a detached one wrote, as it is: it goes where the caller sends it. */
static int run_logs(struct frame *f, void *data, int argc, char **argv)
{
	const struct logs_spec *spec = data;
	char path[4200], text[8192];
	struct state s;
	ssize_t n;
	int fd, r;

	if (argc != 1)
		return msg_usage(f, argc ? "one sandbox at a time" : "no sandbox named");
	r = sandbox_find(f, argv[0], &s);
	if (r) {
		state_free(&s);
		return r;
	}
	snprintf(path, sizeof(path), "%s/log", s.dir);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		r = errno == ENOENT ? msg_error(f, "run -d keeps one", "%s: show its log: it was not started in the background", argv[0]) :
				      msg_errno(f, errno, path, "open");
		state_free(&s);
		return r;
	}
	if (spec->tail != OPT_UNSET)
		lseek(fd, spec->tail ? begin_of_tail(fd, spec->tail - 1) : lseek(fd, 0, SEEK_END), SEEK_SET);
	for (;;) {
		int ended = !spec->follow || !goes_on(f, &s);

		while ((n = read(fd, text, sizeof(text))) > 0)
			if (fwrite(text, 1, (size_t)n, stdout) != (size_t)n || fflush(stdout))
				break;
		if (ended || ferror(stdout))
			break;
		if (s.status != SANDBOX_RUNNING || sandbox_wait(f->cgx, &s, 100))
			usleep(20000); /* its monitor is about to say what becomes of it */
	}
	close(fd);
	state_free(&s);
	return 0;
}

/* ---- update ---- */

struct update_spec {
	struct words limits;
	const char *restart;
};

static int add_limit(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct update_spec *spec = data;
	AUTO_BUF struct buf b = { 0 };
	int r = limits_text(row->choices[0], text, &b, why);

	return r ? r : words_add(&spec->limits, buf_text(&b));
}

static int add_value(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct update_spec *spec = data;

	(void)row;
	if (strchr(text, '='))
		return words_add(&spec->limits, text);
	buf_puts(why, "not NAME=VALUE");
	return -EINVAL;
}

static int set_restart(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct update_spec *spec = data;
	struct restart checked;

	(void)row;
	spec->restart = text;
	return restart_parse(text, &checked, why);
}

static void release_update(void *data)
{
	struct update_spec *spec = data;

	words_free(&spec->limits);
}

static int change_limits(struct frame *f, const struct update_spec *spec, const struct state *s)
{
	struct cgx_plan *p = NULL;
	struct cgx_group *g = NULL;
	int r = sandbox_group_for(f, s, "change its limits", &g);

	if (!r)
		r = cgx_plan_new(f->cgx, &p);
	if (!r)
		cgx_plan_force(p); /* the group is ours, wherever it lies */
	if (!r)
		r = limits_plan(p, g, (const char *const *)spec->limits.v, spec->limits.n);
	if (!r)
		r = apply_plan(f, p);
	cgx_plan_free(p);
	cgx_group_close(g);
	return r;
}

/* For the run after this one. */
static int remember(struct frame *f, const struct update_spec *spec, const struct state *s)
{
	int r = 0;

	for (size_t i = 0; !r && i < spec->limits.n; i++)
		r = state_amend(s, "limit", spec->limits.v[i]);
	if (!r && spec->restart)
		r = state_amend(s, "restart", spec->restart);
	return r ? msg_errno(f, r, s->name, "keep what is changed") : 0;
}

static int run_update(struct frame *f, void *data, int argc, char **argv)
{
	const struct update_spec *spec = data;
	struct state s;
	int r;

	if (argc != 1)
		return msg_usage(f, argc ? "one sandbox at a time" : "no sandbox named");
	if (!spec->limits.n && !spec->restart)
		return msg_usage(f, "nothing to change: --memory, --pids ..., -r NAME=VALUE or --restart");
	r = sandbox_find_begun(f, argv[0], &s);
	if (!r && s.status != SANDBOX_RUNNING && (spec->limits.n || s.status != SANDBOX_RESTARTING))
		r = msg_error(f, "cgx-sandbox ps lists those that run", "%s: it does not run", argv[0]);
	if (!r && spec->limits.n)
		r = change_limits(f, spec, &s);
	if (!r && !f->dry_run)
		r = remember(f, spec, &s);
	state_free(&s);
	return r;
}

/* ---- the tools ---- */

static const char *const no_names[] = { "[options]", NULL };
static const char *const names[] = { "NAME...", NULL };
static const char *const name[] = { "NAME", NULL };
static const char *const name_values[] = { "[options] NAME", NULL };
static const struct opt ps_options[] = {
	{ 'a', "all", NULL, OPT_FLAG, offsetof(struct ps_spec, all), "those that have ended as well" },
	{ 'q', "quiet", NULL, OPT_FLAG, offsetof(struct ps_spec, quiet), "names alone" },
	{ 'f', "filter", "KEY=VALUE", OPT_CALL, 0, "only those with this name, status, exited (status) or ancestor (root)", .call = add_filter },
	OPT_END
};
static const struct opt logs_options[] = {
	{ 'f', "follow", NULL, OPT_FLAG, offsetof(struct logs_spec, follow), "go on until it ends" },
	{ 'n', "tail", "N", OPT_U64, offsetof(struct logs_spec, tail), "the last N lines alone" },
	OPT_END
};
static const struct opt update_options[] = {
	LIMIT_OPTIONS(add_limit),
	{ 'r', "variable", "NAME=VALUE", OPT_CALL, 0, "set this value of its group", COMPLETE_ASSIGNMENT, .call = add_value },
	{ 0, "restart", "POLICY", OPT_CALL, 0, "whether it is started again: no, on-failure[:TIMES] or always", .call = set_restart },
	OPT_END
};
static const struct opt none[] = { OPT_END };

const struct tool verb_ps = {
	.name = "cgx-sandbox ps", .summary = "List sandboxes", .synopsis = no_names, .options = ps_options, .columns = columns,
	.spec_size = sizeof(struct ps_spec), .flags = TOOL_DATA, .run = run_ps, .release = release_ps,
};
const struct tool verb_inspect = {
	.name = "cgx-sandbox inspect", .summary = "Tell all that is known of sandboxes, as JSON", .synopsis = names,
	.options = none, .run = run_inspect, .positional = { COMPLETE_OWN }, .own_words = sandbox_names,
};
const struct tool verb_logs = {
	.name = "cgx-sandbox logs", .summary = "Show what a sandbox in the background wrote", .synopsis = name,
	.options = logs_options, .spec_size = sizeof(struct logs_spec), .defaults = &logs_defaults, .run = run_logs,
	.positional = { COMPLETE_OWN }, .own_words = sandbox_names,
};
const struct tool verb_update = {
	.name = "cgx-sandbox update", .summary = "Change the limits of a running sandbox", .synopsis = name_values,
	.options = update_options, .spec_size = sizeof(struct update_spec), .flags = TOOL_CHANGES, .run = run_update,
	.release = release_update, .positional = { COMPLETE_OWN }, .own_words = sandbox_names,
};
