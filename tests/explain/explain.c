/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* explain [--json] [FILE] - what cgx-oom-watch --explain does, alone; without FILE this machine's log. */
#include "oom/explain.h"

#include "ui/opt.h"

static int run(struct frame *f, void *spec, int argc, char **argv)
{
	(void)spec;
	return explain(f, argc ? argv[0] : NULL);
}

static const char *const synopsis[] = { "[FILE]", NULL };
static const struct opt options[] = { OPT_END };
static const struct example examples[] = { { NULL, NULL } };
static const struct tool tool = {
	.name = "explain",
	.summary = "Explain the kernel's out-of-memory reports",
	.synopsis = synopsis,
	.examples = examples,
	.options = options,
	.flags = TOOL_DATA,
	.run = run,
};

int main(int argc, char **argv)
{
	return frame_main(&tool, argc, argv);
}
