/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines of a kernel log joined to records, and the reports made of them given out. */
#include "oom_log.h"

#include "log_line.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* A report may be added to until so many others have come: the reaper is not in a hurry. */
#define HELD_BACK  8
/* The kernel cuts a record at about 1 KB; what is joined to more than this is no report. */
#define RECORD_MAX 65536

CGX_API int cgx_oom_log_open(struct cgx *cgx, struct cgx_oom_log **ret)
{
	struct cgx_oom_log *log = calloc(1, sizeof(*log));

	if (!log)
		return -ENOMEM;
	log->cgx = cgx;
	log->time_us = CGX_UNKNOWN;
	*ret = log;
	return 0;
}

CGX_API struct cgx_oom_log *cgx_oom_log_close(struct cgx_oom_log *log)
{
	if (!log)
		return NULL;
	while (log->first) {
		struct oom_entry *e = log->first;

		log->first = e->next;
		oom_entry_free(e);
	}
	oom_entry_free(log->current);
	oom_entry_free(log->given);
	buf_free(&log->line);
	buf_free(&log->record);
	free(log);
	return NULL;
}

/* The record is complete, for another begins. */
static int finish_record(struct cgx_oom_log *log)
{
	int r = 0;

	if (log->has_record)
		r = log->record.err ? -ENOMEM : oom_report_take(log, buf_text(&log->record));
	log->has_record = 0;
	buf_reset(&log->record);
	return r;
}

static int begin_record(struct cgx_oom_log *log, const struct log_line *l)
{
	size_t n = l->time_len < sizeof(log->time) ? l->time_len : sizeof(log->time) - 1;
	int r = finish_record(log);

	log->has_record = 1;
	log->time_us = l->has_usec ? l->h.usec : CGX_UNKNOWN;
	if (n)
		memcpy(log->time, l->time, n);
	log->time[n] = '\0';
	return r;
}

/* A record's number tells whether some are missing. */
static int check_number(struct cgx_oom_log *log, uint64_t seq)
{
	int r = 0;

	if (log->next_seq && seq > log->next_seq) {
		log->lost += seq - log->next_seq;
		r = finish_record(log);
		if (!r)
			r = oom_report_cut(log, 0);
	}
	log->next_seq = seq + 1;
	return r;
}

static int take_raw(struct cgx_oom_log *log, const struct log_line *l)
{
	int r = check_number(log, l->h.seq);

	if (r)
		return r;
	if (l->form == LOG_FOREIGN)
		return finish_record(log);
	if (!l->h.continues) {
		r = begin_record(log, l);
	} else if (!log->has_record) {
		return 0; /* of what is missing or of user space */
	}
	log_decode(&log->record, l->text, strlen(l->text));
	return r;
}

/* A newline in a text: what stands behind comes on a line of its own, mostly indented. */
static void go_on(struct cgx_oom_log *log, const char *s)
{
	if (log->skipping || !log->has_record)
		return;
	buf_putc(&log->record, '\n');
	buf_puts(&log->record, s + strspn(s, " \t"));
}

static int take_line(struct cgx_oom_log *log, const char *s)
{
	struct log_line l;
	int r = 0;

	if (log->record.len > RECORD_MAX)
		buf_reset(&log->record);
	log_parse_line(s, &l);
	if (l.form == LOG_BARE && !strncmp(s, "-- ", 3)) { /* journalctl: "-- Boot 1f2e... --" */
		r = finish_record(log);
		return r ? r : oom_report_cut(log, 1);
	}
	if (l.form == LOG_BARE && (log->was_raw || log->has_prefixes)) {
		if (!log->was_raw) /* there it is the dictionary of a record */
			go_on(log, s);
		return 0;
	}
	log->was_raw = l.form == LOG_RAW || (l.form == LOG_FOREIGN && l.has_usec && !l.time_len);
	if (log->was_raw)
		return take_raw(log, &l);
	log->has_prefixes |= l.form != LOG_BARE;
	log->skipping = l.form == LOG_FOREIGN;
	if (log->skipping)
		return finish_record(log);
	r = begin_record(log, &l);
	buf_puts(&log->record, l.text);
	return r;
}

static int end_line(struct cgx_oom_log *log)
{
	struct buf *b = &log->line;
	int r;

	if (b->err)
		return -ENOMEM;
	if (b->len && b->s[b->len - 1] == '\r')
		b->s[--b->len] = '\0';
	r = take_line(log, buf_text(&log->line));
	buf_reset(&log->line);
	return r;
}

/* Text of the present line, without NULs and bounded. */
static void add_text(struct buf *b, const char *s, size_t n)
{
	size_t at = b->len;

	if (b->len > RECORD_MAX)
		return;
	buf_add(b, s, n);
	for (; !b->err && at < b->len; at++)
		if (!b->s[at])
			b->s[at] = '?';
}

CGX_API int cgx_oom_log_feed(struct cgx_oom_log *log, const char *text, size_t len)
{
	int r = 0;

	while (len && !r) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		add_text(&log->line, text, n);
		if (end)
			r = end_line(log);
		n += end != NULL;
		text += n;
		len -= n;
	}
	return r || log->line.err ? -ENOMEM : 0;
}

CGX_API int cgx_oom_log_feed_kernel(struct cgx_oom_log *log)
{
	AUTO_CLOSE int fd = fs_open_read(log->cgx->fs.fd, "dev/kmsg");
	char record[8192];
	int r = 0;

	if (fd >= 0 && fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		r = -errno;
	if (fd < 0 || r) {
		r = fail(log->cgx, fd < 0 ? fd : r, "/dev/kmsg", "open", NULL);
		if (r == -EPERM || r == -EACCES)
			advise(log->cgx, "reading the kernel log needs root or CAP_SYSLOG (kernel.dmesg_restrict)");
		return r;
	}
	while (!r) {
		ssize_t n = read(fd, record, sizeof(record));

		if (n < 0 && (errno == EINTR || errno == EPIPE)) /* overwritten: the numbers tell */
			continue;
		if (n < 0 && errno != EAGAIN)
			return fail(log->cgx, -errno, "/dev/kmsg", "read", NULL);
		if (n <= 0)
			break;
		r = cgx_oom_log_feed(log, record, (size_t)n);
	}
	return r;
}

CGX_API int cgx_oom_log_end(struct cgx_oom_log *log)
{
	int r = log->line.len ? end_line(log) : 0;

	if (!r)
		r = finish_record(log);
	if (!r)
		r = oom_report_cut(log, 1);
	log->ended = 1;
	return r;
}

CGX_API int cgx_oom_log_next(struct cgx_oom_log *log, const struct cgx_oom_report **ret)
{
	struct oom_entry *e = log->first;

	if (!e || (!log->ended && log->n <= HELD_BACK))
		return 0;
	log->first = e->next;
	if (!log->first)
		log->last = NULL;
	log->n--;
	oom_entry_free(log->given);
	log->given = e;
	*ret = &e->pub;
	return 1;
}

CGX_API uint64_t cgx_oom_log_lost(const struct cgx_oom_log *log)
{
	return log->lost;
}
