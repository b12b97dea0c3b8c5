/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables and JSON, with hostile names. */
#include "test-ui-run.h"

#include <errno.h>
#include <math.h>

#include "tools/ui/json.h"
#include "tools/ui/table.h"

struct spec {
	int tree, hostile, exact, empty;
};

enum { COL_NAME, COL_PROCS, COL_MEMORY, COL_CPU, COL_BUSY };
static const struct column columns[] = {
	[COL_NAME] = { "NAME", COLUMN_SHOWN | COLUMN_TREE, .help = "path" },
	[COL_PROCS] = { "PROCS", COLUMN_SHOWN | COLUMN_RIGHT, COLUMN_NUMBER, .help = "processes" },
	[COL_MEMORY] = { "MEMORY", COLUMN_RIGHT, COLUMN_NUMBER, .key = "memory_bytes", .help = "in use" },
	[COL_CPU] = { "CPU%", COLUMN_RIGHT, COLUMN_NUMBER, .help = "share" },
	[COL_BUSY] = { "BUSY", 0, COLUMN_BOOL, .help = "has processes" },
	COLUMN_END
};

static size_t add(struct table *t, size_t parent, const char *path, const char *name, uint64_t procs,
		  uint64_t memory)
{
	size_t row = table_row(t, parent);

	table_label(t, row, COL_NAME, path, name);
	if (table_wants(t, COL_PROCS))
		table_number(t, row, COL_PROCS, procs, UNIT_COUNT);
	table_number(t, row, COL_MEMORY, memory, UNIT_BYTES);
	table_number(t, row, COL_CPU, procs * 1000 + 50, UNIT_PERCENT);
	if (procs)
		table_bool(t, row, COL_BUSY, procs > 2);
	return row;
}

static void fill_hostile(struct table *t)
{
	char longest[256];

	memset(longest, 'x', 255);
	longest[255] = '\0';
	add(t, TABLE_TOP, "new\nline\033[2Jx", NULL, 1, 1);
	add(t, TABLE_TOP, "bad\xff" "utf8", NULL, 2, 2);
	add(t, TABLE_TOP, "back\\x2dslash\"quote/", NULL, 3, 3);
	add(t, TABLE_TOP, longest, NULL, 4, 4);
}

static int run(struct frame *f, void *data, int argc, char **argv)
{
	const struct spec *s = data;
	struct table *t;
	int r;

	(void)argc;
	(void)argv;
	if (table_new(f, columns, "groups", (s->tree ? TABLE_TREE : 0) | (s->exact ? TABLE_EXACT : 0), &t) < 0)
		return frame_failed(f);
	if (s->hostile) {
		fill_hostile(t);
	} else if (!s->empty) {
		size_t web = add(t, TABLE_TOP, "web", "web", 1, 67108864);

		add(t, web, "web/db", "db", 5, UINT64_MAX);
		add(t, web, "web/api", "api", 0, 12);
		add(t, TABLE_TOP, "zoo", "zoo", 3, (1ull << 53) + 1);
	}
	r = table_print(t);
	table_free(t);
	return r;
}

static const struct opt options[] = {
	{ 't', "tree", NULL, OPT_FLAG, offsetof(struct spec, tree), "tree" },
	{ 'x', "hostile", NULL, OPT_FLAG, offsetof(struct spec, hostile), "hostile" },
	{ 'e', "exact", NULL, OPT_FLAG, offsetof(struct spec, exact), "exact" },
	{ 'n', "empty", NULL, OPT_FLAG, offsetof(struct spec, empty), "empty" },
	OPT_END
};
static const struct tool tool = {
	.name = "cgx-fake", .summary = "List", .options = options, .columns = columns,
	.spec_size = sizeof(struct spec), .flags = TOOL_NO_CONTEXT | TOOL_DATA, .run = run,
};

#define PRINTS(want, ...) prints(RUN(&tool, "cgx-fake", __VA_ARGS__), want)

static void prints(const struct caught *c, const char *want)
{
	assert_string_equal(c->err, "");
	assert_string_equal(c->out, want);
	assert_int_equal(c->status, 0);
}

static void test_text(void **state)
{
	(void)state;
	PRINTS("NAME    PROCS\nweb         1\nweb/db      5\nweb/api     0\nzoo         3\n", "--");
	PRINTS("NAME\nweb\nweb/db\nweb/api\nzoo\n", "-o", "NAME");
	PRINTS("web\nweb/db\nweb/api\nzoo\n", "-oname", "--no-headings");
	PRINTS("web      64.0M 10.5% no\nweb/db     max 50.5% yes\nweb/api     12  0.5% -\nzoo       8.0P 30.5% yes\n",
	       "--no-headings", "-o", "name,memory,cpu%,busy");
	PRINTS("NAME              MEMORY\nweb             67108864\nweb/db               max\n"
	       "web/api               12\nzoo     9007199254740993\n", "-e", "-o", "NAME,MEMORY");
	PRINTS("", "--empty");
}

static void test_sort(void **state)
{
	(void)state;
	PRINTS("web\nweb/api\nweb/db\nzoo\n", "--no-headings", "-oNAME", "--sort=NAME");
	PRINTS("zoo\nweb/db\nweb/api\nweb\n", "--no-headings", "-oNAME", "--sort=-NAME");
	PRINTS("web/db\nzoo\nweb\nweb/api\n", "--no-headings", "-oNAME", "--sort", "-memory");
	PRINTS("web/api\nweb\nzoo\nweb/db\n", "--no-headings", "-oNAME", "--sort", "+procs");
	PRINTS("web/api\nweb\nweb/db\nzoo\n", "--no-headings", "-oNAME", "--sort", "busy");
}

static void ascii(void)
{
	setenv("LC_ALL", "C", 1);
}

static void utf8(void)
{
	setenv("LC_ALL", "C.UTF-8", 1);
}

static void test_tree(void **state)
{
	(void)state;
	assert_string_equal(RUN_AFTER(ascii, &tool, "t", "-t")->out,
			    "NAME  PROCS\nweb       1\n|-db      5\n`-api     0\nzoo       3\n");
	assert_string_equal(RUN_AFTER(utf8, &tool, "t", "-t", "--sort", "NAME", "--no-headings")->out,
			    "web       1\n\xe2\x94\x9c\xe2\x94\x80" "api     0\n"
			    "\xe2\x94\x94\xe2\x94\x80" "db      5\nzoo       3\n");
	/* A sort that puts children before parents keeps them below. */
	assert_string_equal(RUN_AFTER(ascii, &tool, "t", "-t", "--sort=-PROCS", "-oNAME")->out,
			    "NAME\nzoo\nweb\n|-db\n`-api\n");
	PRINTS("PROCS\n1\n5\n0\n3\n", "-t", "-o", "PROCS");
}

static void test_hostile(void **state)
{
	const struct caught *c;

	(void)state;
	for (int i = 0; i < 2; i++) {
		c = RUN_AFTER(i ? utf8 : ascii, &tool, "t", "-x", "-o", i ? "NAME" : "PROCS,NAME");
		assert_non_null(strstr(c->out, "new\\x0aline\\x1b[2Jx\n"));
		assert_non_null(strstr(c->out, "bad\\xffutf8\n"));
		assert_non_null(strstr(c->out, "back\\x2dslash\"quote/\n"));
		assert_non_null(strstr(c->out, "xxxxxxxxxx\n"));
	}
}

static void test_json(void **state)
{
	const struct caught *c;

	(void)state;
	PRINTS("{\n  \"groups\": [\n    {\n      \"name\": \"web/api\",\n      \"memory_bytes\": 12,\n"
	       "      \"busy\": null\n    },\n    {\n      \"name\": \"web\",\n      \"memory_bytes\": 67108864,\n"
	       "      \"busy\": false\n    },\n    {\n      \"name\": \"zoo\",\n"
	       "      \"memory_bytes\": 9007199254740993,\n      \"busy\": true\n    },\n    {\n"
	       "      \"name\": \"web/db\",\n      \"memory_bytes\": \"max\",\n      \"busy\": true\n    }\n"
	       "  ]\n}\n", "-t", "--json", "--sort=memory", "-oNAME,MEMORY,BUSY");
	c = RUN(&tool, "t", "--json", "-x", "-o+CPU%");
	assert_non_null(strstr(c->out, "\"new\\nline\\u001b[2Jx\""));
	assert_non_null(strstr(c->out, "\"bad\\\\xffutf8\""));
	assert_non_null(strstr(c->out, "\"back\\\\x2dslash\\\"quote/\""));
	assert_non_null(strstr(c->out, "\"cpu_percent\": 10.50\n"));
}

static const struct frame alone = { .tool = &tool, .called_as = "test" };

/* One line of the document, in a static buffer. */
static const char *line_of(struct json *j)
{
	static char text[4096];
	FILE *to = fmemopen(text, sizeof(text), "w");

	assert_non_null(to);
	assert_int_equal(json_write(j, to, JSON_LINE), 0);
	fclose(to);
	return text;
}

static void test_document(void **state)
{
	struct json *j;

	(void)state;
	assert_int_equal(json_new(&alone, &j), 0);
	json_open_object(j, NULL);
	json_add_u64(j, "big", UINT64_MAX);
	json_add_i64(j, "low", INT64_MIN);
	json_add_limit(j, "limit", UINT64_MAX);
	json_add_double(j, "d", 0.1, 3);
	json_add_double(j, "nan", NAN, 3);
	json_add_bool(j, "yes", 4);
	json_add_string(j, "none", NULL);
	json_add_string(j, "b\xff", "\x01\xc3\xa9\xc3");
	json_add_string_n(j, "n", "a\0b", 3);
	json_add_string(j, "s", "\\xff");
	json_add_name(j, "byte", "\xff");
	json_add_name(j, "like it", "\\xff\\x2d\\x5c");
	json_add_name(j, "no name", NULL);
	json_open_array(j, "list");
	json_add_null(j, NULL);
	json_open_object(j, NULL);
	json_close(j);
	json_close(j);
	json_close(j);
	assert_string_equal(line_of(j), "{\"big\":18446744073709551615,\"low\":-9223372036854775808,"
			    "\"limit\":\"max\",\"d\":0.100,\"nan\":null,\"yes\":true,\"none\":null,"
			    "\"b\\\\xff\":\"\\u0001\xc3\xa9\\\\xc3\",\"n\":\"a\\u0000b\",\"s\":\"\\\\xff\",\"byte\":\"\\\\xff\","
			    "\"like it\":\"\\\\x5cxff\\\\x2d\\\\x5cx5c\",\"no name\":null,\"list\":[null,{}]}\n");
	json_reset(j);
	json_add_u64(j, NULL, 1);
	assert_string_equal(line_of(j), "1\n");
	json_free(j);
	json_free(NULL);
}

/* Parts put together by the caller. */
static void test_json_parts(void **state)
{
	struct json *j;
	char *text;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	(void)state;
	assert_int_equal(json_new(&alone, &j), 0);
	fputs("[", to);
	for (int i = 0; i < 2; i++) {
		fputs(i ? "," : "", to);
		json_open_object(j, NULL);
		json_add_i64(j, "i", i);
		json_close(j);
		assert_int_equal(json_write(j, to, JSON_LINE | JSON_PART), 0);
		json_reset(j);
	}
	fputs("]", to);
	fclose(to);
	assert_string_equal(text, "[{\"i\":0},{\"i\":1}]");
	free(text);
	json_free(j);
}

static int fails(struct json *j)
{
	int r = json_write(j, stdout, JSON_LINE);

	json_reset(j);
	return r;
}

static void test_misuse(void **state)
{
	struct json *j;

	(void)state;
	assert_int_equal(json_new(&alone, &j), 0);
	assert_int_equal(fails(j), -EINVAL);
	json_open_object(j, NULL);
	assert_int_equal(fails(j), -EINVAL);
	json_open_object(j, NULL);
	json_add_string(j, NULL, "x");
	json_close(j);
	assert_int_equal(fails(j), -EINVAL);
	json_open_array(j, NULL);
	json_add_null(j, "key");
	assert_int_equal(fails(j), -EINVAL);
	json_close(j);
	assert_int_equal(fails(j), -EINVAL);
	for (int i = 0; i < 40; i++)
		json_open_array(j, NULL);
	assert_int_equal(fails(j), -EOVERFLOW);
	json_free(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text), cmocka_unit_test(test_sort), cmocka_unit_test(test_tree),
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_json),
		cmocka_unit_test(test_document), cmocka_unit_test(test_json_parts), cmocka_unit_test(test_misuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
