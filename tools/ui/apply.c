/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plan printed or carried out. */
#include "apply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "message.h"
#include "text.h"

/* The file or directory of a step as the machine names it. */
static void add_path(struct buf *b, const struct cgx_step *s)
{
	const char *mount = s->hierarchy ? cgx_hierarchy_mount(s->hierarchy, 0) : NULL;
	const char *path = s->path + (*s->path == '/');

	buf_puts(b, mount ? mount : "");
	if (*path)
		buf_printf(b, "/%s", path);
	if (*s->file)
		buf_printf(b, "/%s", s->file);
}

void apply_describe(struct buf *b, const struct cgx_step *s)
{
	buf_printf(b, "%s ", cgx_verb_name(s->verb));
	add_path(b, s);
	if (s->value && *s->value)
		buf_printf(b, " %s", s->value);
	if (s->old && (!s->value || strcmp(s->old, s->value)))
		buf_printf(b, " (was %s)", s->old);
}

static void print_step(const struct cgx_step *s)
{
	struct buf AUTO_BUF line = { 0 };

	apply_describe(&line, s);
	text_print(buf_text(&line));
	putchar('\n');
}

static void add_step(struct json *j, const struct cgx_step *s)
{
	struct buf AUTO_BUF path = { 0 };

	add_path(&path, s);
	json_open_object(j, NULL);
	json_add_string(j, "verb", cgx_verb_name(s->verb));
	json_add_string(j, "path", buf_text(&path));
	json_add_string(j, "group", *s->path ? s->path : "/");
	json_add_string(j, "hierarchy", s->hierarchy ? cgx_hierarchy_name(s->hierarchy) : NULL);
	json_add_string(j, "file", *s->file ? s->file : NULL);
	json_add_string(j, "value", s->value && *s->value ? s->value : NULL);
	json_add_string(j, "old", s->old);
	json_close(j);
}

static int print_json(const struct frame *f, struct cgx_plan *p)
{
	struct cgx_step s;
	struct json *j;
	int r;

	if (json_new(f, &j) < 0)
		return frame_failed(f);
	json_open_object(j, NULL);
	json_open_array(j, "steps");
	for (size_t i = 0; cgx_plan_step(p, i, &s) >= 0; i++)
		add_step(j, &s);
	json_close(j);
	json_close(j);
	r = json_print(j, f);
	json_free(j);
	return r;
}

static void warn_kept(const struct frame *f, const struct cgx_step *s)
{
	struct buf AUTO_BUF path = { 0 };

	buf_printf(&path, "%s/%s", s->path, s->file);
	msg_note(f, "%s: the kernel keeps %s for %s", buf_text(&path), s->kept, s->value);
}

int plan_new(const struct frame *f, struct cgx_plan **ret)
{
	int r = cgx_plan_new(f->cgx, ret);

	if (!r && f->force)
		cgx_plan_force(*ret);
	return r;
}

int apply_plan(const struct frame *f, struct cgx_plan *p)
{
	struct cgx_step s;

	if (f->dry_run && f->json)
		return print_json(f, p);
	if (!f->dry_run && cgx_plan_apply(p) < 0)
		return msg_fail(f);
	for (size_t i = 0; cgx_plan_step(p, i, &s) >= 0; i++) {
		if (f->dry_run)
			print_step(&s);
		else if (s.kept)
			warn_kept(f, &s);
	}
	return STATUS_DONE;
}
