/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-sandbox: full isolated containers without a daemon. The first word is a verb, each a tool of its own. */
#include <stdio.h>
#include <string.h>

#include "sandbox/verbs.h"
#include "ui/message.h"

static const struct verb {
	const char *word;
	const struct tool *tool;
} verbs[] = {
	{ "run", &verb_run },
	{ "exec", &verb_exec },
	{ "ps", &verb_ps },
	{ "inspect", &verb_inspect },
	{ "logs", &verb_logs },
	{ "wait", &verb_wait },
	{ "stop", &verb_stop },
	{ "kill", &verb_kill },
	{ "pause", &verb_pause },
	{ "unpause", &verb_unpause },
	{ "update", &verb_update },
	{ "rm", &verb_rm },
	{ "prune", &verb_prune },
};

static int run(struct frame *f, void *data, int argc, char **argv)
{
	(void)data;
	if (!argc)
		return msg_usage(f, "no verb named");
	return msg_usage(f, "%s: no such verb", argv[0]);
}

static const char *const synopsis[] = { "VERB [options] ...", NULL };
static const struct tool tool = {
	.name = "cgx-sandbox",
	.summary = "Run and look after full isolated containers, without a daemon",
	.synopsis = synopsis,
	.description = "Verbs: run (start a command in a sandbox). cgx-sandbox VERB --help tells about one.",
	.flags = TOOL_STOP_AT_COMMAND | TOOL_NO_CONTEXT,
	.run = run,
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(argv[1], verbs[i].word)) {
			argv[1] = (char *)verbs[i].tool->name;
			return frame_main(verbs[i].tool, argc - 1, argv + 1);
		}
	return frame_main(&tool, argc, argv);
}
