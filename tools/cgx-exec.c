/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-exec: run a command in a group, and tell what happened to it. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exec/job.h"
#include "exec/limits.h"
#include "systemd/scope.h"
#include "ui/frame.h"
#include "ui/message.h"
#include "ui/owner.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/num.h"

static const struct exec_spec defaults = { .timeout = OPT_UNSET, .kill_after = 5000000 };

/* ---- options that are limits in a user's words ---- */

/* Keep SETTING=text among the values; the setting's name is the row's choices[0]. */
static int add_limit(void *data, const struct opt *row, const char *text, struct buf *why)
{
	AUTO_BUF struct buf b = { 0 };
	struct exec_spec *spec = data;
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
	struct exec_spec *spec = data;
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
	struct exec_spec *spec = data;

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
static const char *const hugetlb_max[] = { "hugetlb", NULL };
static const char *const engines[] = { "none", "cgx", "libcgroup", NULL };
static const char *const report_kinds[] = { "trouble", "text", "json", "none", NULL };

#define LIMIT(long_name, argument, setting, text)                                                     \
	{ 0, long_name, argument, OPT_CALL, 0, text, .who = WHO_NATIVE, .choices = setting, .call = add_limit }

#define ALIAS(long_name, argument, setting)                                                           \
	{ 0, long_name, argument, OPT_CALL, 0, "the same", .flags = OPT_HIDDEN, .who = WHO_NATIVE, .choices = setting, \
	  .call = add_limit }

static const struct opt options[] = {
	{ 'g', "group", "GROUP", OPT_STRINGS, offsetof(struct exec_spec, targets),
	  "run in this group; without it in one made for the command", COMPLETE_TARGET, .who = WHO_NATIVE },
	{ 'g', "group", "CONTROLLERS:PATH", OPT_STRINGS, offsetof(struct exec_spec, targets),
	  "run in this group; without it where the rules say", COMPLETE_TARGET, .who = WHO_COMPAT },
	LIMIT("memory", "SIZE", memory_max, "at most so much memory (memory.max)"),
	LIMIT("swap", "SIZE", swap_max, "at most so much swap; 0 forbids it"),
	LIMIT("pids", "N", pids_max, "at most so many processes and threads (pids.max)"),
	LIMIT("cpus", "SPEC", cpu_max, "at most 50%, 2 or 1.5 CPUs, or QUOTA/PERIOD"),
	LIMIT("cpuset", "LIST", cpuset_cpus, "only on these CPUs, 0-3,7"),
	LIMIT("io", "SPEC", io_max, "\"/dev/sda rbps=10M wiops=100\""),
	LIMIT("hugetlb", "PAGE=SIZE", hugetlb_max, "huge pages, 2MB=64M"),
	ALIAS("cpu", "SPEC", cpu_max),
	ALIAS("cpus-allowed", "LIST", cpuset_cpus),
	{ 'r', "variable", "NAME=VALUE", OPT_STRINGS, offsetof(struct exec_spec, values), "set any value", COMPLETE_ASSIGNMENT,
	  .who = WHO_NATIVE },
	{ 0, "timeout", "TIME", OPT_USEC, offsetof(struct exec_spec, timeout), "end it after this time, 30s or 5m; status 124",
	  .who = WHO_NATIVE, .flags = OPT_NONZERO },
	{ 0, "kill-after", "TIME", OPT_USEC, offsetof(struct exec_spec, kill_after),
	  "kill its group so long after the timeout (5s)", .who = WHO_NATIVE },
	{ 'k', "kill", NULL, OPT_FLAG, offsetof(struct exec_spec, kill), "kill what is left in the group when it ends",
	  .who = WHO_NATIVE },
	{ 0, "user", "USER[:GROUP]", OPT_STRING, offsetof(struct exec_spec, user), "run as this user", COMPLETE_OWNER,
	  .who = WHO_NATIVE },
	{ 0, "nice", "N", OPT_CALL, 0, "run with this niceness", .who = WHO_NATIVE, .call = set_nice },
	{ 0, "under", "GROUP", OPT_STRING, offsetof(struct exec_spec, under), "make the group below this one", COMPLETE_GROUP,
	  .who = WHO_NATIVE },
	{ 0, "name", "NAME", OPT_STRING, offsetof(struct exec_spec, name), "call the group so", .who = WHO_NATIVE },
	{ 0, "keep", NULL, OPT_FLAG, offsetof(struct exec_spec, keep), "do not remove the group", .who = WHO_NATIVE },
	{ 0, "systemd", "WHEN", OPT_ENUM, offsetof(struct exec_spec, systemd),
	  "ask systemd for a scope: auto, yes or no", .who = WHO_NATIVE, .choices = scope_modes },
	{ 0, "report", "KIND", OPT_ENUM, offsetof(struct exec_spec, report), "always, as text or json, or none at all",
	  .who = WHO_NATIVE, .flags = OPT_OPTIONAL, .value = REPORT_TEXT, .choices = report_kinds },
	{ 0, "report-to", "FILE", OPT_STRING, offsetof(struct exec_spec, report_to),
	  "write the report there; a number is a descriptor", COMPLETE_FILE, .who = WHO_NATIVE },
	{ 0, "rules", "ENGINE", OPT_ENUM, offsetof(struct exec_spec, rules), "in the groups that cgrules.conf names; by cgx, or "
	  "libcgroup itself", .who = WHO_NATIVE, .flags = OPT_OPTIONAL, .value = RULES_OWN, .choices = engines },
	{ 0, "rules-file", "FILE", OPT_STRINGS, offsetof(struct exec_spec, rules_files),
	  "rules from here; a file or a directory", COMPLETE_FILE, .who = WHO_NATIVE },
	{ 0, "config", "FILE", OPT_STRINGS, offsetof(struct exec_spec, configs),
	  "with --rules: templates for groups from here", COMPLETE_FILE, .who = WHO_NATIVE },
	{ 0, "sticky", NULL, OPT_FLAG, offsetof(struct exec_spec, sticky), "tell the rule daemon to leave it there" },
	{ 'b', NULL, NULL, OPT_FLAG, offsetof(struct exec_spec, libcgroup_b), "taken for libcgroup's sake; names are whole here",
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

/* ---- the user ---- */

static int find_user(const struct frame *f, const struct exec_spec *spec, struct child_setup *s)
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

static int run_temporary(struct job *j)
{
	int r = job_check_under(j), scoped = r ? r : job_take_scope(j);

	if (!r && scoped)
		return scoped == 1 && j->f->dry_run ? 0 : scoped;
	if (!r)
		r = job_make_group(j);
	if (r || j->f->dry_run)
		return r;
	r = guard_start(&j->guard, j->f, j->name, j->spec->under);
	if (r < 0) {
		job_remove_group(j);
		return msg_errno(j->f, r, "guard", "start");
	}
	return job_run(j);
}

static int join_or_run(struct job *j)
{
	int r = job_ask_to_join(j);

	if (r)
		return r;
	return job_only_joins(j) ? job_join(j) : job_run(j);
}

static int run_ruled(struct job *j)
{
	int by_libcgroup = j->spec->rules == RULES_LIBCGROUP;
	int r = by_libcgroup ? job_place_by_libcgroup(j) : job_open_by_rules(j);

	if (r || j->f->dry_run)
		return r;
	if (!by_libcgroup)
		return join_or_run(j);
	return job_only_joins(j) ? job_execute(j) : job_run(j); /* it is there already */
}

static int run_named(struct job *j)
{
	int r = job_open_groups(j);

	return r || j->f->dry_run ? r : join_or_run(j);
}

/* cgexec without -g. */
static int by_rules(const struct frame *f, const struct exec_spec *spec)
{
	return spec->rules || spec->rules_files.n || (f->like && !spec->targets.n);
}

static int check_spec(struct frame *f, const struct exec_spec *spec, int argc)
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
	const struct exec_spec *spec = data;
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
	.spec_size = sizeof(struct exec_spec),
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
