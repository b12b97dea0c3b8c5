/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's reports of out-of-memory kills, from /dev/kmsg (Documentation/ABI/testing/dev-kmsg). */
#include "kmsg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* ---- records ---- */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The kernel writes bytes below 0x20, from 0x7f on and the backslash as \xHH. */
static void decode(struct buf *b, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\\' && i + 3 < len && s[i + 1] == 'x' && hex(s[i + 2]) >= 0 && hex(s[i + 3]) >= 0) {
			char c = (char)(hex(s[i + 2]) << 4 | hex(s[i + 3]));

			buf_putc(b, c ? c : '?');
			i += 3;
		} else {
			buf_putc(b, s[i] ? s[i] : '?');
		}
	}
}

struct header {
	uint64_t prio, seq, usec;
	int continues; /* flag c: goes on with the record before */
};

/* "PRIO,SEQ,USEC,FLAG[,...];" ; moves *s behind it. */
static int parse_header(const char **s, struct header *h)
{
	const char *p = *s;

	if (num_scan(&p, &h->prio) || *p++ != ',' || num_scan(&p, &h->seq) || *p++ != ',' || num_scan(&p, &h->usec) ||
	    *p++ != ',')
		return -EBADMSG;
	h->continues = *p == 'c';
	p = strchr(p, ';');
	if (!p)
		return -EBADMSG;
	*s = p + 1;
	return 0;
}

/* ---- reading from the right ---- */

static int starts(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

/* The last place of needle before end. */
static const char *find_last(const char *s, const char *end, const char *needle)
{
	size_t n = strlen(needle);

	for (const char *p = end - n; p >= s; p--)
		if (!memcmp(p, needle, n))
			return p;
	return NULL;
}

/* Cut ",KEY=NUMBER" off the end of s; *end moves. */
static int cut_number(const char *s, const char **end, const char *key, uint64_t *ret)
{
	const char *at = (size_t)(*end - s) < strlen(key) ? NULL : find_last(s, *end, key);
	const char *p = at ? at + strlen(key) : NULL;

	if (!p || num_scan(&p, ret) || p != *end)
		return -EBADMSG;
	*end = at;
	return 0;
}

static void copy(char *to, size_t size, const char *s, size_t len)
{
	if (len >= size)
		len = size - 1;
	memcpy(to, s, len);
	to[len] = '\0';
}

/* A group below another or the same. */
static int is_within(const char *task, size_t tlen, const char *limit, size_t llen)
{
	if (llen == 1) /* "/" */
		return tlen && *task == '/';
	return tlen >= llen && !memcmp(task, limit, llen) && (tlen == llen || task[llen] == '/');
}

/* "LIMIT,task_memcg=TASK": of all places where it could be cut, the one where TASK lies within LIMIT. */
static void split_groups(const char *s, const char *end, struct cgx_oom *o)
{
	static const char mark[] = ",task_memcg=";
	size_t n = sizeof(mark) - 1;

	for (const char *p = s; p + n <= end; p++)
		if (!memcmp(p, mark, n) && is_within(p + n, (size_t)(end - p) - n, s, (size_t)(p - s))) {
			copy(o->limit_path, sizeof(o->limit_path), s, (size_t)(p - s));
			copy(o->victim_path, sizeof(o->victim_path), p + n, (size_t)(end - p) - n);
			return;
		}
}

/* The groups of "oom-kill:constraint=...,oom_memcg=L,task_memcg=T,task=COMM,pid=N,uid=N" for a known victim. */
static void use_summary(const char *s, struct cgx_oom *o)
{
	const char *end = s + strlen(s), *at;
	uint64_t uid, pid;
	char tail[32];

	if (cut_number(s, &end, ",uid=", &uid) || cut_number(s, &end, ",pid=", &pid) || (pid_t)pid != o->pid)
		return;
	snprintf(tail, sizeof(tail), ",task=%s", o->comm);
	if ((size_t)(end - s) < strlen(tail) || memcmp(end - strlen(tail), tail, strlen(tail)))
		return;
	end -= strlen(tail);
	at = strstr(s, ",oom_memcg=");
	if (at && at < end) {
		o->memcg = 1;
		split_groups(at + strlen(",oom_memcg="), end, o);
		return;
	}
	at = strstr(s, ",global_oom,task_memcg=");
	if (at && at < end) {
		at += strlen(",global_oom,task_memcg=");
		o->memcg = 0;
		copy(o->victim_path, sizeof(o->victim_path), at, (size_t)(end - at));
	}
}

/* "anon-rss:12kB" anywhere behind the comm, in bytes. */
static uint64_t kilobytes(const char *s, const char *key)
{
	const char *p = strstr(s, key);
	uint64_t n;

	if (!p)
		return 0;
	p += strlen(key);
	return num_scan(&p, &n) || n > UINT64_MAX / 1024 ? 0 : n * 1024;
}

/* "... Killed process N (COMM) total-vm:..kB, anon-rss:..kB, ..." */
static int parse_killed(const char *s, struct cgx_oom *o)
{
	const char *p = strstr(s, "Killed process "), *end = s + strlen(s), *close, *q;
	uint64_t pid, uid;
	int64_t adj;

	if (!p)
		return 0;
	*o = (struct cgx_oom){ .memcg = -1, .uid = (uid_t)-1 };
	if (starts(s, "Memory cgroup out of memory"))
		o->memcg = 1;
	else if (starts(s, "Out of memory"))
		o->memcg = 0;
	p += strlen("Killed process ");
	if (num_scan(&p, &pid) || !pid || pid > INT32_MAX || p[0] != ' ' || p[1] != '(')
		return 0;
	/* behind the last one stand numbers only */
	close = find_last(p, end, ") total-vm:");
	if (!close)
		close = find_last(p, end, "), UID ");
	if (!close || close < p + 2)
		return 0;
	o->pid = (pid_t)pid;
	copy(o->comm, sizeof(o->comm), p + 2, (size_t)(close - p - 2));
	o->anon_rss = kilobytes(close, "anon-rss:");
	o->file_rss = kilobytes(close, "file-rss:");
	o->shmem_rss = kilobytes(close, "shmem-rss:");
	q = strstr(close, "UID:");
	if (q && (q += 4, !num_scan(&q, &uid)))
		o->uid = (uid_t)uid;
	q = strstr(close, "oom_score_adj:");
	if (q && !num_i64(q + strlen("oom_score_adj:"), &adj))
		o->oom_score_adj = (int)adj;
	return 1;
}

/* Kernels before 5.0: "Task in TASK killed as a result of limit of LIMIT" */
static void keep_old_groups(struct kmsg_parse *p, const char *s)
{
	static const char mark[] = " killed as a result of limit of ";
	const char *at = find_last(s, s + strlen(s), mark);

	buf_reset(&p->task);
	buf_reset(&p->limit);
	if (!at || at < s + strlen("Task in "))
		return;
	s += strlen("Task in ");
	buf_add(&p->task, s, (size_t)(at - s));
	buf_puts(&p->limit, at + sizeof(mark) - 1);
}

static void use_old_groups(const struct kmsg_parse *p, struct cgx_oom *o)
{
	if (*o->victim_path || !p->task.len)
		return;
	o->memcg = 1;
	copy(o->limit_path, sizeof(o->limit_path), buf_text(&p->limit), p->limit.len);
	copy(o->victim_path, sizeof(o->victim_path), buf_text(&p->task), p->task.len);
}

/* ---- the machine ---- */

void kmsg_parse_free(struct kmsg_parse *p)
{
	buf_free(&p->record);
	buf_free(&p->summary);
	buf_free(&p->limit);
	buf_free(&p->task);
}

/* The present record, as far as it has come. */
static int take_record(struct kmsg_parse *p, struct cgx_oom *ret)
{
	const char *s = buf_text(&p->record);

	if (starts(s, "oom-kill:")) {
		buf_reset(&p->summary);
		buf_puts(&p->summary, s);
		return 0;
	}
	if (starts(s, "Task in ")) {
		keep_old_groups(p, s);
		return 0;
	}
	if (!parse_killed(s, ret))
		return 0;
	ret->time_us = p->time_us;
	use_summary(buf_text(&p->summary), ret);
	use_old_groups(p, ret);
	if (ret->pid == p->last_pid && p->time_us - p->last_us < 1000000)
		return 0;
	p->last_pid = ret->pid;
	p->last_us = p->time_us;
	return 1;
}

/* A report is long, and a hostile name can make it longer; what continues without end is cut. */
#define RECORD_MAX 65536

int kmsg_parse_record(struct kmsg_parse *p, const char *s, size_t len, uint64_t *ret_seq, struct cgx_oom *ret)
{
	AUTO_FREE char *text = strndup(s, len);
	const char *body = text;
	struct header h;
	int r;

	if (!text)
		return -ENOMEM;
	if (parse_header(&body, &h))
		return 0;
	*ret_seq = h.seq;
	if (h.prio >> 3) /* user space wrote it */
		return 0;
	if (!h.continues || p->record.len > RECORD_MAX)
		buf_reset(&p->record);
	p->time_us = h.usec;
	decode(&p->record, body, strcspn(body, "\n"));
	r = take_record(p, ret);
	if (p->record.err || p->summary.err || p->task.err || p->limit.err)
		return -ENOMEM;
	return r;
}

/* ---- /dev/kmsg ---- */

struct cgx_kmsg {
	struct cgx *cgx;
	struct kmsg_parse parse;
	int fd;
	uint64_t next_seq, lost;
	char record[8192];
};

CGX_API struct cgx_kmsg *cgx_kmsg_close(struct cgx_kmsg *k)
{
	if (!k)
		return NULL;
	if (k->fd >= 0)
		close(k->fd);
	kmsg_parse_free(&k->parse);
	free(k);
	return NULL;
}

static int cannot_open(struct cgx *cgx, int err)
{
	fail(cgx, err, "/dev/kmsg", "open", NULL);
	if (err == -EPERM || err == -EACCES)
		advise(cgx, "reading the kernel log needs root or CAP_SYSLOG (kernel.dmesg_restrict)");
	return err;
}

CGX_API int cgx_kmsg_open(struct cgx *cgx, struct cgx_kmsg **ret)
{
	AUTO_CLOSE int fd = fs_open_read(cgx->fs.fd, "dev/kmsg");
	struct cgx_kmsg *k;

	if (fd < 0)
		return cannot_open(cgx, fd);
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0 || lseek(fd, 0, SEEK_END) < 0)
		return cannot_open(cgx, -errno);
	k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	k->cgx = cgx;
	k->fd = steal_fd(&fd);
	*ret = k;
	return 0;
}

CGX_API int cgx_kmsg_next(struct cgx_kmsg *k, struct cgx_oom *ret)
{
	for (;;) {
		ssize_t n = read(k->fd, k->record, sizeof(k->record));
		uint64_t seq = k->next_seq;
		int r;

		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EPIPE) /* overwritten before it was read; the gap in the numbers counts it */
			continue;
		if (n <= 0)
			return n ? fail(k->cgx, -errno, "/dev/kmsg", "read", NULL) : 0;
		r = kmsg_parse_record(&k->parse, k->record, (size_t)n, &seq, ret);
		if (k->next_seq && seq > k->next_seq)
			k->lost += seq - k->next_seq;
		k->next_seq = seq + 1;
		if (r)
			return r;
	}
}

CGX_API uint64_t cgx_kmsg_lost(const struct cgx_kmsg *k)
{
	return k->lost;
}
