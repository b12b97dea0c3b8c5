/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading a log and explaining what is in it. */
#include "explain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ui/json.h"
#include "ui/message.h"
#include "ui/text.h"
#include "util/cleanup.h"
#include "util/clock.h"

struct reader {
	struct frame *f;
	struct cgx_oom_log *log;
	struct json *json;
	int own_kernel;          /* the log's clock is that of this machine */
	unsigned long long told, bare; /* reports; those without details */
};

/* ---- time ---- */

/* The kernel log's clock stands still while the machine is suspended, as CLOCK_MONOTONIC does. */
static void local_time(char *s, size_t size, uint64_t usec)
{
	time_t t = (time_t)((wall_us() - now_us() + usec) / 1000000);
	struct tm tm;

	if (localtime_r(&t, &tm) && strftime(s, size, "%Y-%m-%d %H:%M:%S", &tm))
		return;
	*s = '\0';
}

static int is_number(const char *s)
{
	return *s && !s[strspn(s, "0123456789.")];
}

/* Only the kernel's clock is known, and not when that began. */
static int since_boot(const struct reader *rd, const struct cgx_oom_report *r)
{
	return !rd->own_kernel && r->time_us != CGX_UNKNOWN && (!*r->time || is_number(r->time));
}

/* The time of the day as far as it is known. */
static void when(const struct reader *rd, const struct cgx_oom_report *r, char *s, size_t size)
{
	*s = '\0';
	if (rd->own_kernel && r->time_us != CGX_UNKNOWN)
		local_time(s, size, r->time_us);
	else if (since_boot(rd, r))
		snprintf(s, size, "%llu.%06llu s after boot", (unsigned long long)(r->time_us / 1000000),
			 (unsigned long long)(r->time_us % 1000000));
	else
		snprintf(s, size, "%s", r->time);
}

/* ---- telling ---- */

static int tell(struct reader *rd, const struct cgx_oom_report *r)
{
	AUTO_BUF struct buf b = { 0 };
	char time[96];

	when(rd, r, time, sizeof(time));
	if (rd->json) {
		json_reset(rd->json);
		json_open_object(rd->json, NULL);
		json_add_string(rd->json, "time", *time && !since_boot(rd, r) ? time : NULL);
		if (explain_json(rd->json, r))
			return -ENOMEM;
		json_close(rd->json);
		return json_write(rd->json, stdout, JSON_LINE);
	}
	if (rd->told)
		buf_putc(&b, '\n');
	explain_text(&b, r, time);
	if (b.err)
		return -ENOMEM;
	fwrite(b.s, 1, b.len, stdout);
	return 0;
}

static int tell_all(struct reader *rd)
{
	const struct cgx_oom_report *r;
	int err = 0;

	while (!err && cgx_oom_log_next(rd->log, &r) > 0) {
		err = tell(rd, r);
		rd->told++;
		rd->bare += !r->complete;
	}
	return err;
}

/* ---- sources ---- */

static int feed_file(struct reader *rd, int fd, const char *name)
{
	AUTO_FREE char *text = malloc(65536);
	int r = text ? 0 : -ENOMEM;

	while (!r) {
		ssize_t n = read(fd, text, 65536);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return msg_errno(rd->f, errno, name, "read");
		if (!n)
			return 0;
		r = cgx_oom_log_feed(rd->log, text, (size_t)n);
		if (!r)
			r = tell_all(rd);
	}
	return msg_errno(rd->f, r, name, "read");
}

static int feed(struct reader *rd, const char *source)
{
	AUTO_CLOSE int fd = -1;

	if (!source) {
		rd->own_kernel = 1;
		return cgx_oom_log_feed_kernel(rd->log) ? msg_fail(rd->f) : 0;
	}
	if (!strcmp(source, "-"))
		return feed_file(rd, STDIN_FILENO, "standard input");
	fd = open(source, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return msg_errno(rd->f, errno, source, "open");
	return feed_file(rd, fd, source);
}

static void notes(const struct reader *rd)
{
	unsigned long long lost = cgx_oom_log_lost(rd->log);

	if (lost)
		msg_note(rd->f, "missing in this log: %llu record%s; kills may be, too", lost, lost == 1 ? "" : "s");
	if (rd->bare)
		msg_note(rd->f, "%llu of %llu reports lack the details: the kernel gives those of ten kills in five "
				"seconds at most; cgx-oom-watch, running at the time, sees the groups of all",
			 rd->bare, rd->told);
	if (!rd->told)
		msg_note(rd->f, "no out-of-memory report in this log%s",
			 rd->own_kernel ? "; what is older than its ring buffer may be in journalctl -k or /var/log" : "");
}

int explain(struct frame *f, const char *source)
{
	struct reader rd = { .f = f };
	int status, r;

	if (f->json && json_new(f, &rd.json) < 0)
		return frame_failed(f);
	r = cgx_oom_log_open(f->cgx, &rd.log);
	status = r ? msg_errno(f, r, "kernel log", "read") : feed(&rd, source);
	if (!status) {
		r = cgx_oom_log_end(rd.log);
		if (!r)
			r = tell_all(&rd);
		if (r)
			status = msg_errno(f, r, "kernel log", "explain");
		else
			notes(&rd);
	}
	cgx_oom_log_close(rd.log);
	json_free(rd.json);
	return status;
}
