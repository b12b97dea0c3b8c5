/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signals as users and images name them. Pure. */
#ifndef CGX_SANDBOX_SIGNALS_H
#define CGX_SANDBOX_SIGNALS_H

/* TERM, SIGTERM, 15, RTMIN+3, RTMAX-1; small letters will do. -EINVAL. */
int signal_parse(const char *text, int *ret);

#endif
