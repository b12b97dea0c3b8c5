/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of groups: read and put in one list. */
#include "want.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ui/json_read.h"
#include "ui/message.h"
#include "util/buf.h"
#include "util/cleanup.h"
#include "util/num.h"

#define FILE_MAX (16u << 20)

void want_free(struct want_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->want[i].setting);
	for (size_t i = 0; i < l->n_configs; i++)
		cgx_config_free(l->config[i]);
	for (size_t i = 0; i < l->n_json; i++)
		json_tree_free(l->json[i]);
	for (size_t i = 0; i < l->n_names; i++)
		free(l->name[i]);
	free(l->name);
	free(l->want);
	free(l->mount);
	free(l->space);
	free(l->config);
	free(l->json);
	*l = (struct want_list){ 0 };
}

/* libcgroup's "." is the root. */
static const char *path_of(const char *name)
{
	while (!strncmp(name, "./", 2))
		name += 2;
	return strcmp(name, ".") && *name ? name : "/";
}

static struct want *add_want(struct want_list *l, const char *file, unsigned line, const char *name)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 64;
		struct want *more = reallocarray(l->want, cap, sizeof(*more));

		if (!more)
			return NULL;
		l->want = more;
		l->cap = cap;
	}
	l->want[l->n] = (struct want){ .file = file, .line = line, .path = path_of(name) };
	return &l->want[l->n++];
}

static int add_pair(struct want_pair **list, size_t *n, const char *file, const struct cgx_config_setting *s)
{
	struct want_pair *more = reallocarray(*list, *n + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	*list = more;
	more[(*n)++] = (struct want_pair){ file, s->line, s->name, s->value };
	return 0;
}

/* ---- cgconfig.conf ---- */

static int take_group(struct want_list *l, const char *file, const struct cgx_config *c, size_t i,
		      const struct cgx_config_block *b)
{
	struct want *w = add_want(l, file, b->line, b->name);
	struct cgx_config_setting s;
	size_t n = 0;

	if (!w)
		return -ENOMEM;
	w->in_spaces = 1;
	w->has_perm = b->has_perm;
	w->perm = b->perm;
	while (!cgx_config_setting(c, i, n, &s))
		n++;
	w->setting = calloc(n ? n : 1, sizeof(*w->setting));
	if (!w->setting)
		return -ENOMEM;
	for (; w->n < n; w->n++) {
		cgx_config_setting(c, i, w->n, &s);
		w->setting[w->n] = (struct want_setting){ s.controller, s.name, s.value, s.line };
	}
	return 0;
}

static int take_pairs(struct want_list *l, const char *file, const struct cgx_config *c, size_t i, int space)
{
	struct cgx_config_setting s;
	int r = 0;

	for (size_t k = 0; !r && !cgx_config_setting(c, i, k, &s); k++)
		r = space ? add_pair(&l->space, &l->n_spaces, file, &s) : add_pair(&l->mount, &l->n_mounts, file, &s);
	return r;
}

static int take_config(const struct frame *f, struct want_list *l, const char *file, const struct cgx_config *c)
{
	struct cgx_config_block b;
	int r = 0;

	for (size_t i = 0; !r && !cgx_config_block(c, i, &b); i++)
		switch (b.kind) {
		case CGX_CONFIG_GROUP:
			r = take_group(l, file, c, i, &b);
			break;
		case CGX_CONFIG_MOUNT:
		case CGX_CONFIG_NAMESPACE:
			r = take_pairs(l, file, c, i, b.kind == CGX_CONFIG_NAMESPACE);
			break;
		case CGX_CONFIG_DEFAULT:
			l->has_default = b.has_perm;
			l->by_default = b.perm;
			break;
		case CGX_CONFIG_SYSTEMD:
			msg_warn(f, "%s:%u: the systemd block is left out", file, b.line);
			break;
		case CGX_CONFIG_TEMPLATE: /* for those who are placed by rules, later */
			break;
		}
	return r;
}

static int read_config(const struct frame *f, const char *file, const struct buf *text, struct want_list *l)
{
	struct cgx_config **more = reallocarray(l->config, l->n_configs + 1, sizeof(*more));
	int r;

	if (!more)
		return -ENOMEM;
	l->config = more;
	r = cgx_config_read(f->cgx, file, buf_text(text), text->len, &more[l->n_configs]);
	if (r)
		return r;
	return take_config(f, l, file, more[l->n_configs++]);
}

/* ---- JSON ---- */

static int mode_of(const struct json_value *v, int *ret, struct buf *why)
{
	const char *text;
	unsigned n;
	int r = json_string(v, &text, why);

	if (r <= 0)
		return r;
	if (num_mode(text, &n))
		return json_fault(v, why, "no mode: octal digits, 0 to 7777");
	*ret = (int)n;
	return 0;
}

static int take_json_perm(const struct json_value *v, struct want *w, struct buf *why)
{
	static const struct { const char *key; size_t at; } names[] = {
		{ "task_uid", offsetof(struct cgx_config_perm, task_uid) },
		{ "task_gid", offsetof(struct cgx_config_perm, task_gid) },
		{ "admin_uid", offsetof(struct cgx_config_perm, admin_uid) },
		{ "admin_gid", offsetof(struct cgx_config_perm, admin_gid) },
	};
	int r = 0;

	if (!v || v->kind == JSON_NULL)
		return 0;
	w->has_perm = 1;
	w->perm = (struct cgx_config_perm){ .task_fperm = -1, .admin_fperm = -1, .admin_dperm = -1 };
	for (size_t i = 0; r >= 0 && i < sizeof(names) / sizeof(names[0]); i++)
		r = json_string(json_member(v, names[i].key), (const char **)((char *)&w->perm + names[i].at), why);
	if (r >= 0)
		r = mode_of(json_member(v, "task_fperm"), &w->perm.task_fperm, why);
	if (r >= 0)
		r = mode_of(json_member(v, "admin_fperm"), &w->perm.admin_fperm, why);
	if (r >= 0)
		r = mode_of(json_member(v, "admin_dperm"), &w->perm.admin_dperm, why);
	return r < 0 ? r : 0;
}

static int take_json_group(const struct json_value *v, const char *file, struct want_list *l, struct buf *why)
{
	const struct json_value *controllers = NULL, *settings = NULL, *s;
	const char *path = NULL;
	struct want *w;
	int r = json_string(json_member(v, "path"), &path, why);

	if (!r)
		return json_fault(v, why, "a group without path");
	if (r > 0)
		r = json_array(json_member(v, "controllers"), &controllers, why);
	if (r >= 0)
		r = json_object(json_member(v, "settings"), &settings, why);
	if (r < 0)
		return r;
	w = add_want(l, file, v->line, path);
	if (!w)
		return -ENOMEM;
	w->setting = calloc((controllers ? controllers->n : 0) + (settings ? settings->n : 0) + 1, sizeof(*w->setting));
	if (!w->setting)
		return -ENOMEM;
	for (s = controllers ? controllers->first : NULL; s; s = s->next) {
		if (s->kind != JSON_STRING)
			return json_fault(s, why, "not the name of a controller");
		w->setting[w->n++] = (struct want_setting){ s->text, NULL, NULL, s->line };
	}
	for (s = settings ? settings->first : NULL; s; s = s->next) {
		if (s->kind != JSON_STRING)
			return json_fault(s, why, "a value is a string");
		w->setting[w->n++] = (struct want_setting){ NULL, s->key, s->text, s->line };
	}
	return take_json_perm(json_member(v, "permissions"), w, why);
}

static int read_json(const struct frame *f, const char *file, const struct buf *text, struct want_list *l)
{
	struct json_tree **more = reallocarray(l->json, l->n_json + 1, sizeof(*more));
	const struct json_value *groups = NULL, *g;
	AUTO_BUF struct buf why = { 0 };
	int r;

	if (!more)
		return -ENOMEM;
	l->json = more;
	r = json_read(buf_text(text), text->len, &more[l->n_json], &why);
	if (!r) {
		r = json_array(json_member(json_top(more[l->n_json++]), "groups"), &groups, &why);
		if (!r)
			r = json_fault(json_top(more[l->n_json - 1]), &why, "\"groups\" is missing");
	}
	for (g = groups ? groups->first : NULL; r >= 0 && g; g = g->next)
		r = take_json_group(g, file, l, &why);
	if (r >= 0 || r == -ENOMEM)
		return r < 0 ? r : 0;
	return msg_error(f, NULL, "%s: read the configuration: %s", file, buf_text(&why));
}

/* ---- files ---- */

static int load(const struct frame *f, const char *path, struct buf *text)
{
	FILE *in = strcmp(path, "-") ? fopen(path, "re") : stdin;
	size_t n = 1;

	if (!in)
		return msg_errno(f, errno, path, "open");
	while (n && text->len <= FILE_MAX && !buf_reserve(text, 65536)) {
		n = fread(text->s + text->len, 1, 65536, in);
		text->len += n;
		text->s[text->len] = '\0';
	}
	n = (size_t)ferror(in);
	if (in != stdin)
		fclose(in);
	if (text->err)
		return -ENOMEM;
	if (n)
		return msg_errno(f, EIO, path, "read");
	if (text->len > FILE_MAX)
		return msg_error(f, NULL, "%s: read: it is larger than %u MiB", path, FILE_MAX >> 20);
	return 0;
}

/* Editors of some systems put one in front of every text. */
static void cut_byte_order_mark(struct buf *text)
{
	if (text->len < 3 || memcmp(text->s, "\xef\xbb\xbf", 3))
		return;
	memmove(text->s, text->s + 3, text->len - 2);
	text->len -= 3;
}

static int read_file(const struct frame *f, const char *path, struct want_list *l)
{
	AUTO_BUF struct buf text = { 0 };
	int r = load(f, path, &text);

	if (r)
		return r;
	cut_byte_order_mark(&text);
	return buf_text(&text)[strspn(buf_text(&text), " \t\r\n")] == '{' ? read_json(f, path, &text, l)
									  : read_config(f, path, &text, l);
}

static int wanted_name(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return *d->d_name != '.' && ((len > 5 && !strcmp(d->d_name + len - 5, ".conf")) ||
				     (len > 5 && !strcmp(d->d_name + len - 5, ".json")));
}

/* Words name the file that a group is of, so the names stay as long as the groups. */
static int read_in_dir(const struct frame *f, const char *dir, const char *file, struct want_list *l)
{
	char **more = reallocarray(l->name, l->n_names + 1, sizeof(*more)), *name;

	if (!more)
		return -ENOMEM;
	l->name = more;
	if (asprintf(&name, "%s/%s", dir, file) < 0)
		return -ENOMEM;
	l->name[l->n_names++] = name;
	return read_file(f, name, l);
}

int want_read_dir(const struct frame *f, const char *path, struct want_list *l)
{
	struct dirent **list = NULL;
	int n = scandir(path, &list, wanted_name, alphasort), r = 0;

	if (n < 0)
		return msg_errno(f, errno, path, "read the directory");
	for (int i = 0; i < n; i++) {
		if (!r)
			r = read_in_dir(f, path, list[i]->d_name, l);
		free(list[i]);
	}
	free(list);
	return r;
}

int want_read(const struct frame *f, const char *path, struct want_list *l)
{
	struct stat st;

	if (strcmp(path, "-") && !stat(path, &st) && S_ISDIR(st.st_mode))
		return want_read_dir(f, path, l);
	return read_file(f, path, l);
}

/* ---- some of them ---- */

static const char *plain(const char *path)
{
	return path + strspn(path, "/");
}

static int is_in(const char *path, const char *top)
{
	size_t len = strlen(top);

	while (len && top[len - 1] == '/')
		len--;
	return !len || (!strncmp(path, top, len) && (!path[len] || path[len] == '/'));
}

int want_keep(const struct frame *f, const char *file, char *const *names, size_t n, struct want_list *l)
{
	size_t kept = 0;

	for (size_t k = 0; k < n; k++) {
		size_t i = 0;

		while (i < l->n && !is_in(plain(l->want[i].path), plain(names[k])))
			i++;
		if (i == l->n)
			return msg_error(f, NULL, "%s: %s: make the group: the file names none of this name or below it", file,
					 names[k]);
	}
	for (size_t i = 0; i < l->n; i++) {
		size_t k = 0;

		while (k < n && !is_in(plain(l->want[i].path), plain(names[k])))
			k++;
		if (k < n)
			l->want[kept++] = l->want[i];
		else
			free(l->want[i].setting);
	}
	l->n = kept;
	return 0;
}
