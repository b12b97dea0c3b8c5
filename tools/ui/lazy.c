/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dlopen, and a table of names turned into pointers. */
#include "lazy.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "message.h"

static int missing(const struct lazy *library, const char *what, struct buf *why, struct buf *remedy)
{
	buf_printf(why, "%s: load: %s", library->file, what);
	buf_printf(remedy, "install the package %s (its Debian name)", library->package);
	return -ENOPKG;
}

int lazy_load(const struct lazy *library, void *to, struct buf *why, struct buf *remedy)
{
	void *handle = dlopen(library->file, RTLD_NOW | RTLD_LOCAL);

	if (!handle)
		return missing(library, "the library is not there or cannot be used", why, remedy);
	for (size_t i = 0; i < library->n; i++) {
		void *symbol = dlsym(handle, library->symbols[i].name);

		if (!symbol)
			return missing(library, "the library is too old", why, remedy);
		memcpy((char *)to + library->symbols[i].at, &symbol, sizeof(symbol));
	}
	return 0;
}

int lazy_open(const struct frame *f, const struct lazy *library, void *to)
{
	struct buf AUTO_BUF why = { 0 }, remedy = { 0 };
	int r = lazy_load(library, to, &why, &remedy);

	if (r < 0)
		msg_error(f, buf_text(&remedy), "%s", buf_text(&why));
	return r;
}
