/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a tool says on stderr: "TOOL: OBJECT: ACTION: CAUSE", and what to do about it on the next line,
 * indented. Every message is one write(2) and one line: control bytes and what is no UTF-8 come as
 * \xHH, so names need no care. No full stop, no newline in the format. stdout is flushed first, so
 * that both keep their order on a terminal.
 */
#ifndef CGX_UI_MESSAGE_H
#define CGX_UI_MESSAGE_H

#include "frame.h"

/* The words of the last failure on f->cgx, and its remedy. Returns frame_failed(f). */
int msg_fail(const struct frame *f);
/* The same of a negative errno: where the context has no words, what that says. */
int msg_failed(const struct frame *f, int err);
/* An own failure. remedy may be NULL. Returns frame_failed(f). */
int msg_error(const struct frame *f, const char *remedy, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* "OBJECT: ACTION: strerror(err)"; err of either sign. Returns frame_failed(f). */
int msg_errno(const struct frame *f, int err, const char *object, const char *action);
/* What is wrong with the command line, then "Try 'cgx-get --help'". Returns the status of a usage error. */
int msg_usage(const struct frame *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "TOOL: warning: ..." and "TOOL: note: ..."; they change no exit status. */
void msg_warn(const struct frame *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void msg_note(const struct frame *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* 1: fd is a terminal that shows colour, and neither NO_COLOR nor TERM=dumb forbids it. */
int colour_wanted(int fd);

#endif
