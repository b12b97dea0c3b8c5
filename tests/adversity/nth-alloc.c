/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* To be preloaded: the CGX_NTH_ALLOC-th allocation of the process fails; in CGX_NTH_LOG a byte says that it came so far. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);

static long left = -1;
static int asked;

static void mark(void)
{
	const char *log = getenv("CGX_NTH_LOG");
	int fd = log ? open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;

	if (fd < 0)
		return;
	if (write(fd, "x", 1) != 1)
		abort();
	close(fd);
}

/* In the order of calls; a tool has one thread when it allocates. */
static int fails(void)
{
	if (!asked) {
		const char *s = getenv("CGX_NTH_ALLOC");

		asked = 1;
		left = s ? atol(s) : 0;
	}
	if (left <= 0 || --left)
		return 0;
	mark();
	errno = ENOMEM;
	return 1;
}

__attribute__((visibility("default"))) void *malloc(size_t n)
{
	return fails() ? NULL : __libc_malloc(n);
}

__attribute__((visibility("default"))) void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

__attribute__((visibility("default"))) void *realloc(void *p, size_t n)
{
	return fails() ? NULL : __libc_realloc(p, n);
}

__attribute__((visibility("default"))) void *reallocarray(void *p, size_t n, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(n, size, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return fails() ? NULL : __libc_realloc(p, all);
}
