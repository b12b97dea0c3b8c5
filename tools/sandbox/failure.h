/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words of a failure, kept by whoever saw it first: "OBJECT: ACTION: CAUSE", and what to do about it. */
#ifndef CGX_SANDBOX_FAILURE_H
#define CGX_SANDBOX_FAILURE_H

#include "util/buf.h"

struct failure {
	struct buf *why, *remedy; /* of the caller, empty */
};

/* Keep the words unless there are some, and return err, which is negative. cause NULL: strerror. */
int failure_say(const struct failure *f, int err, const char *object, const char *action, const char *cause, ...)
	__attribute__((format(printf, 5, 6)));
void failure_advise(const struct failure *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
