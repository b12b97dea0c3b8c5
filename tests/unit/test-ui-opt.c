/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The option parser: GNU manners, types, personalities, words about what is wrong. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "libcgx/util/distance.h"
#include "tools/ui/nearest.h"
#include "tools/ui/opt.h"

struct spec {
	int all, quiet, verbose, n, sort;
	unsigned bits, mode;
	const char *file, *colour;
	struct strings names;
	uint64_t memory, interval, count;
	char called[64];
};

static int call(void *data, const struct opt *row, const char *text, struct buf *why)
{
	struct spec *s = data;

	if (text && !strcmp(text, "bad")) {
		buf_puts(why, "not a thing");
		return -EINVAL;
	}
	if (text && !strcmp(text, "denied"))
		return -EACCES;
	strcat(s->called, row->name);
	strcat(s->called, text ? text : "(none)");
	return 0;
}

static const char *const sorts[] = { "name", "number", "memory", NULL };

#define AT(field) offsetof(struct spec, field)
static const struct opt rows[] = {
	{ 'a', "all", NULL, OPT_FLAG, AT(all), "everything" },
	{ 'q', "quiet", NULL, OPT_FLAG, AT(quiet), "say less", .value = 7 },
	{ 'v', "verbose", NULL, OPT_COUNT, AT(verbose), "say more" },
	{ 0, "left", NULL, OPT_BIT, AT(bits), "left", .value = 1 },
	{ 0, "right", NULL, OPT_BIT, AT(bits), "right", .value = 4 },
	{ 'f', "file", "FILE", OPT_STRING, AT(file), "file", COMPLETE_FILE },
	{ 0, "colour", "WHEN", OPT_STRING, AT(colour), "colour", .flags = OPT_OPTIONAL },
	{ 'r', "variable", "NAME", OPT_STRINGS, AT(names), "name" },
	{ 'g', NULL, "NAME", OPT_STRINGS, AT(names), "group" },
	{ 'm', "memory", "SIZE", OPT_BYTES, AT(memory), "size", .flags = OPT_MAX },
	{ 0, "memory-swap", "SIZE", OPT_BYTES, AT(memory), "size" },
	{ 'i', "interval", "TIME", OPT_USEC, AT(interval), "time", .flags = OPT_NONZERO },
	{ 'c', "count", "N", OPT_U64, AT(count), "count" },
	{ 'n', "number", "N", OPT_INT, AT(n), "number" },
	{ 'd', "mode", "MODE", OPT_OCTAL, AT(mode), "mode" },
	{ 's', "sort", "KEY", OPT_ENUM, AT(sort), "sort", .choices = sorts },
	{ 'x', "call", "X", OPT_CALL, 0, "call", .call = call },
	{ 0, "maybe", "X", OPT_CALL, 0, "call", .call = call, .flags = OPT_OPTIONAL },
	{ 0, "secret", NULL, OPT_FLAG, AT(all), "hidden", .flags = OPT_HIDDEN, .value = 99 },
	{ 'o', "only-own", NULL, OPT_FLAG, AT(all), "native", .who = WHO_NATIVE, .value = 11 },
	{ 'o', "only-compat", NULL, OPT_FLAG, AT(all), "compat", .who = WHO(2), .value = 22 },
	OPT_END
};

struct frame_like {
	int json;
	int all;
};
static const struct opt common_rows[] = {
	{ 0, "json", NULL, OPT_FLAG, offsetof(struct frame_like, json), "json" },
	{ 'a', "all", NULL, OPT_FLAG, offsetof(struct frame_like, all), "shadowed" },
	OPT_END
};

struct parsed {
	struct spec s;
	struct frame_like common;
	char *argv[16];
	struct buf why;
	int r;
};

static void parse_as(struct parsed *p, unsigned who, unsigned flags, char *const *words)
{
	int argc = 0;

	*p = (struct parsed){ .s = { .sort = -1, .memory = OPT_UNSET } };
	p->argv[argc++] = (char *)"tool";
	while (*words)
		p->argv[argc++] = *words++;
	p->r = opt_parse((struct opt_sheet[]){ { rows, &p->s, who }, { common_rows, &p->common, 0 } }, 2,
			 flags, argc, p->argv, &p->why);
}

static void done(struct parsed *p)
{
	opt_release(rows, &p->s);
	buf_free(&p->why);
}

#define PARSE(p, ...) parse_as(p, WHO_NATIVE, 0, (char *const *)(const char *const[]){ __VA_ARGS__ __VA_OPT__(,) NULL })
#define PARSE_STOP(p, ...) parse_as(p, WHO_NATIVE, OPT_STOP, (char *const *)(const char *const[]){ __VA_ARGS__, NULL })
#define GOOD(p, words) do { assert_string_equal(buf_text(&(p)->why), ""); \
	assert_int_equal((p)->r, words); assert_null((p)->argv[words]); } while (0)
#define WRONG(text, ...) do { struct parsed w; PARSE(&w, __VA_ARGS__); \
	assert_int_equal(w.r, -EINVAL); assert_string_equal(buf_text(&w.why), text); done(&w); } while (0)

static void test_flags(void **state)
{
	struct parsed p;

	(void)state;
	PARSE(&p);
	GOOD(&p, 0);
	PARSE(&p, "-aqvv", "--verbose", "--left", "--right");
	GOOD(&p, 0);
	assert_int_equal(p.s.all, 1);
	assert_int_equal(p.s.quiet, 7);
	assert_int_equal(p.s.verbose, 3);
	assert_int_equal(p.s.bits, 5);
	assert_int_equal(p.common.all, 0);
}

static void test_argument_forms(void **state)
{
	static const struct {
		const char *words[3];
	} forms[] = {
		{ { "-fX" } }, { { "-f", "X" } }, { { "--file=X" } }, { { "--file", "X" } },
		{ { "--fi", "X" } }, { { "--fi=X" } }, { { "-afX" } }, { { "-af", "X" } },
	};
	struct parsed p;

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		parse_as(&p, WHO_NATIVE, 0, (char *const *)forms[i].words);
		GOOD(&p, 0);
		assert_string_equal(p.s.file, "X");
	}
	PARSE(&p, "--file=");
	assert_string_equal(p.s.file, "");
	PARSE(&p, "--file", "--all");
	assert_string_equal(p.s.file, "--all");
	assert_int_equal(p.s.all, 0);
	PARSE(&p, "--file=a=b", "-f", "c");
	assert_string_equal(p.s.file, "c");
}

static void test_words(void **state)
{
	struct parsed p;

	(void)state;
	PARSE(&p, "one", "-a", "-", "--file", "f", "two", "--", "-v", "--");
	GOOD(&p, 5);
	assert_string_equal(p.argv[0], "one");
	assert_string_equal(p.argv[1], "-");
	assert_string_equal(p.argv[2], "two");
	assert_string_equal(p.argv[3], "-v");
	assert_string_equal(p.argv[4], "--");
	assert_int_equal(p.s.verbose, 0);

	PARSE_STOP(&p, "-a", "cmd", "-v", "--", "x");
	GOOD(&p, 4);
	assert_string_equal(p.argv[2], "--");
	assert_int_equal(p.s.verbose, 0);
	PARSE_STOP(&p, "-a", "--", "-v");
	GOOD(&p, 1);
	assert_string_equal(p.argv[0], "-v");
}

static void test_lists(void **state)
{
	struct parsed p;

	(void)state;
	PARSE(&p, "-rA", "w", "-g", "B", "--variable=C", "-r", "D");
	GOOD(&p, 1);
	assert_int_equal(p.s.names.n, 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(p.s.names.v[i][0], 'A' + (int)i);
	assert_null(p.s.names.v[4]);
	done(&p);
	assert_int_equal(p.s.names.n, 0);
}

static void test_numbers(void **state)
{
	struct parsed p;

	(void)state;
	PARSE(&p, "-m", "1.5G", "-i250ms", "-c", "18446744073709551615", "-n-5", "-d", "0755");
	GOOD(&p, 0);
	assert_true(p.s.memory == 1610612736);
	assert_true(p.s.interval == 250000);
	assert_true(p.s.count == UINT64_MAX);
	assert_int_equal(p.s.n, -5);
	assert_int_equal(p.s.mode, 0755);
	PARSE(&p, "--memory=max");
	assert_true(p.s.memory == UINT64_MAX);
	PARSE(&p, "-a");
	assert_true(p.s.memory == OPT_UNSET);
}

static void test_wrong_numbers(void **state)
{
	(void)state;
	WRONG("--memory 10X: not a size; sizes are digits with K, M, G or T behind (64M, 1.5G); or max",
	      "--memory", "10X");
	WRONG("-m -5: not a size; sizes are digits with K, M, G or T behind (64M, 1.5G); or max", "-m-5");
	WRONG("--memory 99999999999T: too large; or max", "--memory=99999999999T");
	WRONG("--memory-swap max: not a size; sizes are digits with K, M, G or T behind (64M, 1.5G)",
	      "--memory-swap=max");
	WRONG("-i 5x: not a time; times are digits with us, ms, s, m, h or d behind (250ms, 5m)", "-i5x");
	WRONG("-i 0: must not be 0", "-i0");
	WRONG("--count 1x: not a whole number", "--count=1x");
	WRONG("--count '': not a whole number", "--count=");
	WRONG("-n 2147483648: too large", "-n2147483648");
	WRONG("-d 0: not a mode; modes are octal digits, 1 to 7777 (644, 0755)", "-d0");
	WRONG("-d 9: not a mode; modes are octal digits, 1 to 7777 (644, 0755)", "-d9");
	WRONG("-d 10000: not a mode; modes are octal digits, 1 to 7777 (644, 0755)", "-d10000");
}

static void test_choices(void **state)
{
	struct parsed p;

	(void)state;
	PARSE(&p, "--sort", "memory");
	assert_int_equal(p.s.sort, 2);
	PARSE(&p, "-sm");
	assert_int_equal(p.s.sort, 2);
	WRONG("-s n: not one of name, number or memory", "-sn");
	WRONG("--sort size: not one of name, number or memory", "--sort=size");
	WRONG("--sort '': not one of name, number or memory", "--sort=");
}

static void test_optional_and_callback(void **state)
{
	struct parsed p;

	(void)state;
	PARSE(&p, "--colour", "x");
	GOOD(&p, 1);
	assert_string_equal(p.s.colour, "");
	PARSE(&p, "--colour=x", "--maybe", "-xY", "--maybe=1");
	GOOD(&p, 0);
	assert_string_equal(p.s.colour, "x");
	assert_string_equal(p.s.called, "maybe(none)callYmaybe1");
	WRONG("-x bad: not a thing", "-xbad");
	WRONG("--call denied: Permission denied", "--call=denied");
}

static void test_unknown(void **state)
{
	(void)state;
	WRONG("--memroy: no such option; did you mean --memory?", "--memroy");
	WRONG("--memroy: no such option; did you mean --memory?", "--memroy=5M");
	WRONG("--jsno: no such option; did you mean --json?", "--jsno");
	WRONG("--entirely-other: no such option", "--entirely-other");
	WRONG("--secert: no such option", "--secert");
	WRONG("--: no such option", "--=x");
	WRONG("-Z: no such option", "-aZ");
	WRONG("--me: could be --memory or --memory-swap", "--me", "1");
	WRONG("--all: takes no argument", "--all=1");
	WRONG("--file: needs FILE behind it", "--file");
	WRONG("-f: needs FILE behind it", "-af");
}

static void test_beginnings(void **state)
{
	struct parsed p;

	(void)state;
	PARSE(&p, "--memory", "1K");
	GOOD(&p, 0);
	PARSE(&p, "--al", "--js");
	GOOD(&p, 0);
	assert_int_equal(p.s.all, 1);
	assert_int_equal(p.common.json, 1);
	PARSE(&p, "--secret");
	assert_int_equal(p.s.all, 99);
	WRONG("--secre: no such option", "--secre");
}

static void test_personalities(void **state)
{
	struct parsed p;

	(void)state;
	PARSE(&p, "-o");
	assert_int_equal(p.s.all, 11);
	parse_as(&p, WHO(2), 0, (char *const[]){ (char *)"-o", NULL });
	assert_int_equal(p.s.all, 22);
	parse_as(&p, WHO(3), 0, (char *const[]){ (char *)"-o", NULL });
	assert_int_equal(p.r, -EINVAL);
	done(&p);
	parse_as(&p, WHO(2), 0, (char *const[]){ (char *)"--only", NULL });
	assert_int_equal(p.s.all, 22);
}

static void test_distance(void **state)
{
	struct nearest n;

	(void)state;
	assert_int_equal(distance("", 0, "abc", 3, 9), 3);
	assert_int_equal(distance("abc", 3, "abc", 3, 9), 0);
	assert_int_equal(distance("abdc", 4, "abcd", 4, 9), 1);
	for (size_t limit = 0; limit < 9; limit++) {
		assert_int_equal(distance("kitten", 6, "sitting", 7, limit), limit < 3 ? limit : 3);
		assert_int_equal(distance("badcfe", 6, "abcdef", 6, limit), limit < 3 ? limit : 3);
		assert_int_equal(distance("memory.max", 10, "pids.peak", 9, limit), limit < 8 ? limit : 8);
	}
	nearest_begin(&n, "memory.mx", 9);
	nearest_offer(&n, "memory.min");
	nearest_offer(&n, "memory.max");
	nearest_offer(&n, "pids.max");
	assert_string_equal(n.best, "memory.max");
	nearest_begin(&n, "x", 1);
	nearest_offer(&n, "y");
	assert_null(n.best);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags), cmocka_unit_test(test_argument_forms),
		cmocka_unit_test(test_words), cmocka_unit_test(test_lists),
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_wrong_numbers),
		cmocka_unit_test(test_choices), cmocka_unit_test(test_optional_and_callback),
		cmocka_unit_test(test_unknown), cmocka_unit_test(test_beginnings),
		cmocka_unit_test(test_personalities), cmocka_unit_test(test_distance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
