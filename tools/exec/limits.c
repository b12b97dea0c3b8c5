/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits in a user's words. */
#include "exec/limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "util/cleanup.h"

/* "8:0 rbps=1M" as it is; "/dev/sda rbps=1M" by the device's number. */
static int io_value(const char *text, struct buf *b, struct buf *why)
{
	AUTO_FREE char *file = NULL;
	struct stat st;

	if (*text != '/') {
		buf_puts(b, text);
		return b->err;
	}
	file = strndup(text, strcspn(text, " "));
	if (!file)
		return -ENOMEM;
	if (stat(file, &st) < 0 || !S_ISBLK(st.st_mode)) {
		buf_puts(why, "not a block device");
		return -EINVAL;
	}
	buf_printf(b, "%u:%u%s", major(st.st_rdev), minor(st.st_rdev), text + strlen(file));
	return b->err;
}

/* "2MB=64M": the size of a page is part of the setting's name. */
static int hugetlb_value(const char *text, struct buf *b, struct buf *why)
{
	const char *eq = strchr(text, '=');

	if (!eq || eq == text || !eq[1]) {
		buf_puts(why, "not PAGE=SIZE, 2MB=64M");
		return -EINVAL;
	}
	buf_printf(b, "hugetlb.%.*s.max=%s", (int)(eq - text), text, eq + 1);
	return b->err;
}

/* "2" is two CPUs, as it is elsewhere: as a quota it would be less than the kernel takes. */
static int cpu_value(const char *text, struct buf *b)
{
	size_t digits = strspn(text, "0123456789");

	buf_printf(b, "%s%s", text, digits && digits < 4 && !text[digits] ? ".0" : "");
	return b->err;
}

int limits_text(const char *setting, const char *text, struct buf *ret, struct buf *why)
{
	if (!strcmp(setting, "hugetlb"))
		return hugetlb_value(text, ret, why);
	buf_puts(ret, setting);
	buf_puts(ret, "=");
	if (!strcmp(setting, "cpu.max"))
		return cpu_value(text, ret);
	if (!strcmp(setting, "io.max"))
		return io_value(text, ret, why);
	buf_puts(ret, text);
	return ret->err;
}

cgx_set limits_controllers(const char *const *v, size_t n)
{
	cgx_set set = 0;

	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *name = strndup(v[i], strcspn(v[i], "="));
		const struct cgx_setting *row = name ? cgx_setting_find(name) : NULL;

		if (row)
			set |= cgx_setting_controller(row);
	}
	return set;
}

int limits_plan(struct cgx_plan *p, struct cgx_group *g, const char *const *v, size_t n)
{
	int r = 0;

	for (size_t i = 0; !r && i < n; i++) {
		const char *eq = strchr(v[i], '=');
		AUTO_FREE char *name = strndup(v[i], (size_t)(eq - v[i]));

		r = name ? cgx_plan_set(p, g, name, eq + 1) : -ENOMEM;
	}
	return r;
}
