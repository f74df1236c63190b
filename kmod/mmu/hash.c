// SPDX-License-Identifier: GPL-2.0
/*
 * A page's contents in 64 bits, and whether two pages are equal.
 *
 * World: root, host and KUnit; touches no hardware, no locks.
 *
 * The hash finds candidates, which are compared byte by byte: it has to be fast and to
 * spread well, and nothing hangs on it.  It is a chain of folded multiplications, 64 by 64
 * bits to 128, as wyhash has them, in four lanes: half the multiplications of XXH64, and
 * each of them takes in twice as much.  The seed is random and the host's, so that a guest
 * cannot make pages whose hashes collide.
 */
#include <linux/types.h>

#include "../abi.h"
#include "hash.h"

#define WORDS	(KEEL_PAGE_SIZE / 8)
#define LANES	4

/* What is behind the point in the square roots of 2, 3, 5 and 7 */
static const u64 secret[LANES] = {
	0x6a09e667f3bcc908ULL, 0xbb67ae8584caa73bULL, 0x3c6ef372fe94f82bULL, 0xa54ff53a5f1d36f1ULL,
};

static inline u64 fold(u64 a, u64 b)
{
	u64 low = a, high = b;

	asm("mulq %1" : "+a" (low), "+d" (high) : : "cc");
	return low ^ high;
}

/**
 * keel_page_hash() - hash a page
 * @page: the page; somebody may write to it meanwhile
 * @seed: the same for all pages that are to be compared
 *
 * Return: the hash.
 */
u64 keel_page_hash(const void *page, u64 seed)
{
	const u64 *w = page, *end = w + WORDS;
	u64 a = seed, b = ~seed, c = seed ^ secret[0], d = seed ^ secret[1];
	u64 sa = secret[0] ^ seed, sb = secret[1] + seed, sc = secret[2] ^ seed,
	    sd = secret[3] + seed;

	for (; w < end; w += 2 * LANES) {
		a = fold(w[0] ^ sa, w[1] ^ a);
		b = fold(w[2] ^ sb, w[3] ^ b);
		c = fold(w[4] ^ sc, w[5] ^ c);
		d = fold(w[6] ^ sd, w[7] ^ d);
	}
	return fold(a ^ fold(b ^ sa, c ^ sb), d ^ sc);
}

/* How eight words differ: 0 when they do not */
static inline u64 differ(const u64 *x, const u64 *y)
{
	return (x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) |
	       (x[4] ^ y[4]) | (x[5] ^ y[5]) | (x[6] ^ y[6]) | (x[7] ^ y[7]);
}

/**
 * keel_page_equal() - compare two pages
 * @a: a page
 * @b: another one
 *
 * Two cache lines at a time: REPE CMPS is slower on every processor that there is.
 *
 * Return: true when they are equal in every byte.
 */
bool keel_page_equal(const void *a, const void *b)
{
	const u64 *x = a, *y = b, *end = x + WORDS;

	for (; x < end; x += 16, y += 16)
		if (differ(x, y) | differ(x + 8, y + 8))
			return false;
	return true;
}
