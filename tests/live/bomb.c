/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bomb COUNT SECONDS [leave]  - fork COUNT children that sleep SECONDS once all are there, print how many
 *                               forks were denied, wait for the children ("leave": leave them behind)
 * bomb storm COUNT SECONDS    - the real thing: every process forks as fast as it can for SECONDS,
 *                               at most COUNT forks in all
 * Only ever run inside a pids limit. Nothing here outlives its SECONDS.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int storm(int count, int seconds)
{
	double end = now() + seconds;
	atomic_int *forks = mmap(NULL, sizeof(*forks), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (forks == MAP_FAILED)
		return 1;
	signal(SIGCHLD, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	alarm((unsigned)seconds + 1);
	while (now() < end) {
		if (atomic_load(forks) >= count) {
			usleep(10000);
			continue;
		}
		switch (fork()) {
		case -1:
			usleep(200);
			break;
		case 0:
			alarm((unsigned)seconds + 1);
			break;
		default:
			atomic_fetch_add(forks, 1);
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	int count, seconds, i, made = 0, denied = 0, leave, all[2];
	char none;

	if (argc == 4 && !strcmp(argv[1], "storm"))
		return storm(atoi(argv[2]), atoi(argv[3]));
	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: bomb COUNT SECONDS [leave] | bomb storm COUNT SECONDS\n");
		return 2;
	}
	count = atoi(argv[1]);
	seconds = atoi(argv[2]);
	leave = argc == 4 && !strcmp(argv[3], "leave");
	if (pipe(all)) /* read to its end when the last fork was tried */
		return 1;
	for (i = 0; i < count; i++) {
		switch (fork()) {
		case -1:
			if (errno == EAGAIN)
				denied++;
			break;
		case 0:
			close(all[1]);
			while (read(all[0], &none, 1) < 0 && errno == EINTR)
				;
			sleep((unsigned)seconds);
			_exit(0);
		default:
			made++;
		}
	}
	close(all[1]);
	printf("made %d denied %d\n", made, denied);
	fflush(stdout);
	while (!leave && (wait(NULL) > 0 || errno == EINTR))
		;
	return 0;
}
