/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's out-of-memory report, read record by record; the pure part of kmsg.c. */
#ifndef CGX_KMSG_H
#define CGX_KMSG_H

#include "private.h"

/*
 * What is carried from record to record. The format is no ABI, and names in it are hostile: a comm may be
 * "x,pid=1,uid=0" and a directory ",task=q,pid=1,uid=0". So texts are read from the right, where only numbers
 * stand, and a process may not fake a record: what user space writes has another facility.
 */
struct kmsg_parse {
	struct buf record;    /* decoded text of the present record with what continues it */
	uint64_t seq, time_us;
	int open;             /* more may continue the present record */
	struct buf summary;   /* "oom-kill:...", whose victim the next line names */
	struct buf old;       /* kernels before 5.0: "TASK killed as a result of limit of LIMIT" */
	enum { KMSG_WHY_UNKNOWN, KMSG_WHY_MEMCG, KMSG_WHY_MACHINE } why; /* of kernels before 5.1 */
	pid_t last_pid;       /* told last, at last_us */
	uint64_t last_us;
	pid_t group_pid;      /* told already, and to be told again by memory.oom.group */
};
/* The kernel cuts a text at about 1 KB and a path at 4 KB; what continues for longer is no report. */
#define KMSG_RECORD_MAX 32768

void kmsg_parse_free(struct kmsg_parse *p);
/*
 * Feed one record of len bytes as read from /dev/kmsg ("6,1234,5678901,-;text\n KEY=VALUE"). 1 a report is
 * complete and in ret, 0 not yet, -ENOMEM. *ret_seq is the record's number, untouched when it has none.
 */
int kmsg_parse_record(struct kmsg_parse *p, const char *s, size_t len, uint64_t *ret_seq, struct cgx_oom *ret);

#endif
