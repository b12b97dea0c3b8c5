/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pam_cgx: a login session in a group, by the rules of cgrules.conf or by the options, with limits. A login never fails for
 * want of a group unless the option "required" says so.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <security/pam_ext.h>
#include <security/pam_modules.h>

#include <cgx.h>

#include "rules/template.h"
#include "util/buf.h"
#include "util/cleanup.h"

#define DATA  "pam_cgx"
#define LIMITS_MAX 64

struct options {
	const char *group, *rules_file, *config;
	const char *limit[LIMITS_MAX]; /* NAME=VALUE */
	size_t n;
	int rules, required, debug, root;
};

/* What a session has made, until it ends. */
struct session {
	struct cgx *cgx;
	struct cgx_group *before; /* where the process was */
	struct cgx_group *group;
	int remove;               /* when it is empty */
};

/* ---- options ---- */

static int read_options(pam_handle_t *pamh, int argc, const char **argv, struct options *ret)
{
	*ret = (struct options){ 0 };
	/* first: it says what becomes of a mistake in another */
	for (int i = 0; i < argc; i++)
		ret->required |= !strcmp(argv[i], "required");
	for (int i = 0; i < argc; i++) {
		const char *a = argv[i], *is = strchr(a, '=');

		if (!strcmp(a, "rules")) {
			ret->rules = 1;
		} else if (!strncmp(a, "rules-file=", 11)) {
			ret->rules = 1;
			ret->rules_file = a + 11;
		} else if (!strncmp(a, "config=", 7)) {
			ret->config = a + 7;
		} else if (!strncmp(a, "group=", 6)) {
			ret->group = a + 6;
		} else if (!strcmp(a, "required")) {
			continue;
		} else if (!strcmp(a, "debug")) {
			ret->debug = 1;
		} else if (!strcmp(a, "root")) {
			ret->root = 1;
		} else if (is && is > a && strchr(a, '.') && strchr(a, '.') < is && ret->n < LIMITS_MAX) {
			ret->limit[ret->n++] = a;
		} else {
			pam_syslog(pamh, LOG_ERR, "%s: no such option; see pam_cgx(8)", a);
			return -EINVAL;
		}
	}
	if (ret->rules == (ret->group != NULL)) {
		pam_syslog(pamh, LOG_ERR, "say where to, by group=PATH or by rules, not both; see pam_cgx(8)");
		return -EINVAL;
	}
	return 0;
}

/* ---- rules ---- */

static void resolve(pam_handle_t *pamh, struct cgx_rules *rules)
{
	struct cgx_rule rule;

	for (size_t i = 0; !cgx_rules_at(rules, i, &rule); i++) {
		const struct passwd *pw = NULL;
		const struct group *gr = NULL;

		if (rule.resolved || !rule.name)
			continue;
		if (rule.who == CGX_RULE_GROUP)
			gr = getgrnam(rule.name);
		else
			pw = getpwnam(rule.name);
		if (pw || gr)
			cgx_rules_resolve(rules, i, pw ? pw->pw_uid : gr->gr_gid);
		else
			pam_syslog(pamh, LOG_WARNING, "%s:%u: there is no %s: the rule fits nobody", rule.file, rule.line,
				   rule.name);
	}
}

/* The controllers that the limits need, as a list; "*" without any. */
static int needed(struct cgx *cgx, const struct options *o, char **ret)
{
	cgx_set set = 0;

	for (size_t i = 0; i < o->n; i++) {
		AUTO_FREE char *name = strndup(o->limit[i], strcspn(o->limit[i], "="));
		const struct cgx_setting *row = name ? cgx_setting_find(name) : NULL;

		if (!name)
			return -ENOMEM;
		set |= row ? cgx_setting_controller(row) & ~CGX_C_CORE : 0;
	}
	if (set)
		return cgx_set_format(cgx, set, ret);
	*ret = strdup("*");
	return *ret ? 0 : -ENOMEM;
}

/* group=PATH is a rule for everybody. */
static int add_group(struct cgx *cgx, const struct options *o, struct cgx_rules *rules)
{
	AUTO_BUF struct buf b = { 0 };
	AUTO_FREE char *set = NULL;
	int r = needed(cgx, o, &set);

	if (r)
		return r;
	buf_printf(&b, "* %s \"%s\"\n", set, o->group);
	return b.err ? b.err : cgx_rules_add(rules, "group=", buf_text(&b), b.len);
}

/* Those of the usual places may be missing. One that cannot be understood is told, with file and line. */
static int read_templates(pam_handle_t *pamh, struct cgx *cgx, const struct options *o, struct cgx_rules *rules)
{
	static const char *const usual[] = { "/etc/cgconfig.conf", "/etc/cgconfig.d" };
	AUTO_BUF struct buf why = { 0 };
	int r = o->config ? cgx_rules_read_templates(rules, o->config) : 0;

	for (int i = 0; !r && !o->config && i < 2; i++) {
		r = cgx_rules_read_templates(rules, usual[i]);
		if (r == -ENOENT)
			r = 0;
	}
	if (!r)
		r = templates_check(cgx, rules, &why);
	if (why.len)
		pam_syslog(pamh, LOG_ERR, "%s", buf_text(&why));
	return r;
}

static int read_rules(pam_handle_t *pamh, struct cgx *cgx, const struct options *o, struct cgx_rules *rules)
{
	int r;

	if (o->group)
		return add_group(cgx, o, rules);
	if (o->rules_file) {
		r = cgx_rules_read(rules, o->rules_file);
	} else {
		int more;

		r = cgx_rules_read(rules, "/etc/cgrules.conf");
		more = r && r != -ENOENT ? r : cgx_rules_read(rules, "/etc/cgrules.d");
		if (more != -ENOENT)
			r = more;
	}
	if (!r)
		r = read_templates(pamh, cgx, o, rules);
	if (!r)
		resolve(pamh, rules);
	return r;
}

/* ---- the session ---- */

static void end_session(pam_handle_t *pamh, void *data, int status)
{
	struct session *s = data;

	(void)pamh, (void)status;
	cgx_group_close(s->group);
	cgx_group_close(s->before);
	cgx_close(s->cgx);
	free(s);
}

static int plan_limits(struct cgx_plan *plan, struct cgx_group *g, const struct options *o)
{
	int r = 0;

	for (size_t i = 0; !r && i < o->n; i++) {
		const char *is = strchr(o->limit[i], '=');
		AUTO_FREE char *name = strndup(o->limit[i], (size_t)(is - o->limit[i]));

		r = name ? cgx_plan_set(plan, g, name, is + 1) : -ENOMEM;
	}
	return r;
}

/* The group of the rule at index, planned as a template of cgconfig.conf says or else as it comes. */
static int plan_group(pam_handle_t *pamh, struct session *s, const struct options *o, struct cgx_rules *rules, size_t index,
		      const struct cgx_subject *who, struct cgx_plan *plan, int variable)
{
	AUTO_BUF struct buf left_out = { 0 };
	struct cgx_rules_template t;
	int r;

	if (!template_find(rules, index, &t)) {
		r = cgx_rules_group(rules, index, who, &s->group);
		return !r && (variable || o->group) ? cgx_plan_create(plan, s->group, NULL) : r;
	}
	r = template_plan(s->cgx, rules, index, who, &t, plan, &left_out, &s->group);
	if (left_out.len)
		pam_syslog(pamh, LOG_WARNING, "%s", buf_text(&left_out));
	return r;
}

static int make(pam_handle_t *pamh, struct session *s, const struct options *o, struct cgx_rules *rules, size_t index,
		const struct cgx_subject *who)
{
	struct cgx_plan *plan = NULL;
	struct cgx_rule rule;
	int template, missing, r = cgx_plan_new(s->cgx, &plan);

	cgx_rules_at(rules, index, &rule);
	template = strchr(rule.destination, '%') != NULL;
	if (!r)
		r = plan_group(pamh, s, o, rules, index, who, plan, template);
	missing = !r && !cgx_group_exists(s->group);
	if (!r)
		r = plan_limits(plan, s->group, o);
	if (!r)
		r = cgx_plan_apply(plan);
	cgx_plan_free(plan);
	/* a group for each user goes with his last session, whoever made it */
	s->remove = !r && (template || (o->group && missing));
	return r;
}

static int join(pam_handle_t *pamh, struct session *s, const struct options *o, struct cgx_rules *rules,
		const struct cgx_subject *who)
{
	size_t first, n;
	int r = 0;

	if (cgx_rules_match(rules, who, &first, &n) != CGX_RULES_PLACE) {
		if (o->debug)
			pam_syslog(pamh, LOG_DEBUG, "%s: no rule sends the session anywhere", who->user);
		return 0;
	}
	for (size_t i = first; !r && i < first + n; i++) {
		cgx_group_close(s->group);
		s->group = NULL;
		r = make(pamh, s, o, rules, i, who);
		if (!r)
			r = cgx_group_take(s->group, getpid());
		if (r > 0)
			r = 0;
		if (!r && o->debug)
			pam_syslog(pamh, LOG_DEBUG, "%s: session in %s", who->user, cgx_group_path(s->group));
	}
	return r;
}

static int place(pam_handle_t *pamh, struct session *s, const struct options *o, const struct passwd *pw)
{
	struct cgx_subject who = { .pid = getpid(), .uid = pw->pw_uid, .gid = pw->pw_gid, .user = pw->pw_name };
	gid_t groups[256];
	int n = 256, r;
	struct cgx_rules *rules = NULL;
	AUTO_FREE char *group = NULL;
	const struct group *gr;

	if (getgrouplist(pw->pw_name, pw->pw_gid, groups, &n) < 0)
		n = 256;
	who.groups = groups;
	who.n_groups = (size_t)n;
	snprintf(who.comm, sizeof(who.comm), "login");
	gr = getgrgid(pw->pw_gid);
	if (gr)
		group = strdup(gr->gr_name);
	who.group = group;
	r = cgx_rules_new(s->cgx, &rules);
	if (!r)
		r = read_rules(pamh, s->cgx, o, rules);
	if (!r)
		r = cgx_group_of_pid(s->cgx, getpid(), 0, &s->before);
	if (!r)
		r = join(pamh, s, o, rules, &who);
	cgx_rules_close(rules);
	return r;
}

static int copy_user(pam_handle_t *pamh, struct passwd *ret, char **names)
{
	const char *name = NULL;
	const struct passwd *pw;

	if (pam_get_user(pamh, &name, NULL) != PAM_SUCCESS || !name || !*name)
		return -ENOENT;
	pw = getpwnam(name);
	if (!pw)
		return -ENOENT;
	*names = strdup(pw->pw_name);
	if (!*names)
		return -ENOMEM;
	*ret = *pw;
	ret->pw_name = *names; /* later questions overwrite what getpwnam() gave */
	return 0;
}

static int answer(const struct options *o, int r)
{
	return r && o->required ? PAM_SESSION_ERR : PAM_SUCCESS;
}

__attribute__((visibility("default"))) int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct options o;
	struct passwd pw;
	AUTO_FREE char *names = NULL;
	struct session *s;
	int r = read_options(pamh, argc, argv, &o);

	(void)flags;
	if (r)
		return answer(&o, r);
	r = copy_user(pamh, &pw, &names);
	if (r) {
		pam_syslog(pamh, LOG_ERR, "whose session it is is not known");
		return answer(&o, r);
	}
	/* whoever must repair the limits is not to stand under them */
	if (!pw.pw_uid && !o.root)
		return PAM_SUCCESS;
	s = calloc(1, sizeof(*s));
	if (!s)
		return answer(&o, -ENOMEM);
	r = cgx_open(NULL, &s->cgx);
	if (r)
		pam_syslog(pamh, LOG_ERR, "%s: look for cgroups: %s", pw.pw_name, strerror(-r));
	else
		r = place(pamh, s, &o, &pw);
	if (r && s->cgx)
		pam_syslog(pamh, LOG_ERR, "%s: %s", pw.pw_name, *cgx_error(s->cgx) ? cgx_error(s->cgx) : strerror(-r));
	if (r || pam_set_data(pamh, DATA, s, end_session) != PAM_SUCCESS)
		end_session(pamh, s, 0);
	return answer(&o, r);
}

/* The group goes when nobody is left in it; this process goes back to where it was, for it is one of them. */
/* Where the process was before; a scope of systemd may have ended with the session, then the nearest group above it that
 * is there and takes processes. */
static void go_back(const struct session *s)
{
	AUTO_FREE char *path = strdup(cgx_group_path(s->before));
	int r = cgx_group_take(s->before, getpid());

	while (r < 0 && path && *path) {
		char *slash = strrchr(path, '/');
		struct cgx_group *g;

		*(slash ? slash : path) = '\0';
		if (cgx_group_open(s->cgx, *path ? path : "/", 0, &g))
			continue;
		r = cgx_group_take(g, getpid());
		cgx_group_close(g);
	}
}

__attribute__((visibility("default"))) int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	const void *data = NULL;
	const struct session *s;
	struct cgx_plan *plan = NULL;

	(void)flags, (void)argc, (void)argv;
	if (pam_get_data(pamh, DATA, &data) != PAM_SUCCESS || !data)
		return PAM_SUCCESS;
	s = data;
	if (s->group && s->remove) {
		go_back(s);
		if (cgx_group_populated(s->group) == 0 && !cgx_plan_new(s->cgx, &plan) &&
		    !cgx_plan_delete(plan, s->group, 0))
			cgx_plan_apply(plan);
		cgx_plan_free(plan);
	}
	pam_set_data(pamh, DATA, NULL, NULL);
	return PAM_SUCCESS;
}
