/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One run of a command: what was asked for, the groups it runs in, how it is started, waited for and told of. */
#ifndef CGX_EXEC_JOB_H
#define CGX_EXEC_JOB_H

#include <stdio.h>
#include <sys/types.h>

#include <cgx.h>

#include "exec/guard.h"
#include "exec/report.h"
#include "exec/witness.h"
#include "ui/frame.h"
#include "ui/opt.h"

enum report { REPORT_TROUBLE, REPORT_TEXT, REPORT_JSON, REPORT_NONE };

struct exec_spec {
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

#define LIKE_CGEXEC 1

struct child_setup {
	const struct exec_spec *spec;
	const sigset_t *mask;
	struct cgx_group **more; /* groups beyond the first */
	size_t n_more;
	uid_t uid;
	gid_t gid, *groups;
	int n_groups;
	pid_t parent;
};

struct job {
	struct frame *f;
	const struct exec_spec *spec;
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

/* temporary.c: the group made for the command; 0, an errno with the context's words, or an exit status after words. */
int job_check_under(struct job *j);
/* Where systemd owns the groups around, be in a scope of our own first. 1: a dry run has said all. */
int job_take_scope(struct job *j);
int job_make_group(struct job *j);
int job_remove_group(struct job *j);

/* named.c: the groups of -g, and what an ordinary user's manager is asked to join them. */
int job_open_groups(struct job *j);
int job_ask_to_join(struct job *j);

/* ruled.c: the groups that cgrules.conf names; where no rule fits, those it is in. */
int job_open_by_rules(struct job *j);
int job_place_by_libcgroup(struct job *j);

/* run.c: start it, wait, tell, end its group; the exit status. */
int job_run(struct job *j);
/* 1: nothing is to be told or done at the end, so cgx-exec can become the command. */
int job_only_joins(const struct job *j);
int job_join(struct job *j);
int job_execute(struct job *j);

#endif
