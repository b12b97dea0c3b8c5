/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bench peer: print every directory below one, as bare as it gets: a directory with two links has none below it. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void walk(int fd, char *path, size_t len)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;
	struct stat st;

	if (!d)
		return;
	while ((e = readdir(d))) {
		size_t n = strlen(e->d_name);
		int sub;

		if (e->d_type != DT_DIR || !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || len + n + 2 > 4096)
			continue;
		path[len] = '/';
		memcpy(path + len + 1, e->d_name, n + 1);
		puts(path);
		if (fstatat(dirfd(d), e->d_name, &st, 0) || st.st_nlink == 2)
			continue;
		sub = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (sub >= 0)
			walk(sub, path, len + 1 + n);
	}
	closedir(d);
}

int main(int argc, char **argv)
{
	char path[4097];
	int fd = argc == 2 && strlen(argv[1]) < sizeof(path) ? open(argv[1], O_RDONLY | O_DIRECTORY) : -1;

	if (fd < 0)
		return 1;
	strcpy(path, argv[1]);
	puts(path);
	walk(fd, path, strlen(path));
	return 0;
}
