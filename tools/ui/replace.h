/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file written anew as a whole: who reads it sees what was there before, or all that is there now.
 *
 *	struct replace r;
 *	err = replace_begin(&r, path);
 *	if (err < 0)
 *		return msg_errno(f, err, path, "write");
 *	fputs(text, r.to);
 *	err = replace_end(&r, ok);
 */
#ifndef CGX_UI_REPLACE_H
#define CGX_UI_REPLACE_H

#include <stdio.h>

struct replace {
	FILE *to;
	const char *path;
	char *part;       /* what is written beside it meanwhile; NULL: a pipe or a device, written to as it is */
};

/* The path is borrowed until the end. 0 or a negative errno. */
int replace_begin(struct replace *r, const char *path);
/* Close, and put it in the place of the file; with ok 0 the file stays as it was. 0 or a negative errno, of the writes
 * as well. */
int replace_end(struct replace *r, int ok);

#endif
