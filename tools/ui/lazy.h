/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A library that is loaded when it is needed, because a start of a tool must stay cheap.
 *
 *	#define SYMBOLS(X) X(scols_new_table) X(scols_unref_table)
 *	struct scols { SYMBOLS(LAZY_POINTER) };
 *	static const struct lazy_symbol symbols[] = {
 *	#define X(name) LAZY_SYMBOL(struct scols, name),
 *		SYMBOLS(X)
 *	#undef X
 *	};
 *	static const struct lazy library = LAZY("libsmartcols.so.1", "libsmartcols1", symbols);
 *
 * The pointers have the types of the library's own header, so a call is checked as usual.
 */
#ifndef CGX_UI_LAZY_H
#define CGX_UI_LAZY_H

#include <stddef.h>

#include "frame.h"
#include "util/buf.h"

struct lazy_symbol {
	const char *name;
	size_t at;
};

struct lazy {
	const char *file;     /* the soname */
	const char *package;  /* Debian's name for it, told when it is missing */
	const struct lazy_symbol *symbols;
	size_t n;
};

#define LAZY_POINTER(name) __typeof__(name) *name;
#define LAZY_SYMBOL(type, name) { #name, offsetof(type, name) }
#define LAZY(file, package, symbols) { file, package, symbols, sizeof(symbols) / sizeof((symbols)[0]) }

/* Fill the pointers in to. 0; -ENOPKG after a message that names the library and its package. The library
 * stays loaded. */
int lazy_open(const struct frame *f, const struct lazy *library, void *to);
/* The same for those who do not talk: -ENOPKG with why. */
int lazy_load(const struct lazy *library, void *to, struct buf *why);

#endif
