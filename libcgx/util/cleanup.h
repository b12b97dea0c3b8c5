/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cleanup attributes for locals, and stealing from them. */
#ifndef CGX_UTIL_CLEANUP_H
#define CGX_UTIL_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_freep(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_closep(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define CLEANUP(f) __attribute__((cleanup(f)))
#define AUTO_FREE  CLEANUP(cleanup_freep)
#define AUTO_CLOSE CLEANUP(cleanup_closep)

/* The pointer, which the local then no longer owns. */
#define STEAL(p)                         \
	({                               \
		__typeof__(p) _s = (p);  \
		(p) = NULL;              \
		_s;                      \
	})

static inline int steal_fd(int *fd)
{
	int f = *fd;

	*fd = -1;
	return f;
}

#endif
