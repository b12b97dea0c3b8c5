/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules of a host, with the names of users and groups looked up. */
#ifndef CGX_RULES_LOAD_H
#define CGX_RULES_LOAD_H

#include "ui/frame.h"

#define RULES_FILE   "/etc/cgrules.conf"
#define RULES_FOLDER "/etc/cgrules.d"
#define CONFIG_FILE   "/etc/cgconfig.conf"
#define CONFIG_FOLDER "/etc/cgconfig.d"

/*
 * Read these files and directories, in order; none: /etc/cgrules.conf and then /etc/cgrules.d, of which one may be missing. A
 * name that nobody has is told, and its rule fits nobody. With them the templates of configs; none: of /etc/cgconfig.conf and
 * /etc/cgconfig.d, where they are there. 0, or -1 after a message.
 */
int rules_load(const struct frame *f, const struct strings *files, const struct strings *configs, struct cgx_rules **ret);
/* How many rules there are. */
size_t rules_count(const struct cgx_rules *r);

#endif
