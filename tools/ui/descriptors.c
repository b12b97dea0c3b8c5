/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Room for descriptors. */
#include "descriptors.h"

#include <errno.h>
#include <stddef.h>

int descriptors_raise(struct rlimit *ret_before)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -errno;
	if (ret_before)
		*ret_before = limit;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : 0;
}
