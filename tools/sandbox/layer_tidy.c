/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tidying layers. */
#include "sandbox/layer_tidy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "sandbox/merged.h"
#include "util/cleanup.h"

enum { DEEPEST = 200 };

static void drop_marks(int fd)
{
	static const char *const marks[] = { "origin", "impure", "nlink", "redirect", "metacopy", "upper", "uuid", "protattr" };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		char name[64];

		strcpy(stpcpy(name, "user.overlay."), marks[i]);
		fremovexattr(fd, name);
		strcpy(stpcpy(name, "trusted.overlay."), marks[i]);
		fremovexattr(fd, name);
	}
}

static int tidy_folder(int fd)
{
	if (is_opaque(fd)) {
		if (fsetxattr(fd, "user.overlay.opaque", "y", 1, 0) < 0)
			return -errno;
		if (!geteuid() && fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) < 0)
			return -errno;
	}
	drop_marks(fd);
	return 0;
}

static int tidy(int fd, int depth);

static int tidy_entry(int dir, const char *name, int depth)
{
	struct stat st;
	int fd, r;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISSOCK(st.st_mode))
		return unlinkat(dir, name, 0) < 0 ? -errno : 0;
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return 1;
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (S_ISDIR(st.st_mode) ? O_DIRECTORY : 0));
	if (fd < 0)
		return -errno;
	if (S_ISDIR(st.st_mode)) {
		r = tidy_folder(fd);
		if (r < 0)
			close(fd);
		else
			r = tidy(fd, depth + 1);
		return r < 0 ? r : 1;
	}
	drop_marks(fd);
	close(fd);
	return 1;
}

/* fd is taken over. */
static int tidy(int fd, int depth)
{
	DIR *d = depth > DEEPEST ? NULL : fdopendir(fd);
	struct dirent *e;
	int found = 0, r = 0;

	if (!d) {
		close(fd);
		return depth > DEEPEST ? -ELOOP : -ENOMEM;
	}
	while (r >= 0 && (errno = 0, e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		r = tidy_entry(dirfd(d), e->d_name, depth);
		found |= r > 0;
	}
	r = r < 0 ? r : -errno;
	closedir(d);
	return r < 0 ? r : found;
}

int layer_tidy(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	drop_marks(dir);
	return tidy(fd, 0);
}
