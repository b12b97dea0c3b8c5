/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-get: show settings of groups. */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "ui/frame.h"
#include "ui/json.h"
#include "ui/message.h"
#include "ui/target.h"
#include "ui/text.h"
#include "ui/units.h"
#include "util/buf.h"
#include "util/cleanup.h"

struct spec {
	int libcgroup_b;
	struct strings names;
	struct strings targets; /* -g CONTROLLERS or CONTROLLERS:PATH */
	int all, bare, values_only, effective, raw;
	int dialect;             /* cgxget: 1 or 2, by which names values are shown; 0 those of the host */
	int ignore, show_layout, show_versions;
};

#define LIKE_CGGET 1
#define LIKE_CGXGET 2

static const struct opt options[] = {
	{ 'r', "variable", "NAME", OPT_STRINGS, offsetof(struct spec, names),
	  "show this setting; NAME may be a pattern ('memory.*') or end in :KEY", COMPLETE_SETTING },
	{ 'g', "group", "CONTROLLERS[:PATH]", OPT_STRINGS, offsetof(struct spec, targets),
	  "show all settings of these controllers", COMPLETE_TARGET },
	{ 'a', "all", NULL, OPT_FLAG, offsetof(struct spec, all), "show every setting of the group (default)" },
	{ 'e', "effective", NULL, OPT_FLAG, offsetof(struct spec, effective),
	  "for limits: the one that binds, who sets it, what is left", .who = WHO_NATIVE },
	{ 0, "raw", NULL, OPT_FLAG, offsetof(struct spec, raw), "native names and the kernel's own text",
	  .who = WHO_NATIVE },
	{ 'n', "no-header", NULL, OPT_FLAG, offsetof(struct spec, bare), "do not print the group's name" },
	{ 'v', "values-only", NULL, OPT_FLAG, offsetof(struct spec, values_only), "print values without names" },
	{ '1', "v1", NULL, OPT_FLAG, offsetof(struct spec, dialect), "names and values of v1, wherever the group lies",
	  .who = WHO(LIKE_CGXGET), .value = 1 },
	{ '2', "v2", NULL, OPT_FLAG, offsetof(struct spec, dialect), "names and values of v2, wherever the group lies",
	  .who = WHO(LIKE_CGXGET), .value = 2 },
	{ 'i', "ignore-unmappable", NULL, OPT_FLAG, offsetof(struct spec, ignore), "leave out what the other side cannot say",
	  .who = WHO(LIKE_CGXGET) },
	{ 'm', NULL, NULL, OPT_FLAG, offsetof(struct spec, show_layout), "show whether v1, v2 or both are mounted",
	  .who = WHO(LIKE_CGGET) },
	{ 'c', NULL, NULL, OPT_FLAG, offsetof(struct spec, show_versions), "show on which version each controller sits",
	  .who = WHO(LIKE_CGGET) },
	{ 'b', NULL, NULL, OPT_FLAG, offsetof(struct spec, libcgroup_b), "taken for libcgroup's sake; names are whole here",
	  .who = WHO_COMPAT },
	OPT_END
};

static const char *const synopsis[] = {
	"[-r NAME]... GROUP...", "-g CONTROLLERS[:PATH] [GROUP...]", "--effective -r NAME GROUP...", NULL
};
static const struct example examples[] = {
	{ "cgx-get web", "all settings of a group" },
	{ "cgx-get -r memory.max -r pids.max web db", "two settings of two groups" },
	{ "cgx-get -r memory.stat:anon .", "one figure of the group the shell is in" },
	{ "cgx-get -e -r memory.max web/api", "which group's limit holds web/api" },
	{ NULL, NULL }
};
static const char *const cgget_synopsis[] = { "[-r NAME]... [-g CONTROLLER]... PATH...", "-g CONTROLLERS:PATH", "-m",
					      "-c", NULL };
static const char *const cgxget_synopsis[] = { "[-1|-2] [-i] [-r NAME]... [-g CONTROLLER]... PATH...",
					       "[-1|-2] -g CONTROLLERS:PATH", NULL };
static const struct compat compat[] = {
	{ "cgget", LIKE_CGGET, cgget_synopsis, "Show settings of groups, as libcgroup's cgget" },
	{ "cgxget", LIKE_CGXGET, cgxget_synopsis, "Show settings by the names of either version, as libcgroup's cgxget" },
	{ NULL }
};

/* ---- one setting found ---- */

/* Where values go: text under "GROUP:", or a JSON document. */
struct sink {
	struct frame *f;
	const struct spec *spec;
	struct json *json;
	int headers;     /* several groups: each under its name */
	int with_names;
};

static void put_text(const struct sink *s, const char *name, const char *value)
{
	const char *line = value;

	if (s->with_names) {
		text_print(name);
		fputs(s->f->like ? ": " : strchr(value, '\n') ? ":\n\t" : ": ", stdout);
	}
	/* lines of one value stay below their name; alone they are given as they are */
	for (;;) {
		size_t len = strcspn(line, "\n");

		fwrite(line, 1, len, stdout);
		line += len;
		if (!*line)
			break;
		fputs(s->with_names || s->f->like ? "\n\t" : "\n", stdout);
		line++;
	}
	putchar('\n');
}

static void put(const struct sink *s, const char *name, const char *value)
{
	if (s->json)
		json_add_string(s->json, name, value);
	else
		put_text(s, name, value);
}

/* One name on both sides: what it stands for differs, as in memory.stat. */
static int is_two_files(const struct cgx_setting *row)
{
	const char *v1 = row ? cgx_setting_v1_name(row, 0) : NULL, *v2 = row ? cgx_setting_v2_name(row) : NULL;

	return v1 && v2 && !strcmp(v1, v2);
}

/* Who reads what libcgroup's tools print looks for the lines of the file that is there. */
static int get_file(const struct sink *s, const struct cgx_group *g, const char *name, char **ret)
{
	const struct cgx_setting *row = cgx_setting_find(name);
	struct cgx_group *own;
	int r;

	if (!s->f->like || s->spec->dialect == 2 || !is_two_files(row))
		return -ENOENT;
	r = cgx_group_open(s->f->cgx, cgx_group_path(g), cgx_setting_controller(row), &own);
	if (r)
		return r;
	r = cgx_get_raw(own, name, ret);
	cgx_group_close(own);
	return r;
}

static int get_value(const struct sink *s, struct cgx_group *g, const char *name, char **ret)
{
	if (s->spec->raw)
		return cgx_get_raw(g, name, ret);
	return get_file(s, g, name, ret) ? cgx_get(g, name, ret) : 0;
}

static int show_value(const struct sink *s, struct cgx_group *g, const char *name)
{
	AUTO_FREE char *value = NULL;
	int r = get_value(s, g, name, &value);

	if (r < 0)
		return r;
	put(s, name, value);
	return 0;
}

static int show_effective(const struct sink *s, struct cgx_group *g, const char *name)
{
	struct cgx_effective e;
	int r = cgx_effective(g, name, &e);

	if (r < 0)
		return r;
	if (s->json) {
		json_open_object(s->json, name);
		json_add_limit(s->json, "limit", e.limit);
		if (e.limit == UINT64_MAX)
			json_add_null(s->json, "set_by");
		else
			json_add_string(s->json, "set_by", e.path);
		json_add_limit(s->json, "used", e.usage);
		json_add_limit(s->json, "left", e.left);
		json_close(s->json);
		return 0;
	}
	if (s->with_names)
		printf("%s: ", name);
	if (e.limit == UINT64_MAX) {
		puts("max, no group above sets a limit");
		return 0;
	}
	printf("%s set by ", units_exact(e.limit).s);
	text_print(e.path);
	if (e.usage != UINT64_MAX)
		printf(", %s used, %s left", units_exact(e.usage).s, units_exact(e.left).s);
	putchar('\n');
	return 0;
}

/* ---- which settings ---- */

static int is_pattern(const char *name)
{
	return strpbrk(name, "*?[") != NULL;
}

/* What can only be written, or only be asked with a question, is no failure of a listing. */
static int can_list(int r)
{
	return r == -EINVAL || r == -EACCES || r == -EPERM || r == -EOPNOTSUPP || r == -ENODEV || r == -EIO ||
	       r == -ENOKEY || r == -EBADMSG || r == -ENODATA;
}

static int is_readable(const struct cgx_group *g, const char *name)
{
	const struct cgx_setting *row = cgx_setting_find(name);

	(void)g;
	return !row || cgx_setting_flags(row) & CGX_S_READ;
}

/* ---- by the names of one version ---- */

/* What the star of pattern stands for in name, put into another pattern. */
static void put_star(struct buf *ret, const char *to, const char *pattern, const char *name)
{
	size_t at = strcspn(pattern, "*"), n = strlen(name), rest = pattern[at] ? strlen(pattern) - 1 : n;

	buf_reset(ret);
	for (; *to; to++)
		if (*to == '*' && n >= rest)
			buf_add(ret, name + at, n - rest);
		else
			buf_putc(ret, *to);
}

/* The pattern of the row that says this name; NULL none does. */
static const char *pattern_of(const struct cgx_setting *row, const char *name)
{
	const char *p = cgx_setting_v2_name(row);

	if (p && !fnmatch(p, name, 0))
		return p;
	for (size_t i = 0; (p = cgx_setting_v1_name(row, i)); i++)
		if (!fnmatch(p, name, 0))
			return p;
	return NULL;
}

/* One setting by its names in the dialect asked for: v1 may have several files. Counts those shown in *ret. */
static int show_in_dialect(const struct sink *s, struct cgx_group *g, const char *name, size_t *ret)
{
	const struct cgx_setting *row = cgx_setting_find(name);
	const char *pattern = row ? pattern_of(row, name) : NULL, *p;
	AUTO_BUF struct buf b = { 0 };
	int r = 0;

	if (!pattern || (s->spec->dialect == 1 && pattern != cgx_setting_v2_name(row)) ||
	    (s->spec->dialect == 2 && pattern == cgx_setting_v2_name(row))) {
		r = show_value(s, g, name);
		*ret += !r;
		return r;
	}
	for (size_t i = 0; !r; i++) {
		p = s->spec->dialect == 1 ? cgx_setting_v1_name(row, i) : i ? NULL : cgx_setting_v2_name(row);
		if (!p)
			return 0;
		put_star(&b, p, pattern, name);
		if (b.err)
			return b.err;
		if (cgx_setting_find(buf_text(&b)) != row)
			continue; /* another setting's file, which this one needs as well */
		r = show_value(s, g, buf_text(&b));
		*ret += !r;
		if (i && (can_list(r) || r == -ENOENT))
			r = 0; /* what else there is of it: maybe in a hierarchy that does not have the group */
	}
	return r;
}

static int show_by_dialect(const struct sink *s, struct cgx_group *g, const char *name)
{
	size_t n = 0;
	int r = show_in_dialect(s, g, name, &n);

	if (r == -EOPNOTSUPP && s->spec->ignore)
		return 0;
	if (r || n || s->spec->ignore)
		return r;
	return msg_error(s->f, "-i leaves out what has no name there", "%s/%s: translate: cgroup v%d has nothing that says the same",
			 cgx_group_path(g), name, s->spec->dialect);
}

static int show_one(const struct sink *s, struct cgx_group *g, const char *name)
{
	if (s->spec->effective)
		return show_effective(s, g, name);
	if (s->spec->dialect || s->spec->ignore)
		return show_by_dialect(s, g, name);
	return show_value(s, g, name);
}

/* Every setting of the controllers that matches; a pattern that matches nothing is an error. */
static int show_matching(const struct sink *s, struct cgx_group *g, cgx_set controllers, const char *pattern)
{
	unsigned flags = (s->spec->raw || s->f->like) && !s->spec->dialect ? CGX_LIST_RAW : 0;
	size_t shown = 0;
	char **list;
	int found = 0, r = cgx_list(g, controllers, flags, &list);

	if (r < 0)
		return r;
	for (size_t i = 0; list[i] && r >= 0; i++) {
		if ((pattern && fnmatch(pattern, list[i], 0)) || !is_readable(g, list[i]) ||
		    (s->spec->dialect && !cgx_setting_find(list[i]))) /* whose name it is nobody knows */
			continue;
		r = s->spec->dialect ? show_in_dialect(s, g, list[i], &shown) : show_one(s, g, list[i]);
		found |= r >= 0;
		if (can_list(r) || (s->spec->dialect && r == -ENOENT))
			r = 0;
	}
	cgx_list_free(list);
	if (r >= 0 && pattern && !found)
		return msg_error(s->f, "cgx-get GROUP lists what the group has", "%s: find settings like %s: none matches",
				 cgx_group_path(g), pattern);
	return r;
}

static int show_names(const struct sink *s, struct cgx_group *g)
{
	for (size_t i = 0; i < s->spec->names.n; i++) {
		const char *name = s->spec->names.v[i];
		int r;

		if (is_pattern(name))
			r = show_matching(s, g, 0, name);
		else
			r = show_one(s, g, name);
		if (r)
			return r;
	}
	return 0;
}

static int show_group(const struct sink *s, struct cgx_group *g, const char *label, cgx_set controllers)
{
	int r;

	if (s->json) {
		json_open_object(s->json, NULL);
		json_add_string(s->json, "path", label);
		json_open_object(s->json, "settings");
	} else if (s->headers) {
		text_print(label);
		puts(":");
	}
	r = show_names(s, g);
	if (!r && (!s->spec->names.n || controllers))
		r = show_matching(s, g, controllers ? controllers : s->f->like ? ~CGX_C_CORE : 0, NULL);
	if (s->json) {
		json_close(s->json);
		json_close(s->json);
	} else if (s->headers && (s->f->like || !s->spec->values_only)) {
		putchar('\n');
	}
	return r;
}

/* ---- which groups ---- */

/* listed: settings of these controllers are shown beside those named by -r. */
static int show_target(const struct sink *s, const char *text, cgx_set listed)
{
	struct cgx_group *g;
	cgx_set from_text;
	const char *path;
	int r = target_parse(s->f->cgx, text, &from_text, &path);

	if (r < 0)
		return r;
	if (!s->spec->names.n)
		listed |= from_text;
	r = cgx_group_open(s->f->cgx, path, s->spec->names.n ? from_text : listed, &g);
	if (r < 0)
		return r;
	r = show_group(s, g, path, listed == CGX_C_ALL ? 0 : listed);
	cgx_group_close(g);
	return r;
}

/* -g CONTROLLERS without a path: their union, for the groups given as words. */
static int bare_controllers(struct frame *f, const struct spec *spec, cgx_set *ret)
{
	*ret = 0;
	for (size_t i = 0; i < spec->targets.n; i++) {
		cgx_set one;

		if (strchr(spec->targets.v[i], ':'))
			continue;
		if (cgx_set_parse(f->cgx, spec->targets.v[i], &one) < 0)
			return msg_fail(f);
		*ret |= one;
	}
	return 0;
}

static size_t count_full(const struct spec *spec)
{
	size_t n = 0;

	for (size_t i = 0; i < spec->targets.n; i++)
		n += strchr(spec->targets.v[i], ':') != NULL;
	return n;
}

/* -g CONTROLLERS:PATH shows all of these controllers, whatever -r names. */
static int show_g_target(const struct sink *s, const char *text)
{
	cgx_set controllers;
	const char *path;
	int r = target_parse(s->f->cgx, text, &controllers, &path);

	return r ? r : show_target(s, text, controllers);
}

static int show_all(struct sink *s, cgx_set controllers, int argc, char **argv)
{
	int r = 0;

	for (size_t i = 0; !r && i < s->spec->targets.n; i++)
		if (strchr(s->spec->targets.v[i], ':'))
			r = show_g_target(s, s->spec->targets.v[i]);
	for (int i = 0; !r && i < argc; i++)
		r = show_target(s, argv[i], controllers);
	return r;
}

/* ---- cgget -m, -c ---- */

static int show_host(struct frame *f, const struct spec *spec)
{
	const struct cgx_controller *c;

	if (spec->show_layout) {
		puts(cgx_layout_name(cgx_layout(f->cgx)));
		return 0;
	}
	printf("%-11s\t%7s\n", "#Controller", "Version");
	for (size_t i = 0; (c = cgx_controller_at(f->cgx, i)); i++)
		if (cgx_controller_hierarchy(c) && strncmp(cgx_controller_kernel_name(c), "name=", 5))
			printf("%-11s\t%7d\n", cgx_controller_kernel_name(c), cgx_hierarchy_version(cgx_controller_hierarchy(c)));
	return 0;
}

static int run(struct frame *f, void *data, int argc, char **argv)
{
	const struct spec *spec = data;
	size_t groups = count_full(spec) + (size_t)argc;
	struct sink s = { .f = f, .spec = spec };
	cgx_set controllers;
	int r = bare_controllers(f, spec, &controllers);

	if (r)
		return r;
	if (spec->show_layout || spec->show_versions)
		return groups || spec->names.n || spec->targets.n || (spec->show_layout && spec->show_versions)
			? msg_usage(f, "-m and -c stand alone") : show_host(f, spec);
	if (!groups)
		return msg_usage(f, "no group named");
	if (f->like && spec->targets.n && count_full(spec) && argc)
		return msg_usage(f, "a group is named by -g and by a word, too");
	if (spec->effective && !spec->names.n)
		return msg_usage(f, "--effective needs -r NAME, a limit such as memory.max");
	s.headers = !spec->bare && (f->like || groups > 1);
	s.with_names = !spec->values_only && (f->like || groups > 1 || spec->names.n != 1 || is_pattern(spec->names.v[0]));
	if (f->json) {
		if (json_new(f, &s.json) < 0)
			return frame_failed(f);
		json_open_object(s.json, NULL);
		json_open_array(s.json, "groups");
	}
	r = show_all(&s, controllers, argc, argv);
	if (!r && s.json) {
		json_close(s.json);
		json_close(s.json);
		r = json_print(s.json, f);
	}
	json_free(s.json);
	return r;
}

static const struct tool tool = {
	.name = "cgx-get",
	.summary = "Show settings of groups",
	.synopsis = synopsis,
	.description = "Settings go by their v2 names on every layout; v1 names are understood, too. "
		       "cgx-ls --settings lists them.",
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
