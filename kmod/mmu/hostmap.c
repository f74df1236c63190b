// SPDX-License-Identifier: GPL-2.0
/*
 * The demoted host's EPT: an identity map in the largest pages that have one
 * memory type each.
 *
 * World: host (before launch) and KUnit; touches no hardware, no locks.
 *
 * It covers every address that the CPU can put on its bus, not only memory:
 * device windows can lie anywhere, and a host that touches one takes no exit.
 * With 1G pages that costs a page of tables for each 512 GiB.  The EPT's memory
 * type takes the place of the MTRRs' and leaves the PAT in force (SDM 28.3.7.2).
 */
#include <linux/types.h>

#include "hostmap.h"

/**
 * keel_ept_init() - an empty EPT
 * @ept: the tree
 * @pages: where its tables come from
 */
void keel_ept_init(struct keel_table *ept, const struct keel_pages *pages)
{
	*ept = (struct keel_table) {
		.pages = pages,
		.levels = 4,
		.inner = KEEL_EPT_RWX,
		.present = KEEL_EPT_RWX,
	};
}

/**
 * keel_hostmap_hide() - take a page of root's out of the host's reach
 * @ept: the host's EPT
 * @pa: the page
 * @zero_pa: a page of zeros, root's too
 *
 * The host reads zeros there.  What else it tries is a violation, and these are
 * the only pages of its EPT that are mapped with less than all rights: so
 * vmx/tamper.c knows.
 *
 * Return: 0; -ENOENT when the EPT does not map the page, or -ENOMEM.
 */
int keel_hostmap_hide(struct keel_table *ept, u64 pa, u64 zero_pa)
{
	return keel_table_remap(ept, pa, zero_pa, KEEL_LEVEL_4K, KEEL_EPT_HIDDEN);
}

/**
 * keel_hostmap_open() - can the host do all it wants with a page?
 * @ept: the host's EPT
 * @pa: any address in the page
 *
 * Return: the entry that maps the page as itself, with all rights; 0 when that
 * is not so.
 */
u64 keel_hostmap_open(const struct keel_table *ept, u64 pa)
{
	unsigned int level;
	u64 entry = keel_table_lookup(ept, pa, &level);

	return keel_ept_open(entry, level, pa) ? entry : 0;
}

/**
 * keel_hostmap_build() - map [0, end) onto itself
 * @ept: an empty EPT
 * @m: the MTRRs
 * @end: end of the physical address space, a multiple of 1 GiB
 *
 * Return: 0, or -ENOMEM.
 */
int keel_hostmap_build(struct keel_table *ept, const struct keel_mtrrs *m, u64 end)
{
	unsigned int level;
	u64 pa;
	int err;

	for (pa = 0; pa < end; pa += keel_level_size(level)) {
		level = KEEL_LEVEL_1G;
		while (pa & (keel_level_size(level) - 1) ||
		       !keel_memtype_uniform(m, pa, keel_level_size(level)))
			level--;
		err = keel_table_map(ept, pa, pa, level,
				     KEEL_EPT_RWX | KEEL_EPT_TYPE(keel_memtype_at(m, pa)));
		if (err)
			return err;
	}
	return 0;
}
