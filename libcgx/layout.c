/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which hierarchies a machine has, and which controller sits on which. */
#include "private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- controllers and their bits ---- */

static int same(const char *name, const char *s, size_t len)
{
	return name && strlen(name) == len && !memcmp(name, s, len);
}

cgx_set layout_bit(const struct cgx *cgx, const char *name, size_t len)
{
	for (size_t i = 0; setting_tables[i]; i++)
		if (same(setting_tables[i]->name, name, len) || same(setting_tables[i]->v1_name, name, len))
			return setting_tables[i]->bit;
	for (size_t i = 0; i < cgx->n_other; i++)
		if (same(cgx->other[i], name, len))
			return CGX_C_OTHER << (i + 1);
	return 0;
}

const char *layout_bit_name(const struct cgx *cgx, cgx_set bit)
{
	const struct setting_table *t = setting_table_of(bit);

	if (t)
		return t->name;
	for (size_t i = 0; i < cgx->n_other; i++)
		if (bit == CGX_C_OTHER << (i + 1))
			return cgx->other[i];
	return "?";
}

/* The bit of a name that may be new. 0 when all bits are taken. */
static int make_bit(struct cgx *cgx, const char *name, size_t len, cgx_set *ret)
{
	char **more;

	*ret = layout_bit(cgx, name, len);
	if (*ret || !len || cgx->n_other >= 48)
		return 0;
	more = reallocarray(cgx->other, cgx->n_other + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	cgx->other = more;
	more[cgx->n_other] = strndup(name, len);
	if (!more[cgx->n_other])
		return -ENOMEM;
	*ret = CGX_C_OTHER << ++cgx->n_other;
	return 0;
}

/* ---- hierarchies ---- */

static void hierarchy_free(struct cgx_hierarchy *h)
{
	for (size_t i = 0; i < h->n_mounts; i++)
		free(h->mounts[i]);
	free(h->mounts);
	free(h->name);
	free(h->root);
	free(h->own);
	if (h->fd >= 0)
		close(h->fd);
}

void layout_free(struct cgx *cgx)
{
	for (size_t i = 0; i < cgx->n_hier; i++)
		hierarchy_free(&cgx->hier[i]);
	for (size_t i = 0; i < cgx->n_other; i++)
		free(cgx->other[i]);
	free(cgx->hier);
	free(cgx->other);
	free(cgx->ctl);
}

/* Options of a v1 mount that name no controller (v1 cgroups.rst 2.1). */
static int is_plain_option(const char *s, size_t len)
{
	static const char list[] = "rw,ro,xattr,clone_children,noprefix,cpuset_v2_mode,favordynmods,"
				   "nofavordynmods,seclabel,none,all,cpuset_noprefix";
	char word[32];

	if (len >= sizeof(word) || (len > 14 && !memcmp(s, "release_agent=", 14)))
		return 1;
	memcpy(word, s, len);
	word[len] = '\0';
	return text_list_has(list, ',', word);
}

/* The controllers of a v1 mount's super options, and their names as the kernel lists them. */
static int v1_controllers(struct cgx *cgx, const char *options, struct buf *name, cgx_set *ret)
{
	for (const char *p = options; *p;) {
		size_t len = strcspn(p, ",");
		cgx_set bit;

		if (len && !is_plain_option(p, len)) {
			int r = make_bit(cgx, p, len, &bit);

			if (r)
				return r;
			if (name->len)
				buf_putc(name, ',');
			buf_add(name, p, len);
			*ret |= bit;
		}
		p += len + (p[len] == ',');
	}
	return name->err;
}

static unsigned mount_flags(const struct proc_mount *m)
{
	unsigned flags = 0;

	if (text_list_has(m->options, ',', "ro") || text_list_has(m->super_options, ',', "ro"))
		flags |= HIER_READ_ONLY;
	if (text_list_has(m->super_options, ',', "nsdelegate"))
		flags |= HIER_NSDELEGATE;
	if (text_list_has(m->super_options, ',', "memory_localevents"))
		flags |= HIER_LOCALEVENTS;
	if (text_list_has(m->super_options, ',', "pids_localevents"))
		flags |= HIER_PIDS_LOCAL;
	return flags;
}

/* One more place where h is mounted. The one with the shortest root shows most and becomes the first. */
static int add_mount(struct cgx_hierarchy *h, const struct proc_mount *m)
{
	char **more = reallocarray(h->mounts, h->n_mounts + 2, sizeof(*more));
	char *point;

	if (!more)
		return -ENOMEM;
	h->mounts = more;
	point = strdup(m->point);
	if (!point)
		return -ENOMEM;
	more[h->n_mounts++] = point;
	more[h->n_mounts] = NULL;
	if (h->root && strlen(m->root) >= strlen(h->root))
		return 0;
	free(h->root);
	h->root = strdup(m->root);
	if (!h->root)
		return -ENOMEM;
	more[h->n_mounts - 1] = more[0];
	more[0] = point;
	h->flags = mount_flags(m);
	return 0;
}

static struct cgx_hierarchy *find_or_make(struct cgx *cgx, int version, const char *name)
{
	struct cgx_hierarchy *more;

	for (size_t i = 0; i < cgx->n_hier; i++)
		if (cgx->hier[i].version == version && !strcmp(cgx->hier[i].name, name))
			return &cgx->hier[i];
	more = reallocarray(cgx->hier, cgx->n_hier + 1, sizeof(*more));
	if (!more)
		return NULL;
	cgx->hier = more;
	more += cgx->n_hier;
	*more = (struct cgx_hierarchy){
		.version = version,
		.ops = version == 2 ? &hier_v2_ops : &hier_v1_ops,
		.fd = -1,
		.name = strdup(name),
	};
	if (!more->name)
		return NULL;
	cgx->n_hier++;
	return more;
}

static int add_hierarchy(struct cgx *cgx, const struct proc_mount *m)
{
	AUTO_BUF struct buf name = { 0 };
	int version = strcmp(m->type, "cgroup2") ? 1 : 2;
	cgx_set controllers = CGX_C_CORE;
	struct cgx_hierarchy *h;
	int r;

	if (version == 1) {
		controllers = 0;
		r = v1_controllers(cgx, m->super_options, &name, &controllers);
		if (r)
			return r;
	}
	h = find_or_make(cgx, version, buf_text(&name));
	if (!h)
		return -ENOMEM;
	h->controllers = controllers;
	return add_mount(h, m);
}

static int is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return !strncmp(path, dir, n) && path[n] == '/' && n > 1;
}

static int covers(const struct proc_mount *n, const struct proc_mount *m)
{
	return (n->parent == m->id && !strcmp(n->point, m->point)) ||
	       (n->parent == m->parent && is_below(m->point, n->point));
}

/* Whether another mount lies over m or over one that m stands on. */
static int is_hidden(const struct proc_mount *all, size_t n, const struct proc_mount *m)
{
	const struct proc_mount *from = NULL; /* the one that m was reached from lies over it, and is no cover */

	for (size_t depth = 0; m && depth < 64; depth++) {
		const struct proc_mount *parent = NULL;

		for (size_t i = 0; i < n; i++) {
			if (&all[i] != m && &all[i] != from && covers(&all[i], m))
				return 1;
			if (all[i].id == m->parent && &all[i] != m)
				parent = &all[i];
		}
		from = m;
		m = parent;
	}
	return 0;
}

static int is_cgroup(const struct proc_mount *m)
{
	return !strcmp(m->type, "cgroup") || !strcmp(m->type, "cgroup2");
}

static int read_mounts(char *text, struct proc_mount **ret, size_t *ret_n)
{
	AUTO_FREE struct proc_mount *all = NULL;
	size_t n = 0, cap = 0;
	struct proc_mount m;

	while (proc_mount_next(&text, &m) > 0) {
		if (n == cap) {
			size_t want = cap ? cap * 2 : 64;
			void *more = reallocarray(all, want, sizeof(*all));

			if (!more)
				return -ENOMEM;
			all = more;
			cap = want;
		}
		all[n++] = m;
	}
	*ret = STEAL(all);
	*ret_n = n;
	return 0;
}

/* The v2 tree goes last, v1 keeps the order of its mounts. */
static void put_v2_last(struct cgx *cgx)
{
	for (size_t i = 0; i + 1 < cgx->n_hier; i++)
		if (cgx->hier[i].version == 2) {
			struct cgx_hierarchy v2 = cgx->hier[i];

			memmove(&cgx->hier[i], &cgx->hier[i + 1], (cgx->n_hier - i - 1) * sizeof(v2));
			cgx->hier[cgx->n_hier - 1] = v2;
			return;
		}
}

int layout_discover(struct cgx *cgx)
{
	AUTO_FREE struct proc_mount *all = NULL;
	AUTO_BUF struct buf b = { 0 };
	size_t n = 0;
	int r = fs_read(cgx->fs.fd, "proc/self/mountinfo", &b);

	if (!r)
		r = read_mounts(b.s, &all, &n);
	for (size_t i = 0; !r && i < n; i++)
		if (is_cgroup(&all[i]) && !is_hidden(all, n, &all[i]))
			r = add_hierarchy(cgx, &all[i]);
	put_v2_last(cgx);
	return r;
}

int hier_fd(struct cgx *cgx, struct cgx_hierarchy *h)
{
	int fd;

	if (h->fd >= 0)
		return h->fd;
	fd = fs_dir(cgx->fs.fd, h->mounts[0]);
	if (fd < 0)
		return fail(cgx, fd, h->mounts[0], "open", NULL);
	return h->fd = fd;
}

/* The v2 tree's controllers, read at the first question that needs them. */
static int load_v2(struct cgx *cgx, struct cgx_hierarchy *h)
{
	AUTO_BUF struct buf b = { 0 };
	const char *p, *word;
	size_t len, n;
	int fd, r;

	if (h->version != 2 || h->flags & HIER_LOADED)
		return 0;
	fd = hier_fd(cgx, h);
	if (fd < 0)
		return fd;
	r = fs_read(fd, "cgroup.controllers", &b);
	if (r)
		return fail(cgx, r, "cgroup.controllers", "read", NULL);
	p = b.s;
	len = strcspn(p, "\n");
	while (text_word(&p, &len, &word, &n)) {
		cgx_set bit;

		r = make_bit(cgx, word, n, &bit);
		if (r)
			return r;
		h->controllers |= bit;
	}
	h->flags |= HIER_LOADED;
	return 0;
}

struct cgx_hierarchy *layout_v2(struct cgx *cgx)
{
	struct cgx_hierarchy *h = cgx->n_hier ? &cgx->hier[cgx->n_hier - 1] : NULL;

	return h && h->version == 2 ? h : NULL;
}

/* What v1 has a controller for and v2 does itself. */
#define V2_IMPLIED (CGX_C_CORE | CGX_C_CPUACCT | CGX_C_FREEZER | CGX_C_PERF_EVENT)

int layout_load(struct cgx *cgx)
{
	struct cgx_hierarchy *v2 = layout_v2(cgx);

	return v2 && load_v2(cgx, v2) == -ENOMEM ? -ENOMEM : 0;
}

struct cgx_hierarchy *layout_find(struct cgx *cgx, cgx_set bit)
{
	struct cgx_hierarchy *v2 = layout_v2(cgx);

	for (size_t i = 0; i < cgx->n_hier; i++)
		if (cgx->hier[i].version == 1 && cgx->hier[i].controllers & bit)
			return &cgx->hier[i];
	if (!v2 || load_v2(cgx, v2))
		return NULL;
	return (v2->controllers | V2_IMPLIED) & bit ? v2 : NULL;
}

int layout_carries(struct cgx *cgx, struct cgx_hierarchy *h, cgx_set set)
{
	for (cgx_set bit = 1; set && bit; set &= ~bit, bit <<= 1)
		if (set & bit && layout_find(cgx, bit) == h)
			return 1;
	return 0;
}

/* ---- where a process is ---- */

int layout_read_pid(struct cgx *cgx, pid_t pid, struct buf *b)
{
	char path[64] = "proc/self/cgroup", object[32];
	int r;

	if (pid)
		snprintf(path, sizeof(path), "proc/%d/cgroup", (int)pid);
	r = fs_read(cgx->fs.fd, path, b);
	if (r != -ENOENT && r != -ESRCH)
		return r ? fail(cgx, r, path, "read", NULL) : 0;
	snprintf(object, sizeof(object), "process %d", (int)pid);
	return fail(cgx, -ESRCH, object, "find its group", NULL);
}

static int is_line_of(const struct cgx *cgx, const struct cgx_hierarchy *h, const struct proc_cgroup_line *l)
{
	if (h->version == 2)
		return !*l->controllers;
	for (const char *p = l->controllers; *p;) {
		size_t len = strcspn(p, ",");

		if (len && layout_bit(cgx, p, len) & h->controllers)
			return 1;
		p += len + (p[len] == ',');
	}
	return 0;
}

/* path as /proc shows it -> below the mount; NULL when it lies outside. */
static const char *below_root(const struct cgx_hierarchy *h, const char *path)
{
	size_t n = strcmp(h->root, "/") ? strlen(h->root) : 0;

	if (strncmp(path, h->root, n) || (n && path[n] && path[n] != '/'))
		return NULL;
	path += n;
	while (*path == '/')
		path++;
	return strncmp(path, "..", 2) || (path[2] && path[2] != '/') ? path : NULL;
}

int layout_path_in(struct cgx *cgx, const struct cgx_hierarchy *h, const char *text, char **ret)
{
	AUTO_FREE char *copy = strdup(text);
	char *p = copy, *path;
	struct proc_cgroup_line l;

	if (!copy)
		return -ENOMEM;
	while (proc_cgroup_next(&p, &l) > 0) {
		const char *below;

		if (!is_line_of(cgx, h, &l))
			continue;
		below = below_root(h, l.path);
		if (!below)
			break;
		path = strdup(below);
		if (!path)
			return -ENOMEM;
		*ret = path;
		return 0;
	}
	return fail(cgx, -ENOENT, h->mounts[0], "find the process's group",
		    "it lies outside what is mounted here");
}

int layout_own(struct cgx *cgx, struct cgx_hierarchy *h, const char **ret)
{
	AUTO_BUF struct buf b = { 0 };
	int r;

	if (!h->own) {
		r = layout_read_pid(cgx, 0, &b);
		if (r)
			return r;
		/* one read serves all hierarchies */
		for (size_t i = 0; i < cgx->n_hier; i++)
			if (!cgx->hier[i].own && layout_path_in(cgx, &cgx->hier[i], b.s, &cgx->hier[i].own) == -ENOMEM)
				return -ENOMEM;
	}
	if (!h->own)
		return fail(cgx, -ENOENT, h->mounts[0], "find the caller's own group",
			    "it lies outside what is mounted here");
	*ret = h->own;
	return 0;
}

/* ---- public: layout, hierarchies ---- */

CGX_API enum cgx_layout cgx_layout(const struct cgx *cgx)
{
	size_t v2 = cgx->n_hier && cgx->hier[cgx->n_hier - 1].version == 2;

	if (!cgx->n_hier)
		return CGX_LAYOUT_NONE;
	if (!v2)
		return CGX_LAYOUT_LEGACY;
	return cgx->n_hier > 1 ? CGX_LAYOUT_HYBRID : CGX_LAYOUT_UNIFIED;
}

CGX_API const char *cgx_layout_name(enum cgx_layout layout)
{
	switch (layout) {
	case CGX_LAYOUT_NONE:
		return "none";
	case CGX_LAYOUT_LEGACY:
		return "legacy";
	case CGX_LAYOUT_HYBRID:
		return "hybrid";
	case CGX_LAYOUT_UNIFIED:
		return "unified";
	}
	return "unknown";
}

CGX_API const struct cgx_hierarchy *cgx_hierarchy_at(struct cgx *cgx, size_t index)
{
	if (index >= cgx->n_hier || layout_load(cgx))
		return NULL;
	return &cgx->hier[index];
}

CGX_API int cgx_hierarchy_version(const struct cgx_hierarchy *h)
{
	return h->version;
}

CGX_API cgx_set cgx_hierarchy_controllers(const struct cgx_hierarchy *h)
{
	return h->controllers;
}

CGX_API const char *cgx_hierarchy_mount(const struct cgx_hierarchy *h, size_t n)
{
	return n < h->n_mounts ? h->mounts[n] : NULL;
}

CGX_API const char *cgx_hierarchy_name(const struct cgx_hierarchy *h)
{
	return h->name;
}

/* ---- public: sets ---- */

static int unknown_controller(struct cgx *cgx, const char *s, size_t len)
{
	AUTO_BUF struct buf word = { 0 }, known = { 0 };

	buf_add(&word, s, len);
	for (size_t i = 0; setting_tables[i]; i++)
		buf_printf(&known, "%s%s", i ? ", " : "", setting_tables[i]->name);
	for (size_t i = 0; i < cgx->n_other; i++)
		buf_printf(&known, ", %s", cgx->other[i]);
	fail(cgx, -EINVAL, buf_text(&word), "find the controller", "no controller has this name");
	advise(cgx, "known are %s", buf_text(&known));
	return -EINVAL;
}

static int nameless_controller(struct cgx *cgx, const char *text)
{
	fail(cgx, -EINVAL, text, "find the controllers", "a name is missing beside a comma");
	advise(cgx, "leave the comma out, or write a name there: memory,pids");
	return -EINVAL;
}

CGX_API int cgx_set_parse(struct cgx *cgx, const char *text, cgx_set *ret)
{
	struct cgx_hierarchy *v2 = layout_v2(cgx);
	cgx_set set = 0;

	if (!strcmp(text, "*") || !strcmp(text, "all")) {
		*ret = CGX_C_ALL;
		return 0;
	}
	for (const char *p = text; *p;) {
		size_t len = strcspn(p, ",");
		cgx_set bit = layout_bit(cgx, p, len);

		if (!len || !strcmp(p + len, ","))
			return nameless_controller(cgx, text);
		if (!bit && v2 && !load_v2(cgx, v2))
			bit = layout_bit(cgx, p, len);
		if (!bit)
			return unknown_controller(cgx, p, len);
		set |= bit;
		p += len + (p[len] == ',');
	}
	*ret = set;
	return 0;
}

CGX_API int cgx_set_format(const struct cgx *cgx, cgx_set set, char **ret)
{
	struct buf b = { 0 };

	for (cgx_set bit = CGX_C_CORE << 1; bit; bit <<= 1)
		if (set & bit && strcmp(layout_bit_name(cgx, bit), "?"))
			buf_printf(&b, "%s%s", b.len ? "," : "", layout_bit_name(cgx, bit));
	return buf_steal(&b, ret);
}

/* ---- public: controllers ---- */

static int add_controller(struct cgx *cgx, cgx_set bit, struct cgx_controller **ret)
{
	struct cgx_controller *more;
	const struct setting_table *t = setting_table_of(bit);
	const struct cgx_hierarchy *on = layout_find(cgx, bit);

	for (size_t i = 0; cgx->ctl && i < cgx->n_ctl; i++)
		if (cgx->ctl[i].bit == bit) {
			*ret = &cgx->ctl[i];
			return 0;
		}
	more = reallocarray(cgx->ctl, cgx->n_ctl + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	cgx->ctl = more;
	more += cgx->n_ctl++;
	*more = (struct cgx_controller){
		.bit = bit,
		.name = layout_bit_name(cgx, bit),
		.kernel_name = t && t->v1_name ? t->v1_name : layout_bit_name(cgx, bit),
		.hierarchy = on && on->controllers & bit ? on : NULL, /* not what v2 only implies */
		.groups = -1,
		.enabled = 1,
	};
	if (more->hierarchy && more->hierarchy->version == 2)
		more->kernel_name = more->name;
	*ret = more;
	return 0;
}

/* A controller that only /proc/cgroups knows and that is switched off or mounted nowhere counts, too. */
static int add_proc_cgroups(struct cgx *cgx)
{
	AUTO_BUF struct buf b = { 0 };
	struct cgx_controller *c;
	struct proc_subsys s;
	cgx_set bit;
	char *p;
	int r = fs_read(cgx->fs.fd, "proc/cgroups", &b);

	if (r) /* not there with CONFIG_PROC_PID off or subset=pid: mounts tell the rest */
		return r == -ENOMEM ? r : 0;
	for (p = b.s; proc_subsys_next(&p, &s) > 0;) {
		r = make_bit(cgx, s.name, strlen(s.name), &bit);
		if (!r && bit)
			r = add_controller(cgx, bit, &c);
		if (r)
			return r;
		if (bit) {
			c->hierarchy_id = s.hierarchy;
			c->groups = s.groups;
			c->enabled = s.enabled;
		}
	}
	return 0;
}

static int load_controllers(struct cgx *cgx)
{
	struct cgx_controller *c;
	int r = 0;

	if (layout_v2(cgx))
		r = load_v2(cgx, layout_v2(cgx));
	if (!r)
		r = add_proc_cgroups(cgx);
	for (size_t i = 0; !r && i < cgx->n_hier; i++)
		for (cgx_set bit = CGX_C_CORE << 1; !r && bit; bit <<= 1)
			if (cgx->hier[i].controllers & bit)
				r = add_controller(cgx, bit, &c);
	return r;
}

CGX_API const struct cgx_controller *cgx_controller_at(struct cgx *cgx, size_t index)
{
	if (!cgx->ctl && load_controllers(cgx))
		return NULL;
	return index < cgx->n_ctl ? &cgx->ctl[index] : NULL;
}

CGX_API const char *cgx_controller_name(const struct cgx_controller *c)
{
	return c->name;
}

CGX_API const char *cgx_controller_kernel_name(const struct cgx_controller *c)
{
	return c->kernel_name;
}

CGX_API cgx_set cgx_controller_bit(const struct cgx_controller *c)
{
	return c->bit;
}

CGX_API const struct cgx_hierarchy *cgx_controller_hierarchy(const struct cgx_controller *c)
{
	return c->hierarchy;
}

CGX_API int cgx_controller_hierarchy_id(const struct cgx_controller *c)
{
	return c->hierarchy_id;
}

CGX_API int cgx_controller_group_count(const struct cgx_controller *c)
{
	return c->groups;
}

CGX_API int cgx_controller_enabled(const struct cgx_controller *c)
{
	return c->enabled;
}
