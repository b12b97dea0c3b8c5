/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Namespaces that a sandbox has together with others, as the command line names them. */
#ifndef CGX_SANDBOX_SHARE_H
#define CGX_SANDBOX_SHARE_H

#include "sandbox/spec.h"
#include "ui/frame.h"

/* where: own, host, sandbox:NAME, or a file /path of one; NULL own. 0, or an exit status after words. */
int share_namespace(const struct frame *f, enum ns ns, const char *where, struct sandbox_spec *s);

#endif
