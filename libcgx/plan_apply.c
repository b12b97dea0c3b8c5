/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans carried out, and undone. */
#include "plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- carrying it out ---- */

/* The group of one step, for words and for reading figures. */
static struct cgx_group step_group(struct cgx_plan *p, struct step *s, struct group_place *pl)
{
	*pl = (struct group_place){ .h = s->h, .path = s->path, .fd = -1, .procs = -1 };
	return (struct cgx_group){ .cgx = p->cgx, .path = *s->path ? s->path : (char *)"/", .place = pl, .n = 1 };
}

static int say(struct cgx_plan *p, const struct step *s, const char *action, int err, const char *remedy)
{
	fail(p->cgx, err, *s->path ? s->path : "/", action, "%s (in %s)", strerror(-err), s->h->mounts[0]);
	if (remedy)
		advise(p->cgx, "%s", remedy);
	return err;
}

static const char *make_remedy(int err)
{
	switch (-err) {
	case EACCES:
	case EPERM:
		return "be root, or work below a group that is delegated to you";
	case EROFS:
		return "this cgroup file system is mounted read-only here";
	case EAGAIN:
		return "cgroup.max.depth or cgroup.max.descendants of a group above allows no more";
	case ENAMETOOLONG:
		return "a name has at most 255 bytes";
	default:
		return NULL;
	}
}

/* Groups of one parent follow each other: its directory is opened once. */
static int make_dir(struct cgx_plan *p, const struct step *s, int root)
{
	const char *slash = strrchr(s->path, '/');
	AUTO_FREE char *parent = slash ? strndup(s->path, (size_t)(slash - s->path)) : NULL;
	int dir, r = -ENOENT;

	if (!slash)
		return fs_mkdir(root, s->path);
	if (!parent)
		return -ENOMEM;
	dir = plan_dir(p, s->h, parent);
	if (dir >= 0)
		r = fs_mkdir(dir, slash + 1);
	return r == -ENOENT ? fs_mkdir(root, s->path) : r; /* the one that is open may have been removed and made anew */
}

static int do_mkdir(struct cgx_plan *p, struct step *s, int root)
{
	int r = make_dir(p, s, root);

	return r ? say(p, s, "make the group", r, make_remedy(r)) : 0;
}

/* After its last process the kernel needs a moment to let a group go. */
static int do_rmdir(struct cgx_plan *p, struct step *s, int root)
{
	long pause_ns = 100000, waited_ns = 0;
	int r;

	for (;;) {
		r = fs_rmdir(root, s->path);
		if (r != -EBUSY || waited_ns > 2000000000)
			break;
		nanosleep(&(struct timespec){ .tv_nsec = pause_ns }, NULL);
		waited_ns += pause_ns;
		if (pause_ns < 20000000)
			pause_ns *= 2;
	}
	if (!r || r == -ENOENT) /* gone is gone, whoever did it */
		return 0;
	return say(p, s, "remove the group", r,
		   r == -EBUSY ? "processes or groups are in it: --kill, --migrate or --recursive" : make_remedy(r));
}

/* "-1", "max" and the largest multiple of a page all mean no limit. */
static int same_value(const char *a, const char *b)
{
	const char *texts[] = { a, b };
	uint64_t n[2];

	for (int i = 0; i < 2; i++) {
		if (!strcmp(texts[i], "-1") || !strcmp(texts[i], "max"))
			n[i] = UINT64_MAX;
		else if (num_u64(texts[i], &n[i]))
			return !strcmp(a, b);
		if (n[i] >= ((uint64_t)INT64_MAX & ~0xffffull))
			n[i] = UINT64_MAX;
	}
	return n[0] == n[1];
}

static int write_at(struct cgx_plan *p, const struct step *s, const char *path, const char *text)
{
	int dir = plan_dir(p, s->h, path);

	return dir < 0 ? dir : fs_write(dir, s->file, text);
}

/* Write, keeping what was there for an undo and what the kernel made of a value that it may round. */
static int replace(struct cgx_plan *p, struct step *s)
{
	AUTO_BUF struct buf old = { 0 }, now = { 0 };
	int rounded = s->row && s->row->flags & CGX_S_ROUNDED, dir, r;

	if (!plan_has_old(p, s) && !rounded)
		return write_at(p, s, s->path, s->value);
	dir = plan_dir(p, s->h, s->path);
	r = dir < 0 ? dir : fs_swap(dir, s->file, s->value, &old, rounded ? &now : NULL);
	if (r < 0)
		return r;
	if (now.len && !same_value(now.s, s->value))
		s->kept = strdup(now.s);
	free(STEAL(s->old));
	return r && plan_has_old(p, s) ? buf_steal(&old, &s->old) : 0;
}

static int do_write(struct cgx_plan *p, struct step *s)
{
	int r = replace(p, s);
	struct group_place pl;
	struct cgx_group g;

	if (!r)
		return 0;
	g = step_group(p, s, &pl);
	r = explain_write(&g, &pl, s->name ? s->name : s->file, s->file, s->value, r);
	if (pl.fd >= 0)
		close(pl.fd);
	return r;
}

static int do_enable(struct cgx_plan *p, struct step *s)
{
	int r = write_at(p, s, s->path, s->value);
	const char *remedy = make_remedy(r);

	if (r == -EBUSY)
		remedy = "processes are in the group itself: move them away, or use --make-leaf";
	else if (r == -EOPNOTSUPP)
		remedy = "the group is threaded: only cpu, cpuset, pids and perf_event can be enabled in it";
	else if (r == -ENOENT)
		remedy = "the parent does not hand this controller down";
	return r ? say(p, s, "enable controllers in cgroup.subtree_control", r, remedy) : 0;
}

static int do_move(struct cgx_plan *p, struct step *s)
{
	AUTO_BUF struct buf object = { 0 };
	int r = write_at(p, s, s->path, s->value);
	struct group_place pl;
	struct cgx_group g;

	if (!r || (r == -ESRCH && s->optional))
		return 0;
	buf_printf(&object, "process %s", s->value);
	if (r == -ESRCH)
		return fail(p->cgx, r, buf_text(&object), "move it", "there is no such process (any more)");
	g = step_group(p, s, &pl);
	r = s->h->ops->explain_attach(p->cgx, s->h, place_open(p->cgx, &pl), g.path, r);
	if (pl.fd >= 0)
		close(pl.fd);
	return r;
}

static int change_one(struct step *s, int dir, const char *file, struct buf *was)
{
	long long uid, gid;
	unsigned mode;
	uid_t old_uid;
	gid_t old_gid;
	int r = fs_stat(dir, file, &old_uid, &old_gid, &mode);

	if (r)
		return r;
	buf_printf(was, "%u %u %o %s\n", old_uid, old_gid, mode, file);
	if (s->verb == CGX_V_CHOWN) {
		if (sscanf(s->value, "%lld:%lld", &uid, &gid) != 2)
			return -EINVAL;
		return fs_chown(dir, file, (uid_t)uid, (gid_t)gid);
	}
	return fs_chmod(dir, file, *file ? plan_within_owner((unsigned)strtoul(s->value, NULL, 8), mode)
					 : (unsigned)strtoul(s->value, NULL, 8));
}

/* Each line as change_one() wrote it; the name is the rest, and may be empty. */
static int put_back_one(int dir, char *line)
{
	unsigned uid, gid, mode;
	int at = 0, r;

	if (sscanf(line, "%u %u %o%n", &uid, &gid, &mode, &at) != 3)
		return -EINVAL;
	r = fs_chown(dir, line + at + 1, uid, gid);
	return r ? r : fs_chmod(dir, line + at + 1, mode);
}

static int put_back(struct step *s, int root)
{
	AUTO_CLOSE int dir = fs_dir(root, s->path);
	int r = dir < 0 ? dir : s->owners ? 0 : -EOPNOTSUPP;

	for (char *line = s->owners, *end; !r && *line; line = end + 1) {
		end = strchr(line, '\n');
		*end = '\0';
		r = put_back_one(dir, line);
	}
	return r;
}

static int do_change(struct cgx_plan *p, struct step *s, int root)
{
	AUTO_CLOSE int dir = fs_dir(root, s->path);
	AUTO_BUF struct buf was = { 0 };
	struct fs_list l = { 0 };
	int r = dir < 0 ? dir : 0;

	if (!r && strcmp(s->file, "*"))
		r = change_one(s, dir, s->file, &was);
	else if (!r)
		r = fs_list_files(dir, "", &l);
	for (size_t i = 0; !r && i < l.n; i++)
		r = change_one(s, dir, l.entry[i].name, &was);
	fs_list_free(&l);
	if (was.len && !plan_made_here(p, s) && buf_steal(&was, &s->owners) && !r)
		r = -ENOMEM;
	if (!r)
		return 0;
	if (s->owners)
		put_back(s, root); /* of the files before the one that failed */
	free(STEAL(s->owners));
	return say(p, s, s->verb == CGX_V_CHOWN ? "change the owner" : "change the mode", r, make_remedy(r));
}

static int do_step(struct cgx_plan *p, struct step *s)
{
	int root = hier_fd(p->cgx, s->h);

	if (root < 0)
		return root;
	switch (s->verb) {
	case CGX_V_MKDIR:
		return do_mkdir(p, s, root);
	case CGX_V_RMDIR:
		return do_rmdir(p, s, root);
	case CGX_V_WRITE:
		return do_write(p, s);
	case CGX_V_ENABLE:
		return do_enable(p, s);
	case CGX_V_CHOWN:
	case CGX_V_CHMOD:
		return do_change(p, s, root);
	case CGX_V_MOVE:
		return do_move(p, s);
	case CGX_V_KILL:
		return cgx_group_kill(s->group, 10000);
	}
	return -EINVAL;
}

/* ---- undoing ---- */

/* "+memory +pids" -> "-memory -pids" */
static int undo_enable(struct cgx_plan *p, struct step *s)
{
	AUTO_FREE char *minus = strdup(s->value);

	if (!minus)
		return -ENOMEM;
	for (char *c = minus; *c; c++)
		if (*c == '+')
			*c = '-';
	return write_at(p, s, s->path, minus);
}

static int undo_step(struct cgx_plan *p, struct step *s)
{
	int root = hier_fd(p->cgx, s->h), r;

	switch (s->verb) {
	case CGX_V_MKDIR:
		return do_rmdir(p, s, root);
	case CGX_V_WRITE:
		if (plan_made_here(p, s))
			return 0;
		return s->old ? write_at(p, s, s->path, s->old) : -EOPNOTSUPP;
	case CGX_V_ENABLE:
		return undo_enable(p, s);
	case CGX_V_MOVE:
		r = s->old ? write_at(p, s, strcmp(s->old, "/") ? s->old : "", s->value) : -EOPNOTSUPP;
		return r == -ESRCH ? 0 : r;
	case CGX_V_CHOWN:
	case CGX_V_CHMOD:
		return plan_made_here(p, s) ? 0 : put_back(s, root);
	case CGX_V_RMDIR:
	case CGX_V_KILL:
		return -EOPNOTSUPP;
	}
	return -EOPNOTSUPP;
}

/* Undo step n-1 ... 0; the number that could not be. */
static size_t undo_from(struct cgx_plan *p, size_t n)
{
	size_t lost = 0;

	while (n-- > 0) {
		struct step *s = &p->step[n];

		if (!s->done)
			continue;
		lost += undo_step(p, s) != 0;
		s->done = 0;
		free(STEAL(s->kept));
		free(STEAL(s->owners));
	}
	return lost;
}

static void keep_words(struct cgx_plan *p)
{
	struct buf error = p->cgx->error, remedy = p->cgx->remedy;
	size_t lost;

	p->cgx->error = p->cgx->remedy = (struct buf){ 0 };
	lost = undo_from(p, p->n);
	buf_free(&p->cgx->error);
	buf_free(&p->cgx->remedy);
	if (lost)
		buf_printf(&error, "; %zu earlier change%s could not be undone", lost, lost == 1 ? "" : "s");
	p->cgx->error = error;
	p->cgx->remedy = remedy;
}

static int is_final(const struct step *s)
{
	return s->verb == CGX_V_KILL || s->verb == CGX_V_RMDIR;
}

static int apply_steps(struct cgx_plan *p, int final)
{
	for (size_t i = 0; i < p->n; i++) {
		int r = p->step[i].done || is_final(&p->step[i]) != final ? 0 : do_step(p, &p->step[i]);

		if (r) {
			keep_words(p);
			return r;
		}
		p->step[i].done |= is_final(&p->step[i]) == final;
	}
	return 0;
}

/* What cannot be undone comes last, when nothing else can fail any more. */
CGX_API int cgx_plan_apply(struct cgx_plan *p)
{
	int r = apply_steps(p, 0);

	return r ? r : apply_steps(p, 1);
}

CGX_API int cgx_plan_undo(struct cgx_plan *p)
{
	size_t lost = undo_from(p, p->n);

	if (!lost)
		return 0;
	return fail(p->cgx, -EOPNOTSUPP, NULL, "undo", "%zu change%s could not be undone", lost, lost == 1 ? "" : "s");
}
