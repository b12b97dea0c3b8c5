/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-256. */
#include "sandbox/sha256.h"

#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

static const uint32_t K[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

static void schedule(uint32_t w[64], const unsigned char *p)
{
	for (int i = 0; i < 16; i++, p += 4)
		w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	for (int i = 16; i < 64; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];

		w[i] = w[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[i - 7] +
		       (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
	}
}

/* a to h of the standard are s[-i] to s[7 - i], modulo 8: they move down by one each round. */
#define S(n) s[((n) - i) & 7]
static void blocks_portable(uint32_t state[8], const unsigned char *p, size_t n)
{
	uint32_t w[64], s[8];

	for (; n; n--, p += 64) {
		schedule(w, p);
		memcpy(s, state, sizeof(s));
#pragma GCC unroll 8
		for (int i = 0; i < 64; i++) {
			uint32_t a = S(0), e = S(4);
			uint32_t t1 = S(7) + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & S(5)) ^ (~e & S(6))) + K[i] + w[i];
			uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & S(1)) ^ (a & S(2)) ^ (S(1) & S(2)));

			S(3) += t1;
			S(7) = t1 + t2;
		}
		for (int i = 0; i < 8; i++)
			state[i] += s[i];
	}
}
#undef S

#if defined(__x86_64__)
static int has_instructions(void)
{
	unsigned a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1))
		return 0;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && b & bit_SHA;
}

/* The instructions take the state as ABEF and CDGH, and make two rounds of each half of four words. */
__attribute__((target("sha,sse4.1,ssse3"))) static void blocks_by_processor(uint32_t state[8], const unsigned char *p, size_t n)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
	__m128i lo = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)state), 0xb1);
	__m128i hi = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)(state + 4)), 0x1b);
	__m128i abef = _mm_alignr_epi8(lo, hi, 8), cdgh = _mm_blend_epi16(hi, lo, 0xf0);

	for (; n; n--, p += 64) {
		__m128i kept_abef = abef, kept_cdgh = cdgh, w[4];

		for (int i = 0; i < 4; i++)
			w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i)), swap);
#pragma GCC unroll 16
		for (int i = 0; i < 16; i++) {
			__m128i now = w[i & 3], wk = _mm_add_epi32(now, _mm_loadu_si128((const __m128i *)(const void *)(K + 4 * i)));

			cdgh = _mm_sha256rnds2_epu32(cdgh, abef, wk);
			abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(wk, 0x0e));
			if (i >= 12)
				continue;
			now = _mm_add_epi32(_mm_sha256msg1_epu32(now, w[(i + 1) & 3]),
					    _mm_alignr_epi8(w[(i + 3) & 3], w[(i + 2) & 3], 4));
			w[i & 3] = _mm_sha256msg2_epu32(now, w[(i + 3) & 3]);
		}
		abef = _mm_add_epi32(abef, kept_abef);
		cdgh = _mm_add_epi32(cdgh, kept_cdgh);
	}
	lo = _mm_shuffle_epi32(abef, 0x1b);
	hi = _mm_shuffle_epi32(cdgh, 0xb1);
	_mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(lo, hi, 0xf0));
	_mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(hi, lo, 8));
}
#endif

static void blocks(struct sha256 *h, const unsigned char *p, size_t n)
{
#if defined(__x86_64__)
	if (!h->portable) {
		blocks_by_processor(h->state, p, n);
		return;
	}
#endif
	blocks_portable(h->state, p, n);
}

void sha256_begin(struct sha256 *h)
{
	static const uint32_t first[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };

	memcpy(h->state, first, sizeof(first));
	h->len = 0;
#if defined(__x86_64__)
	h->portable = !has_instructions();
#else
	h->portable = 1;
#endif
}

void sha256_add(struct sha256 *h, const void *data, size_t n)
{
	const unsigned char *p = data;
	size_t kept = h->len % 64;

	h->len += n;
	if (kept) {
		size_t part = n < 64 - kept ? n : 64 - kept;

		memcpy(h->part + kept, p, part);
		if (kept + part < 64)
			return;
		blocks(h, h->part, 1);
		p += part;
		n -= part;
	}
	blocks(h, p, n / 64);
	memcpy(h->part, p + n / 64 * 64, n % 64);
}

void sha256_end(struct sha256 *h, char ret[SHA256_HEX + 1])
{
	static const unsigned char pad[64] = { 0x80 };
	static const char digits[] = "0123456789abcdef";
	uint64_t bits = h->len * 8;
	unsigned char size[8];

	for (int i = 0; i < 8; i++)
		size[i] = (unsigned char)(bits >> (56 - 8 * i));
	sha256_add(h, pad, 1 + (119 - h->len % 64) % 64);
	sha256_add(h, size, sizeof(size));
	for (int i = 0; i < SHA256_HEX; i++)
		ret[i] = digits[h->state[i / 8] >> (28 - i % 8 * 4) & 15];
	ret[SHA256_HEX] = '\0';
}

int sha256_is_hex(const char *s)
{
	return strspn(s, "0123456789abcdef") == SHA256_HEX && !s[SHA256_HEX];
}
