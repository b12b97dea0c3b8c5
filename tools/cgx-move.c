/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-move: move processes or threads into a group. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "compat/libcgroup.h"
#include "rules/load.h"
#include "rules/place.h"
#include "systemd/scope.h"
#include "ui/apply.h"
#include "ui/frame.h"
#include "ui/message.h"
#include "ui/target.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/num.h"

struct spec {
	int libcgroup_b;
	struct strings targets;
	const char *all_from;
	struct strings rules_files, configs;
	int threads, sticky, cancel_sticky, rules, systemd;
};

enum { RULES_NONE, RULES_OWN, RULES_LIBCGROUP };
static const char *const engines[] = { "none", "cgx", "libcgroup", NULL };

enum { ASK_AUTO, ASK_NO };
static const char *const askings[] = { "auto", "no", NULL };

#define LIKE_CGCLASSIFY 1

static const struct opt options[] = {
	{ 'g', "group", "CONTROLLERS:PATH", OPT_STRINGS, offsetof(struct spec, targets),
	  "move to this group; then every word is a PID", COMPLETE_TARGET },
	{ 0, "threads", NULL, OPT_FLAG, offsetof(struct spec, threads), "the numbers are thread ids; move only those",
	  .who = WHO_NATIVE },
	{ 0, "all-from", "GROUP", OPT_STRING, offsetof(struct spec, all_from), "everything that is in GROUP itself",
	  COMPLETE_GROUP, .who = WHO_NATIVE },
	{ 0, "rules", "ENGINE", OPT_ENUM, offsetof(struct spec, rules),
	  "to where the rules of cgrules.conf say; by cgx, or libcgroup itself", .who = WHO_NATIVE,
	  .flags = OPT_OPTIONAL, .value = RULES_OWN, .choices = engines },
	{ 0, "rules-file", "FILE", OPT_STRINGS, offsetof(struct spec, rules_files),
	  "rules from here; a file or a directory", COMPLETE_FILE, .who = WHO_NATIVE },
	{ 0, "config", "FILE", OPT_STRINGS, offsetof(struct spec, configs),
	  "with --rules: templates for groups from here", COMPLETE_FILE, .who = WHO_NATIVE },
	{ 0, "sticky", NULL, OPT_FLAG, offsetof(struct spec, sticky),
	  "tell libcgroup's cgrulesengd to leave them and their children there" },
	{ 0, "cancel-sticky", NULL, OPT_FLAG, offsetof(struct spec, cancel_sticky),
	  "tell cgrulesengd that it may place them again" },
	{ 0, "systemd", "WHEN", OPT_ENUM, offsetof(struct spec, systemd),
	  "have systemd move what the kernel would not let a user: auto or no", .who = WHO_NATIVE, .choices = askings },
	{ 'b', NULL, NULL, OPT_FLAG, offsetof(struct spec, libcgroup_b), "taken for libcgroup's sake; names are whole here",
	  .who = WHO_COMPAT },
	OPT_END
};

static const char *const synopsis[] = {
	"GROUP PID...", "-g CONTROLLERS:PATH... PID...", "--all-from GROUP GROUP", "--rules PID...", "--cancel-sticky PID...", NULL
};
static const struct example examples[] = {
	{ "cgx-move web 1234 1235", "move two processes, both or none" },
	{ "cgx-move --all-from web/old web/new", "move all that is in web/old" },
	{ "cgx-move --rules 1234", "where cgrules.conf says" },
	{ "cgx-move -g memory:batch $$", "the shell itself, in one hierarchy" },
	{ NULL, NULL }
};
static const char *const cgclassify_synopsis[] = { "[-g CONTROLLERS:PATH]... [--sticky | --cancel-sticky] PID...", NULL };
static const struct compat compat[] = {
	{ "cgclassify", LIKE_CGCLASSIFY, cgclassify_synopsis, "Move processes into groups, as libcgroup's cgclassify",
	  { COMPLETE_PID } },
	{ NULL }
};

struct job {
	struct frame *f;
	const struct spec *spec;
	struct cgx_plan *plan;
	struct cgx_group *to;
};

static int move_one(const struct job *j, pid_t pid)
{
	return cgx_plan_move(j->plan, j->to, pid, j->spec->threads ? CGX_MOVE_THREAD : 0);
}

static int read_pid(const struct job *j, const char *word, pid_t *ret)
{
	uint64_t pid;

	if (num_u64(word, &pid) || !pid || pid > INT32_MAX)
		return msg_error(j->f, "a process is named by its number: pgrep NAME finds it",
				 "%s: move it: not a process id", word);
	*ret = (pid_t)pid;
	return 0;
}

static int move_words(const struct job *j, int argc, char **argv)
{
	int r = 0;

	for (int i = 0; !r && i < argc; i++) {
		pid_t pid = 0;

		r = read_pid(j, argv[i], &pid);
		if (!r)
			r = move_one(j, pid);
	}
	return r;
}

/* What ends between the listing and the move is not missed. */
static int move_all(const struct job *j)
{
	struct cgx_group *from;
	struct cgx_tasks *t = NULL;
	pid_t pid;
	int r = target_open(j->f->cgx, j->spec->all_from, &from);

	if (r < 0)
		return r;
	r = cgx_tasks_open(from, j->spec->threads ? CGX_TASKS_THREADS : 0, &t);
	while (!r && cgx_tasks_next(t, &pid) > 0) {
		r = pid ? move_one(j, pid) : 0;
		if (r == -ESRCH)
			r = 0;
	}
	cgx_tasks_close(t);
	cgx_group_close(from);
	return r;
}

static int plan_target(struct job *j, const char *text, int argc, char **argv)
{
	int r = target_open(j->f->cgx, text, &j->to);

	if (r < 0)
		return r;
	r = move_words(j, argc, argv);
	if (!r && j->spec->all_from)
		r = move_all(j);
	cgx_group_close(j->to);
	return r;
}

/* Before they are moved: the daemon is not to be faster. */
static int stick_moved(const struct job *j)
{
	struct cgx_step s;
	uint64_t pid;

	for (size_t i = 0; !cgx_plan_step(j->plan, i, &s); i++)
		if (s.verb == CGX_V_MOVE && !num_u64(s.value, &pid) &&
		    libcgroup_stick(j->f, (pid_t)pid, j->spec->sticky) < 0)
			return frame_failed(j->f);
	return 0;
}

static int stick_words(const struct job *j, int argc, char **argv)
{
	int r = 0;

	for (int i = 0; !r && i < argc; i++) {
		pid_t pid = 0;

		r = read_pid(j, argv[i], &pid);
		if (!r && !j->f->dry_run && libcgroup_stick(j->f, pid, j->spec->sticky) < 0)
			return frame_failed(j->f);
	}
	return r;
}

/* --cancel-sticky without a group: every word is a process, and none is moved. */
static int moves_nothing(const struct spec *spec)
{
	return spec->cancel_sticky && !spec->targets.n && !spec->all_from;
}

/* cgclassify without -g. */
static int by_rules(const struct frame *f, const struct spec *spec)
{
	return spec->rules || spec->rules_files.n || (f->like && !spec->targets.n && !moves_nothing(spec));
}

static int check_spec(struct frame *f, const struct spec *spec, int argc)
{
	int pids = spec->targets.n || moves_nothing(spec) || by_rules(f, spec) ? argc : argc - 1;

	if (spec->sticky && spec->cancel_sticky)
		return msg_usage(f, "--sticky and --cancel-sticky exclude each other");
	if (by_rules(f, spec) && (spec->targets.n || spec->all_from || spec->threads))
		return msg_usage(f, "--rules says where to: not with -g, --all-from or --threads");
	if (spec->rules == RULES_LIBCGROUP && (spec->rules_files.n || spec->configs.n || f->dry_run))
		return msg_usage(f, "--rules=libcgroup reads /etc/cgrules.conf alone, and has no dry run");
	if (spec->configs.n && !by_rules(f, spec))
		return msg_usage(f, "--config has the templates of groups that --rules names");
	if (pids < 0)
		return msg_usage(f, "no group named");
	if (!pids && !spec->all_from)
		return msg_usage(f, "no process named");
	return 0;
}

static int plan_moves(struct job *j, int argc, char **argv)
{
	int r = plan_new(j->f, &j->plan);

	for (size_t i = 0; !r && i < j->spec->targets.n; i++)
		r = plan_target(j, j->spec->targets.v[i], argc, argv);
	if (!r && !j->spec->targets.n)
		r = plan_target(j, argv[0], argc - 1, argv + 1);
	if (!r && !j->f->dry_run && (j->spec->sticky || j->spec->cancel_sticky))
		r = stick_moved(j);
	return r;
}

/* ---- carrying it out ---- */

static int have_moved(const struct job *j, const struct cgx_step *s, pid_t pid)
{
	AUTO_BUF struct buf why = { 0 }, remedy = { 0 };
	struct cgx_group *g;
	int r = cgx_group_open(j->f->cgx, *s->path ? s->path : "/", CGX_C_CORE, &g);

	if (r)
		return r;
	r = scope_attach(j->f->cgx, g, pid, &why, &remedy);
	if (r < 0 && r != -ENOPKG)
		r = msg_error(j->f, remedy.len ? buf_text(&remedy) : NULL, "%s: have systemd move process %d in: %s", s->path,
			      (int)pid, buf_text(&why));
	else
		r = 0; /* without libsystemd the kernel has the words */
	cgx_group_close(g);
	return r;
}

/*
 * No directory above his session and his manager is a user's own, so the kernel lets him move nothing from the one to the
 * other: his manager does. The plan then finds it there.
 */
static int ask_manager(const struct job *j)
{
	struct cgx_step s;
	uint64_t pid;
	int r = 0;

	if (!geteuid() || j->f->dry_run || j->spec->threads || j->spec->systemd == ASK_NO ||
	    (j->f->root && strcmp(j->f->root, "/")))
		return 0;
	if (!cgx_systemd(j->f->cgx) || cgx_layout(j->f->cgx) != CGX_LAYOUT_UNIFIED)
		return 0;
	for (size_t i = 0; !r && !cgx_plan_step(j->plan, i, &s); i++)
		if (s.verb == CGX_V_MOVE && !num_u64(s.value, &pid) && pid)
			r = have_moved(j, &s, (pid_t)pid);
	return r;
}

static int carry_out(const struct job *j)
{
	int r = ask_manager(j);

	return r ? r : apply_plan(j->f, j->plan);
}

/* ---- by rules ---- */

static int plan_rule(struct job *j, struct cgx_rules *rules, size_t index, const struct placing *p)
{
	struct cgx_group *g;
	int r = place_group(j->f, rules, index, p, j->plan, &g);

	if (r)
		return r;
	r = cgx_plan_move(j->plan, g, p->who.pid, 0);
	cgx_group_close(g);
	return r;
}

static int plan_by_rules(struct job *j, struct cgx_rules *rules, pid_t pid)
{
	AUTO_BUF struct buf origin = { 0 };
	struct placing p = { 0 };
	int r = place_look(rules, pid, "", &p);

	place_origin(rules, &p, &origin);
	if (!r && p.verdict == CGX_RULES_NONE)
		msg_note(j->f, "process %d: no rule fits it: it stays where it is", (int)pid);
	if (!r && p.verdict == CGX_RULES_LEAVE)
		msg_note(j->f, "process %d: %s says to leave it alone", (int)pid, buf_text(&origin));
	for (size_t i = 0; !r && p.verdict == CGX_RULES_PLACE && i < p.n; i++)
		r = plan_rule(j, rules, p.first + i, &p);
	if (r && p.verdict == CGX_RULES_PLACE) {
		r = msg_fail(j->f);
		msg_note(j->f, "process %d is placed by %s", (int)pid, buf_text(&origin));
	}
	place_free(&p);
	return r;
}

static int place_words(struct job *j, int argc, char **argv)
{
	struct cgx_rules *rules;
	int r;

	if (rules_load(j->f, &j->spec->rules_files, &j->spec->configs, &rules) < 0)
		return frame_failed(j->f);
	r = plan_new(j->f, &j->plan);
	for (int i = 0; !r && i < argc; i++) {
		pid_t pid = 0;

		r = read_pid(j, argv[i], &pid);
		if (!r)
			r = plan_by_rules(j, rules, pid);
	}
	if (!r && !j->f->dry_run && (j->spec->sticky || j->spec->cancel_sticky))
		r = stick_moved(j);
	if (!r)
		r = carry_out(j);
	cgx_rules_close(rules);
	cgx_plan_free(j->plan);
	return r;
}

static int place_one_by_libcgroup(const struct job *j, struct cgx_rules *none, pid_t pid)
{
	struct cgx_subject who;
	int r = cgx_rules_look(none, pid, &who);

	if (r)
		return r;
	if ((j->spec->sticky || j->spec->cancel_sticky) && libcgroup_stick(j->f, pid, j->spec->sticky) < 0)
		return frame_failed(j->f);
	return libcgroup_place(j->f, pid, who.uid, who.gid, who.exe ? who.exe : who.comm) < 0 ? frame_failed(j->f) : 0;
}

static int place_by_libcgroup(const struct job *j, int argc, char **argv)
{
	/* a rule that asks for program and ids makes them be looked for */
	static const char program[] = "*:program * %U/%G\n";
	struct cgx_rules *rules;
	int r = cgx_rules_new(j->f->cgx, &rules);

	if (r)
		return r;
	r = cgx_rules_add(rules, "program", program, sizeof(program) - 1);
	for (int i = 0; !r && i < argc; i++) {
		pid_t pid = 0;

		r = read_pid(j, argv[i], &pid);
		if (!r)
			r = place_one_by_libcgroup(j, rules, pid);
	}
	cgx_rules_close(rules);
	return r;
}

static int run(struct frame *f, void *data, int argc, char **argv)
{
	const struct spec *spec = data;
	struct job j = { .f = f, .spec = spec };
	int r = check_spec(f, spec, argc);

	if (!r && spec->rules == RULES_LIBCGROUP)
		return place_by_libcgroup(&j, argc, argv);
	if (!r && by_rules(f, spec))
		return place_words(&j, argc, argv);

	if (!r && moves_nothing(spec))
		return stick_words(&j, argc, argv);
	if (!r)
		r = plan_moves(&j, argc, argv);
	if (!r)
		r = carry_out(&j);
	cgx_plan_free(j.plan);
	return r;
}

static const struct tool tool = {
	.name = "cgx-move",
	.summary = "Move processes or threads into a group",
	.synopsis = synopsis,
	.description = "All or nothing: when one cannot be moved, the others go back.",
	.examples = examples,
	.options = options,
	.spec_size = sizeof(struct spec),
	.flags = TOOL_CHANGES | TOOL_DATA | TOOL_FORCE,
	.positional = { COMPLETE_GROUP, COMPLETE_PID },
	.compat = compat,
	.run = run,
};

int main(int argc, char **argv)
{
	return frame_main(&tool, argc, argv);
}
