/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A sandbox by the name a user gave, for the verbs that look after it. */
#ifndef CGX_SANDBOX_FIND_H
#define CGX_SANDBOX_FIND_H

#include "sandbox/state.h"
#include "ui/frame.h"

/* Offer the names of all, for completion. */
void sandbox_names(void (*offer)(void *data, const char *word, const char *help), void *data);
/* The folder of all states, malloc'd. 0, or an exit status after words. */
int sandbox_states(const struct frame *f, char **ret);
/* Read it, after what others left was swept up. 0, or an exit status after words. */
int sandbox_find(const struct frame *f, const char *name, struct state *ret);
/* The same; one that is just being started is waited for. */
int sandbox_find_begun(const struct frame *f, const char *name, struct state *ret);
/* The same, and it must run. */
int sandbox_find_running(const struct frame *f, const char *name, struct state *ret);
/* A descriptor of its first process, which is that process for sure; -errno. */
int sandbox_pidfd(struct cgx *cgx, const struct state *s);
/* Send its first process a signal. -ESRCH it is gone. */
int sandbox_signal(struct cgx *cgx, const struct state *s, int signal);
/* Wait until it has ended: 1, 0 time over. timeout_ms -1: for ever. */
int sandbox_wait(struct cgx *cgx, const struct state *s, int timeout_ms);
/* The group of its own that it runs in; -ENODEV it has none: it is in its caller's, whose others are none of its business. */
int sandbox_group(struct cgx *cgx, const struct state *s, struct cgx_group **ret);
/* The same, for what is done with it; 0, or an exit status after words. */
int sandbox_group_for(const struct frame *f, const struct state *s, const char *action, struct cgx_group **ret);

#endif
