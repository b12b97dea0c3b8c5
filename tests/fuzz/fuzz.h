/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every fuzz target stands on: the input as a text of its own, which may be changed in place. */
#ifndef CGX_FUZZ_H
#define CGX_FUZZ_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcgx/private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

#endif
