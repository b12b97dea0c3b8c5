/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is shown inside, as users write it: -v, --tmpfs, --mount. Pure. */
#ifndef CGX_SANDBOX_VOLUME_H
#define CGX_SANDBOX_VOLUME_H

#include "sandbox/spec.h"

/* All: 0, and the texts in ret are the caller's; -EINVAL with why, -ENOMEM. */

/* SOURCE:/PLACE[:ro,rw,idmap] */
int volume_parse(const char *text, struct volume *ret, struct buf *why);
/* /PLACE[:SIZE], or /PLACE:size=SIZE,mode=MODE,ro,noexec ... as docker has it */
int volume_parse_tmpfs(const char *text, struct volume *ret, struct buf *why);
/* type=bind|volume|tmpfs,src=SOURCE,dst=/PLACE,ro,... with quotes around what has a comma in it; why begins with the key. */
int volume_parse_mount(const char *text, struct volume *ret, struct buf *why);
void volume_free(struct volume *v);

#endif
