/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dlopen, and a table of names turned into pointers. */
#include "lazy.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "message.h"

static int missing(const struct frame *f, const struct lazy *library, const char *what)
{
	struct buf AUTO_BUF remedy = { 0 };

	buf_printf(&remedy, "install the package %s (its Debian name)", library->package);
	msg_error(f, buf_text(&remedy), "%s: load: %s", library->file, what);
	return -ENOPKG;
}

int lazy_open(const struct frame *f, const struct lazy *library, void *to)
{
	void *handle = dlopen(library->file, RTLD_NOW | RTLD_LOCAL);

	if (!handle)
		return missing(f, library, "the library is not there or cannot be used");
	for (size_t i = 0; i < library->n; i++) {
		void *symbol = dlsym(handle, library->symbols[i].name);

		if (!symbol)
			return missing(f, library, "the library is too old");
		memcpy((char *)to + library->symbols[i].at, &symbol, sizeof(symbol));
	}
	return 0;
}
