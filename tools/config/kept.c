/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which settings are a group's own. */
#include "kept.h"

#include <string.h>

#include "cgx.h"

int kept_setting(const char *name)
{
	static const char *const left_out[] = { "tasks", "release_agent", "notify_on_release", "memory.use_hierarchy",
						"cpu.weight.nice", "freezer.self_freezing" };
	const struct cgx_setting *row = cgx_setting_find(name);
	unsigned flags = row ? cgx_setting_flags(row) : 0;

	for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
		if (!strcmp(name, left_out[i]))
			return 0;
	return row && flags & CGX_S_WRITE && flags & CGX_S_READ && !(flags & (CGX_S_ACTION | CGX_S_COUNTER)) &&
	       strncmp(name, "cgroup.", 7) && strncmp(name, "memory.kmem.", 12) && !strstr(name, "max_usage") &&
	       !strstr(name, "failcnt");
}
