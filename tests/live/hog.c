/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hog SIZE[K|M|G] [SECONDS] - touch SIZE bytes of memory page by page, say so, then sleep.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char *end, *memory;
	unsigned long long size, page = (unsigned long long)sysconf(_SC_PAGESIZE), at;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: hog SIZE[K|M|G] [SECONDS]\n");
		return 2;
	}
	size = strtoull(argv[1], &end, 10);
	switch (*end) {
	case 'G':
		size *= 1024; __attribute__((fallthrough));
	case 'M':
		size *= 1024; __attribute__((fallthrough));
	case 'K':
		size *= 1024;
	}
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		perror("hog: mmap");
		return 1;
	}
	for (at = 0; at < size; at += page)
		memory[at] = 1;
	printf("touched %llu\n", size);
	fflush(stdout);
	if (argc == 3)
		sleep((unsigned)atoi(argv[2]));
	return 0;
}
