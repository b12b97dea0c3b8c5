/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz: mountinfo, /proc/PID/cgroup, /proc/cgroups, /proc/PID/stat. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *a = fuzz_text(data, size), *b = fuzz_text(data, size), *c = fuzz_text(data, size);
	struct proc_cgroup_line l;
	struct cgx_process p = { 0 };
	struct proc_mount m;
	struct proc_subsys u;
	char *s;

	proc_stat(a, &p);
	for (s = a; proc_mount_next(&s, &m) > 0;)
		if (*m.root != '/' || *m.point != '/' || !m.super_options)
			abort();
	for (s = b; proc_cgroup_next(&s, &l) > 0;)
		if (*l.path != '/')
			abort();
	for (s = c; proc_subsys_next(&s, &u) > 0;)
		if (!*u.name)
			abort();
	return 0;
}
