/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Containerfiles. */
#include "sandbox/containerfile.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ui/json_read.h"
#include "util/cleanup.h"

enum { NESTED_MOST = 8 };

void containerfile_free(struct containerfile *c)
{
	while (c->v && c->n) {
		struct instruction *i = &c->v[--c->n];

		free(i->word);
		free(i->text);
		words_free(&i->flags);
		words_free(&i->exec);
		for (size_t k = 0; k < i->n_here; k++) {
			free(i->here[k].name);
			free(i->here[k].text);
		}
		free(i->here);
	}
	free(c->v);
	*c = (struct containerfile){ 0 };
}

static int refuse(struct buf *why, unsigned line, const char *word, const char *cause)
{
	buf_printf(why, "%u: ", line);
	if (word) {
		buf_escape(why, word, strnlen(word, 40));
		buf_puts(why, ": ");
	}
	buf_puts(why, cause);
	return -EBADMSG;
}

static int is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* ---- lines ---- */

struct reader {
	const char *at, *end;
	unsigned line;   /* of at */
	char escape;
};

/* A physical line without its end. 0 there is none. */
static int next_line(struct reader *x, const char **ret, size_t *n)
{
	const char *stop;

	if (x->at == x->end)
		return 0;
	stop = memchr(x->at, '\n', (size_t)(x->end - x->at));
	*ret = x->at;
	*n = (size_t)((stop ? stop : x->end) - x->at);
	x->at = stop ? stop + 1 : x->end;
	x->line++;
	return 1;
}

static size_t skip_blanks(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && is_blank(s[i]))
		i++;
	return i;
}

static size_t trim_end(const char *s, size_t n)
{
	while (n && is_blank(s[n - 1]))
		n--;
	return n;
}

/* What an instruction is made of: lines joined, comments and empty lines among them left out. 0 there is none. */
static int next_logical(struct reader *x, struct buf *ret, unsigned *ret_line)
{
	const char *s;
	size_t n;

	buf_reset(ret);
	*ret_line = 0;
	while (next_line(x, &s, &n)) {
		size_t skip = skip_blanks(s, n), len = trim_end(s, n);

		if (skip >= len || s[skip] == '#')
			continue;
		if (!*ret_line) {
			*ret_line = x->line;
			s += skip;
			len -= skip;
		}
		if (s[len - 1] != x->escape) {
			buf_add(ret, s, len);
			return 1;
		}
		buf_add(ret, s, len - 1);
	}
	return *ret_line != 0;
}

/* ---- here-documents ---- */

/* From "<<" on: "EOF", "-EOF", "'EOF'", up to the end of the word. A name begins with a letter: 1<<3 is arithmetic. */
static int take_here_word(const char *s, struct here_word *ret)
{
	char quote;

	*ret = (struct here_word){ .strip = s[2] == '-' };
	s += 2 + ret->strip;
	quote = *s == '"' || *s == '\'' ? *s : '\0';
	ret->as_is = quote != '\0';
	ret->name = s + ret->as_is;
	if (!isalpha((unsigned char)*ret->name) && *ret->name != '_')
		return 0;
	while (isalnum((unsigned char)ret->name[ret->n]) || (ret->name[ret->n] && strchr("_.-", ret->name[ret->n])))
		ret->n++;
	ret->end = ret->name + ret->n;
	if (quote && *ret->end++ != quote)
		return 0;
	return !*ret->end || strchr(" \t;&|<>)", *ret->end) != NULL;
}

int containerfile_next_here(const char **at, struct here_word *ret)
{
	int begins = 1;
	char quote = '\0';

	for (const char *s = *at; *s; s++) {
		const char *p = s;

		while (begins && isdigit((unsigned char)*p))
			p++;
		if (begins && !strncmp(p, "<<", 2) && take_here_word(p, ret)) {
			ret->begin = s;
			*at = ret->end;
			return 1;
		}
		begins = !quote && (*s == ' ' || *s == '\t');
		if (*s == '\\' && quote != '\'' && s[1])
			s++;
		else if (quote ? *s == quote : *s == '"' || *s == '\'')
			quote = quote ? '\0' : *s;
	}
	return 0;
}

/* The lines up to that of the name alone. */
static int read_here(struct reader *x, const struct here_word *w, struct instruction *i, struct buf *why)
{
	AUTO_BUF struct buf text = { 0 }, cause = { 0 };
	struct here *h = &i->here[i->n_here++];
	const char *s;
	size_t n;

	h->as_is = w->as_is;
	h->name = strndup(w->name, w->n);
	while (next_line(x, &s, &n)) {
		while (w->strip && n && *s == '\t')
			s++, n--;
		if (n == w->n && !memcmp(s, w->name, n))
			return h->name ? buf_steal(&text, &h->text) : -ENOMEM;
		buf_add(&text, s, n);
		buf_putc(&text, '\n');
	}
	buf_printf(&cause, "its here-document does not end: a line with %.*s alone is missing", (int)w->n, w->name);
	return refuse(why, i->line, i->word, buf_text(&cause));
}

static int read_heres(struct reader *x, struct instruction *i, struct buf *why)
{
	const char *at = i->text;
	struct here_word w;
	int r = 0;

	while (!r && containerfile_next_here(&at, &w)) {
		if (!i->here)
			i->here = calloc(CONTAINERFILE_HERE, sizeof(*i->here));
		if (!i->here)
			return -ENOMEM;
		r = i->n_here == CONTAINERFILE_HERE ? refuse(why, i->line, i->word, "more than 16 here-documents") :
						      read_here(x, &w, i, why);
	}
	return r;
}

/* "# escape=`" before anything else. */
static int read_directives(struct reader *x, struct buf *why)
{
	const char *s;
	size_t n;

	for (;;) {
		const char *before = x->at;
		size_t skip;

		if (!next_line(x, &s, &n))
			return 0;
		skip = skip_blanks(s, n);
		if (skip == n || s[skip] != '#' || !memchr(s, '=', n)) {
			x->at = before;
			x->line--;
			return 0;
		}
		skip += 1 + skip_blanks(s + skip + 1, n - skip - 1);
		if (n - skip < 7 || strncasecmp(s + skip, "escape=", 7) != 0)
			continue;
		n = trim_end(s, n);
		if (n - skip != 8 || !strchr("\\`", s[skip + 7]))
			return refuse(why, x->line, "escape", "it is \\ or `");
		x->escape = s[skip + 7];
	}
}

/* ---- instructions ---- */

#define TAKES_LIST  (1u << 0) /* text may be a list in JSON */
#define TAKES_FLAGS (1u << 1)
#define TAKES_HERE  (1u << 2) /* here-documents may follow */
static const struct known {
	const char *word;
	enum instruction_kind kind;
	unsigned flags;
} known[] = {
	{ "FROM", DO_FROM, TAKES_FLAGS }, { "RUN", DO_RUN, TAKES_LIST | TAKES_FLAGS | TAKES_HERE },
	{ "COPY", DO_COPY, TAKES_LIST | TAKES_FLAGS | TAKES_HERE }, { "ADD", DO_ADD, TAKES_LIST | TAKES_FLAGS | TAKES_HERE }, { "ENV", DO_ENV, 0 }, { "WORKDIR", DO_WORKDIR, 0 }, { "USER", DO_USER, 0 },
	{ "CMD", DO_CMD, TAKES_LIST }, { "ENTRYPOINT", DO_ENTRYPOINT, TAKES_LIST }, { "ARG", DO_ARG, 0 }, { "LABEL", DO_LABEL, 0 },
	{ "EXPOSE", DO_EXPOSE, 0 }, { "SHELL", DO_SHELL, TAKES_LIST }, { "STOPSIGNAL", DO_STOPSIGNAL, 0 },
	{ "MAINTAINER", DO_MAINTAINER, 0 }, { "VOLUME", DO_NOTHING, 0 }, { "HEALTHCHECK", DO_NOTHING, 0 },
};

static const struct known *find_known(const char *word)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcasecmp(known[i].word, word))
			return &known[i];
	return NULL;
}

static int take_flags(const char **text, struct words *ret)
{
	while (!strncmp(*text, "--", 2)) {
		size_t n = strcspn(*text, " \t");
		AUTO_FREE char *flag = strndup(*text, n);
		int r = flag ? words_add(ret, flag) : -ENOMEM;

		if (r)
			return r;
		*text += n;
		*text += strspn(*text, " \t");
	}
	return 0;
}

/* Text that looks like a list and is none is text: test(1) begins so. */
static int take_list(struct instruction *i, const char *text)
{
	AUTO_BUF struct buf why = { 0 };
	const struct json_value *list = NULL, *e;
	struct json_tree *t = NULL;
	int r = *text == '[' ? json_read(text, strlen(text), &t, &why) : -EBADMSG;

	if (!r && json_array(json_top(t), &list, &why) <= 0)
		r = -EBADMSG;
	for (e = r ? NULL : list->first; !r && e; e = e->next) {
		const char *s;

		r = json_string(e, &s, &why) > 0 ? words_add(&i->exec, s) : -EBADMSG;
	}
	json_tree_free(t);
	if (!r)
		i->is_exec = 1;
	else
		words_free(&i->exec);
	return r == -ENOMEM ? r : 0;
}

static int check(const struct instruction *i, struct buf *why)
{
	if (!*i->text && i->kind != DO_CMD && i->kind != DO_ENTRYPOINT && i->kind != DO_NOTHING)
		return refuse(why, i->line, i->word, "something must stand behind it");
	if (i->kind == DO_SHELL && (!i->is_exec || !i->exec.n))
		return refuse(why, i->line, i->word, "not a list in JSON: [\"/bin/sh\", \"-c\"]");
	if (i->kind == DO_RUN && i->is_exec && !i->exec.n)
		return refuse(why, i->line, i->word, "an empty list");
	return 0;
}

static int take_instruction(struct reader *x, const char *line, unsigned number, struct instruction *ret, struct buf *why)
{
	size_t n = strcspn(line, " \t");
	const char *text = line + n + strspn(line + n, " \t");
	const struct known *k;
	int r = 0;

	*ret = (struct instruction){ .line = number, .word = strndup(line, n) };
	if (!ret->word)
		return -ENOMEM;
	k = find_known(ret->word);
	if (!k)
		return refuse(why, number, ret->word, strcasecmp(ret->word, "ONBUILD") ? "no such instruction" :
			      "what a later build shall do is not kept in an image here; write it into the Containerfile of that build");
	ret->kind = k->kind;
	if (k->flags & TAKES_FLAGS)
		r = take_flags(&text, &ret->flags);
	if (!r && k->flags & TAKES_LIST)
		r = take_list(ret, text);
	if (!r && !(ret->text = strdup(text)))
		r = -ENOMEM;
	if (!r)
		r = check(ret, why);
	return r || ret->is_exec || !(k->flags & TAKES_HERE) ? r : read_heres(x, ret, why);
}

static int check_text(const char *text, size_t n, struct buf *why)
{
	if (n > CONTAINERFILE_BYTES)
		return refuse(why, 1, NULL, "more than 1 MiB");
	if (memchr(text, '\0', n))
		return refuse(why, 1, NULL, "a byte 0 in it: this is no text");
	return 0;
}

int containerfile_read(const char *text, size_t n, struct containerfile *ret, struct buf *why)
{
	struct reader x = { .at = text, .end = text + n, .escape = '\\' };
	AUTO_BUF struct buf line = { 0 };
	unsigned number;
	int r = check_text(text, n, why);

	if (n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) /* as some editors begin a file of UTF-8 */
		x.at += 3;
	*ret = (struct containerfile){ 0 };
	if (!r)
		r = read_directives(&x, why);
	ret->v = r ? NULL : calloc(CONTAINERFILE_STEPS, sizeof(*ret->v));
	if (!r && !ret->v)
		r = -ENOMEM;
	while (!r && next_logical(&x, &line, &number)) {
		if (ret->n == CONTAINERFILE_STEPS)
			r = refuse(why, number, NULL, "more than 1000 instructions");
		else if (line.err)
			r = -ENOMEM;
		else
			r = take_instruction(&x, buf_text(&line), number, &ret->v[ret->n++], why);
	}
	ret->escape = x.escape;
	if (!r && !ret->n)
		r = refuse(why, x.line ? x.line : 1, NULL, "there is no instruction in it");
	if (r)
		containerfile_free(ret);
	return r;
}

/* ---- variables ---- */

struct expansion {
	char escape;
	const struct words *const *vars;
	struct buf *why;
};

static const char *value_of(const struct expansion *x, const char *name, size_t n)
{
	for (const struct words *const *w = x->vars; *w; w++)
		for (size_t i = 0; i < (*w)->n; i++)
			if (!strncmp((*w)->v[i], name, n) && (*w)->v[i][n] == '=')
				return (*w)->v[i] + n + 1;
	return NULL;
}

static size_t name_length(const char *s)
{
	size_t n = 0;

	if (isdigit((unsigned char)*s))
		return 0;
	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	return n;
}

static int expand_some(const struct expansion *x, const char **at, const char *stops, int depth, struct buf *ret);

/* Behind "${": up to and with "}". */
static int expand_braced(const struct expansion *x, const char **at, int depth, struct buf *ret)
{
	const char *name = *at;
	size_t n = name_length(name);
	const char *value = value_of(x, name, n);
	AUTO_BUF struct buf word = { 0 };
	int colon, r;
	char how;

	*at += n;
	colon = **at == ':';
	*at += colon;
	how = **at;
	if (n && how == '}' && !colon) {
		++*at;
		buf_puts(ret, value ? value : "");
		return 0;
	}
	if (!n || (how != '-' && how != '+') || depth == NESTED_MOST) {
		buf_puts(x->why, "after $ come NAME, {NAME}, {NAME:-word} or {NAME:+word}");
		return -EBADMSG;
	}
	++*at;
	r = expand_some(x, at, "}", depth + 1, &word);
	if (r)
		return r;
	if (**at != '}') {
		buf_puts(x->why, "a } is missing");
		return -EBADMSG;
	}
	++*at;
	if (colon && value && !*value)
		value = NULL;
	if (how == '+')
		buf_puts(ret, value ? buf_text(&word) : "");
	else
		buf_puts(ret, value ? value : buf_text(&word));
	return word.err;
}

static int expand_variable(const struct expansion *x, const char **at, int depth, struct buf *ret)
{
	size_t n = name_length(++*at);
	const char *value;

	if (**at == '{') {
		++*at;
		return expand_braced(x, at, depth, ret);
	}
	if (!n) {
		buf_putc(ret, '$');
		return 0;
	}
	value = value_of(x, *at, n);
	buf_puts(ret, value ? value : "");
	*at += n;
	return 0;
}

static int expand_double(const struct expansion *x, const char **at, int depth, struct buf *ret)
{
	int r = 0;

	for (++*at; !r && **at && **at != '"';) {
		if (**at == x->escape && (*at)[1] && strchr("\"$\\`", (*at)[1])) {
			buf_putc(ret, (*at)[1]);
			*at += 2;
		} else if (**at == '$') {
			r = expand_variable(x, at, depth, ret);
		} else {
			buf_putc(ret, *(*at)++);
		}
	}
	if (!r && **at != '"') {
		buf_puts(x->why, "a \" is missing");
		return -EBADMSG;
	}
	*at += !r;
	return r;
}

static int expand_single(const struct expansion *x, const char **at, struct buf *ret)
{
	const char *end = strchr(++*at, '\'');

	if (!end) {
		buf_puts(x->why, "a ' is missing");
		return -EBADMSG;
	}
	buf_add(ret, *at, (size_t)(end - *at));
	*at = end + 1;
	return 0;
}

/* Up to one of stops, outside of quotes, or the end. */
static int expand_some(const struct expansion *x, const char **at, const char *stops, int depth, struct buf *ret)
{
	int r = 0;

	while (!r && **at && !strchr(stops, **at)) {
		if (**at == x->escape && (*at)[1]) {
			buf_putc(ret, (*at)[1]);
			*at += 2;
		} else if (**at == '"') {
			r = expand_double(x, at, depth, ret);
		} else if (**at == '\'') {
			r = expand_single(x, at, ret);
		} else if (**at == '$') {
			r = expand_variable(x, at, depth, ret);
		} else {
			buf_putc(ret, *(*at)++);
		}
		if (ret->len > CONTAINERFILE_BYTES) {
			buf_puts(x->why, "what the variables make is longer than 1 MiB");
			return -EBADMSG;
		}
	}
	return r ? r : ret->err;
}

int containerfile_expand(const char *text, char escape, const struct words *const *vars, struct buf *ret, struct buf *why)
{
	const struct expansion x = { escape, vars, why };

	return expand_some(&x, &text, "", 0, ret);
}

int containerfile_expand_here(const char *text, char escape, const struct words *const *vars, struct buf *ret, struct buf *why)
{
	const struct expansion x = { escape, vars, why };
	int r = 0;

	while (!r && *text) {
		if (*text == escape && (text[1] == '$' || text[1] == escape)) {
			buf_putc(ret, text[1]);
			text += 2;
		} else if (*text == '$') {
			r = expand_variable(&x, &text, 0, ret);
		} else {
			buf_putc(ret, *text++);
		}
		if (ret->len > CONTAINERFILE_BYTES) {
			buf_puts(why, "what the variables make is longer than 1 MiB");
			return -EBADMSG;
		}
	}
	return r ? r : ret->err;
}

int containerfile_words(const char *text, char escape, const struct words *const *vars, struct words *ret, struct buf *why)
{
	const struct expansion x = { escape, vars, why };
	int r = 0;

	for (text += strspn(text, " \t"); !r && *text; text += strspn(text, " \t")) {
		AUTO_BUF struct buf word = { 0 };

		r = expand_some(&x, &text, " \t", 0, &word);
		if (!r)
			r = words_add(ret, buf_text(&word));
	}
	return r;
}
