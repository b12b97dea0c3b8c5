/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The root of a sandbox that has ended. */
#include "sandbox/stopped.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/layer.h"
#include "sandbox/rootfs.h"
#include "ui/message.h"
#include "util/buf.h"
#include "util/cleanup.h"

/* So long another cp, or a monitor that is about to go, is waited for. */
enum { TURN_MS = 10000, LOOK_MS = 20 };

/* What it wrote is there; or it could write nothing. */
static int check(const struct frame *f, const struct state *s)
{
	if (s->status != SANDBOX_EXITED)
		return msg_error(f, "try again when it runs: cgx-sandbox ps lists those", "%s: copy: it is being started again", s->name);
	if (geteuid())
		return msg_error(f, "copy while it runs", "%s: copy: it has ended, and of an ordinary user's nothing is kept then", s->name);
	if (!s->layers.n && s->root && !strcmp(s->root, "/"))
		return msg_error(f, "copy while it runs, or show it a volume to write to: -v DIR:/out",
				 "%s: copy: it has ended, and what it wrote over this host's own tree is not kept", s->name);
	if (!s->layers.n && (!s->root || *s->root != '/'))
		return msg_error(f, "copy while it runs", "%s: copy: it has ended, and what its root was made of is not known", s->name);
	if (!s->read_only && !layer_is_kept(s->name))
		return msg_error(f, "copy while it runs, or show it a volume to write to: -v DIR:/out",
				 "%s: copy: it has ended, and what it wrote was not kept", s->name);
	return 0;
}

static int take_turn(const struct frame *f, struct state *s)
{
	int r = state_lock(s);

	for (int ms = 0; r == -EAGAIN && ms < TURN_MS; ms += LOOK_MS) {
		usleep(LOOK_MS * 1000);
		r = state_lock(s);
	}
	if (r == -EAGAIN)
		return msg_error(f, "try again when that is over", "%s: copy: another command is at it", s->name);
	return r ? msg_errno(f, r, s->name, "lock its state") : 0;
}

static int hold_layers(const struct frame *f, const struct state *s, struct words *lower, struct root *held)
{
	AUTO_BUF struct buf why = { 0 }, remedy = { 0 };
	const struct failure failure = { &why, &remedy };
	const struct image image = { .layers = s->layers };
	struct store store;
	int r = store_open(&store, 0, &failure);

	if (!r)
		r = root_hold(&store, &image, lower, held);
	if (r == -ENOENT) {
		buf_reset(&remedy);
		buf_puts(&remedy, "its image was removed, or there is another of that name: a copy takes the image that it ran on");
	}
	store_close(&store);
	return r ? msg_error(f, remedy.len ? buf_text(&remedy) : NULL, "%s: copy: %s", s->name, why.len ? buf_text(&why) : strerror(-r)) : 0;
}

static int show(const struct frame *f, const struct state *s, struct sandbox_spec *spec, int *ret)
{
	AUTO_BUF struct buf layer = { 0 };
	struct launch l;
	int r;

	buf_printf(&layer, "%s/%s", LAYERS, s->name);
	if (layer.err)
		return msg_errno(f, layer.err, s->name, "copy");
	launch_init(&l, spec, f->cgx);
	l.dir = s->dir;
	l.id_count = s->id_count;
	l.keep_layer = 1;
	l.layer_dir = buf_text(&layer);
	r = rootfs_show(&l, ret);
	if (r)
		r = msg_error(f, l.remedy.len ? buf_text(&l.remedy) : NULL, "%s: copy: %s", s->name, buf_text(&l.words));
	rootfs_close(&l);
	buf_free(&l.words);
	buf_free(&l.remedy);
	return r;
}

int stopped_open(const struct frame *f, struct state *s, struct root *ret_held, int *ret)
{
	struct sandbox_spec spec;
	int r = check(f, s);

	if (!r)
		r = take_turn(f, s);
	if (r)
		return r;
	spec_init(&spec);
	spec.name = strdup(s->name);
	spec.root = s->layers.n ? NULL : strdup(s->root);
	spec.read_only = s->read_only;
	if (!spec.name || (!s->layers.n && !spec.root))
		r = msg_errno(f, ENOMEM, s->name, "copy");
	if (!r && s->layers.n)
		r = hold_layers(f, s, &spec.lower, ret_held);
	if (!r)
		r = show(f, s, &spec, ret);
	spec_free(&spec);
	return r;
}
