/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The frame with a fake tool: help, exit statuses, personalities, messages, a full disk, completion. */
#include "test-ui-run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "tools/ui/help.h"
#include "tools/ui/message.h"
#include "tools/ui/table.h"

struct spec {
	int all, what, kind;
	struct strings names;
	uint64_t memory;
};

enum { DO_NOTHING, DO_SHOW, DO_FAIL, DO_WARN, DO_USAGE, DO_MUCH };
static const char *const things[] = { "nothing", "show", "fail", "warn", "usage", "much", NULL };

static int run(struct frame *f, void *data, int argc, char **argv)
{
	struct spec *s = data;

	switch (s->what) {
	case DO_SHOW:
		printf("%s like=%u all=%d json=%d dry=%d memory=%d root=%s", f->called_as, f->like, s->all,
		       f->json, f->dry_run, (int)s->memory, f->root ? f->root : "(none)");
		for (int i = 0; i < argc; i++)
			printf(" [%s]", argv[i]);
		putchar('\n');
		return argv[argc] ? 99 : 0;
	case DO_FAIL:
		return msg_error(f, "ask somebody", "%s: %s: no", "we\nb", "op\033en");
	case DO_WARN:
		msg_warn(f, "careful");
		msg_note(f, "by the way");
		return msg_errno(f, -EBUSY, "web", "remove");
	case DO_USAGE:
		return msg_usage(f, "a group is needed");
	case DO_MUCH:
		for (int i = 0; i < 20000; i++)
			puts("a line that fills a pipe or a disk");
		return 0;
	default:
		return 0;
	}
}

static const struct opt options[] = {
	{ 'a', "all", NULL, OPT_FLAG, offsetof(struct spec, all), "everything there is" },
	{ 'r', "variable", "NAME", OPT_STRINGS, offsetof(struct spec, names),
	  "show this setting, which may also be the pattern of several settings, each once",
	  .complete = COMPLETE_SETTING },
	{ 0, "memory", "SIZE", OPT_BYTES, offsetof(struct spec, memory), "hold it below SIZE" },
	{ 0, "do", "THING", OPT_ENUM, offsetof(struct spec, what), "what to do", .choices = things },
	{ 'k', NULL, "KIND", OPT_INT, offsetof(struct spec, kind), "as libcgroup has it", .who = WHO(3) },
	{ 0, "a-very-long-option-indeed", "ARGUMENT", OPT_STRING, 0, "so long that it has its own line",
	  .who = WHO_NATIVE },
	{ 0, "secret", NULL, OPT_FLAG, offsetof(struct spec, all), "hidden", .flags = OPT_HIDDEN },
	OPT_END
};
static const struct column columns[] = {
	{ "NAME", COLUMN_SHOWN, .help = "of the group" },
	{ "PROCS", COLUMN_RIGHT, COLUMN_NUMBER, .help = "processes" },
	COLUMN_END
};
static const char *const synopsis[] = { "[OPTION]... GROUP...", "-r NAME=VALUE [GROUP]", NULL };
static const char *const old_synopsis[] = { "[-a] GROUP", NULL };
static const struct example examples[] = {
	{ "cgx-fake web", "everything about web" },
	{ "cgx-fake -r memory.max -r pids.max web db cache queue", "two settings of four groups at once" },
	{ NULL, NULL }
};
static const struct compat compat[] = {
	{ "cgfake", 3, old_synopsis, "Do it in the old way" }, { NULL }
};
static const struct spec defaults = { .memory = 7 };
static const struct tool tool = {
	.name = "cgx-fake", .summary = "Do nothing in many ways", .synopsis = synopsis,
	.description = "A tool that stands for all of them. Its description is long enough to be wrapped, because "
		       "a screen is only eighty columns wide, and has no end of words.",
	.examples = examples, .options = options, .columns = columns, .spec_size = sizeof(struct spec),
	.defaults = &defaults, .flags = TOOL_NO_CONTEXT | TOOL_DATA | TOOL_CHANGES, .compat = compat,
	.positional = { COMPLETE_FILE, COMPLETE_COMMAND }, .run = run,
};
static const struct tool runner = {
	.name = "cgx-run", .summary = "Run a command", .synopsis = synopsis, .options = options,
	.spec_size = sizeof(struct spec), .run = run, .positional = { COMPLETE_COMMAND },
	.flags = TOOL_NO_CONTEXT | TOOL_STOP_AT_COMMAND | TOOL_RUNS_COMMAND,
};
static const struct tool opener = {
	.name = "cgx-open", .summary = "Open", .synopsis = synopsis, .options = options,
	.spec_size = sizeof(struct spec), .run = run,
};

static void check_screen(const char *text)
{
	int lines = 0;

	for (const char *end; (end = strchr(text, '\n')); text = end + 1, lines++)
		assert_in_range(end - text, 0, 80);
	assert_in_range(lines, 5, 40);
	assert_string_equal(text, "");
}

static void test_help(void **state)
{
	const struct caught *c = RUN(&tool, "/usr/bin/cgx-fake", "--help");

	(void)state;
	assert_int_equal(c->status, 0);
	assert_string_equal(c->err, "");
	check_screen(c->out);
	assert_non_null(strstr(c->out, "Usage: cgx-fake [OPTION]... GROUP...\n       cgx-fake -r NAME=VALUE"));
	assert_non_null(strstr(c->out, "Do nothing in many ways.\n"));
	assert_non_null(strstr(c->out, "\n  -a, --all "));
	assert_non_null(strstr(c->out, "\n  -r, --variable NAME "));
	assert_non_null(strstr(c->out, "\n      --dry-run "));
	assert_non_null(strstr(c->out, "\nColumns: NAME PROCS\n"));
	assert_non_null(strstr(c->out, "\nExamples:\n  cgx-fake web "));
	assert_null(strstr(c->out, "secret"));
	assert_null(strstr(c->out, "-k "));
}

static void test_help_of_a_link(void **state)
{
	const struct caught *c = RUN(&tool, "cgfake", "-h");

	(void)state;
	check_screen(c->out);
	assert_non_null(strstr(c->out, "Usage: cgfake [-a] GROUP\nDo it in the old way.\n"));
	assert_non_null(strstr(c->out, "\n  -k KIND "));
	assert_null(strstr(c->out, "a-very-long"));
	assert_null(strstr(c->out, "--output"));
}

static void test_version(void **state)
{
	(void)state;
	assert_int_equal(strncmp(RUN(&tool, "cgx-fake", "-V")->out, "cgx-fake (cgx) ", 15), 0);
}

static void test_run(void **state)
{
	const struct caught *c = RUN(&tool, "lt-cgx-fake", "x", "--do=show", "--json", "--dry", "--root", "/r", "y");

	(void)state;
	assert_string_equal(c->out, "cgx-fake like=0 all=0 json=1 dry=1 memory=7 root=/r [x] [y]\n");
	assert_int_equal(c->status, 0);
	c = RUN(&tool, "./cgfake", "--do=show", "-k3", "--mem", "1K");
	assert_string_equal(c->out, "cgfake like=3 all=0 json=0 dry=0 memory=1024 root=(none)\n");
	c = RUN(&runner, "cgx-run", "--do=show", "-a", "ls", "-a", "--help");
	assert_string_equal(c->out, "cgx-run like=0 all=1 json=0 dry=0 memory=0 root=(none) [ls] [-a] [--help]\n");
}

static void set_root(void)
{
	setenv("CGX_ROOT", "/from/environment", 1);
}

static void set_empty_root(void)
{
	setenv("CGX_ROOT", "", 1);
}

static void test_root(void **state)
{
	(void)state;
	assert_non_null(strstr(RUN_AFTER(set_root, &tool, "t", "--do=show")->out, "root=/from/environment"));
	assert_non_null(strstr(RUN_AFTER(set_root, &tool, "t", "--do=show", "--root=/o")->out, "root=/o"));
	assert_non_null(strstr(RUN_AFTER(set_empty_root, &tool, "t", "--do=show")->out, "root=(none)"));
	assert_string_equal(RUN(&opener, "cgx-open", "--root=/no/such")->err,
			    "cgx-open: /no/such: open: No such file or directory\n"
			    "  the root must hold proc/self/mountinfo\n");
	assert_int_equal(RUN(&opener, "cgx-open", "--root=/no/such")->status, 1);
}

static void test_usage(void **state)
{
	const struct caught *c = RUN(&tool, "cgx-fake", "--memry=5");

	(void)state;
	assert_int_equal(c->status, 2);
	assert_string_equal(c->out, "");
	assert_string_equal(c->err, "cgx-fake: --memry: no such option; did you mean --memory?\n"
				    "  Try 'cgx-fake --help'\n");
	c = RUN(&tool, "cgx-fake", "--do=usage");
	assert_int_equal(c->status, 2);
	assert_string_equal(c->err, "cgx-fake: a group is needed\n  Try 'cgx-fake --help'\n");
	assert_int_equal(RUN(&runner, "cgx-run", "--do=usage")->status, 125);
	assert_int_equal(RUN(&runner, "cgx-run", "--nix")->status, 125);
	assert_int_equal(RUN(&tool, "cgx-fake", "-k3")->status, 2);
	c = RUN(&tool, "cgx-fake", "-o", "NAME,PROC");
	assert_int_equal(c->status, 2);
	assert_non_null(strstr(c->err, "PROC: no such column; did you mean PROCS?"));
	assert_non_null(strstr(RUN(&tool, "cgx-fake", "--sort=-zz")->err, "zz: no such column; -o help lists them"));
	assert_non_null(strstr(RUN(&tool, "cgx-fake", "-o", "help")->out, "PROCS  number   processes\n"));
}

static void test_messages(void **state)
{
	const struct caught *c = RUN(&tool, "cgx-fake", "--do=fail");

	(void)state;
	assert_int_equal(c->status, 1);
	assert_string_equal(c->err, "cgx-fake: we\\x0ab: op\\x1ben: no\n  ask somebody\n");
	c = RUN(&tool, "cgx-fake", "--do=warn");
	assert_int_equal(c->status, 1);
	assert_string_equal(c->err, "cgx-fake: warning: careful\ncgx-fake: note: by the way\n"
				    "cgx-fake: web: remove: Device or resource busy\n");
	assert_int_equal(RUN(&runner, "cgx-run", "--do=fail")->status, 125);
}

static void full_disk(void)
{
	dup2(open("/dev/full", O_WRONLY), 1);
}

static void closed_stdout(void)
{
	close(1);
}

static void gone_reader(void)
{
	int p[2];

	if (pipe(p))
		_exit(77);
	close(p[0]);
	dup2(p[1], 1);
}

static void gone_reader_ignored(void)
{
	signal(SIGPIPE, SIG_IGN);
	gone_reader();
}

static void test_full_disk(void **state)
{
	static const char told[] = "cgx-fake: standard output: write: No space left on device\n";
	const struct caught *c = RUN_AFTER(full_disk, &tool, "cgx-fake", "--do=show");

	(void)state;
	assert_int_equal(c->status, 1);
	assert_string_equal(c->err, told);
	c = RUN_AFTER(full_disk, &tool, "cgx-fake", "--do=much");
	assert_int_equal(c->status, 1);
	assert_string_equal(c->err, told);
	assert_int_equal(RUN_AFTER(full_disk, &tool, "cgx-fake", "--help")->status, 1);
	assert_int_equal(RUN_AFTER(full_disk, &tool, "cgx-fake")->status, 0);
}

static void test_closed_stdout(void **state)
{
	const struct caught *c = RUN_AFTER(closed_stdout, &tool, "cgx-fake", "--do=show");

	(void)state;
	assert_int_equal(c->status, 1);
	assert_string_equal(c->err, "cgx-fake: standard output: write: Bad file descriptor\n");
	assert_int_equal(RUN_AFTER(closed_stdout, &tool, "cgx-fake")->status, 0);
}

static void test_gone_reader(void **state)
{
	const struct caught *c = RUN_AFTER(gone_reader, &tool, "cgx-fake", "--do=much");

	(void)state;
	assert_int_equal(c->status, 128 + SIGPIPE);
	c = RUN_AFTER(gone_reader_ignored, &tool, "cgx-fake", "--do=much");
	assert_int_equal(c->status, 1);
	assert_string_equal(c->err, "");
}

#define COMPLETES(t, want, ...) \
	assert_string_equal(RUN(t, (char *)(t)->name, "--complete", "--", __VA_ARGS__)->out, want)

static void test_completion(void **state)
{
	(void)state;
	COMPLETES(&tool, "--memory\thold it below SIZE\n", "1", "cgx-fake", "--me");
	COMPLETES(&tool, "show\n", "2", "cgx-fake", "--do", "s");
	COMPLETES(&tool, "--do=warn\n", "1", "cgx-fake", "--do=w");
	COMPLETES(&tool, "-oNAME,PROCS\tprocesses\n", "1", "cgx-fake", "-oNAME,P");
	COMPLETES(&tool, "-NAME\tof the group\n-PROCS\tprocesses\n", "2", "cgx-fake", "--sort", "-");
	COMPLETES(&tool, "+PROCS\tprocesses\n", "2", "cgx-fake", "-o", "+P");
	COMPLETES(&tool, "\tfiles\n", "2", "cgx-fake", "-a", "");
	COMPLETES(&tool, "\tdirs\n", "2", "cgx-fake", "--root");
	COMPLETES(&tool, "\tcommand 2\n", "2", "cgx-fake", "x", "l");
	COMPLETES(&tool, "\tcommand 4\n", "5", "cgx-fake", "-r", "n", "x", "ls", "w");
	COMPLETES(&tool, "", "1", "cgx-fake", "--secr");
	COMPLETES(&runner, "\tcommand 2\n", "3", "cgx-run", "-a", "ls", "--me");
	COMPLETES(&runner, "\tcommand 2\n", "2", "cgx-run", "--", "--me");
	COMPLETES(&tool, "", "9", "cgx-fake");
	COMPLETES(&tool, "", "x", "cgx-fake");
	COMPLETES(&tool, "", "0", "cgx-fake");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_help), cmocka_unit_test(test_help_of_a_link),
		cmocka_unit_test(test_version), cmocka_unit_test(test_run), cmocka_unit_test(test_root),
		cmocka_unit_test(test_usage), cmocka_unit_test(test_messages),
		cmocka_unit_test(test_full_disk), cmocka_unit_test(test_closed_stdout),
		cmocka_unit_test(test_gone_reader), cmocka_unit_test(test_completion),
	};

	unsetenv("CGX_ROOT");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
