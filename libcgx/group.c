/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A group: where it lies in each hierarchy. */
#include "private.h"

#include <errno.h>
#include <string.h>

/* ---- names ---- */

static int bad_path(struct cgx *cgx, const char *path, const char *cause)
{
	AUTO_FREE char *label = strndup(path, 512);

	return label ? fail(cgx, -EINVAL, label, "name a group", "%s", cause) : -ENOMEM;
}

int group_check_path(struct cgx *cgx, const char *path, char **ret)
{
	AUTO_BUF struct buf b = { 0 };

	if (strlen(path) >= CGX_PATH_MAX)
		return bad_path(cgx, path, "the path is longer than 4095 bytes");
	if (!*path) {
		bad_path(cgx, path, "the name is empty");
		advise(cgx, "the root group is /");
		return -EINVAL;
	}
	if (strchr(path, '\n'))
		return bad_path(cgx, path, "the kernel takes no newline in a group's name");
	for (const char *p = path; *p;) {
		size_t len = strcspn(p, "/");

		if (len == 2 && !memcmp(p, "..", 2))
			return bad_path(cgx, path, "\"..\" is not allowed in a path");
		if (len > 255)
			return bad_path(cgx, path, "a part of the path is longer than 255 bytes");
		if (len && !(len == 1 && *p == '.')) {
			if (b.len)
				buf_putc(&b, '/');
			buf_add(&b, p, len);
		}
		p += len + (p[len] == '/');
	}
	return buf_steal(&b, ret);
}

static int is_relative(const char *path)
{
	return path[0] == '.' && (!path[1] || path[1] == '/');
}

CGX_API const char *cgx_group_path(const struct cgx_group *g)
{
	return g->path;
}

/* ---- places ---- */

struct group_place *group_place(struct cgx_group *g, const struct cgx_hierarchy *h)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->place[i].h == h)
			return &g->place[i];
	return NULL;
}

int place_open(struct cgx *cgx, struct group_place *pl)
{
	int fd;

	if (pl->fd >= 0)
		return pl->fd;
	fd = hier_fd(cgx, pl->h);
	if (fd >= 0)
		fd = fs_dir(fd, pl->path);
	return fd < 0 ? fd : (pl->fd = fd);
}

int place_fd(struct cgx_group *g, struct group_place *pl)
{
	int fd = place_open(g->cgx, pl);

	if (fd >= 0)
		return fd;
	fail(g->cgx, fd, g->path, "open the group", fd == -ENOENT ? "there is no such group in %s" : "%s (%s)",
	     fd == -ENOENT ? pl->h->mounts[0] : strerror(-fd), pl->h->mounts[0]);
	if (fd == -ENOENT)
		advise(g->cgx, "make it with cgx-create %s, or look for its name with cgx-ls", shell_word(g->cgx, g->path));
	return fd;
}

/* Where a group of this path would lie in h. */
static int place_path(struct cgx *cgx, struct cgx_hierarchy *h, const char *path, int relative, char **ret)
{
	struct buf b = { 0 };
	const char *own = "";
	int r = relative ? layout_own(cgx, h, &own) : 0;

	if (r)
		return r;
	buf_printf(&b, "%s%s%s", own, *own && *path ? "/" : "", path);
	return buf_steal(&b, ret);
}

static int add_place(struct cgx_group *g, struct cgx_hierarchy *h, char *path)
{
	struct group_place *more = reallocarray(g->place, g->n + 1, sizeof(*more));

	if (!more) {
		free(path);
		return -ENOMEM;
	}
	g->place = more;
	more[g->n++] = (struct group_place){ .h = h, .path = path, .fd = -1, .procs = -1 };
	return 0;
}

/* wanted 0: in every hierarchy. */
static int add_places(struct cgx_group *g, const char *path, int relative, cgx_set wanted)
{
	struct cgx *cgx = g->cgx;

	for (size_t i = 0; i < cgx->n_hier; i++) {
		char *where;
		int r;

		if (wanted && !layout_carries(cgx, &cgx->hier[i], wanted))
			continue;
		r = place_path(cgx, &cgx->hier[i], path, relative, &where);
		if (!r)
			r = add_place(g, &cgx->hier[i], where);
		if (r)
			return r;
	}
	return 0;
}

static void drop_place(struct cgx_group *g, size_t i)
{
	free(g->place[i].path);
	if (g->place[i].fd >= 0)
		close(g->place[i].fd);
	if (g->place[i].procs >= 0)
		close(g->place[i].procs);
	memmove(&g->place[i], &g->place[i + 1], (--g->n - i) * sizeof(*g->place));
}

/* Leave the places where the group is; when there is none, those of the usual controllers. */
void group_settle(struct cgx_group *g)
{
	size_t found = 0;

	if (!g->unsettled)
		return;
	g->unsettled = 0;
	for (size_t i = 0; i < g->n; i++)
		found += place_open(g->cgx, &g->place[i]) >= 0;
	for (size_t i = g->n; i-- > 0;)
		if (found ? g->place[i].fd < 0 : !layout_carries(g->cgx, g->place[i].h, CGX_C_USUAL))
			drop_place(g, i);
	if (!found)
		g->wanted = CGX_C_USUAL;
}

/* "All" and "the usual" mean as far as the host has them; a controller asked for by name must be there. */
static int all_mounted(struct cgx *cgx, const char *path, cgx_set wanted)
{
	if (wanted == CGX_C_ALL)
		return 0;
	if ((wanted & CGX_C_USUAL) == CGX_C_USUAL)
		wanted &= ~CGX_C_USUAL;
	for (cgx_set bit = 1; bit; bit <<= 1)
		if (wanted & bit && !layout_find(cgx, bit)) {
			fail(cgx, -ENODEV, path, "use the controller", "%s is mounted nowhere on this host",
			     layout_bit_name(cgx, bit));
			advise(cgx, "cgx-ls --controllers shows what this host has");
			return -ENODEV;
		}
	return 0;
}

static int new_group(struct cgx *cgx, const char *path, cgx_set wanted, struct cgx_group **ret)
{
	struct cgx_group *g;

	if (!cgx->n_hier) {
		fail(cgx, -ENOTSUP, NULL, NULL, "no cgroup file system is mounted here");
		advise(cgx, "mount one: mount -t cgroup2 none /sys/fs/cgroup");
		return -ENOTSUP;
	}
	g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	g->path = path ? strdup(path) : NULL;
	if (!g->path) {
		free(g);
		return -ENOMEM;
	}
	g->cgx = cgx;
	g->wanted = wanted;
	*ret = g;
	return 0;
}

static int close_on_error(struct cgx_group *g, int r, struct cgx_group **ret)
{
	if (r)
		cgx_group_close(g);
	else
		*ret = g;
	return r;
}

CGX_API int cgx_group_open(struct cgx *cgx, const char *path, cgx_set controllers, struct cgx_group **ret)
{
	AUTO_FREE char *clean = NULL;
	struct cgx_group *g;
	int r;

	r = group_check_path(cgx, path, &clean);
	if (!r)
		r = new_group(cgx, is_relative(path) ? path : *clean ? clean : "/", controllers, &g);
	if (r)
		return r;
	r = all_mounted(cgx, g->path, controllers);
	if (!r)
		r = add_places(g, clean, is_relative(path), controllers);
	g->unsettled = !controllers;
	return close_on_error(g, r, ret);
}

/* The directory that takes the caller's temporary groups in h. */
static int temporary_parent(struct cgx *cgx, struct cgx_hierarchy *h, char **ret)
{
	const char *own, *slash;
	int root = hier_fd(cgx, h), r = root < 0 ? root : layout_own(cgx, h, &own);

	if (r)
		return r;
	slash = strrchr(own, '/');
	if (h->version == 2 && *own)
		*ret = strndup(own, slash ? (size_t)(slash - own) : 0);
	else
		*ret = strdup(own);
	return *ret ? 0 : -ENOMEM;
}

CGX_API int cgx_group_open_temporary(struct cgx *cgx, const char *name, cgx_set controllers, struct cgx_group **ret)
{
	AUTO_FREE char *clean = NULL;
	struct cgx_group *g;
	int r = group_check_path(cgx, name, &clean);

	if (!r)
		r = new_group(cgx, clean, controllers, &g);
	if (r)
		return r;
	r = all_mounted(cgx, g->path, controllers);
	for (size_t i = 0; !r && i < cgx->n_hier; i++) {
		AUTO_FREE char *parent = NULL;
		struct buf path = { 0 };
		char *text;

		if (!layout_carries(cgx, &cgx->hier[i], controllers))
			continue;
		r = temporary_parent(cgx, &cgx->hier[i], &parent);
		if (r)
			break;
		buf_printf(&path, "%s%s%s", parent, *parent ? "/" : "", clean);
		r = buf_steal(&path, &text);
		if (!r)
			r = add_place(g, &cgx->hier[i], text);
	}
	return close_on_error(g, r, ret);
}

CGX_API struct cgx_group *cgx_group_close(struct cgx_group *g)
{
	if (!g)
		return NULL;
	while (g->n)
		drop_place(g, g->n - 1);
	free(g->place);
	free(g->path);
	free(g);
	return NULL;
}

CGX_API int cgx_group_of_pid(struct cgx *cgx, pid_t pid, cgx_set controllers, struct cgx_group **ret)
{
	AUTO_BUF struct buf text = { 0 };
	struct cgx_group *g;
	int r = layout_read_pid(cgx, pid, &text);

	if (!r)
		r = new_group(cgx, "", controllers, &g);
	if (r)
		return r;
	for (size_t i = 0; !r && i < cgx->n_hier; i++) {
		char *path;

		if (!layout_carries(cgx, &cgx->hier[i], controllers ? controllers : CGX_C_ALL) ||
		    layout_path_in(cgx, &cgx->hier[i], text.s, &path))
			continue;
		r = add_place(g, &cgx->hier[i], path);
	}
	if (!r) {
		free(g->path);
		g->path = strdup(g->n && *g->place[g->n - 1].path ? g->place[g->n - 1].path : "/");
		r = g->path ? 0 : -ENOMEM;
	}
	return close_on_error(g, r, ret);
}

/* ---- what it is now ---- */

CGX_API const char *cgx_group_path_in(const struct cgx_group *g, const struct cgx_hierarchy *h)
{
	struct group_place *pl;

	group_settle((struct cgx_group *)g);
	pl = group_place((struct cgx_group *)g, h);
	return pl ? pl->path : NULL;
}

CGX_API cgx_set cgx_group_exists(struct cgx_group *g)
{
	cgx_set set = 0;

	group_settle(g);
	for (size_t i = 0; i < g->n; i++) {
		int root = hier_fd(g->cgx, g->place[i].h);

		if (root >= 0 && fs_exists(root, g->place[i].path) == 1)
			set |= g->place[i].h->controllers;
	}
	return set;
}

CGX_API int cgx_group_owner(struct cgx_group *g, const struct cgx_hierarchy *h, const char *file, struct cgx_owner *ret)
{
	struct group_place *pl = group_place(g, h);
	AUTO_BUF struct buf object = { 0 };
	int fd, r;

	if (!pl)
		return fail(g->cgx, -ENOENT, g->path, "ask for its owner", "it is no group of %s", h->mounts[0]);
	fd = place_fd(g, pl);
	if (fd < 0)
		return fd;
	r = file && strchr(file, '/') ? -EINVAL : fs_stat_name(fd, file ? file : "", &ret->uid, &ret->gid, &ret->mode);
	if (!r)
		return 0;
	buf_printf(&object, "%s%s%s", g->path, file ? "/" : "", file ? file : "");
	return fail(g->cgx, r, buf_text(&object), "ask for its owner", NULL);
}

CGX_API int cgx_group_populated(struct cgx_group *g)
{
	int found = 0;

	group_settle(g);
	for (size_t i = 0; i < g->n; i++) {
		int fd = place_fd(g, &g->place[i]);
		int r = fd < 0 ? fd : g->place[i].h->ops->populated(fd);

		if (r == -ENODEV || r == -ENOENT)
			continue;
		if (r < 0)
			return fail(g->cgx, r, g->path, "look for processes", NULL);
		if (r)
			return 1;
		found = 1;
	}
	return found ? 0 : fail(g->cgx, -ENOENT, g->path, "look for processes", "there is no such group");
}
