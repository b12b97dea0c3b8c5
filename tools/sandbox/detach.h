/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Going on in the background: a process that leaves its caller, who waits until it says that what he asked for has begun. */
#ifndef CGX_SANDBOX_DETACH_H
#define CGX_SANDBOX_DETACH_H

enum detached { DETACH_HERE, DETACH_BEGUN, DETACH_FAILED };

/*
 * DETACH_HERE: this is the new process, and *ret_started is for detach_tell(). In the caller, when it has spoken or ended:
 * DETACH_BEGUN, or DETACH_FAILED with its exit status (STATUS_OWN_FAILURE when it was killed) in *ret_status. -errno.
 */
int detach_fork(int *ret_started, int *ret_status);
/* Who waits for the start goes on; -1 nobody waits, which it is then. */
void detach_tell(int *started);
/* A session of its own, none of the descriptors that the caller left open, nothing to read, no folder held. -errno. */
int detach_session(void);
/* Standard output and error go there from now on. fd is taken over. */
void detach_output(int fd);

#endif
