/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report of a sandbox that has ended: kept in its state, and told where it is wanted. */
#include "sandbox/run_report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/links.h"
#include "ui/message.h"
#include "util/cleanup.h"

/* The lines of a text to those that are kept. */
static void keep_lines(struct words *notes, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		AUTO_FREE char *line = strndup(text, n);

		if (line && n)
			words_add(notes, line);
		text += n + (text[n] == '\n');
	}
}

/* Without a group there are no figures: how it ended is all. */
static int write_bare_report(const struct frame *f, const struct run_spec *spec, struct launch *l, struct witness *w,
			     const struct outcome *o)
{
	const struct facts none = {
		.limit_hits = UNKNOWN, .oom_kills = UNKNOWN, .denied = UNKNOWN, .witness = w, .memory.limit = UNKNOWN,
		.pids.limit = UNKNOWN, .memory_peak = UNKNOWN, .pids_peak = UNKNOWN, .usage_usec = UNKNOWN, .user_usec = UNKNOWN,
		.system_usec = UNKNOWN, .throttled_usec = UNKNOWN, .nr_throttled = UNKNOWN, .rbytes = UNKNOWN, .wbytes = UNKNOWN,
		.received = UNKNOWN, .sent = UNKNOWN,
	};

	if (report_trouble(&none, o) || spec->report == REPORT_TEXT)
		report_text(stderr, f, l->spec->argv.v[0], &none, o);
	return 0;
}

/* As text or JSON; malloc'd, NULL without memory. */
static char *format_report(const struct frame *f, const struct run_spec *spec, const struct launch *l, const struct facts *facts,
			   const struct outcome *o)
{
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);

	if (!to)
		return NULL;
	if (spec->report == REPORT_JSON)
		report_json(to, f, l->spec->argv.v, l->group, facts, o);
	else
		report_text(to, f, l->spec->argv.v[0], facts, o);
	if (!fclose(to))
		return text;
	free(text);
	return NULL;
}

int run_check_report(const struct frame *f, const struct run_spec *spec)
{
	int fd = spec->report_to ? open(spec->report_to, O_WRONLY | O_CREAT | O_CLOEXEC, 0666) : -1;

	if (spec->report_to && fd < 0)
		return msg_errno(f, errno, spec->report_to, "open for the report");
	if (fd >= 0)
		close(fd);
	return 0;
}

static int send_report(const struct frame *f, const struct run_spec *spec, const char *text)
{
	FILE *to;

	if (!spec->report_to) {
		fputs(text, stderr);
		return 0;
	}
	to = fopen(spec->report_to, "we");
	if (!to)
		return msg_errno(f, errno, spec->report_to, "open for the report");
	fputs(text, to);
	return fclose(to) ? msg_errno(f, errno, spec->report_to, "write the report") : 0;
}

/* Whole in the state, and told where it is wanted. */
int run_report(const struct frame *f, const struct run_spec *spec, struct launch *l, struct witness *w,
			const struct baseline *before, const struct outcome *o, struct state *st)
{
	AUTO_FREE char *text = NULL;
	struct facts facts;

	if (spec->report == REPORT_NONE)
		return 0;
	if (!l->group)
		return write_bare_report(f, spec, l, w, o);
	/* who is forgotten at once, and ended well, is asked for nothing more */
	report_collect(l->cgx, l->group, before, w, !spec->remove || spec->report || spec->report_to, &facts);
	if (spec->remove && !spec->report && !spec->report_to) {
		if (!report_trouble(&facts, o))
			return 0;
		report_collect(l->cgx, l->group, before, w, 1, &facts);
	}
	if (st->network)
		links_bytes(st, &facts.received, &facts.sent);
	text = format_report(f, spec, l, &facts, o);
	if (!text)
		return -ENOMEM;
	keep_lines(&st->notes, text);
	if (spec->report == REPORT_TROUBLE && !spec->report_to && !report_trouble(&facts, o))
		return 0;
	return send_report(f, spec, text);
}
