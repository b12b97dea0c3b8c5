/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Variables for a command, as users give them: NAME=VALUE, or NAME alone, which takes the caller's over. */
#ifndef CGX_SANDBOX_ENV_H
#define CGX_SANDBOX_ENV_H

#include "sandbox/spec.h"
#include "util/buf.h"

/* One of an option. -EINVAL with why. */
int env_add(const char *text, struct words *ret, struct buf *why);
/* Those of a file, one a line; empty lines and those that begin with # are none. A value goes to the end of its line, as it is.
 * -errno with why. */
int env_read(const char *path, struct words *ret, struct buf *why);
/* Into an environment, each over what there was of its name; what the caller has not is left out. */
int env_take(const struct words *given, struct words *env);

#endif
