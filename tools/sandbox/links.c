/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a launch meets the network. */
#include "sandbox/links.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

int links_prepare(struct launch *l)
{
	(void)l;
	return 0;
}

int links_plug(struct launch *l)
{
	(void)l;
	return 0;
}

void links_unplug(struct launch *l)
{
	(void)l;
}

int links_loopback(struct launch *l)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd, r = 0;

	if (l->spec->ns[NS_NET].how != NS_OWN)
		return 0;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		r = -errno;
	if (fd >= 0)
		close(fd);
	return r;
}
