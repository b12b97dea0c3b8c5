/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-exec: run a command in a group, and tell what happened to it. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "compat/libcgroup.h"
#include "exec/guard.h"
#include "exec/limits.h"
#include "exec/monitor.h"
#include "exec/report.h"
#include "rules/load.h"
#include "rules/place.h"
#include "systemd/scope.h"
#include "ui/apply.h"
#include "ui/frame.h"
#include "ui/message.h"
#include "ui/owner.h"
#include "ui/target.h"
#include "ui/text.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/num.h"

enum report { REPORT_TROUBLE, REPORT_TEXT, REPORT_JSON, REPORT_NONE };

struct spec {
	int libcgroup_b;
	struct strings targets, values; /* -g; limits as NAME=VALUE in the order given */
	const char *under, *name, *user, *report_to;
	char **made;                    /* the NAME=VALUE texts of the limits in words */
	size_t n_made;
	uint64_t timeout, kill_after;
	struct strings rules_files, configs;
	int nice, nice_set, keep, kill, sticky, report, rules, systemd;
};
enum { RULES_NONE, RULES_OWN, RULES_LIBCGROUP };
static const struct spec defaults = { .timeout = OPT_UNSET, .kill_after = 5000000 };

#define LIKE_CGEXEC 1

/* ---- options that are limits in a user's words ---- */

/* Keep SETTING=text among the values; the setting's name is the row's choices[0]. */
static int add_limit(void *data, const struct opt *row, const char *text, struct buf *why)
{
	AUTO_BUF struct buf b = { 0 };
	struct spec *spec = data;
	const char **values = reallocarray(spec->values.v, spec->values.n + 2, sizeof(*values));
	char **made;
	int r;

	if (!values)
		return -ENOMEM;
	spec->values.v = values;
	made = reallocarray(spec->made, spec->n_made + 1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	spec->made = made;
	r = limits_text(row->choices[0], text, &b, why);
	if (!r)
		r = buf_steal(&b, &made[spec->n_made]);
	if (r)
		return r;
	values[spec->values.n++] = made[spec->n_made++];
	values[spec->values.n] = NULL;
	return 0;
}

static int set_nice(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct spec *spec = data;
	int64_t n;

	(void)row;
	if (num_i64(text, &n) || n < -20 || n > 19) {
		buf_puts(why, "not a number from -20 to 19");
		return -EINVAL;
	}
	spec->nice = (int)n;
	spec->nice_set = 1;
	return 0;
}

static void release(void *data)
{
	struct spec *spec = data;

	while (spec->n_made)
		free(spec->made[--spec->n_made]);
	free(spec->made);
}

static const char *const memory_max[] = { "memory.max", NULL };
static const char *const swap_max[] = { "memory.swap.max", NULL };
static const char *const pids_max[] = { "pids.max", NULL };
static const char *const cpu_max[] = { "cpu.max", NULL };
static const char *const cpuset_cpus[] = { "cpuset.cpus", NULL };
static const char *const io_max[] = { "io.max", NULL };
static const char *const engines[] = { "none", "cgx", "libcgroup", NULL };
static const char *const report_kinds[] = { "trouble", "text", "json", "none", NULL };

#define LIMIT(long_name, argument, setting, text)                                                     \
	{ 0, long_name, argument, OPT_CALL, 0, text, .who = WHO_NATIVE, .choices = setting, .call = add_limit }

static const struct opt options[] = {
	{ 'g', "group", "GROUP", OPT_STRINGS, offsetof(struct spec, targets),
	  "run in this group; without it in one made for the command", COMPLETE_TARGET },
	LIMIT("memory", "SIZE", memory_max, "at most so much memory (memory.max)"),
	LIMIT("swap", "SIZE", swap_max, "at most so much swap; 0 forbids it"),
	LIMIT("pids", "N", pids_max, "at most so many processes and threads (pids.max)"),
	LIMIT("cpu", "SPEC", cpu_max, "at most 50%, 1.5 CPUs or QUOTA/PERIOD"),
	LIMIT("cpus-allowed", "LIST", cpuset_cpus, "only on these CPUs, 0-3,7"),
	LIMIT("io", "SPEC", io_max, "\"/dev/sda rbps=10M wiops=100\""),
	{ 'r', "variable", "NAME=VALUE", OPT_STRINGS, offsetof(struct spec, values), "set any value", COMPLETE_ASSIGNMENT,
	  .who = WHO_NATIVE },
	{ 0, "timeout", "TIME", OPT_USEC, offsetof(struct spec, timeout), "end it after this time, 30s or 5m; status 124",
	  .who = WHO_NATIVE, .flags = OPT_NONZERO },
	{ 0, "kill-after", "TIME", OPT_USEC, offsetof(struct spec, kill_after),
	  "kill its group so long after the timeout (5s)", .who = WHO_NATIVE },
	{ 'k', "kill", NULL, OPT_FLAG, offsetof(struct spec, kill), "kill what is left in the group when it ends",
	  .who = WHO_NATIVE },
	{ 0, "user", "USER[:GROUP]", OPT_STRING, offsetof(struct spec, user), "run as this user", COMPLETE_OWNER,
	  .who = WHO_NATIVE },
	{ 0, "nice", "N", OPT_CALL, 0, "run with this niceness", .who = WHO_NATIVE, .call = set_nice },
	{ 0, "under", "GROUP", OPT_STRING, offsetof(struct spec, under), "make the group below this one", COMPLETE_GROUP,
	  .who = WHO_NATIVE },
	{ 0, "name", "NAME", OPT_STRING, offsetof(struct spec, name), "call the group so", .who = WHO_NATIVE },
	{ 0, "keep", NULL, OPT_FLAG, offsetof(struct spec, keep), "do not remove the group", .who = WHO_NATIVE },
	{ 0, "systemd", "WHEN", OPT_ENUM, offsetof(struct spec, systemd),
	  "ask systemd for a scope: auto, yes or no", .who = WHO_NATIVE, .choices = scope_modes },
	{ 0, "report", "KIND", OPT_ENUM, offsetof(struct spec, report), "always, as text or json, or none at all",
	  .who = WHO_NATIVE, .flags = OPT_OPTIONAL, .value = REPORT_TEXT, .choices = report_kinds },
	{ 0, "report-to", "FILE", OPT_STRING, offsetof(struct spec, report_to),
	  "write the report there; a number is a descriptor", COMPLETE_FILE, .who = WHO_NATIVE },
	{ 0, "rules", "ENGINE", OPT_ENUM, offsetof(struct spec, rules), "in the groups that cgrules.conf names; by cgx, or "
	  "libcgroup itself", .who = WHO_NATIVE, .flags = OPT_OPTIONAL, .value = RULES_OWN, .choices = engines },
	{ 0, "rules-file", "FILE", OPT_STRINGS, offsetof(struct spec, rules_files),
	  "rules from here; a file or a directory", COMPLETE_FILE, .who = WHO_NATIVE },
	{ 0, "config", "FILE", OPT_STRINGS, offsetof(struct spec, configs),
	  "with --rules: templates for groups from here", COMPLETE_FILE, .who = WHO_NATIVE },
	{ 0, "sticky", NULL, OPT_FLAG, offsetof(struct spec, sticky), "tell the rule daemon to leave it there" },
	{ 'b', NULL, NULL, OPT_FLAG, offsetof(struct spec, libcgroup_b), "taken for libcgroup's sake; names are whole here",
	  .who = WHO_COMPAT },
	OPT_END
};

static const char *const synopsis[] = {
	"[limits] COMMAND [ARGUMENT...]", "-g GROUP COMMAND [ARGUMENT...]", "--rules COMMAND [ARGUMENT...]", NULL
};
static const struct example examples[] = {
	{ "cgx-exec --pids 100 --memory 1G make -j", "a build that cannot take the machine down" },
	{ "cgx-exec --timeout 5m --kill ./ci.sh", "nothing of it is left after five minutes" },
	{ "cgx-exec -g web ./server", "in a group that is there" },
	{ NULL, NULL }
};
static const char *const cgexec_synopsis[] = { "[-g CONTROLLERS:PATH]... [--sticky] COMMAND [ARGUMENT...]", NULL };
static const struct compat compat[] = {
	{ "cgexec", LIKE_CGEXEC, cgexec_synopsis, "Run a command in groups, as libcgroup's cgexec" },
	{ NULL }
};

/* ---- the child before exec ---- */

struct child_setup {
	const struct spec *spec;
	const sigset_t *mask;
	struct cgx_group **more; /* groups beyond the first */
	size_t n_more;
	uid_t uid;
	gid_t gid, *groups;
	int n_groups;
	pid_t parent;
};

static int become(const struct child_setup *s)
{
	if (s->uid == (uid_t)-1)
		return 0;
	if (setgroups((size_t)s->n_groups, s->groups) < 0 || setresgid(s->gid, s->gid, s->gid) < 0 ||
	    setresuid(s->uid, s->uid, s->uid) < 0)
		return -errno;
	return 0;
}

static int prepare(void *data)
{
	const struct child_setup *s = data;
	int r = 0;

	for (size_t i = 0; !r && i < s->n_more; i++)
		r = cgx_enter(s->more[i]);
	if (!r && s->spec->nice_set && setpriority(PRIO_PROCESS, 0, s->spec->nice) < 0)
		r = -errno;
	if (!r)
		r = become(s);
	/* when cgx-exec is killed the command goes with it, as if it had been started without it */
	if (!r && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		r = -errno;
	if (!r && getppid() != s->parent)
		r = -ESRCH;
	if (!r && sigprocmask(SIG_SETMASK, s->mask, NULL) < 0)
		r = -errno;
	return r;
}

static int find_user(const struct frame *f, const struct spec *spec, struct child_setup *s)
{
	const struct passwd *pw;

	s->uid = (uid_t)-1;
	s->gid = (gid_t)-1;
	if (!spec->user)
		return 0;
	if (owner_parse(f, spec->user, &s->uid, &s->gid) < 0)
		return -1;
	pw = getpwuid(s->uid);
	if (s->gid == (gid_t)-1) {
		msg_error(f, "name it: --user USER:GROUP", "%s: run as this user: its group is not known", spec->user);
		return -1;
	}
	s->n_groups = 1024;
	s->groups = calloc(1024, sizeof(gid_t));
	if (!s->groups)
		return -1;
	s->groups[0] = s->gid;
	if (!pw || getgrouplist(pw->pw_name, s->gid, s->groups, &s->n_groups) < 0)
		s->n_groups = 1;
	return 0;
}

/* ---- one run ---- */

/* Opening the event engine takes a millisecond: that is for commands that run longer than a moment, and for whoever
 * asks for a report. */
#define SETTLED_US 50000

struct job {
	struct frame *f;
	const struct spec *spec;
	char **argv;
	struct cgx_group *group;
	struct cgx_group **more;
	size_t n_more;
	int temporary, scoped;          /* a group made for the command; in a scope made for cgx-exec */
	char name[256];
	struct guard guard;
	struct witness witness;
	struct baseline before;
	struct child_setup setup;
	pid_t pid;                      /* of the command */
	FILE *report_to;
};

static int open_temporary(struct job *j, cgx_set set)
{
	char path[4600];

	if (!j->spec->under)
		return cgx_group_open_temporary(j->f->cgx, j->name, set, &j->group);
	snprintf(path, sizeof(path), "%s/%s", j->spec->under, j->name);
	return cgx_group_open(j->f->cgx, path, set, &j->group);
}

static int make_temporary_with(struct job *j, cgx_set set)
{
	static const struct cgx_create how = {
		.size = sizeof(how), .uid = (uid_t)-1, .gid = (gid_t)-1, .tasks_uid = (uid_t)-1, .tasks_gid = (gid_t)-1,
		.flags = CGX_CREATE_EXCL,
	};
	struct cgx_plan *p = NULL;
	int r = open_temporary(j, set);

	if (!r)
		r = plan_new(j->f, &p);
	if (!r && !j->spec->under && !j->scoped)
		cgx_plan_force(p); /* the group is ours, wherever it lies */
	if (!r)
		r = cgx_plan_create(p, j->group, &how);
	if (!r)
		r = limits_plan(p, j->group, j->spec->values.v, j->spec->values.n);
	if (!r)
		r = j->f->dry_run ? apply_plan(j->f, p) : cgx_plan_apply(p);
	cgx_plan_free(p);
	if (r)
		j->group = cgx_group_close(j->group);
	return r;
}

/* What counts what a report tells of; io costs a hierarchy more and is told when a report is asked for. */
static cgx_set counting(const struct spec *spec)
{
	cgx_set set = CGX_C_MEMORY | CGX_C_PIDS | CGX_C_CPUACCT;

	if (spec->report == REPORT_TEXT || spec->report == REPORT_JSON || spec->report_to)
		set |= CGX_C_CPU | CGX_C_IO;
	return spec->report == REPORT_NONE ? CGX_C_PIDS : set;
}

/* A place may lack controllers that only count; those that limit must be there. */
static int make_temporary(struct job *j)
{
	cgx_set need = limits_controllers(j->spec->values.v, j->spec->values.n);
	int r = make_temporary_with(j, need | counting(j->spec));

	if (!need && cgx_layout(j->f->cgx) == CGX_LAYOUT_LEGACY)
		return r;
	if (!need)
		need = CGX_C_CORE;
	if (r == -EACCES || r == -EPERM || r == -ENODEV || r == -EBUSY || r == -ENOENT)
		r = make_temporary_with(j, need);
	return r;
}

/* A new name for each try: a run that was killed together with its guard may have left its group. */
static int make_group(struct job *j)
{
	int r = -EEXIST;

	j->temporary = 1;
	for (int n = 0; r == -EEXIST && n < (j->spec->name ? 1 : 100); n++) {
		if (j->spec->name)
			snprintf(j->name, sizeof(j->name), "%s", j->spec->name);
		else
			snprintf(j->name, sizeof(j->name), n ? "cgx-exec-%d.%d" : "cgx-exec-%d", (int)getpid(), n);
		r = make_temporary(j);
	}
	return r;
}

/* A start joins without a plan; one that is not carried out tells whether systemd minds. */
static int check_join(struct job *j)
{
	struct cgx_plan *p = NULL;
	int r = cgx_plan_new(j->f->cgx, &p);

	if (!r)
		r = cgx_plan_move(p, j->group, 0, 0);
	for (size_t i = 0; !r && i < j->n_more; i++)
		r = cgx_plan_move(p, j->more[i], 0, 0);
	cgx_plan_free(p);
	return r == -ENOENT ? 0 : r; /* the start has its own words for that */
}

static int open_groups(struct job *j)
{
	const struct strings *t = &j->spec->targets;
	struct cgx_plan *p = NULL;
	int r = target_open(j->f->cgx, t->v[0], &j->group);

	j->more = calloc(t->n, sizeof(*j->more));
	if (!r && !j->more)
		r = -ENOMEM;
	for (size_t i = 1; !r && i < t->n; i++) {
		r = target_open(j->f->cgx, t->v[i], &j->more[j->n_more]);
		j->n_more += !r;
	}
	if (!r && cgx_systemd(j->f->cgx) && !j->f->force)
		r = check_join(j);
	if (r || !j->spec->values.n)
		return r;
	r = plan_new(j->f, &p);
	if (!r)
		r = limits_plan(p, j->group, j->spec->values.v, j->spec->values.n);
	if (!r)
		r = apply_plan(j->f, p);
	cgx_plan_free(p);
	return r;
}

static void kill_group(void *data)
{
	struct job *j = data;

	/* a group that was there before may hold what is not ours */
	if (j->temporary)
		cgx_group_kill(j->group, 10000);
	else
		kill(j->pid, SIGKILL);
}

static int settled(void *data)
{
	return witness_engine(&((struct job *)data)->witness);
}

static void readable(void *data)
{
	witness_take(&((struct job *)data)->witness);
}

/* The status of a start that failed: as shells have it. */
static int start_failed(const struct job *j, const struct cgx_child *child, int r)
{
	msg_fail(j->f);
	if (child->failed != CGX_START_EXEC)
		return STATUS_OWN_FAILURE;
	return not_executed(r);
}

/* ---- the end ---- */

/* A report is asked for, whatever happens. */
static int is_full(const struct job *j)
{
	return j->spec->report == REPORT_TEXT || j->spec->report == REPORT_JSON ||
	       (j->report_to && j->spec->report != REPORT_NONE);
}

static void write_report(struct job *j, const struct facts *facts, const struct outcome *o)
{
	FILE *to = j->report_to ? j->report_to : stderr;

	if (j->spec->report == REPORT_NONE || (j->spec->report == REPORT_TROUBLE && !report_trouble(facts, o) && !j->report_to))
		return;
	if (j->spec->report == REPORT_JSON)
		report_json(to, j->f, j->argv, j->group, facts, o);
	else
		report_text(to, j->f, j->argv[0], facts, o);
	if (fflush(to) == EOF || ferror(to))
		msg_errno(j->f, errno, j->spec->report_to ? j->spec->report_to : "stderr", "write the report");
}

static void collect(struct job *j, const struct outcome *o, struct facts *facts)
{
	int full = is_full(j);

	if (j->spec->report == REPORT_NONE) {
		*facts = (struct facts){ 0 };
		return;
	}
	report_collect(j->f->cgx, j->group, &j->before, &j->witness, full, facts);
	if (!full && report_trouble(facts, o))
		report_collect(j->f->cgx, j->group, &j->before, &j->witness, 1, facts);
}

static int remove_temporary(struct job *j)
{
	struct cgx_plan *p = NULL;
	int r = cgx_plan_new(j->f->cgx, &p);

	if (!r)
		cgx_plan_force(p);
	if (!r)
		r = cgx_plan_delete(p, j->group, CGX_DELETE_RECURSIVE);
	if (!r)
		r = cgx_plan_apply(p);
	cgx_plan_free(p);
	return r;
}

/* The command left processes behind: their limits hold on, and the group goes with the last of them. */
static void tell_left_over(const struct job *j)
{
	struct cgx_tasks *t;
	size_t n = 0;
	pid_t pid;

	if (j->spec->report == REPORT_NONE || cgx_tasks_open(j->group, 0, &t))
		return;
	while (cgx_tasks_next(t, &pid) > 0)
		n++;
	cgx_tasks_close(t);
	msg_note(j->f, "%zu process%s of it run%s on within its limits; the group %s goes with the last (--kill ends them)", n,
		 n == 1 ? "" : "es", n == 1 ? "s" : "", cgx_group_path(j->group));
}

static void end_group(struct job *j)
{
	if (j->spec->kill && cgx_group_kill(j->group, 10000) < 0)
		msg_fail(j->f);
	if (!j->temporary)
		return;
	if (j->spec->keep) {
		guard_dismiss(&j->guard);
		return;
	}
	if (remove_temporary(j) < 0) {
		tell_left_over(j);
		guard_leave(&j->guard);
		return;
	}
	guard_dismiss(&j->guard);
}

static int run_and_wait(struct job *j)
{
	struct cgx_start how = { .size = sizeof(how), .argv = j->argv, .prepare = prepare, .data = &j->setup };
	struct cgx_child child = { .pidfd = -1 };
	struct monitor_how watching = {
		.timeout_usec = j->spec->timeout == OPT_UNSET ? UINT64_MAX : j->spec->timeout,
		.kill_after_usec = j->spec->kill_after, .stop_all = kill_group,
		.fd = -1, .settled_usec = j->spec->report == REPORT_NONE || is_full(j) ? UINT64_MAX : SETTLED_US,
		.settled = settled, .readable = readable, .data = j,
	};
	struct outcome o = { 0 };
	struct monitor m;
	struct facts facts;
	int r;

	if (j->spec->report != REPORT_NONE) {
		report_baseline(j->f->cgx, j->group, j->temporary, &j->before);
		witness_open(&j->witness, j->f->cgx, j->group);
	}
	if (is_full(j))
		watching.fd = witness_engine(&j->witness);
	r = monitor_open(&m);

	j->setup.more = j->more;
	j->setup.n_more = j->n_more;
	j->setup.mask = &m.before;
	if (r < 0)
		return msg_errno(j->f, r, "signals", "block");
	/* Marked too late, the command may have been moved already; children take over the mark at their birth. */
	if (j->spec->sticky && libcgroup_stick(j->f, getpid(), 1) < 0)
		return STATUS_OWN_FAILURE;
	r = cgx_start(j->group, &how, &child);
	if (r < 0)
		return start_failed(j, &child, r);
	j->pid = j->witness.command = child.pid;
	if (child.pidfd >= 0)
		close(child.pidfd);
	r = monitor_wait(&m, child.pid, &watching, &o);
	if (r < 0)
		return msg_errno(j->f, r, j->argv[0], "wait for it");
	collect(j, &o, &facts);
	write_report(j, &facts, &o);
	return outcome_status(&o);
}

static int run_and_end(struct job *j)
{
	int r = run_and_wait(j);

	end_group(j);
	return r;
}

static int execute(struct job *j)
{
	int r;

	if (j->spec->sticky && libcgroup_stick(j->f, getpid(), 1) < 0)
		return STATUS_OWN_FAILURE;
	execvp(j->argv[0], j->argv);
	r = errno;
	msg_errno(j->f, r, j->argv[0], "execute");
	return not_executed(-r);
}

/* cgexec's way, and ours where nothing is to be told or done at the end: join and become the command. */
static int join_and_exec(struct job *j)
{
	int r = cgx_enter(j->group);

	for (size_t i = 0; !r && i < j->n_more; i++)
		r = cgx_enter(j->more[i]);
	return r < 0 ? msg_fail(j->f) : execute(j);
}

static int only_joins(const struct job *j)
{
	const struct spec *s = j->spec;

	return !j->temporary && !s->kill && s->timeout == OPT_UNSET && !s->user && !s->nice_set &&
	       (j->f->like == LIKE_CGEXEC || s->report == REPORT_NONE);
}

static int open_report(struct job *j)
{
	uint64_t fd;

	if (!j->spec->report_to)
		return 0;
	if (!num_u64(j->spec->report_to, &fd) && fd < 1024)
		j->report_to = fdopen(fcntl((int)fd, F_DUPFD_CLOEXEC, 3), "w");
	else
		j->report_to = fopen(j->spec->report_to, "we");
	if (!j->report_to)
		return msg_errno(j->f, errno, j->spec->report_to, "open for the report");
	return 0;
}

/* The group of --under must be there: parents are not made for a moment. */
static int check_under(struct job *j)
{
	struct cgx_group *g;
	int r;

	if (!j->spec->under)
		return 0;
	r = cgx_group_open(j->f->cgx, j->spec->under, 0, &g);
	if (r < 0)
		return r;
	if (!cgx_group_exists(g))
		r = msg_error(j->f, "make it with cgx-create, or leave --under away", "%s: make a group in it: there is no such group",
			      j->spec->under);
	cgx_group_close(g);
	return r;
}

/* Beside cgx-exec there is its guard. */
#define OWN_TASKS 2
#define OWN_BYTES (8u << 20)

static int describe_scope(const struct job *j, const struct scope *s, const char *name)
{
	AUTO_BUF struct buf b = { 0 };
	int r = scope_describe(j->f->cgx, s, &b);

	if (r)
		return r;
	text_print(buf_text(&b));
	printf("\nmake %s/%s%s", s->name, name, s->n_values ? ":" : "");
	for (size_t i = 0; i < s->n_values; i++) {
		putchar(' ');
		text_print(s->values[i]);
	}
	putchar('\n');
	return 0;
}

static int ask_systemd(struct job *j, struct scope *s, const char *name)
{
	AUTO_BUF struct buf why = { 0 }, remedy = { 0 };
	int r = -EEXIST;

	scope_name(s, name);
	for (int n = 1; r == -EEXIST && n < (j->spec->name ? 2 : 100); n++) {
		char again[64];

		buf_reset(&why);
		r = scope_enter(j->f->cgx, s, &why, &remedy);
		snprintf(again, sizeof(again), "%.40s.%d", name, n);
		if (r == -EEXIST && !j->spec->name)
			scope_name(s, again);
	}
	j->scoped = !r;
	if (!r || r == -ENOMEM)
		return r;
	if (!scope_can_do_without(j->spec->systemd, r))
		return msg_error(j->f, remedy.len ? buf_text(&remedy) : NULL, "%s: start the scope: %s", s->name, buf_text(&why));
	if (r != -ENOPKG)
		msg_note(j->f, "%s; the group is made without it", buf_text(&why));
	return 0;
}

/* Where systemd owns the groups around, be in a scope of our own first. 1: a dry run has said all. */
static int take_scope(struct job *j)
{
	struct scope s = { .values = j->spec->values.v, .n_values = j->spec->values.n, .tasks = OWN_TASKS, .bytes = OWN_BYTES };
	int here = !j->f->root || !strcmp(j->f->root, "/"), need;
	char name[32];

	if (j->spec->under || (j->spec->keep && j->spec->systemd == SCOPE_AUTO))
		return 0;
	need = scope_needed(j->f->cgx, j->spec->systemd);
	if (need == -ENOTSUP)
		return msg_error(j->f, "leave it away", "--systemd=yes: start a scope: this is no host with systemd and v2 alone");
	if (need <= 0 || (!here && !j->f->dry_run))
		return 0;
	snprintf(name, sizeof(name), "cgx-exec-%d", (int)getpid());
	scope_name(&s, j->spec->name ? j->spec->name : name);
	if (j->f->dry_run)
		return describe_scope(j, &s, j->spec->name ? j->spec->name : name) ? -ENOMEM : 1;
	return ask_systemd(j, &s, j->spec->name ? j->spec->name : name);
}

static int run_temporary(struct job *j)
{
	int r = check_under(j), scoped = r ? r : take_scope(j);

	if (!r && scoped)
		return scoped == 1 && j->f->dry_run ? 0 : scoped;
	if (!r)
		r = make_group(j);
	if (r || j->f->dry_run)
		return r;
	r = guard_start(&j->guard, j->f, j->name, j->spec->under);
	if (r < 0) {
		remove_temporary(j);
		return msg_errno(j->f, r, "guard", "start");
	}
	r = run_and_wait(j);
	end_group(j);
	return r;
}

/* Where the kernel would not let this user join, his manager may. */
static int ask_to_join(struct job *j)
{
	AUTO_BUF struct buf why = { 0 }, remedy = { 0 };
	int r;

	if (j->spec->systemd == SCOPE_NO || j->n_more || (j->f->root && strcmp(j->f->root, "/")))
		return 0;
	r = scope_join(j->f->cgx, j->group, &why, &remedy);
	if (r >= 0 || r == -ENOPKG)
		return 0; /* without libsystemd the kernel has the words */
	return msg_error(j->f, remedy.len ? buf_text(&remedy) : NULL, "%s: have systemd move this process in: %s",
			 cgx_group_path(j->group), buf_text(&why));
}

/* ---- by rules ---- */

/* The program as the rules see it: where PATH finds it. */
static void find_program(const char *name, struct buf *ret)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/')) {
		buf_puts(ret, name);
		return;
	}
	for (path = path ? path : "/usr/bin:/bin"; *path; path += strspn(path, ":")) {
		size_t len = strcspn(path, ":");

		buf_reset(ret);
		buf_add(ret, path, len);
		buf_printf(ret, "/%s", name);
		if (!ret->err && !access(buf_text(ret), X_OK))
			return;
		path += len;
	}
	buf_reset(ret);
	buf_puts(ret, name);
}

static void subject_of(const struct job *j, const char *program, struct cgx_subject *s)
{
	const char *slash = strrchr(program, '/');

	s->exe = program;
	s->script = NULL;
	snprintf(s->comm, sizeof(s->comm), "%.15s", slash ? slash + 1 : program);
	if (j->setup.uid == (uid_t)-1)
		return;
	s->uid = j->setup.uid;
	s->gid = j->setup.gid;
	s->groups = j->setup.groups;
	s->n_groups = (size_t)j->setup.n_groups;
}

static int open_ruled(struct job *j, struct cgx_rules *rules, struct placing *p)
{
	struct cgx_plan *plan = NULL;
	int r = plan_new(j->f, &plan);

	j->more = calloc(p->n, sizeof(*j->more));
	if (!r && !j->more)
		r = -ENOMEM;
	for (size_t i = 0; !r && i < p->n; i++) {
		r = place_group(j->f, rules, p->first + i, p, plan, i ? &j->more[i - 1] : &j->group);
		j->n_more += !r && i;
	}
	if (!r && j->spec->values.n)
		r = limits_plan(plan, j->group, j->spec->values.v, j->spec->values.n);
	if (!r)
		r = apply_plan(j->f, plan);
	cgx_plan_free(plan);
	return r;
}

/* The groups that the rules name; where none fits or one says to leave it alone, those it is in. */
static int open_by_rules(struct job *j)
{
	AUTO_BUF struct buf program = { 0 };
	struct cgx_rules *rules = NULL;
	struct placing p = { 0 };
	int r;

	if (rules_load(j->f, &j->spec->rules_files, &j->spec->configs, &rules) < 0)
		return STATUS_OWN_FAILURE;
	find_program(j->argv[0], &program);
	r = cgx_rules_look(rules, getpid(), &p.who);
	if (!r) {
		subject_of(j, buf_text(&program), &p.who);
		place_match(rules, &p);
		r = p.verdict == CGX_RULES_PLACE ? open_ruled(j, rules, &p) : cgx_group_open(j->f->cgx, ".", 0, &j->group);
	}
	if (r < 0 && p.verdict == CGX_RULES_PLACE) {
		AUTO_BUF struct buf origin = { 0 };

		place_origin(rules, &p, &origin);
		r = msg_fail(j->f);
		msg_note(j->f, "%s is placed by %s", j->argv[0], buf_text(&origin));
	}
	place_free(&p);
	cgx_rules_close(rules);
	return r;
}

static int run_by_libcgroup(struct job *j)
{
	AUTO_BUF struct buf program = { 0 };
	int r;

	find_program(j->argv[0], &program);
	if (libcgroup_place(j->f, getpid(), geteuid(), getegid(), buf_text(&program)) < 0)
		return STATUS_OWN_FAILURE;
	r = cgx_group_open(j->f->cgx, ".", 0, &j->group);
	return r ? r : only_joins(j) ? execute(j) : run_and_end(j);
}

static int run_ruled(struct job *j)
{
	int r;

	if (j->spec->rules == RULES_LIBCGROUP)
		return run_by_libcgroup(j);
	r = open_by_rules(j);
	if (r || j->f->dry_run)
		return r;
	r = ask_to_join(j);
	if (r)
		return r;
	return only_joins(j) ? join_and_exec(j) : run_and_end(j);
}

static int run_named(struct job *j)
{
	int r = open_groups(j);

	if (r || j->f->dry_run)
		return r;
	r = ask_to_join(j);
	if (r)
		return r;
	return only_joins(j) ? join_and_exec(j) : run_and_end(j);
}

/* cgexec without -g. */
static int by_rules(const struct frame *f, const struct spec *spec)
{
	return spec->rules || spec->rules_files.n || (f->like && !spec->targets.n);
}

static int check_spec(struct frame *f, const struct spec *spec, int argc)
{
	if (!argc)
		return msg_usage(f, "no command named");
	if ((spec->targets.n || spec->under) && spec->systemd == SCOPE_YES)
		return msg_usage(f, "--systemd=yes is for groups made for the command, not with -g or --under");
	if (spec->keep && spec->systemd == SCOPE_YES)
		return msg_usage(f, "--keep: systemd removes its scopes when they are empty; give --systemd=no");
	if (by_rules(f, spec) && spec->targets.n)
		return msg_usage(f, "--rules says in which group: not with -g");
	if (spec->rules == RULES_LIBCGROUP && (spec->rules_files.n || spec->configs.n || f->dry_run))
		return msg_usage(f, "--rules=libcgroup reads /etc/cgrules.conf alone, and has no dry run");
	if (spec->configs.n && !by_rules(f, spec))
		return msg_usage(f, "--config has the templates of groups that --rules names");
	if ((spec->targets.n || by_rules(f, spec)) && (spec->under || spec->name || spec->keep))
		return msg_usage(f, "--under, --name and --keep are for groups made for the command, not with -g or --rules");
	if (spec->name && (!*spec->name || strchr(spec->name, '/')))
		return msg_usage(f, "--name %s: a name has no \"/\"; --under says below which group", spec->name);
	for (size_t i = 0; i < spec->values.n; i++)
		if (!strchr(spec->values.v[i], '='))
			return msg_usage(f, "-r %s: not NAME=VALUE", spec->values.v[i]);
	return 0;
}

static int run(struct frame *f, void *data, int argc, char **argv)
{
	const struct spec *spec = data;
	struct job j = { .f = f, .spec = spec, .argv = argv, .setup = { .spec = spec, .parent = getpid() } };
	int r = check_spec(f, spec, argc);

	if (!r && find_user(f, spec, &j.setup) < 0)
		r = STATUS_OWN_FAILURE;

	if (!r)
		r = open_report(&j);
	if (r)
		return r;
	if (by_rules(f, spec))
		r = run_ruled(&j);
	else
		r = spec->targets.n ? run_named(&j) : run_temporary(&j);
	witness_close(&j.witness, j.report_to ? fileno(j.report_to) : -1);
	cgx_group_close(j.group);
	while (j.n_more)
		cgx_group_close(j.more[--j.n_more]);
	free(j.more);
	free(j.setup.groups);
	if (j.report_to)
		fclose(j.report_to);
	return r;
}

static const struct tool tool = {
	.name = "cgx-exec",
	.summary = "Run a command in a group, and tell what happened to it",
	.synopsis = synopsis,
	.description = "Without -g the command gets a group of its own below the caller's, which is removed afterwards. "
		       "A report on stderr tells of limits that were hit, kills and denied forks.",
	.examples = examples,
	.options = options,
	.spec_size = sizeof(struct spec),
	.defaults = &defaults,
	.flags = TOOL_STOP_AT_COMMAND | TOOL_RUNS_COMMAND | TOOL_CHANGES | TOOL_FORCE,
	.positional = { COMPLETE_COMMAND },
	.compat = compat,
	.run = run,
	.release = release,
};

int main(int argc, char **argv)
{
	return frame_main(&tool, argc, argv);
}
