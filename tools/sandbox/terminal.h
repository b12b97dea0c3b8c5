/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between the caller's terminal and that of a sandbox: bytes, size, and the keys that leave it, control-P control-Q. */
#ifndef CGX_SANDBOX_TERMINAL_H
#define CGX_SANDBOX_TERMINAL_H

#include <termios.h>

struct terminal {
	int pty;               /* of the sandbox; -1 there is none */
	int keys;              /* watch for the keys */
	int half;              /* the first of them came */
	int raw;
	struct termios before; /* of the caller's */
};

/* Stdin becomes raw where it is a terminal. */
void terminal_open(struct terminal *t, int pty, int keys);
void terminal_close(struct terminal *t);
void terminal_size(const struct terminal *t);
/* What is typed, what is shown: call when poll() has it. 1 there may be more, 0 the end, TERMINAL_LEAVE the keys. */
#define TERMINAL_LEAVE 2
int terminal_typed(struct terminal *t);
int terminal_shown(struct terminal *t);

#endif
