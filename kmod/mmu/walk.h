/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Walks of root's own trees, without the detour of struct keel_pages: for what has
 * to be fast.
 *
 * World: root and KUnit.  The tree has a top table, whose pages keel_phys() finds.
 * Locks as for what is looked up.
 */
#ifndef KEEL_MMU_WALK_H
#define KEEL_MMU_WALK_H

#include <linux/types.h>

#include "frame.h"
#include "pool.h"
#include "table.h"

/* The entry for @addr: of the page there, or where the walk ends, at @level */
static inline u64 *keel_walk(const struct keel_table *t, u64 addr, unsigned int *level)
{
	unsigned int l = t->levels;
	u64 pa = t->root, entry;
	u64 *at;

	for (;; l--) {
		at = (u64 *)keel_phys(pa) + keel_table_index(addr, l);
		entry = __atomic_load_n(at, __ATOMIC_ACQUIRE);
		if (!(entry & t->present) || keel_table_leaf(entry, l))
			break;
		pa = entry & KEEL_TABLE_ADDR;
	}
	*level = l;
	return at;
}

/*
 * The entry for a small page at @addr in a tree of four levels that has no large ones,
 * an EPT of a guest's or the frame table; or where the walk ends, at @level
 */
static inline u64 *keel_walk_small(u64 pa, u64 addr, u64 present, unsigned int *level)
{
	unsigned int l;
	u64 *at;

#pragma GCC unroll 3
	for (l = 4; l > KEEL_LEVEL_4K; l--) {
		at = (u64 *)keel_phys(pa) + keel_table_index(addr, l);
		pa = __atomic_load_n(at, __ATOMIC_ACQUIRE);
		*level = l;
		if (!(pa & present))
			return at;
		pa &= KEEL_TABLE_ADDR;
	}
	*level = KEEL_LEVEL_4K;
	return (u64 *)keel_phys(pa) + keel_table_index(addr, KEEL_LEVEL_4K);
}

/*
 * The entry of a frame, below root->frames.nr; NULL when the table has none, and then
 * so many pages are @missing for it
 */
static inline struct keel_frame *keel_walk_frame(const struct keel_root *root, u64 pfn,
						 unsigned int *missing)
{
	u64 *at = keel_walk_small(root->frames.tree.root, pfn / KEEL_FRAMES_A_PAGE << 12, 1,
				  missing);
	u64 page = __atomic_load_n(at, __ATOMIC_ACQUIRE);

	if (*missing > KEEL_LEVEL_4K || !(page & 1))
		return NULL;
	*missing = 0;
	return (struct keel_frame *)keel_phys(page & KEEL_TABLE_ADDR) +
	       pfn % KEEL_FRAMES_A_PAGE;
}

#endif /* KEEL_MMU_WALK_H */
