/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A page's contents in 64 bits, for who looks for equal pages.
 *
 * World: root, host and KUnit.
 */
#ifndef KEEL_MMU_HASH_H
#define KEEL_MMU_HASH_H

#include <linux/types.h>

u64 keel_page_hash(const void *page, u64 seed);
bool keel_page_equal(const void *a, const void *b);

#endif /* KEEL_MMU_HASH_H */
