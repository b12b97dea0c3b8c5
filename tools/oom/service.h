/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a service manager that started us wants to know: sd_notify(3)'s protocol, without its library. */
#ifndef CGX_OOM_SERVICE_H
#define CGX_OOM_SERVICE_H

/* Send "READY=1" and the like to $NOTIFY_SOCKET. Nothing happens where there is none. */
void service_notify(const char *state);
/* What it was told at the start is read again, which "READY=1" ends. */
void service_reloading(void);

#endif
