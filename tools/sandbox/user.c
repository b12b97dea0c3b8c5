/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who a sandbox's command runs as. */
#include "sandbox/user.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/path.h"
#include "util/cleanup.h"
#include "util/num.h"

enum { GROUPS_MAX = 256, LINE_MAX_BYTES = 65536 };

/* 1 a number of 0 to 2^32 - 2; 0 it is a name; -EINVAL neither: "-1", "0x0", " 1", "". */
static int number(const char *s, uint32_t *ret)
{
	uint64_t n;

	if (!*s)
		return -EINVAL;
	if (s[strspn(s, "0123456789")])
		return strspn(s, "0123456789+-. \t") ? -EINVAL : 0;
	if (num_u64(s, &n) || n >= UINT32_MAX)
		return -EINVAL;
	*ret = (uint32_t)n;
	return 1;
}

static FILE *open_table(const char *path)
{
	AUTO_CLOSE int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = root < 0 ? -1 : path_read(root, path);

	return fd < 0 ? NULL : fdopen(fd, "r");
}

static int find_passwd(const char *name, int is_number, uint32_t n, uid_t *uid, gid_t *gid, char *ret_name, size_t size,
		       char **ret_home)
{
	AUTO_FREE char *text = malloc(LINE_MAX_BYTES);
	FILE *f = open_table("/etc/passwd");
	struct passwd p, *found = NULL;
	int r = -ENOENT;

	while (text && f && !fgetpwent_r(f, &p, text, LINE_MAX_BYTES, &found) && found) {
		if (is_number ? p.pw_uid != n : strcmp(p.pw_name, name) != 0)
			continue;
		*uid = p.pw_uid;
		*gid = p.pw_gid;
		snprintf(ret_name, size, "%s", p.pw_name);
		*ret_home = *p.pw_dir == '/' ? strdup(p.pw_dir) : NULL;
		r = 0;
		break;
	}
	if (f)
		fclose(f);
	return r;
}

/* The group of this name, or all in which a user is. */
static int read_groups(const char *name, const char *user, gid_t *gid, gid_t *groups, size_t *n)
{
	AUTO_FREE char *text = malloc(LINE_MAX_BYTES);
	FILE *f = open_table("/etc/group");
	struct group g, *found = NULL;
	int r = -ENOENT;

	while (text && f && !fgetgrent_r(f, &g, text, LINE_MAX_BYTES, &found) && found) {
		if (name && !strcmp(g.gr_name, name)) {
			*gid = g.gr_gid;
			r = 0;
			break;
		}
		for (char **m = g.gr_mem; user && *m && *n < GROUPS_MAX; m++)
			if (!strcmp(*m, user))
				groups[(*n)++] = g.gr_gid;
	}
	if (f)
		fclose(f);
	return r;
}

static int refuse(struct buf *why, const char *cause)
{
	buf_puts(why, cause);
	return -EINVAL;
}

int user_find(const char *text, uid_t *ret_uid, gid_t *ret_gid, gid_t **ret_groups, size_t *ret_n, char **ret_home, struct buf *why)
{
	const char *colon = strchr(text, ':');
	AUTO_FREE char *name = strndup(text, colon ? (size_t)(colon - text) : strlen(text));
	char known[256] = "";
	uint32_t n = 0;
	int is_number;

	*ret_groups = calloc(GROUPS_MAX, sizeof(gid_t));
	if (!name || !*ret_groups)
		return -ENOMEM;
	is_number = number(name, &n);
	if (is_number < 0)
		return refuse(why, "not a user: a name, or a number from 0 to 4294967294");
	if (find_passwd(name, is_number, n, ret_uid, ret_gid, known, sizeof(known), ret_home)) {
		if (!is_number)
			return refuse(why, "the root's /etc/passwd has no such user; a number needs none");
		*ret_uid = n;
		*ret_gid = 0;
	}
	if (colon) {
		is_number = number(colon + 1, &n);
		if (is_number < 0)
			return refuse(why, "not a group: a name, or a number from 0 to 4294967294");
		if (is_number)
			*ret_gid = n;
		else if (read_groups(colon + 1, NULL, ret_gid, NULL, NULL))
			return refuse(why, "the root's /etc/group has no such group");
	}
	(*ret_groups)[(*ret_n)++] = *ret_gid;
	if (*known && !colon)
		read_groups(NULL, known, NULL, *ret_groups, ret_n);
	return 0;
}
