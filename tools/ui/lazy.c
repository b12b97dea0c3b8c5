/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dlopen, and a table of names turned into pointers. */
#include "lazy.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "message.h"

/* NULL, or what is the matter. */
static const char *fill(const struct lazy *library, void *to)
{
	void *handle = dlopen(library->file, RTLD_NOW | RTLD_LOCAL);

	if (!handle)
		return "the library is not there or cannot be used";
	for (size_t i = 0; i < library->n; i++) {
		void *symbol = dlsym(handle, library->symbols[i].name);

		if (!symbol)
			return "the library is too old";
		memcpy((char *)to + library->symbols[i].at, &symbol, sizeof(symbol));
	}
	return NULL;
}

int lazy_load(const struct lazy *library, void *to, struct buf *why)
{
	const char *what = fill(library, to);

	if (!what)
		return 0;
	buf_printf(why, "%s: load: %s: install the package %s (its Debian name)", library->file, what, library->package);
	return -ENOPKG;
}

int lazy_open(const struct frame *f, const struct lazy *library, void *to)
{
	struct buf AUTO_BUF remedy = { 0 };
	const char *what = fill(library, to);

	if (!what)
		return 0;
	buf_printf(&remedy, "install the package %s (its Debian name)", library->package);
	msg_error(f, buf_text(&remedy), "%s: load: %s", library->file, what);
	return -ENOPKG;
}
