// SPDX-License-Identifier: GPL-2.0
/*
 * Changing what a tree maps: other pages, other rights, other sizes.
 *
 * World: root, host (before launch) and KUnit; touches no hardware.  The caller
 * keeps others away from the tree, but not the CPUs that walk it: they set
 * accessed and dirty bits at any moment, so an entry is changed at once or not at
 * all.  Who takes a right away has the CPUs flushed afterwards.
 *
 * What may need a table can be prepared: after keel_table_split() for a page, the
 * other functions find it as it has to be and cannot fail for want of a table.
 */
#include <linux/errno.h>
#include <linux/stddef.h>
#include <linux/types.h>

#include "table.h"

static bool fits(u64 addr, unsigned int level)
{
	return level >= KEEL_LEVEL_4K && level <= KEEL_LEVEL_1G &&
	       !(addr & (keel_level_size(level) - 1));
}

/* Turn a large page into a table of the next smaller ones, all mapped as it was. */
static u64 *split(struct keel_table *t, u64 *entry, unsigned int level)
{
	u64 old = __atomic_load_n(entry, __ATOMIC_RELAXED), first, new;
	u64 *table = t->pages->alloc(t->pages->arg, &new);
	unsigned int i;

	if (!table)
		return NULL;
	t->tables++;
	do {
		first = level - 1 == KEEL_LEVEL_4K ? old & ~KEEL_TABLE_LARGE : old;
		for (i = 0; i < KEEL_TABLE_NR; i++)
			table[i] = first + i * keel_level_size(level - 1);
	} while (!__atomic_compare_exchange_n(entry, &old, new | t->inner, false,
					      __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	return table;
}

/* The entry of the page of @level at @addr, which larger ones are split for. */
static int find(struct keel_table *t, u64 addr, unsigned int level, u64 **entry)
{
	unsigned int l = t->levels;
	u64 *table, old;

	if (!fits(addr, level))
		return -EINVAL;
	if (!t->root)
		return -ENOENT;
	table = t->pages->at(t->pages->arg, t->root);
	for (;; l--) {
		*entry = &table[keel_table_index(addr, l)];
		old = __atomic_load_n(*entry, __ATOMIC_RELAXED);
		if (!(old & t->present))
			return -ENOENT;
		if (l == level)
			return keel_table_leaf(old, l) ? 0 : -ENOENT;
		if (keel_table_leaf(old, l))
			table = split(t, *entry, l);
		else
			table = t->pages->at(t->pages->arg, old & KEEL_TABLE_ADDR);
		if (!table)
			return -ENOMEM;
	}
}

/**
 * keel_table_split() - let a page be mapped by an entry of its own
 * @t: the tree
 * @addr: address, aligned to the page's size
 * @level: KEEL_LEVEL_4K, KEEL_LEVEL_2M or KEEL_LEVEL_1G
 *
 * A larger page around it is split; all stays mapped as it was.
 *
 * Return: 0; -EINVAL for a bad level or alignment, -ENOENT when nothing is mapped
 * there, or smaller pages only, -ENOMEM when there is no page for a table.
 */
int keel_table_split(struct keel_table *t, u64 addr, unsigned int level)
{
	u64 *entry;

	return find(t, addr, level, &entry);
}

/**
 * keel_table_remap() - map a page that is mapped already to something else
 * @t: the tree
 * @addr: address, aligned to the page's size
 * @pa: physical address, aligned alike
 * @level: KEEL_LEVEL_4K, KEEL_LEVEL_2M or KEEL_LEVEL_1G
 * @bits: rights and memory type; KEEL_TABLE_LARGE is added where it belongs
 *
 * A larger page around it is split; the rest of it stays mapped as it was.
 *
 * Return: 0; -EINVAL for a bad level or alignment, -ENOENT when nothing is
 * mapped there, or smaller pages only, -ENOMEM when there is no page for a
 * table.
 */
int keel_table_remap(struct keel_table *t, u64 addr, u64 pa, unsigned int level, u64 bits)
{
	u64 *entry;
	int err;

	if (!fits(pa, level))
		return -EINVAL;
	err = find(t, addr, level, &entry);
	if (err)
		return err;
	__atomic_store_n(entry, pa | bits | (level == KEEL_LEVEL_4K ? 0 : KEEL_TABLE_LARGE),
			 __ATOMIC_SEQ_CST);
	return 0;
}

/**
 * keel_table_unmap() - map nothing any more
 * @t: the tree
 * @addr: address, aligned to the page's size
 * @level: KEEL_LEVEL_4K, KEEL_LEVEL_2M or KEEL_LEVEL_1G
 * @old: the entry that was there, with all bits that CPUs have set in it
 *
 * A larger page around it is split.  A table that nothing is left in stays.
 *
 * Return: as keel_table_split().
 */
int keel_table_unmap(struct keel_table *t, u64 addr, unsigned int level, u64 *old)
{
	u64 *entry;
	int err = find(t, addr, level, &entry);

	if (!err)
		*old = __atomic_exchange_n(entry, 0, __ATOMIC_SEQ_CST);
	return err;
}

/**
 * keel_table_protect() - change the rights of a page
 * @t: the tree
 * @addr: address, aligned to the page's size
 * @level: KEEL_LEVEL_4K, KEEL_LEVEL_2M or KEEL_LEVEL_1G
 * @clear: bits to clear
 * @set: bits to set; neither can be of the address or KEEL_TABLE_LARGE
 *
 * A larger page around it is split.  A page that is left without any right is no
 * longer mapped.
 *
 * Return: as keel_table_split(), and -EINVAL for bad bits.
 */
int keel_table_protect(struct keel_table *t, u64 addr, unsigned int level, u64 clear, u64 set)
{
	u64 *entry, old, new;
	int err;

	if ((clear | set) & (KEEL_TABLE_ADDR | KEEL_TABLE_LARGE))
		return -EINVAL;
	err = find(t, addr, level, &entry);
	if (err)
		return err;
	old = __atomic_load_n(entry, __ATOMIC_RELAXED);
	do {
		new = (old & ~clear) | set;
		if (!(new & t->present))
			new = 0;
	} while (!__atomic_compare_exchange_n(entry, &old, new, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_RELAXED));
	return 0;
}

/* The entry of a large page that the pages of @table make up; 0 when they do not */
static u64 whole(const struct keel_table *t, const u64 *table, unsigned int level)
{
	u64 size = keel_level_size(level - 1), first, old, used = 0;
	unsigned int i;

	first = __atomic_load_n(&table[0], __ATOMIC_RELAXED) & ~KEEL_TABLE_AD;
	if (!(first & t->present) || !keel_table_leaf(first, level - 1) ||
	    !fits(first & KEEL_TABLE_ADDR, level))
		return 0;
	for (i = 0; i < KEEL_TABLE_NR; i++) {
		old = __atomic_load_n(&table[i], __ATOMIC_RELAXED);
		if ((old & ~KEEL_TABLE_AD) != first + i * size)
			return 0;
		used |= old & KEEL_TABLE_AD;
	}
	return first | used | KEEL_TABLE_LARGE;
}

/**
 * keel_table_collapse() - make one large page of a table of an EPT
 * @t: the EPT
 * @addr: address, aligned to the large page's size
 * @level: its level, KEEL_LEVEL_2M or KEEL_LEVEL_1G
 * @freed: the physical address of the table, which nothing points to any more
 *
 * The pages have to lie side by side, with the same bits; the large page is
 * accessed and dirty if any of them was.  A CPU can walk the old table, and even set
 * bits in it, until it has flushed; its page can be used after that.
 *
 * Return: 0; -EINVAL for a bad level or alignment, -ENOENT when there is no table,
 * -EBUSY when its pages do not make up a large one.
 */
int keel_table_collapse(struct keel_table *t, u64 addr, unsigned int level, u64 *freed)
{
	unsigned int l = t->levels;
	u64 *table, *entry, old, new;

	if (level == KEEL_LEVEL_4K || !fits(addr, level))
		return -EINVAL;
	if (!t->root)
		return -ENOENT;
	table = t->pages->at(t->pages->arg, t->root);
	for (;; l--) {
		entry = &table[keel_table_index(addr, l)];
		old = __atomic_load_n(entry, __ATOMIC_RELAXED);
		if (!(old & t->present) || keel_table_leaf(old, l))
			return -ENOENT;
		table = t->pages->at(t->pages->arg, old & KEEL_TABLE_ADDR);
		if (l == level)
			break;
	}
	new = whole(t, table, level);
	if (!new)
		return -EBUSY;
	__atomic_store_n(entry, new, __ATOMIC_SEQ_CST);
	t->tables--;
	*freed = old & KEEL_TABLE_ADDR;
	return 0;
}
