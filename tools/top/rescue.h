/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The terminal is given back as it was, also by a program that crashes; and what is written to stderr
 * meanwhile, which would tear the screen, waits until the screen is gone.
 */
#ifndef CGX_TOP_RESCUE_H
#define CGX_TOP_RESCUE_H

#include <stddef.h>

/*
 * Take note of the modes of the terminal at fd, and of the text that brings its screen back (at most 255
 * bytes count), and catch the signals of a crash: their handlers restore both with write(2) and
 * tcsetattr(3) alone, then the signal takes its course. Once a process at a time.
 * Errors: -ENOTTY.
 */
int rescue_arm(int fd, const char *restore, size_t n);
/* The screen is on (1): stderr goes to a buffer. It is off (0): stderr is back, and says what was kept. */
void rescue_screen(int on);
/* Handlers as they were, screen off. */
void rescue_disarm(void);

#endif
