/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /dev of a sandbox. */
#include "sandbox/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "sandbox/idmap.h"
#include "sandbox/mounts.h"
#include "sandbox/path.h"

static const struct {
	const char *name;
	unsigned major, minor;
} nodes[] = {
	{ "null", 1, 3 }, { "zero", 1, 5 }, { "full", 1, 7 }, { "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 },
};
static const struct {
	const char *to, *name;
} links[] = {
	{ "/proc/self/fd", "fd" }, { "/proc/self/fd/0", "stdin" }, { "/proc/self/fd/1", "stdout" },
	{ "/proc/self/fd/2", "stderr" }, { "pts/ptmx", "ptmx" }, { "/proc/kcore", "core" },
};

static const char *const places[] = { "pts", "shm", "mqueue" };

/* ---- outside ---- */

/* By who may make nodes: the host's own need not be shown one by one, each a mount of its own. */
static int make(const struct launch *l)
{
	char owner[16];
	const char *const options[] = { "mode", "0755", "size", "65536k", "uid", owner, "gid", owner, NULL };
	mode_t mask = umask(0);
	int dev, r = 0;

	snprintf(owner, sizeof(owner), "%u", (unsigned)l->id_base);
	dev = mount_new("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	for (size_t i = 0; dev >= 0 && !r && i < sizeof(nodes) / sizeof(nodes[0]); i++)
		r = mknodat(dev, nodes[i].name, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor));
	for (size_t i = 0; dev >= 0 && !r && i < sizeof(links) / sizeof(links[0]); i++)
		r = symlinkat(links[i].to, dev, links[i].name);
	for (size_t i = 0; dev >= 0 && !r && i < sizeof(places) / sizeof(places[0]); i++)
		r = mkdirat(dev, places[i], 0755);
	umask(mask);
	if (!r)
		return dev;
	close(dev);
	return -1;
}

/* Who may not has it made inside. */
int devices_make(struct launch *l)
{
	if (idmap_privileged())
		l->dev = make(l);
	return 0;
}

void devices_close(struct launch *l)
{
	if (l->dev >= 0)
		close(l->dev);
	l->dev = -1;
}

/* ---- inside ---- */

/* The host's own node, and it is what its name says. */
static int bind_node(int dev, const char *name, unsigned major, unsigned minor)
{
	char path[32];
	struct stat st;
	int tree, r;

	snprintf(path, sizeof(path), "/dev/%s", name);
	tree = mount_copy(AT_FDCWD, path, 0);
	if (tree < 0)
		return tree == -ENOENT ? 0 : tree;
	r = fstat(tree, &st) < 0 ? -errno : 0;
	if (!r && (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(major, minor)))
		r = -ENODEV;
	if (!r)
		r = mount_change(tree, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, -1, 0);
	if (!r && mknodat(dev, name, S_IFREG | 0666, 0) < 0)
		r = -errno;
	if (!r)
		r = mount_move(tree, dev, name);
	close(tree);
	return r;
}

static int mount_below(int dev, const char *name, const char *type, const char *const *options)
{
	int fd = mount_new(type, options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | (*type == 'd' ? 0 : MOUNT_ATTR_NODEV)), r;

	if (fd < 0)
		return fd;
	r = mkdirat(dev, name, 0755) < 0 && errno != EEXIST ? -errno : mount_move(fd, dev, name);
	close(fd);
	return r;
}

static int show_nodes(int dev)
{
	int r = 0;

	for (size_t i = 0; !r && i < sizeof(nodes) / sizeof(nodes[0]); i++)
		r = bind_node(dev, nodes[i].name, nodes[i].major, nodes[i].minor);
	for (size_t i = 0; !r && i < sizeof(links) / sizeof(links[0]); i++)
		r = symlinkat(links[i].to, dev, links[i].name) < 0 ? -errno : 0;
	return r;
}

static int fill(struct launch *l, int dev)
{
	int alone = l->id_count == 1 && l->more_gids.count < 5;
	/* group 5 is that of terminals everywhere; a lone user has no such group */
	const char *const pts[] = { "newinstance", NULL, "ptmxmode", "0666", "mode", alone ? "0600" : "0620",
				    alone ? NULL : "gid", "5", NULL };
	char size[24];
	const char *const shm[] = { "mode", "1777", "size", size, NULL };
	int r = mount_below(dev, "pts", "devpts", pts);

	snprintf(size, sizeof(size), "%llu", (unsigned long long)(l->spec->shm_size ? l->spec->shm_size : 64 << 20));
	if (!r)
		r = mount_below(dev, "shm", "tmpfs", shm);
	if (!r) {
		r = mount_below(dev, "mqueue", "mqueue", NULL);
		r = r == -ENODEV || r == -EPERM ? 0 : r; /* not in this kernel, or the ipc namespace is not ours */
	}
	return r;
}

int devices_mount(struct launch *l)
{
	const char *const options[] = { "mode", "0755", "size", "65536k", NULL };
	int made = l->dev >= 0;
	int dev = made ? l->dev : mount_new("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC), to, r;

	if (dev < 0)
		return launch_fail(l, dev, "/dev", "mount", NULL);
	to = path_open_plain(l->root_fd, "/dev");
	r = to < 0 ? to : mount_move(dev, to, "");
	if (!r && !made)
		r = show_nodes(dev);
	if (!r)
		r = fill(l, dev);
	if (to >= 0)
		close(to);
	close(dev);
	l->dev = -1;
	if (r == -ELOOP)
		return launch_fail(l, r, "/dev", "mount", "it is a symbolic link in this root");
	return r ? launch_fail(l, r, "/dev", "fill", NULL) : 0;
}
