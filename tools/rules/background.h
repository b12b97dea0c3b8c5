/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A daemon that starts as cgrulesengd does: in the background, its messages in a file or in syslog. */
#ifndef CGX_RULES_BACKGROUND_H
#define CGX_RULES_BACKGROUND_H

#include "ui/frame.h"

struct background {
	const char *log;      /* messages go to this file, "-" is stdout; NULL none */
	const char *facility; /* and to this facility of syslog, "" daemon; NULL not there */
	int foreground;       /* nothing goes to the background, and messages without a place go to stderr */
	int silent;           /* nothing is told once it is ready */
	int code, fd, ready;  /* its own */
};

/*
 * But for b->foreground go on in a child. Whoever started the daemon waits, and messages go to stderr, until
 * background_ready(); then they go where they are to go.
 * 0: go on. 1: this is the one who started it, and *ret_status is how that went. -1 after a message.
 */
int background_begin(const struct frame *f, struct background *b, int *ret_status);
void background_ready(struct frame *f, struct background *b);

#endif
