/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the sampler share: sample.c the groups, sample_file.c which file says what. */
#ifndef CGX_SAMPLE_H
#define CGX_SAMPLE_H

#include "private.h"

/* One file read for figures. v2 and v1 rows are apart; the controller decides which hierarchy has it. */
struct sample_file {
	int version;
	cgx_set controller;
	const char *name;
	uint64_t figures;  /* what it tells */
	unsigned flags;    /* FILE_* */
	/* Fill value[] of its figures from the text; 1 << figure for each that was there. */
	uint64_t (*parse)(const struct sample_file *f, const char *text, uint64_t *value);
	const char *otherwise; /* the name where that one is missing */
};
#define FILE_KEPT  (1u << 0) /* small, read each time: worth a descriptor */
#define FILE_LIMIT (1u << 1) /* changes only when it is written */

#define SAMPLE_FILES 48 /* at most */
extern const struct sample_file sample_files[];
size_t sample_files_count(void);

#endif
