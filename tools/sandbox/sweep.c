/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What sandboxes left whose monitor was killed. */
#include "sandbox/sweep.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exec/removal.h"
#include "sandbox/links.h"
#include "util/buf.h"
#include "util/cleanup.h"

static int remove_group(struct cgx *cgx, const char *place)
{
	const char *colon = strchr(place, ':');
	AUTO_FREE char *names = colon ? strndup(place, (size_t)(colon - place)) : NULL;
	struct cgx_group *g;
	cgx_set set = 0;
	int r;

	if (!names || strncmp(strrchr(place, '/') ? strrchr(place, '/') + 1 : colon + 1, "cgx-sandbox-", 12))
		return -EINVAL; /* nothing that was not ours */
	if (*names && cgx_set_parse(cgx, names, &set))
		return -EINVAL;
	r = cgx_group_open(cgx, colon + 1, set ? set : CGX_C_CORE, &g);
	if (r)
		return r;
	if (cgx_group_exists(g))
		r = removal_of(cgx, g, CGX_DELETE_RECURSIVE | CGX_DELETE_KILL);
	cgx_group_close(g);
	return r;
}

static void return_ids(const struct state *s)
{
	char path[4200];

	if (s->id_count <= 1)
		return;
	snprintf(path, sizeof(path), "%s/../.ids/%u", s->dir, (s->id_base - 0x60000000u) / 65536);
	unlink(path);
}

int sweep_one(struct cgx *cgx, struct state *s)
{
	int r = 0;

	for (size_t i = 0; i < s->groups.n; i++) {
		int one = remove_group(cgx, s->groups.v[i]);

		r = r ? r : one;
	}
	links_clear(s);
	return_ids(s);
	return r;
}

/* A range whose sandbox has no folder any more: the folder is made before it is leased, and removed after it is returned. */
static void sweep_ids(const char *root)
{
	AUTO_BUF struct buf dir = { 0 };
	struct dirent *e;
	DIR *d;

	buf_printf(&dir, "%s/.ids", root);
	d = opendir(buf_text(&dir));
	if (!d)
		return;
	while ((e = readdir(d))) {
		AUTO_BUF struct buf owner = { 0 };
		char name[128];
		ssize_t n = *e->d_name == '.' ? -1 : readlinkat(dirfd(d), e->d_name, name, sizeof(name) - 1);

		if (n < 0)
			continue;
		name[n] = '\0';
		buf_printf(&owner, "%s/%s", root, name);
		if (access(buf_text(&owner), F_OK) < 0 && errno == ENOENT)
			unlinkat(dirfd(d), e->d_name, 0);
	}
	closedir(d);
}

int sweep_all(struct cgx *cgx, const char *states)
{
	struct words names = { 0 };
	int r = state_list(states, &names);

	for (size_t i = 0; i < names.n; i++) {
		struct state s;

		if (!state_read(states, names.v[i], &s) && s.lock >= 0 && (s.status != SANDBOX_EXITED)) {
			sweep_one(cgx, &s);
			if (!s.keep || !s.began_us) {
				state_remove(&s);
			} else {
				s.status = SANDBOX_EXITED;
				s.signal = SIGKILL;
				words_free(&s.notes);
				words_add(&s.notes, "its monitor was killed, and it with it");
				state_append(&s);
			}
		}
		state_free(&s);
	}
	words_free(&names);
	state_sweep_new(states);
	sweep_ids(states);
	links_sweep(states);
	return r;
}
