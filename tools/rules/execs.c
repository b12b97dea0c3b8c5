/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The program looks into no struct of the kernel's, so that it is the same for all kernels since 5.8, and neither libbpf nor a
 * description of the kernel is needed. It runs in the process that executes, behind its new name and its new ids.
 */
#include "rules/execs.h"

#include <errno.h>
#include <string.h>

#include "rules/bpf_right.h"
#include "util/bpf.h"
#include "util/cleanup.h"

#ifdef HAVE_BPF_RING
#include <linux/bpf.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* What the program puts into the ring. */
struct told {
	uint64_t time, pid;  /* ns of the monotonic clock */
	char comm[16];
};
/* In front of it there, with these bits of the length. */
struct header {
	uint32_t len, page;
};
/* By then no number has been given away again: a name that is older is not believed. The clock that is read is up to 10 ms behind. */
#define FRESH_NS 40000000
#define RECORD (sizeof(struct header) + sizeof(struct told))

static int make_map(unsigned type, unsigned key, unsigned value, unsigned entries, unsigned flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = key;
	attr.value_size = value;
	attr.max_entries = entries;
	attr.map_flags = flags;
	return sys_bpf(BPF_MAP_CREATE, &attr, sizeof(attr));
}

#define STEP(op, to, from, at, number) \
	{ .code = (op), .dst_reg = (to), .src_reg = (from), .off = (short)(at), .imm = (int)(number) }
#define CALL(helper)            STEP(BPF_JMP | BPF_CALL, 0, 0, 0, helper)
#define SET(reg, number)        STEP(BPF_ALU64 | BPF_MOV | BPF_K, reg, 0, 0, number)
#define STACK(reg, at)          STEP(BPF_ALU64 | BPF_MOV | BPF_X, reg, BPF_REG_10, 0, 0), \
				STEP(BPF_ALU64 | BPF_ADD | BPF_K, reg, 0, 0, at)
#define MAP(reg, how, fd)       STEP(BPF_LD | BPF_DW | BPF_IMM, reg, how, 0, fd), STEP(0, 0, 0, 0, 0)
#define RECORD_AT (-(int)sizeof(struct told))

static int load(const struct execs *e)
{
	const struct bpf_insn steps[] = {
		CALL(BPF_FUNC_ktime_get_ns),
		STEP(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, BPF_REG_0, RECORD_AT, 0),
		CALL(BPF_FUNC_get_current_pid_tgid),
		STEP(BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_0, 0, 0, 32),
		STEP(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, BPF_REG_0, RECORD_AT + (int)offsetof(struct told, pid), 0),
		STACK(BPF_REG_1, RECORD_AT + (int)offsetof(struct told, comm)),
		SET(BPF_REG_2, sizeof(((struct told *)0)->comm)),
		CALL(BPF_FUNC_get_current_comm),
		MAP(BPF_REG_1, BPF_PSEUDO_MAP_FD, e->ring),
		STACK(BPF_REG_2, RECORD_AT),
		SET(BPF_REG_3, sizeof(struct told)),
		SET(BPF_REG_4, 0),
		CALL(BPF_FUNC_ringbuf_output),
		STEP(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 4, 0), /* over the next four */
		MAP(BPF_REG_1, BPF_PSEUDO_MAP_VALUE, e->count),
		SET(BPF_REG_2, 1),
		STEP(BPF_STX | BPF_XADD | BPF_DW, BPF_REG_1, BPF_REG_2, 0, 0),
		SET(BPF_REG_0, 0),
		STEP(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	attr.insns = (uintptr_t)steps;
	attr.insn_cnt = sizeof(steps) / sizeof(*steps);
	/* helpers for the GPL alone, which the LGPL lets be chosen in its place (section 3) */
	attr.license = (uintptr_t)"GPL";
	memcpy(attr.prog_name, "cgx_execs", sizeof("cgx_execs"));
	return sys_bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
}

static int fasten(const struct execs *e)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.raw_tracepoint.name = (uintptr_t)"sched_process_exec";
	attr.raw_tracepoint.prog_fd = (unsigned)e->program;
	return sys_bpf(BPF_RAW_TRACEPOINT_OPEN, &attr, sizeof(attr));
}

static void *map_in(int fd, size_t at, size_t size, int protection)
{
	void *p = mmap(NULL, size, protection, MAP_SHARED, fd, (off_t)at);

	return p == MAP_FAILED ? NULL : p;
}

/* The ring is seen twice, one behind the other, so that no record has a break in it. */
static int see(struct execs *e, size_t page)
{
	e->taken = map_in(e->ring, 0, page, PROT_READ | PROT_WRITE);
	e->told = map_in(e->ring, page, page + 2 * e->size, PROT_READ);
	e->ring_text = (const char *)e->told + page;
	e->dropped = map_in(e->count, 0, page, PROT_READ);
	return e->taken && e->told && e->dropped ? 0 : -errno;
}

/* size: of what was to be made. */
static int refuse(int err, const char *what, size_t size, struct buf *why)
{
	buf_printf(why, "%s: ", what);
	bpf_why(err, size, why);
	return err;
}

static int begin(struct execs *e, size_t page, struct buf *why)
{
	int r;

	e->ring = make_map(BPF_MAP_TYPE_RINGBUF, 0, 0, (unsigned)e->size, 0);
	if (e->ring == -EPERM && bpf_raise_limit())
		e->ring = make_map(BPF_MAP_TYPE_RINGBUF, 0, 0, (unsigned)e->size, 0);
	if (e->ring < 0)
		return refuse(e->ring, "make a ring for events", e->size, why);
	e->count = make_map(BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(uint64_t), 1, BPF_F_MMAPABLE);
	if (e->count < 0)
		return refuse(e->count, "make a counter", page, why);
	r = see(e, page);
	if (r)
		return refuse(r, "map the events", e->size, why);
	e->program = load(e);
	if (e->program < 0)
		return refuse(e->program, "load the program", page, why);
	e->link = fasten(e);
	return e->link < 0 ? refuse(e->link, "follow sched_process_exec", page, why) : 0;
}

/* A message of the connector takes the kernel some 800 bytes, a record 40. */
static size_t size_for(uint64_t buffer, size_t page)
{
	size_t size = page;

	while (size < buffer / 32 && size < 1u << 26)
		size *= 2;
	return size;
}

int execs_open(uint64_t buffer, struct execs *ret, struct buf *why)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int r;

	*ret = (struct execs){ .ring = -1, .count = -1, .program = -1, .link = -1, .size = size_for(buffer, page) };
	r = begin(ret, page, why);
	if (r)
		execs_close(ret);
	return r;
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void unmap(const void *p, size_t size)
{
	if (p)
		munmap((void *)(uintptr_t)p, size);
}

void execs_close(struct execs *e)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (e->ring < 0)
		return;
	unmap(e->taken, page);
	unmap(e->told, page + 2 * e->size);
	unmap(e->dropped, page);
	e->taken = NULL;
	e->told = e->dropped = NULL;
	close_one(&e->link);
	close_one(&e->program);
	close_one(&e->count);
	close_one(&e->ring);
}

uint64_t execs_end(const struct execs *e)
{
	return __atomic_load_n(e->told, __ATOMIC_ACQUIRE);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int execs_read(struct execs *e, uint64_t end, struct process_event *ret, int max)
{
	uint64_t at = *e->taken, now = at < end ? now_ns() : 0;
	int n = 0;

	while (at < end && n < max) {
		const struct header *h = (const void *)(e->ring_text + (at & (e->size - 1)));
		uint32_t len = __atomic_load_n(&h->len, __ATOMIC_ACQUIRE);
		struct told t;

		if (len & BPF_RINGBUF_BUSY_BIT)
			break;
		memcpy(&t, h + 1, sizeof(t));
		ret[n] = (struct process_event){ .what = HAPPENING_CHANGED, .pid = (pid_t)t.pid };
		if ((int64_t)(now - t.time) < FRESH_NS)
			memcpy(ret[n].comm, t.comm, sizeof(t.comm) - 1);
		n++;
		at += RECORD;
	}
	__atomic_store_n(e->taken, at, __ATOMIC_RELEASE);
	return n;
}

int execs_have_lost(const struct execs *e)
{
	return __atomic_load_n(e->dropped, __ATOMIC_RELAXED) != e->dropped_before;
}

uint64_t execs_lost(struct execs *e)
{
	uint64_t dropped = e->dropped ? __atomic_load_n(e->dropped, __ATOMIC_RELAXED) : 0, lost = dropped - e->dropped_before;

	e->dropped_before = dropped;
	return lost;
}

#else

int execs_open(uint64_t buffer, struct execs *ret, struct buf *why)
{
	(void)buffer;
	*ret = (struct execs){ .ring = -1 };
	buf_puts(why, "built with headers of an older kernel than Linux 5.8");
	return -EOPNOTSUPP;
}

void execs_close(struct execs *e)
{
	(void)e;
}

uint64_t execs_end(const struct execs *e)
{
	(void)e;
	return 0;
}

int execs_read(struct execs *e, uint64_t end, struct process_event *ret, int max)
{
	(void)e;
	(void)end;
	(void)ret;
	(void)max;
	return 0;
}

int execs_have_lost(const struct execs *e)
{
	(void)e;
	return 0;
}

uint64_t execs_lost(struct execs *e)
{
	(void)e;
	return 0;
}
#endif
