/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-256 (FIPS 180-4), by the processor's own instructions where it has them. */
#ifndef CGX_SANDBOX_SHA256_H
#define CGX_SANDBOX_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_HEX 64

struct sha256 {
	uint32_t state[8];
	uint64_t len;           /* bytes so far */
	unsigned char part[64]; /* of a block that is not full yet */
	int portable;           /* 1: not by the processor's instructions, for tests */
};

void sha256_begin(struct sha256 *h);
void sha256_add(struct sha256 *h, const void *data, size_t n);
/* In lower-case hexadecimal. */
void sha256_end(struct sha256 *h, char ret[SHA256_HEX + 1]);
/* 1: s is 64 lower-case hexadecimal digits and nothing else. */
int sha256_is_hex(const char *s);

#endif
