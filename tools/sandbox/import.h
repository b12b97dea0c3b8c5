/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Images from outside into the store: a tar archive of a root file system, an OCI image layout as a directory or in an
 * archive, what docker save writes, or a directory that is a root file system. What kind it is, is seen in it. Every digest and
 * size that is told is checked; what is in it can do nothing but fill the store.
 */
#ifndef CGX_SANDBOX_IMPORT_H
#define CGX_SANDBOX_IMPORT_H

#include "sandbox/store.h"
#include "sandbox/tree.h"

struct import {
	const char *called;      /* in words of a failure */
	int fd;                  /* an archive from where it stands, or a directory; borrowed */
	const char *ref;         /* which one, where there are several: what the index calls it; NULL */
	const char *name;        /* NULL: what it calls itself, or suggested, or its id */
	const char *suggested;
	struct tree_dropped dropped; /* told back: what could not be kept */
	int other_machine;       /* told back: it is made for another kind of machine */
};

/* 0 and its name, malloc'd; a negative errno with words in the store's failure. */
int import_image(struct store *s, struct import *x, char **ret_name);
/* 1: a directory with an image layout, rather than a root file system, in it. */
int import_is_layout(int dir);

#endif
