/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-save: groups, permissions and settings as a file that cgx-apply takes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/kept.h"
#include "ui/frame.h"
#include "ui/json.h"
#include "ui/message.h"
#include "ui/replace.h"
#include "util/buf.h"
#include "util/cleanup.h"

struct spec {
	const char *controllers, *output, *deny, *allow;
	int silent, strict;
};

#define LIKE_CGSNAPSHOT 1

static const struct opt options[] = {
	{ 'c', "controllers", "LIST", OPT_STRING, offsetof(struct spec, controllers), "settings of these controllers alone",
	  COMPLETE_CONTROLLER, .who = WHO_NATIVE },
	{ 'f', "file", "FILE", OPT_STRING, offsetof(struct spec, output), "write to this file", COMPLETE_FILE },
	{ 'b', "denylist", "FILE", OPT_STRING, offsetof(struct spec, deny), "leave out the settings named in this file",
	  COMPLETE_FILE },
	{ 'w', "allowlist", "FILE", OPT_STRING, offsetof(struct spec, allow),
	  "warn of settings that this file does not name", COMPLETE_FILE },
	{ 0, "blacklist", "FILE", OPT_STRING, offsetof(struct spec, deny), "as --denylist", COMPLETE_FILE,
	  .who = WHO_COMPAT },
	{ 0, "whitelist", "FILE", OPT_STRING, offsetof(struct spec, allow), "as --allowlist", COMPLETE_FILE,
	  .who = WHO_COMPAT },
	{ 't', "strict", NULL, OPT_FLAG, offsetof(struct spec, strict), "leave out what the list of -w does not name" },
	{ 's', "silent", NULL, OPT_FLAG, offsetof(struct spec, silent), "no warnings" },
	OPT_END
};

static const char *const synopsis[] = { "[-c LIST] [-f FILE] [GROUP...]", NULL };
static const struct example examples[] = {
	{ "cgx-save web >web.conf", "a group and all below it" },
	{ "cgx-save --json -f all.json", "every group of this host" },
	{ NULL, NULL }
};
static const char *const snapshot_synopsis[] = { "[-s] [-t] [-b FILE] [-w FILE] [-f FILE] [CONTROLLER...]", NULL };
static const struct compat compat[] = {
	{ "cgsnapshot", LIKE_CGSNAPSHOT, snapshot_synopsis, "Groups as a cgconfig.conf, as libcgroup's cgsnapshot",
	  .positional = { COMPLETE_CONTROLLER } },
	{ NULL }
};

struct names {
	char **v;
	size_t n;
};
struct job {
	struct frame *f;
	const struct spec *spec;
	cgx_set controllers; /* 0 all */
	struct names deny, allow;
	struct json *json;
	size_t lost;         /* groups or settings that the form cannot say */
};

/* ---- lists ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int has_name(const struct names *l, const char *name)
{
	return l->n && bsearch(&name, l->v, l->n, sizeof(*l->v), by_text);
}

static int add_name(struct names *l, const char *line)
{
	size_t skip = strspn(line, " \t"), len = strcspn(line + skip, " \t\r\n#");
	char **more;

	if (!len)
		return 0;
	more = reallocarray(l->v, l->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	l->v = more;
	more[l->n] = strndup(line + skip, len);
	return more[l->n++] ? 0 : -ENOMEM;
}

/* One name a line, # begins a comment. */
static int read_names(const struct frame *f, const char *path, struct names *ret)
{
	AUTO_FREE char *line = NULL;
	size_t cap = 0;
	FILE *in = path ? fopen(path, "re") : NULL;
	int r = 0;

	if (!path)
		return 0;
	if (!in)
		return msg_errno(f, errno, path, "open");
	while (!r && getline(&line, &cap, in) > 0)
		r = add_name(ret, line);
	fclose(in);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_text);
	return r;
}

static void free_names(struct names *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
}

/* ---- permissions ---- */

struct perm {
	struct cgx_owner dir, files, tasks;
};

/* 1: somebody else than root has a say, or modes are not those that the kernel gives. */
static int find_perm(const struct job *j, struct cgx_group *g, struct perm *ret)
{
	const struct cgx_hierarchy *h;

	for (size_t i = 0; (h = cgx_hierarchy_at(j->f->cgx, i)); i++) {
		const char *path = cgx_group_path_in(g, h);
		int v1 = cgx_hierarchy_version(h) == 1;

		if (!path || cgx_group_owner(g, h, NULL, &ret->dir) ||
		    cgx_group_owner(g, h, v1 ? "cgroup.procs" : "cgroup.max.depth", &ret->files) ||
		    cgx_group_owner(g, h, v1 ? "tasks" : "cgroup.procs", &ret->tasks))
			continue;
		return ret->dir.uid || ret->dir.gid || ret->files.uid || ret->files.gid || ret->tasks.uid || ret->tasks.gid ||
		       ret->dir.mode != 0755 || ret->files.mode != 0644 || ret->tasks.mode != 0644;
	}
	return 0;
}

static void print_perm(const struct perm *p)
{
	printf("\tperm {\n\t\ttask {\n\t\t\tuid = %u;\n\t\t\tgid = %u;\n\t\t\tfperm = %o;\n\t\t}\n", p->tasks.uid, p->tasks.gid,
	       p->tasks.mode);
	printf("\t\tadmin {\n\t\t\tuid = %u;\n\t\t\tgid = %u;\n\t\t\tdperm = %o;\n\t\t\tfperm = %o;\n\t\t}\n\t}\n", p->dir.uid,
	       p->dir.gid, p->dir.mode, p->files.mode);
}

static void add_text(struct json *j, const char *key, const char *format, unsigned n)
{
	AUTO_BUF struct buf b = { 0 };

	if (*format == 'o')
		buf_printf(&b, "%04o", n);
	else
		buf_printf(&b, "%u", n);
	json_add_string(j, key, buf_text(&b));
}

static void add_perm(struct json *j, const struct perm *p)
{
	json_open_object(j, "permissions");
	add_text(j, "task_uid", "u", p->tasks.uid);
	add_text(j, "task_gid", "u", p->tasks.gid);
	add_text(j, "task_fperm", "o", p->tasks.mode);
	add_text(j, "admin_uid", "u", p->dir.uid);
	add_text(j, "admin_gid", "u", p->dir.gid);
	add_text(j, "admin_dperm", "o", p->dir.mode);
	add_text(j, "admin_fperm", "o", p->files.mode);
	json_close(j);
}

/* ---- settings ---- */

static int is_listed(struct job *j, const char *name)
{
	if (!kept_setting(name) || has_name(&j->deny, name))
		return 0;
	if (!j->spec->allow || has_name(&j->allow, name))
		return 1;
	if (!j->spec->silent)
		msg_warn(j->f, "%s: %s", name, j->spec->strict ? "left out: the list does not name it" : "the list does not name it");
	return !j->spec->strict;
}

static const char *kernel_name(struct cgx *cgx, cgx_set bit)
{
	const struct cgx_controller *c;

	if (bit & CGX_C_CORE)
		return "cgroup";
	for (size_t i = 0; (c = cgx_controller_at(cgx, i)); i++)
		if (cgx_controller_bit(c) & bit)
			return cgx_controller_kernel_name(c);
	return NULL;
}

/* On v2 blkio is io. */
static const char *controller_word(struct cgx *cgx, cgx_set bit)
{
	const struct cgx_controller *c;

	for (size_t i = 0; (c = cgx_controller_at(cgx, i)); i++)
		if (cgx_controller_bit(c) & bit && cgx_controller_hierarchy(c) &&
		    cgx_hierarchy_version(cgx_controller_hierarchy(c)) == 2)
			return cgx_controller_name(c);
	return kernel_name(cgx, bit);
}

static int print_setting(struct job *j, const char *path, const char *name, const char *value)
{
	const char *line = value;

	while (*line) {
		size_t len = strcspn(line, "\n");
		AUTO_FREE char *one = strndup(line, len), *word = NULL;
		int r = one ? cgx_config_word(j->f->cgx, one, &word) : -ENOMEM;

		if (r == -EINVAL) {
			j->lost++;
			msg_warn(j->f, "%s: %s is left out: %s", path, name, cgx_error(j->f->cgx));
		} else if (r) {
			return r;
		} else if (len) {
			printf("\t\t%s = %s;\n", name, word);
		}
		line += len + (line[len] == '\n');
	}
	return 0;
}

/* v1's soft limit is unlimited where nothing is set, which as memory.low would be the opposite. */
static int is_unset(const struct job *j, const char *name, const char *value)
{
	const struct cgx_controller *c;

	if (strcmp(name, "memory.low") || strcmp(value, "max"))
		return 0;
	for (size_t i = 0; (c = cgx_controller_at(j->f->cgx, i)); i++)
		if (cgx_controller_bit(c) == CGX_C_MEMORY)
			return cgx_controller_hierarchy(c) && cgx_hierarchy_version(cgx_controller_hierarchy(c)) == 1;
	return 0;
}

static int save_controller(struct job *j, struct cgx_group *g, cgx_set bit)
{
	const char *word = controller_word(j->f->cgx, bit);
	char **list = NULL;
	int r;

	if (!word)
		return 0;
	r = cgx_list(g, bit, j->json ? 0 : CGX_LIST_RAW, &list);
	if (r)
		return r == -ENOMEM ? r : 0;
	if (!j->json)
		printf("\t%s {\n", word);
	for (size_t i = 0; list[i] && !r; i++) {
		AUTO_FREE char *value = NULL;
		const struct cgx_setting *row = cgx_setting_find(list[i]);

		if (!row || !(cgx_setting_controller(row) & bit) || !is_listed(j, list[i]) ||
		    (j->json ? cgx_get(g, list[i], &value) : cgx_get_raw(g, list[i], &value)) || !*value)
			continue;
		if (j->json && !is_unset(j, list[i], value))
			json_add_string(j->json, list[i], value);
		else if (j->json)
			continue;
		else
			r = print_setting(j, cgx_group_path(g), list[i], value);
	}
	if (!j->json)
		puts("\t}");
	cgx_list_free(list);
	return r;
}

static int save_settings(struct job *j, struct cgx_group *g, cgx_set has)
{
	int r = 0;

	for (int i = 0; !r && i < 64; i++)
		if (has >> i & 1 && 1ull << i != CGX_C_OTHER && 1ull << i != CGX_C_CORE)
			r = save_controller(j, g, 1ull << i);
	return r;
}

/* ---- groups ---- */

/* A named hierarchy has no settings and a manager of its own. */
static cgx_set without_named(struct cgx *cgx, cgx_set set)
{
	const struct cgx_controller *c;

	for (size_t i = 0; (c = cgx_controller_at(cgx, i)); i++)
		if (!strncmp(cgx_controller_kernel_name(c), "name=", 5))
			set &= ~cgx_controller_bit(c);
	return set;
}

static int has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (; *text; text += strcspn(text, " "), text += strspn(text, " "))
		if (strcspn(text, " ") == len && !strncmp(text, word, len))
			return 1;
	return 0;
}

static int is_on_v2(struct cgx *cgx, const struct cgx_group *g)
{
	const struct cgx_hierarchy *h;

	for (size_t i = 0; (h = cgx_hierarchy_at(cgx, i)); i++)
		if (cgx_hierarchy_version(h) == 2 && cgx_group_path_in(g, h))
			return 1;
	return 0;
}

/* A group of the v2 tree has those controllers that are enabled for it; what is saved must not enable more. */
static cgx_set only_enabled(struct cgx *cgx, struct cgx_group *g, cgx_set set)
{
	AUTO_FREE char *enabled = NULL;
	const struct cgx_controller *c;

	if (!is_on_v2(cgx, g) || cgx_get_raw(g, "cgroup.controllers", &enabled))
		return set;
	for (size_t i = 0; (c = cgx_controller_at(cgx, i)); i++) {
		const struct cgx_hierarchy *h = cgx_controller_hierarchy(c);

		if (h && cgx_hierarchy_version(h) == 2 && !has_word(enabled, cgx_controller_name(c)))
			set &= ~cgx_controller_bit(c);
	}
	return set;
}

static int save_group(struct job *j, const struct cgx_entry *e)
{
	AUTO_FREE char *word = NULL;
	struct perm perm;
	struct cgx_group *g;
	cgx_set has = without_named(j->f->cgx, j->controllers ? e->controllers & j->controllers : e->controllers);
	int r = j->json ? 0 : cgx_config_word(j->f->cgx, e->path, &word), own;

	if (!has)
		return 0;
	if (r == -EINVAL) {
		j->lost++;
		msg_warn(j->f, "%s is left out: a name with a quote or a newline has no form here; --json has one", e->path);
		return 0;
	}
	if (!r)
		r = cgx_group_open(j->f->cgx, e->path, e->controllers, &g);
	if (r)
		return r;
	has = only_enabled(j->f->cgx, g, has);
	own = find_perm(j, g, &perm);
	if (j->json) {
		json_open_object(j->json, NULL);
		json_add_string(j->json, "path", e->path);
		json_open_array(j->json, "controllers");
		for (int i = 0; i < 64; i++)
			if (has >> i & 1 && 1ull << i != CGX_C_CORE && kernel_name(j->f->cgx, 1ull << i))
				json_add_string(j->json, NULL, controller_word(j->f->cgx, 1ull << i));
		json_close(j->json);
		if (own)
			add_perm(j->json, &perm);
		json_open_object(j->json, "settings");
		r = save_settings(j, g, has);
		json_close(j->json);
		json_close(j->json);
	} else {
		printf("group %s {\n", word);
		if (own)
			print_perm(&perm);
		r = save_settings(j, g, has);
		puts("}\n");
	}
	cgx_group_close(g);
	return r;
}

/* The root is everybody's: what is set there belongs to the machine. */
static int save_tree(struct job *j, const char *path)
{
	struct cgx_entry e;
	struct cgx_walk *w;
	int r = cgx_walk_open(j->f->cgx, path, j->controllers, -1, &w);

	if (r)
		return r;
	while ((r = cgx_walk_next(w, &e)) > 0 && r != -ENOMEM) {
		r = strcmp(e.path, "/") ? save_group(j, &e) : 0;
		if (r < 0 && r != -ENOENT)
			break;
	}
	cgx_walk_close(w);
	return r;
}

static int save_all(struct job *j, int argc, char **argv)
{
	int r = 0;

	if (!argc || j->f->like)
		return save_tree(j, "/");
	for (int i = 0; !r && i < argc; i++)
		r = save_tree(j, argv[i]);
	return r;
}

/* cgsnapshot's words are controllers. */
static int find_controllers(struct job *j, int argc, char **argv)
{
	int r = j->spec->controllers ? cgx_set_parse(j->f->cgx, j->spec->controllers, &j->controllers) : 0;

	for (int i = 0; !r && j->f->like && i < argc; i++) {
		cgx_set one;

		r = cgx_set_parse(j->f->cgx, argv[i], &one);
		if (!r)
			j->controllers |= one;
	}
	return r;
}

static int finish_json(struct job *j, int r)
{
	if (!r) {
		json_close(j->json);
		json_close(j->json);
		r = json_print(j->json, j->f);
	}
	json_free(j->json);
	return r;
}

static int save_out(struct job *j, int argc, char **argv)
{
	if (!j->f->json) {
		printf("# Made by %s.\n\n", j->f->called_as);
		return save_all(j, argc, argv);
	}
	if (json_new(j->f, &j->json) < 0)
		return frame_failed(j->f);
	json_open_object(j->json, NULL);
	json_open_array(j->json, "groups");
	return finish_json(j, save_all(j, argc, argv));
}

/* What was in the file stays until all is there that comes into its place. */
static int save_to(struct job *j, int argc, char **argv)
{
	struct replace file;
	int err = replace_begin(&file, j->spec->output), r, end;

	if (err)
		return msg_errno(j->f, err, j->spec->output, "write");
	err = dup2(fileno(file.to), STDOUT_FILENO) < 0 ? -errno : 0;
	r = err ? err : save_out(j, argc, argv);
	if (!err && fflush(stdout) == EOF)
		err = -errno;
	else if (!err && ferror(stdout)) /* at a message between, whose cause is lost */
		r = msg_error(j->f, NULL, "%s: write: not all of it could be written", j->spec->output);
	clearerr(stdout); /* it is told */
	end = replace_end(&file, !r && !err);
	err = err ? err : end;
	return err ? msg_errno(j->f, err, j->spec->output, "write") : r;
}

static int save(struct job *j, int argc, char **argv)
{
	int r = find_controllers(j, argc, argv);

	if (!r)
		r = read_names(j->f, j->spec->deny, &j->deny);
	if (!r)
		r = read_names(j->f, j->spec->allow, &j->allow);
	if (r)
		return r;
	return j->spec->output ? save_to(j, argc, argv) : save_out(j, argc, argv);
}

static int run(struct frame *f, void *data, int argc, char **argv)
{
	struct job j = { .f = f, .spec = data };
	int r = save(&j, argc, argv);

	free_names(&j.deny);
	free_names(&j.allow);
	return r || !j.lost ? r : frame_failed(f);
}

static const struct tool tool = {
	.name = "cgx-save",
	.summary = "Write groups, permissions and settings as a file",
	.synopsis = synopsis,
	.description = "In the form of cgconfig.conf with this host's own names, or as JSON with those of v2; cgx-apply takes "
		       "both, on any host. Counters, actions and the root group are left out.",
	.examples = examples,
	.options = options,
	.spec_size = sizeof(struct spec),
	.flags = TOOL_DATA,
	.positional = { COMPLETE_GROUP },
	.compat = compat,
	.run = run,
};

int main(int argc, char **argv)
{
	return frame_main(&tool, argc, argv);
}
