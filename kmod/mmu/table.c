// SPDX-License-Identifier: GPL-2.0
/*
 * Radix tables of 512 entries a level (SDM 4.5 and 28.3): mapping and looking up.
 *
 * World: root, host (before launch) and KUnit; touches no hardware.  The caller
 * keeps others away from the tree; who only looks something up need not be kept
 * away, for an entry is written last, and at once.
 */
#include <linux/errno.h>
#include <linux/stddef.h>
#include <linux/types.h>

#include "table.h"

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
		entry = &table[keel_table_index(addr, l)];
		if (l == level)
			break;
		if (!(*entry & t->present)) {
			table = t->pages->alloc(t->pages->arg, &new);
			if (!table)
				return -ENOMEM;
			t->tables++;
			__atomic_store_n(entry, new | t->inner, __ATOMIC_RELEASE);
			continue;
		}
		if (keel_table_leaf(*entry, l))
			return -EEXIST;
		table = t->pages->at(t->pages->arg, *entry & KEEL_TABLE_ADDR);
	}
	if (*entry & t->present)
		return -EEXIST;
	__atomic_store_n(entry, pa | bits | (level == KEEL_LEVEL_4K ? 0 : KEEL_TABLE_LARGE),
			 __ATOMIC_RELEASE);
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
		entry = __atomic_load_n(&t->pages->at(t->pages->arg, pa)[keel_table_index(addr, l)],
					__ATOMIC_ACQUIRE);
		if (!(entry & t->present) || keel_table_leaf(entry, l))
			break;
		pa = entry & KEEL_TABLE_ADDR;
	}
	*level = l;
	return entry & t->present ? entry : 0;
}
