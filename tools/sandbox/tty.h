/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sandbox's own terminal: nothing inside holds the caller's. */
#ifndef CGX_SANDBOX_TTY_H
#define CGX_SANDBOX_TTY_H

#include "sandbox/launch.h"

int tty_open(struct launch *l);
void tty_close(struct launch *l);
int tty_take(struct launch *l);

#endif
