/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The --help screen, made from the tool's tables: 80 columns wide, at most 40 lines. */
#ifndef CGX_UI_HELP_H
#define CGX_UI_HELP_H

#include "frame.h"

/* Pure. name is what the tool was called as. */
void help_format(struct buf *b, const struct tool *tool, unsigned like, const char *name);

#endif
