/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Documents read, and what is none refused at its place. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ui/json_read.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

static struct json_tree *read_all(const char *text)
{
	AUTO_BUF struct buf why = { 0 };
	struct json_tree *t = NULL;

	if (json_read(text, strlen(text), &t, &why))
		fail_msg("%s: %s", text, buf_text(&why));
	return t;
}

static void test_values(void **state)
{
	struct json_tree *t = read_all(" {\"a\": [1, -2, 3.5, 1e3, true, false, null, \"x\"],\n\t\"b\": {}, \"\": []}\r\n");
	static const enum json_kind kinds[] = {
		JSON_NUMBER, JSON_NUMBER, JSON_NUMBER, JSON_NUMBER, JSON_TRUE, JSON_FALSE, JSON_NULL, JSON_STRING,
	};
	const struct json_value *top = json_top(t), *a = json_member(top, "a"), *v = a->first;

	(void)state;
	assert_int_equal(top->kind, JSON_OBJECT);
	assert_int_equal(top->n, 3);
	assert_int_equal(a->n, COUNT_OF(kinds));
	for (unsigned i = 0; i < COUNT_OF(kinds); i++, v = v->next) {
		assert_int_equal(v->kind, kinds[i]);
		assert_int_equal(v->index, i);
		assert_int_equal(v->whole, i == 0);
		assert_ptr_equal(v->up, a);
	}
	assert_null(v);
	assert_int_equal(json_member(top, "b")->line, 2);
	assert_null(json_member(top, "b")->first);
	assert_int_equal(json_member(top, "")->kind, JSON_ARRAY);
	assert_null(json_member(top, "c"));
	json_tree_free(t);
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t n;
		int whole;
	} numbers[] = {
		{ "0", 0, 1 }, { "7", 7, 1 }, { "18446744073709551615", UINT64_MAX, 1 }, { "18446744073709551616", 0, 0 },
		{ "99999999999999999999999999", 0, 0 }, { "-0", 0, 0 }, { "-1", 0, 0 }, { "1.0", 0, 0 }, { "1e0", 0, 0 },
		{ "0E-2", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		AUTO_BUF struct buf why = { 0 };
		struct json_tree *t = read_all(numbers[i].text);
		uint64_t n = 77;

		assert_int_equal(json_number(json_top(t), UINT64_MAX, &n, &why), numbers[i].whole ? 1 : -EBADMSG);
		assert_int_equal(n, numbers[i].whole ? numbers[i].n : 77);
		json_tree_free(t);
	}
}

static void test_texts(void **state)
{
	static const struct {
		const char *text, *want;
	} texts[] = {
		{ "\"\"", "" }, { "\"a\\n\\t\\\"\\\\\\/\\b\\f\\r\"", "a\n\t\"\\/\b\f\r" }, { "\"\\u0041\\u00e4\\u20AC\"", "A\u00e4\u20ac" },
		{ "\"\\ud83d\\ude00\"", "\U0001f600" }, { "\"\xc3\xa4\x7f\"", "\xc3\xa4\x7f" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct json_tree *t = read_all(texts[i].text);

		assert_string_equal(json_top(t)->text, texts[i].want);
		json_tree_free(t);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "", "line 1, column 1: the document ends too early" },
		{ "  \n ", "line 2, column 2: the document ends too early" },
		{ "{", "line 1, column 2: the document ends too early" },
		{ "[1", "line 1, column 3: the document ends too early" },
		{ "\"a", "line 1, column 3: the document ends too early" },
		{ "\"a\\", "line 1, column 4: the document ends too early" },
		{ "[1,]", "line 1, column 4: no value begins like this" },
		{ "[,1]", "line 1, column 2: no value begins like this" },
		{ "[1 2]", "line 1, column 4: a comma or ] is missing" },
		{ "{\"a\":1,}", "line 1, column 8: a key in quotes is missing" },
		{ "{a:1}", "line 1, column 2: a key in quotes is missing" },
		{ "{\"a\" 1}", "line 1, column 6: a colon is missing" },
		{ "{\"a\":1 \"b\":2}", "line 1, column 8: a comma or } is missing" },
		{ "{\"a\":1,\n\"a\":2}", "line 2: the key \"a\" is there already" },
		{ "{\"a\":1,\"\\u0061\":2}", "line 1: the key \"a\" is there already" },
		{ "[1] 2", "line 1, column 5: more behind the end of the document" },
		{ "// x", "line 1, column 1: no value begins like this" },
		{ "truth", "line 1, column 1: no value begins like this" },
		{ "trueish", "line 1, column 5: more behind the end of the document" },
		{ "NaN", "line 1, column 1: no value begins like this" },
		{ "'a'", "line 1, column 1: no value begins like this" },
		{ "01", "line 1, column 2: a number does not begin with 0" },
		{ "-", "line 1, column 2: the document ends too early" },
		{ "[-]", "line 1, column 3: a digit is missing" },
		{ "[1.]", "line 1, column 4: a digit is missing" },
		{ "[1e+]", "line 1, column 5: a digit is missing" },
		{ "[.5]", "line 1, column 2: no value begins like this" },
		{ "[+1]", "line 1, column 2: no value begins like this" },
		{ "\"a\nb\"", "line 1, column 3: a control character or the end of the line within a text" },
		{ "\"\t\"", "line 1, column 2: a control character or the end of the line within a text" },
		{ "\"\\x\"", "line 1, column 3: no escape is written like this" },
		{ "\"\\u12g4\"", "line 1, column 6: \\u needs four hexadecimal digits" },
		{ "\"\\u0000\"", "line 1, column 8: a text cannot hold NUL" },
		{ "\"\\ud83d\"", "line 1, column 8: the second half of a surrogate pair is missing" },
		{ "\"\\ud83d\\u0041\"", "line 1, column 14: the second half of a surrogate pair is missing" },
		{ "\"\\ude00\"", "line 1, column 8: the second half of a surrogate pair without the first" },
		{ "[1,\n \"\xc0\x80\"]", "line 2, column 3: this is not UTF-8" },
		{ "\xef\xbb\xbf{}", "line 1, column 1: no value begins like this" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		AUTO_BUF struct buf why = { 0 };
		struct json_tree *t = (void *)&why;
		int r = json_read(bad[i].text, strlen(bad[i].text), &t, &why);

		if (r != -EBADMSG || strcmp(buf_text(&why), bad[i].why))
			fail_msg("%s: %d, %s; want %s", bad[i].text, r, buf_text(&why), bad[i].why);
		assert_ptr_equal(t, &why);
	}
}

static void test_nul_bytes(void **state)
{
	static const char *const bad[] = { "\0", "[1]\0", "\"\0\"", "\"\\u\0000\"", "\"\\\0\"" };
	static const size_t sizes[] = { 1, 4, 3, 6, 4 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		AUTO_BUF struct buf why = { 0 };
		struct json_tree *t;

		assert_int_equal(json_read(bad[i], sizes[i], &t, &why), -EBADMSG);
	}
}

/* n times a text, in which # is i, with commas unless open is a blank. */
static void fill(struct buf *b, const char *open, unsigned n, const char *one, const char *close)
{
	buf_puts(b, open);
	for (unsigned i = 0; i < n; i++) {
		const char *hole = strchr(one, '#');

		buf_puts(b, i && *open != ' ' ? "," : "");
		buf_add(b, one, hole ? (size_t)(hole - one) : strlen(one));
		if (hole)
			buf_printf(b, "%u%s", i, hole + 1);
	}
	buf_puts(b, close);
}

/* As many as may be there are read; one more is told. */
static void test_ends(void **state)
{
	static const struct {
		const char *open, *one, *close, *why;
		unsigned most;
	} ends[] = {
		{ "{", "\"#\":1", "}", "line 1: more than 1024 members in an object", JSON_MOST_MEMBERS },
		{ "[", "0", "]", "line 1: more than 131072 values", JSON_MOST_VALUES - 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(ends); i++)
		for (unsigned over = 0; over < 2; over++) {
			AUTO_BUF struct buf text = { 0 }, why = { 0 };
			struct json_tree *t = NULL;

			fill(&text, ends[i].open, ends[i].most + over, ends[i].one, ends[i].close);
			assert_int_equal(json_read(text.s, text.len, &t, &why), over ? -E2BIG : 0);
			assert_string_equal(buf_text(&why), over ? ends[i].why : "");
			json_tree_free(t);
		}
}

static void test_depth(void **state)
{
	(void)state;
	for (unsigned over = 0; over < 2; over++) {
		AUTO_BUF struct buf text = { 0 }, why = { 0 };
		struct json_tree *t = NULL;

		fill(&text, " ", JSON_DEEPEST / 2, "[{\"a\":", over ? "[]" : "1");
		fill(&text, " ", JSON_DEEPEST / 2, "}]", "");
		assert_int_equal(json_read(text.s, text.len, &t, &why), over ? -E2BIG : 0);
		assert_string_equal(buf_text(&why), over ? "line 1: more than 64 objects and arrays within one another" : "");
		json_tree_free(t);
	}
}

static void test_kinds(void **state)
{
	static const char text[] = "{\"list\": [{\"name\": 5}, {\"na me\": \"x\"}], \"none\": null, \"yes\": true}";
	AUTO_BUF struct buf why = { 0 };
	struct json_tree *t = read_all(text);
	const struct json_value *list = NULL, *v;
	const char *s = "before";
	int yes = 7;

	(void)state;
	assert_int_equal(json_array(json_member(json_top(t), "list"), &list, &why), 1);
	v = json_member(list->first, "name");
	assert_int_equal(json_string(v, &s, &why), -EBADMSG);
	assert_string_equal(buf_text(&why), "line 1: list[0].name: not a string");
	assert_string_equal(s, "before");
	buf_reset(&why);
	assert_int_equal(json_bool(json_member(list->first->next, "na me"), &yes, &why), -EBADMSG);
	assert_string_equal(buf_text(&why), "line 1: list[1].na me: neither true nor false");
	assert_int_equal(yes, 7);
	buf_reset(&why);
	assert_int_equal(json_object(list, &v, &why), -EBADMSG);
	assert_string_equal(buf_text(&why), "line 1: list: not an object");
	buf_reset(&why);
	assert_int_equal(json_string(json_member(json_top(t), "none"), &s, &why), 0);
	assert_int_equal(json_string(NULL, &s, &why), 0);
	assert_string_equal(s, "before");
	assert_int_equal(json_bool(json_member(json_top(t), "yes"), &yes, &why), 1);
	assert_int_equal(yes, 1);
	assert_int_equal(why.len, 0);
	json_tree_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_nul_bytes),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests_name("json_read", tests, NULL, NULL);
}
