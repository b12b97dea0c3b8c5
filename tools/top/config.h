/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The usual options, kept in a file: a line "name" or "name value" for each long option. */
#ifndef CGX_TOP_CONFIG_H
#define CGX_TOP_CONFIG_H

#include "ui/frame.h"

/* $XDG_CONFIG_HOME/cgx/top.conf, or ~/.config/cgx/top.conf. "" there is no home. */
void config_path(char *ret, size_t size);
/*
 * Read it into spec by the rows of the table. *text holds what the spec points to, the caller's to free. No file is no
 * failure; 0, or an exit status after a message with file, line and reason.
 */
int config_read(struct frame *f, const struct opt *rows, void *spec, char **ret_text);
/* Write the n texts "name" or "name value" as the new file, with its folder. 0, or an exit status after a message. */
int config_write(struct frame *f, char *const *lines, size_t n);

#endif
