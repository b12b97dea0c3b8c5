/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Groups that systemd owns: whose they are, and what to do instead of changing them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "unit_name.h"

/* As sd_booted(3) asks. */
CGX_API int cgx_systemd(struct cgx *cgx)
{
	if (!cgx->systemd)
		cgx->systemd = fs_exists(cgx->fs.fd, "run/systemd/system") == 1 ? 1 : -1;
	return cgx->systemd > 0;
}

/* Whether any directory that systemd marks, on the v2 tree or its own v1 hierarchy, has an attribute that is value,
 * 0 for any. */
static int is_marked(struct cgx *cgx, const char *path, const char *name, char value)
{
	for (size_t i = 0; i < cgx->n_hier; i++) {
		struct cgx_hierarchy *h = &cgx->hier[i];
		int root, mark;

		if (h->version == 1 && strcmp(h->name, "name=systemd"))
			continue;
		root = hier_fd(cgx, h);
		mark = root < 0 ? 0 : fs_mark(root, path, name);
		if (mark && (!value || mark == value))
			return 1;
	}
	return 0;
}

/* Old systemd's mark can be read by root alone; what it has delegated to a user belongs to him, though. */
static int may_be_users(struct cgx *cgx, const char *path)
{
	struct cgx_hierarchy *v2 = layout_v2(cgx);
	int root = v2 && geteuid() ? hier_fd(cgx, v2) : -1;
	uid_t owner;

	return root >= 0 && fs_is_cgroup(root) && !fs_stat(root, path, &owner, NULL, NULL) && owner == geteuid();
}

/* A user's manager leaves no marks before systemd 254 or so: of its scopes and services nothing is known then. */
static int is_delegated(struct cgx *cgx, const struct cgx_unit *u)
{
	const char *kind = strrchr(u->name, '.');

	if (is_marked(cgx, u->path, "trusted.delegate", '1') || is_marked(cgx, u->path, "user.delegate", '1'))
		return 1;
	if (!strcmp(u->name, "init.scope") || (strcmp(kind, ".scope") && strcmp(kind, ".service")))
		return 0;
	if (u->uid == (uid_t)-1 && !may_be_users(cgx, u->path))
		return 0;
	return is_marked(cgx, u->path, "user.invocation_id", 0) ? 0 : -1;
}

CGX_API int cgx_unit_of(struct cgx *cgx, const char *path, struct cgx_unit *ret)
{
	struct unit_ref u;

	if (!cgx_systemd(cgx))
		return 0;
	path += strspn(path, "/");
	if (!unit_find(path, &u) || u.path_len >= sizeof(ret->path) || u.name_len >= sizeof(ret->name))
		return 0;
	*ret = (struct cgx_unit){ .uid = u.uid, .own = u.own };
	memcpy(ret->name, u.name, u.name_len);
	memcpy(ret->path, path, u.path_len);
	ret->delegated = is_delegated(cgx, ret);
	return 1;
}

CGX_API int cgx_unit_properties(struct cgx *cgx, const char *setting, const char *value, char ***ret)
{
	const struct cgx_setting *row = cgx_setting_find(setting);
	AUTO_BUF struct buf b = { 0 };
	AUTO_FREE char *checked = NULL;
	const char *s, *line;
	char **list;
	size_t len;
	int n = 0, r = cgx_setting_check(cgx, setting, value, &checked);

	if (!r && row && row->v2 && !strcmp(row->v2, setting))
		r = unit_properties(setting, checked, &b);
	if (r)
		return r == -EINVAL && checked ? fail(cgx, r, setting, "translate", "not understood: %s", checked) : r;
	list = calloc(8, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (s = buf_text(&b); n < 7 && text_line(&s, &line, &len); n++) {
		list[n] = strndup(line, len);
		if (!list[n]) {
			cgx_list_free(list);
			return -ENOMEM;
		}
	}
	*ret = list;
	return n;
}

/* ---- refusing ---- */

/* The files of a delegated unit's own group that are the delegatee's; the others say what the unit may have. */
static int is_delegatees(enum cgx_verb verb, const char *file)
{
	return verb == CGX_V_MOVE || verb == CGX_V_ENABLE || !strcmp(file, "cgroup.procs") || !strcmp(file, "cgroup.threads") ||
	       !strcmp(file, "cgroup.subtree_control");
}

static const char *action_of(enum cgx_verb verb)
{
	switch (verb) {
	case CGX_V_MKDIR:
		return "make the group";
	case CGX_V_RMDIR:
	case CGX_V_KILL:
		return "remove the group";
	case CGX_V_ENABLE:
		return "enable controllers below it";
	case CGX_V_MOVE:
		return "move a process in";
	case CGX_V_WRITE:
	case CGX_V_CHOWN:
	case CGX_V_CHMOD:
		break;
	}
	return "change the group";
}

/* A v1 file's value in words of v2, which are those of systemd's properties: the setting's name, or NULL. */
static const char *in_v2_words(const struct setting_ref *ref, int dir, const char *value, struct buf *ret)
{
	struct codec_arg arg = { .clock_ticks = sysconf(_SC_CLK_TCK), .page_size = sysconf(_SC_PAGESIZE) };
	struct buf present[SETTING_V1_MAX] = { { 0 } };
	int r;

	/* a quota means nothing without its period */
	for (unsigned i = 0; !(ref->row->flags & SETTING_PARTS) && i < SETTING_V1_MAX && ref->row->v1[i].name; i++)
		if (!fs_read(dir, ref->row->v1[i].name, &present[i]))
			arg.v1[i] = buf_text(&present[i]);
	arg.v1[ref->index] = value;
	r = ref->row->codec->join(&arg, ret);
	for (unsigned i = 0; i < SETTING_V1_MAX; i++)
		buf_free(&present[i]);
	return r ? NULL : ref->row->v2;
}

/* "MemoryMax=67108864": what systemd is to be told. */
static int properties_of(struct cgx *cgx, struct cgx_hierarchy *h, const struct cgx_unit *u, const char *file, const char *value,
			 struct buf *ret)
{
	AUTO_BUF struct buf v2 = { 0 };
	struct setting_ref ref;
	int dir;

	if (!setting_lookup(file, &ref) && ref.dialect == 1 && ref.row->v2 && !*ref.star && ref.row->codec && ref.row->codec->join) {
		dir = fs_dir(hier_fd(cgx, h), u->path);
		file = in_v2_words(&ref, dir, value, &v2);
		if (dir >= 0)
			close(dir);
		value = buf_text(&v2);
	}
	return file ? unit_properties(file, value, ret) : -EOPNOTSUPP;
}

static void advise_property(struct cgx *cgx, struct cgx_hierarchy *h, const struct cgx_unit *u, const char *file, const char *value)
{
	const char *user = u->uid == (uid_t)-1 ? "" : "--user ", *s, *line;
	AUTO_BUF struct buf lines = { 0 }, words = { 0 };
	size_t len;

	if (properties_of(cgx, h, u, file, value, &lines) || !lines.len) {
		advise(cgx, "systemd has no property for it; --force writes it, and systemd may write over it");
		return;
	}
	for (s = buf_text(&lines); text_line(&s, &line, &len);) {
		AUTO_FREE char *word = strndup(line, len);

		buf_printf(&words, " %s", word ? shell_word(cgx, word) : "");
	}
	advise(cgx, "systemctl %sset-property %s%s; --force writes it, and systemd may write over it", user,
	       shell_word(cgx, u->name), buf_text(&words));
}

/* The delegated group that the caller is in, if it is delegated to him; "" none. */
static void own_delegated(struct cgx *cgx, struct cgx_hierarchy *h, struct cgx_unit *ret)
{
	int root = hier_fd(cgx, h);
	const char *own;
	uid_t owner;

	if (layout_own(cgx, h, &own) || cgx_unit_of(cgx, own, ret) != 1 || ret->delegated != 1 || root < 0 ||
	    fs_stat(root, ret->path, &owner, NULL, NULL) || (geteuid() && owner != geteuid()))
		*ret->path = '\0';
}

static void advise_delegation(struct cgx *cgx, struct cgx_hierarchy *h, const struct cgx_unit *u)
{
	const char *user = u->uid == (uid_t)-1 ? "" : " --user", *dot = strrchr(u->name, '.');
	struct cgx_unit own;

	own_delegated(cgx, h, &own);
	if (*own.path && strcmp(own.path, u->path))
		advise(cgx, "%s, where this runs, is delegated: use groups below it; or --force", shell_word(cgx, own.path));
	else if (!strcmp(dot, ".service"))
		advise(cgx, "have it delegated: Delegate=yes in its [Service] (systemctl%s edit %s); or --force", user,
		       shell_word(cgx, u->name));
	else
		advise(cgx, "take a delegated scope: cgx-exec COMMAND, or systemd-run%s --scope -p Delegate=yes COMMAND; "
		       "or --force", user);
}

int unit_check(struct cgx *cgx, struct cgx_hierarchy *h, enum cgx_verb verb, const char *path, const char *file,
	       const char *value)
{
	AUTO_BUF struct buf action = { 0 };
	AUTO_FREE char *label = NULL;
	struct cgx_unit u;

	if (!cgx_unit_of(cgx, path, &u) || (u.delegated && (!u.own || is_delegatees(verb, file))))
		return 0;
	label = strdup(path); /* the words may be made of the path in an older message */
	if (!label)
		return -ENOMEM;
	buf_puts(&action, action_of(verb));
	if (verb == CGX_V_WRITE)
		buf_printf(&action, ": write %.200s to %.200s", value, file);
	fail(cgx, -EPERM, label, buf_text(&action), u.delegated ? "it is what systemd keeps of %s, which it has delegated" :
	     u.own ? "it is the group of systemd's %s" : "it lies in systemd's %s, which is not delegated", u.name);
	if (u.own && verb == CGX_V_WRITE)
		advise_property(cgx, h, &u, file, value);
	else if (u.own && (verb == CGX_V_RMDIR || verb == CGX_V_KILL))
		advise(cgx, "systemctl %sstop %s; or --force", u.uid == (uid_t)-1 ? "" : "--user ", shell_word(cgx, u.name));
	else
		advise_delegation(cgx, h, &u);
	return -EPERM;
}

/* ---- what is delegated ---- */

int unit_controllers(struct cgx *cgx, struct cgx_hierarchy *h, const char *path, cgx_set *ret, char **ret_unit)
{
	AUTO_BUF struct buf file = { 0 }, text = { 0 };
	const char *p, *word;
	struct cgx_unit u;
	size_t len, n;
	cgx_set set = 0;
	int root, r;

	if (h->version != 2 || !cgx_unit_of(cgx, path, &u))
		return 0;
	/* what a user's manager gives away is what it was given itself, and that is set in its own unit */
	if (u.uid != (uid_t)-1) {
		char *end = strstr(u.path, ".service");

		if (!end)
			return 0;
		end[8] = '\0';
		snprintf(u.name, sizeof(u.name), "user@%u.service", (unsigned)u.uid);
	} else if (u.delegated != 1) {
		return 0;
	}
	root = hier_fd(cgx, h);
	if (root < 0)
		return root;
	buf_printf(&file, "%s/cgroup.controllers", u.path);
	r = file.err ? file.err : fs_read(root, buf_text(&file), &text);
	if (r)
		return r == -ENOMEM ? r : 0;
	p = buf_text(&text);
	len = strcspn(p, "\n");
	while (text_word(&p, &len, &word, &n))
		set |= layout_bit(cgx, word, n);
	*ret_unit = strdup(u.name);
	if (!*ret_unit)
		return -ENOMEM;
	*ret = set | CGX_C_CORE;
	return 1;
}

/* "user@1000.service" is set for all users at once. */
static void put_drop_in(struct buf *b, const char *unit)
{
	const char *at = strchr(unit, '@'), *dot = strrchr(unit, '.');

	if (at && dot > at)
		buf_printf(b, "%.*s@%s.d/delegate.conf", (int)(at - unit), unit, dot);
	else
		buf_printf(b, "%s.d/delegate.conf", unit);
}

int unit_not_delegated(struct cgx *cgx, const char *object, const char *unit, cgx_set has, cgx_set missing)
{
	AUTO_FREE char *names = NULL, *all = NULL;
	AUTO_BUF struct buf file = { 0 };
	int r = cgx_set_format(cgx, missing, &names);

	if (!r)
		r = cgx_set_format(cgx, (has | missing) & ~CGX_C_CORE, &all);
	if (r)
		return r;
	for (char *s = all; (s = strchr(s, ','));)
		*s = ' ';
	put_drop_in(&file, unit);
	fail(cgx, -EPERM, object, "use the controllers", "%s %s not delegated to %s", names, strchr(names, ',') ? "are" : "is",
	     unit);
	advise(cgx, "as root: [Service] Delegate=%s in /etc/systemd/system/%s, then systemctl daemon-reload", all,
	       buf_text(&file));
	return -EPERM;
}
