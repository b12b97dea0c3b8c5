/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Samples without a screen: text, CSV, JSON lines, metrics. */
#ifndef CGX_TOP_BATCH_H
#define CGX_TOP_BATCH_H

#include "choice.h"
#include "ui/frame.h"

enum batch_form { BATCH_TEXT, BATCH_CSV, BATCH_JSON, BATCH_METRICS };

struct batch_how {
	enum batch_form form;
	uint64_t delay_us;
	uint64_t count;       /* samples; 0 without end */
	int no_headings;      /* of text and CSV */
	int flat, hide_empty; /* a list it is also when it is sorted */
	const char *filter;   /* NULL none */
	struct choice choice;
	const char *output;   /* a file that is replaced at each sample; NULL stdout */
};

/* What feed_open_live() should read for it. */
uint64_t batch_needs(const struct batch_how *how);
/* Returns an exit status. */
int batch_run(struct frame *f, struct feed *feed, const struct batch_how *how);

#endif
