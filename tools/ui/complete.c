/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Completion from the option table and the live tree. */
#include "complete.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "util/num.h"

#include "target.h"
#include "text.h"

/* The part of a word that is being completed: what stands before it, and how it begins. */
struct part {
	struct frame *f;
	const char *before;  /* printed before each candidate */
	size_t before_len;
	const char *begin;
};

/* Where the cursor is, found by reading the words before it. */
struct place {
	const struct opt *pending;  /* the option whose argument it is */
	int ended;                  /* no options from here on */
	unsigned words;             /* that were no options */
	int command;                /* index of the word a command line begins with, 0 none */
};

/* ---- printing --------------------------------------------------------------------------------- */

/* Names that cannot be shown as they are cannot be typed either. */
static int typable(const char *s)
{
	struct buf AUTO_BUF b = { 0 };

	text_show(&b, s, strlen(s), TEXT_UTF8);
	return *s && !strcmp(buf_text(&b), s);
}

static void offer_with(const struct part *p, const char *candidate, const char *tail, const char *what)
{
	if (strncmp(candidate, p->begin, strlen(p->begin)) || !typable(candidate))
		return;
	printf("%.*s%s%s", (int)p->before_len, p->before, candidate, tail);
	if (what && *what) {
		putchar('\t');
		text_print(what);
	}
	putchar('\n');
}

static void offer(const struct part *p, const char *candidate, const char *what)
{
	offer_with(p, candidate, "", what);
}

/* The part behind the first n bytes of this part. */
static struct part behind(const struct part *p, size_t n)
{
	struct part rest = *p;

	/* before and begin lie side by side in one word, or before is empty. */
	if (!p->before_len)
		rest.before = p->begin;
	rest.before_len = p->before_len + n;
	rest.begin = p->begin + n;
	return rest;
}

/* The part behind the last of a list's commas. */
static struct part list_item(const struct part *p, char separator)
{
	const char *last = strrchr(p->begin, separator);

	return last ? behind(p, (size_t)(last - p->begin) + 1) : *p;
}

/* ---- kinds of candidates ---------------------------------------------------------------------- */

static int has_context(struct frame *f)
{
	return f->cgx || cgx_open(f->root, &f->cgx) == 0;
}

static void offer_controllers(const struct part *p, const char *tail)
{
	const struct cgx_controller *c;
	struct part item = list_item(p, ',');

	if (!has_context(p->f))
		return;
	for (size_t i = 0; (c = cgx_controller_at(p->f->cgx, i)); i++)
		if (cgx_controller_hierarchy(c))
			offer_with(&item, cgx_controller_name(c), tail, "controller");
}

static void offer_settings(const struct part *p, int assignment)
{
	for (const struct cgx_setting *row = NULL; (row = cgx_setting_next(row));)
		if (!assignment || cgx_setting_flags(row) & CGX_S_WRITE)
			offer_with(p, cgx_setting_name(row), assignment ? "=" : "", cgx_setting_help(row));
	if (assignment || !*p->begin)
		return;
	for (const struct cgx_setting *row = NULL; (row = cgx_setting_next(row));)
		for (size_t n = 0; cgx_setting_v1_name(row, n); n++)
			if (strcmp(cgx_setting_v1_name(row, n), cgx_setting_name(row)) &&
			    cgx_setting_find(cgx_setting_v1_name(row, n)) == row)
				offer(p, cgx_setting_v1_name(row, n), cgx_setting_help(row));
}

static void offer_values(const struct part *p, const char *name, size_t len)
{
	struct buf AUTO_BUF text = { 0 };
	const struct cgx_setting *row;
	enum cgx_kind kind;

	buf_add(&text, name, len);
	row = cgx_setting_find(buf_text(&text));
	if (!row)
		return;
	kind = cgx_setting_kind(row);
	if (kind == CGX_KIND_SWITCH) {
		offer(p, "0", "off");
		offer(p, "1", "on");
	} else if (kind == CGX_KIND_COUNT_MAX || kind == CGX_KIND_BYTES_MAX || kind == CGX_KIND_CPU_MAX) {
		offer(p, "max", "no limit");
	}
}

static void offer_assignment(const struct part *p)
{
	size_t len = strcspn(p->begin, "=");
	struct part value;

	if (!p->begin[len]) {
		offer_settings(p, 1);
		return;
	}
	value = behind(p, len + 1);
	offer_values(&value, p->begin, len);
}

/* A group, and once more with a slash when there are groups below it. */
static void offer_group(const struct part *p, const char *name, int has_children)
{
	if (!*name)
		return;
	offer(p, name, "group");
	if (has_children)
		offer_with(p, name, "/", "groups below");
}

/* The children of the group in front of the last slash. */
static void offer_groups(const struct part *p, cgx_set controllers)
{
	struct part name = list_item(p, '/');
	size_t folder = (size_t)(name.begin - p->begin);
	struct buf AUTO_BUF path = { 0 }, last = { 0 };
	struct cgx_walk *w;
	struct cgx_entry e;

	if (!has_context(p->f))
		return;
	buf_add(&path, p->begin, folder);
	if (folder > 1 && path.s)
		path.s[folder - 1] = '\0';
	if (cgx_walk_open(p->f->cgx, buf_text(&path), controllers, 2, &w) < 0)
		return;
	while (cgx_walk_next(w, &e) > 0) {
		if (e.depth)
			offer_group(&name, buf_text(&last), e.depth == 2);
		buf_reset(&last);
		if (e.depth == 1)
			buf_puts(&last, e.name);
	}
	offer_group(&name, buf_text(&last), 0);
	cgx_walk_close(w);
}

static void offer_target(const struct part *p, int controllers_too)
{
	const char *path = p->begin;
	cgx_set set = 0;
	struct part rest;

	if (controllers_too && !strpbrk(p->begin, ":/"))
		offer_controllers(p, ":");
	if (strchr(p->begin, ':') && (!has_context(p->f) || target_parse(p->f->cgx, p->begin, &set, &path) < 0))
		return;
	rest = behind(p, (size_t)(path - p->begin));
	offer_groups(&rest, set);
}

static void offer_pids(const struct part *p)
{
	struct buf AUTO_BUF path = { 0 };
	struct cgx_process process;
	struct dirent *d;
	uint64_t pid;
	DIR *dir;

	buf_printf(&path, "%s/proc", p->f->root ? p->f->root : "");
	dir = opendir(buf_text(&path));
	if (!dir)
		return;
	while (has_context(p->f) && (d = readdir(dir)))
		if (!strncmp(d->d_name, p->begin, strlen(p->begin)) && !num_u64(d->d_name, &pid) &&
		    !cgx_process_read(p->f->cgx, (pid_t)pid, &process))
			offer(p, d->d_name, process.command);
	closedir(dir);
}

static void offer_owners(const struct part *p)
{
	const char *colon = strchr(p->begin, ':');
	struct part rest;
	struct passwd *u;
	struct group *g;

	if (!colon) {
		setpwent();
		while ((u = getpwent()))
			offer(p, u->pw_name, "user");
		endpwent();
		return;
	}
	rest = behind(p, (size_t)(colon - p->begin) + 1);
	setgrent();
	while ((g = getgrent()))
		offer(&rest, g->gr_name, "group of users");
	endgrent();
}

static void offer_columns(const struct part *p, char separator)
{
	const char *sign = separator == ',' ? "+" : "-+", *column, *help;
	struct part name = list_item(p, separator);

	if (*name.begin && strchr(sign, *name.begin))
		name = behind(&name, 1);
	for (size_t i = 0; (column = frame_column(p->f->tool, i, &help)); i++)
		offer(&name, column, help);
}

static void offer_own(void *data, const char *word, const char *help)
{
	const struct part *p = data;

	if (!strncmp(word, p->begin, strlen(p->begin)))
		offer(p, word, help);
}

static void offer_kinds(const struct part *p, unsigned kinds)
{
	if (kinds & COMPLETE_OWN && p->f->tool->own_words)
		p->f->tool->own_words(offer_own, (void *)(uintptr_t)p);
	if (kinds & COMPLETE_TARGET)
		offer_target(p, 1);
	else if (kinds & COMPLETE_GROUP)
		offer_target(p, 0);
	if (kinds & COMPLETE_SETTING)
		offer_settings(p, 0);
	if (kinds & COMPLETE_ASSIGNMENT)
		offer_assignment(p);
	if (kinds & COMPLETE_PID)
		offer_pids(p);
	if (kinds & COMPLETE_CONTROLLER)
		offer_controllers(p, "");
	if (kinds & COMPLETE_OWNER)
		offer_owners(p);
	if (kinds & COMPLETE_COLUMN)
		offer_columns(p, ',');
	if (kinds & COMPLETE_SORT)
		offer_columns(p, '\n');
	if (kinds & COMPLETE_FILE)
		puts("\tfiles");
	if (kinds & COMPLETE_DIR)
		puts("\tdirs");
}

static void offer_argument(const struct part *p, const struct opt *row)
{
	for (size_t i = 0; row->choices && row->choices[i]; i++)
		offer(p, row->choices[i], NULL);
	offer_kinds(p, row->complete);
}

/* ---- options ---------------------------------------------------------------------------------- */

static void offer_option(const struct part *p, const struct opt_sheet *sheets, const struct opt *row)
{
	char word[64];

	if (row->flags & OPT_HIDDEN)
		return;
	if (row->name && opt_find_name(sheets, FRAME_SHEETS, row->name, strlen(row->name)) == row)
		snprintf(word, sizeof(word), "--%s", row->name);
	else if (row->letter && opt_find_letter(sheets, FRAME_SHEETS, row->letter) == row)
		snprintf(word, sizeof(word), "-%c", row->letter);
	else
		return;
	offer(p, word, row->help);
}

/* "--na", "--name=VALUE" or "-xVALUE" */
static void offer_options(const struct part *p, const struct opt_sheet *sheets)
{
	size_t len = strcspn(p->begin, "=");
	const struct opt *row = NULL;
	struct part value;

	if (p->begin[1] == '-' && p->begin[len]) {
		row = opt_find_name(sheets, FRAME_SHEETS, p->begin + 2, len - 2);
		value = behind(p, len + 1);
	} else if (p->begin[1] && p->begin[1] != '-') {
		row = opt_find_letter(sheets, FRAME_SHEETS, p->begin[1]);
		value = behind(p, 2);
	}
	if (row && row->arg) {
		offer_argument(&value, row);
		return;
	}
	for (size_t i = 0; i < FRAME_SHEETS; i++)
		for (row = NULL; (row = opt_next(&sheets[i], row));)
			offer_option(p, sheets, row);
}

/* Kept in step with the parser by using its tables: does the next word belong to this one? */
static const struct opt *pending_after(const struct opt_sheet *sheets, const char *word)
{
	const struct opt *row;

	if (word[1] == '-') {
		if (strchr(word, '='))
			return NULL;
		row = opt_find_name(sheets, FRAME_SHEETS, word + 2, strlen(word + 2));
		return row && opt_needs_arg(row) ? row : NULL;
	}
	while (*++word) {
		row = opt_find_letter(sheets, FRAME_SHEETS, *word);
		if (row && row->arg)
			return !word[1] && opt_needs_arg(row) ? row : NULL;
	}
	return NULL;
}

static unsigned positional(const struct frame *f, unsigned place)
{
	const struct compat *c = frame_compat(f->tool, f->like);
	const unsigned *kinds = c && c->positional[0] ? c->positional : f->tool->positional;

	for (place = place < 3 ? place : 2; place && !kinds[place]; place--)
		;
	return kinds[place];
}

static void note_word(struct frame *f, struct place *at, int index)
{
	if (positional(f, at->words) & COMPLETE_COMMAND && !at->command)
		at->command = index;
	at->words++;
	if (f->tool->flags & TOOL_STOP_AT_COMMAND)
		at->ended = 1;
}

static struct place find_place(struct frame *f, const struct opt_sheet *sheets, int cursor, char **words)
{
	struct place at = { 0 };

	for (int i = 1; i < cursor; i++) {
		const char *word = words[i];

		if (at.pending) {
			if (at.pending->name && !strcmp(at.pending->name, "root"))
				f->root = word;
			at.pending = NULL;
		} else if (!at.ended && !strcmp(word, "--")) {
			at.ended = 1;
		} else if (!at.ended && word[0] == '-' && word[1]) {
			if (!strncmp(word, "--root=", 7))
				f->root = word + 7;
			at.pending = pending_after(sheets, word);
		} else {
			note_word(f, &at, i);
		}
	}
	return at;
}

static void answer(struct frame *f, int cursor, char **words, const char *word)
{
	struct part p = { .f = f, .begin = word, .before = "" };
	struct opt_sheet sheets[FRAME_SHEETS];
	struct place at;

	frame_sheets(f->tool, f->like, NULL, NULL, sheets);
	at = find_place(f, sheets, cursor, words);
	if (at.pending)
		offer_argument(&p, at.pending);
	else if (!at.ended && word[0] == '-')
		offer_options(&p, sheets);
	else if (at.command || positional(f, at.words) & COMPLETE_COMMAND)
		printf("\tcommand %d\n", at.command ? at.command : cursor);
	else
		offer_kinds(&p, positional(f, at.words));
}

int complete_asked(int argc, char **argv)
{
	return argc > 3 && !strcmp(argv[1], "--complete") && !strcmp(argv[2], "--");
}

int complete_run(struct frame *f, int argc, char **argv)
{
	int count = argc - 4;
	uint64_t cursor;

	if (num_u64(argv[3], &cursor) || !cursor || cursor > (uint64_t)count || !count)
		return STATUS_DONE;
	if (f->root && !*f->root)
		f->root = NULL;
	answer(f, (int)cursor, argv + 4, cursor < (uint64_t)count ? argv[4 + cursor] : "");
	f->cgx = cgx_close(f->cgx);
	return STATUS_DONE;
}
