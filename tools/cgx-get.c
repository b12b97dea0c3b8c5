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
#include "util/cleanup.h"

struct spec {
	int libcgroup_b;
	struct strings names;
	struct strings targets; /* -g CONTROLLERS or CONTROLLERS:PATH */
	int all, bare, values_only, effective, raw;
};

#define LIKE_CGGET 1

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
static const char *const cgget_synopsis[] = { "[-r NAME]... [-g CONTROLLER]... PATH...", "-g CONTROLLERS:PATH", NULL };
static const struct compat compat[] = {
	{ "cgget", LIKE_CGGET, cgget_synopsis, "Show settings of groups, as libcgroup's cgget" },
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

static int show_value(const struct sink *s, struct cgx_group *g, const char *name)
{
	AUTO_FREE char *value = NULL;
	int r = s->spec->raw ? cgx_get_raw(g, name, &value) : cgx_get(g, name, &value);

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

/* Every setting of the controllers that matches; a pattern that matches nothing is an error. */
static int show_matching(const struct sink *s, struct cgx_group *g, cgx_set controllers, const char *pattern)
{
	unsigned flags = s->spec->raw || s->f->like ? CGX_LIST_RAW : 0;
	char **list;
	int found = 0, r = cgx_list(g, controllers, flags, &list);

	if (r < 0)
		return r;
	for (size_t i = 0; list[i] && r >= 0; i++) {
		if ((pattern && fnmatch(pattern, list[i], 0)) || !is_readable(g, list[i]))
			continue;
		r = s->spec->effective ? show_effective(s, g, list[i]) : show_value(s, g, list[i]);
		found |= r >= 0;
		if (can_list(r))
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
			r = s->spec->effective ? show_effective(s, g, name) : show_value(s, g, name);
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
		r = show_matching(s, g, controllers, NULL);
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

static int run(struct frame *f, void *data, int argc, char **argv)
{
	const struct spec *spec = data;
	size_t groups = count_full(spec) + (size_t)argc;
	struct sink s = { .f = f, .spec = spec };
	cgx_set controllers;
	int r = bare_controllers(f, spec, &controllers);

	if (r)
		return r;
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
