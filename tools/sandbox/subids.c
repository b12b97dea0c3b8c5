/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Subordinate ids. */
#include "sandbox/subids.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/buf.h"
#include "util/cleanup.h"
#include "util/num.h"

extern char **environ;

#define LARGEST_FILE (4u << 20)

/* "name:first:count" */
static int parse_line(const char *line, const char *name, uid_t uid, struct id_range *ret)
{
	size_t n = strcspn(line, ":\n");
	uint64_t first, count, number;
	const char *p = line;

	if (line[n] != ':')
		return 0;
	if (!(name && strlen(name) == n && !strncmp(line, name, n)) &&
	    (num_scan(&p, &number) || p != line + n || number != uid))
		return 0;
	p = line + n + 1;
	if (num_scan(&p, &first) || *p++ != ':' || num_scan(&p, &count) || (*p && *p != '\n') || first >= UINT32_MAX ||
	    !count || count > UINT32_MAX - first)
		return 0;
	*ret = (struct id_range){ (uint32_t)first, (uint32_t)count };
	return 1;
}

void subids_find(const char *text, const char *name, uid_t uid, struct id_range *ret)
{
	struct id_range one;

	*ret = (struct id_range){ 0 };
	for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (parse_line(line, name, uid, &one) && one.count > ret->count)
			*ret = one;
}

static int read_file(const char *path, struct buf *b)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	char part[4096];
	ssize_t n = 0;

	while (fd >= 0 && b->len < LARGEST_FILE && (n = read(fd, part, sizeof(part))) > 0)
		buf_add(b, part, (size_t)n);
	return fd < 0 || n < 0 ? -errno : b->err;
}

int subids_of_caller(struct id_range *ret_uids, struct id_range *ret_gids)
{
	AUTO_BUF struct buf uids = { 0 }, gids = { 0 };
	struct passwd *pw;
	int r = read_file("/etc/subuid", &uids);

	if (!r)
		r = read_file("/etc/subgid", &gids);
	if (r)
		return r;
	pw = getpwuid(getuid());
	subids_find(buf_text(&uids), pw ? pw->pw_name : NULL, getuid(), ret_uids);
	subids_find(buf_text(&gids), pw ? pw->pw_name : NULL, getuid(), ret_gids);
	return ret_uids->count && ret_gids->count ? 0 : -ENOENT;
}

int subids_write(const char *program, pid_t pid, uint32_t own, const struct id_range *range)
{
	char text[4][16], target[16], zero[] = "0", one[] = "1";
	char *argv[] = { (char *)(uintptr_t)program, target, zero, text[0], one, one, text[1], text[2], NULL };
	posix_spawn_file_actions_t quiet;
	pid_t child;
	int status, r;

	snprintf(target, sizeof(target), "%d", (int)pid);
	snprintf(text[0], sizeof(text[0]), "%u", own);
	snprintf(text[1], sizeof(text[1]), "%u", range->first);
	snprintf(text[2], sizeof(text[2]), "%u", range->count);
	posix_spawn_file_actions_init(&quiet);
	r = posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (!r)
		r = posix_spawnp(&child, program, &quiet, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&quiet);
	if (r)
		return -r;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -ECHILD;
}
