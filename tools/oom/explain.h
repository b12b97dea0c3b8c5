/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's out-of-memory reports in plain words: what cgx-oom-watch --explain prints. */
#ifndef CGX_OOM_EXPLAIN_H
#define CGX_OOM_EXPLAIN_H

#include "ui/frame.h"
#include "util/buf.h"

/*
 * Read a kernel log and explain every report in it on stdout: source NULL is the machine's own, "-" stdin, else a file.
 * With f->json a line of JSON each. Returns an exit status; that there was none is told on stderr and is no failure.
 */
int explain(struct frame *f, const char *source);

/* One report in words, lines with their newlines. when is its time for people, "" unknown. */
void explain_text(struct buf *b, const struct cgx_oom_report *r, const char *when);
/* The same as one object into an open document, without the time. 0 or -ENOMEM. */
struct json;
int explain_json(struct json *j, const struct cgx_oom_report *r);

#endif
