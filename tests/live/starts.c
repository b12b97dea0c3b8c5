/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * starts COUNT RATE LIFE_US WORD PROGRAM - start COUNT processes of PROGRAM, a copy of this one, RATE a second (0: as fast as
 * they go, 64 at once), each of which lives for LIFE_US and then looks whether WORD is in its /proc/self/cgroup; print how
 * many did not have it: they were not placed in time.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int look(const char *life, const char *word)
{
	static char text[8192];
	int fd;

	if (atoi(life))
		usleep((useconds_t)atoi(life));
	fd = open("/proc/self/cgroup", O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return 2;
	return strstr(text, word) ? 0 : 1;
}

static int ended(int flags, int *missed)
{
	int status;

	if (waitpid(-1, &status, flags) <= 0)
		return 0;
	*missed += status != 0;
	return 1;
}

static void await_turn(struct timespec *next, long step)
{
	next->tv_nsec += step;
	if (next->tv_nsec >= 1000000000L) {
		next->tv_nsec -= 1000000000L;
		next->tv_sec++;
	}
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, next, NULL);
}

int main(int argc, char **argv)
{
	struct timespec next;
	int count, missed = 0, running = 0;
	long step;

	if (argc == 4 && !strcmp(argv[1], "-"))
		return look(argv[2], argv[3]);
	if (argc != 6)
		return 2;
	count = atoi(argv[1]);
	step = atoi(argv[2]) > 0 ? 1000000000L / atoi(argv[2]) : 0;
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (int i = 0; i < count; i++) {
		char dash[] = "-", *child[] = { argv[5], dash, argv[3], argv[4], NULL };
		pid_t pid;

		running += !posix_spawn(&pid, argv[5], NULL, NULL, child, environ);
		while (running && ended(running < 64 ? WNOHANG : 0, &missed))
			running--;
		if (step)
			await_turn(&next, step);
	}
	while (running && ended(0, &missed))
		running--;
	printf("%d\n", missed);
	return 0;
}
