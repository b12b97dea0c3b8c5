/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzz: paths below a sandbox's root. Lines make a tree ("d NAME", "f NAME", "l NAME TARGET"), and others ask for names in it
 * ("D PATH", "F PATH", "O PATH", "P PATH", "L PATH", "R PATH"). Whatever lies there, what is opened or made lies below the
 * root, and the folder beside it stays empty.
 */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "sandbox/path.h"

static int forget(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st, (void)kind, (void)at;
	return remove(path);
}

static void make_below(int root, char kind, char *name)
{
	char *target = strchr(name, ' ');

	if (kind == 'l' && target)
		*target = '\0';
	if (strchr(name, '/') || !strcmp(name, ".."))
		return; /* it could lead out: here nothing guards it */
	if (kind == 'd')
		mkdirat(root, name, 0755);
	else if (kind == 'f')
		mknodat(root, name, S_IFREG | 0644, 0);
	else if (target && symlinkat(target + 1, root, name))
		return;
}

static int ask(int root, char kind, const char *path)
{
	switch (kind) {
	case 'D': return path_make_dir(root, path, 0755);
	case 'F': return path_make_file(root, path);
	case 'O': return path_open(root, path);
	case 'P': return path_open_plain(root, path);
	case 'L': return path_look(root, path);
	case 'R': return path_read(root, path);
	}
	return -1;
}

static void must_be_below(int fd, const char *root)
{
	char name[64], to[8192];
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, to, sizeof(to) - 1);
	if (n < 0)
		return; /* deeper than a name can tell: only our own making is */
	to[n] = '\0';
	if (strncmp(to, root, strlen(root)) || (to[strlen(root)] && to[strlen(root)] != '/'))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char top[40], where[64], beside[64];
	char *text = malloc(size + 1), *next;
	int root = -1, lines = 0;

	snprintf(top, sizeof(top), "%s/cgx-fuzz-path.XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (text && mkdtemp(top)) {
		snprintf(where, sizeof(where), "%s/root", top);
		snprintf(beside, sizeof(beside), "%s/out", top);
		mkdir(where, 0755);
		mkdir(beside, 0755);
		root = open(where, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (root < 0)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	for (char *line = text; line && lines < 64; line = next, lines++) {
		int fd;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (!*line || line[1] != ' ')
			continue;
		if (strchr("dfl", *line)) {
			make_below(root, *line, line + 2);
			continue;
		}
		fd = ask(root, *line, line + 2);
		if (fd >= 0) {
			must_be_below(fd, where);
			close(fd);
		}
	}
	close(root);
	if (rmdir(beside)) /* something is in it */
		abort();
	nftw(top, forget, 16, FTW_DEPTH | FTW_PHYS);
	free(text);
	return 0;
}
