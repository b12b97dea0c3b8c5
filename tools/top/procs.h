/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes of one group, looked at again and again: memory, and CPU since the look before. */
#ifndef CGX_TOP_PROCS_H
#define CGX_TOP_PROCS_H

#include <stddef.h>
#include <stdint.h>

#include "cgx.h"

struct proc_row {
	struct cgx_process process;
	int64_t cpu; /* hundredths of a percent of one CPU; -1 not known yet */
};

struct procs {
	char *path;
	struct proc_row *row; /* by memory, the largest first */
	size_t n;
	uint64_t read_us;     /* monotonic */
	int err;              /* of the last look; the words were on the context */
};

enum { PROCS_MOST = 4096 }; /* more are not looked at */

/* Look. Another path than before begins anew. Returns p->err. */
int procs_read(struct procs *p, struct cgx *cgx, const char *path, uint64_t at_us);
void procs_free(struct procs *p);

#endif
