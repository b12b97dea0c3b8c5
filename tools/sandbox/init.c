/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The first process of a sandbox, a program of a few kilobytes in a sealed memory file: nothing of the host is executed
 * inside, and nobody inside can read or change it (the file is not readable, so its process cannot be dumped or traced).
 * Where no init is wanted, and for exec, the same program becomes the command.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/message.h"
#include "sandbox/restrict.h"
#include "util/buf.h"
#include "util/cleanup.h"

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

/* The environment that was asked for, and a home where none was. */
static char **environment(const struct launch *l)
{
	const struct words *env = &l->spec->env;
	char **all = calloc(env->n + 2, sizeof(*all));
	AUTO_BUF struct buf home = { 0 };

	if (!all)
		return NULL;
	if (env->n)
		memcpy(all, env->v, env->n * sizeof(*all));
	for (size_t i = 0; i < env->n; i++)
		if (!strncmp(all[i], "HOME=", 5))
			return all;
	buf_printf(&home, "HOME=%s", l->home ? l->home : l->uid ? "/" : "/root");
	if (buf_steal(&home, &all[env->n])) {
		free(all);
		return NULL;
	}
	return all;
}

/* The command is never executed by this program itself: a script that names /proc/self/exe as its interpreter would run the
 * host's file inside, and could write to it later (CVE-2019-5736). */
int init_exec(struct launch *l)
{
	size_t n = l->spec->argv.n;
	char **argv = calloc(n + 2, sizeof(*argv)), **env = environment(l);
	static char first[] = INIT_FIRST, in_place[] = INIT_IN_PLACE;
	int r;

	if (!argv || !env) {
		free(argv);
		free(env);
		return -ENOMEM;
	}
	argv[0] = l->spec->init ? first : in_place;
	memcpy(argv + 1, l->spec->argv.v, n * sizeof(*argv));
	syscall(SYS_execveat, l->init_fd, "", argv, env, AT_EMPTY_PATH);
	r = -errno;
	free(argv);
	free(env);
	return launch_fail(l, r, "the init", "execute", NULL);
}
