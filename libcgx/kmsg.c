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

struct piece {
	const char *s;
	size_t len;
};

static int starts(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

static const char *find(const char *s, const char *end, const char *needle)
{
	return memmem(s, (size_t)(end - s), needle, strlen(needle));
}

/* Cut ",KEY=NUMBER" off the end of s; *end moves. */
static int cut_number(const char *s, const char **end, const char *key, uint64_t *ret)
{
	const char *at = NULL, *p = s;

	while ((p = find(p, *end, key)))
		at = p++;
	if (!at)
		return -EBADMSG;
	p = at + strlen(key);
	if (num_scan(&p, ret) || p != *end)
		return -EBADMSG;
	*end = at;
	return 0;
}

/* Cut a text off the end of s. */
static int cut_text(const char *s, const char **end, const char *text)
{
	size_t n = strlen(text);

	if ((size_t)(*end - s) < n || memcmp(*end - n, text, n))
		return -EBADMSG;
	*end -= n;
	return 0;
}

static void copy(char *to, size_t size, struct piece from)
{
	size_t n = from.len < size ? from.len : size - 1;

	memcpy(to, from.s, n);
	to[n] = '\0';
}

/* A group below another or the same. */
static int is_within(struct piece task, struct piece limit)
{
	if (!limit.len || *limit.s != '/' || task.len < limit.len || memcmp(task.s, limit.s, limit.len))
		return 0;
	return limit.len == 1 || task.len == limit.len || task.s[limit.len] == '/';
}

/*
 * "LIMIT<mark>TASK", or the other way round: the place where TASK lies within LIMIT. Names can be made so that
 * there is more than one; then none is told rather than the forged one.
 */
static void split_groups(struct piece text, const char *mark, int limit_first, struct cgx_oom *o)
{
	const char *end = text.s + text.len;
	struct piece limit = { 0 }, task = { 0 };

	for (const char *p = text.s; (p = find(p, end, mark)); p++) {
		struct piece before = { text.s, (size_t)(p - text.s) };
		struct piece behind = { p + strlen(mark), (size_t)(end - p) - strlen(mark) };

		if (!is_within(limit_first ? behind : before, limit_first ? before : behind))
			continue;
		if (limit.s)
			return;
		limit = limit_first ? before : behind;
		task = limit_first ? behind : before;
	}
	if (!limit.s)
		return;
	copy(o->limit_path, sizeof(o->limit_path), limit);
	copy(o->victim_path, sizeof(o->victim_path), task);
}

/*
 * The groups of "oom-kill:constraint=C,nodemask=N,cpuset=NAME,mems_allowed=M,oom_memcg=L,task_memcg=T,task=COMM,
 * pid=N,uid=N" (or global_oom for oom_memcg=L), once the victim is known. NAME may hold anything but a slash.
 */
static void use_summary(const char *s, struct cgx_oom *o)
{
	static const char group[] = ",oom_memcg=/", global[] = ",global_oom,task_memcg=/";
	const char *end = s + strlen(s), *at_group, *at_global;
	char tail[sizeof(",task=") + sizeof(o->comm)];
	uint64_t uid, pid;

	snprintf(tail, sizeof(tail), ",task=%s", o->comm);
	if (cut_number(s, &end, ",uid=", &uid) || cut_number(s, &end, ",pid=", &pid) || pid != (uint64_t)o->pid ||
	    cut_text(s, &end, tail))
		return;
	if (o->uid == (uid_t)-1)
		o->uid = (uid_t)uid;
	at_group = find(s, end, group);
	at_global = find(s, end, global);
	if (at_group && (!at_global || at_group < at_global)) {
		at_group += sizeof(group) - 2;
		o->memcg = 1;
		split_groups((struct piece){ at_group, (size_t)(end - at_group) }, ",task_memcg=", 1, o);
	} else if (at_global) {
		at_global += sizeof(global) - 2;
		o->memcg = 0;
		copy(o->victim_path, sizeof(o->victim_path), (struct piece){ at_global, (size_t)(end - at_global) });
	}
}

/* The number behind a key. */
static int number(const char *s, const char *key, uint64_t *ret)
{
	const char *p = strstr(s, key);

	if (!p)
		return -ENOKEY;
	p += strlen(key);
	return num_scan(&p, ret);
}

static uint64_t kilobytes(const char *s, const char *key)
{
	uint64_t n;

	return number(s, key, &n) || n > UINT64_MAX / 1024 ? 0 : n * 1024;
}

/* Behind the comm stand numbers only. */
static void parse_figures(const char *s, struct cgx_oom *o)
{
	static const char adj[] = "oom_score_adj:";
	const char *p = strstr(s, adj);
	uint64_t uid;
	int64_t n;

	o->anon_rss = kilobytes(s, "anon-rss:");
	o->file_rss = kilobytes(s, "file-rss:");
	o->shmem_rss = kilobytes(s, "shmem-rss:");
	if (!number(s, "UID:", &uid) || !number(s, "), UID ", &uid))
		o->uid = (uid_t)uid;
	if (p && !num_i64(p + sizeof(adj) - 1, &n) && n >= -1000 && n <= 1000)
		o->oom_score_adj = (int)n;
}

/*
 * How a kill is told, from the left: group names stand in other records, and one that begins so is the kernel's.
 * Kernels before 5.1 say why in a line before, with "Kill process" in it.
 */
static const struct opening {
	const char *text;
	int memcg, killed;
} openings[] = {
	{ "Memory cgroup out of memory: Killed process ", 1, 1 },
	{ "Out of memory: Killed process ", 0, 1 },
	{ "Out of memory (oom_kill_allocating_task): Killed process ", 0, 1 },
	{ "Killed process ", -1, 1 },
	{ "Memory cgroup out of memory: Kill process ", 1, 0 },
	{ "Out of memory: Kill process ", 0, 0 },
	{ "Out of memory (oom_kill_allocating_task): Kill process ", 0, 0 },
};

static const struct opening *opening_of(const char *s)
{
	for (size_t i = 0; i < COUNT_OF(openings); i++)
		if (starts(s, openings[i].text))
			return &openings[i];
	return NULL;
}

/* "N (COMM) total-vm:..kB, anon-rss:..kB, ..."; the last ')' ends the comm. RHEL 7: "N (COMM), UID N, total-vm:" */
static int parse_killed(const char *s, struct cgx_oom *o)
{
	const char *close = strrchr(s, ')');
	uint64_t pid;

	if (num_scan(&s, &pid) || !pid || pid > INT32_MAX || !starts(s, " (") || !close || close < s + 2)
		return 0;
	if (!starts(close, ") total-vm:") && !starts(close, "), UID "))
		return 0;
	o->pid = (pid_t)pid;
	copy(o->comm, sizeof(o->comm), (struct piece){ s + 2, (size_t)(close - s - 2) });
	parse_figures(close, o);
	return 1;
}

/* ---- the machine ---- */

void kmsg_parse_free(struct kmsg_parse *p)
{
	buf_free(&p->record);
	buf_free(&p->summary);
	buf_free(&p->old);
}

/* Nothing gathered so far belongs to what comes now. */
static void forget(struct kmsg_parse *p)
{
	buf_reset(&p->summary);
	buf_reset(&p->old);
	p->why = KMSG_WHY_UNKNOWN;
	p->open = 0;
}

static void keep(struct buf *b, const char *s)
{
	buf_reset(b);
	buf_puts(b, s);
}

/* "TASK killed as a result of limit of LIMIT" */
static void use_old(const struct buf *old, struct cgx_oom *o)
{
	struct piece text = { buf_text(old), old->len };

	if (!text.len)
		return;
	o->memcg = 1;
	split_groups(text, " killed as a result of limit of ", 0, o);
}

/* memory.oom.group tells the first victim alone and then among the members of the group. */
static int told_before(struct kmsg_parse *p, pid_t pid)
{
	uint64_t ago = p->time_us > p->last_us ? p->time_us - p->last_us : p->last_us - p->time_us;

	if (pid == p->group_pid) {
		p->group_pid = 0;
		return 1;
	}
	return pid == p->last_pid && ago < 1000000;
}

/* The end of a report; what was gathered for it must not serve another. */
static int take_killed(struct kmsg_parse *p, const struct opening *how, struct cgx_oom *ret)
{
	struct cgx_oom o = { .memcg = how->memcg, .uid = (uid_t)-1, .time_us = p->time_us };

	if (!parse_killed(buf_text(&p->record) + strlen(how->text), &o))
		return 0;
	if (o.memcg < 0 && p->why)
		o.memcg = p->why == KMSG_WHY_MEMCG;
	use_old(&p->old, &o);
	use_summary(buf_text(&p->summary), &o);
	forget(p);
	if (told_before(p, o.pid))
		return 0;
	p->last_pid = o.pid;
	p->last_us = p->time_us;
	*ret = o;
	return 1;
}

/* The present record, as far as it has come. */
static int take_record(struct kmsg_parse *p, struct cgx_oom *ret)
{
	static const char old[] = "Task in ";
	const char *s = buf_text(&p->record);
	const struct opening *how = opening_of(s);

	if (how && how->killed)
		return take_killed(p, how, ret);
	if (starts(s, "Tasks in ") && strstr(s, " are going to be killed due to memory.oom.group set")) {
		p->group_pid = p->last_pid;
		return 0;
	}
	if (how)
		p->why = how->memcg ? KMSG_WHY_MEMCG : KMSG_WHY_MACHINE;
	else if (starts(s, "oom-kill:"))
		keep(&p->summary, s);
	else if (starts(s, old))
		keep(&p->old, s + sizeof(old) - 1);
	else
		return 0;
	p->group_pid = 0; /* another report has begun */
	return 0;
}

/* Take the text of a record, or put it behind the one that it continues. 0 it belongs to nothing. */
static int join(struct kmsg_parse *p, const struct header *h, const char *text)
{
	if (p->seq && h->seq != p->seq + 1)
		forget(p);
	p->seq = h->seq;
	if (h->prio >> 3) /* user space wrote it */
		return 0;
	if (!h->continues)
		buf_reset(&p->record);
	else if (!p->open || p->record.len > KMSG_RECORD_MAX)
		return p->open = 0;
	p->open = 1;
	p->time_us = h->usec;
	decode(&p->record, text, strcspn(text, "\n"));
	return 1;
}

int kmsg_parse_record(struct kmsg_parse *p, const char *s, size_t len, uint64_t *ret_seq, struct cgx_oom *ret)
{
	AUTO_FREE char *copied = strndup(s, len);
	const char *text = copied;
	struct header h;
	int r;

	if (!copied)
		return -ENOMEM;
	if (parse_header(&text, &h))
		return 0;
	*ret_seq = h.seq;
	if (!join(p, &h, text))
		return 0;
	r = take_record(p, ret);
	return p->record.err || p->summary.err || p->old.err ? -ENOMEM : r;
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
		if (n < 0 && errno == EPIPE) { /* overwritten; a gap in the numbers tells how many */
			k->lost += !k->next_seq;
			continue;
		}
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

int kmsg_fd(const struct cgx_kmsg *k)
{
	return k->fd;
}

CGX_API uint64_t cgx_kmsg_lost(const struct cgx_kmsg *k)
{
	return k->lost;
}
