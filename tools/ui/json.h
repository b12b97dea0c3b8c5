/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Building one JSON document and writing it. The only file that knows json-c, which is loaded when the
 * first document is made.
 *
 *	struct json *j;
 *	if (json_new(f, &j) < 0)
 *		return frame_failed(f);
 *	json_open_object(j, NULL);
 *	json_add_string(j, "path", path);
 *	json_open_array(j, "pids");
 *	json_add_u64(j, NULL, pid);
 *	json_close(j);
 *	json_close(j);
 *	r = json_print(j, f);
 *	json_free(j);
 *
 * Keys are given inside an object and NULL inside an array or at the top. Errors stick: a document that
 * could not be built is told by json_write(). Numbers are written as numbers however large they are.
 * Strings must be UTF-8 in JSON: one that is not gets each bad byte as the four characters \xHH; one
 * that is stays as it is, control bytes and backslashes escaped as JSON has it.
 */
#ifndef CGX_UI_JSON_H
#define CGX_UI_JSON_H

#include <stdint.h>
#include <stdio.h>

#include "frame.h"

struct json;

/* 0, or a negative errno after a message (json-c is not installed). */
int json_new(const struct frame *f, struct json **ret);
struct json *json_free(struct json *j);
/* Begin another document; for lines of events. */
void json_reset(struct json *j);

void json_open_object(struct json *j, const char *key);
void json_open_array(struct json *j, const char *key);
void json_close(struct json *j);  /* of the object or array begun last */
void json_add_string(struct json *j, const char *key, const char *s); /* NULL gives null */
/* A name from outside, which may be any bytes: a backslash that looks as if it began \xHH of one that may not be shown is
 * \x5c, as in text, so that no two names are the same. */
void json_add_name(struct json *j, const char *key, const char *s);
void json_add_string_n(struct json *j, const char *key, const char *s, size_t n);
void json_add_u64(struct json *j, const char *key, uint64_t n);
void json_add_i64(struct json *j, const char *key, int64_t n);
void json_add_bool(struct json *j, const char *key, int yes);
void json_add_null(struct json *j, const char *key);
/* With so many decimals, 0 to 9; what is not finite gives null. */
void json_add_double(struct json *j, const char *key, double d, int decimals);
/* A limit: a number, or the string "max" for UINT64_MAX. */
void json_add_limit(struct json *j, const char *key, uint64_t n);

#define JSON_LINE (1u << 0) /* on one line; else indented by two */
#define JSON_PART (1u << 1) /* no newline behind it: the caller writes the larger document that it is a part of */
/* Write the document and a newline. -ENOMEM, -EINVAL misuse (key where none belongs, unbalanced end),
 * -EOVERFLOW nested more than 32 deep; write errors stay in the stream. */
int json_write(struct json *j, FILE *to, unsigned flags);
/* Indented to stdout; a document that could not be built is told. Returns an exit status. */
int json_print(struct json *j, const struct frame *f);

#endif
