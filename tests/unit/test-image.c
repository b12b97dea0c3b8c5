/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Images without a kernel: Containerfiles, what a build does not see, names, what the store keeps, documents of OCI. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sandbox/containerfile.h"
#include "sandbox/ignore.h"
#include "sandbox/manifest.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void joined(const struct words *w, struct buf *ret)
{
	for (size_t i = 0; i < w->n; i++)
		buf_printf(ret, "[%s]", w->v[i]);
}

/* ---- Containerfiles ---- */

static void reads_instructions(void **state)
{
	static const char text[] = "# escape=\\\n\n  # a comment\nfrom a AS b\n"
				   "RUN one && \\\n  # between\n\n  two \\\n three\n"
				   "COPY --chown=1:2 --from=b x y\nRUN [\"a b\", \"c\\u0041\"]\nRUN [ -e x ]\nCMD\n";
	struct buf AUTO_BUF why = { 0 };
	struct containerfile c;

	(void)state;
	assert_int_equal(containerfile_read(text, strlen(text), &c, &why), 0);
	assert_int_equal(c.n, 6);
	assert_int_equal(c.v[0].kind, DO_FROM);
	assert_int_equal(c.v[0].line, 4);
	assert_string_equal(c.v[0].text, "a AS b");
	assert_int_equal(c.v[1].line, 5);
	assert_string_equal(c.v[1].text, "one &&   two  three");
	assert_int_equal(c.v[2].line, 10);
	assert_int_equal(c.v[2].flags.n, 2);
	assert_string_equal(c.v[2].flags.v[1], "--from=b");
	assert_string_equal(c.v[2].text, "x y");
	assert_true(c.v[3].is_exec);
	assert_string_equal(c.v[3].exec.v[1], "cA");
	assert_false(c.v[4].is_exec);
	assert_string_equal(c.v[4].text, "[ -e x ]");
	assert_string_equal(c.v[5].text, "");
	containerfile_free(&c);
}

static void refuses_what_is_none(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "", "1: there is no instruction in it" },
		{ "# nothing\n", "1: there is no instruction in it" },
		{ "\n\nHELLO x\n", "3: HELLO: no such instruction" },
		{ "RUN\n", "1: RUN: something must stand behind it" },
		{ "FROM x\nRUN <<EOF\n", "2: RUN: its here-document does not end: a line with EOF alone is missing" },
		{ "FROM x\nRUN cat <<A <<B\nA\n A\nB \n", "2: RUN: its here-document does not end: a line with B alone is missing" },
		{ "FROM x\nONBUILD RUN y\n", "2: ONBUILD: what a later build shall do is not kept in an image here; write it into the Containerfile of that build" },
		{ "SHELL x\n", "1: SHELL: not a list in JSON: [\"/bin/sh\", \"-c\"]" },
		{ "#escape=x\n", "1: escape: it is \\ or `" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct buf AUTO_BUF why = { 0 };
		struct containerfile c;

		assert_int_equal(containerfile_read(bad[i].text, strlen(bad[i].text), &c, &why), -EBADMSG);
		assert_string_equal(buf_text(&why), bad[i].why);
	}
}

static void reads_here_documents(void **state)
{
	static const char text[] = "RUN <<EOF\na \\\n# b\n\n  EOF\nEOF\nRUN cat <<-'X' 3<<\"Y.1\" >f; echo \"<<Z\" $((1 <<2)) a<<b\n\t\tx\n\tX\n$y\nY.1\n"
				   "COPY <<a <<b /d/\na\nb\nRUN [\"<<c\"]\nENV A=<<d\nRUN e <<<f\n";
	struct buf AUTO_BUF why = { 0 };
	struct containerfile c;

	(void)state;
	assert_int_equal(containerfile_read(text, strlen(text), &c, &why), 0);
	assert_int_equal(c.n, 6);
	assert_int_equal(c.v[0].n_here, 1);
	assert_string_equal(c.v[0].here[0].name, "EOF");
	assert_string_equal(c.v[0].here[0].text, "a \\\n# b\n\n  EOF\n");
	assert_false(c.v[0].here[0].as_is);
	assert_int_equal(c.v[1].line, 7);
	assert_int_equal(c.v[1].n_here, 2);
	assert_string_equal(c.v[1].here[0].text, "x\n");
	assert_true(c.v[1].here[0].as_is);
	assert_string_equal(c.v[1].here[1].name, "Y.1");
	assert_string_equal(c.v[1].here[1].text, "$y\n");
	assert_int_equal(c.v[2].n_here, 2);
	assert_string_equal(c.v[2].here[1].text, "");
	for (int i = 3; i < 6; i++)
		assert_int_equal(c.v[i].n_here, 0);
	containerfile_free(&c);
}

static void expands_here_documents(void **state)
{
	static const char *const env[] = { "A=x y" };
	const struct words some = { (char **)(uintptr_t)env, 1 };
	const struct words *const vars[] = { &some, NULL };
	struct buf AUTO_BUF to = { 0 }, AUTO_BUF why = { 0 };

	(void)state;
	assert_int_equal(containerfile_expand_here("'$A' \"${B:-d}\" \\$A \\\\ \\n\n", '\\', vars, &to, &why), 0);
	assert_string_equal(buf_text(&to), "'x y' \"d\" $A \\ \\n\n");
	assert_int_equal(containerfile_expand_here("${A", '\\', vars, &to, &why), -EBADMSG);
}

static void takes_another_escape(void **state)
{
	static const char text[] = "# syntax=x\n# escape=`\nRUN a `\n b\\\n";
	struct buf AUTO_BUF why = { 0 };
	struct containerfile c;

	(void)state;
	assert_int_equal(containerfile_read(text, strlen(text), &c, &why), 0);
	assert_string_equal(c.v[0].text, "a  b\\");
	containerfile_free(&c);
}

static void puts_variables_in(void **state)
{
	static const struct {
		const char *text, *words; /* NULL: -EBADMSG */
	} cases[] = {
		{ "", "" }, { "a  b\tc", "[a][b][c]" }, { "$A", "[x y]" }, { "a${A}b $B", "[ax yb][b]" }, { "\"$A $B\"", "[x y b]" },
		{ "'$A'", "[$A]" }, { "\\$A", "[$A]" }, { "\"\\$A\\n\"", "[$A\\n]" }, { "a\\ b", "[a b]" }, { "$NONE.", "[.]" },
		{ "${NONE:-d}", "[d]" }, { "${NONE-d e}", "[d e]" }, { "${EMPTY-d}", "[]" }, { "${EMPTY:-d}", "[d]" },
		{ "${A:+set}", "[set]" }, { "${NONE:+set}x", "[x]" }, { "${EMPTY:+set}", "[]" }, { "${EMPTY+set}", "[set]" },
		{ "${NONE:-${B}c}", "[bc]" }, { "$", "[$]" }, { "a$ b", "[a$][b]" }, { "$1", "[$1]" }, { "A=$A", "[A=x y]" },
		{ "${", NULL }, { "${}", NULL }, { "${A", NULL }, { "${A:?x}", NULL }, { "${A:-x", NULL }, { "\"a", NULL }, { "'a", NULL },
		{ "\"\"", "[]" },
	};
	char *of_image[] = { (char *)"B=b", (char *)"EMPTY=", NULL }, *of_args[] = { (char *)"A=x y", (char *)"B=hidden", NULL };
	const struct words first = { of_image, 2 }, second = { of_args, 2 };
	const struct words *const vars[] = { &first, &second, NULL };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf AUTO_BUF why = { 0 }, got = { 0 };
		struct words w = { 0 };
		int r = containerfile_words(cases[i].text, '\\', vars, &w, &why);

		assert_int_equal(r, cases[i].words ? 0 : -EBADMSG);
		joined(&w, &got);
		if (cases[i].words)
			assert_string_equal(buf_text(&got), cases[i].words);
		else
			assert_true(why.len > 0);
		words_free(&w);
	}
}

/* ---- what a build does not see ---- */

static void leaves_out(void **state)
{
	static const struct {
		const char *patterns, *path;
		int out;
	} cases[] = {
		{ "", "a", 0 }, { "a", "a", 1 }, { "a", "b/a", 0 }, { "a", "a/b", 1 }, { "/a/", "a", 1 }, { "./a", "a", 1 },
		{ "*.key", "x.key", 1 }, { "*.key", "d/x.key", 0 }, { "**/*.key", "d/e/x.key", 1 }, { "**/*.key", "x.key", 1 },
		{ "*/x", "d/x", 1 }, { "*/x", "d/e/x", 0 }, { "d/**/x", "d/x", 1 }, { "d/**/x", "d/e/f/x", 1 }, { "d/**", "d/e/f", 1 },
		{ "**", "anything/at/all", 1 }, { "a?c", "abc", 1 }, { "[ab]", "b", 1 }, { "[ab]", "c", 0 }, { ".*", ".git", 1 },
		{ "*.md\n!README.md", "README.md", 0 }, { "*.md\n!README.md", "x.md", 1 }, { "!a\na", "a", 1 }, { "# a\n  a  \r\n", "a", 1 },
		{ "d\n!d/keep", "d/keep", 0 }, { "d\n!d/keep", "d/x", 1 }, { "*", ".hidden", 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ignore g;

		assert_int_equal(ignore_read(cases[i].patterns, strlen(cases[i].patterns), &g), 0);
		assert_int_equal(ignore_matches(&g, cases[i].path), cases[i].out);
		ignore_free(&g);
	}
}

/* ---- names, and what is kept ---- */

static void checks_names(void **state)
{
	static const struct {
		const char *text, *name; /* NULL: -EINVAL */
	} cases[] = {
		{ "a", "a" }, { "a:latest", "a" }, { "a:1", "a:1" }, { "docker.io/library/a:1", "docker.io/library/a:1" },
		{ "sha256:" HEX, "sha256:" HEX }, { "A_b-c.d+e", "A_b-c.d+e" }, { "", NULL }, { "/a", NULL }, { "a/", NULL }, { "a//b", NULL },
		{ "a..b", NULL }, { "../a", NULL }, { ".a", NULL }, { "a b", NULL }, { "a%b", NULL }, { "a\n", NULL }, { "-a", NULL }, { "a:", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf AUTO_BUF why = { 0 };
		char name[256];

		assert_int_equal(image_name(cases[i].text, name, &why), cases[i].name ? 0 : -EINVAL);
		if (cases[i].name)
			assert_string_equal(name, cases[i].name);
	}
}

static void keeps_an_image(void **state)
{
	static const char text[] = "id " HEX "\nsource a\\nb\\\\n\ncreated_us 7\nsize 18446744073709551615\nlayer " HEX
				   "\nenv A=b c\nhas_cmd 1\nhas_entrypoint 0\n";
	struct buf AUTO_BUF out = { 0 };
	struct image i;

	(void)state;
	assert_int_equal(image_parse(text, strlen(text), &i), 0);
	assert_string_equal(i.source, "a\nb\\n");
	assert_int_equal(i.size, UINT64_MAX);
	assert_string_equal(i.env.v[0], "A=b c");
	image_print(&i, &out);
	assert_string_equal(buf_text(&out), text);
	image_free(&i);
}

static void refuses_what_is_damaged(void **state)
{
	static const char *const bad[] = {
		"", "id x\n", "id " HEX, "id " HEX "\nlayer ../../etc\n", "id " HEX "\nsize x\n", "id " HEX "\nhas_cmd 2\n",
		"id " HEX "\nsource a\\x\n", "id " HEX "\nsource a\\\n", "id\n", "id " HEX "\nlayer " HEX "a\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct image image;

		assert_int_equal(image_parse(bad[i], strlen(bad[i]), &image), -EBADMSG);
	}
}

static void changes_variables(void **state)
{
	struct buf AUTO_BUF got = { 0 };
	struct words w = { 0 };

	(void)state;
	assert_int_equal(image_set(&w, "A=1") | image_set(&w, "AB=2") | image_set(&w, "A=3"), 0);
	joined(&w, &got);
	assert_string_equal(buf_text(&got), "[A=3][AB=2]");
	assert_string_equal(image_get(&w, "A"), "3");
	assert_null(image_get(&w, "B"));
	words_free(&w);
}

/* ---- documents ---- */

#define LAYER(type) "{\"mediaType\":\"" type "\",\"digest\":\"sha256:" HEX "\",\"size\":1}"
#define MANIFEST(layer) "{\"schemaVersion\":2,\"config\":{\"digest\":\"sha256:" HEX "\",\"size\":1},\"layers\":[" layer "]}"

static void takes_kinds_of_layers(void **state)
{
	static const struct {
		const char *text;
		int r;
	} cases[] = {
		{ MANIFEST(LAYER("application/vnd.oci.image.layer.v1.tar")), 0 },
		{ MANIFEST(LAYER("application/vnd.oci.image.layer.v1.tar+gzip")), 0 },
		{ MANIFEST(LAYER("application/vnd.oci.image.layer.v1.tar+zstd")), 0 },
		{ MANIFEST(LAYER("application/vnd.docker.image.rootfs.diff.tar.gzip")), 0 },
		{ MANIFEST(LAYER("application/vnd.oci.image.layer.v1.tar+gzip+encrypted")), -EOPNOTSUPP },
		{ MANIFEST(LAYER("text/plain")), -EOPNOTSUPP },
		{ MANIFEST("{\"digest\":\"sha256:" HEX "\",\"size\":1}"), -EOPNOTSUPP },
		{ MANIFEST("{\"digest\":\"sha256:../" HEX "\",\"size\":1}"), -EBADMSG },
		{ MANIFEST("{\"digest\":\"sha512:" HEX "\",\"size\":1}"), -EBADMSG },
		{ MANIFEST("{\"digest\":\"sha256:" HEX "\",\"size\":-1}"), -EBADMSG },
		{ MANIFEST("{\"digest\":\"sha256:" HEX "\"}"), -EBADMSG },
		{ MANIFEST("null"), -EBADMSG },
		{ "{\"schemaVersion\":1}", -EBADMSG }, { "{}", -EBADMSG }, { "[]", -EBADMSG }, { "null", -EBADMSG }, { "", -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf AUTO_BUF why = { 0 };
		struct manifest m;

		assert_int_equal(manifest_read(cases[i].text, strlen(cases[i].text), &m, &why), cases[i].r);
		if (cases[i].r)
			assert_true(why.len > 0);
		else
			manifest_free(&m);
	}
}

static void reads_a_configuration(void **state)
{
	static const char text[] = "{\"os\":\"linux\",\"architecture\":\"arm64\",\"config\":{\"Env\":[\"A=b\"],\"Cmd\":[],\"User\":\"\","
				   "\"WorkingDir\":\"/w\",\"Labels\":{\"a\":\"b\"},\"ExposedPorts\":{\"80/tcp\":{}},\"Entrypoint\":null},"
				   "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:" HEX "\"]},\"history\":[{}]}";
	static const char *const bad[] = {
		"{\"os\":\"windows\",\"rootfs\":{\"diff_ids\":[]}}", "{\"os\":\"linux\"}", "{\"config\":{\"Env\":[\"A\"]},\"rootfs\":{}}",
		"{\"config\":{\"WorkingDir\":\"w\"},\"rootfs\":{}}", "{\"config\":{\"Cmd\":\"x\"},\"rootfs\":{}}",
		"{\"rootfs\":{\"diff_ids\":[\"sha256:x\"]}}", "{\"config\":{\"Env\":[null]},\"rootfs\":{}}",
	};
	struct buf AUTO_BUF why = { 0 };
	struct words diffs;
	struct image i;

	(void)state;
	assert_int_equal(manifest_read_config(text, strlen(text), &i, &diffs, &why), 0);
	assert_string_equal(i.arch, "arm64");
	assert_null(i.user);
	assert_true(i.has_cmd && !i.cmd.n && !i.has_entrypoint);
	assert_string_equal(i.labels.v[0], "a=b");
	assert_string_equal(i.ports.v[0], "80/tcp");
	assert_string_equal(diffs.v[0], HEX);
	image_free(&i);
	words_free(&diffs);
	for (size_t n = 0; n < COUNT(bad); n++) {
		buf_reset(&why);
		assert_true(manifest_read_config(bad[n], strlen(bad[n]), &i, &diffs, &why) < 0);
		assert_true(why.len > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_instructions), cmocka_unit_test(refuses_what_is_none), cmocka_unit_test(reads_here_documents),
		cmocka_unit_test(expands_here_documents),
		cmocka_unit_test(takes_another_escape),
		cmocka_unit_test(puts_variables_in), cmocka_unit_test(leaves_out), cmocka_unit_test(checks_names),
		cmocka_unit_test(keeps_an_image), cmocka_unit_test(refuses_what_is_damaged), cmocka_unit_test(changes_variables),
		cmocka_unit_test(takes_kinds_of_layers), cmocka_unit_test(reads_a_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
