/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bench: from a kill to the line that tells it. kill-latency GROUP-DIRECTORY HOG N -- COMMAND...
 * COMMAND prints a line a kill (cgx-oom-watch GROUP). In the directory, which has a memory limit, HOG is run N times;
 * the kernel's tracepoint tells when it was killed. Prints the median, the 95th part and the worst in microseconds, and
 * how many of the kills were told.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "libcgx/private.h"

static pid_t run(char **argv, int out, const char *join)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (join) {
		int fd = open(join, O_WRONLY);

		if (fd < 0 || write(fd, "0", 1) != 1)
			_exit(125);
	}
	if (out < 0)
		out = open("/dev/null", O_WRONLY);
	dup2(out, 1);
	if (join)
		dup2(out, 2);
	execvp(argv[0], argv);
	_exit(127);
}

/* When a line with the pid came, 0 it did not within a second. */
static uint64_t line_time(int fd, pid_t pid)
{
	static char text[65536];
	static size_t len;
	char want[32];
	uint64_t end = now_us() + 1000000;

	snprintf(want, sizeof(want), "pid %d", (int)pid);
	while (now_us() < end) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n = poll(&p, 1, 100) > 0 ? read(fd, text + len, sizeof(text) - 1 - len) : 0;
		uint64_t at = now_us();

		if (n <= 0)
			continue;
		len += (size_t)n;
		text[len] = '\0';
		if (strstr(text, want)) {
			len = 0;
			return at;
		}
		if (len > sizeof(text) / 2)
			len = 0;
	}
	return 0;
}

static uint64_t mark_time(struct trace *t, pid_t pid)
{
	struct victim v;
	uint64_t at = 0;

	while (trace_next(t, &v) > 0)
		if (v.pid == pid)
			at = v.time_us;
	return at;
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	char *hog[] = { argv[2], (char *)"256M", NULL }, join[4200];
	int n = argc > 5 ? atoi(argv[3]) : 0, out[2], told = 0;
	static int64_t us[1000];
	struct trace *t;
	struct cgx *cgx;
	pid_t watcher;

	if (n <= 0 || n > 1000 || cgx_open(NULL, &cgx) || pipe(out))
		return 2;
	if (trace_open(cgx, &t)) {
		fprintf(stderr, "kill-latency: %s\n", cgx_error(cgx));
		return 77;
	}
	snprintf(join, sizeof(join), "%s/cgroup.procs", argv[1]);
	watcher = run(argv + 5, out[1], NULL);
	usleep(300000);
	for (int i = 0; i < n; i++) {
		pid_t pid = run(hog, -1, join);
		uint64_t line = line_time(out[0], pid), mark;

		waitpid(pid, NULL, 0);
		mark = mark_time(t, pid);
		if (line && mark)
			us[told++] = (int64_t)(line - mark);
		usleep(20000 + (unsigned)(i % 7) * 3000);
	}
	kill(watcher, SIGTERM);
	waitpid(watcher, NULL, 0);
	qsort(us, (size_t)told, sizeof(us[0]), by_number);
	printf("%lld %lld %lld %d\n", (long long)us[told / 2], (long long)us[told * 19 / 20], (long long)us[told ? told - 1 : 0], told);
	trace_close(t);
	cgx_close(cgx);
	return 0;
}
