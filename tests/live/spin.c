/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * spin MILLISECONDS - use that much cpu time, then exit.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv)
{
	struct timespec t;
	long want;

	if (argc != 2) {
		fprintf(stderr, "usage: spin MILLISECONDS\n");
		return 2;
	}
	want = atol(argv[1]);
	do {
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	} while (t.tv_sec * 1000L + t.tv_nsec / 1000000L < want);
	return 0;
}
