/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A line of a kernel log in any of the forms people have: records of /dev/kmsg, dmesg with and without -T, -x, -r,
 * journalctl -k, files of syslog. Pure.
 */
#ifndef CGX_LOG_LINE_H
#define CGX_LOG_LINE_H

#include "private.h"

struct log_header {
	uint64_t prio, seq, usec;
	int continues; /* flag c: goes on with the record before */
};
/* "PRIO,SEQ,USEC,FLAG[,...];" of /dev/kmsg; moves *s behind it. -EBADMSG. */
int log_parse_header(const char **s, struct log_header *h);
/* The text of such a record: the kernel writes bytes below 0x20, from 0x7f on and the backslash as \xHH. */
void log_decode(struct buf *b, const char *s, size_t len);

enum log_form {
	LOG_RAW,    /* a record of /dev/kmsg: h is filled, text is not decoded */
	LOG_PREFIX, /* behind a time or a priority */
	LOG_BARE,   /* no prefix: a text alone, or what a text goes on with that holds newlines */
	LOG_FOREIGN /* not the kernel's: user space wrote it */
};
struct log_line {
	enum log_form form;
	const char *text;    /* in the line */
	struct log_header h; /* of LOG_RAW; usec of LOG_PREFIX */
	int has_usec;        /* the kernel's clock is known */
	const char *time;    /* in the line; len 0 none */
	size_t time_len;
};
/* s is one line without its newline. */
void log_parse_line(const char *s, struct log_line *ret);

#endif
