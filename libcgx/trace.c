/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who is being killed, at the moment it is: the tracepoint oom:mark_victim through perf_event_open. It fires for
 * every kill, of a group or of the machine, is not rate-limited, and comes before the victim has left its group.
 */
#include "trace.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

/* A record takes about 112 bytes, and memory.oom.group kills many at once. */
#define DATA_PAGES_FEW_CPUS  8
#define DATA_PAGES_MANY_CPUS 2
#define MANY_CPUS            32
#define RECORD_MAX           1024

struct ring {
	int fd;
	struct perf_event_mmap_page *page; /* NULL not mapped; the data follow it */
	size_t size;                       /* of the data */
};
struct trace {
	struct cgx *cgx;
	struct trace_format format;
	struct ring *ring;
	size_t n, page_size;
	int epoll;
	uint64_t lost;
	struct buf groups, stat;
	_Alignas(8) char record[RECORD_MAX];
};

/* ---- tracefs ---- */

static const char event_id[] = "events/oom/mark_victim/id";
static const char event_format[] = "events/oom/mark_victim/format";

/* Where the mounted one is: tracefs itself, or seen through debugfs. -ENODEV none. */
static int mounted_tracefs(struct cgx *cgx)
{
	AUTO_BUF struct buf b = { 0 };
	struct proc_mount m;
	char *p;
	int r = fs_read(cgx->fs.fd, "proc/self/mountinfo", &b), found = -ENODEV;

	for (p = b.s; !r && proc_mount_next(&p, &m) > 0;) {
		int debugfs = !strcmp(m.type, "debugfs");
		AUTO_CLOSE int fd = -1;

		if ((!debugfs && strcmp(m.type, "tracefs")) || strcmp(m.root, "/"))
			continue;
		fd = fs_dir(cgx->fs.fd, m.point);
		if (fd >= 0 && debugfs) {
			int tracing = fs_dir(fd, "tracing");

			close(fd);
			fd = tracing;
		}
		if (fd >= 0 && fs_exists(fd, "events") == 1)
			return steal_fd(&fd);
		found = fd == -EACCES ? -EACCES : found;
	}
	return r ? r : found;
}

static int no_tracefs(struct cgx *cgx, int err)
{
	if (err == -EPERM || err == -EACCES) {
		fail(cgx, err, "tracefs", "open", "it cannot be seen, and mounting it needs CAP_SYS_ADMIN");
		advise(cgx, "as root: mount -t tracefs tracefs /sys/kernel/tracing; reading it needs root");
		return err;
	}
	fail(cgx, -ENODEV, "tracefs", "open", err == -ENOSYS ? "it is mounted nowhere" : "this kernel has none");
	if (err == -ENOSYS)
		advise(cgx, "mount -t tracefs tracefs /sys/kernel/tracing");
	return -ENODEV;
}

static int open_tracefs(struct cgx *cgx)
{
	int fd;

	if (strcmp(cgx->fs.root, "/"))
		return fail(cgx, -EOPNOTSUPP, cgx->fs.root, "trace out-of-memory kills",
			    "they happen on the running machine, and this root is another");
	fd = mounted_tracefs(cgx);
	if (fd == -ENODEV || fd == -EACCES)
		fd = fs_mount_private("tracefs");
	if (fd == -ENOMEM || fd == -EMFILE || fd == -ENFILE)
		return fail(cgx, fd, "tracefs", "open", NULL);
	return fd < 0 ? no_tracefs(cgx, fd) : fd;
}

static int read_event(struct trace *t, uint64_t *ret_id)
{
	AUTO_CLOSE int dir = open_tracefs(t->cgx);
	AUTO_BUF struct buf id = { 0 }, format = { 0 };
	const char *p;
	int r;

	if (dir < 0)
		return dir;
	r = fs_read(dir, event_id, &id);
	if (!r)
		r = fs_read(dir, event_format, &format);
	if (r == -ENOENT)
		return fail(t->cgx, r, "oom:mark_victim", "find the tracepoint",
			    "this kernel has none (it came with Linux 4.14)");
	if (r)
		return fail(t->cgx, r, event_id, "read", NULL);
	p = id.s;
	if (num_scan(&p, ret_id) || trace_parse_format(format.s, &t->format))
		return fail(t->cgx, -EBADMSG, event_format, "read", "it is not understood");
	return 0;
}

/* ---- rings ---- */

static int cannot_listen(struct cgx *cgx, int err)
{
	fail(cgx, err, "oom:mark_victim", "listen", NULL);
	if (err == -EPERM || err == -EACCES)
		advise(cgx, "perf events of all processes need root or CAP_PERFMON; a container's seccomp filter may "
			    "forbid perf_event_open as well");
	if (err == -ENOSYS)
		advise(cgx, "this kernel was built without CONFIG_PERF_EVENTS");
	return err;
}

static int listen_on(struct trace *t, struct ring *ring, uint64_t id, int cpu, size_t pages)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = id,
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_TIME | PERF_SAMPLE_RAW,
		.wakeup_events = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};
	struct epoll_event e = { .events = EPOLLIN };
	void *map;

	ring->fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (ring->fd < 0)
		return -errno;
	map = mmap(NULL, (pages + 1) * t->page_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	ring->page = map;
	ring->size = pages * t->page_size;
	return epoll_ctl(t->epoll, EPOLL_CTL_ADD, ring->fd, &e) ? -errno : 0;
}

static int add_cpu(struct trace *t, uint64_t id, int cpu, size_t pages)
{
	struct ring *more = reallocarray(t->ring, t->n + 1, sizeof(*more));
	int r;

	if (!more)
		return -ENOMEM;
	t->ring = more;
	t->ring[t->n] = (struct ring){ .fd = -1 };
	r = listen_on(t, &t->ring[t->n++], id, cpu, pages);
	if (r == -ENODEV || r == -ENXIO) { /* it went offline */
		t->n--;
		return 0;
	}
	return r;
}

/* "0-3,7" */
static int listen_all(struct trace *t, uint64_t id)
{
	AUTO_BUF struct buf b = { 0 };
	uint64_t from, to, count;
	size_t pages;
	int r = fs_read(t->cgx->fs.fd, "sys/devices/system/cpu/online", &b);

	if (r == -ENOMEM)
		return r;
	b.len = strcspn(buf_text(&b), "\n");
	if (b.s)
		b.s[b.len] = '\0';
	if (r || text_list_check(b.s, &count))
		return fail(t->cgx, r ? r : -EBADMSG, "/sys/devices/system/cpu/online", "read", NULL);
	pages = count > MANY_CPUS ? DATA_PAGES_MANY_CPUS : DATA_PAGES_FEW_CPUS;
	for (const char *p = b.s; !num_scan(&p, &from); p += *p == ',') {
		to = from;
		if (*p == '-' && (p++, num_scan(&p, &to)))
			break;
		for (; from <= to; from++) {
			r = add_cpu(t, id, (int)from, pages);
			if (r)
				return cannot_listen(t->cgx, r);
		}
	}
	return 0;
}

struct trace *trace_close(struct trace *t)
{
	if (!t)
		return NULL;
	for (size_t i = 0; i < t->n; i++) {
		if (t->ring[i].page)
			munmap(t->ring[i].page, t->ring[i].size + t->page_size);
		if (t->ring[i].fd >= 0)
			close(t->ring[i].fd);
	}
	if (t->epoll >= 0)
		close(t->epoll);
	buf_free(&t->groups);
	buf_free(&t->stat);
	free(t->ring);
	free(t);
	return NULL;
}

int trace_open(struct cgx *cgx, struct trace **ret)
{
	struct trace *t = calloc(1, sizeof(*t));
	uint64_t id = 0;
	int r;

	if (!t)
		return -ENOMEM;
	t->cgx = cgx;
	t->page_size = (size_t)sysconf(_SC_PAGESIZE);
	t->epoll = epoll_create1(EPOLL_CLOEXEC);
	r = t->epoll < 0 ? cannot_listen(cgx, -errno) : read_event(t, &id);
	if (!r)
		r = listen_all(t, id);
	if (r) {
		trace_close(t);
		return r;
	}
	*ret = t;
	return 0;
}

int trace_fd(const struct trace *t)
{
	return t->epoll;
}

uint64_t trace_lost(const struct trace *t)
{
	return t->lost;
}

/* ---- reading ---- */

/* size bytes at a position of the ring, which wraps. */
static void copy_out(const struct trace *t, const struct ring *ring, uint64_t at, void *to, size_t size)
{
	const char *data = (const char *)ring->page + t->page_size;
	size_t offset = at & (ring->size - 1), first = ring->size - offset;

	if (first > size)
		first = size;
	memcpy(to, data + offset, first);
	memcpy((char *)to + first, data, size - first);
}

/* The length of the oldest record, 0 none. */
static size_t peek(const struct trace *t, const struct ring *ring)
{
	uint64_t head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE), tail = ring->page->data_tail;
	struct perf_event_header h;

	if (head - tail < sizeof(h))
		return 0;
	copy_out(t, ring, tail, &h, sizeof(h));
	return h.size < sizeof(h) || h.size > head - tail ? (size_t)(head - tail) : h.size;
}

static uint64_t time_of_oldest(const struct trace *t, const struct ring *ring, size_t len)
{
	char start[16];

	if (len < sizeof(start))
		return 0;
	copy_out(t, ring, ring->page->data_tail, start, sizeof(start));
	return trace_record_time(start, sizeof(start));
}

/* Move the oldest record of all rings to t->record. Its length, 0 none. */
static size_t take_oldest(struct trace *t)
{
	struct ring *oldest = NULL;
	uint64_t first = 0;
	size_t len = 0, n;

	for (size_t i = 0; i < t->n; i++) {
		uint64_t time;

		n = peek(t, &t->ring[i]);
		if (!n)
			continue;
		time = time_of_oldest(t, &t->ring[i], n);
		if (oldest && time >= first)
			continue;
		oldest = &t->ring[i];
		first = time;
		len = n;
	}
	if (!oldest)
		return 0;
	n = len < sizeof(t->record) ? len : sizeof(t->record);
	copy_out(t, oldest, oldest->page->data_tail, t->record, n);
	__atomic_store_n(&oldest->page->data_tail, oldest->page->data_tail + len, __ATOMIC_RELEASE);
	return n;
}

#define PF_EXITING 4 /* include/linux/sched.h */

/* "... S PPID PGRP SESSION TTY TPGID FLAGS": it is on its way out, though maybe no zombie yet. */
static int is_exiting(const char *stat, char state)
{
	const char *p = strrchr(stat, ')');
	uint64_t flags;

	for (int field = 0; p && field < 7; field++)
		p = strchr(p + 1, ' ');
	if (p)
		p++;
	return state == 'Z' || state == 'X' || !p || num_scan(&p, &flags) || flags & PF_EXITING;
}

/*
 * Where it is, before it goes. The number may be another process's already, or mean another one in this pid
 * namespace: then the name, where the kernel told it, is not the same.
 */
int trace_locate(struct trace *t, struct victim *v)
{
	struct cgx_process p = { 0 };
	char path[40];
	int r;

	snprintf(path, sizeof(path), "proc/%d/cgroup", (int)v->pid);
	r = fs_read(t->cgx->fs.fd, path, &t->groups);
	if (r)
		return r == -ENOMEM ? r : 0;
	snprintf(path, sizeof(path), "proc/%d/stat", (int)v->pid);
	r = fs_read(t->cgx->fs.fd, path, &t->stat);
	if (r == -ENOMEM)
		return r;
	if (r || proc_stat(t->stat.s, &p)) {
		v->known |= VICTIM_EXITED; /* between the two */
	} else {
		if (v->known & VICTIM_COMM && strcmp(p.comm, v->comm))
			return 0;
		if (is_exiting(t->stat.s, p.state))
			v->known |= VICTIM_EXITED;
		if (!(v->known & VICTIM_COMM))
			snprintf(v->comm, sizeof(v->comm), "%.15s", p.comm);
		v->known |= VICTIM_COMM;
	}
	v->groups = t->groups.s;
	v->known |= VICTIM_GROUPS;
	return 0;
}

int trace_next(struct trace *t, struct victim *ret)
{
	struct victim v;
	size_t len;

	while ((len = take_oldest(t))) {
		int r = trace_parse_record(&t->format, t->record, len, &t->lost, &v);

		if (r < 0) {
			t->lost++; /* there was one, and nobody can read it */
			continue;
		}
		if (!r)
			continue;
		*ret = v;
		return 1;
	}
	return 0;
}
