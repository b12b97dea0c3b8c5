/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tar archives written by hand, so that they can say what no tool would write; and a place to unpack them. */
#ifndef CGX_TEST_TAR_H
#define CGX_TEST_TAR_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "util/buf.h"

static inline void tar_pad(struct buf *b)
{
	static const char zeros[512];

	buf_add(b, zeros, (512 - b->len % 512) % 512);
}

/* A header: type '0' file, '1' link, '2' symlink, '3' '4' devices, '5' folder, '6' fifo, 'x' pax. */
static inline void tar_header(struct buf *b, const char *name, char type, const char *target, unsigned mode, unsigned uid, size_t size)
{
	unsigned char h[512] = { 0 };
	unsigned sum = 0;

	strncpy((char *)h, name, 100);
	snprintf((char *)h + 100, 8, "%07o", mode);
	snprintf((char *)h + 108, 8, "%07o", uid);
	snprintf((char *)h + 116, 8, "%07o", uid);
	snprintf((char *)h + 124, 12, "%011o", (unsigned)size);
	snprintf((char *)h + 136, 12, "%011o", 1000000000u);
	memset(h + 148, ' ', 8);
	h[156] = (unsigned char)type;
	strncpy((char *)h + 157, target, 100);
	memcpy(h + 257, "ustar\0" "00", 8);
	for (size_t i = 0; i < sizeof(h); i++)
		sum += h[i];
	snprintf((char *)h + 148, 8, "%06o", sum);
	buf_add(b, (char *)h, sizeof(h));
}

static inline void tar_data(struct buf *b, const char *data, size_t n)
{
	buf_add(b, data, n);
	tar_pad(b);
}

static inline void tar_file(struct buf *b, const char *name, const char *text, unsigned mode)
{
	tar_header(b, name, '0', "", mode, 0, strlen(text));
	tar_data(b, text, strlen(text));
}

static inline void tar_dir(struct buf *b, const char *name, unsigned mode)
{
	tar_header(b, name, '5', "", mode, 0, 0);
}

static inline void tar_to(struct buf *b, const char *name, char type, const char *target)
{
	tar_header(b, name, type, target, 0777, 0, 0);
}

/* "LEN KEY=VALUE\n" */
static inline void tar_attribute(struct buf *b, const char *key, const char *value, size_t n)
{
	size_t rest = strlen(key) + n + 3, len = rest + 1;
	char digits[24];

	while (rest + (size_t)snprintf(digits, sizeof(digits), "%zu", len) != len)
		len++;
	buf_printf(b, "%zu %s=", len, key);
	buf_add(b, value, n);
	buf_putc(b, '\n');
}

/* Attributes of the entry that comes next. */
static inline void tar_pax_header(struct buf *b, struct buf *attributes)
{
	tar_header(b, "pax", 'x', "", 0644, 0, attributes->len);
	tar_data(b, attributes->s, attributes->len);
	buf_free(attributes);
}

static inline void tar_pax(struct buf *b, const char *key, const char *value, size_t n)
{
	struct buf one = { 0 };

	tar_attribute(&one, key, value, n);
	tar_pax_header(b, &one);
}

static inline void tar_end(struct buf *b)
{
	static const char zeros[1024];

	buf_add(b, zeros, sizeof(zeros));
	assert_int_equal(buf_error(b), 0);
}

/* A directory of its own for a test. */
static inline void make_place(char place[64])
{
	strcpy(place, "/tmp/cgx-image.XXXXXX");
	assert_non_null(mkdtemp(place));
}

static inline void drop_place(const char *place)
{
	char command[192];

	snprintf(command, sizeof(command), "chmod -R u+rwX %s 2>/dev/null; rm -rf %s", place, place);
	assert_int_equal(system(command), 0);
}

/* The bytes as an open file, at its beginning. */
static inline int file_of(const struct buf *b)
{
	FILE *f = tmpfile();
	int fd;

	assert_non_null(f);
	assert_int_equal(fwrite(b->s, 1, b->len, f), b->len);
	rewind(f);
	fd = dup(fileno(f));
	fclose(f);
	return fd;
}

#endif
