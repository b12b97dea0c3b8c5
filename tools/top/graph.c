/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A figure's past as a picture of blocks. */
#include "graph.h"

uint64_t graph_top(const uint64_t *values, size_t n)
{
	uint64_t top = 0;

	for (size_t i = 0; i < n; i++)
		if (values[i] != GRAPH_NONE && values[i] > top)
			top = values[i];
	return top;
}

/* Eighths of a cell that the value reaches in a graph of so many rows; what is not 0 shows. */
static unsigned eighths(uint64_t value, uint64_t top, int rows)
{
	unsigned all = (unsigned)rows * 8, e;

	if (!value || !top)
		return 0;
	if (value >= top)
		return all;
	e = (unsigned)((unsigned __int128)value * all / top);
	return e ? e : 1;
}

void graph_row(struct buf *b, const uint64_t *values, size_t n, int cells, int row, int rows, uint64_t top,
	       const struct glyphs *g)
{
	unsigned below = (unsigned)(rows - 1 - row) * 8;
	size_t first = n > (size_t)cells ? n - (size_t)cells : 0;

	for (int i = (int)(n - first); i < cells; i++)
		buf_putc(b, ' ');
	for (size_t i = first; i < n; i++) {
		unsigned e = values[i] == GRAPH_NONE ? 0 : eighths(values[i], top, rows);

		e = e <= below ? 0 : e - below;
		buf_puts(b, g->levels[e > 8 ? 8 : e]);
	}
}
