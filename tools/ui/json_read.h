/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading a JSON document (RFC 8259) of which nothing is trusted: UTF-8, nothing behind it, no key twice in an object, no
 * NUL in a text, and ends to its depth and size. Needs no library, because what is read here decides what a sandbox may do:
 * what a reader would pass over in silence has to be told.
 *
 *	struct json_tree *t;
 *	uint64_t n = 1;
 *
 *	r = json_read(text, len, &t, &why);
 *	if (!r)
 *		r = json_number(json_member(json_top(t), "schemaVersion"), UINT32_MAX, &n, &why);
 *	json_tree_free(t);
 */
#ifndef CGX_UI_JSON_READ_H
#define CGX_UI_JSON_READ_H

#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

#define JSON_DEEPEST      64       /* objects and arrays within one another */
#define JSON_MOST_VALUES  (1 << 17) /* in a document */
#define JSON_MOST_MEMBERS 1024     /* in an object; an array has no end of its own */

enum json_kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_value {
	enum json_kind kind;
	const struct json_value *next;  /* in the same array or object; NULL the last */
	const struct json_value *first; /* of an array or object; NULL: it is empty */
	const struct json_value *up;    /* what it is in; NULL the document */
	const char *key;  /* in an object */
	const char *text; /* of a string, escapes resolved */
	uint64_t number;  /* of a number that is whole and neither negative nor too large */
	int whole;        /* 1: it is such a number */
	unsigned n, index; /* how many are in it; its place in an array */
	unsigned line;    /* where it begins, from 1 */
};

struct json_tree;

/* 0, -ENOMEM, -EBADMSG with why ("line 3, column 14: a comma or ] is missing"), -E2BIG with why. */
int json_read(const char *text, size_t n, struct json_tree **ret, struct buf *why);
struct json_tree *json_tree_free(struct json_tree *t);
const struct json_value *json_top(const struct json_tree *t);

/*
 * These take NULL and null for what is not there, and give 0 with *ret untouched; 1 with a value; -EBADMSG with why when it
 * is of another kind. Texts belong to the tree.
 */
int json_string(const struct json_value *v, const char **ret, struct buf *why);
int json_number(const struct json_value *v, uint64_t most, uint64_t *ret, struct buf *why);
int json_bool(const struct json_value *v, int *ret, struct buf *why);
int json_array(const struct json_value *v, const struct json_value **ret, struct buf *why);
int json_object(const struct json_value *v, const struct json_value **ret, struct buf *why);
/* NULL: it is not there, is null, or object is none. */
const struct json_value *json_member(const struct json_value *object, const char *key);
/* -EBADMSG, with "line 7: syscalls[3].action: " and the rest in why. */
int json_fault(const struct json_value *at, struct buf *why, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
