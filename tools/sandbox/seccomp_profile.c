/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Profiles made into filters. libseccomp takes some ten milliseconds for one of docker's size, so what it made is kept, under
 * a name that says what it was made of.
 */
#include "sandbox/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "sandbox/seccomp_compile.h"
#include "sandbox/seccomp_read.h"
#include "sandbox/sha256.h"
#include "util/cleanup.h"
#include "util/num.h"

#if defined(__x86_64__)
#define NATIVE "SCMP_ARCH_X86_64"
#elif defined(__aarch64__)
#define NATIVE "SCMP_ARCH_AARCH64"
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE "SCMP_ARCH_RISCV64"
#elif defined(__s390x__)
#define NATIVE "SCMP_ARCH_S390X"
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NATIVE "SCMP_ARCH_PPC64LE"
#else
#define NATIVE "" /* what a profile says of its own architecture alone is not found then */
#endif

enum { LARGEST = 1 << 20 };

/* ---- kept compiled ---- */

/* What a filter is made of; the name of its file. Also the version of what makes it. */
struct cache {
	int dir; /* -1: nothing is kept */
	char name[SHA256_HEX + 1];
};

struct head {
	char magic[8];
	uint64_t n;
};
static const char magic[8] = "cgxbpf1";

/* A folder that somebody else can write to is none to take filters from. */
static int open_cache(const char *dir)
{
	struct stat st;
	int fd;

	if (!dir || (mkdir(dir, 0700) < 0 && errno != EEXIST))
		return -1;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 && (fstat(fd, &st) < 0 || st.st_uid != geteuid() || st.st_mode & 022)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void name_cache(struct cache *c, const struct profile_host *host, const char *text, size_t n)
{
	struct sha256 h;
	char head[160];
	int len = snprintf(head, sizeof(head), "cgx %s %s caps %llx kernel %u.%u profile ", VERSION, host->arch,
			   (unsigned long long)host->caps, host->kernel[0], host->kernel[1]);

	sha256_begin(&h);
	sha256_add(&h, head, (size_t)len);
	sha256_add(&h, text, n);
	sha256_end(&h, c->name);
}

static int take_kept(const struct cache *c, struct sock_fprog *ret)
{
	AUTO_CLOSE int fd = c->dir < 0 ? -1 : openat(c->dir, c->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	AUTO_FREE struct sock_filter *insn = NULL;
	struct head head;
	struct stat st;
	ssize_t size;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 022)
		return 0;
	if (read(fd, &head, sizeof(head)) != sizeof(head) || memcmp(head.magic, magic, sizeof(magic)) || !head.n ||
	    head.n > BPF_MAXINSNS)
		return 0;
	size = (ssize_t)(head.n * sizeof(*insn));
	if (st.st_size != size + (ssize_t)sizeof(head))
		return 0;
	insn = malloc((size_t)size);
	if (!insn || read(fd, insn, (size_t)size) != size)
		return 0;
	*ret = (struct sock_fprog){ (unsigned short)head.n, STEAL(insn) };
	return 1;
}

/* Whole or not at all. That it cannot be kept is nobody's failure. */
static void keep(const struct cache *c, const struct sock_fprog *p)
{
	struct head head = { .n = p->len };
	char name[SHA256_HEX + 32];
	size_t size = p->len * sizeof(*p->filter);
	int fd, ok;

	if (c->dir < 0)
		return;
	memcpy(head.magic, magic, sizeof(magic));
	snprintf(name, sizeof(name), "%s.%d", c->name, (int)getpid());
	fd = openat(c->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return;
	ok = write(fd, &head, sizeof(head)) == sizeof(head) && write(fd, p->filter, size) == (ssize_t)size;
	ok &= !close(fd);
	if (!ok || renameat(c->dir, name, c->dir, c->name) < 0)
		unlinkat(c->dir, name, 0);
}

/* ---- the entry ---- */

static int read_file(const char *path, struct buf *text, struct buf *why)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	char part[16384];
	ssize_t n = 0;

	if (fd < 0)
		return -errno;
	while (text->len <= LARGEST && (n = read(fd, part, sizeof(part))) > 0)
		buf_add(text, part, (size_t)n);
	if (n < 0)
		return -errno;
	if (text->len > LARGEST) {
		buf_printf(why, "larger than %d bytes: no profile", LARGEST);
		return -E2BIG;
	}
	return text->err;
}

static void ask_host(struct profile_host *ret)
{
	struct utsname u;
	const char *s = u.release;
	uint64_t n[2] = { 0, 0 };

	ret->arch = NATIVE;
	if (!uname(&u) && !num_scan(&s, &n[0]) && *s++ == '.')
		num_scan(&s, &n[1]);
	ret->kernel[0] = (unsigned)n[0];
	ret->kernel[1] = (unsigned)n[1];
}

static int make(const struct buf *text, const struct profile_host *host, struct sock_fprog *ret, struct buf *why)
{
	struct profile p;
	int r = profile_read(buf_text(text), text->len, host, &p, why);

	if (r)
		return r;
	r = profile_compile(&p, ret, why);
	profile_free(&p);
	return r;
}

int seccomp_profile(const char *path, uint64_t caps, const char *cache_dir, struct sock_fprog *ret, struct buf *why)
{
	struct profile_host host = { .caps = caps };
	struct cache cache = { .dir = -1 };
	AUTO_BUF struct buf text = { 0 };
	int r = read_file(path, &text, why);

	if (!r) {
		ask_host(&host);
		cache.dir = open_cache(cache_dir);
		if (cache.dir >= 0)
			name_cache(&cache, &host, buf_text(&text), text.len);
		if (!take_kept(&cache, ret)) {
			r = make(&text, &host, ret, why);
			if (!r)
				keep(&cache, ret);
		}
	}
	if (cache.dir >= 0)
		close(cache.dir);
	if (r && !why->len)
		buf_puts(why, strerror(-r));
	return r;
}
