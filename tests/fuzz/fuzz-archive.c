/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz: archives into a layer; whatever they hold, nothing is touched beside it. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "sandbox/layers.h"
#include "sandbox/remove.h"

static char place[] = "/tmp/cgx-fuzz.XXXXXX";

static void remove_place(void)
{
	rmdir(place);
}

static int open_place(void)
{
	static int dir = -1;

	if (dir < 0) {
		if (!mkdtemp(place))
			abort();
		atexit(remove_place);
		dir = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	return dir;
}

static int count(int dir)
{
	DIR *d = fdopendir(dup(dir));
	int n = 0;

	if (!d)
		abort();
	rewinddir(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void unpack(int fd, int root)
{
	static const struct tree_limits limits = { 1 << 20, 64 };
	const struct layers_how how = { "fuzz", fd, UINT64_MAX, NULL, NULL, LAYERS_WHITEOUTS };
	struct buf AUTO_BUF why = { 0 }, remedy = { 0 };
	const struct failure failure = { &why, &remedy };
	char digest[SHA256_HEX + 1];
	struct tree t;
	int r;

	if (tree_begin(&t, root, NULL, &limits, &failure))
		abort();
	r = layers_unpack(&how, &t, digest);
	if (!r)
		r = tree_end(&t);
	if (r && !why.len)
		abort();
	tree_free(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int dir = open_place(), fd = memfd_create("fuzz", MFD_CLOEXEC), root;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) || mkdirat(dir, "layer", 0755))
		abort();
	root = openat(dir, "layer", O_PATH | O_DIRECTORY | O_CLOEXEC);
	unpack(fd, root);
	close(root);
	close(fd);
	if (count(dir) != 3 || remove_tree(dir, "layer"))
		abort();
	return 0;
}
