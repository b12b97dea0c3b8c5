/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON documents over json-c. */
#include "json.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include <json-c/json.h>

#include "lazy.h"
#include "message.h"
#include "text.h"
#include "util/utf8.h"

#ifndef JSON_C_SONAME
#define JSON_C_SONAME "libjson-c.so.5"
#endif

#define SYMBOLS(X)                        \
	X(json_object_new_object)         \
	X(json_object_new_array)          \
	X(json_object_new_string_len)     \
	X(json_object_new_int64)          \
	X(json_object_new_uint64)         \
	X(json_object_new_double_s)       \
	X(json_object_new_boolean)        \
	X(json_object_object_add)         \
	X(json_object_array_add)          \
	X(json_object_to_json_string_length) \
	X(json_object_put)

struct json_c {
	SYMBOLS(LAZY_POINTER)
};

static const struct lazy_symbol symbols[] = {
#define X(name) LAZY_SYMBOL(struct json_c, name),
	SYMBOLS(X)
#undef X
};
static const struct lazy library = LAZY(JSON_C_SONAME, "libjson-c5", symbols);

enum { DEEPEST = 32 };

struct level {
	struct json_object *object;
	int is_array;
};

struct json {
	struct json_c c;
	struct json_object *top;
	struct level open[DEEPEST];
	unsigned depth;
	int has_top;         /* null is a document, too */
	int err;
};

int json_new(const struct frame *f, struct json **ret)
{
	struct json *j = calloc(1, sizeof(*j));
	int r;

	if (!j) {
		msg_error(f, NULL, "out of memory");
		return -ENOMEM;
	}
	r = lazy_open(f, &library, &j->c);
	if (r < 0) {
		free(j);
		return r;
	}
	*ret = j;
	return 0;
}

void json_reset(struct json *j)
{
	if (j->top)
		j->c.json_object_put(j->top);
	j->top = NULL;
	j->depth = 0;
	j->has_top = 0;
	j->err = 0;
}

struct json *json_free(struct json *j)
{
	if (j)
		json_reset(j);
	free(j);
	return NULL;
}

/* Well-formed UTF-8 as it is, another text in b with its bad bytes as \xHH. */
static const char *utf8_of(const char *s, size_t *n, struct buf *b)
{
	if (utf8_check(s, *n))
		return s;
	for (size_t i = 0, len; i < *n; i += len) {
		utf8_point(s + i, *n - i, &len);
		if (len) {
			buf_add(b, s + i, len);
		} else {
			len = 1;
			buf_printf(b, "\\x%02x", (unsigned char)s[i]);
		}
	}
	*n = b->len;
	return buf_text(b);
}

static int put_member(struct json *j, struct json_object *in, const char *key, struct json_object *value)
{
	struct buf AUTO_BUF b = { 0 };
	size_t n = strlen(key);

	key = utf8_of(key, &n, &b);
	if (buf_error(&b))
		return -ENOMEM;
	return j->c.json_object_object_add(in, key, value) ? -ENOMEM : 0;
}

static int put(struct json *j, const char *key, struct json_object *value)
{
	const struct level *in = j->depth ? &j->open[j->depth - 1] : NULL;

	if (!in) {
		if (j->has_top || key)
			return -EINVAL;
		j->has_top = 1;
		j->top = value;
		return 0;
	}
	if (in->is_array != !key)
		return -EINVAL;
	if (in->is_array)
		return j->c.json_object_array_add(in->object, value) ? -ENOMEM : 0;
	return put_member(j, in->object, key, value);
}

/* Takes value over; a null value means that making it failed. */
static int add(struct json *j, const char *key, struct json_object *value)
{
	int r = value ? put(j, key, value) : -ENOMEM;

	if (r < 0) {
		if (value)
			j->c.json_object_put(value);
		j->err = r;
	}
	return r;
}

static void open_level(struct json *j, const char *key, int is_array)
{
	struct json_object *o;

	if (j->err)
		return;
	if (j->depth == DEEPEST) {
		j->err = -EOVERFLOW;
		return;
	}
	o = is_array ? j->c.json_object_new_array() : j->c.json_object_new_object();
	if (!add(j, key, o))
		j->open[j->depth++] = (struct level){ o, is_array };
}

void json_open_object(struct json *j, const char *key)
{
	open_level(j, key, 0);
}

void json_open_array(struct json *j, const char *key)
{
	open_level(j, key, 1);
}

void json_close(struct json *j)
{
	if (j->err)
		return;
	if (!j->depth)
		j->err = -EINVAL;
	else
		j->depth--;
}

void json_add_string_n(struct json *j, const char *key, const char *s, size_t n)
{
	struct buf AUTO_BUF b = { 0 };

	if (j->err)
		return;
	s = utf8_of(s, &n, &b);
	if (buf_error(&b) || n > INT32_MAX)
		j->err = -ENOMEM;
	else
		add(j, key, j->c.json_object_new_string_len(s, (int)n));
}

void json_add_string(struct json *j, const char *key, const char *s)
{
	if (s)
		json_add_string_n(j, key, s, strlen(s));
	else
		json_add_null(j, key);
}

void json_add_name(struct json *j, const char *key, const char *s)
{
	AUTO_BUF struct buf b = { 0 };

	if (s)
		text_distinct(&b, s);
	if (buf_error(&b))
		j->err = -ENOMEM;
	else
		json_add_string(j, key, s ? buf_text(&b) : NULL);
}

void json_add_u64(struct json *j, const char *key, uint64_t n)
{
	if (!j->err)
		add(j, key, j->c.json_object_new_uint64(n));
}

void json_add_i64(struct json *j, const char *key, int64_t n)
{
	if (!j->err)
		add(j, key, j->c.json_object_new_int64(n));
}

void json_add_bool(struct json *j, const char *key, int yes)
{
	if (!j->err)
		add(j, key, j->c.json_object_new_boolean(!!yes));
}

void json_add_null(struct json *j, const char *key)
{
	int r = j->err ? 0 : put(j, key, NULL);

	if (r < 0)
		j->err = r;
}

void json_add_double(struct json *j, const char *key, double d, int decimals)
{
	char text[512];

	if (!isfinite(d)) {
		json_add_null(j, key);
		return;
	}
	if (j->err)
		return;
	snprintf(text, sizeof(text), "%.*f", decimals, d);
	add(j, key, j->c.json_object_new_double_s(d, text));
}

void json_add_limit(struct json *j, const char *key, uint64_t n)
{
	if (n == UINT64_MAX)
		json_add_string(j, key, "max");
	else
		json_add_u64(j, key, n);
}

int json_write(struct json *j, FILE *to, unsigned flags)
{
	int how = JSON_C_TO_STRING_NOSLASHESCAPE;
	const char *text = "null";
	size_t len = 4;

	if (!j->err && (j->depth || !j->has_top))
		j->err = -EINVAL;
	if (j->err)
		return j->err;
	how |= flags & JSON_LINE ? JSON_C_TO_STRING_PLAIN : JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	if (j->top)
		text = j->c.json_object_to_json_string_length(j->top, how, &len);
	if (!text)
		return j->err = -ENOMEM;
	fwrite(text, 1, len, to);
	if (!(flags & JSON_PART))
		fputc('\n', to);
	return 0;
}

int json_print(struct json *j, const struct frame *f)
{
	int r = json_write(j, stdout, 0);

	if (r < 0)
		return msg_errno(f, r, "JSON", "write");
	return STATUS_DONE;
}
