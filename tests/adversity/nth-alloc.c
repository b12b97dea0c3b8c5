/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* To be preloaded: the CGX_NTH_ALLOC-th allocation of the process fails; in CGX_NTH_LOG a byte says that it came so far. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);

static long left = -1;
static int asked, in_nss;

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
static int fails(void *caller)
{
	Dl_info where;

	if (!asked) {
		const char *s = getenv("CGX_NTH_ALLOC");

		asked = 1;
		left = s ? atol(s) : 0;
	}
	/* Of libraries that are not ours nor libc, and of the loader, nothing is asked. */
	if (in_nss || left <= 0 ||
	    (dladdr(caller, &where) && where.dli_fname &&
	     (strstr(where.dli_fname, "smartcols") || strstr(where.dli_fname, "json-c") || strstr(where.dli_fname, "/ld-"))))
		return 0;
	if (--left)
		return 0;
	mark();
	errno = ENOMEM;
	return 1;
}

__attribute__((visibility("default"))) void *malloc(size_t n)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(n);
}

__attribute__((visibility("default"))) void *calloc(size_t n, size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(n, size);
}

__attribute__((visibility("default"))) void *realloc(void *p, size_t n)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(p, n);
}

__attribute__((visibility("default"))) void *reallocarray(void *p, size_t n, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(n, size, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(p, all);
}

/* glibc's name service itself crashes without memory (2.36, nss_database.c): that is not what is looked for. */
#define SPARE(type, name, arg)                                                                     \
	__attribute__((visibility("default"))) type *name(arg id)                                  \
	{                                                                                          \
		static type *(*real)(arg);                                                         \
		type *ret;                                                                         \
                                                                                                   \
		in_nss = 1;                                                                        \
		if (!real)                                                                         \
			*(void **)&real = dlsym(RTLD_NEXT, #name);                                 \
		ret = real ? real(id) : NULL;                                                      \
		in_nss = 0;                                                                        \
		return ret;                                                                        \
	}
SPARE(struct passwd, getpwuid, uid_t)
SPARE(struct passwd, getpwnam, const char *)
SPARE(struct group, getgrgid, gid_t)
SPARE(struct group, getgrnam, const char *)
