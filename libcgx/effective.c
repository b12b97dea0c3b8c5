/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which ancestor's limit binds a group. */
#include "private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The figure that a limit holds down: memory.max -> memory.current, pids.max -> pids.current. */
static int usage_name(const char *limit, char *ret, size_t size)
{
	const char *dot = strrchr(limit, '.');

	if (!dot || (size_t)snprintf(ret, size, "%.*s.current", (int)(dot - limit), limit) >= size)
		return -EINVAL;
	return 0;
}

/* The place whose ancestors count: the hierarchy of the setting's controller. */
static struct group_place *place_of(struct cgx_group *g, const struct cgx_setting *row)
{
	struct cgx_hierarchy *h = layout_find(g->cgx, cgx_setting_controller(row));

	return h ? group_place(g, h) : NULL;
}

/* Read one level; a level without the file (the root of v2) sets no limit. */
static int read_level(struct cgx *cgx, const struct group_place *pl, const char *path, const char *name,
		      uint64_t *ret)
{
	struct group_place one = { .h = pl->h, .path = (char *)path, .fd = -1, .procs = -1 };
	struct cgx_group g = { .cgx = cgx, .path = (char *)(*path ? path : "/"), .place = &one, .n = 1 };
	int r = cgx_get_u64(&g, name, ret);

	if (one.fd >= 0)
		close(one.fd);
	return r;
}

static int limit_row(struct cgx_group *g, const char *name, struct setting_ref *ref)
{
	if (setting_lookup(name, ref) || !(ref->row->flags & CGX_S_LIMIT)) {
		fail(g->cgx, -EINVAL, name, "find the limit that binds", "this setting is no limit");
		advise(g->cgx, "cgx-ls --settings marks the limits");
		return -EINVAL;
	}
	return 0;
}

CGX_API int cgx_effective(struct cgx_group *g, const char *name, struct cgx_effective *ret)
{
	struct cgx_effective e = { .limit = UINT64_MAX, .usage = UINT64_MAX, .left = UINT64_MAX, .path = "/" };
	struct setting_ref ref;
	struct group_place *pl;
	char usage[128], path[CGX_PATH_MAX], v2[128];
	uint64_t value;
	int r = limit_row(g, name, &ref);

	if (r)
		return r;
	group_settle(g);
	pl = place_of(g, ref.row);
	if (!pl)
		return cgx_get_u64(g, name, &value); /* says why it cannot be read */
	r = setting_expand(cgx_setting_name(ref.row), ref.star, v2, sizeof(v2));
	if (!r)
		r = usage_name(v2, usage, sizeof(usage));
	if (!r)
		r = read_level(g->cgx, pl, pl->path, name, &value);
	if (r)
		return r;
	snprintf(path, sizeof(path), "%s", pl->path);
	for (;;) {
		if (!r && value < e.limit) {
			e.limit = value;
			snprintf(e.path, sizeof(e.path), "%s", *path ? path : "/");
			if (read_level(g->cgx, pl, path, usage, &e.usage))
				e.usage = UINT64_MAX;
		}
		if (!*path)
			break;
		*(strrchr(path, '/') ? strrchr(path, '/') : path) = '\0';
		r = read_level(g->cgx, pl, path, name, &value);
	}
	if (e.limit != UINT64_MAX && e.usage != UINT64_MAX)
		e.left = e.usage < e.limit ? e.limit - e.usage : 0;
	clear_error(g->cgx);
	*ret = e;
	return 0;
}
