/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-top: watch the figures of groups, on a screen or line by line. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "top/batch.h"
#include "top/config.h"
#include "top/keys.h"
#include "top/view.h"
#include "ui/descriptors.h"
#include "ui/frame.h"
#include "ui/message.h"
#include "ui/units.h"
#include "util/buf.h"
#include "util/cleanup.h"

struct spec {
	uint64_t delay_us, count;
	int batch, csv, json, metrics, no_headings, flat, hide_empty, read_only, ascii, no_colour, no_mouse, bpf, no_bpf, keys, save, list_columns;
	const char *sort, *columns; /* as they were written; NULL: not */
	struct choice choice;       /* what they ask for */
	const char *filter, *record, *replay, *output;
};

static int take_columns(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct spec *spec = data;

	(void)row;
	if (!strcmp(text, "help")) {
		spec->list_columns = 1;
		return 0;
	}
	spec->columns = text;
	return choice_columns(&spec->choice, text, why);
}

static int take_sort(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct spec *spec = data;

	(void)row;
	spec->sort = text;
	return choice_sort(&spec->choice, text, why);
}

/* Not for the file of usual options. */
#define ONCE WHO_NATIVE
static const struct opt options[] = {
	{ 'd', "delay", "TIME", OPT_USEC, offsetof(struct spec, delay_us), "between samples (1s)", .flags = OPT_NONZERO },
	{ 'n', "iterations", "N", OPT_U64, offsetof(struct spec, count), "end after N samples",
	  .flags = OPT_NONZERO, .who = ONCE },
	{ 'b', "batch", NULL, OPT_FLAG, offsetof(struct spec, batch), "text without a screen; usual where stdout is no terminal",
	  .who = ONCE },
	{ 0, "csv", NULL, OPT_FLAG, offsetof(struct spec, csv), "batch as comma-separated values, raw numbers",
	  .who = ONCE },
	{ 0, "json", NULL, OPT_FLAG, offsetof(struct spec, json), "batch as JSON, a line a sample", .who = ONCE },
	{ 0, "openmetrics", NULL, OPT_FLAG, offsetof(struct spec, metrics), "one sample as metrics for a node exporter",
	  .who = ONCE },
	{ 0, "no-headings", NULL, OPT_FLAG, offsetof(struct spec, no_headings), "no line of column names", .who = ONCE },
	{ 'o', "output", "FILE", OPT_STRING, offsetof(struct spec, output), "replace FILE at each sample", COMPLETE_FILE,
	  .who = ONCE },
	{ 's', "sort", "COLUMN", OPT_CALL, 0, "sort by it; -COLUMN turns the order round", COMPLETE_SORT, .call = take_sort },
	{ 'c', "columns", "LIST", OPT_CALL, 0, "columns to show; +LIST adds some, help tells all", COMPLETE_COLUMN,
	  .call = take_columns },
	{ 'f', "filter", "TEXT", OPT_STRING, offsetof(struct spec, filter), "groups with TEXT in their path" },
	{ 0, "flat", NULL, OPT_FLAG, offsetof(struct spec, flat), "a list, not a tree" },
	{ 0, "hide-empty", NULL, OPT_FLAG, offsetof(struct spec, hide_empty), "leave out groups without processes" },
	{ 0, "record", "FILE", OPT_STRING, offsetof(struct spec, record), "write each sample to FILE, too", COMPLETE_FILE,
	  .who = ONCE },
	{ 0, "replay", "FILE", OPT_STRING, offsetof(struct spec, replay), "show what was recorded", COMPLETE_FILE,
	  .who = ONCE },
	{ 0, "read-only", NULL, OPT_FLAG, offsetof(struct spec, read_only), "no killing, freezing, setting limits" },
	{ 0, "ascii", NULL, OPT_FLAG, offsetof(struct spec, ascii), "draw with ASCII alone" },
	{ 0, "no-color", NULL, OPT_FLAG, offsetof(struct spec, no_colour), "no colours" },
	{ 0, "no-mouse", NULL, OPT_FLAG, offsetof(struct spec, no_mouse), "leave the mouse to the terminal" },
	{ 0, "bpf", NULL, OPT_FLAG, offsetof(struct spec, bpf), "read by BPF what it can; usual with 500 groups or more" },
	{ 0, "no-bpf", NULL, OPT_FLAG, offsetof(struct spec, no_bpf), "read files alone" },
	{ 0, "keys", NULL, OPT_FLAG, offsetof(struct spec, keys), "print the keys of the screen", .who = ONCE },
	{ 0, "save", NULL, OPT_FLAG, offsetof(struct spec, save), "keep the other options as the usual ones",
	  .who = ONCE },
	OPT_END
};

static const char *const synopsis[] = { "[OPTION]... [GROUP...]", "--batch [-n N] [GROUP...]", "--replay FILE", NULL };
static const struct example examples[] = {
	{ "cgx-top", "all groups, on the screen; ? shows the keys" },
	{ "cgx-top --sort MEM% web", "what is below web, the nearest to its limit first" },
	{ "cgx-top --csv -d 10s -c MEMORY,HITS,PIDS,DENIED >log.csv", "figures for later" },
	{ "cgx-top --openmetrics -d 15s -o /var/lib/node_exporter/cgx.prom", "for a node exporter" },
	{ NULL, NULL }
};

/* ---- the usual options ---- */

/* What was not said on the command line is as the file says. */
static void fill_in(struct spec *spec, const struct spec *usual)
{
	int *flags[] = { &spec->flat, &spec->hide_empty, &spec->read_only, &spec->ascii, &spec->no_colour, &spec->no_mouse,
			  &spec->bpf, &spec->no_bpf };
	/* the last word on BPF is that of the command line */
	const int said = spec->bpf | spec->no_bpf;
	const int usually[] = { usual->flat, usual->hide_empty, usual->read_only, usual->ascii, usual->no_colour,
				usual->no_mouse, !said && usual->bpf, !said && usual->no_bpf };

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		*flags[i] |= usually[i];
	if (!spec->delay_us)
		spec->delay_us = usual->delay_us;
	if (!spec->sort) {
		spec->choice.sort = usual->choice.sort;
		spec->choice.sorted = usual->choice.sorted;
		spec->choice.reverse = usual->choice.reverse;
	}
	if (!spec->columns)
		spec->choice.shown = usual->choice.shown;
	if (!spec->filter)
		spec->filter = usual->filter;
}

/* A line of the file is a name, blanks, a value. */
static int can_be_kept(const char *text)
{
	size_t n = strlen(text);

	return n && n < 1000 && !strpbrk(text, "\r\n") && !strchr(" \t=", *text) && !strchr(" \t", text[n - 1]);
}

static int check_save(struct frame *f, const struct spec *s, int argc)
{
	if (argc || s->count || s->batch || s->csv || s->json || s->metrics || s->no_headings || s->output || s->record ||
	    s->replay)
		return msg_usage(f, "--save keeps %s, not groups nor what is for once",
				 "delay, sort, columns, filter, flat, hide-empty, read-only, ascii, no-color, no-mouse, bpf and no-bpf");
	if (s->filter && !can_be_kept(s->filter))
		return msg_usage(f, "--save: this filter does not fit in a line of the file: it is empty, long, or has blanks around it");
	if (s->columns && !can_be_kept(s->columns))
		return msg_usage(f, "--save: these columns do not fit in a line of the file");
	return 0;
}

static int save(struct frame *f, const struct spec *s)
{
	const struct {
		const char *name;
		int on;
	} flags[] = { { "flat", s->flat }, { "hide-empty", s->hide_empty }, { "read-only", s->read_only },
		      { "ascii", s->ascii }, { "no-color", s->no_colour }, { "no-mouse", s->no_mouse },
		      { "bpf", s->bpf }, { "no-bpf", s->no_bpf } };
	const struct {
		const char *name, *value;
	} texts[] = { { "sort", s->sort }, { "columns", s->columns }, { "filter", s->filter } };
	char text[4][1024], *lines[16];
	size_t n = 0, k = 0;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (flags[i].on)
			lines[n++] = (char *)flags[i].name;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].value) {
			snprintf(text[k], sizeof(text[k]), "%s %s", texts[i].name, texts[i].value);
			lines[n++] = text[k++];
		}
	if (s->delay_us) {
		snprintf(text[k], sizeof(text[k]), "delay %lluus", (unsigned long long)s->delay_us);
		lines[n++] = text[k];
	}
	return config_write(f, lines, n);
}

/* ---- the run ---- */

static const char *column_name(size_t i, const char **ret_help)
{
	size_t n;
	const struct feed_column *c = feed_columns(NULL, &n);

	if (i >= n)
		return NULL;
	*ret_help = c[i].help;
	return c[i].name;
}

static int list_columns(void)
{
	const char *name, *help;

	for (size_t i = 0; (name = column_name(i, &help)); i++)
		printf("%-9s %s\n", name, help);
	return STATUS_DONE;
}

static struct batch_how batch_of(const struct spec *s)
{
	return (struct batch_how){
		.form = s->csv ? BATCH_CSV : s->json ? BATCH_JSON : s->metrics ? BATCH_METRICS : BATCH_TEXT,
		.delay_us = s->delay_us ? s->delay_us : 1000000,
		.count = s->metrics && !s->output && !s->count ? 1 : s->count,
		.no_headings = s->no_headings, .flat = s->flat, .hide_empty = s->hide_empty, .filter = s->filter, .choice = s->choice,
		.output = s->output,
	};
}

/* On the screen what is looked at is read, and what is sorted by; elsewhere what is printed; all for a recording. */
static uint64_t needed(const struct spec *spec, int screen)
{
	struct batch_how how = batch_of(spec);
	uint64_t bpf = spec->bpf ? FEED_BPF : spec->no_bpf ? FEED_NO_BPF : 0;
	size_t n;

	feed_columns(NULL, &n);
	if (spec->record)
		return bpf | (COLUMN_BIT(n) - 1);
	if (!screen)
		return bpf | batch_needs(&how);
	return bpf | FEED_ON_DEMAND | (spec->choice.sort < n ? COLUMN_BIT(spec->choice.sort) : 0);
}

static int run_batch(struct frame *f, struct feed *feed, const struct spec *s)
{
	struct batch_how how = batch_of(s);

	return batch_run(f, feed, &how);
}

#ifdef HAVE_NCURSES
static int can_draw(struct frame *f)
{
	if (!view_check())
		return 1;
	msg_note(f, "this terminal (TERM=%s) cannot show a screen: printing instead", getenv("TERM") ? getenv("TERM") : "");
	return 0;
}

static int run_screen(struct frame *f, struct feed *feed, const struct spec *s)
{
	struct view_how how = {
		.delay_us = s->delay_us, .count = s->count, .read_only = s->read_only, .ascii = s->ascii,
		.no_colour = s->no_colour, .no_mouse = s->no_mouse, .flat = s->flat, .filter = s->filter, .choice = s->choice,
	};

	feed_remember(feed);
	return view_run(f, feed, &how);
}
#else
static int can_draw(struct frame *f)
{
	msg_note(f, "built without ncurses: printing instead of a screen");
	return 0;
}

static int run_screen(struct frame *f, struct feed *feed, const struct spec *s)
{
	return run_batch(f, feed, s);
}
#endif

static int check_spec(struct frame *f, const struct spec *s, int argc)
{
	if (s->csv + s->json + s->metrics > 1)
		return msg_usage(f, "--csv, --json and --openmetrics exclude each other");
	if (s->bpf && s->no_bpf)
		return msg_usage(f, "--bpf and --no-bpf exclude each other");
	/* a file of that name would surprise everybody */
	if (s->record && !strcmp(s->record, "-"))
		return msg_usage(f, "--record -: standard output has the figures: name a file");
	if (s->replay && !strcmp(s->replay, "-"))
		return msg_usage(f, "--replay -: what goes forth and back in time must be a file: name it");
	if (s->output && !strcmp(s->output, "-"))
		return msg_usage(f, "--output -: standard output it is without this option");
	if (s->replay && (s->record || argc))
		return msg_usage(f, "--replay shows a file: no group and no --record with it");
	return 0;
}

static int open_feed(struct frame *f, const struct spec *s, int argc, char **groups, int screen, struct feed **ret)
{
	int r;

	if (s->replay)
		return feed_open_replay(f, s->replay, ret);
	r = frame_open(f);
	if (r < 0)
		return frame_failed(f);
	descriptors_raise(NULL); /* with fewer it costs more */
	r = feed_open_live(f, (const char *const *)groups, (size_t)argc, needed(s, screen), ret);
	if (r < 0)
		return r;
	return s->record ? feed_record(*ret, f, s->record) : 0;
}

static int show(struct frame *f, const struct spec *s, int argc, char **groups)
{
	int batch = s->batch || s->csv || s->json || s->metrics || s->output || !isatty(STDOUT_FILENO);
	struct feed *feed = NULL;
	int r, recorded;

	if (!batch)
		batch = !can_draw(f);
	r = open_feed(f, s, argc, groups, !batch, &feed);
	if (!r)
		r = batch ? run_batch(f, feed, s) : run_screen(f, feed, s);
	if (r == -ENODATA && s->replay)
		r = msg_error(f, NULL, "%s: replay: it has become shorter meanwhile", s->replay);
	else if (r < 0 && r != -ENOMEM && s->replay)
		r = msg_errno(f, r, s->replay, "replay");
	recorded = feed ? feed_record_end(feed) : 0;
	feed_close(feed);
	return r ? r : recorded;
}

static int run(struct frame *f, void *data, int argc, char **argv)
{
	struct spec *spec = data, usual = { .choice = choice_usual() };
	AUTO_FREE char *text = NULL;
	int r = check_spec(f, spec, argc);

	if (r)
		return r;
	if (spec->keys) {
		keys_print();
		return STATUS_DONE;
	}
	if (spec->list_columns)
		return list_columns();
	if (spec->save) {
		r = check_save(f, spec, argc);
		return r ? r : save(f, spec);
	}
	r = config_read(f, options, &usual, &text);
	if (r)
		return r;
	if (usual.bpf && usual.no_bpf)
		return msg_usage(f, "the usual options have both bpf and no-bpf");
	fill_in(spec, &usual);
	/* cut it would show more than was asked for */
	if (spec->filter && strlen(spec->filter) >= ROWS_FILTER)
		return msg_usage(f, "--filter: longer than %d bytes", ROWS_FILTER - 1);
	return show(f, spec, argc, argv);
}

static const struct tool tool = {
	.name = "cgx-top",
	.summary = "Watch the figures of groups",
	.synopsis = synopsis,
	.description = "One tree of groups over all hierarchies, on a screen or line by line. What is - is off for a group, ? is "
		       "not on this kernel, . is not sampled yet.",
	.examples = examples,
	.options = options,
	.column_name = column_name,
	.spec_size = sizeof(struct spec),
	.flags = TOOL_NO_CONTEXT,
	.positional = { COMPLETE_GROUP },
	.run = run,
};

int main(int argc, char **argv)
{
	return frame_main(&tool, argc, argv);
}
