/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's iterator of groups: libbpf, which is loaded for it, fits sample.bpf.c to the running kernel and loads it; then
 * the library is let go, and a walk is two system calls.
 */
#include "sample.h"
#include "util/bpf.h"

#include <errno.h>

#ifdef HAVE_LIBBPF
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const unsigned char program[] __attribute__((aligned(8))) = {
#include "libcgx/sample.bpf.inc"
};

struct sample_bpf {
	int map, prog;
	struct sample_head *head; /* of the mapped array */
	size_t size, room;
	int link[TREES_MAX];      /* -1 none */
	uint64_t ino[TREES_MAX];  /* of what it starts from */
};

/* ---- libbpf ---- */

#define SYMBOLS(X) \
	X(bpf_object__open_mem) X(bpf_object__load) X(bpf_object__close) X(bpf_object__find_map_by_name) \
	X(bpf_object__find_program_by_name) X(bpf_map__set_max_entries) X(bpf_map__fd) X(bpf_program__fd) X(libbpf_set_print)
struct libbpf {
	void *handle;
#define X(name) __typeof__(name) *name;
	SYMBOLS(X)
#undef X
};

static int open_library(struct cgx_sampler *s, struct libbpf *l)
{
	static const struct {
		const char *name;
		size_t at;
	} symbols[] = {
#define X(name) { #name, offsetof(struct libbpf, name) },
		SYMBOLS(X)
#undef X
	};

	l->handle = dlopen(LIBBPF_SONAME, RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; l->handle && i < COUNT_OF(symbols); i++) {
		void *symbol = dlsym(l->handle, symbols[i].name);

		memcpy((char *)l + symbols[i].at, &symbol, sizeof(symbol));
		if (symbol)
			continue;
		dlclose(l->handle);
		l->handle = NULL;
	}
	if (l->handle)
		return 0;
	buf_printf(&s->bpf_why, "%s is not there or cannot be used (Debian's package libbpf1)", LIBBPF_SONAME);
	return -ENOPKG;
}

/* ---- the program ---- */

/*
 * Where this is refused, Linux 5.11 and with it the iterator are missing, and libbpf would, before it finds that out, lift the
 * caller's limit of locked memory, which counted for BPF up to then.
 */
static int probe(void)
{
	static const struct bpf_insn steps[] = {
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_ktime_get_coarse_ns },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uintptr_t)steps;
	attr.insn_cnt = COUNT_OF(steps);
	attr.license = (uintptr_t)"GPL";
	fd = sys_bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static const char *why_not(int err)
{
	switch (-err) {
	case EPERM:
	case EACCES:
		return "it needs CAP_BPF and CAP_PERFMON, in no user namespace and without lockdown";
	case ESRCH:
	case ENOENT:
	case EINVAL:
	case ENOTSUP:
		return "this kernel has no iterator of groups (Linux 6.1) or does not describe itself (CONFIG_DEBUG_INFO_BTF)";
	case EBADF:
		return "no real cgroup file system";
	default:
		return strerror(-err);
	}
}

static int refuse(struct cgx_sampler *s, int err)
{
	buf_reset(&s->bpf_why);
	buf_puts(&s->bpf_why, why_not(err));
	return err;
}

/* Map and program stay when the object goes. */
static int take_over(struct sample_bpf *b, const struct libbpf *l, struct bpf_object *o)
{
	const struct bpf_map *map = l->bpf_object__find_map_by_name(o, "groups");
	const struct bpf_program *prog = l->bpf_object__find_program_by_name(o, "cgx_sample");

	b->map = fcntl(l->bpf_map__fd(map), F_DUPFD_CLOEXEC, 3);
	b->prog = fcntl(l->bpf_program__fd(prog), F_DUPFD_CLOEXEC, 3);
	if (b->map < 0 || b->prog < 0)
		return -errno;
	b->head = mmap(NULL, b->size, PROT_READ | PROT_WRITE, MAP_SHARED, b->map, 0);
	if (b->head == MAP_FAILED) {
		b->head = NULL;
		return -errno;
	}
	return 0;
}

static int load(struct sample_bpf *b, const struct libbpf *l)
{
	LIBBPF_OPTS(bpf_object_open_opts, how, .object_name = "cgx");
	struct bpf_object *o = l->bpf_object__open_mem(program, sizeof(program), &how);
	int r;

	if (!o)
		return -errno;
	r = l->bpf_map__set_max_entries(l->bpf_object__find_map_by_name(o, "groups"), (unsigned)b->room + 1);
	if (!r)
		r = l->bpf_object__load(o);
	if (!r)
		r = take_over(b, l, o);
	l->bpf_object__close(o);
	return r;
}

int bpf_open(struct cgx_sampler *s, size_t room, struct sample_bpf **ret)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct sample_bpf *b;
	struct libbpf l;
	libbpf_print_fn_t before;
	int r = bpf_has_capabilities() ? probe() : -EPERM;

	if (r)
		return refuse(s, r);
	r = open_library(s, &l);
	if (r)
		return r;
	b = calloc(1, sizeof(*b));
	if (b) {
		*b = (struct sample_bpf){ .map = -1, .prog = -1, .room = room };
		memset(b->link, 0xff, sizeof(b->link));
		b->size = ((room + 1) * sizeof(struct sample_raw) + page - 1) / page * page;
		before = l.libbpf_set_print(NULL); /* it prints what it has to say */
		r = load(b, &l);
		l.libbpf_set_print(before);
	}
	dlclose(l.handle);
	if (!b)
		return -ENOMEM;
	if (r) {
		bpf_close(b);
		return refuse(s, r);
	}
	*ret = b;
	return 0;
}

struct sample_bpf *bpf_close(struct sample_bpf *b)
{
	if (!b)
		return NULL;
	for (size_t i = 0; i < TREES_MAX; i++)
		if (b->link[i] >= 0)
			close(b->link[i]);
	if (b->head)
		munmap(b->head, b->size);
	if (b->map >= 0)
		close(b->map);
	if (b->prog >= 0)
		close(b->prog);
	free(b);
	return NULL;
}

/* ---- a walk ---- */

/* Fasten the program to the start. The link holds the group, be it removed. */
static int fasten(struct cgx_sampler *s, struct sample_bpf *b, size_t tree, uint64_t ino)
{
	union bpf_iter_link_info info;
	union bpf_attr attr;
	int dir, r;

	if (b->link[tree] >= 0 && b->ino[tree] == ino)
		return 0;
	if (b->link[tree] >= 0)
		close(b->link[tree]);
	b->link[tree] = -1;
	dir = fs_dir(s->tree[tree]->fd, s->start[tree]);
	if (dir < 0)
		return dir;
	memset(&info, 0, sizeof(info));
	memset(&attr, 0, sizeof(attr));
	info.cgroup.order = BPF_CGROUP_ITER_DESCENDANTS_PRE;
	info.cgroup.cgroup_fd = (unsigned)dir;
	attr.link_create.prog_fd = (unsigned)b->prog;
	attr.link_create.attach_type = BPF_TRACE_ITER;
	attr.link_create.iter_info = (uintptr_t)&info;
	attr.link_create.iter_info_len = sizeof(info);
	r = sys_bpf(BPF_LINK_CREATE, &attr, sizeof(attr));
	close(dir);
	if (r < 0)
		return r;
	b->link[tree] = r;
	b->ino[tree] = ino;
	return 0;
}

static int iterate(const struct sample_bpf *b, size_t tree)
{
	union bpf_attr attr;
	char nothing[8];
	int fd, r;

	memset(&attr, 0, sizeof(attr));
	attr.iter_create.link_fd = (unsigned)b->link[tree];
	fd = sys_bpf(BPF_ITER_CREATE, &attr, sizeof(attr));
	if (fd < 0)
		return fd;
	do
		r = (int)read(fd, nothing, sizeof(nothing));
	while (r < 0 && errno == EINTR);
	r = r < 0 ? -errno : 0;
	close(fd);
	return r;
}

int bpf_walk(struct cgx_sampler *s, size_t tree, uint64_t ino, unsigned want, const struct sample_raw **ret, size_t *ret_n)
{
	const struct cgx_hierarchy *h = s->tree[tree];
	struct sample_bpf *b = s->bpf;
	int r = fasten(s, b, tree, ino);

	if (r == -ENOENT || r == -ENODEV) { /* it is gone by now */
		*ret_n = 0;
		*ret = (const struct sample_raw *)(const void *)b->head + 1;
		return 0;
	}
	if (r)
		return refuse(s, r);
	b->head->n = 0;
	b->head->how = (h->version == 2 ? RAW_HOW_V2 : 0) | (h->flags & HIER_PIDS_LOCAL ? RAW_HOW_PIDS_LOCAL : 0);
	b->head->want = want;
	r = iterate(b, tree);
	if (r)
		return refuse(s, r);
	*ret_n = (size_t)b->head->n;
	*ret = (const struct sample_raw *)(const void *)b->head + 1;
	return *ret_n > b->room ? -ENOSPC : 0;
}

#else

int bpf_open(struct cgx_sampler *s, size_t room, struct sample_bpf **ret)
{
	(void)room;
	(void)ret;
	buf_puts(&s->bpf_why, "built without libbpf");
	return -EOPNOTSUPP;
}

struct sample_bpf *bpf_close(struct sample_bpf *b)
{
	return b;
}

int bpf_walk(struct cgx_sampler *s, size_t tree, uint64_t ino, unsigned want, const struct sample_raw **ret, size_t *ret_n)
{
	(void)s;
	(void)tree;
	(void)ino;
	(void)want;
	(void)ret;
	(void)ret_n;
	return -EOPNOTSUPP;
}
#endif
