/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The first process of a sandbox, a program of a few kilobytes in a sealed memory file: nothing of the host is executed
 * inside, and nobody inside can read or change it (the file is not readable, so its process cannot be dumped or traced).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/restrict.h"

static const unsigned char program[] = {
#include "tools/sandbox/init/init.inc"
};

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

int init_seal(struct launch *l)
{
	char path[40];
	int fd;

	if (!l->spec->init)
		return 0;
	fd = memfd_create("cgx-init", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	if (fd < 0 && errno == EINVAL) /* before Linux 6.3 */
		fd = memfd_create("cgx-init", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	if (write(fd, program, sizeof(program)) != (ssize_t)sizeof(program) || fchmod(fd, 0111) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	/* what is open for writing cannot be executed */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	l->init_fd = open(path, O_PATH | O_CLOEXEC);
	close(fd);
	return l->init_fd < 0 ? -errno : 0;
}

void init_close(struct launch *l)
{
	if (l->init_fd >= 0)
		close(l->init_fd);
	l->init_fd = -1;
}

static const char *find_path(char *const *env)
{
	for (; env && *env; env++)
		if (!strncmp(*env, "PATH=", 5))
			return *env + 5;
	return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/* Without an init the command itself is the first process. */
static int exec_itself(struct launch *l)
{
	const char *file = l->spec->argv.v[0], *path = find_path(l->spec->env.v);
	int err = -ENOENT;

	if (strchr(file, '/')) {
		execve(file, l->spec->argv.v, l->spec->env.v);
		return -errno;
	}
	while (*path) {
		size_t n = strcspn(path, ":");
		char full[4096];

		if (n && n + strlen(file) + 2 < sizeof(full)) {
			memcpy(full, path, n);
			full[n] = '/';
			strcpy(full + n + 1, file);
			execve(full, l->spec->argv.v, l->spec->env.v);
			if (errno != ENOENT && errno != ENOTDIR)
				err = -errno;
		}
		path += n + (path[n] == ':');
	}
	return err;
}

int init_exec(struct launch *l)
{
	char *const none[] = { NULL };
	int r;

	if (l->spec->init) {
		syscall(SYS_execveat, l->init_fd, "", l->spec->argv.v, l->spec->env.v ? l->spec->env.v : none, AT_EMPTY_PATH);
		return launch_fail(l, -errno, "the init", "execute", NULL);
	}
	r = exec_itself(l);
	launch_fail(l, r, l->spec->argv.v[0], "execute", NULL);
	return r;
}
