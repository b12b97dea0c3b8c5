/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A command run for each event. */
#include "oom/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ui/message.h"
#include "util/clock.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif

static void free_job(struct hook_job *job)
{
	free(job->facts);
	free(job->line);
	free(job->what);
	*job = (struct hook_job){ 0 };
}

/* ---- starting one ---- */

/* A file in memory, so that the command may read it when it likes, or never. */
static int stdin_of(const struct hook_job *job)
{
	AUTO_CLOSE int fd = memfd_create("event", MFD_CLOEXEC | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL) /* before Linux 6.3 */
		fd = memfd_create("event", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (size_t at = 0; at < job->len;) {
		ssize_t n = write(fd, job->line + at, job->len - at);

		if (n < 0)
			return -errno;
		at += (size_t)n;
	}
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return steal_fd(&fd);
}

static int names_a_fact(const struct hook_job *job, const char *variable)
{
	size_t len = strcspn(variable, "=") + 1;
	const char *fact = job->facts;

	for (size_t i = 0; i < job->n; i++, fact += strlen(fact) + 1)
		if (!strncmp(fact, variable, len))
			return 1;
	return 0;
}

/* The caller's environment with the facts; what it points to belongs to others. */
static const char **environment(const struct hook_job *job)
{
	const char *fact = job->facts;
	size_t n = 0, there = 0;
	const char **env;

	while (environ[there])
		there++;
	env = calloc(there + job->n + 1, sizeof(*env));
	if (!env)
		return NULL;
	for (size_t i = 0; i < there; i++)
		if (!names_a_fact(job, environ[i]))
			env[n++] = environ[i];
	for (size_t i = 0; i < job->n; i++, fact += strlen(fact) + 1)
		env[n++] = fact;
	return env;
}

/* In the child: only what is async-signal-safe. A session of its own, so that all of it can be killed. stdout is the
 * watch's data, so what the command says goes where talk goes. */
__attribute__((noreturn)) static void become(const struct hook *h, int in, const char *const *env)
{
	const char *argv[] = { "sh", "-c", h->command, NULL };

	setsid();
	if (dup2(in, STDIN_FILENO) >= 0 && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0) {
		if (h->files)
			setrlimit(RLIMIT_NOFILE, h->files);
		sigprocmask(SIG_SETMASK, h->mask, NULL);
		execve("/bin/sh", (char *const *)argv, (char *const *)env);
	}
	_exit(126);
}

static int start(const struct hook *h, struct hook_job *job)
{
	AUTO_FREE const char **env = environment(job);
	AUTO_CLOSE int in = stdin_of(job);
	pid_t pid;

	if (!env)
		return -ENOMEM;
	if (in < 0)
		return in;
	pid = fork();
	if (!pid)
		become(h, in, env);
	if (pid < 0)
		return -errno;
	job->pid = pid;
	job->until = now_us() + HOOK_SECONDS * 1000000ull;
	return 0;
}

/* ---- the queue ---- */

static struct hook_job *free_place(struct hook *h)
{
	for (size_t i = 0; i < HOOK_AT_ONCE; i++)
		if (!h->running[i].pid)
			return &h->running[i];
	return NULL;
}

static void start_waiting(struct hook *h)
{
	struct hook_job *place;

	while (h->waiting && (place = free_place(h))) {
		int r;

		*place = h->queue[h->first];
		h->queue[h->first] = (struct hook_job){ 0 };
		h->first = (h->first + 1) % HOOK_QUEUE;
		h->waiting--;
		r = start(h, place);
		if (r < 0) {
			msg_warn(h->f, "%s: run the command: %s", place->what, strerror(-r));
			h->dropped++;
			free_job(place);
		}
	}
	if (h->waiting < HOOK_QUEUE / 2)
		h->told_full = 0;
}

static char *copy(const char *s, size_t n)
{
	char *c = malloc(n + 1);

	if (c) {
		memcpy(c, s, n);
		c[n] = '\0';
	}
	return c;
}

void hook_run(struct hook *h, const struct buf *facts, size_t n, const char *line, size_t len, const char *what)
{
	struct hook_job *job = &h->queue[(h->first + h->waiting) % HOOK_QUEUE];

	if (h->waiting == HOOK_QUEUE) {
		if (!h->told_full++)
			msg_warn(h->f, "%s: the command is not run: %d events wait for it already", what, HOOK_QUEUE);
		h->dropped++;
		return;
	}
	/* a command that finds nothing in its environment would do something else */
	if (n && line)
		*job = (struct hook_job){
			.facts = copy(facts->s, facts->len), .n = n, .line = copy(line, len), .len = len, .what = strdup(what),
		};
	if (!job->facts || !job->line || !job->what) {
		msg_warn(h->f, "%s: run the command: out of memory", what);
		h->dropped++;
		free_job(job);
		return;
	}
	h->waiting++;
	start_waiting(h);
}

/* ---- the end of one ---- */

static void tell_end(const struct hook *h, const struct hook_job *job, int status)
{
	if (WIFSIGNALED(status))
		msg_warn(h->f, "%s: the command was killed by signal %d", job->what, WTERMSIG(status));
	else if (WEXITSTATUS(status))
		msg_warn(h->f, "%s: the command exited with %d", job->what, WEXITSTATUS(status));
}

void hook_look(struct hook *h)
{
	uint64_t now = now_us();

	for (size_t i = 0; i < HOOK_AT_ONCE; i++) {
		struct hook_job *job = &h->running[i];
		int status;

		if (!job->pid)
			continue;
		if (waitpid(job->pid, &status, WNOHANG) == job->pid) {
			tell_end(h, job, status);
			free_job(job);
		} else if (now >= job->until) {
			msg_warn(h->f, "%s: the command runs for more than %d seconds and is killed", job->what, HOOK_SECONDS);
			kill(-job->pid, SIGKILL);
			job->until = UINT64_MAX;
		}
	}
	start_waiting(h);
}

int hook_wait(const struct hook *h)
{
	uint64_t first = UINT64_MAX, now;

	for (size_t i = 0; i < HOOK_AT_ONCE; i++)
		if (h->running[i].pid && h->running[i].until < first)
			first = h->running[i].until;
	if (first == UINT64_MAX)
		return -1;
	now = now_us();
	return first <= now ? 0 : (int)((first - now) / 1000 + 1);
}

int hook_busy(const struct hook *h)
{
	for (size_t i = 0; i < HOOK_AT_ONCE; i++)
		if (h->running[i].pid)
			return 1;
	return h->waiting > 0;
}

/* A number may be another's by the time it is killed: a descriptor tells whether it is. */
static int still_runs(struct pollfd *p)
{
	if (p->fd >= 0 && poll(p, 1, 0) == 1)
		p->fd = -1;
	return p->fd >= 0;
}

/* In a process of its own, with nothing open but a descriptor of each command. */
__attribute__((noreturn)) static void keep_time(const struct hook *h, const int *pidfd)
{
	struct pollfd p[HOOK_AT_ONCE];

	setsid();
	sigprocmask(SIG_SETMASK, h->mask, NULL);
	for (int i = 0; i < HOOK_AT_ONCE; i++) {
		close(i);
		p[i] = (struct pollfd){ .fd = pidfd[i] < 0 ? -1 : dup2(pidfd[i], i), .events = POLLIN };
	}
	syscall(SYS_close_range, HOOK_AT_ONCE, ~0u, 0);
	for (;;) {
		uint64_t first = UINT64_MAX, now = now_us();

		for (size_t i = 0; i < HOOK_AT_ONCE; i++) {
			if (!still_runs(&p[i]))
				continue;
			if (now >= h->running[i].until)
				kill(-h->running[i].pid, SIGKILL);
			else if (h->running[i].until < first)
				first = h->running[i].until;
		}
		if (first == UINT64_MAX)
			_exit(0);
		poll(p, HOOK_AT_ONCE, (int)((first - now) / 1000 + 1));
	}
}

/* Nobody waits for those that run from now on, but their time stays. 0 or a negative errno. */
static int leave_alone(const struct hook *h)
{
	int pidfd[HOOK_AT_ONCE], r = 0;
	pid_t pid;

	for (size_t i = 0; i < HOOK_AT_ONCE; i++) {
		AUTO_CLOSE int fd = h->running[i].pid ? (int)syscall(SYS_pidfd_open, h->running[i].pid, 0) : -1;

		if (h->running[i].pid && fd < 0)
			r = -errno;
		/* out of the way of the numbers that they get */
		pidfd[i] = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, HOOK_AT_ONCE);
	}
	pid = fork();
	if (!pid)
		keep_time(h, pidfd);
	if (pid < 0)
		r = -errno;
	for (size_t i = 0; i < HOOK_AT_ONCE; i++)
		if (pidfd[i] >= 0)
			close(pidfd[i]);
	return r;
}

static void leave_running(const struct hook *h)
{
	size_t running = 0;
	int r;

	for (size_t i = 0; i < HOOK_AT_ONCE; i++)
		running += h->running[i].pid != 0;
	if (!running)
		return;
	r = leave_alone(h);
	msg_warn(h->f, "%zu command%s still run%s%s", running, running == 1 ? "" : "s", running == 1 ? "s" : "",
		 r < 0 ? ", and may do so for ever" : "");
}

void hook_close(struct hook *h)
{
	leave_running(h);
	for (size_t i = 0; i < HOOK_AT_ONCE; i++)
		free_job(&h->running[i]);
	h->dropped += h->waiting;
	for (; h->waiting; h->waiting--) {
		free_job(&h->queue[h->first]);
		h->first = (h->first + 1) % HOOK_QUEUE;
	}
	if (h->dropped)
		msg_warn(h->f, "the command was not run for %llu event%s", (unsigned long long)h->dropped,
			 h->dropped == 1 ? "" : "s");
}
