/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading JSON documents. */
#include "json_read.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"

enum { PART = 128 };
struct part { /* of all values; they do not move */
	struct part *next;
	size_t n;
	struct json_value value[PART];
};

struct json_tree {
	char *text; /* the document; strings are resolved in their place */
	struct part *parts;
	size_t n;
	const struct json_value *top;
};

struct reader {
	struct json_tree *t;
	char *at, *end, *line_start;
	unsigned line, depth;
	struct buf *why;
};

/* ---- what is wrong ---- */

static int wrong(struct reader *r, const char *what)
{
	if (r->at == r->end)
		what = "the document ends too early";
	buf_printf(r->why, "line %u, column %u: %s", r->line, (unsigned)(r->at - r->line_start) + 1, what);
	return -EBADMSG;
}

static int too_much(struct reader *r, const char *what, unsigned most)
{
	buf_printf(r->why, "line %u: more than %u %s", r->line, most, what);
	return -E2BIG;
}

/* ---- values ---- */

static struct json_value *new_value(struct reader *r)
{
	struct json_tree *t = r->t;
	struct json_value *v;

	if (!t->parts || t->parts->n == PART) {
		struct part *p = malloc(sizeof(*p));

		if (!p)
			return NULL;
		p->n = 0;
		p->next = t->parts;
		t->parts = p;
	}
	v = &t->parts->value[t->parts->n++];
	t->n++;
	*v = (struct json_value){ .line = r->line };
	return v;
}

static void skip_blanks(struct reader *r)
{
	for (; r->at < r->end; r->at++) {
		if (*r->at == '\n') {
			r->line++;
			r->line_start = r->at + 1;
		} else if (*r->at != ' ' && *r->at != '\t' && *r->at != '\r') {
			return;
		}
	}
}

static int is_next(const struct reader *r, char c)
{
	return r->at < r->end && *r->at == c;
}

static int read_word(struct reader *r, const char *word, enum json_kind kind, struct json_value *v)
{
	size_t n = strlen(word);

	if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n))
		return wrong(r, "no value begins like this");
	r->at += n;
	v->kind = kind;
	return 0;
}

static int is_digit(const struct reader *r)
{
	return r->at < r->end && *r->at >= '0' && *r->at <= '9';
}

static int skip_digits(struct reader *r)
{
	if (!is_digit(r))
		return wrong(r, "a digit is missing");
	while (is_digit(r))
		r->at++;
	return 0;
}

static int read_number(struct reader *r, struct json_value *v)
{
	int err = 0;

	v->kind = JSON_NUMBER;
	v->whole = *r->at != '-';
	r->at += !v->whole;
	if (is_next(r, '0')) {
		r->at++;
		if (is_digit(r))
			return wrong(r, "a number does not begin with 0");
	} else if (!is_digit(r)) {
		return wrong(r, "a digit is missing");
	}
	for (; is_digit(r); r->at++)
		v->whole &= !__builtin_mul_overflow(v->number, 10, &v->number) &&
			    !__builtin_add_overflow(v->number, (uint64_t)(*r->at - '0'), &v->number);
	if (is_next(r, '.')) {
		v->whole = 0;
		r->at++;
		err = skip_digits(r);
	}
	if (!err && (is_next(r, 'e') || is_next(r, 'E'))) {
		v->whole = 0;
		r->at++;
		r->at += is_next(r, '+') || is_next(r, '-');
		err = skip_digits(r);
	}
	return err;
}

/* ---- texts ---- */

static int read_hex4(struct reader *r, uint32_t *ret)
{
	*ret = 0;
	for (int i = 0; i < 4; i++, r->at++) {
		const char *digits = "0123456789abcdef", *d = NULL;

		if (r->at < r->end && *r->at)
			d = strchr(digits, *r->at >= 'A' && *r->at <= 'F' ? *r->at | 0x20 : *r->at);
		if (!d)
			return wrong(r, "\\u needs four hexadecimal digits");
		*ret = *ret << 4 | (uint32_t)(d - digits);
	}
	return 0;
}

static char *put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
		return to;
	}
	if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*to++ = (char)(0xe0 | c >> 12);
		} else {
			*to++ = (char)(0xf0 | c >> 18);
			*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		}
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	*to++ = (char)(0x80 | (c & 0x3f));
	return to;
}

/* Behind "\u". */
static int read_point(struct reader *r, char **to)
{
	uint32_t c, low;
	int err = read_hex4(r, &c);

	if (err)
		return err;
	if (!c)
		return wrong(r, "a text cannot hold NUL");
	if (c >= 0xdc00 && c < 0xe000)
		return wrong(r, "the second half of a surrogate pair without the first");
	if (c >= 0xd800 && c < 0xdc00) {
		if (r->end - r->at < 2 || r->at[0] != '\\' || r->at[1] != 'u')
			return wrong(r, "the second half of a surrogate pair is missing");
		r->at += 2;
		err = read_hex4(r, &low);
		if (err)
			return err;
		if (low < 0xdc00 || low >= 0xe000)
			return wrong(r, "the second half of a surrogate pair is missing");
		c = 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
	}
	*to = put_utf8(*to, c);
	return 0;
}

static int read_escape(struct reader *r, char **to)
{
	static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
	const char *p;

	r->at++;
	if (r->at == r->end)
		return wrong(r, NULL);
	if (*r->at == 'u') {
		r->at++;
		return read_point(r, to);
	}
	p = *r->at ? strchr(from, *r->at) : NULL;
	if (!p)
		return wrong(r, "no escape is written like this");
	*(*to)++ = into[p - from];
	r->at++;
	return 0;
}

/* In place: what is resolved is never longer, and the closing quote gives room for the NUL. */
static int read_text(struct reader *r, const char **ret)
{
	char *to = ++r->at;

	*ret = to;
	while (!is_next(r, '"')) {
		int err = 0;

		if (r->at == r->end)
			return wrong(r, NULL);
		if ((unsigned char)*r->at < 0x20)
			return wrong(r, "a control character or the end of the line within a text");
		if (*r->at == '\\')
			err = read_escape(r, &to);
		else
			*to++ = *r->at++;
		if (err)
			return err;
	}
	r->at++;
	*to = '\0';
	return 0;
}

/* ---- the whole ---- */

static int read_value(struct reader *r, struct json_value *v);

static int read_key(struct reader *r, const struct json_value *object, const char **ret)
{
	int err;

	if (!is_next(r, '"'))
		return wrong(r, "a key in quotes is missing");
	err = read_text(r, ret);
	if (err)
		return err;
	for (const struct json_value *v = object->first; v; v = v->next)
		if (v->key && !strcmp(v->key, *ret)) {
			buf_printf(r->why, "line %u: the key \"", r->line);
			buf_escape(r->why, *ret, strlen(*ret));
			buf_puts(r->why, "\" is there already");
			return -EBADMSG;
		}
	skip_blanks(r);
	if (!is_next(r, ':'))
		return wrong(r, "a colon is missing");
	r->at++;
	skip_blanks(r);
	return 0;
}

static int read_one(struct reader *r, struct json_value *in, const struct json_value ***last)
{
	const char *key = NULL;
	struct json_value *v;
	int err = in->kind == JSON_OBJECT ? read_key(r, in, &key) : 0;

	if (err)
		return err;
	if (in->kind == JSON_OBJECT && in->n == JSON_MOST_MEMBERS)
		return too_much(r, "members in an object", JSON_MOST_MEMBERS);
	if (r->t->n == JSON_MOST_VALUES)
		return too_much(r, "values", JSON_MOST_VALUES);
	v = new_value(r);
	if (!v)
		return -ENOMEM;
	v->up = in;
	v->key = key;
	v->index = in->n++;
	**last = v;
	*last = &v->next;
	return read_value(r, v);
}

static int read_many(struct reader *r, struct json_value *v, char close)
{
	const struct json_value **last = &v->first;
	int err;

	if (++r->depth > JSON_DEEPEST)
		return too_much(r, "objects and arrays within one another", JSON_DEEPEST);
	r->at++;
	skip_blanks(r);
	while (!is_next(r, close)) {
		if (v->n && !is_next(r, ','))
			return wrong(r, close == ']' ? "a comma or ] is missing" : "a comma or } is missing");
		if (v->n) {
			r->at++;
			skip_blanks(r);
		}
		err = read_one(r, v, &last);
		if (err)
			return err;
		skip_blanks(r);
	}
	r->at++;
	r->depth--;
	return 0;
}

static int read_value(struct reader *r, struct json_value *v)
{
	if (r->at == r->end)
		return wrong(r, NULL);
	switch (*r->at) {
	case '{':
		v->kind = JSON_OBJECT;
		return read_many(r, v, '}');
	case '[':
		v->kind = JSON_ARRAY;
		return read_many(r, v, ']');
	case '"':
		v->kind = JSON_STRING;
		return read_text(r, &v->text);
	case 't':
		return read_word(r, "true", JSON_TRUE, v);
	case 'f':
		return read_word(r, "false", JSON_FALSE, v);
	case 'n':
		return read_word(r, "null", JSON_NULL, v);
	default:
		if (*r->at == '-' || is_digit(r))
			return read_number(r, v);
		return wrong(r, "no value begins like this");
	}
}

static int read_document(struct reader *r)
{
	struct json_value *v = new_value(r);
	int err;

	if (!v)
		return -ENOMEM;
	skip_blanks(r);
	v->line = r->line;
	err = read_value(r, v);
	if (err)
		return err;
	skip_blanks(r);
	if (r->at < r->end)
		return wrong(r, "more behind the end of the document");
	r->t->top = v;
	return 0;
}

/* The first bytes that are no UTF-8. */
static int check_utf8(struct reader *r)
{
	for (size_t len; r->at < r->end; r->at += len) {
		utf8_point(r->at, (size_t)(r->end - r->at), &len);
		if (!len)
			return wrong(r, "this is not UTF-8");
		if (*r->at == '\n') {
			r->line++;
			r->line_start = r->at + 1;
		}
	}
	return 0;
}

int json_read(const char *text, size_t n, struct json_tree **ret, struct buf *why)
{
	struct json_tree *t = calloc(1, sizeof(*t));
	struct reader r = { .t = t, .line = 1, .why = why };
	int err;

	if (!t)
		return -ENOMEM;
	t->text = malloc(n + 1);
	if (!t->text) {
		free(t);
		return -ENOMEM;
	}
	memcpy(t->text, text, n);
	r.at = r.line_start = t->text;
	r.end = t->text + n;
	err = check_utf8(&r);
	if (!err) {
		r.at = r.line_start = t->text;
		r.line = 1;
		err = read_document(&r);
	}
	if (err)
		json_tree_free(t);
	else
		*ret = t;
	return err;
}

struct json_tree *json_tree_free(struct json_tree *t)
{
	if (!t)
		return NULL;
	while (t->parts) {
		struct part *p = t->parts;

		t->parts = p->next;
		free(p);
	}
	free(t->text);
	free(t);
	return NULL;
}

const struct json_value *json_top(const struct json_tree *t)
{
	return t->top;
}

/* ---- asking ---- */

static void put_path(struct buf *b, const struct json_value *v)
{
	if (!v->up)
		return;
	put_path(b, v->up);
	if (!v->key) {
		buf_printf(b, "[%u]", v->index);
		return;
	}
	if (v->up->up)
		buf_putc(b, '.');
	buf_escape(b, v->key, strlen(v->key));
}

int json_fault(const struct json_value *at, struct buf *why, const char *fmt, ...)
{
	va_list ap;

	buf_printf(why, "line %u: ", at->line);
	put_path(why, at);
	buf_puts(why, at->up ? ": " : "");
	va_start(ap, fmt);
	buf_vprintf(why, fmt, ap);
	va_end(ap);
	return -EBADMSG;
}

static int is_there(const struct json_value *v)
{
	return v && v->kind != JSON_NULL;
}

static int take(const struct json_value *v, enum json_kind kind, const char *what, const struct json_value **ret, struct buf *why)
{
	if (!is_there(v))
		return 0;
	if (v->kind != kind)
		return json_fault(v, why, "not %s", what);
	*ret = v;
	return 1;
}

int json_array(const struct json_value *v, const struct json_value **ret, struct buf *why)
{
	return take(v, JSON_ARRAY, "an array", ret, why);
}

int json_object(const struct json_value *v, const struct json_value **ret, struct buf *why)
{
	return take(v, JSON_OBJECT, "an object", ret, why);
}

int json_string(const struct json_value *v, const char **ret, struct buf *why)
{
	const struct json_value *s = NULL;
	int r = take(v, JSON_STRING, "a string", &s, why);

	if (r > 0 && s)
		*ret = s->text;
	return r;
}

int json_number(const struct json_value *v, uint64_t most, uint64_t *ret, struct buf *why)
{
	if (!is_there(v))
		return 0;
	if (v->kind != JSON_NUMBER || !v->whole || v->number > most)
		return json_fault(v, why, "not a whole number from 0 to %llu", (unsigned long long)most);
	*ret = v->number;
	return 1;
}

int json_bool(const struct json_value *v, int *ret, struct buf *why)
{
	if (!is_there(v))
		return 0;
	if (v->kind != JSON_TRUE && v->kind != JSON_FALSE)
		return json_fault(v, why, "neither true nor false");
	*ret = v->kind == JSON_TRUE;
	return 1;
}

const struct json_value *json_member(const struct json_value *object, const char *key)
{
	if (!object || object->kind != JSON_OBJECT)
		return NULL;
	for (const struct json_value *v = object->first; v; v = v->next)
		if (!strcmp(v->key, key))
			return is_there(v) ? v : NULL;
	return NULL;
}
