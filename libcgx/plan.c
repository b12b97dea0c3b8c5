/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans: building them and looking at them. */
#include "plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- building ---- */

CGX_API int cgx_plan_new(struct cgx *cgx, struct cgx_plan **ret)
{
	struct cgx_plan *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->cgx = cgx;
	p->dir = calloc(cgx->n_hier ? cgx->n_hier : 1, sizeof(*p->dir));
	if (!p->dir) {
		free(p);
		return -ENOMEM;
	}
	*ret = p;
	return 0;
}

CGX_API void cgx_plan_force(struct cgx_plan *p)
{
	p->force = 1;
}

static void step_free(struct step *s)
{
	free(s->path);
	free(s->file);
	free(s->value);
	free(s->old);
	free(s->kept);
	free(s->owners);
	free(s->name);
	cgx_group_close(s->group);
}

static void forget_dir(struct cgx_plan *p, size_t i)
{
	if (!p->dir[i].path)
		return;
	close(p->dir[i].fd);
	free(STEAL(p->dir[i].path));
}

CGX_API struct cgx_plan *cgx_plan_free(struct cgx_plan *p)
{
	if (!p)
		return NULL;
	for (size_t i = 0; i < p->n; i++)
		step_free(&p->step[i]);
	for (size_t i = 0; i < p->cgx->n_hier; i++)
		forget_dir(p, i);
	free(p->dir);
	free(p->step);
	free(p);
	return NULL;
}

int plan_dir(struct cgx_plan *p, struct cgx_hierarchy *h, const char *path)
{
	size_t i = (size_t)(h - p->cgx->hier);
	int root, fd;

	if (p->dir[i].path && !strcmp(p->dir[i].path, path))
		return p->dir[i].fd;
	forget_dir(p, i);
	root = hier_fd(p->cgx, h);
	fd = root < 0 ? root : fs_dir(root, path);
	if (fd < 0)
		return fd;
	p->dir[i].path = strdup(path);
	p->dir[i].fd = fd;
	if (p->dir[i].path)
		return fd;
	close(fd);
	return -ENOMEM;
}

struct cgx *plan_cgx(struct cgx_plan *p)
{
	return p->cgx;
}

static size_t hash(const char *path, const char *file)
{
	uint32_t x = 2166136261u;

	for (; *path; path++)
		x = (x ^ (unsigned char)*path) * 16777619u;
	for (x ^= '/'; *file; file++)
		x = (x ^ (unsigned char)*file) * 16777619u;
	return x % COUNT_OF(((struct cgx_plan *)0)->slot);
}

static int dup_to(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return from && !*to ? -ENOMEM : 0;
}

static struct step *last_step(struct cgx_plan *p)
{
	return &p->step[p->n - 1];
}

static int refuse_read_only(struct cgx_plan *p, const struct cgx_hierarchy *h, const char *path)
{
	fail(p->cgx, -EROFS, *path ? path : "/", "change the group", "%s is mounted read-only", h->mounts[0]);
	advise(p->cgx, "in a container ask for a writable cgroup mount; as root: mount -o remount,rw %s", h->mounts[0]);
	return -EROFS;
}

int plan_add(struct cgx_plan *p, enum cgx_verb verb, struct cgx_hierarchy *h, const char *path, const char *file,
	     const char *value)
{
	struct step s = { .verb = verb, .h = h };
	size_t at = hash(path, file ? file : "");
	int r = 0;

	if (h->flags & HIER_READ_ONLY)
		return refuse_read_only(p, h, path);
	if (!p->force)
		r = unit_check(p->cgx, h, verb, path, file ? file : "", value ? value : "");
	if (r)
		return r;

	if (p->n == p->cap) {
		size_t cap = p->cap ? p->cap * 2 : 16;
		struct step *more = reallocarray(p->step, cap, sizeof(*more));

		if (!more)
			return -ENOMEM;
		p->step = more;
		p->cap = cap;
	}
	if (dup_to(&s.path, path) || dup_to(&s.file, file ? file : "") || dup_to(&s.value, value ? value : "")) {
		step_free(&s);
		return -ENOMEM;
	}
	s.prev = p->slot[at];
	p->step[p->n++] = s;
	p->slot[at] = p->n;
	return 0;
}

int plan_add_write(struct cgx_plan *p, const struct group_place *pl, const char *name, const struct cgx_setting *row,
		   const char *file, const char *value)
{
	int r = plan_add(p, CGX_V_WRITE, pl->h, pl->path, file, value);

	if (r)
		return r;
	last_step(p)->row = row;
	return dup_to(&last_step(p)->name, name);
}

int plan_check_write(const struct cgx_plan *p, const struct group_place *pl, const char *name, const char *value)
{
	return p->force ? 0 : unit_check(p->cgx, pl->h, CGX_V_WRITE, pl->path, name, value);
}

const struct step *plan_find(const struct cgx_plan *p, enum cgx_verb verb, const struct cgx_hierarchy *h,
			       const char *path, const char *file)
{
	for (size_t i = p->slot[hash(path, file)]; i; i = p->step[i - 1].prev) {
		const struct step *s = &p->step[i - 1];

		if (s->verb == verb && s->h == h && !strcmp(s->path, path) && !strcmp(s->file, file))
			return s;
	}
	return NULL;
}

const char *plan_pending(const struct cgx_plan *p, const struct cgx_hierarchy *h, const char *path, const char *file)
{
	const struct step *s = plan_find(p, CGX_V_WRITE, h, path, file);

	return s && !s->done ? s->value : NULL;
}

int plan_makes(const struct cgx_plan *p, const struct cgx_hierarchy *h, const char *path)
{
	const struct step *s = plan_find(p, CGX_V_MKDIR, h, path, "");

	return s && !s->done;
}

/* ---- create ---- */

static int dir_exists(struct cgx *cgx, struct cgx_hierarchy *h, const char *path)
{
	int root = hier_fd(cgx, h);

	return root < 0 ? root : fs_exists(root, path);
}

static void parent_of(const char *path, char *ret)
{
	const char *slash = strrchr(path, '/');

	snprintf(ret, CGX_PATH_MAX, "%.*s", slash ? (int)(slash - path) : 0, path);
}

/* 1 it is there, 2 an earlier step makes it, 0 it is not there, or a negative errno. Nothing is below what is to be made. */
static int is_there(struct cgx_plan *p, struct cgx_hierarchy *h, const char *path)
{
	char parent[CGX_PATH_MAX];

	if (plan_makes(p, h, path))
		return 2;
	parent_of(path, parent);
	return plan_makes(p, h, parent) ? 0 : dir_exists(p->cgx, h, path);
}

static int add_owner(struct cgx_plan *p, struct group_place *pl, const char *file, uid_t uid, gid_t gid)
{
	char value[40];

	if (uid == (uid_t)-1 && gid == (gid_t)-1)
		return 0;
	snprintf(value, sizeof(value), "%lld:%lld", uid == (uid_t)-1 ? -1ll : (long long)uid,
		 gid == (gid_t)-1 ? -1ll : (long long)gid);
	return plan_add(p, CGX_V_CHOWN, pl->h, pl->path, file, value);
}

static int add_mode(struct cgx_plan *p, struct group_place *pl, const char *file, unsigned mode)
{
	char value[16];

	if (!mode)
		return 0;
	snprintf(value, sizeof(value), "%04o", mode);
	return plan_add(p, CGX_V_CHMOD, pl->h, pl->path, file, value);
}

static int delegate(struct cgx_plan *p, struct group_place *pl, const struct cgx_create *how)
{
	int r = add_owner(p, pl, "", how->uid, how->gid);

	for (const char *const *f = pl->h->ops->delegate_files; !r && *f; f++)
		r = add_owner(p, pl, *f, how->uid, how->gid);
	return r;
}

/* The given mode without what the owner himself does not have: a file that cannot be written stays so. */
unsigned plan_within_owner(unsigned mode, unsigned now)
{
	unsigned owner = now >> 6 & 7;

	return mode & (07000 | owner | owner << 3 | owner << 6);
}

static int is_of(int dir, const char *file, uid_t uid, gid_t gid, unsigned mode)
{
	unsigned is_mode;
	uid_t is_uid;
	gid_t is_gid;

	return !fs_stat(dir, file, &is_uid, &is_gid, &is_mode) && (uid == (uid_t)-1 || uid == is_uid) &&
	       (gid == (gid_t)-1 || gid == is_gid) && (!mode || (*file ? plan_within_owner(mode, is_mode) : mode) == is_mode);
}

static int takes_processes(const struct group_place *pl, const char *file)
{
	for (const char *const *f = pl->h->ops->tasks_files; *f; f++)
		if (!strcmp(*f, file))
			return 1;
	return 0;
}

/* 1: the group is there, and nothing of this would change anything. */
static int has_owners(struct cgx_plan *p, struct group_place *pl, const struct cgx_create *how)
{
	struct fs_list l = { 0 };
	int dir = plan_makes(p, pl->h, pl->path) ? -1 : place_open(p->cgx, pl), so;
	char parent[CGX_PATH_MAX];

	parent_of(pl->path, parent);
	/* files of a controller that is still to be enabled belong to whoever enables it */
	if (dir < 0 || plan_find(p, CGX_V_ENABLE, pl->h, parent, "cgroup.subtree_control"))
		return 0;
	so = is_of(dir, "", how->uid, how->gid, how->dir_mode) && !fs_list_files(dir, "", &l);
	for (size_t i = 0; so && i < l.n; i++) {
		int tasks = takes_processes(pl, l.entry[i].name);

		so = is_of(dir, l.entry[i].name, tasks && how->tasks_uid != (uid_t)-1 ? how->tasks_uid : how->uid,
			   tasks && how->tasks_gid != (gid_t)-1 ? how->tasks_gid : how->gid,
			   tasks && how->tasks_mode ? how->tasks_mode : how->file_mode);
	}
	fs_list_free(&l);
	return so;
}

/* "*" stands for all files of the group; those that take processes may differ. */
static int add_owners(struct cgx_plan *p, struct group_place *pl, const struct cgx_create *how)
{
	int r;

	if (how->flags & CGX_CREATE_DELEGATE)
		return delegate(p, pl, how);
	if (has_owners(p, pl, how))
		return 0;
	r = add_owner(p, pl, "", how->uid, how->gid);
	if (!r)
		r = add_owner(p, pl, "*", how->uid, how->gid);
	if (!r)
		r = add_mode(p, pl, "", how->dir_mode);
	if (!r)
		r = add_mode(p, pl, "*", how->file_mode);
	for (const char *const *f = pl->h->ops->tasks_files; !r && *f; f++) {
		r = add_owner(p, pl, *f, how->tasks_uid, how->tasks_gid);
		if (!r)
			r = add_mode(p, pl, *f, how->tasks_mode);
	}
	return r;
}

/* Make the group at path in h, unless it exists, below its parent, which does or is made by an earlier step. */
static int create_level(struct cgx_plan *p, struct cgx_group *g, struct group_place *pl, const char *parent,
			const char *path, int exists, unsigned flags)
{
	int r = pl->h->ops->plan_enable(p, pl->h, parent, g->wanted, flags);

	if (r || exists > 0)
		return r;
	if (exists < 0 && exists != -ENOENT)
		return fail(p->cgx, exists, g->path, "look for the group", NULL);
	r = plan_add(p, CGX_V_MKDIR, pl->h, path, NULL, NULL);
	return r ? r : pl->h->ops->plan_ready(p, pl->h, path);
}

static int create_place(struct cgx_plan *p, struct cgx_group *g, struct group_place *pl, unsigned flags)
{
	AUTO_FREE char *path = strdup(pl->path), *parent = strdup("");
	int exists = is_there(p, pl->h, pl->path), refused = 0;

	if (!path || !parent)
		return -ENOMEM;
	/* the words are to name the group that is asked for, not the first step on the way */
	if (!p->force && exists != 1)
		refused = unit_check(p->cgx, pl->h, CGX_V_MKDIR, pl->path, "", "");
	if (refused)
		return refused;
	for (char *end = path; *path && end; *end = '/') {
		int r;

		end = strchr(end == path ? path : end + 1, '/');
		if (end)
			*end = '\0';
		r = create_level(p, g, pl, parent, path, end ? is_there(p, pl->h, path) : exists, flags);
		if (r)
			return r;
		free(parent);
		parent = strdup(path);
		if (!parent)
			return -ENOMEM;
		if (!end)
			break;
	}
	return 0;
}

static int refuse_existing(struct cgx_plan *p, struct cgx_group *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (dir_exists(p->cgx, g->place[i].h, g->place[i].path) == 1) {
			fail(p->cgx, -EEXIST, g->path, "make the group", "it is there already, in %s",
			     g->place[i].h->mounts[0]);
			return -EEXIST;
		}
	return 0;
}

/* In what systemd has delegated there are the controllers that it has delegated: those that were not asked for by
 * name are left out, the others are refused here, and not by the kernel far above. */
static int keep_delegated(struct cgx_plan *p, struct cgx_group *g)
{
	AUTO_FREE char *unit = NULL;
	cgx_set has, missing;

	for (size_t i = 0; i < g->n; i++) {
		int r = p->force ? 0 : unit_controllers(p->cgx, g->place[i].h, g->place[i].path, &has, &unit);

		if (r <= 0)
			return r;
		missing = g->wanted & g->place[i].h->controllers & ~has;
		if (g->wanted == CGX_C_ALL || (g->wanted & CGX_C_USUAL) == CGX_C_USUAL) {
			g->wanted &= ~(missing & (g->wanted == CGX_C_ALL ? CGX_C_ALL : CGX_C_USUAL));
			missing &= g->wanted;
		}
		if (missing)
			return unit_not_delegated(p->cgx, g->path, unit, has, missing);
	}
	return 0;
}

CGX_API int cgx_plan_create(struct cgx_plan *p, struct cgx_group *g, const struct cgx_create *how)
{
	unsigned flags = how ? how->flags : 0;
	int r;

	group_settle(g);
	r = flags & CGX_CREATE_EXCL ? refuse_existing(p, g) : 0;
	if (!r)
		r = keep_delegated(p, g);

	if (!r && !g->n)
		r = fail(p->cgx, -ENODEV, g->path, "make the group", "no hierarchy here carries these controllers");
	for (size_t i = 0; !r && i < g->n; i++) {
		r = create_place(p, g, &g->place[i], flags);
		if (!r && how)
			r = add_owners(p, &g->place[i], how);
	}
	return r;
}

CGX_API int cgx_plan_makes(struct cgx_plan *p, struct cgx_group *g)
{
	group_settle(g);
	for (size_t i = 0; i < g->n; i++)
		if (!plan_makes(p, g->place[i].h, g->place[i].path))
			return 0;
	return g->n > 0;
}

/* ---- delete ---- */

static int add_moves(struct cgx_plan *p, struct group_place *pl, const char *from, const char *to, const char *procs)
{
	const char *line;
	size_t len;
	int r = 0;

	while (!r && text_line(&procs, &line, &len)) {
		char pid[16];

		snprintf(pid, sizeof(pid), "%.*s", (int)len, line);
		if (!strcmp(pid, "0"))
			continue; /* a process of another pid namespace has no number here */
		r = plan_add(p, CGX_V_MOVE, pl->h, to, pl->h->ops->procs_file, pid);
		if (!r)
			last_step(p)->optional = 1;
		if (!r)
			r = dup_to(&last_step(p)->old, *from ? from : "/");
	}
	return r;
}

/* What earlier steps of this plan move into the group goes on to its parent. */
static int add_moves_of_plan(struct cgx_plan *p, struct group_place *pl, const char *from, const char *to)
{
	size_t n = p->n;
	int r = 0;

	for (size_t i = 0; !r && i < n; i++) {
		AUTO_FREE char *pid = NULL;
		const struct step *s = &p->step[i];

		if (s->verb != CGX_V_MOVE || s->h != pl->h || strcmp(s->path, from))
			continue;
		pid = strdup(s->value);
		r = pid ? add_moves(p, pl, from, to, pid) : -ENOMEM;
	}
	return r;
}

/* Leave out what earlier steps remove. */
static void drop_removed(const struct cgx_plan *p, const struct group_place *pl, const char *path, struct fs_list *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		AUTO_BUF struct buf sub = { 0 };

		buf_printf(&sub, "%s/%s", path, l->entry[i].name);
		if (plan_find(p, CGX_V_RMDIR, pl->h, buf_text(&sub), ""))
			free(l->entry[i].name);
		else
			l->entry[n++] = l->entry[i];
	}
	l->n = n;
}

static int refuse_populated(struct cgx_plan *p, struct cgx_group *g, const char *path, const char *procs)
{
	size_t n = 0;

	for (const char *s = procs; *s; s++)
		n += *s == '\n';
	fail(p->cgx, -EBUSY, g->path, "remove the group", "%zu process%s in %s", n, n == 1 ? " is" : "es are",
	     path);
	advise(p->cgx, "--kill ends them, --migrate moves them to the parent group; cgx-ls -p %s shows them",
	       shell_word(p->cgx, g->path));
	return -EBUSY;
}

/* Groups below first. What is moved out goes to the parent of what the user named. 0, or 1 when there is no
 * such group. */
static int delete_tree(struct cgx_plan *p, struct cgx_group *g, struct group_place *pl, const char *path, unsigned flags)
{
	AUTO_BUF struct buf procs = { 0 }, sub = { 0 };
	struct fs_list l = { 0 };
	char parent[CGX_PATH_MAX];
	int kept = pl->fd >= 0 && !strcmp(path, pl->path);
	AUTO_CLOSE int opened = kept ? -1 : fs_dir(hier_fd(p->cgx, pl->h), path);
	int dir = kept ? pl->fd : opened;
	int r = dir < 0 ? dir : fs_read(dir, pl->h->ops->procs_file, &procs);

	if (plan_find(p, CGX_V_RMDIR, pl->h, path, ""))
		return 0; /* named twice */

	if (r == -EOPNOTSUPP)
		r = fs_read(dir, pl->h->ops->threads_file, &procs);
	if (!r && !fs_is_leaf(dir))
		r = fs_list_dirs(dir, "", &l);
	if (r)
		return r == -ENOENT || r == -ENODEV ? 1 : fail(p->cgx, r, g->path, "look into the group", NULL);
	drop_removed(p, pl, path, &l);
	if (l.n && !(flags & CGX_DELETE_RECURSIVE)) {
		r = fail(p->cgx, -EBUSY, g->path, "remove the group", "%zu group%s below it", l.n,
			 l.n == 1 ? " is" : "s are");
		advise(p->cgx, "--recursive removes them, too");
	}
	if (!r && flags & CGX_DELETE_MIGRATE) {
		parent_of(pl->path, parent);
		r = add_moves(p, pl, path, parent, buf_text(&procs));
		if (!r && !strcmp(path, pl->path))
			r = add_moves_of_plan(p, pl, path, parent);
	} else if (!r && procs.len && !(flags & CGX_DELETE_KILL)) {
		r = refuse_populated(p, g, path, procs.s);
	}
	for (size_t i = 0; !r && i < l.n; i++) {
		buf_reset(&sub);
		buf_printf(&sub, "%s/%s", path, l.entry[i].name);
		r = sub.err ? sub.err : delete_tree(p, g, pl, sub.s, flags);
		if (r > 0)
			r = 0;
	}
	fs_list_free(&l);
	return r ? r : plan_add(p, CGX_V_RMDIR, pl->h, path, NULL, NULL);
}

static int group_dup(const struct cgx_group *g, struct cgx_group **ret)
{
	struct cgx_group *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->cgx = g->cgx;
	d->wanted = g->wanted;
	d->place = calloc(g->n ? g->n : 1, sizeof(*d->place));
	if (!d->place || dup_to(&d->path, g->path)) {
		cgx_group_close(d);
		return -ENOMEM;
	}
	for (; d->n < g->n; d->n++) {
		d->place[d->n] = (struct group_place){ .h = g->place[d->n].h, .fd = -1, .procs = -1 };
		if (dup_to(&d->place[d->n].path, g->place[d->n].path)) {
			cgx_group_close(d);
			return -ENOMEM;
		}
	}
	*ret = d;
	return 0;
}

static int add_kill(struct cgx_plan *p, struct cgx_group *g)
{
	struct group_place *first = &g->place[0];
	int r = plan_add(p, CGX_V_KILL, first->h, first->path, NULL, NULL);

	return r ? r : group_dup(g, &last_step(p)->group);
}

CGX_API int cgx_plan_delete(struct cgx_plan *p, struct cgx_group *g, unsigned flags)
{
	size_t missing = 0;
	int r = 0;

	group_settle(g);
	for (size_t i = 0; i < g->n; i++)
		if (!*g->place[i].path)
			return fail(p->cgx, -EBUSY, g->path, "remove the group", "this is the root group");
	for (size_t i = 0; !r && !p->force && i < g->n; i++)
		r = unit_check(p->cgx, g->place[i].h, CGX_V_RMDIR, g->place[i].path, "", "");
	if (!r && flags & CGX_DELETE_KILL && g->n)
		r = add_kill(p, g);
	/* v2, the last, has most reasons to refuse a process: it goes first, while nothing is done yet */
	for (size_t i = g->n; r >= 0 && i-- > 0;) {
		r = delete_tree(p, g, &g->place[i], g->place[i].path, flags);
		missing += r > 0;
	}
	if (r < 0 || missing < g->n)
		return r < 0 ? r : 0;
	fail(p->cgx, -ENOENT, g->path, "remove the group", "there is no such group");
	advise(p->cgx, "cgx-ls shows the groups that there are");
	return -ENOENT;
}

/* ---- move ---- */

CGX_API int cgx_plan_move(struct cgx_plan *p, struct cgx_group *g, pid_t pid, unsigned flags)
{
	AUTO_BUF struct buf text = { 0 };
	int r = layout_read_pid(p->cgx, pid, &text);

	group_settle(g);
	if (!r && !g->n)
		r = fail(p->cgx, -ENOENT, g->path, "move a process in", "there is no such group");
	for (size_t i = 0; !r && i < g->n; i++) {
		const struct hier_ops *ops = g->place[i].h->ops;
		AUTO_FREE char *old = NULL;
		char value[16];

		if (!plan_makes(p, g->place[i].h, g->place[i].path) && place_fd(g, &g->place[i]) < 0)
			return -ENOENT;
		snprintf(value, sizeof(value), "%d", (int)pid);
		r = plan_add(p, CGX_V_MOVE, g->place[i].h, g->place[i].path,
			     flags & CGX_MOVE_THREAD ? ops->threads_file : ops->procs_file, value);
		if (!r && !layout_path_in(p->cgx, g->place[i].h, text.s, &old))
			r = dup_to(&last_step(p)->old, *old ? old : "/");
	}
	return r;
}

/* ---- looking at it ---- */

CGX_API const char *cgx_verb_name(enum cgx_verb verb)
{
	switch (verb) {
	case CGX_V_MKDIR:
		return "mkdir";
	case CGX_V_RMDIR:
		return "rmdir";
	case CGX_V_WRITE:
		return "write";
	case CGX_V_ENABLE:
		return "enable";
	case CGX_V_CHOWN:
		return "chown";
	case CGX_V_CHMOD:
		return "chmod";
	case CGX_V_MOVE:
		return "move";
	case CGX_V_KILL:
		return "kill";
	}
	return "?";
}

int plan_made_here(const struct cgx_plan *p, const struct step *s)
{
	return plan_find(p, CGX_V_MKDIR, s->h, s->path, "") != NULL;
}

int plan_has_old(const struct cgx_plan *p, const struct step *s)
{
	return s->verb == CGX_V_WRITE && !plan_made_here(p, s) &&
	       (!s->row || (s->row->flags & CGX_S_READ && !(s->row->flags & CGX_S_ACTION)));
}

/* What a write that is not carried out yet will find: the text of an earlier one, or what is there. */
static void look_up_old(struct cgx_plan *p, struct step *s)
{
	AUTO_BUF struct buf now = { 0 };
	int dir;

	for (size_t i = s->prev; i; i = p->step[i - 1].prev) {
		const struct step *t = &p->step[i - 1];

		if (t->verb == CGX_V_WRITE && t->h == s->h && !strcmp(t->path, s->path) && !strcmp(t->file, s->file)) {
			dup_to(&s->old, t->value);
			return;
		}
	}
	dir = plan_dir(p, s->h, s->path);
	if (dir < 0 || fs_read(dir, s->file, &now))
		return;
	if (now.len && now.s[now.len - 1] == '\n')
		now.s[--now.len] = '\0';
	buf_steal(&now, &s->old);
}

CGX_API int cgx_plan_step(struct cgx_plan *p, size_t index, struct cgx_step *ret)
{
	struct step *s;

	if (index >= p->n)
		return -ENOENT;
	s = &p->step[index];
	if (!s->done && !s->old && plan_has_old(p, s))
		look_up_old(p, s);
	*ret = (struct cgx_step){
		.verb = s->verb, .hierarchy = s->h, .path = s->path, .file = s->file, .value = s->value,
		.old = s->old, .kept = s->kept, .done = s->done,
	};
	return 0;
}
