// SPDX-License-Identifier: GPL-2.0
/*
 * Radix tables of 512 entries a level (SDM 4.5 and 28.3).
 *
 * World: root, host (before launch) and KUnit; touches no hardware.  The caller
 * keeps others away from the tree.
 */
#include <linux/errno.h>
#include <linux/stddef.h>
#include <linux/types.h>

#include "table.h"

static unsigned int index_at(u64 addr, unsigned int level)
{
	return addr >> (12 + 9 * (level - 1)) & (KEEL_TABLE_NR - 1);
}

static bool is_leaf(u64 entry, unsigned int level)
{
	return level == KEEL_LEVEL_4K || (level <= KEEL_LEVEL_1G && entry & KEEL_TABLE_LARGE);
}

/**
 * keel_table_map() - map one page
 * @t: the tree
 * @addr: address, aligned to the page's size
 * @pa: physical address, aligned alike
 * @level: KEEL_LEVEL_4K, KEEL_LEVEL_2M or KEEL_LEVEL_1G
 * @bits: rights and memory type; KEEL_TABLE_LARGE is added where it belongs
 *
 * Tables that were added on the way stay when a later one cannot be had: they
 * map nothing.
 *
 * Return: 0; -EINVAL for a bad level or alignment, -EEXIST when a page is mapped
 * there or a table stands there, -ENOMEM when there is no page for a table.
 */
int keel_table_map(struct keel_table *t, u64 addr, u64 pa, unsigned int level, u64 bits)
{
	unsigned int l = t->levels;
	u64 *table, *entry, new;

	if (level < KEEL_LEVEL_4K || level > KEEL_LEVEL_1G ||
	    (addr | pa) & (keel_level_size(level) - 1))
		return -EINVAL;
	if (!t->root) {
		if (!t->pages->alloc(t->pages->arg, &t->root))
			return -ENOMEM;
		t->tables++;
	}
	table = t->pages->at(t->pages->arg, t->root);
	for (;; l--) {
		entry = &table[index_at(addr, l)];
		if (l == level)
			break;
		if (!(*entry & t->present)) {
			table = t->pages->alloc(t->pages->arg, &new);
			if (!table)
				return -ENOMEM;
			t->tables++;
			*entry = new | t->inner;
			continue;
		}
		if (is_leaf(*entry, l))
			return -EEXIST;
		table = t->pages->at(t->pages->arg, *entry & KEEL_TABLE_ADDR);
	}
	if (*entry & t->present)
		return -EEXIST;
	*entry = pa | bits | (level == KEEL_LEVEL_4K ? 0 : KEEL_TABLE_LARGE);
	return 0;
}

/* Turn a large page into a table of the next smaller ones, all mapped as it was. */
static u64 *split(struct keel_table *t, u64 *entry, unsigned int level)
{
	u64 old = *entry, size = keel_level_size(level - 1), new;
	u64 *table = t->pages->alloc(t->pages->arg, &new);
	unsigned int i;

	if (!table)
		return NULL;
	t->tables++;
	if (level - 1 == KEEL_LEVEL_4K)
		old &= ~KEEL_TABLE_LARGE;
	for (i = 0; i < KEEL_TABLE_NR; i++)
		table[i] = old + i * size;
	*entry = new | t->inner;
	return table;
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
	unsigned int l = t->levels;
	u64 *table, *entry;

	if (level < KEEL_LEVEL_4K || level > KEEL_LEVEL_1G ||
	    (addr | pa) & (keel_level_size(level) - 1))
		return -EINVAL;
	if (!t->root)
		return -ENOENT;
	table = t->pages->at(t->pages->arg, t->root);
	for (;; l--) {
		entry = &table[index_at(addr, l)];
		if (!(*entry & t->present))
			return -ENOENT;
		if (l == level)
			break;
		if (is_leaf(*entry, l))
			table = split(t, entry, l);
		else
			table = t->pages->at(t->pages->arg, *entry & KEEL_TABLE_ADDR);
		if (!table)
			return -ENOMEM;
	}
	if (!is_leaf(*entry, l))
		return -ENOENT;
	*entry = pa | bits | (level == KEEL_LEVEL_4K ? 0 : KEEL_TABLE_LARGE);
	return 0;
}

/**
 * keel_table_lookup() - what an address is mapped to
 * @t: the tree
 * @addr: any address
 * @level: the size of the page, or the level at which the walk ended
 *
 * Return: the entry, 0 when nothing is mapped there.
 */
u64 keel_table_lookup(const struct keel_table *t, u64 addr, unsigned int *level)
{
	unsigned int l = t->levels;
	u64 pa = t->root;
	u64 entry = 0;

	for (; pa; l--) {
		entry = t->pages->at(t->pages->arg, pa)[index_at(addr, l)];
		if (!(entry & t->present) || is_leaf(entry, l))
			break;
		pa = entry & KEEL_TABLE_ADDR;
	}
	*level = l;
	return entry & t->present ? entry : 0;
}
