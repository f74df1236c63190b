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

/* Of an EPT's entry (SDM 28.3.5); CPUs set them at any moment. */
#define KEEL_TABLE_ACCESSED	BIT_ULL(8)
#define KEEL_TABLE_DIRTY	BIT_ULL(9)
#define KEEL_TABLE_AD		(KEEL_TABLE_ACCESSED | KEEL_TABLE_DIRTY)

/**
 * struct keel_harvest - accessed and dirty bits of pages side by side
 * @addr: of the first page
 * @level: their size
 * @nr: how many, holes between them included
 * @accessed: bit 0 for the first
 * @dirty: likewise
 */
struct keel_harvest {
	u64 addr;
	u32 level;
	u32 nr;
	u64 accessed[KEEL_TABLE_NR / 64];
	u64 dirty[KEEL_TABLE_NR / 64];
};

static inline u64 keel_level_size(unsigned int level)
{
	return 1ULL << (12 + 9 * (level - 1));
}

static inline unsigned int keel_table_index(u64 addr, unsigned int level)
{
	return addr >> (12 + 9 * (level - 1)) & (KEEL_TABLE_NR - 1);
}

/* Does an entry of a table of @level, which is present, map a page? */
static inline bool keel_table_leaf(u64 entry, unsigned int level)
{
	return level == KEEL_LEVEL_4K || (level <= KEEL_LEVEL_1G && entry & KEEL_TABLE_LARGE);
}

/* table.c */
int keel_table_map(struct keel_table *t, u64 addr, u64 pa, unsigned int level, u64 bits);
u64 keel_table_lookup(const struct keel_table *t, u64 addr, unsigned int *level);

/* edit.c */
int keel_table_split(struct keel_table *t, u64 addr, unsigned int level);
int keel_table_remap(struct keel_table *t, u64 addr, u64 pa, unsigned int level, u64 bits);
int keel_table_unmap(struct keel_table *t, u64 addr, unsigned int level, u64 *old);
int keel_table_protect(struct keel_table *t, u64 addr, unsigned int level, u64 clear, u64 set);
int keel_table_collapse(struct keel_table *t, u64 addr, unsigned int level, u64 *freed);

/* range.c */
int keel_table_protect_range(struct keel_table *t, u64 start, u64 end, u64 clear, u64 set);
u64 keel_table_harvest(struct keel_table *t, u64 addr, struct keel_harvest *h);

#endif /* KEEL_MMU_TABLE_H */
