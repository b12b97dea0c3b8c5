/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts by descriptors. */
#include "sandbox/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/buf.h"
#include "util/cleanup.h"

int mount_new(const char *type, const char *const *options, uint64_t attributes)
{
	int fs = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC), r = fs < 0 ? -errno : 0;

	for (; !r && options && options[0]; options += 2)
		if (syscall(SYS_fsconfig, fs, options[1] ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, options[0], options[1], 0) < 0)
			r = -errno;
	if (!r && syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		r = -errno;
	if (!r) {
		r = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, (unsigned)attributes);
		r = r < 0 ? -errno : r;
	}
	if (fs >= 0)
		close(fs);
	return r;
}

#define TEXT_MOST    256 /* of one value, with its end */
#define OPTIONS_MOST 8

/* Asked for with a name that nothing has: a kernel that knows the key looks for it. One before Linux 6.5 keeps any key for later. */
int mount_takes_layers(size_t n)
{
	AUTO_BUF struct buf text = { 0 };
	int fs, known;

	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "%s%zu", i ? ":" : "", i);
	buf_puts(&text, ":s"); /* a sandbox's own below them */
	if (text.err || text.len < TEXT_MOST)
		return 1;
	fs = (int)syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC);
	if (fs < 0)
		return 1; /* nobody can tell */
	known = syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "lowerdir+", "/proc/self/none", 0) < 0 && errno != EINVAL;
	close(fs);
	return known;
}

int mount_overlay(const char *const *lower, size_t n, const char *const *options, uint64_t attributes)
{
	const char *all[2 * (MOUNT_LAYERS + OPTIONS_MOST) + 1];
	AUTO_BUF struct buf text = { 0 };
	size_t k = 0;

	if (!n || n > MOUNT_LAYERS)
		return -E2BIG;
	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "%s%s", i ? ":" : "", lower[i]);
	if (text.err)
		return text.err;
	for (size_t i = 0; i < (text.len < TEXT_MOST ? 1 : n); i++) {
		all[k++] = text.len < TEXT_MOST ? "lowerdir" : "lowerdir+";
		all[k++] = text.len < TEXT_MOST ? text.s : lower[i];
	}
	for (; options && *options && k < sizeof(all) / sizeof(all[0]) - 2; options += 2) {
		all[k++] = options[0];
		all[k++] = options[1];
	}
	all[k] = NULL;
	return mount_new("overlay", all, attributes);
}

int mount_copy(int fd, const char *path, int below)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (below ? AT_RECURSIVE : 0) | (*path ? 0 : AT_EMPTY_PATH);
	long r = syscall(SYS_open_tree, fd, path, flags);

	return r < 0 ? -errno : (int)r;
}

int mount_change(int fd, uint64_t set, int userns_fd, int below)
{
	struct mount_attr a = { .attr_set = set | (userns_fd >= 0 ? MOUNT_ATTR_IDMAP : 0),
				.propagation = MS_PRIVATE,
				.userns_fd = userns_fd >= 0 ? (uint64_t)userns_fd : 0 };

	return syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | (below ? AT_RECURSIVE : 0), &a, sizeof(a)) < 0 ? -errno : 0;
}

int mount_move(int fd, int to, const char *path)
{
	unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | (*path ? 0 : MOVE_MOUNT_T_EMPTY_PATH);

	return syscall(SYS_move_mount, fd, "", to, path, flags) < 0 ? -errno : 0;
}
