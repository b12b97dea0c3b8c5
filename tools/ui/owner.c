/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* USER:GROUP on a command line. */
#include "owner.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "message.h"
#include "util/cleanup.h"
#include "util/num.h"

/* The highest number is the kernel's "leave it as it is" and no user. */
static int number(const char *s, unsigned *ret)
{
	uint64_t n;

	if (num_u64(s, &n) || n >= UINT32_MAX)
		return -EINVAL;
	*ret = (unsigned)n;
	return 0;
}

static int user(const struct frame *f, const char *name, uid_t *ret_uid, gid_t *ret_gid)
{
	const struct passwd *pw;

	if (!number(name, ret_uid)) {
		pw = getpwuid(*ret_uid);
		*ret_gid = pw ? pw->pw_gid : *ret_gid;
		return 0;
	}
	pw = getpwnam(name);
	if (!pw) {
		msg_error(f, "give a name of /etc/passwd or a number", "%s: find the user: there is no such user", name);
		return -EINVAL;
	}
	*ret_uid = pw->pw_uid;
	*ret_gid = pw->pw_gid;
	return 0;
}

static int group(const struct frame *f, const char *name, gid_t *ret)
{
	const struct group *gr;

	if (!number(name, ret))
		return 0;
	gr = getgrnam(name);
	if (!gr) {
		msg_error(f, "give a name of /etc/group or a number", "%s: find the user group: there is none of this name", name);
		return -EINVAL;
	}
	*ret = gr->gr_gid;
	return 0;
}

int owner_parse(const struct frame *f, const char *text, uid_t *ret_uid, gid_t *ret_gid)
{
	const char *colon = strchr(text, ':');
	AUTO_FREE char *name = strndup(text, colon ? (size_t)(colon - text) : strlen(text));
	uid_t uid = *ret_uid;
	gid_t gid = *ret_gid;

	if (!name)
		return -ENOMEM;
	if (*name && user(f, name, &uid, &gid))
		return -EINVAL;
	if (colon && colon[1] && group(f, colon + 1, &gid))
		return -EINVAL;
	if (!*name && (!colon || !colon[1])) {
		msg_error(f, NULL, "%s: not USER, USER:GROUP or :GROUP", text);
		return -EINVAL;
	}
	*ret_uid = uid;
	if (!f->like || (colon && colon[1]))
		*ret_gid = gid;
	return 0;
}
