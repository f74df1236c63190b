/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Radix tables of 512 entries a level: EPTs and root's own page tables.
 *
 * World: root, host (before launch) and KUnit.
 */
#ifndef KEEL_MMU_TABLE_H
#define KEEL_MMU_TABLE_H

#include <linux/bits.h>
#include <linux/types.h>

#define KEEL_LEVEL_4K		1
#define KEEL_LEVEL_2M		2
#define KEEL_LEVEL_1G		3

#define KEEL_TABLE_NR		512
#define KEEL_TABLE_ADDR		0x000ffffffffff000ULL
#define KEEL_TABLE_LARGE	BIT_ULL(7)	/* the same bit in both formats */

/**
 * struct keel_pages - where tables come from
 * @alloc: a zeroed page; fills in its physical address; NULL when there is none
 * @at: the page at a physical address that @alloc gave
 * @arg: handed to both
 */
struct keel_pages {
	u64 *(*alloc)(void *arg, u64 *pa);
	u64 *(*at)(void *arg, u64 pa);
	void *arg;
};

/**
 * struct keel_table - a tree of tables
 * @pages: where tables come from
 * @root: physical address of the top table, 0 before the first mapping
 * @levels: 4 or 5
 * @inner: bits of an entry that points to a table
 * @present: an entry is there if any of these is set
 * @tables: how many tables there are
 */
struct keel_table {
	const struct keel_pages *pages;
	u64 root;
	unsigned int levels;
	u64 inner;
	u64 present;
	u64 tables;
};

static inline u64 keel_level_size(unsigned int level)
{
	return 1ULL << (12 + 9 * (level - 1));
}

int keel_table_map(struct keel_table *t, u64 addr, u64 pa, unsigned int level, u64 bits);
int keel_table_remap(struct keel_table *t, u64 addr, u64 pa, unsigned int level, u64 bits);
u64 keel_table_lookup(const struct keel_table *t, u64 addr, unsigned int *level);

#endif /* KEEL_MMU_TABLE_H */
