/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz: the documents of OCI images and of docker save, and what the store keeps of an image. */
#include "fuzz.h"
#include "sandbox/manifest.h"

/* What was read can be written, and is the same when it is read again. */
static void kept(const char *text, size_t size)
{
	struct buf AUTO_BUF once = { 0 }, twice = { 0 };
	struct image i, again;

	if (image_parse(text, size, &i))
		return;
	image_print(&i, &once);
	if (image_parse(buf_text(&once), once.len, &again))
		abort();
	image_print(&again, &twice);
	if (once.len != twice.len || memcmp(once.s, twice.s, once.len) != 0)
		abort();
	image_free(&i);
	image_free(&again);
}

static void check_digests(const struct descriptors *d)
{
	for (size_t n = 0; n < d->n; n++)
		if (!sha256_is_hex(d->v[n].digest))
			abort();
}

static void config(const char *text, size_t size)
{
	struct buf AUTO_BUF why = { 0 };
	struct words diffs;
	struct image i;

	if (manifest_read_config(text, size, &i, &diffs, &why)) {
		if (!why.len)
			abort();
		return;
	}
	for (size_t n = 0; n < diffs.n; n++)
		if (!sha256_is_hex(diffs.v[n]))
			abort();
	if (i.cwd && *i.cwd != '/')
		abort();
	image_free(&i);
	words_free(&diffs);
}

static void documents(const char *text, size_t size)
{
	struct buf AUTO_BUF why = { 0 };
	struct saved_images saved;
	struct descriptors index;
	struct manifest manifest;

	manifest_read_layout(text, size, &why);
	if (!manifest_read_index(text, size, &index, &why)) {
		check_digests(&index);
		descriptors_free(&index);
	}
	if (!manifest_read(text, size, &manifest, &why)) {
		check_digests(&manifest.layers);
		manifest_free(&manifest);
	}
	if (!manifest_read_saved(text, size, &saved, &why))
		saved_free(&saved);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = fuzz_text(data, size);

	kept(text, size);
	config(text, size);
	documents(text, size);
	return 0;
}
