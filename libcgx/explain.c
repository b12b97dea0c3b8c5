/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words for what cannot be read, written or translated, and why. */
#include "private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- words for what is not there ---- */

/* "web/memory.max" for words. */
void explain_object(struct buf *b, const struct cgx_group *g, const char *name)
{
	buf_printf(b, "%s/%.200s", strcmp(g->path, "/") ? g->path : "", name);
}

static int not_mounted(struct cgx_group *g, const char *name, cgx_set bit)
{
	AUTO_BUF struct buf object = { 0 };

	explain_object(&object, g, name);
	fail(g->cgx, -ENODEV, buf_text(&object), "find", "the controller %s is mounted nowhere on this host",
	     layout_bit_name(g->cgx, bit));
	advise(g->cgx, "cgx-ls --controllers shows what this host has");
	return -ENODEV;
}

/* The group's directory is there, the file is not: say which of the reasons it is. */
static int absent_file(struct cgx_group *g, struct group_place *pl, const struct setting_ref *ref, const char *name)
{
	AUTO_BUF struct buf object = { 0 }, offered = { 0 };
	cgx_set bit = setting_prefix_bit(name);
	const char *ctl = layout_bit_name(g->cgx, bit);
	const char *p, *word;
	size_t len, n;
	int enabled = 0;

	explain_object(&object, g, name);
	if (!*pl->path && ref->row && ref->row->flags & CGX_S_NOROOT) {
		fail(g->cgx, -EOPNOTSUPP, buf_text(&object), "find", "the root group never has this setting");
		advise(g->cgx, "ask a group below the root");
		return -EOPNOTSUPP;
	}
	if (pl->h->version == 2 && bit != CGX_C_CORE && !fs_read(place_open(g->cgx, pl), "cgroup.controllers", &offered)) {
		p = offered.s;
		len = strcspn(p, "\n");
		while (text_word(&p, &len, &word, &n))
			enabled |= layout_bit(g->cgx, word, n) == bit;
		if (!enabled) {
			fail(g->cgx, -ENODEV, buf_text(&object), "find",
			     "the controller %s is not enabled for this group (the parent's cgroup.subtree_control lacks it)",
			     ctl);
			advise(g->cgx, "enable it with: cgx-create -c %s %s", ctl, shell_word(g->cgx, g->path));
			return -ENODEV;
		}
	}
	fail(g->cgx, -EOPNOTSUPP, buf_text(&object), "find", ref->row ? "this kernel does not have this setting" :
	     "there is no such setting in this group");
	if (ref->row && ref->row->nearest)
		advise(g->cgx, "nearest is %s", ref->row->nearest);
	else if (!ref->row && setting_nearest(name))
		advise(g->cgx, "did you mean %s?", setting_nearest(name));
	else if (!ref->row)
		advise(g->cgx, "cgx-get %s lists what the group has; cgx-ls --settings what cgx knows",
		       shell_word(g->cgx, g->path));
	return -EOPNOTSUPP;
}

int explain_no_counterpart(struct cgx_group *g, const struct setting_ref *ref, const char *name)
{
	AUTO_BUF struct buf object = { 0 };

	explain_object(&object, g, name);
	fail(g->cgx, -EOPNOTSUPP, buf_text(&object), "translate", "cgroup v%d has nothing that says the same",
	     ref->dialect == 2 ? 1 : 2);
	if (ref->row->nearest)
		advise(g->cgx, "nearest is %s", ref->row->nearest);
	return -EOPNOTSUPP;
}

/* No place of the group carries the setting. */
int explain_no_place(struct cgx_group *g, const struct setting_ref *ref, const char *name)
{
	AUTO_BUF struct buf object = { 0 };
	cgx_set bit = setting_prefix_bit(name);

	explain_object(&object, g, name);
	if (!bit)
		bit = layout_bit(g->cgx, name, strcspn(name, "."));
	if (!bit) {
		fail(g->cgx, -ENOENT, buf_text(&object), "find", "no controller has a setting of this name");
		if (setting_nearest(name))
			advise(g->cgx, "did you mean %s?", setting_nearest(name));
		else
			advise(g->cgx, "names look like memory.max; cgx-ls --settings lists them");
		return -ENOENT;
	}
	if (bit != CGX_C_CORE && !layout_find(g->cgx, bit))
		return not_mounted(g, name, bit);
	if (ref->row && bit == CGX_C_CORE)
		return explain_no_counterpart(g, ref, name);
	fail(g->cgx, -ENOENT, buf_text(&object), "find", "the group does not exist in the hierarchy of %s",
	     layout_bit_name(g->cgx, bit));
	advise(g->cgx, "make it there, too: cgx-create -c %s %s", layout_bit_name(g->cgx, bit),
	       shell_word(g->cgx, g->path));
	return -ENOENT;
}

/* ---- reading and translating ---- */

int explain_read(struct cgx_group *g, struct group_place *pl, const struct setting_ref *ref, const char *name,
		       int err)
{
	AUTO_BUF struct buf object = { 0 };

	if (err == -ENOENT && place_open(g->cgx, pl) < 0 && place_fd(g, pl) < 0)
		return -ENOENT;
	if (err == -ENOENT && fs_exists(place_open(g->cgx, pl), pl->h->ops->procs_file) == 1)
		return absent_file(g, pl, ref, name);
	explain_object(&object, g, name);
	if (err == -ENODEV || err == -ENOENT)
		return fail(g->cgx, -ENOENT, buf_text(&object), "read", "the group has just been removed");
	if ((err == -EACCES || err == -EPERM || err == -EINVAL) && ref->row && !(ref->row->flags & CGX_S_READ)) {
		fail(g->cgx, err, buf_text(&object), "read", "this setting can only be written");
		return err;
	}
	return fail(g->cgx, err, buf_text(&object), "read", NULL);
}

int explain_codec(struct cgx_group *g, const struct setting_ref *ref, const char *name, int err)
{
	AUTO_BUF struct buf object = { 0 };

	if (err == -ENOMEM)
		return err;
	if (err == -EOPNOTSUPP)
		return explain_no_counterpart(g, ref, name);
	explain_object(&object, g, name);
	if (err == -ENODATA && ref->row->with)
		return fail(g->cgx, err, buf_text(&object), "translate", "%s is needed for that and cannot be read",
			    ref->row->with);
	return fail(g->cgx, err, buf_text(&object), "translate", err == -EBADMSG ?
		    "the kernel's text was not understood" : "%s", strerror(-err));
}

/* ---- writing ---- */

/* "64.0M" for words; exact for small numbers. */
static void put_size(struct buf *b, uint64_t n)
{
	static const char units[] = "KMGTPE";
	double v = (double)n;
	int i = -1;

	while (v >= 1024 && units[i + 1]) {
		v /= 1024;
		i++;
	}
	if (i < 0)
		buf_printf(b, "%llu", (unsigned long long)n);
	else
		buf_printf(b, "%.1f%c", v, units[i]);
}

static void explain_busy_memory(struct cgx_group *g, const char *object, const char *action, const char *name, int err)
{
	AUTO_BUF struct buf used = { 0 };
	uint64_t usage;
	int swap = strstr(name, "memsw") || strstr(name, "swap");

	if (cgx_get_u64(g, swap ? "memory.memsw.usage_in_bytes" : "memory.current", &usage)) {
		fail(g->cgx, err, object, action, NULL);
		return;
	}
	put_size(&used, usage);
	fail(g->cgx, err, object, action, "%s: the group uses %s and the kernel could not reclaim the rest", strerror(-err),
	     buf_text(&used));
	advise(g->cgx, "choose a limit above %s, or end a process of the group first (cgx-ls -p %s shows them)",
	       buf_text(&used), shell_word(g->cgx, g->path));
}

static void explain_denied(struct cgx_group *g, struct group_place *pl, const char *object, const char *action,
			   const char *file, int err)
{
	uid_t uid;
	unsigned mode;

	fail(g->cgx, err, object, action, NULL);
	if (fs_stat(place_open(g->cgx, pl), file, &uid, NULL, &mode))
		return;
	if (!(mode & 0222))
		advise(g->cgx, "the kernel lets nobody write this setting");
	else if (uid != geteuid())
		advise(g->cgx, "the file belongs to uid %u (mode %04o): be that user or root, or have the group delegated to you",
		       (unsigned)uid, mode);
}

int explain_write(struct cgx_group *g, struct group_place *pl, const char *name, const char *file,
			const char *text, int err)
{
	AUTO_BUF struct buf object = { 0 }, action = { 0 };
	struct setting_ref ref;

	setting_lookup(name, &ref);
	explain_object(&object, g, name);
	buf_printf(&action, "write %.200s", text);
	if (strcmp(name, file))
		buf_printf(&action, " to %s", file);
	if (err == -EBUSY && !strncmp(file, "memory.", 7))
		explain_busy_memory(g, buf_text(&object), buf_text(&action), file, err);
	else if (err == -EACCES || err == -EPERM)
		explain_denied(g, pl, buf_text(&object), buf_text(&action), file, err);
	else if (err == -ENODEV && fs_exists(place_open(g->cgx, pl), file) != 1)
		fail(g->cgx, err = -ENOENT, buf_text(&object), buf_text(&action), "the group has just been removed");
	else if (err == -ENODEV)
		fail(g->cgx, err, buf_text(&object), buf_text(&action), "there is no such device");
	else if (err == -ENOENT)
		err = explain_read(g, pl, &ref, name, err);
	else if (err == -EROFS) {
		fail(g->cgx, err, buf_text(&object), buf_text(&action), NULL);
		advise(g->cgx, "%s is mounted read-only here", pl->h->mounts[0]);
	} else {
		fail(g->cgx, err, buf_text(&object), buf_text(&action), "%s: the kernel refuses this value",
		     strerror(-err));
		if (ref.row)
			advise(g->cgx, "%s: %s", name, ref.row->help);
	}
	return err;
}
