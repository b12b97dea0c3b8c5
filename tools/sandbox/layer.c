/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The writable layers that are kept. */
#include "sandbox/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/remove.h"
#include "sandbox/state.h"
#include "util/buf.h"
#include "util/cleanup.h"

int layer_place(void)
{
	struct stat st;

	if ((mkdir("/var/lib/cgx", 0711) < 0 && errno != EEXIST) || (mkdir(LAYERS, 0700) < 0 && errno != EEXIST))
		return -errno;
	if (lstat(LAYERS, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return -EPERM;
	return st.st_mode & 077 && chmod(LAYERS, 0700) < 0 ? -errno : 0;
}

int layer_is_kept(const char *name)
{
	AUTO_BUF struct buf path = { 0 };

	buf_printf(&path, "%s/%s/upper", LAYERS, name);
	return !path.err && !access(path.s, F_OK);
}

int layer_remove(const char *name)
{
	int dir, r;

	if (geteuid())
		return 0; /* root's alone are kept, in a folder that may be closed to others */
	dir = open(LAYERS, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT ? 0 : -errno;
	r = remove_tree(dir, name);
	close(dir);
	errno = -r;
	return r;
}

/* The state is there before the layer is made, and longer. */
void layer_prune(const char *states)
{
	struct words names = { 0 };

	if (!geteuid() && !state_list(LAYERS, &names))
		for (size_t i = 0; i < names.n; i++) {
			AUTO_BUF struct buf path = { 0 };

			buf_printf(&path, "%s/%s", states, names.v[i]);
			if (!path.err && access(path.s, F_OK) < 0 && errno == ENOENT)
				layer_remove(names.v[i]);
		}
	words_free(&names);
}
