/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgx-sandbox: full isolated containers without a daemon. The first word is a verb, each a tool of its own. */
#include <stdio.h>
#include <stdlib.h>
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
	{ "attach", &verb_attach },
	{ "stats", &verb_stats },
	{ "top", &verb_top },
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
	{ "images", &verb_images },
	{ "import", &verb_import },
	{ "cp", &verb_cp },
	{ "build", &verb_build },
	{ "rmi", &verb_rmi },
};

static int run(struct frame *f, void *data, int argc, char **argv)
{
	(void)data;
	if (!argc)
		return msg_usage(f, "no verb named");
	return msg_usage(f, "%s: no such verb", argv[0]);
}

static const char *const synopsis[] = { "VERB [options] ...", NULL };
static const struct opt none[] = { OPT_END };
static const struct example examples[] = {
	{ "cgx-sandbox run --rm -it --memory 1G / sh", "a shell that can hurt nothing of this host" },
	{ "cgx-sandbox exec web ps", "one more command in a running one" },
	{ NULL, NULL }
};
static const struct tool tool = {
	.name = "cgx-sandbox",
	.summary = "Run and look after full isolated containers, without a daemon",
	.synopsis = synopsis,
	.description = "Verbs: run, exec, attach, cp, ps, stats, top, inspect, logs, wait, stop, kill, pause, unpause, update, rm, prune; "
		       "images, import, build, rmi. "
		       "cgx-sandbox VERB --help tells about one.",
	.examples = examples,
	.options = none,
	.flags = TOOL_STOP_AT_COMMAND | TOOL_NO_CONTEXT,
	.run = run,
};

static const struct tool *find_verb(const char *word)
{
	for (size_t i = 0; word && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(word, verbs[i].word))
			return verbs[i].tool;
	return NULL;
}

/*
 * --complete -- INDEX WORD...: at the second word it is the verbs, later the verb answers for itself, over the words from
 * its own on. 1: it is answered.
 */
static int complete(int argc, char **argv, int *ret)
{
	const struct tool *verb = argc > 5 ? find_verb(argv[5]) : NULL;
	static char index[12];
	int at;

	if (argc < 5 || strcmp(argv[1], "--complete"))
		return 0;
	at = atoi(argv[3]);
	if (at == 1 && (argc < 6 || *argv[5] != '-')) {
		for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
			if (argc < 6 || !strncmp(verbs[i].word, argv[5], strlen(argv[5])))
				printf("%s\t%s\n", verbs[i].word, verbs[i].tool->summary);
		*ret = 0;
		return 1;
	}
	if (at < 2 || !verb)
		return 0;
	snprintf(index, sizeof(index), "%d", at - 1);
	argv[4] = argv[2];  /* the verb, --complete, --, INDEX, its words */
	argv[1] = (char *)verb->name;
	argv[2] = (char *)"--complete";
	argv[3] = argv[4];
	argv[4] = index;
	*ret = frame_main(verb, argc - 1, argv + 1);
	return 1;
}

int main(int argc, char **argv)
{
	const struct tool *verb;
	int r;

	if (complete(argc, argv, &r))
		return r;
	verb = argc > 1 ? find_verb(argv[1]) : NULL;
	if (!verb)
		return frame_main(&tool, argc, argv);
	argv[1] = (char *)verb->name;
	return frame_main(verb, argc - 1, argv + 1);
}
