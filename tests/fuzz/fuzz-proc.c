/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz: mountinfo, /proc/PID/cgroup, /proc/cgroups, /proc/PID/stat; what is given lies in the text. */
#include "fuzz.h"

struct text {
	char *s;
	size_t size;
};

static void within(const struct text *t, const char *s)
{
	if (s < t->s || s + strlen(s) > t->s + t->size)
		abort();
}

static void mounts(const struct text *t)
{
	char *s = t->s;
	struct proc_mount m;

	while (proc_mount_next(&s, &m) > 0) {
		if (m.id < 0 || m.parent < 0 || *m.root != '/' || *m.point != '/' || !*m.type)
			abort();
		within(t, m.root);
		within(t, m.point);
		within(t, m.options);
		within(t, m.type);
		within(t, m.super_options);
	}
}

static void groups(const struct text *t)
{
	char *s = t->s;
	struct proc_cgroup_line l;

	while (proc_cgroup_next(&s, &l) > 0) {
		if (l.id < 0 || *l.path != '/' || strchr(l.controllers, ':') || strchr(l.path, '\n'))
			abort();
		within(t, l.controllers);
		within(t, l.path);
	}
}

static void subsystems(const struct text *t)
{
	char *s = t->s;
	struct proc_subsys u;

	while (proc_subsys_next(&s, &u) > 0) {
		if (!*u.name || *u.name == '#' || u.hierarchy < 0 || u.groups < 0)
			abort();
		within(t, u.name);
	}
}

/* The parsers change the text, so each gets one of its own. */
static void run(void (*parse)(const struct text *t), const uint8_t *data, size_t size)
{
	AUTO_FREE char *s = fuzz_text(data, size);

	parse(&(struct text){ s, size });
}

static void process(const struct text *t)
{
	struct cgx_process p = { 0 };

	if (!proc_stat(t->s, &p) && (p.ppid < 0 || !p.state || strlen(p.comm) >= sizeof(p.comm)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	run(mounts, data, size);
	run(groups, data, size);
	run(subsystems, data, size);
	run(process, data, size);
	return 0;
}
