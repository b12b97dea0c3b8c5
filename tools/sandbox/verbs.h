/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verbs of cgx-sandbox: each a tool of its own as ui/frame.h has it. */
#ifndef CGX_SANDBOX_VERBS_H
#define CGX_SANDBOX_VERBS_H

#include "ui/frame.h"

extern const struct tool verb_run, verb_exec, verb_ps, verb_stop, verb_kill, verb_rm, verb_inspect, verb_wait, verb_logs,
	verb_pause, verb_unpause, verb_update, verb_prune, verb_stats, verb_top, verb_attach,
	verb_images, verb_import, verb_build, verb_rmi, verb_cp;

/* Offer the names of images, for completion. */
void image_names(void (*offer)(void *data, const char *word, const char *help), void *data);

/* A note where this kernel cannot mount an image of so many layers. */
void image_note_layers(const struct frame *f, const char *called, size_t n);

#endif
