/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A feed that walks the tree and reads each figure by its name at each sample. */
#ifndef CGX_TOP_FEED_PLAIN_H
#define CGX_TOP_FEED_PLAIN_H

#include "cgx.h"
#include "feed.h"

int feed_plain_open(struct cgx *cgx, const char *host, int watch, struct feed **ret);
struct feed *feed_plain_close(struct feed *f);

#endif
