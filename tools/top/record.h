/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Samples in a file: written as they come, read back in any order. */
#ifndef CGX_TOP_RECORD_H
#define CGX_TOP_RECORD_H

#include "shot.h"

struct recorder;

/* 0, or an exit status after a message. */
int recorder_open(struct frame *f, const char *file, struct recorder **ret);
/* A full disk is told once, and ends the recording. */
void recorder_write(struct recorder *r, const struct feed *feed);
/* The errno that ended it, 0 it goes on. */
int recorder_err(const struct recorder *r);
/* 0, or an exit status: something could not be written, and was told. */
int recorder_close(struct recorder *r);

#endif
