/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The user namespace's maps. */
#include "sandbox/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"

/* Far from what /etc/subuid hands out (100000 on) and from systemd's dynamic users and nspawn's ranges as they begin. */
#define FIRST_ID 0x60000000u
#define RANGE    65536u
#define RANGES   4096u

int idmap_privileged(void)
{
	return geteuid() == 0;
}

/* A range is taken by making a link of its number that names the sandbox: both in one step. */
static int take(const struct launch *l, unsigned slot)
{
	char path[4200];

	snprintf(path, sizeof(path), "%s/../.ids/%u", l->dir, slot);
	return symlink(l->spec->name, path) < 0 ? -errno : 0;
}

int idmap_lease(struct launch *l)
{
	char path[4200];
	int r = -EEXIST;

	if (l->spec->ns[NS_USER].how != NS_OWN)
		return 0;
	if (!idmap_privileged()) {
		l->id_base = geteuid();
		l->id_count = 1;
		return 0;
	}
	snprintf(path, sizeof(path), "%s/../.ids", l->dir);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return launch_fail(l, -errno, path, "make", NULL);
	for (unsigned i = 0; r == -EEXIST && i < RANGES; i++) {
		unsigned slot = (spec_name_hash(l->spec->name) + i) % RANGES;

		r = take(l, slot);
		if (r)
			continue;
		l->id_base = FIRST_ID + slot * RANGE;
		l->id_count = RANGE;
	}
	return r ? launch_fail(l, r, path, "lease a range of ids", NULL) : 0;
}

void idmap_return(struct launch *l)
{
	char path[4200];

	if (l->id_count != RANGE)
		return;
	snprintf(path, sizeof(path), "%s/../.ids/%u", l->dir, (l->id_base - FIRST_ID) / RANGE);
	unlink(path);
	l->id_count = 0;
}

static int write_file(pid_t pid, const char *name, const char *text)
{
	char path[64];
	int fd, r = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		r = -errno;
	close(fd);
	return r;
}

/* An ordinary user's: his own id, and those that he was given. */
static int write_users(struct launch *l)
{
	char map[64];
	int r = -ENOENT;

	if (!subids_of_caller(&l->more_uids, &l->more_gids)) {
		r = subids_write("newuidmap", l->pid, geteuid(), &l->more_uids);
		if (!r && subids_write("newgidmap", l->pid, getegid(), &l->more_gids))
			r = -ECHILD;
		if (r && r != -ENOENT)
			return launch_fail(l, r, "the id map", "write", "newuidmap or newgidmap refused what /etc/subuid and /etc/subgid give");
	}
	if (!r)
		return 0;
	l->more_uids = l->more_gids = (struct id_range){ 0 };
	snprintf(map, sizeof(map), "0 %u 1", (unsigned)geteuid());
	r = write_file(l->pid, "uid_map", map);
	if (!r)
		r = write_file(l->pid, "setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", (unsigned)getegid());
	return r ? r : write_file(l->pid, "gid_map", map);
}

static int write_range(struct launch *l)
{
	char map[64];
	int r;

	snprintf(map, sizeof(map), "0 %u %u", (unsigned)l->id_base, (unsigned)l->id_count);
	r = write_file(l->pid, "uid_map", map);
	return r ? r : write_file(l->pid, "gid_map", map);
}

int idmap_write(struct launch *l)
{
	char path[64];
	int r;

	if (!l->id_count)
		return 0;
	r = idmap_privileged() ? write_range(l) : write_users(l);
	if (r)
		return l->words.len ? r : launch_fail(l, r, "the id map", "write", NULL);
	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)l->pid);
	l->userns_fd = open(path, O_RDONLY | O_CLOEXEC);
	return l->userns_fd < 0 ? launch_fail(l, -errno, path, "open", NULL) : 0;
}

int idmap_become_root(struct launch *l)
{
	/* who has one id may not */
	if (l->id_count && setgroups(0, NULL) < 0 && !(errno == EPERM && l->id_count == 1))
		return -errno;
	if (l->id_count && (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
		return -errno;
	return 0;
}
