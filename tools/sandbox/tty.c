/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The terminal of a sandbox: a pair made in its own /dev/pts, whose far side goes to the caller. */
#include "sandbox/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/message.h"
#include "sandbox/mounts.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

int tty_open(struct launch *l)
{
	(void)l;
	return 0;
}

void tty_close(struct launch *l)
{
	if (l->pty >= 0)
		close(l->pty);
	l->pty = -1;
}

static int send_master(struct launch *l, int fd)
{
	struct launch up = *l;

	up.sock[0] = l->sock[1];
	return launch_send(&up, fd);
}

/* By descriptors: the names in /dev/pts could be replaced. */
static int make_pair(struct launch *l, int *ret_slave)
{
	int unlock = 0, master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC), r = master < 0 ? -errno : 0;

	if (!r && ioctl(master, TIOCSPTLCK, &unlock) < 0)
		r = -errno;
	*ret_slave = r ? -1 : ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (!r && *ret_slave < 0)
		r = -errno;
	if (!r)
		r = send_master(l, master);
	if (master >= 0)
		close(master);
	return r;
}

/* By descriptor: what lies under the name of it is of no interest. */
static int bind_console(int slave)
{
	int dev = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC), tree = mount_copy(slave, "", 0), r;

	r = dev < 0 ? -errno : tree < 0 ? tree : 0;
	if (!r && mknodat(dev, "console", S_IFREG | 0600, 0) < 0 && errno != EEXIST)
		r = -errno;
	if (!r)
		r = mount_move(tree, dev, "console");
	if (dev >= 0)
		close(dev);
	if (tree >= 0)
		close(tree);
	return r == -ENOENT || r == -EINVAL ? 0 : r; /* a kernel that copies no node of devpts */
}

/* A session of its own in any case: without a terminal the caller's is none it can reach. */
int tty_take(struct launch *l)
{
	struct winsize size;
	int slave = -1, r;

	if (setsid() < 0)
		return -errno;
	if (!l->spec->tty)
		return 0;
	r = make_pair(l, &slave);
	if (!r && !ioctl(STDIN_FILENO, TIOCGWINSZ, &size)) /* before the command asks: the monitor may come after */
		ioctl(slave, TIOCSWINSZ, &size);
	for (int fd = 0; !r && fd < 3; fd++)
		r = dup2(slave, fd) < 0 ? -errno : 0;
	if (!r && ioctl(slave, TIOCSCTTY, 0) < 0)
		r = -errno;
	if (!r)
		r = bind_console(slave);
	if (slave > 2)
		close(slave);
	return r;
}
