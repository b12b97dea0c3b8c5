/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who was killed and where, from single lines of the kernel's out-of-memory report. */
#include "oom_line.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct piece {
	const char *s;
	size_t len;
};

int oom_starts(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

static const char *find(const char *s, const char *end, const char *needle)
{
	return memmem(s, (size_t)(end - s), needle, strlen(needle));
}

/* Cut ",KEY=NUMBER" off the end of s; *end moves. */
static int cut_number(const char *s, const char **end, const char *key, uint64_t *ret)
{
	const char *at = NULL, *p = s;

	while ((p = find(p, *end, key)))
		at = p++;
	if (!at)
		return -EBADMSG;
	p = at + strlen(key);
	if (num_scan(&p, ret) || p != *end)
		return -EBADMSG;
	*end = at;
	return 0;
}

/* Cut a text off the end of s. */
static int cut_text(const char *s, const char **end, const char *text)
{
	size_t n = strlen(text);

	if ((size_t)(*end - s) < n || memcmp(*end - n, text, n))
		return -EBADMSG;
	*end -= n;
	return 0;
}

static void copy(char *to, size_t size, struct piece from)
{
	size_t n = from.len < size ? from.len : size - 1;

	memcpy(to, from.s, n);
	to[n] = '\0';
}

/* A group below another or the same. */
static int is_within(struct piece task, struct piece limit)
{
	if (!limit.len || *limit.s != '/' || task.len < limit.len || memcmp(task.s, limit.s, limit.len))
		return 0;
	return limit.len == 1 || task.len == limit.len || task.s[limit.len] == '/';
}

/*
 * "LIMIT<mark>TASK", or the other way round: the place where TASK lies within LIMIT. Names can be made so that
 * there is more than one; then none is told rather than the forged one.
 */
static void split_groups(struct piece text, const char *mark, int limit_first, struct oom_where *w)
{
	const char *end = text.s + text.len;
	struct piece limit = { 0 }, task = { 0 };

	for (const char *p = text.s; (p = find(p, end, mark)); p++) {
		struct piece before = { text.s, (size_t)(p - text.s) };
		struct piece behind = { p + strlen(mark), (size_t)(end - p) - strlen(mark) };

		if (!is_within(limit_first ? behind : before, limit_first ? before : behind))
			continue;
		if (limit.s)
			return;
		limit = limit_first ? before : behind;
		task = limit_first ? behind : before;
	}
	if (!limit.s)
		return;
	copy(w->limit, sizeof(w->limit), limit);
	copy(w->victim, sizeof(w->victim), task);
}

/*
 * "oom-kill:constraint=C,nodemask=N,cpuset=NAME,mems_allowed=M,oom_memcg=L,task_memcg=T,task=COMM,pid=N,uid=N" (or
 * global_oom for oom_memcg=L). NAME may hold anything but a slash. Whether it was a group is told by these words alone:
 * some kernels say CONSTRAINT_NONE of a group as well.
 */
void oom_use_summary(const char *s, const struct oom_killed *k, struct oom_where *w)
{
	static const char group[] = ",oom_memcg=/", global[] = ",global_oom,task_memcg=/";
	const char *end = s + strlen(s), *at_group, *at_global;
	char tail[sizeof(",task=") + sizeof(k->comm)];
	uint64_t uid, pid;

	snprintf(tail, sizeof(tail), ",task=%s", k->comm);
	if (cut_number(s, &end, ",uid=", &uid) || cut_number(s, &end, ",pid=", &pid) || pid != (uint64_t)k->pid ||
	    cut_text(s, &end, tail))
		return;
	w->uid = (uid_t)uid;
	/* It names this victim, so nothing of an older form of words is of the same report. */
	w->limit[0] = w->victim[0] = '\0';
	at_group = find(s, end, group);
	at_global = find(s, end, global);
	if (at_group && (!at_global || at_group < at_global)) {
		at_group += sizeof(group) - 2;
		w->memcg = 1;
		split_groups((struct piece){ at_group, (size_t)(end - at_group) }, ",task_memcg=", 1, w);
	} else if (at_global) {
		at_global += sizeof(global) - 2;
		w->memcg = 0;
		copy(w->victim, sizeof(w->victim), (struct piece){ at_global, (size_t)(end - at_global) });
	}
}

void oom_use_old(const char *s, struct oom_where *w)
{
	if (!*s)
		return;
	w->memcg = 1;
	split_groups((struct piece){ s, strlen(s) }, " killed as a result of limit of ", 0, w);
}

/* The number behind a key. */
int oom_number(const char *s, const char *key, uint64_t *ret)
{
	const char *p = strstr(s, key);

	if (!p)
		return -ENOKEY;
	p += strlen(key);
	return num_scan(&p, ret);
}

static uint64_t kilobytes(const char *s, const char *key)
{
	uint64_t n;

	return oom_number(s, key, &n) || n > UINT64_MAX / 1024 ? 0 : n * 1024;
}

/* Behind the comm stand numbers only. */
static void parse_figures(const char *s, struct oom_killed *k)
{
	static const char adj[] = "oom_score_adj:";
	const char *p = strstr(s, adj);
	uint64_t uid, n;
	int minus;

	k->total_vm = kilobytes(s, "total-vm:");
	k->anon_rss = kilobytes(s, "anon-rss:");
	k->file_rss = kilobytes(s, "file-rss:");
	k->shmem_rss = kilobytes(s, "shmem-rss:");
	if (!oom_number(s, "UID:", &uid) || !oom_number(s, "), UID ", &uid))
		k->uid = (uid_t)uid;
	if (!p)
		return;
	p += sizeof(adj) - 1;
	minus = *p == '-';
	p += minus;
	if (!num_scan(&p, &n) && n <= 1000)
		k->oom_score_adj = minus ? -(int)n : (int)n;
}

/* From the left: group names stand in other records, and one that begins so is the kernel's. */
static const struct oom_opening openings[] = {
	{ "Memory cgroup out of memory: Killed process ", 1, 1 },
	{ "Out of memory: Killed process ", 0, 1 },
	{ "Out of memory (oom_kill_allocating_task): Killed process ", 0, 1 },
	{ "Killed process ", -1, 1 },
	{ "Memory cgroup out of memory: Kill process ", 1, 0 },
	{ "Out of memory: Kill process ", 0, 0 },
	{ "Out of memory (oom_kill_allocating_task): Kill process ", 0, 0 },
};

const struct oom_opening *oom_opening_of(const char *s)
{
	for (size_t i = 0; i < COUNT_OF(openings); i++)
		if (oom_starts(s, openings[i].text))
			return &openings[i];
	return NULL;
}

/*
 * "N (COMM) total-vm:..kB, anon-rss:..kB, ..."; the last ')' ends the comm. RHEL 7: "N (COMM), UID N, total-vm:",
 * RHEL 6: "N, UID N, (COMM) total-vm:".
 */
int oom_parse_killed(const char *s, struct oom_killed *ret)
{
	struct oom_killed k = { .uid = (uid_t)-1 };
	const char *close = strrchr(s, ')');
	uint64_t pid, uid;

	if (num_scan(&s, &pid) || !pid || pid > INT32_MAX || !close)
		return 0;
	if (oom_starts(s, ", UID ")) {
		s += strlen(", UID ");
		if (num_scan(&s, &uid) || *s++ != ',')
			return 0;
		k.uid = (uid_t)uid;
	}
	if (!oom_starts(s, " (") || close < s + 2 ||
	    (!oom_starts(close, ") total-vm:") && !oom_starts(close, "), UID ")))
		return 0;
	k.pid = (pid_t)pid;
	copy(k.comm, sizeof(k.comm), (struct piece){ s + 2, (size_t)(close - s - 2) });
	parse_figures(close, &k);
	*ret = k;
	return 1;
}
