/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's reports of out-of-memory kills, from /dev/kmsg (Documentation/ABI/testing/dev-kmsg). */
#include "kmsg.h"

#include "log_line.h"
#include "oom_line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

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

static void fill(struct cgx_oom *o, const struct oom_killed *k, const struct oom_where *w)
{
	*o = (struct cgx_oom){
		.pid = k->pid,
		.uid = k->uid == (uid_t)-1 ? w->uid : k->uid,
		.anon_rss = k->anon_rss,
		.file_rss = k->file_rss,
		.shmem_rss = k->shmem_rss,
		.oom_score_adj = k->oom_score_adj,
		.memcg = w->memcg,
	};
	memcpy(o->comm, k->comm, sizeof(o->comm) - 1);
	memcpy(o->limit_path, w->limit, sizeof(o->limit_path));
	memcpy(o->victim_path, w->victim, sizeof(o->victim_path));
}

/* The end of a report; what was gathered for it must not serve another. */
static int take_killed(struct kmsg_parse *p, const struct oom_opening *how, struct cgx_oom *ret)
{
	struct oom_where w = { .memcg = how->memcg, .uid = (uid_t)-1 };
	struct oom_killed k;

	if (!oom_parse_killed(buf_text(&p->record) + strlen(how->text), &k))
		return 0;
	if (w.memcg < 0 && p->why)
		w.memcg = p->why == KMSG_WHY_MEMCG;
	oom_use_old(buf_text(&p->old), &w);
	oom_use_summary(buf_text(&p->summary), &k, &w);
	forget(p);
	if (told_before(p, k.pid))
		return 0;
	p->last_pid = k.pid;
	p->last_us = p->time_us;
	fill(ret, &k, &w);
	ret->time_us = p->time_us;
	return 1;
}

/* The present record, as far as it has come. */
static int take_record(struct kmsg_parse *p, struct cgx_oom *ret)
{
	static const char old[] = "Task in ";
	const char *s = buf_text(&p->record);
	const struct oom_opening *how = oom_opening_of(s);

	if (how && how->killed)
		return take_killed(p, how, ret);
	if (oom_starts(s, "Tasks in ") && strstr(s, " are going to be killed due to memory.oom.group set")) {
		p->group_pid = p->last_pid;
		return 0;
	}
	if (how)
		p->why = how->memcg ? KMSG_WHY_MEMCG : KMSG_WHY_MACHINE;
	else if (oom_starts(s, "oom-kill:"))
		keep(&p->summary, s);
	else if (oom_starts(s, old))
		keep(&p->old, s + sizeof(old) - 1);
	else
		return 0;
	p->group_pid = 0; /* another report has begun */
	return 0;
}

/* Take the text of a record, or put it behind the one that it continues. 0 it belongs to nothing. */
static int join(struct kmsg_parse *p, const struct log_header *h, const char *text)
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
	log_decode(&p->record, text, strcspn(text, "\n"));
	return 1;
}

int kmsg_parse_record(struct kmsg_parse *p, const char *s, size_t len, uint64_t *ret_seq, struct cgx_oom *ret)
{
	AUTO_FREE char *copied = strndup(s, len);
	const char *text = copied;
	struct log_header h;
	int r;

	if (!copied)
		return -ENOMEM;
	if (log_parse_header(&text, &h))
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
