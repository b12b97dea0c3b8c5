/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * threads COUNT SECONDS - start COUNT threads, print the ids of all threads, the main one first, one
 * a line and "ready", then sleep.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_mutex_t one_line = PTHREAD_MUTEX_INITIALIZER;
static unsigned seconds;
static pthread_barrier_t all;

static void *thread(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&one_line);
	printf("%ld\n", (long)syscall(SYS_gettid));
	pthread_mutex_unlock(&one_line);
	pthread_barrier_wait(&all);
	sleep(seconds);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t id;
	int i, count;

	if (argc != 3 || (count = atoi(argv[1])) < 1) {
		fprintf(stderr, "usage: threads COUNT SECONDS\n");
		return 2;
	}
	seconds = (unsigned)atoi(argv[2]);
	printf("%d\n", (int)getpid());
	pthread_barrier_init(&all, NULL, (unsigned)count + 1);
	for (i = 0; i < count; i++)
		if (pthread_create(&id, NULL, thread, NULL))
			return 1;
	pthread_barrier_wait(&all);
	puts("ready");
	fflush(stdout);
	sleep(seconds);
	return 0;
}
