// SPDX-License-Identifier: GPL-2.0
/*
 * Whole stretches of a tree: their rights, and the accessed and dirty bits that
 * CPUs have left in an EPT.
 *
 * World: root, host (before launch) and KUnit; touches no hardware.  The caller
 * keeps others away from the tree, but not the CPUs that walk it (edit.c).
 */
#include <linux/errno.h>
#include <linux/stddef.h>
#include <linux/types.h>

#include "table.h"

/* The entry for @addr: of the page there, or where the walk ends.  There is a tree. */
static u64 *entry_at(const struct keel_table *t, u64 addr, unsigned int *level)
{
	u64 *table = t->pages->at(t->pages->arg, t->root), *entry, old;
	unsigned int l;

	for (l = t->levels; ; l--) {
		entry = &table[keel_table_index(addr, l)];
		old = __atomic_load_n(entry, __ATOMIC_RELAXED);
		*level = l;
		if (!(old & t->present) || keel_table_leaf(old, l))
			return entry;
		table = t->pages->at(t->pages->arg, old & KEEL_TABLE_ADDR);
	}
}

/* Let no page lie on both sides of @addr. */
static int cut(struct keel_table *t, u64 addr)
{
	unsigned int level;
	u64 mask;
	int err;

	for (;;) {
		if (!(*entry_at(t, addr, &level) & t->present))
			return 0;
		mask = keel_level_size(level) - 1;
		if (!(addr & mask))
			return 0;
		level--;
		err = keel_table_split(t, addr & ~(keel_level_size(level) - 1), level);
		if (err)
			return err;
	}
}

/**
 * keel_table_protect_range() - change the rights of all pages of a stretch
 * @t: the tree
 * @start: its first address, of a page
 * @end: its end, of a page
 * @clear: bits to clear
 * @set: bits to set; neither can be of the address or KEEL_TABLE_LARGE
 *
 * Pages that lie across its ends are split first; a stretch that was split need not
 * be again, and then this cannot fail.  Where nothing is mapped, nothing will be.
 *
 * Return: 0; -EINVAL for a bad stretch or bad bits, -ENOMEM when there is no page for
 * a table: no right has changed then.
 */
int keel_table_protect_range(struct keel_table *t, u64 start, u64 end, u64 clear, u64 set)
{
	unsigned int level;
	u64 addr, size;
	int err;

	if ((start | end) & (keel_level_size(KEEL_LEVEL_4K) - 1) || start > end ||
	    end > keel_level_size(t->levels + 1) ||
	    (clear | set) & (KEEL_TABLE_ADDR | KEEL_TABLE_LARGE))
		return -EINVAL;
	if (!t->root || start == end)
		return 0;
	err = cut(t, start);
	if (!err && end < keel_level_size(t->levels + 1))
		err = cut(t, end);
	if (err)
		return err;
	for (addr = start; addr < end; addr = (addr | (size - 1)) + 1) {
		u64 entry = *entry_at(t, addr, &level);

		size = keel_level_size(level);
		if (entry & t->present)
			keel_table_protect(t, addr, level, clear, set);
	}
	return 0;
}

/**
 * keel_table_harvest() - read and clear accessed and dirty bits
 * @t: an EPT
 * @addr: where to go on, of a page
 * @h: the pages from there on that lie in one table and are of one size, and holes of
 *     that size between them
 *
 * A call looks at one table.  A CPU that has a translation with its bits set does not
 * set them again: the caller has the CPUs flushed afterwards, if a page that is used
 * again is to be seen.
 *
 * Return: the address behind what was looked at, to go on with; it is the end of the
 * tree's addresses in the end.
 */
u64 keel_table_harvest(struct keel_table *t, u64 addr, struct keel_harvest *h)
{
	unsigned int level, i;
	u64 *entry, old;

	*h = (struct keel_harvest) { .addr = addr, .level = t->levels };
	if (!t->root)
		return keel_level_size(t->levels + 1);
	entry = entry_at(t, addr, &level);
	for (i = keel_table_index(addr, level); i < KEEL_TABLE_NR; i++, entry++, h->nr++) {
		old = __atomic_load_n(entry, __ATOMIC_RELAXED);
		if (!(old & t->present))
			continue;
		if (!keel_table_leaf(old, level))
			break;
		if (old & KEEL_TABLE_AD)
			old = __atomic_fetch_and(entry, ~KEEL_TABLE_AD, __ATOMIC_SEQ_CST);
		h->accessed[h->nr / 64] |= (u64)!!(old & KEEL_TABLE_ACCESSED) << h->nr % 64;
		h->dirty[h->nr / 64] |= (u64)!!(old & KEEL_TABLE_DIRTY) << h->nr % 64;
	}
	h->level = level;
	h->addr = addr & ~(keel_level_size(level) - 1);
	return h->addr + keel_level_size(level) * h->nr;
}
