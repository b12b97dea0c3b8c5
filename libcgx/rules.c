/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which group the rules of cgrules.conf give a process. */
#include "rules.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

CGX_API int cgx_rules_new(struct cgx *cgx, struct cgx_rules **ret)
{
	struct cgx_rules *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->cgx = cgx;
	r->proc = r->seen = -1;
	*ret = r;
	return 0;
}

static void cut_templates(struct cgx_rules *r, size_t n)
{
	while (r->n_templates > n) {
		struct templates *t = &r->templates[--r->n_templates];

		cgx_config_free(t->config);
		free(t->file);
	}
}

CGX_API struct cgx_rules *cgx_rules_close(struct cgx_rules *r)
{
	if (!r)
		return NULL;
	rules_cut(r, 0);
	cut_templates(r, 0);
	free(r->templates);
	while (r->n_files)
		free(r->file[--r->n_files]);
	free(r->file);
	free(r->rule);
	buf_free(&r->status);
	buf_free(&r->link);
	buf_free(&r->words);
	buf_free(&r->group_list);
	buf_free(&r->name);
	if (r->seen >= 0)
		close(r->seen);
	if (r->proc >= 0)
		close(r->proc);
	free(r);
	return NULL;
}

/* ---- reading ---- */

CGX_API int cgx_rules_add(struct cgx_rules *r, const char *file, const char *text, size_t len)
{
	if (len > RULES_FILE_MAX)
		return fail(r->cgx, -EFBIG, file, "read the rules", "it is larger than %u bytes", RULES_FILE_MAX);
	return rules_parse(r, file, text, len);
}

static int read_file(struct cgx_rules *r, const char *path)
{
	AUTO_BUF struct buf b = { 0 };
	int err = fs_read_config(r->cgx->fs.fd, path, RULES_FILE_MAX, &b);

	if (err == -EFBIG)
		return fail(r->cgx, err, path, "read the rules", "it is larger than %u bytes", RULES_FILE_MAX);
	if (err)
		return fail(r->cgx, err, path, "read the rules", NULL);
	return rules_parse(r, path, buf_text(&b), b.len);
}

static int is_conf(const char *name)
{
	size_t n = strlen(name);

	return n > 5 && !strcmp(name + n - 5, ".conf");
}

static int read_templates(struct cgx_rules *r, const char *path)
{
	struct templates *more = reallocarray(r->templates, r->n_templates + 1, sizeof(*more));
	AUTO_BUF struct buf b = { 0 };
	AUTO_FREE char *file = NULL;
	int err;

	if (!more)
		return -ENOMEM;
	r->templates = more;
	err = fs_read_config(r->cgx->fs.fd, path, CONFIG_FILE_MAX, &b);
	if (err)
		return fail(r->cgx, err, path, "read the templates", NULL);
	file = strdup(path);
	if (!file)
		return -ENOMEM;
	err = cgx_config_read(r->cgx, file, buf_text(&b), b.len, &more[r->n_templates].config);
	if (!err)
		more[r->n_templates++].file = STEAL(file);
	return err;
}

/* Files by name, so that which rule is first does not change from one day to the next. */
static int read_dir(struct cgx_rules *r, const char *path, int templates)
{
	struct fs_list list = { 0 };
	int err = fs_list_files(r->cgx->fs.fd, path, &list);

	if (err)
		return fail(r->cgx, err, path, "read the rules", NULL);
	for (size_t i = 0; !err && i < list.n; i++) {
		AUTO_BUF struct buf b = { 0 };

		if (list.entry[i].name[0] == '.' || (templates && !is_conf(list.entry[i].name)))
			continue;
		buf_printf(&b, "%s/%s", path, list.entry[i].name);
		err = b.err ? b.err : templates ? read_templates(r, buf_text(&b)) : read_file(r, buf_text(&b));
	}
	fs_list_free(&list);
	return err;
}

CGX_API int cgx_rules_read(struct cgx_rules *r, const char *path)
{
	AUTO_CLOSE int dir = fs_dir(r->cgx->fs.fd, path + strspn(path, "/"));
	size_t before = r->n;
	int err = dir >= 0 ? read_dir(r, path, 0) : read_file(r, path);

	if (err)
		rules_cut(r, before);
	return err;
}

CGX_API int cgx_rules_read_templates(struct cgx_rules *r, const char *path)
{
	AUTO_CLOSE int dir = fs_dir(r->cgx->fs.fd, path + strspn(path, "/"));
	size_t before = r->n_templates;
	int err = dir >= 0 ? read_dir(r, path, 1) : read_templates(r, path);

	if (err)
		cut_templates(r, before);
	return err;
}

/* Those of a default block are for templates that have none. */
static void take_default(const struct cgx_rules *r, struct cgx_config_block *b)
{
	for (size_t i = r->n_templates; i-- > 0;) {
		const struct cgx_config *c = r->templates[i].config;
		struct cgx_config_block d;
		size_t at;

		if (cgx_config_find(c, CGX_CONFIG_DEFAULT, "", &at) || cgx_config_block(c, at, &d) || !d.has_perm)
			continue;
		b->has_perm = 1;
		b->perm = d.perm;
		return;
	}
}

CGX_API int cgx_rules_template_at(const struct cgx_rules *r, size_t index, struct cgx_rules_template *ret)
{
	for (size_t i = 0; i < r->n_templates; i++) {
		struct cgx_config_block b;

		for (size_t k = 0; !cgx_config_block(r->templates[i].config, k, &b); k++) {
			if (b.kind != CGX_CONFIG_TEMPLATE || index--)
				continue;
			if (!b.has_perm)
				take_default(r, &b);
			*ret = (struct cgx_rules_template){ r->templates[i].file, r->templates[i].config, k, b };
			return 0;
		}
	}
	return -ENOENT;
}

CGX_API int cgx_rules_by_identity(const struct cgx_rules *r)
{
	return (r->asks & RULES_ASK_IDS) != 0;
}

CGX_API int cgx_rules_at(const struct cgx_rules *r, size_t index, struct cgx_rule *ret)
{
	const struct rule *rule = index < r->n ? &r->rule[index] : NULL;

	if (!rule)
		return -ENOENT;
	*ret = (struct cgx_rule){
		.file = r->file[rule->file], .line = rule->line, .who = rule->who, .name = rule->name,
		.id = rule->id, .resolved = rule->resolved, .process = rule->process,
		.controllers = rule->controllers, .destination = rule->destination, .flags = rule->flags,
	};
	return 0;
}

CGX_API int cgx_rules_resolve(struct cgx_rules *r, size_t index, id_t id)
{
	struct rule *rule = index < r->n ? &r->rule[index] : NULL;

	if (!rule)
		return -ENOENT;
	if (rule->who != CGX_RULE_USER && rule->who != CGX_RULE_GROUP)
		return -EINVAL;
	rule->id = id;
	rule->resolved = 1;
	return 0;
}

/* ---- a process ---- */

/* The kernel adds it to the name of a program whose file is gone. */
static void cut_deleted(struct buf *b)
{
	static const char mark[] = " (deleted)";
	size_t n = sizeof(mark) - 1;

	if (b->len > n && !strcmp(b->s + b->len - n, mark))
		b->s[b->len -= n] = '\0';
}

/* A file of a process, in /proc. */
static const char *file_of(char (*path)[48], pid_t pid, const char *name)
{
	char *at = *path + 11;

	memcpy(at, name, strnlen(name, 36) + 1);
	*--at = '/';
	return num_put(at, (unsigned)pid);
}

static int read_file_of(const struct cgx_rules *r, pid_t pid, const char *name, struct buf *b)
{
	char path[48];

	return fs_read(r->proc, file_of(&path, pid, name), b);
}

/* The numeric field of /proc/PID/stat, counted from 1 as proc(5) does, behind the third; 0 unknown. */
static uint64_t stat_field(const struct cgx_rules *r, pid_t pid, int field)
{
	AUTO_BUF struct buf b = { 0 };
	const char *p, *word;
	size_t len, n;
	uint64_t value = 0;

	if (read_file_of(r, pid, "stat", &b) || !(p = strrchr(buf_text(&b), ')')))
		return 0;
	p++;
	len = strlen(p);
	for (int i = 3; i <= field; i++)
		if (!text_word(&p, &len, &word, &n))
			return 0;
	num_scan(&word, &value);
	return value;
}

static int is_realtime(const struct cgx_rules *r, pid_t pid)
{
	uint64_t policy = stat_field(r, pid, 41);

	return policy == SCHED_FIFO || policy == SCHED_RR || policy == SCHED_DEADLINE;
}

/* A kernel thread has no program; neither has a process that is ending, which is as good as gone. */
static int is_kernel_thread(const struct cgx_rules *r, pid_t pid)
{
	return (stat_field(r, pid, 9) & 0x00200000) != 0; /* PF_KTHREAD */
}

/* The kernel cuts a name at 15 bytes; another one belongs to a script, or was chosen by the process. */
static int is_of_program(const char *comm, const char *exe)
{
	const char *base = strrchr(exe, '/');

	return !strncmp(base ? base + 1 : exe, comm, 15);
}

static void look_script(struct cgx_rules *r, struct cgx_subject *s)
{
	if (is_of_program(s->comm, s->exe))
		return;
	r->just_now = 0;
	if (!read_file_of(r, s->pid, "cmdline", &r->words))
		s->script = rules_script(buf_text(&r->words), r->words.len, s->comm);
}

/* status costs the kernel more than all the rest, and most rules need nothing that is only there. */
static int look_ids(struct cgx_rules *r, struct cgx_subject *s)
{
	char name[16];
	int err;

	if (r->live && !(r->asks & RULES_ASK_GROUPS)) {
		snprintf(name, sizeof(name), "%d", (int)s->pid);
		return fs_stat_name(r->proc, name, &s->uid, &s->gid, NULL);
	}
	err = read_file_of(r, s->pid, "status", &r->status);
	return err ? err : rules_status(buf_text(&r->status), s, &r->group_list);
}

static int look_program(struct cgx_rules *r, struct cgx_subject *s)
{
	char path[48];
	int err = fs_read_link(r->proc, file_of(&path, s->pid, "exe"), &r->link);

	if (err == -ENOENT && is_kernel_thread(r, s->pid))
		return 0;
	if (err)
		return err;
	cut_deleted(&r->link);
	s->exe = buf_text(&r->link);
	return 0;
}

/* Its name, or -ESRCH: it is not there any more, and what has been read since see() may be of another. */
static int look_again(struct cgx_rules *r, struct cgx_subject *s)
{
	int err = fs_reread(r->seen, &r->name);
	size_t len = r->name.len;

	if (err || !len)
		return err;
	if (r->name.s[len - 1] == '\n')
		len--;
	if (len >= sizeof(s->comm))
		len = sizeof(s->comm) - 1;
	memcpy(s->comm, r->name.s, len);
	s->comm[len] = '\0';
	return 0;
}

static int turn_to(struct cgx_rules *r, pid_t pid)
{
	if (r->seen >= 0)
		close(r->seen);
	r->seen = -1;
	r->named = 0;
	r->pid = pid;
	if (r->proc >= 0)
		return 0;
	r->proc = fs_dir(r->cgx->fs.fd, "proc");
	if (r->proc < 0)
		return r->proc;
	r->live = fs_is_proc(r->proc);
	return 0;
}

/* A recorded machine may lack the file, and nobody is moved there. */
static int see(struct cgx_rules *r, pid_t pid)
{
	char path[48];
	int err = turn_to(r, pid);

	if (err || !r->live)
		return err;
	r->seen = fs_open_proc(r->proc, file_of(&path, pid, "comm"));
	return r->seen < 0 ? r->seen : 0;
}

static int fail_look(struct cgx_rules *r, pid_t pid, int err)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return fail(r->cgx, err, path, "look at the process", NULL);
}

CGX_API int cgx_rules_look(struct cgx_rules *r, pid_t pid, struct cgx_subject *ret)
{
	struct cgx_subject s = { .pid = pid };
	int err = see(r, pid);

	if (!err && (!r->live || r->asks & RULES_ASK_IDS))
		err = look_ids(r, &s);
	if (!err && r->asks & RULES_ASK_PROCESS)
		err = look_program(r, &s);
	if (!err && r->live)
		err = look_again(r, &s);
	if (err)
		return fail_look(r, pid, err == -ENOENT ? -ESRCH : err);
	r->just_now = !(r->asks & RULES_ASK_POLICY);
	if (s.exe)
		look_script(r, &s);
	if (r->asks & RULES_ASK_POLICY)
		s.realtime = is_realtime(r, pid);
	*ret = s;
	return 0;
}

/*
 * 1 it is known by its program alone, which costs a third; -ENOENT it has ended, since who executes has one; 0 it has to be
 * looked at in full: a name that is another than the program's may be a script's, or that of what it was before, and then both
 * have to be read at one time.
 */
static int look_by_name(struct cgx_rules *r, const char *comm, struct cgx_subject *s)
{
	char path[48];
	int err;

	if (turn_to(r, s->pid) || !r->live)
		return 0;
	err = fs_read_link(r->proc, file_of(&path, s->pid, "exe"), &r->link);
	if (err)
		return err == -ENOENT ? err : 0;
	cut_deleted(&r->link);
	if (!is_of_program(comm, buf_text(&r->link)))
		return 0;
	s->exe = buf_text(&r->link);
	memcpy(s->comm, comm, strnlen(comm, sizeof(s->comm) - 1));
	buf_reset(&r->name);
	buf_puts(&r->name, s->comm);
	if (r->name.err)
		return 0;
	r->named = r->just_now = 1;
	return 1;
}

CGX_API int cgx_rules_look_named(struct cgx_rules *r, pid_t pid, const char *comm, struct cgx_subject *ret)
{
	struct cgx_subject s = { .pid = pid };
	int known = r->asks == RULES_ASK_PROCESS ? look_by_name(r, comm, &s) : 0;

	if (!known)
		return cgx_rules_look(r, pid, ret);
	if (known < 0)
		return fail_look(r, pid, -ESRCH);
	*ret = s;
	return 0;
}

/* Who was only named is held from now on. Whoever has the number, his program and name are what the rules went by. */
static int hold(struct cgx_rules *r)
{
	AUTO_BUF struct buf told = { 0 };
	AUTO_BUF struct buf link = { 0 };
	char path[48];
	int err;

	buf_puts(&told, buf_text(&r->name));
	err = told.err ? told.err : see(r, r->pid);
	if (!err)
		err = fs_read_link(r->proc, file_of(&path, r->pid, "exe"), &link);
	if (!err)
		err = fs_reread(r->seen, &r->name);
	cut_deleted(&link);
	buf_putc(&told, '\n');
	if (!err && (strcmp(buf_text(&told), buf_text(&r->name)) || strcmp(buf_text(&link), buf_text(&r->link)))) {
		err = -ESRCH;
		turn_to(r, 0);
	}
	return err == -ENOENT ? -ESRCH : err;
}

static int has_ended(struct cgx_rules *r, const struct cgx_group *g)
{
	int err = r->named ? hold(r) : r->seen < 0 ? -ESRCH : fs_reread(r->seen, &r->name);

	return err ? fail(r->cgx, err, g->path, "move a process in", err == -ESRCH ? "the process has ended" : NULL) : 0;
}

CGX_API int cgx_rules_take(struct cgx_rules *r, struct cgx_group *g, unsigned flags)
{
	AUTO_BUF struct buf groups = { 0 };
	int err = flags & CGX_TAKE_BLINDLY ? 0 : layout_read_pid(r->cgx, r->pid, &groups), moved;

	/* a move may wait for the kernel, so before a second one it is asked again */
	if (!err && !(flags & CGX_TAKE_BLINDLY && r->just_now))
		err = has_ended(r, g);
	r->just_now = 0;
	if (err)
		return err;
	moved = group_take(g, r->pid, buf_text(&groups));
	/* whatever the kernel says of one that ended meanwhile */
	return moved < 0 && has_ended(r, g) == -ESRCH ? -ESRCH : moved;
}

/* ---- matching ---- */

static int in_group(const struct cgx_subject *s, gid_t gid)
{
	if (s->gid == gid)
		return 1;
	for (size_t i = 0; i < s->n_groups; i++)
		if (s->groups[i] == gid)
			return 1;
	return 0;
}

static int is_meant(const struct rule *rule, const struct cgx_subject *s)
{
	if (!rule->resolved)
		return 0;
	switch (rule->who) {
	case CGX_RULE_ALL:
		return rules_same_process(rule, s);
	case CGX_RULE_USER:
		return s->uid == (uid_t)rule->id && rules_same_process(rule, s);
	case CGX_RULE_GROUP:
		return in_group(s, (gid_t)rule->id) && rules_same_process(rule, s);
	case CGX_RULE_MORE:
		break;
	}
	return 0;
}

CGX_API enum cgx_rules_verdict cgx_rules_match(const struct cgx_rules *r, const struct cgx_subject *s, size_t *ret_first,
					       size_t *ret_count)
{
	for (size_t i = 0; i < r->n; i++) {
		size_t n = 1;

		if (!is_meant(&r->rule[i], s))
			continue;
		while (i + n < r->n && r->rule[i + n].who == CGX_RULE_MORE)
			n++;
		*ret_first = i;
		*ret_count = n;
		if (r->rule[i].flags & CGX_RULE_IGNORE || (r->rule[i].flags & CGX_RULE_IGNORE_RT && s->realtime))
			return CGX_RULES_LEAVE;
		return CGX_RULES_PLACE;
	}
	return CGX_RULES_NONE;
}

/* ---- where to ---- */

/* "FILE:LINE", for words. */
static const char *origin(const struct cgx_rules *r, const struct rule *rule, struct buf *b)
{
	buf_printf(b, "%s:%u", r->file[rule->file], rule->line);
	return buf_text(b);
}

CGX_API int cgx_rules_path(struct cgx_rules *r, size_t index, const struct cgx_subject *s, char **ret)
{
	AUTO_BUF struct buf b = { 0 };
	AUTO_BUF struct buf at = { 0 };
	int err;

	if (index >= r->n)
		return fail(r->cgx, -ENOENT, "rules", "find the destination", "there is no such rule");
	err = rules_expand(r->rule[index].destination, s, &b);
	if (err)
		return fail(r->cgx, err, origin(r, &r->rule[index], &at), "name the group", NULL);
	return buf_steal(&b, ret);
}

CGX_API int cgx_rules_group(struct cgx_rules *r, size_t index, const struct cgx_subject *s, struct cgx_group **ret)
{
	AUTO_FREE char *path = NULL;
	int err = cgx_rules_path(r, index, s, &path);

	return err ? err : cgx_group_open(r->cgx, path, r->rule[index].controllers, ret);
}
