/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A figure's past as a picture of blocks. Pure. */
#ifndef CGX_TOP_GRAPH_H
#define CGX_TOP_GRAPH_H

#include <stddef.h>
#include <stdint.h>

#include "cells.h"

#define GRAPH_NONE UINT64_MAX /* no sample there */

/* The greatest of the values, 0 when there is none. */
uint64_t graph_top(const uint64_t *values, size_t n);
/*
 * Append one line of a graph that is rows high, row 0 the uppermost; a cell a value, the newest (last) at the
 * right end; n beyond cells: the newest ones. top is what fills it.
 */
void graph_row(struct buf *b, const uint64_t *values, size_t n, int cells, int row, int rows, uint64_t top,
	       const struct glyphs *g);

#endif
