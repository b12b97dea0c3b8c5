/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A sample in the text form of Prometheus, as a node exporter's textfile directory takes it. */
#ifndef CGX_TOP_METRICS_H
#define CGX_TOP_METRICS_H

#include <stdio.h>

#include "rows.h"

/* The columns of which these are told: of a rate its counter. */
uint64_t metrics_columns(uint64_t shown);
/* The columns of the set shown, a family each, for the groups of rows. */
void metrics_put(FILE *to, const struct feed *f, const struct rows *rows, uint64_t shown);

#endif
