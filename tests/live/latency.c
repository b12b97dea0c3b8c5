/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * latency MILLISECONDS: how long this machine makes others wait meanwhile. Each 5 ms: how late a sleep of 1 ms ends, and
 * how long a child takes that ends at once. Prints "sleep P50 P99 MAX" and "child P50 P99 MAX" in microseconds.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void pause_for(long us)
{
	struct timespec t = { .tv_nsec = us * 1000 };

	nanosleep(&t, NULL);
}

static int by_size(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void print(const char *what, uint32_t *v, size_t n)
{
	qsort(v, n, sizeof(*v), by_size);
	printf("%s %u %u %u\n", what, v[n / 2], v[n * 99 / 100], v[n - 1]);
}

int main(int argc, char **argv)
{
	uint64_t end = now() + (argc > 1 ? strtoull(argv[1], NULL, 10) : 1000) * 1000;
	static uint32_t late[100000], child[100000];
	size_t n = 0;

	while (now() < end && n < 100000) {
		uint64_t began = now();
		pid_t pid;

		pause_for(1000);
		late[n] = (uint32_t)(now() - began - 1000);
		began = now();
		pid = fork();
		if (!pid)
			_exit(0);
		if (pid < 0 || waitpid(pid, NULL, 0) < 0)
			return 1;
		child[n++] = (uint32_t)(now() - began);
		pause_for(4000);
	}
	if (!n)
		return 1;
	print("sleep", late, n);
	print("child", child, n);
	return 0;
}
