/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What goes over the socket between a sandbox and whoever started it; init/init.c speaks it, too. */
#ifndef CGX_SANDBOX_MESSAGE_H
#define CGX_SANDBOX_MESSAGE_H

/* The first argument of the init says what it is to be; the command follows. */
#define INIT_FIRST    "cgx-init" /* process 1, and the command its child */
#define INIT_IN_PLACE "cgx-exec" /* nothing: it becomes the command */

enum message_kind {
	MESSAGE_GO = 'g',      /* to the child, in three bytes: how many doors, whether /dev; and the descriptors that it needs */
	MESSAGE_FD = 'd',      /* from the child: one byte and the far side of its terminal */
	MESSAGE_FAILED = 'f',  /* from here on struct message, from the child: words */
	MESSAGE_NO_EXEC = 'x',   /* err: the command could not be executed */
	MESSAGE_RUNNING = 'r', /* pid: of the command, as the sandbox has it */
	MESSAGE_ENDED = 'e',   /* status: as wait(2) has it */
};

struct message {
	int kind;
	int err;           /* negative errno */
	int pid, status;
	char words[400], remedy[200];
};

#endif
