/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The network's part in a launch: its steps, what the state keeps of it, and what is cleared up after those who cannot. */
#ifndef CGX_SANDBOX_LINKS_H
#define CGX_SANDBOX_LINKS_H

#include "sandbox/launch.h"
#include "sandbox/state.h"

int links_prepare(struct launch *l);
int links_plug(struct launch *l);
void links_unplug(struct launch *l);
/* When the command runs: what takes long and need not be waited for. */
void links_settle(struct launch *l);
/* Inside: links are down in a new namespace. */
int links_up(struct launch *l);

/* What whoever starts it should know of its network; NULL nothing. */
const char *links_note(const struct launch *l);
/* Network, address and ports, for the state of a sandbox that is about to start. */
int links_remember(const struct launch *l, struct state *st);
/* After one whose monitor is gone. */
void links_clear(const struct state *st);
/* Rules that somebody flushed, for those that run; also part of a start and of an end. */
void links_repair(const char *states);
/* Leases of nobody, networks without anybody. */
void links_sweep(const char *states);
/* Bytes received and sent; -errno. */
int links_bytes(const struct state *st, uint64_t *ret_received, uint64_t *ret_sent);
/* Its files of names, hosts and resolv.conf, as volumes of the spec, where nothing else is put there. dir: of its state. */
int links_show_names(struct sandbox_spec *s, const char *dir);
/* Those of another sandbox, whose network is shared. */
int links_share_names(struct sandbox_spec *s, const struct state *of);

#endif
