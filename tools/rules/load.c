/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the rules of a host. */
#include "rules/load.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>

#include "rules/template.h"
#include "ui/message.h"
#include "util/cleanup.h"

size_t rules_count(const struct cgx_rules *r)
{
	struct cgx_rule rule;
	size_t n = 0;

	while (!cgx_rules_at(r, n, &rule))
		n++;
	return n;
}

static int find_name(const struct cgx_rule *rule, id_t *ret)
{
	if (rule->who == CGX_RULE_GROUP) {
		const struct group *gr = getgrnam(rule->name);

		if (gr)
			*ret = gr->gr_gid;
		return gr != NULL;
	} else {
		const struct passwd *pw = getpwnam(rule->name);

		if (pw)
			*ret = pw->pw_uid;
		return pw != NULL;
	}
}

static void resolve(const struct frame *f, struct cgx_rules *r)
{
	struct cgx_rule rule;

	for (size_t i = 0; !cgx_rules_at(r, i, &rule); i++) {
		id_t id = 0;

		if (rule.resolved || !rule.name)
			continue;
		if (find_name(&rule, &id))
			cgx_rules_resolve(r, i, id);
		else
			msg_warn(f, "%s:%u: there is no %s %s: the rule fits nobody", rule.file, rule.line,
				 rule.who == CGX_RULE_GROUP ? "group" : "user", rule.name);
	}
}

/* Of the two usual places either may be missing. */
static int read_usual(const struct frame *f, struct cgx_rules *r)
{
	int file = cgx_rules_read(r, RULES_FILE), folder;

	if (file && file != -ENOENT)
		return msg_fail(f), -1;
	folder = cgx_rules_read(r, RULES_FOLDER);
	if (folder && folder != -ENOENT)
		return msg_fail(f), -1;
	if (!file || !folder)
		return 0;
	msg_error(f, "write one, see cgx-rules(5), or name another file", "%s: read the rules: there is no such file, nor %s",
		  RULES_FILE, RULES_FOLDER);
	return -1;
}

/* What nobody named may be missing. */
static int read_templates(const struct frame *f, const struct strings *configs, struct cgx_rules *r)
{
	static const char *const usual[] = { CONFIG_FILE, CONFIG_FOLDER };
	AUTO_BUF struct buf why = { 0 };
	int err = 0;

	for (size_t i = 0; !err && i < configs->n; i++)
		err = cgx_rules_read_templates(r, configs->v[i]);
	for (size_t i = 0; !err && !configs->n && i < 2; i++) {
		err = cgx_rules_read_templates(r, usual[i]);
		if (err == -ENOENT)
			err = 0;
	}
	if (err)
		return msg_fail(f), -1;
	err = templates_check(f->cgx, r, &why);
	if (err && why.len)
		return msg_error(f, NULL, "%s", buf_text(&why)), -1;
	return err ? (msg_errno(f, err, "templates", "read"), -1) : 0;
}

int rules_load(const struct frame *f, const struct strings *files, const struct strings *configs, struct cgx_rules **ret)
{
	struct cgx_rules *r;
	int err = cgx_rules_new(f->cgx, &r);

	if (err)
		return msg_errno(f, err, "rules", "read"), -1;
	if (files && files->n) {
		for (size_t i = 0; !err && i < files->n; i++)
			err = cgx_rules_read(r, files->v[i]);
		if (err)
			msg_fail(f);
	} else {
		err = read_usual(f, r);
	}
	if (!err)
		err = read_templates(f, configs, r);
	if (err) {
		cgx_rules_close(r);
		return -1;
	}
	resolve(f, r);
	*ret = r;
	return 0;
}
