/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Completion, answered by the tool itself: TOOL --complete -- INDEX WORD...
 *
 * The words are those of the command line, the first the tool's name; INDEX is that of the word under
 * the cursor, which may be missing or half written. stdout gets one candidate a line, the whole word,
 * with an optional TAB and description. A line that begins with a TAB asks the shell to complete what it
 * knows better: "\tfiles", "\tdirs", or "\tcommand N": the words from the Nth on are a command line.
 * A candidate that ends in = : / or , wants no blank behind it. Never fails aloud.
 */
#ifndef CGX_UI_COMPLETE_H
#define CGX_UI_COMPLETE_H

#include "frame.h"

/* 1: argv asks for completion. */
int complete_asked(int argc, char **argv);
/* Answer it. f->like is set; f->root is taken from the words. Returns STATUS_DONE. */
int complete_run(struct frame *f, int argc, char **argv);

#endif
