/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * victims [-l] [SECONDS] - say "ready", then print a line for each process that the kernel kills for memory, anywhere
 * on the machine: PID COMM UID ANON-BYTES OOM_SCORE_ADJ GROUP, where the group is that of the memory controller; what is
 * not known is "-". With -l the line begins with the microseconds from the kill until it was known, a slash, and those
 * until its group was known, too. Ends when the time is over (60) or by SIGTERM; "unsupported: WHY" and 77 where it
 * cannot be done.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "libcgx/private.h"

static int tell(struct cgx *cgx, struct trace *t, struct victim *v, int latency)
{
	AUTO_FREE char *group = NULL;
	struct cgx_hierarchy *h = layout_find(cgx, CGX_C_MEMORY);
	uint64_t known = now_us();

	if (trace_locate(t, v))
		return -1;
	if (latency)
		printf("%llu/%llu ", (unsigned long long)(known - v->time_us), (unsigned long long)(now_us() - v->time_us));
	printf("%d %s ", (int)v->pid, v->known & VICTIM_COMM ? v->comm : "-");
	if (v->known & VICTIM_UID)
		printf("%u ", (unsigned)v->uid);
	else
		printf("- ");
	if (v->known & VICTIM_MEMORY)
		printf("%llu ", (unsigned long long)v->anon_rss);
	else
		printf("- ");
	if (v->known & VICTIM_ADJ)
		printf("%d ", v->oom_score_adj);
	else
		printf("- ");
	if (h && v->known & VICTIM_GROUPS && !layout_path_in(cgx, h, v->groups, &group))
		printf("/%s%s\n", group, v->known & VICTIM_EXITED ? " exited" : "");
	else
		printf("-\n");
	fflush(stdout);
	return 0;
}

static int follow(struct cgx *cgx, struct trace *t, uint64_t end, int latency)
{
	struct pollfd p = { .fd = trace_fd(t), .events = POLLIN };
	uint64_t now, lost = 0;
	struct victim v;
	int r;

	while ((now = now_us()) < end) {
		poll(&p, 1, (int)((end - now) / 1000) + 1);
		while ((r = trace_next(t, &v)) > 0)
			if (tell(cgx, t, &v, latency))
				return 2;
		if (r < 0)
			return 2;
		if (trace_lost(t) != lost)
			printf("lost %llu\n", (unsigned long long)(lost = trace_lost(t)));
	}
	return 0;
}

int main(int argc, char **argv)
{
	int latency = argc > 1 && !strcmp(argv[1], "-l");
	struct trace *t;
	struct cgx *cgx;
	int status;

	argv += latency;
	argc -= latency;
	if (argc > 2 || cgx_open(NULL, &cgx)) {
		fprintf(stderr, "usage: victims [-l] [SECONDS]\n");
		return 2;
	}
	if (trace_open(cgx, &t)) {
		printf("unsupported: %s; %s\n", cgx_error(cgx), cgx_remedy(cgx));
		cgx_close(cgx);
		return 77;
	}
	puts("ready");
	fflush(stdout);
	status = follow(cgx, t, now_us() + (argc > 1 ? strtoull(argv[1], NULL, 10) : 60) * 1000000, latency);
	trace_close(t);
	cgx_close(cgx);
	return status;
}
