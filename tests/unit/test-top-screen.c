/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the screen of cgx-top is made of, as far as it needs no terminal: cells, graphs, the key table, a typed line. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tools/top/cells.h"
#include "tools/top/graph.h"
#include "tools/top/keys.h"
#include "tools/top/prompt.h"
#include "tools/top/terminal.h"

static void test_width(void **state)
{
	(void)state;
	assert_int_equal(cells_width(""), 0);
	assert_int_equal(cells_width("web/api"), 7);
	assert_int_equal(cells_width("caf\xc3\xa9"), 4);
	assert_int_equal(cells_width("\xe6\x97\xa5\xe6\x9c\xac"), 4); /* two wide characters */
	assert_int_equal(cells_width("e\xcc\x81"), 1);                 /* a combining accent */
	assert_int_equal(cells_beginning("\xe6\x97\xa5\xe6\x9c\xac", 3), 3);
	assert_int_equal(cells_beginning("abc", 0), 0);
	assert_int_equal(cells_beginning("abc", 9), 3);
}

static void cuts(const char *s, int cells, const char *want)
{
	struct buf b = { 0 };

	cells_cut(&b, s, cells, "~");
	assert_string_equal(buf_text(&b), want);
	assert_true(cells_width(buf_text(&b)) <= cells);
	buf_free(&b);
}

static void test_cut(void **state)
{
	(void)state;
	cuts("docker-0123456789abcdef.scope", 29, "docker-0123456789abcdef.scope");
	cuts("docker-0123456789abcdef.scope", 13, "docker~.scope");
	cuts("docker-0123456789abcdef.scope", 12, "docker~scope");
	cuts("abcdef", 2, "a~");
	cuts("abcdef", 1, "a");
	cuts("abcdef", 0, "");
	cuts("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 5, "\xe6\x97\xa5~\xe8\xaa\x9e");
	cuts("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 4, "\xe6\x97\xa5~");
	/* an accent does not move over to the mark of the cut */
	cuts("abcde\xcc\x81" "f", 3, "a~f");
}

static void test_pad(void **state)
{
	struct buf b = { 0 };

	(void)state;
	cells_pad(&b, "ab", 4, 0, "~");
	cells_pad(&b, "12", 4, 1, "~");
	cells_pad(&b, "\xe6\x97\xa5\xe6\x9c\xac", 3, 0, "~");
	assert_string_equal(buf_text(&b), "ab    12~\xe6\x9c\xac");
	buf_free(&b);
}

static void shows(const char *s, size_t n, enum text_set set, const char *want)
{
	struct buf b = { 0 };

	cells_show(&b, s, n, set);
	assert_string_equal(buf_text(&b), want);
	buf_free(&b);
}

static void test_hostile(void **state)
{
	(void)state;
	shows("\033[2J\n", 5, TEXT_UTF8, "\\x1b[2J\\x0a");
	shows("a\xff" "b", 3, TEXT_UTF8, "a\\xffb");
	shows("\xe2\x80\xae", 3, TEXT_UTF8, "\\xe2\\x80\\xae");
	shows("\xee\x80\x80x", 4, TEXT_ASCII, "\\xee\\x80\\x80x");
	shows("\xf3\xb0\x80\x80" "\xef\xbf\xbf", 7, TEXT_ASCII, "\\xf3\\xb0\\x80\\x80\\xef\\xbf\\xbf");
	shows("a\\x2db", 6, TEXT_ASCII, "a\\x2db");
	/* a mark that has no letter to sit on, more of them than a cell holds, what has no width and joins */
	shows("\xcc\x81" "a", 3, TEXT_UTF8, "\\xcc\\x81a");
	shows("e\xcc\x81", 3, TEXT_UTF8, "e\xcc\x81");
	shows("e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81", 11, TEXT_UTF8, "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\\xcc\\x81");
	shows("a\xe2\x80\x8d" "b", 5, TEXT_UTF8, "a\\xe2\\x80\\x8db");
	shows("\xef\xb8\x8f", 3, TEXT_UTF8, "\\xef\\xb8\\x8f");
	/* U+FFFF is well-formed, and no character: it has no width */
	shows("\xef\xbf\xbf", 3, TEXT_UTF8, "\\xef\\xbf\\xbf");
}

static void row_is(const uint64_t *v, size_t n, int cells, int row, int rows, const struct glyphs *g, const char *want)
{
	struct buf b = { 0 };

	graph_row(&b, v, n, cells, row, rows, graph_top(v, n), g);
	assert_string_equal(buf_text(&b), want);
	buf_free(&b);
}

static void test_graph(void **state)
{
	static const uint64_t v[] = { 0, 1, 50, GRAPH_NONE, 100 };

	(void)state;
	assert_int_equal(graph_top(v, 5), 100);
	assert_int_equal(graph_top(v + 3, 1), 0);
	row_is(v, 5, 5, 0, 1, &glyphs_utf8, " ▁▄ █");
	row_is(v, 5, 7, 0, 1, &glyphs_utf8, "   ▁▄ █");
	row_is(v, 5, 2, 0, 1, &glyphs_utf8, " █");
	row_is(v, 5, 5, 0, 2, &glyphs_utf8, "    █");
	row_is(v, 5, 5, 1, 2, &glyphs_utf8, " ▁█ █");
	row_is(v, 5, 5, 1, 2, &glyphs_ascii, " .# #");
	row_is(v, 0, 3, 0, 1, &glyphs_ascii, "   ");
}

/* A key must not mean two things at once, and every action has a key. */
static void test_key_table(void **state)
{
	int seen[ACT_QUIT + 1] = { 0 };

	(void)state;
	for (const struct key *k = keys; k->names; k++) {
		if (!k->help)
			continue;
		seen[k->action] = 1;
		assert_ptr_equal(keys_row(k->action)->help ? k : NULL, k);
		assert_true(strlen(k->help) <= 60);
		for (size_t i = 0; i < 4 && k->codes[i]; i++)
			for (int replay = 0; replay < 2; replay++)
				if (!(k->flags & (replay ? KEY_LIVE : KEY_REPLAY)))
					assert_int_equal(keys_find(k->codes[i], replay), k->action);
	}
	for (int a = ACT_NONE + 1; a <= ACT_QUIT; a++)
		assert_true(seen[a]);
	assert_int_equal(keys_find(TERMINAL_LEFT, 0), ACT_FOLD);
	assert_int_equal(keys_find(TERMINAL_LEFT, 1), ACT_BACK);
	assert_int_equal(keys_find('\a', 0), ACT_NONE);
}

static void type(struct prompt *p, const uint32_t *codes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		prompt_key(p, codes[i]);
}

static void test_prompt(void **state)
{
	static const uint32_t typed[] = { 'a', 0xe9, 0x65e5, TERMINAL_LEFT, TERMINAL_BACKSPACE, 'b', TERMINAL_UP, 7 };
	struct prompt p;

	(void)state;
	prompt_begin(&p, "filter", "");
	type(&p, typed, sizeof(typed) / sizeof(typed[0]));
	assert_string_equal(p.text, "ab\xe6\x97\xa5");
	assert_int_equal(prompt_key(&p, TERMINAL_END), PROMPT_MORE);
	assert_int_equal(prompt_key(&p, TERMINAL_BACKSPACE), PROMPT_CHANGED);
	assert_string_equal(p.text, "ab");
	prompt_key(&p, TERMINAL_HOME);
	prompt_key(&p, TERMINAL_DELETE);
	assert_string_equal(p.text, "b");
	prompt_key(&p, TERMINAL_HOME);
	prompt_key(&p, TERMINAL_BACKSPACE);
	assert_string_equal(p.text, "b");
	assert_int_equal(prompt_key(&p, '\r'), PROMPT_DONE);
	assert_int_equal(prompt_key(&p, 0x1b), PROMPT_LEFT);
	for (int i = 0; i < 2000; i++)
		prompt_key(&p, 0x65e5);
	assert_true(strlen(p.text) < sizeof(p.text));
	assert_int_equal(strlen(p.text) % 3, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_width), cmocka_unit_test(test_cut), cmocka_unit_test(test_pad),
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_graph), cmocka_unit_test(test_key_table),
		cmocka_unit_test(test_prompt),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8")) {
		puts("1..0 # SKIP no locale C.UTF-8");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
