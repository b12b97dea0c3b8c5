/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A sample in the text form of Prometheus. */
#include "metrics.h"

#include <string.h>

#include "shot.h"
#include "ui/text.h"
#include "util/buf.h"

/* Base units, and what only grows ends in _total. Of a rate its counter is told: the reader makes the rate. */
static const struct {
	const char *name, *type;
	double scale;
	size_t counter; /* the column whose value is told instead; 0 its own */
} families[COLUMNS_ALL] = {
	[COL_MEMORY] = { "cgx_memory_bytes", "gauge", 1 },
	[COL_LIMIT] = { "cgx_memory_limit_bytes", "gauge", 1 },
	[COL_PERCENT] = { "cgx_memory_limit_used_ratio", "gauge", 1e-4 },
	[COL_USED] = { "cgx_memory_without_inactive_file_bytes", "gauge", 1 },
	[COL_PEAK] = { "cgx_memory_peak_bytes", "gauge", 1 },
	[COL_SWAP] = { "cgx_swap_bytes", "gauge", 1 },
	[COL_HITS] = { "cgx_memory_limit_hits_total", "counter", 1 },
	[COL_KILLS] = { "cgx_oom_kills_total", "counter", 1 },
	[COL_PIDS] = { "cgx_pids", "gauge", 1 },
	[COL_PIDS_MAX] = { "cgx_pids_limit", "gauge", 1 },
	[COL_PIDS_PEAK] = { "cgx_pids_peak", "gauge", 1 },
	[COL_FORKS] = { "cgx_forks_denied_total", "counter", 1 },
	[COL_CPU] = { "cgx_cpu_seconds_total", "counter", 1e-6, COL_CPU_TIME },
	[COL_THROTTLED] = { "cgx_cpu_throttled_seconds_total", "counter", 1e-6, COL_THROTTLED_TIME },
	[COL_READ] = { "cgx_io_read_bytes_total", "counter", 1, COL_READ_ALL },
	[COL_WRITTEN] = { "cgx_io_written_bytes_total", "counter", 1, COL_WRITTEN_ALL },
	[COL_PSI_CPU] = { "cgx_cpu_pressure_ratio", "gauge", 1e-4 },
	[COL_PSI_MEMORY] = { "cgx_memory_pressure_ratio", "gauge", 1e-4 },
	[COL_PSI_IO] = { "cgx_io_pressure_ratio", "gauge", 1e-4 },
	[COL_PROCS] = { "cgx_processes", "gauge", 1 },
};

/* The column whose values the family has. */
static size_t told_by(size_t column)
{
	return families[column].counter ? families[column].counter : column;
}

uint64_t metrics_columns(uint64_t shown)
{
	uint64_t told = 0;

	for (size_t c = 0; c < COLUMNS_ALL; c++)
		if (shown & COLUMN_BIT(c) && families[c].name)
			told |= COLUMN_BIT(told_by(c));
	return told;
}

/* A label's value is UTF-8; backslash, quote and newline are escaped. */
static void put_label(FILE *to, const char *path)
{
	AUTO_BUF struct buf shown = { 0 };

	text_name(&shown, path, TEXT_UTF8); /* no two names become the same: readers refuse a file with two of one label */
	for (const char *p = buf_text(&shown); *p; p++) {
		if (*p == '\\' || *p == '"')
			fputc('\\', to);
		fputc(*p, to);
	}
}

static void put_family(FILE *to, const struct feed *f, const struct rows *rows, size_t column)
{
	size_t from = told_by(column);
	int begun = 0;

	for (size_t i = 0; i < rows->n; i++) {
		struct feed_value v = feed_value(f, rows->row[i].group, from);

		if (v.state != FEED_OK)
			continue;
		if (!begun++)
			fprintf(to, "# HELP %s %s.\n# TYPE %s %s\n", families[column].name, column_at_index(from)->help,
				families[column].name, families[column].type);
		fprintf(to, "%s{group=\"", families[column].name);
		put_label(to, feed_group(f, rows->row[i].group)->path);
		if (v.n == UINT64_MAX)
			fputs("\"} +Inf\n", to);
		else if (families[column].scale == 1)
			fprintf(to, "\"} %llu\n", (unsigned long long)v.n);
		else
			fprintf(to, "\"} %.6f\n", (double)v.n * families[column].scale);
	}
}

void metrics_put(FILE *to, const struct feed *f, const struct rows *rows, uint64_t shown)
{
	for (size_t c = 0; c < COLUMNS_ALL; c++)
		if (shown & COLUMN_BIT(c) && families[c].name)
			put_family(to, f, rows, c);
	fputs("# EOF\n", to);
}
