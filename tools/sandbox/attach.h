/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How somebody comes to a sandbox's terminal: a socket beside its state, through which the monitor hands the terminal over. */
#ifndef CGX_SANDBOX_ATTACH_H
#define CGX_SANDBOX_ATTACH_H

#include <stdint.h>

/* What comes through it: the terminal with 0 in said, or why not; and at the end how the command ended. */
enum attach_said { ATTACH_WELCOME, ATTACH_BUSY, ATTACH_ENDED };
struct attach_message {
	int32_t said, status;
};

/* The monitor's: a listening socket, or -errno. dir is that of the state. */
int attach_listen(const char *dir);
/* Take who knocks: a descriptor that is readable when he is gone; -1 nobody. busy: he is sent away. */
int attach_accept(int listener, int pty, int busy);
void attach_end(int client, int status);
/* The other side. -errno; -EBUSY somebody is there already. */
int attach_connect(const char *dir, int *ret_pty);

#endif
