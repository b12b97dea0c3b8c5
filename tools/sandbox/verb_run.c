/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-sandbox run: from the command line to a spec, and one run of it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/limits.h"
#include "exec/report.h"
#include "sandbox/attach.h"
#include "sandbox/capabilities.h"
#include "sandbox/events.h"
#include "sandbox/launch.h"
#include "sandbox/layer.h"
#include "sandbox/limit_options.h"
#include "sandbox/monitor.h"
#include "sandbox/restart.h"
#include "sandbox/root.h"
#include "sandbox/run_step.h"
#include "sandbox/share.h"
#include "sandbox/state.h"
#include "sandbox/verbs.h"
#include "ui/message.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/num.h"

enum report { REPORT_TROUBLE, REPORT_TEXT, REPORT_JSON, REPORT_NONE };
enum net_word { NET_WORD_NONE, NET_WORD_HOST, NET_WORD_BRIDGE };

struct run_spec {
	struct sandbox_spec s;
	const char *name, *hostname, *user, *cwd, *report_to, *seccomp, *entrypoint;
	struct root root;
	const char *layer;           /* where the writable layer is wanted; NULL as usual */
	struct strings values, env;
	const char *where[NS_COUNT]; /* a namespace is: own, host ... */
	uint64_t timeout, kill_after;
	struct restart restart;
	int interactive, tty, no_init, read_only, new_privs, report, net, userns, remove, detach, host_sockets;
};
static const struct run_spec defaults = { .s.caps = CAPABILITIES_DEFAULT, .timeout = OPT_UNSET, .kill_after = 10000000 };

/* ---- options ---- */

/* Keep SETTING=text; the setting's name is the row's choices[0]. */
static int add_limit(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct run_spec *spec = data;
	AUTO_BUF struct buf b = { 0 };
	int r = limits_text(row->choices[0], text, &b, why);

	return r ? r : words_add(&spec->s.limits, buf_text(&b));
}

static int set_capability(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct run_spec *spec = data;
	uint64_t set;
	int r = capabilities_parse(text, &set, why);

	if (r)
		return r;
	spec->s.caps = row->value ? spec->s.caps | set : spec->s.caps & ~set;
	return 0;
}

/* SRC:DST[:ro,idmap] */
static int add_volume(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct run_spec *spec = data;
	const char *colon = strchr(text, ':'), *end = colon ? strchr(colon + 1, ':') : NULL;
	struct volume *more = reallocarray(spec->s.volume, spec->s.n_volumes + 1, sizeof(*more)), *v;

	(void)row;
	if (!more)
		return -ENOMEM;
	spec->s.volume = more;
	if (!colon || colon == text || colon[1] != '/') {
		buf_puts(why, "not SOURCE:/PLACE or SOURCE:/PLACE:ro,idmap");
		return -EINVAL;
	}
	v = &more[spec->s.n_volumes];
	*v = (struct volume){ .kind = VOLUME_BIND };
	for (const char *p = end ? end + 1 : ""; *p; p += strcspn(p, ","), p += *p == ',') {
		size_t n = strcspn(p, ",");

		if (n == 2 && !strncmp(p, "ro", n)) {
			v->flags |= VOLUME_READ_ONLY;
		} else if (n == 5 && !strncmp(p, "idmap", n)) {
			v->flags |= VOLUME_IDMAP;
		} else if (n != 2 || strncmp(p, "rw", n)) {
			buf_puts(why, "after the place come ro, rw or idmap");
			return -EINVAL;
		}
	}
	v->source = strndup(text, (size_t)(colon - text));
	v->target = end ? strndup(colon + 1, (size_t)(end - colon - 1)) : strdup(colon + 1);
	spec->s.n_volumes++;
	return v->source && v->target ? 0 : -ENOMEM;
}

static int add_tmpfs(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct run_spec *spec = data;
	const char *colon = strchr(text, ':');
	struct volume *more = reallocarray(spec->s.volume, spec->s.n_volumes + 1, sizeof(*more));
	uint64_t size = 0;

	(void)row;
	if (!more)
		return -ENOMEM;
	spec->s.volume = more;
	if (*text != '/' || (colon && num_bytes(colon + 1, &size))) {
		buf_puts(why, "not /PLACE or /PLACE:SIZE");
		return -EINVAL;
	}
	more[spec->s.n_volumes] = (struct volume){
		.kind = VOLUME_TMPFS, .size = size, .target = strndup(text, colon ? (size_t)(colon - text) : strlen(text)),
	};
	return more[spec->s.n_volumes++].target ? 0 : -ENOMEM;
}

static const struct {
	const char *name;
	int resource;
} ulimits[] = {
	{ "as", RLIMIT_AS }, { "core", RLIMIT_CORE }, { "cpu", RLIMIT_CPU }, { "data", RLIMIT_DATA },
	{ "fsize", RLIMIT_FSIZE }, { "locks", RLIMIT_LOCKS }, { "memlock", RLIMIT_MEMLOCK }, { "msgqueue", RLIMIT_MSGQUEUE },
	{ "nice", RLIMIT_NICE }, { "nofile", RLIMIT_NOFILE }, { "nproc", RLIMIT_NPROC }, { "rss", RLIMIT_RSS },
	{ "rtprio", RLIMIT_RTPRIO }, { "rttime", RLIMIT_RTTIME }, { "sigpending", RLIMIT_SIGPENDING }, { "stack", RLIMIT_STACK },
};

static int limit_number(const char *s, size_t n, uint64_t *ret)
{
	AUTO_FREE char *text = strndup(s, n);

	if (!text)
		return -ENOMEM;
	if (!strcmp(text, "unlimited") || !strcmp(text, "max") || !strcmp(text, "-1")) {
		*ret = UINT64_MAX;
		return 0;
	}
	return num_u64(text, ret);
}

/* NAME=SOFT[:HARD] */
static int add_ulimit(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct run_spec *spec = data;
	const char *eq = strchr(text, '='), *colon = eq ? strchr(eq, ':') : NULL;
	struct rlimit_spec *more = reallocarray(spec->s.rlimit, spec->s.n_rlimits + 1, sizeof(*more)), to = { .resource = -1 };

	(void)row;
	if (!more)
		return -ENOMEM;
	spec->s.rlimit = more;
	for (size_t i = 0; eq && i < sizeof(ulimits) / sizeof(ulimits[0]); i++)
		if (strlen(ulimits[i].name) == (size_t)(eq - text) && !strncmp(ulimits[i].name, text, (size_t)(eq - text)))
			to.resource = ulimits[i].resource;
	if (to.resource < 0 || limit_number(eq + 1, colon ? (size_t)(colon - eq - 1) : strlen(eq + 1), &to.soft) ||
	    (colon && limit_number(colon + 1, strlen(colon + 1), &to.hard))) {
		buf_puts(why, "not NAME=SOFT or NAME=SOFT:HARD; names are those of limits.conf: nofile, nproc, core, ...");
		return -EINVAL;
	}
	if (!colon)
		to.hard = to.soft;
	more[spec->s.n_rlimits++] = to;
	return 0;
}

/* monotonic=1h, boottime=-30s: offsets of a time namespace (time_namespaces(7)). */
static int set_clock(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct run_spec *spec = data;
	const char *eq = strchr(text, '='), *number = eq ? eq + 1 : "";
	int back = *number == '-', boot = !strncmp(text, "boottime=", 9), r;
	uint64_t us;
	int64_t s;

	(void)row;
	r = boot || !strncmp(text, "monotonic=", 10) ? num_usec(number + back, &us) : -EINVAL;
	if (r || us % 1000000 || us / 1000000 > 1ull << 32) {
		buf_puts(why, "not boottime=TIME or monotonic=TIME in whole seconds, as 90s, 2h or -30s");
		return -EINVAL;
	}
	s = (int64_t)(us / 1000000);
	*(boot ? &spec->s.boottime_s : &spec->s.monotonic_s) = back ? -s : s;
	return 0;
}

static int set_restart(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct run_spec *spec = data;

	(void)row;
	return restart_parse(text, &spec->restart, why);
}

static void release(void *data)
{
	struct run_spec *spec = data;

	spec_free(&spec->s);
	root_free(&spec->root);
}

static const char *const report_kinds[] = { "trouble", "text", "json", "none", NULL };
static const char *const nets[] = { "none", "host", NULL };
static const char *const userns[] = { "own", "host", NULL };

#define SHARE(long_name, ns, text) { 0, long_name, "WHERE", OPT_STRING, offsetof(struct run_spec, where[ns]), text }

static const struct opt options[] = {
	LIMIT_OPTIONS(add_limit),
	{ 'r', "variable", "NAME=VALUE", OPT_STRINGS, offsetof(struct run_spec, values), "set any value of the group",
	  COMPLETE_ASSIGNMENT },
	{ 0, "name", "NAME", OPT_STRING, offsetof(struct run_spec, name), "call it so" },
	{ 'e', "env", "NAME[=VALUE]", OPT_STRINGS, offsetof(struct run_spec, env), "set, or take over, a variable" },
	{ 'w', "workdir", "DIR", OPT_STRING, offsetof(struct run_spec, cwd), "work there inside" },
	{ 'u', "user", "USER[:GROUP]", OPT_STRING, offsetof(struct run_spec, user), "run as this user of the root" },
	{ 0, "entrypoint", "COMMAND", OPT_STRING, offsetof(struct run_spec, entrypoint), "instead of the image's; \"\": none",
	  COMPLETE_COMMAND },
	{ 0, "hostname", "NAME", OPT_STRING, offsetof(struct run_spec, hostname), "the host name inside; else its name" },
	{ 'd', "detach", NULL, OPT_FLAG, offsetof(struct run_spec, detach), "in the background; print its name" },
	{ 0, "restart", "POLICY", OPT_CALL, 0, "start it again: on-failure[:TIMES], or always until it is stopped", .call = set_restart },
	{ 0, "rm", NULL, OPT_FLAG, offsetof(struct run_spec, remove), "forget it when it ends, and what it wrote" },
	{ 'i', "interactive", NULL, OPT_FLAG, offsetof(struct run_spec, interactive), "let it read standard input" },
	{ 't', "tty", NULL, OPT_FLAG, offsetof(struct run_spec, tty), "a terminal of its own" },
	{ 'v', "volume", "SRC:DST[:ro,idmap]", OPT_CALL, 0, "show a directory or file of the host inside", COMPLETE_FILE,
	  .call = add_volume },
	{ 0, "tmpfs", "DST[:SIZE]", OPT_CALL, 0, "an empty place in memory", .call = add_tmpfs },
	{ 0, "read-only", NULL, OPT_FLAG, offsetof(struct run_spec, read_only), "the root cannot be written" },
	{ 0, "net", "KIND", OPT_ENUM, offsetof(struct run_spec, net), "none, or the host's", .choices = nets },
	{ 0, "host-sockets", NULL, OPT_FLAG, offsetof(struct run_spec, host_sockets), "with --net host: its abstract sockets, too" },
	{ 0, "userns", "KIND", OPT_ENUM, offsetof(struct run_spec, userns), "own (root inside is nobody outside) or host",
	  .choices = userns },
	SHARE("pid", NS_PID, "processes: own, host or sandbox:NAME; with --no-init"),
	SHARE("ipc", NS_IPC, "System V and POSIX queues: own, host, sandbox:NAME or a /path"),
	SHARE("uts", NS_UTS, "the host name: likewise"),
	SHARE("cgroupns", NS_CGROUP, "the group as the root of groups: own or host"),
	{ 0, "clock", "CLOCK=[-]TIME", OPT_CALL, 0, "boottime or monotonic inside is so far off", .call = set_clock },
	{ 0, "cap-add", "NAME", OPT_CALL, 0, "let it have this capability, or all", .value = 1, .call = set_capability },
	{ 0, "cap-drop", "NAME", OPT_CALL, 0, "do not, or none of all", .call = set_capability },
	{ 0, "new-privileges", NULL, OPT_FLAG, offsetof(struct run_spec, new_privs), "let set-id programs gain privilege" },
	{ 0, "seccomp", "PROFILE", OPT_STRING, offsetof(struct run_spec, seccomp),
	  "a profile of system calls in docker's form, or unconfined", COMPLETE_FILE },
	{ 0, "ulimit", "NAME=SOFT[:HARD]", OPT_CALL, 0, "a resource limit", .call = add_ulimit },
	{ 0, "no-init", NULL, OPT_FLAG, offsetof(struct run_spec, no_init), "the command itself is the first process" },
	{ 0, "timeout", "TIME", OPT_USEC, offsetof(struct run_spec, timeout), "end it after this time; status 124",
	  .flags = OPT_NONZERO },
	{ 0, "kill-after", "TIME", OPT_USEC, offsetof(struct run_spec, kill_after), "kill it so long after the timeout (10s)" },
	{ 0, "report", "KIND", OPT_ENUM, offsetof(struct run_spec, report), "always, as text or json, or none at all",
	  .flags = OPT_OPTIONAL, .value = REPORT_TEXT, .choices = report_kinds },
	{ 0, "report-to", "FILE", OPT_STRING, offsetof(struct run_spec, report_to), "write the report there", COMPLETE_FILE },
	OPT_END
};

/* ---- the spec ---- */

static int add_env(struct run_spec *spec)
{
	static const char *const usual[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root" };
	const struct words *of_image = &spec->root.image.env;
	int r = 0;

	for (size_t i = 0; !r && i < 2; i++)
		r = words_add(&spec->s.env, usual[i]);
	for (size_t i = 0; !r && i < of_image->n; i++)
		r = image_set(&spec->s.env, of_image->v[i]);
	if (!r && spec->tty && getenv("TERM")) {
		AUTO_BUF struct buf b = { 0 };

		buf_printf(&b, "TERM=%s", getenv("TERM"));
		r = image_set(&spec->s.env, buf_text(&b));
	}
	for (size_t i = 0; !r && i < spec->env.n; i++) {
		const char *text = spec->env.v[i], *value = strchr(text, '=') ? NULL : getenv(text);
		AUTO_BUF struct buf b = { 0 };

		if (!strchr(text, '=') && !value)
			continue;
		buf_printf(&b, "%s%s%s", text, value ? "=" : "", value ? value : "");
		r = b.err ? b.err : image_set(&spec->s.env, buf_text(&b));
	}
	return r;
}

static int copy_text(char **to, const char *from)
{
	if (!from)
		return 0;
	*to = strdup(from);
	return *to ? 0 : -ENOMEM;
}

/* Two words and a number nobody has to think of. */
static void make_name(char *ret, size_t size)
{
	static const char *const first[] = { "amber", "brisk", "calm", "deft", "early", "fair", "glad", "hazel" };
	static const char *const second[] = { "ash", "birch", "cedar", "elm", "fir", "larch", "oak", "pine" };
	uint64_t t = now_us();

	snprintf(ret, size, "%s-%s-%d", first[t % 8], second[t / 8 % 8], (int)getpid());
}

static int has_volume(const struct sandbox_spec *s, const char *target)
{
	for (size_t i = 0; i < s->n_volumes; i++)
		if (!strcmp(s->volume[i].target, target))
			return 1;
	return 0;
}

/* Whoever has the host's network asks whom the host asks for names. */
static int show_names(struct sandbox_spec *s)
{
	static const char *const files[] = { "/etc/resolv.conf", "/etc/hosts" };

	for (size_t i = 0; i < 2; i++) {
		AUTO_FREE char *source = realpath(files[i], NULL);
		struct volume *more;

		if (!source || has_volume(s, files[i]) || (s->root && !strcmp(s->root, "/")))
			continue;
		more = reallocarray(s->volume, s->n_volumes + 1, sizeof(*more));
		if (!more)
			return -ENOMEM;
		s->volume = more;
		more[s->n_volumes] = (struct volume){ .kind = VOLUME_BIND, .flags = VOLUME_READ_ONLY, .target = strdup(files[i]) };
		if (!more[s->n_volumes].target)
			return -ENOMEM;
		more[s->n_volumes++].source = STEAL(source);
	}
	return 0;
}

static int fill(const struct frame *f, struct run_spec *spec, int argc, char **argv)
{
	struct sandbox_spec *s = &spec->s;
	AUTO_BUF struct buf why = { 0 };
	char name[64];
	int r;

	make_name(name, sizeof(name));
	if (spec->name && spec_check_name(spec->name, &why))
		return msg_usage(f, "--name %s: %s", spec->name, buf_text(&why));
	r = root_find(f, argv[0], s, &spec->root);
	if (r)
		return r;
	r = copy_text(&s->name, spec->name ? spec->name : name);
	if (!r)
		r = copy_text(&s->hostname, spec->hostname);
	if (!r)
		r = copy_text(&s->user, spec->user);
	if (!r)
		r = copy_text(&s->cwd, spec->cwd);
	if (!r && spec->seccomp && strcmp(spec->seccomp, "built-in"))
		r = copy_text(&s->seccomp, spec->seccomp);
	if (!r)
		r = root_command(&spec->root, spec->entrypoint, argc - 1, argv + 1, s);
	for (size_t i = 0; !r && i < spec->values.n; i++) {
		if (!strchr(spec->values.v[i], '='))
			return msg_usage(f, "-r %s: not NAME=VALUE", spec->values.v[i]);
		r = words_add(&s->limits, spec->values.v[i]);
	}
	if (!r)
		r = add_env(spec);
	if (r)
		return r;
	s->init = !spec->no_init;
	s->tty = spec->tty;
	s->read_only = spec->read_only;
	s->new_privs = spec->new_privs;
	s->timeout_us = spec->timeout == OPT_UNSET ? UINT64_MAX : spec->timeout;
	s->kill_after_us = spec->kill_after;
	s->net.how = spec->net == NET_WORD_HOST ? NET_HOST : NET_NONE;
	if (spec->net == NET_WORD_HOST)
		s->ns[NS_NET].how = NS_HOST;
	if (spec->userns)
		s->ns[NS_USER].how = NS_HOST;
	for (int i = 0; i < NS_COUNT; i++) {
		r = share_namespace(f, (enum ns)i, spec->where[i], s);
		if (r)
			return r;
	}
	if (s->ns[NS_NET].how != NS_OWN) {
		r = show_names(s);
		if (r)
			return r;
	}
	s->closed_sockets = s->ns[NS_NET].how != NS_OWN && !spec->host_sockets;
	if (spec_check(s, &why))
		return msg_usage(f, "%s", buf_text(&why));
	return 0;
}

/* ---- one run ---- */

/* Before the group is made, so that it is found whatever happens. It may be tried twice. */
static int remember_group(struct launch *l)
{
	struct state *st = l->owner;
	int r;

	words_free(&st->groups);
	st->id_base = l->id_base;
	st->id_count = l->id_count;
	st->monitor = getpid();
	r = l->group ? state_groups(l->cgx, l->group, &st->groups) : 0;
	if (r)
		return r;
	r = state_save(st);
	return r == -EEXIST ? state_replace(st) : r;
}

static void remember(struct state *st, const struct launch *l, enum status status)
{
	struct cgx_process p;

	st->status = status;
	st->pid = l->pid;
	if (l->pid && !cgx_process_read(l->cgx, l->pid, &p))
		st->pid_started = p.started_us;
	state_append(st);
}

static int claim(const struct frame *f, const struct run_spec *spec, struct state *st)
{
	AUTO_FREE char *root = NULL;
	int r = state_root(&root);

	if (r < 0)
		return msg_error(f, geteuid() ? "XDG_RUNTIME_DIR names the folder for it; log in, or set it" : NULL,
				 "state of sandboxes: make its folder: %s", strerror(-r));
	r = state_claim(root, spec->s.name, st);
	if (r == -EEXIST) {
		state_free(st);
		state_sweep(f->cgx, root);
		r = state_claim(root, spec->s.name, st);
	}
	if (r == -EEXIST)
		return msg_error(f, "choose another name, or end it with cgx-sandbox stop and rm", "%s: a sandbox has this name already",
				 spec->s.name);
	if (r < 0)
		return msg_errno(f, r, spec->s.name, "keep its state");
	st->root = strdup(spec->root.called ? spec->root.called : "");
	st->began_us = wall_us();
	st->keep = !spec->remove;
	st->caps = spec->s.caps;
	st->closed_sockets = spec->s.closed_sockets;
	for (size_t i = 0; i < spec->s.argv.n; i++)
		words_add(&st->argv, spec->s.argv.v[i]);
	for (size_t i = 0; i < spec->s.env.n; i++)
		words_add(&st->env, spec->s.env.v[i]);
	for (size_t i = 0; i < spec->s.limits.n; i++)
		words_add(&st->limits, spec->s.limits.v[i]);
	return 0;
}

/* For exec: the same filter, whatever comes of the file. */
static int keep_profile(const struct frame *f, const struct run_spec *spec, struct state *st)
{
	const char *profile = spec->s.seccomp;
	int r = 0;

	if (profile && !strcmp(profile, SECCOMP_NONE))
		r = copy_text(&st->seccomp, SECCOMP_NONE);
	else if (profile)
		r = state_copy(st, profile, "seccomp.json", &st->seccomp);
	if (!r)
		return 0;
	msg_errno(f, r, profile, "read the profile of system calls");
	state_remove(st);
	state_free(st);
	return STATUS_OWN_FAILURE;
}

/* The lines of a text to those that are kept. */
static void keep_lines(struct words *notes, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		AUTO_FREE char *line = strndup(text, n);

		if (line && n)
			words_add(notes, line);
		text += n + (text[n] == '\n');
	}
}

/* Without a group there are no figures: how it ended is all. */
static int write_bare_report(const struct frame *f, const struct run_spec *spec, struct launch *l, struct witness *w,
			     const struct outcome *o)
{
	const struct facts none = {
		.limit_hits = UNKNOWN, .oom_kills = UNKNOWN, .denied = UNKNOWN, .witness = w, .memory.limit = UNKNOWN,
		.pids.limit = UNKNOWN, .memory_peak = UNKNOWN, .pids_peak = UNKNOWN, .usage_usec = UNKNOWN, .user_usec = UNKNOWN,
		.system_usec = UNKNOWN, .throttled_usec = UNKNOWN, .nr_throttled = UNKNOWN, .rbytes = UNKNOWN, .wbytes = UNKNOWN,
	};

	if (report_trouble(&none, o) || spec->report == REPORT_TEXT)
		report_text(stderr, f, l->spec->argv.v[0], &none, o);
	return 0;
}

/* As text or JSON; malloc'd, NULL without memory. */
static char *format_report(const struct frame *f, const struct run_spec *spec, const struct launch *l, const struct facts *facts,
			   const struct outcome *o)
{
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);

	if (!to)
		return NULL;
	if (spec->report == REPORT_JSON)
		report_json(to, f, l->spec->argv.v, l->group, facts, o);
	else
		report_text(to, f, l->spec->argv.v[0], facts, o);
	if (!fclose(to))
		return text;
	free(text);
	return NULL;
}

static int send_report(const struct frame *f, const struct run_spec *spec, const char *text)
{
	FILE *to;

	if (!spec->report_to) {
		fputs(text, stderr);
		return 0;
	}
	to = fopen(spec->report_to, "we");
	if (!to)
		return msg_errno(f, errno, spec->report_to, "open for the report");
	fputs(text, to);
	return fclose(to) ? msg_errno(f, errno, spec->report_to, "write the report") : 0;
}

/* Whole in the state, and told where it is wanted. */
static int write_report(const struct frame *f, const struct run_spec *spec, struct launch *l, struct witness *w,
			const struct baseline *before, const struct outcome *o, struct state *st)
{
	AUTO_FREE char *text = NULL;
	struct facts facts;

	if (spec->report == REPORT_NONE)
		return 0;
	if (!l->group)
		return write_bare_report(f, spec, l, w, o);
	/* who is forgotten at once, and ended well, is asked for nothing more */
	report_collect(l->cgx, l->group, before, w, !spec->remove || spec->report || spec->report_to, &facts);
	if (spec->remove && !spec->report && !spec->report_to) {
		if (!report_trouble(&facts, o))
			return 0;
		report_collect(l->cgx, l->group, before, w, 1, &facts);
	}
	text = format_report(f, spec, l, &facts, o);
	if (!text)
		return -ENOMEM;
	keep_lines(&st->notes, text);
	if (spec->report == REPORT_TROUBLE && !spec->report_to && !report_trouble(&facts, o))
		return 0;
	return send_report(f, spec, text);
}

static int start_failed(const struct frame *f, const struct launch *l, int r)
{
	msg_error(f, l->remedy.len ? buf_text(&l->remedy) : NULL, "%s", buf_text(&l->words));
	if (!l->no_exec)
		return STATUS_OWN_FAILURE;
	return not_executed(r);
}

/* Standard input is the command's with -i alone. */
static void shut_stdin(const struct run_spec *spec)
{
	int fd = spec->interactive || spec->tty ? -1 : open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	dup2(fd, STDIN_FILENO);
	close(fd);
}

/* Where its layer can lie on disk: not below the root itself, which would be a layer of its own. */
static int can_keep(const struct sandbox_spec *s, struct buf *layer)
{
	if (s->read_only || geteuid() || (s->root && !strcmp(s->root, "/")))
		return 0;
	buf_printf(layer, "%s/%s", LAYERS, s->name);
	if (layer->err || (s->root && !strncmp(s->root, LAYERS, strlen(s->root))))
		return 0;
	return (mkdir("/var/lib/cgx", 0711) == 0 || errno == EEXIST) && (mkdir(LAYERS, 0711) == 0 || errno == EEXIST);
}

/* The monitor goes on by itself; its words and those of the command go to the log. */
static int detach(const struct state *st)
{
	char path[4200];
	int fd;

	snprintf(path, sizeof(path), "%s/log", st->dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	setsid();
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		dup2(fd, STDIN_FILENO);
	return chdir("/") < 0 ? -errno : 0;
}

/* Who waits for the start goes on. */
static void tell_started(int *started)
{
	if (*started < 0)
		return;
	(void)!write(*started, "", 1);
	close(*started);
	*started = -1;
}

struct monitor_side {
	struct frame *f;
	struct run_spec *spec;
	struct state *st;
	sigset_t mask; /* before ours */
	int signals;
	int unattended; /* nobody sits at its terminal */
	int listener;  /* for its terminal; -1 none */
	int left;      /* told when the caller leaves it; -1 he cannot */
	int started;   /* told when the command runs, or else who waits there clears up; -1 nobody waits */
};

/* The caller goes back to his shell; we stay, in a session of our own. */
static void leave(void *data)
{
	struct monitor_side *m = data;

	detach(m->st);
	prctl(PR_SET_PDEATHSIG, 0);
	m->unattended = 1;
	(void)!write(m->left, "", 1);
	close(m->left);
	m->left = -1;
}

/* The command runs, and ends. */
static void attend(struct monitor_side *m, struct launch *l, struct outcome *o)
{
	struct events events = { .f = m->f, .state = m->st, .raw = m->spec->tty && isatty(STDERR_FILENO) };
	struct baseline before = { 0 };
	struct witness w = { 0 };
	struct watch_how how = { .signals = m->signals, .unattended = m->unattended, .listener = m->listener, .data = m,
				 .leave = m->left >= 0 ? leave : NULL };

	if (l->group)
		witness_open(&w, m->f->cgx, l->group);
	w.command = l->pid;
	if (m->spec->report != REPORT_NONE)
		w.tell = events_tell;
	w.data = &events;
	remember(m->st, l, SANDBOX_RUNNING);
	tell_started(&m->started);
	how.w = l->group ? &w : NULL;
	if (!sandbox_watch(l, &how, o))
		write_report(m->f, m->spec, l, &w, &before, o, m->st);
	launch_end(l);
	m->st->code = o->code;
	m->st->signal = o->signal;
	m->st->ended_us = wall_us();
	witness_close(&w, -1);
}

/* 1: the command ran. Else *ret is an exit status after words. */
static int run_once(struct monitor_side *m, struct outcome *o, int *ret)
{
	AUTO_BUF struct buf layer = { 0 };
	struct launch l;
	int r;

	launch_init(&l, &m->spec->s, m->f->cgx);
	l.dir = m->st->dir;
	l.mask = &m->mask;
	l.on_group = remember_group;
	l.owner = m->st;
	l.keep_layer = m->spec->layer || (!m->spec->remove && can_keep(&m->spec->s, &layer));
	l.layer_dir = m->spec->layer ? m->spec->layer : buf_text(&layer);
	r = launch_start(&l);
	if (r < 0)
		*ret = start_failed(m->f, &l, r);
	else
		attend(m, &l, o);
	buf_free(&l.words);
	buf_free(&l.remedy);
	return r >= 0;
}

/* Between two runs. 0: it is not started again. */
static int wait_for_next(struct monitor_side *m, uint64_t pause_us)
{
	struct state *st = m->st;

	if (pause_us == UINT64_MAX || state_asked_end(st))
		return 0;
	st->status = SANDBOX_RESTARTING;
	st->pid = 0;
	st->restarts = (int)m->spec->restart.times;
	words_free(&st->notes);
	state_replace(st);
	return !sandbox_pause(m->signals, pause_us) && !state_asked_end(st);
}

static int run_it(struct frame *f, struct run_spec *spec, struct state *st, int started, int left)
{
	struct monitor_side m = { .f = f, .spec = spec, .st = st, .started = started, .left = left, .unattended = spec->detach,
				  .listener = -1 };
	struct outcome o = { 0 };
	int ran, first = 1, failed = STATUS_OWN_FAILURE;

	m.signals = sandbox_signals(&m.mask);
	if (m.signals < 0)
		return msg_errno(f, m.signals, "signals", "block");
	shut_stdin(spec);
	if (spec->tty)
		m.listener = attach_listen(st->dir);
	do {
		ran = run_once(&m, &o, &failed);
		if (!ran && first) {
			if (started < 0)
				state_remove(st);
			return failed;
		}
		first = 0;
	} while (ran && wait_for_next(&m, restart_pause(&spec->restart, &o)));
	close(m.signals);
	if (spec->remove) {
		state_remove(st);
	} else {
		st->status = SANDBOX_EXITED;
		state_append(st);
	}
	return ran ? outcome_status(&o) : failed;
}

/* The log of a start that failed is what the caller wants to see. */
static void show_log(const char *dir)
{
	char path[4200], text[4096];
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/log", dir);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	while (fd >= 0 && (n = read(fd, text, sizeof(text))) > 0)
		fwrite(text, 1, (size_t)n, stderr);
	if (fd >= 0)
		close(fd);
}

static int run_detached(struct frame *f, struct run_spec *spec, struct state *st)
{
	int started[2], status = 0;
	ssize_t n;
	pid_t pid;
	char c;

	if (pipe2(started, O_CLOEXEC) < 0)
		return msg_errno(f, errno, st->name, "start in the background");
	spec->interactive = 0;
	pid = fork();
	if (pid < 0)
		return msg_errno(f, errno, st->name, "start in the background");
	if (!pid) {
		close(started[0]);
		if (detach(st) < 0)
			_exit(STATUS_OWN_FAILURE);
		status = run_it(f, spec, st, started[1], -1);
		state_free(st);
		_exit(status);
	}
	close(started[1]);
	n = read(started[0], &c, 1);
	close(started[0]);
	if (n <= 0) {
		waitpid(pid, &status, 0);
		show_log(st->dir);
		state_remove(st);
		return WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_OWN_FAILURE;
	}
	printf("%s\n", st->name);
	return 0;
}

static pid_t monitor_pid;

static void pass_on(int signal)
{
	if (monitor_pid > 0)
		kill(monitor_pid, signal);
}

/* With a terminal the monitor is a child, so that the caller can go and leave it running. */
static int run_at_terminal(struct frame *f, struct run_spec *spec, struct state *st)
{
	static const int passed_on[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2 };
	int left[2], status = 0;
	ssize_t n;
	char c;

	if (pipe2(left, O_CLOEXEC) < 0)
		return msg_errno(f, errno, st->name, "start");
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		signal(passed_on[i], pass_on);
	monitor_pid = fork();
	if (monitor_pid < 0)
		return msg_errno(f, errno, st->name, "start");
	if (!monitor_pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(left[0]);
		for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
			signal(passed_on[i], SIG_DFL);
		status = run_it(f, spec, st, -1, left[1]);
		fflush(stdout);
		_exit(status);
	}
	close(left[1]);
	do
		n = read(left[0], &c, 1);
	while (n < 0 && errno == EINTR);
	close(left[0]);
	if (n > 0) {
		fprintf(stderr, "%s: %s: goes on; cgx-sandbox attach %s comes back to it\n", f->tool->name, st->name, st->name);
		return 0;
	}
	while (waitpid(monitor_pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_OWN_FAILURE;
}

static int run(struct frame *f, void *data, int argc, char **argv)
{
	struct run_spec *spec = data;
	struct state st;
	int r;

	if (!argc)
		return msg_usage(f, "no ROOT named");
	r = fill(f, spec, argc, argv);
	if (!r)
		r = claim(f, spec, &st);
	if (!r)
		r = keep_profile(f, spec, &st);
	if (r)
		return r;
	r = spec->detach ? run_detached(f, spec, &st) : spec->tty ? run_at_terminal(f, spec, &st) : run_it(f, spec, &st, -1, -1);
	state_free(&st);
	return r;
}

int run_step(struct frame *f, const struct sandbox_spec *s, const char *layer)
{
	static char called[] = "a build";
	struct run_spec spec = defaults;
	sigset_t before;
	struct state st;
	int r;

	spec.s = *s;
	spec.root.called = called;
	spec.remove = 1;
	spec.layer = layer;
	r = claim(f, &spec, &st);
	if (r)
		return STATUS_OWN_FAILURE;
	sigprocmask(SIG_BLOCK, NULL, &before);
	r = run_it(f, &spec, &st, -1, -1);
	sigprocmask(SIG_SETMASK, &before, NULL);
	state_free(&st);
	return r;
}

static const char *const synopsis[] = { "[options] ROOT [COMMAND] [ARGUMENT...]", NULL };
static const struct example examples[] = {
	{ "cgx-sandbox run -it --memory 1G --pids 200 / sh", "a shell that sees this host's tree and can hurt nothing of it" },
	{ "cgx-sandbox run --read-only alpine /bin/server", "a root of its own" },
	{ NULL, NULL }
};

const struct tool verb_run = {
	.name = "cgx-sandbox run",
	.summary = "Run a command in a sandbox, and tell what happened to it",
	.synopsis = synopsis,
	.description = "ROOT is a directory, a tar archive, an OCI image, the name of an image, or / for this host's own tree. "
		       "What the command writes goes with it.",
	.examples = examples,
	.options = options,
	.spec_size = sizeof(struct run_spec),
	.defaults = &defaults,
	.flags = TOOL_STOP_AT_COMMAND | TOOL_RUNS_COMMAND,
	.positional = { COMPLETE_DIR | COMPLETE_FILE | COMPLETE_OWN, COMPLETE_COMMAND },
	.own_words = image_names,
	.run = run,
	.release = release,
};
