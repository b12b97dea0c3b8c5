/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of signals. */
#include "sandbox/signals.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "util/num.h"

#define MOST  64
#define RTMIN 34 /* as the C library has it, which keeps two for itself */

static int realtime(const char *name, int *ret)
{
	int from_end = !strncasecmp(name, "RTMAX", 5);
	uint64_t n = 0;

	if (!from_end && strncasecmp(name, "RTMIN", 5) != 0)
		return -EINVAL;
	if (name[5] && (name[5] != (from_end ? '-' : '+') || num_u64(name + 6, &n) || n > MOST - RTMIN))
		return -EINVAL;
	*ret = from_end ? MOST - (int)n : RTMIN + (int)n;
	return 0;
}

int signal_parse(const char *text, int *ret)
{
	const char *name = strncasecmp(text, "SIG", 3) ? text : text + 3;
	uint64_t n;

	if (!num_u64(text, &n)) {
		*ret = (int)(n <= MOST ? n : 0);
		return *ret ? 0 : -EINVAL;
	}
	for (int i = 1; i < RTMIN; i++)
		if (sigabbrev_np(i) && !strcasecmp(sigabbrev_np(i), name)) {
			*ret = i;
			return 0;
		}
	return realtime(name, ret);
}
