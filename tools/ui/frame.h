/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One frame for every tool: a tool is an option table, a spec struct and a run function.
 *
 *	struct spec { struct strings names; int values_only; };
 *	static const struct opt options[] = {
 *		{ 'r', "variable", "NAME", OPT_STRINGS, offsetof(struct spec, names),
 *		  "show this setting", .complete = COMPLETE_SETTING },
 *		{ 'v', "values-only", NULL, OPT_FLAG, offsetof(struct spec, values_only),
 *		  "values without names" },
 *		OPT_END
 *	};
 *	static int run(struct frame *f, void *data, int argc, char **argv) { ... }
 *	static const struct tool tool = { .name = "cgx-get", ... .run = run };
 *	int main(int argc, char **argv) { return frame_main(&tool, argc, argv); }
 *
 * The frame adds -h --help, -V --version and --root DIR to every tool; --dry-run with TOOL_CHANGES; --force with
 * TOOL_FORCE; --json with TOOL_DATA; -o --output, --sort, --no-headings where the tool has columns. A tool's own row of the
 * same letter or name goes before the frame's.
 *
 * A tool writes data with stdio on stdout and talks through ui/message.h. The frame flushes and
 * checks stdout at the end: a full disk is told and makes the exit status FAILED; a reader that went
 * away (EPIPE, where SIGPIPE is ignored) makes it so without a word. SIGPIPE stays as inherited.
 * A tool that follows events calls frame_flush() after each line or record.
 */
#ifndef CGX_UI_FRAME_H
#define CGX_UI_FRAME_H

#include <stddef.h>

#include "cgx.h"
#include "opt.h"

struct column;
struct frame;

#define TOOL_STOP_AT_COMMAND (1u << 0) /* options end at the first word: it is a command */
#define TOOL_CHANGES         (1u << 1) /* changes something: gets --dry-run (f->dry_run) */
#define TOOL_DATA            (1u << 2) /* prints data: gets --json (f->json) */
#define TOOL_RUNS_COMMAND    (1u << 3) /* exits as its command does; own failures and usage are 125 */
#define TOOL_NO_CONTEXT      (1u << 4) /* f->cgx stays NULL until the tool calls frame_open() */
#define TOOL_MORE_TABLES     (1u << 5) /* has tables beside columns, and calls columns_check() itself */
#define TOOL_FORCE           (1u << 6) /* changes groups that may be systemd's: gets --force (f->force) */

/* Exit statuses. Ask msg_*() and frame_failed() rather than naming 1, 2 or 125. */
enum { STATUS_DONE = 0, STATUS_FAILED = 1, STATUS_USAGE = 2, STATUS_OWN_FAILURE = 125 };

struct example {
	const char *command;  /* "cgx-get -r memory.max web" */
	const char *what;     /* "the limit of one group" */
};

/* A link of another name: same run function, f->like is id. What is NULL or 0 is the tool's own. */
struct compat {
	const char *name;               /* "cgget" */
	unsigned id;                    /* 1 to 31, see WHO() */
	const char *const *synopsis;
	const char *summary;
	unsigned positional[3];
	const struct example *examples;
};

struct tool {
	const char *name;               /* "cgx-get" */
	const char *summary;            /* "Show settings of groups": one line, no full stop */
	const char *const *synopsis;    /* what stands behind the name, one a line, NULL-terminated */
	const char *description;        /* a paragraph for --help, wrapped there; may be NULL */
	const struct example *examples; /* ends with { NULL, NULL } */
	const struct opt *options;
	const struct column *columns;   /* ui/table.h; NULL: the tool prints no table */
	/* Where columns is NULL: the name at i of what the tool shows in a way of its own, NULL past the last; may be NULL.
	 * For --help and completion. */
	const char *(*column_name)(size_t i, const char **ret_help);
	size_t spec_size;
	const void *defaults;           /* spec_size bytes to begin with; NULL: zeroes */
	unsigned flags;
	/* COMPLETE_* of the first word, the second, the third; a 0 repeats the one before it */
	unsigned positional[3];
	/* COMPLETE_OWN: offer() each, what does not begin as typed is left out there; may be NULL */
	void (*own_words)(void (*offer)(void *data, const char *word, const char *help), void *data);
	const struct compat *compat;    /* ends with a NULL name; may be NULL */
	/*
	 * Do the work. argv holds the words that are no options, argv[argc] is NULL. Returns an exit
	 * status, mostly 0 or what msg_fail() and the like gave; or a negative number, for which the
	 * frame says the context's words (msg_fail) and exits as failed.
	 */
	int (*run)(struct frame *f, void *spec, int argc, char **argv);
	/* Free what run or the callbacks put into the spec; may be NULL. Called once parsing began. */
	void (*release)(void *spec);
};

/* What a running tool is given. Fields are set before run is called. */
struct frame {
	const struct tool *tool;
	const char *called_as;          /* argv[0] without folders; messages begin with it */
	unsigned like;                  /* 0 under the own name, else the id of the compat link */
	struct cgx *cgx;                /* open on root */
	const char *root;               /* --root, or CGX_ROOT, or NULL */
	int json;
	int dry_run;
	int force;
	int syslog;                     /* messages go there, too: the tool has called openlog(3) */
	const char *output;             /* -o: a list of columns; NULL */
	const char *sort;               /* --sort: a column, maybe after a minus; NULL */
	int no_headings;
	int help, version;              /* the frame's own */
	int stdout_err;                 /* why stdout took no more, likewise; 0 not known */
};

/* Parse, open, run, close, check stdout. Returns the exit status for main. */
int frame_main(const struct tool *tool, int argc, char **argv);

/* Open the context on f->root when it is not open yet: 0, or a negative errno after the words were
 * printed: return frame_failed(f). */
int frame_open(struct frame *f);

/* Flush stdout, and keep in mind what went wrong for the words at the end: 0, or -EIO. */
int frame_flush(struct frame *f);

/* The exit status for a failure of this tool: STATUS_FAILED, or STATUS_OWN_FAILURE. */
int frame_failed(const struct frame *f);

/* The struct compat in force, NULL under the tool's own name. */
const struct compat *frame_compat(const struct tool *tool, unsigned like);

/* The column at i, of either kind, and its help; NULL past the last. */
const char *frame_column(const struct tool *tool, size_t i, const char **ret_help);

/* The sheets of a tool, its own first: for parsing, help and completion. */
enum { FRAME_SHEETS = 2 };
void frame_sheets(const struct tool *tool, unsigned like, void *spec, struct frame *f,
		  struct opt_sheet ret[FRAME_SHEETS]);

#endif
