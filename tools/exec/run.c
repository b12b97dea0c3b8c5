/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A command from its start to the end of its group. */
#include "exec/job.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "compat/libcgroup.h"
#include "exec/monitor.h"
#include "ui/message.h"

/* Opening the event engine takes a millisecond: that is for commands that run longer than a moment, and for whoever
 * asks for a report. */
#define SETTLED_US 50000

/* ---- the child before exec ---- */

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

/* ---- while it runs ---- */

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
	if (job_remove_group(j) < 0) {
		tell_left_over(j);
		guard_leave(&j->guard);
		return;
	}
	guard_dismiss(&j->guard);
}

/* ---- all of it ---- */

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

int job_run(struct job *j)
{
	int r = run_and_wait(j);

	end_group(j);
	return r;
}

/* ---- or become the command ---- */

int job_execute(struct job *j)
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
int job_join(struct job *j)
{
	int r = cgx_enter(j->group);

	for (size_t i = 0; !r && i < j->n_more; i++)
		r = cgx_enter(j->more[i]);
	return r < 0 ? msg_fail(j->f) : job_execute(j);
}

int job_only_joins(const struct job *j)
{
	const struct exec_spec *s = j->spec;

	return !j->temporary && !s->kill && s->timeout == OPT_UNSET && !s->user && !s->nice_set &&
	       (j->f->like == LIKE_CGEXEC || s->report == REPORT_NONE);
}
