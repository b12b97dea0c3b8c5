/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One frame for every tool. */
#include "frame.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>

#include "complete.h"
#include "help.h"
#include "message.h"
#include "table.h"

enum { WITH_CHANGES = 1, WITH_DATA, WITH_COLUMNS, WITH_FORCE };

static const struct opt frame_options[] = {
	{ 'o', "output", "COLUMNS", OPT_STRING, offsetof(struct frame, output),
	  "columns to show; +NAME adds one, help tells all", .complete = COMPLETE_COLUMN,
	  .who = WHO(WITH_COLUMNS) },
	{ 0, "sort", "COLUMN", OPT_STRING, offsetof(struct frame, sort),
	  "sort by it; -COLUMN from the largest", .complete = COMPLETE_SORT,
	  .who = WHO(WITH_COLUMNS) },
	{ 0, "no-headings", NULL, OPT_FLAG, offsetof(struct frame, no_headings),
	  "no line of column names", .who = WHO(WITH_COLUMNS) },
	{ 0, "json", NULL, OPT_FLAG, offsetof(struct frame, json), "print JSON", .who = WHO(WITH_DATA) },
	{ 0, "dry-run", NULL, OPT_FLAG, offsetof(struct frame, dry_run),
	  "print what would be done and do nothing", .who = WHO(WITH_CHANGES) },
	{ 0, "force", NULL, OPT_FLAG, offsetof(struct frame, force),
	  "change what is systemd's, too", .who = WHO(WITH_FORCE) },
	{ 0, "root", "DIR", OPT_STRING, offsetof(struct frame, root),
	  "find /proc and /sys below DIR (or CGX_ROOT)", .complete = COMPLETE_DIR },
	{ 'h', "help", NULL, OPT_FLAG, offsetof(struct frame, help), "show this help" },
	{ 'V', "version", NULL, OPT_FLAG, offsetof(struct frame, version), "show the version" },
	OPT_END
};

const struct compat *frame_compat(const struct tool *tool, unsigned like)
{
	for (const struct compat *c = tool->compat; c && c->name; c++)
		if (c->id == like)
			return c;
	return NULL;
}

void frame_sheets(const struct tool *tool, unsigned like, void *spec, struct frame *f,
		  struct opt_sheet ret[FRAME_SHEETS])
{
	unsigned with = 0;

	if (tool->flags & TOOL_CHANGES)
		with |= WHO(WITH_CHANGES);
	if (tool->flags & TOOL_DATA)
		with |= WHO(WITH_DATA);
	if (tool->flags & TOOL_FORCE)
		with |= WHO(WITH_FORCE);
	if (tool->columns && !like)
		with |= WHO(WITH_COLUMNS);
	ret[0] = (struct opt_sheet){ tool->options, spec, WHO(like) };
	ret[1] = (struct opt_sheet){ frame_options, f, with };
}

const char *frame_column(const struct tool *tool, size_t i, const char **ret_help)
{
	if (!tool->columns)
		return tool->column_name ? tool->column_name(i, ret_help) : NULL;
	*ret_help = tool->columns[i].help;
	return tool->columns[i].name;
}

int frame_failed(const struct frame *f)
{
	return f->tool->flags & TOOL_RUNS_COMMAND ? STATUS_OWN_FAILURE : STATUS_FAILED;
}

int frame_open(struct frame *f)
{
	int r = f->cgx ? 0 : cgx_open(f->root, &f->cgx);

	if (r == -ENOENT)
		msg_error(f, "the root must hold proc/self/mountinfo", "%s: open: %s",
			  f->root ? f->root : "/", strerror(-r));
	else if (r < 0)
		msg_errno(f, r, f->root ? f->root : "/", "open");
	return r;
}

/* Without this a file opened later would take the place of a closed stdout, and be written to. */
static void fill_standard_fds(void)
{
	struct pollfd p[3] = { { .fd = 0 }, { .fd = 1 }, { .fd = 2 } };

	if (poll(p, 3, 0) <= 0)
		return;
	for (int fd = 0; fd < 3; fd++)
		if (p[fd].revents & POLLNVAL && open("/dev/null", fd ? O_RDONLY : O_WRONLY) < 0)
			return;
}

static const char *base_name(const char *path, const char *otherwise)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	const char *name = slash ? slash + 1 : path;

	if (name && !strncmp(name, "lt-", 3))
		name += 3;
	return name && *name ? name : otherwise;
}

static unsigned personality(const struct tool *tool, const char *name)
{
	for (const struct compat *c = tool->compat; c && c->name; c++)
		if (!strcmp(c->name, name))
			return c->id;
	return 0;
}

static int show_help(const struct frame *f)
{
	struct buf AUTO_BUF b = { 0 };

	help_format(&b, f->tool, f->like, f->called_as);
	fputs(buf_text(&b), stdout);
	return STATUS_DONE;
}

static int run(struct frame *f, void *spec, int argc, char **argv)
{
	int r;

	if (f->help)
		return show_help(f);
	if (f->version)
		return printf("%s (cgx) %s\n", f->called_as, cgx_version()) < 0;
	if (f->output && !strcmp(f->output, "help")) {
		columns_print(f->tool->columns);
		return STATUS_DONE;
	}
	r = f->tool->flags & TOOL_MORE_TABLES ? 0 : columns_check(f, f->tool->columns);
	if (r)
		return r;
	if (f->root && !*f->root)
		f->root = NULL;
	if (!(f->tool->flags & TOOL_NO_CONTEXT) && frame_open(f) < 0)
		return frame_failed(f);
	/* whoever was started by one who ignores it would wait for ever: ended children leave nothing to wait for */
	signal(SIGCHLD, SIG_DFL);
	r = f->tool->run(f, spec, argc, argv);
	if (r == -ENOMEM)
		return msg_error(f, NULL, "out of memory");
	return r < 0 ? msg_failed(f, r) : r;
}

static int parse_and_run(struct frame *f, void *spec, int argc, char **argv)
{
	unsigned flags = f->tool->flags & TOOL_STOP_AT_COMMAND ? OPT_STOP : 0;
	struct opt_sheet sheets[FRAME_SHEETS];
	struct buf AUTO_BUF why = { 0 };
	int words;

	frame_sheets(f->tool, f->like, spec, f, sheets);
	words = opt_parse(sheets, FRAME_SHEETS, flags, argc, argv, &why);
	if (words == -ENOMEM)
		return msg_error(f, NULL, "out of memory");
	if (words < 0)
		return msg_usage(f, "%s", buf_text(&why));
	return run(f, spec, words, argv);
}

static int with_spec(struct frame *f, int argc, char **argv)
{
	const struct tool *tool = f->tool;
	void *spec = calloc(1, tool->spec_size ? tool->spec_size : 1);
	int status;

	if (!spec)
		return msg_error(f, NULL, "out of memory");
	if (tool->defaults)
		memcpy(spec, tool->defaults, tool->spec_size);
	status = parse_and_run(f, spec, argc, argv);
	if (tool->release)
		tool->release(spec);
	opt_release(tool->options, spec);
	free(spec);
	return status;
}

int frame_flush(struct frame *f)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	if (!f->stdout_err)
		f->stdout_err = errno;
	return -EIO;
}

/* A write that failed while the buffer was filled has left no errno; that there is no reader can still be seen. */
static int reader_is_gone(void)
{
	struct pollfd p = { .fd = STDOUT_FILENO };

	return poll(&p, 1, 0) == 1 && p.revents & POLLERR;
}

/* A disk may be full at the last write only, and some file systems say so at close. */
static int finish_stdout(struct frame *f, int status)
{
	int failed = frame_flush(f) < 0;
	int err = f->stdout_err;

	if (!failed && close(STDOUT_FILENO)) {
		failed = 1;
		err = errno;
	} else if (failed && !err) {
		err = reader_is_gone() ? EPIPE : 0;
	}
	if (!failed)
		return status;
	if (err != EPIPE)
		msg_error(f, NULL, "standard output: write: %s", err ? strerror(err) : "failed");
	return status ? status : frame_failed(f);
}

int frame_main(const struct tool *tool, int argc, char **argv)
{
	/* the context stays open: the kernel closes a dozen descriptors faster than we do */
	static struct frame f;
	int status;

	f.tool = tool;
	fill_standard_fds();
	f.called_as = base_name(argc ? argv[0] : NULL, tool->name);
	f.like = personality(tool, f.called_as);
	f.root = getenv("CGX_ROOT");
	if (complete_asked(argc, argv))
		status = complete_run(&f, argc, argv);
	else
		status = with_spec(&f, argc, argv);
	return finish_stdout(&f, status);
}
