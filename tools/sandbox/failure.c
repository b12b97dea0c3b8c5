/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words of a failure. */
#include "sandbox/failure.h"

#include <string.h>

int failure_say(const struct failure *f, int err, const char *object, const char *action, const char *cause, ...)
{
	va_list ap;

	if (f->why->len)
		return err;
	buf_printf(f->why, "%s: %s: ", object, action);
	if (cause) {
		va_start(ap, cause);
		buf_vprintf(f->why, cause, ap);
		va_end(ap);
	} else {
		buf_puts(f->why, strerror(-err));
	}
	return err;
}

void failure_advise(const struct failure *f, const char *fmt, ...)
{
	va_list ap;

	if (f->remedy->len)
		return;
	va_start(ap, fmt);
	buf_vprintf(f->remedy, fmt, ap);
	va_end(ap);
}
