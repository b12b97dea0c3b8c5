/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file written anew as a whole. */
#include "replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/buf.h"

/* Renaming something over a pipe or a device would take it away. */
static int is_special(const char *path)
{
	struct stat st;

	return !stat(path, &st) && !S_ISREG(st.st_mode);
}

/* Nobody's but ours: what another has put there, a link for one, is not written through. */
static int open_part(const char *part)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, fd = open(part, flags, 0666);

	if (fd < 0 && errno == EEXIST && !unlink(part)) /* of one that had our number and was killed */
		fd = open(part, flags, 0666);
	return fd;
}

int replace_begin(struct replace *r, const char *path)
{
	AUTO_BUF struct buf part = { 0 };
	int special = is_special(path), fd, err;

	*r = (struct replace){ .path = path };
	buf_printf(&part, "%s.%d", path, (int)getpid());
	if (!special && buf_steal(&part, &r->part) < 0)
		return -ENOMEM;
	fd = special ? open(path, O_WRONLY | O_CLOEXEC) : open_part(r->part);
	err = errno;
	r->to = fd < 0 ? NULL : fdopen(fd, "w");
	if (r->to)
		return 0;
	if (fd >= 0) {
		err = errno;
		close(fd);
		if (r->part)
			unlink(r->part);
	}
	free(r->part);
	return err ? -err : -EIO;
}

int replace_end(struct replace *r, int ok)
{
	int err = ferror(r->to) ? -EIO : 0;

	if (fclose(r->to) == EOF && errno)
		err = -errno;
	if (r->part && ok && !err && rename(r->part, r->path))
		err = -errno;
	if (r->part && (!ok || err))
		unlink(r->part);
	free(r->part);
	*r = (struct replace){ 0 };
	return err;
}
