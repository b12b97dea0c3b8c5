/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-top: watch groups. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "top/feed_plain.h"
#include "top/keys.h"
#include "top/view.h"
#include "ui/frame.h"
#include "ui/message.h"

struct spec {
	struct view_how view;
	int keys;
};

static const struct opt options[] = {
	{ 'd', "delay", "TIME", OPT_USEC, offsetof(struct spec, view.delay_us), "between samples (1s)", .flags = OPT_NONZERO },
	{ 0, "read-only", NULL, OPT_FLAG, offsetof(struct spec, view.read_only), "no killing, freezing, setting" },
	{ 0, "ascii", NULL, OPT_FLAG, offsetof(struct spec, view.ascii), "draw with ASCII alone" },
	{ 0, "no-color", NULL, OPT_FLAG, offsetof(struct spec, view.no_colour), "no colours" },
	{ 0, "no-mouse", NULL, OPT_FLAG, offsetof(struct spec, view.no_mouse), "leave the mouse to the terminal" },
	{ 0, "keys", NULL, OPT_FLAG, offsetof(struct spec, keys), "print the keys of the screen" },
	OPT_END
};
static const char *const synopsis[] = { "[-d TIME] [GROUP]", NULL };
static const struct example examples[] = { { "cgx-top web", "what happens below web" }, { NULL, NULL } };

static int run(struct frame *f, void *data, int argc, char **argv)
{
	struct spec *spec = data;
	struct feed *feed;
	int r;

	if (spec->keys) {
		keys_print();
		return STATUS_DONE;
	}
	spec->view.root = argc ? argv[0] : NULL;
	r = feed_plain_open(f->cgx, "", !f->root, &feed);
	if (r < 0)
		return r;
	r = view_run(f, feed, &spec->view);
	feed_plain_close(feed);
	return r < 0 ? msg_error(f, NULL, "terminal: open: %s", strerror(-r)) : r;
}

static const struct tool tool = {
	.name = "cgx-top", .summary = "Watch groups", .synopsis = synopsis, .examples = examples, .options = options,
	.spec_size = sizeof(struct spec), .positional = { COMPLETE_GROUP }, .run = run,
};

int main(int argc, char **argv)
{
	return frame_main(&tool, argc, argv);
}
