// SPDX-License-Identifier: GPL-2.0
/*
 * Large pages of the host's EPT that were split for a page of root's become whole again
 * when all of it is the host's.
 *
 * World: root and KUnit, under the lock of struct keel_root.
 */
#include <linux/stddef.h>
#include <linux/types.h>

#include "hostmap.h"
#include "pool.h"
#include "walk.h"

/* Tables that a call looks through */
#define TABLES_MAX	8

/* Steps over pages that are large already */
#define STEPS_MAX	4096

static bool collapse(struct keel_root *root, u64 pa, unsigned int level)
{
	u64 freed;

	if (keel_table_collapse(&root->ept, pa & ~(keel_level_size(level) - 1), level, &freed))
		return false;
	keel_epoch_bump(root);
	root->cooling_epoch = root->epoch;
	keel_pool_put(root, &root->cooling, freed >> 12);
	return true;
}

/**
 * keel_hostmap_mend() - put pages of the host's EPT together
 * @root: root
 * @pa: where to go on, 0 at first
 *
 * Only gigabytes with memory are looked at: no page of root's lies elsewhere.  What is
 * not mapped as itself, or has more than one memory type, stays as it is.  The tables
 * that are left over are root's to use when every CPU has flushed.
 *
 * Return: where to go on; 0 at the end.
 */
s64 keel_hostmap_mend(struct keel_root *root, u64 pa)
{
	unsigned int level, tables = 0, steps;
	u64 size = keel_level_size(KEEL_LEVEL_1G);
	u64 end = ((root->frames.nr << 12) + size - 1) & ~(size - 1);

	keel_pool_settle(root);
	pa &= ~(keel_level_size(KEEL_LEVEL_2M) - 1);
	for (steps = 0; pa < end && tables < TABLES_MAX && steps < STEPS_MAX; steps++) {
		keel_walk(&root->ept, pa, &level);
		if (level == KEEL_LEVEL_4K) {
			tables++;
			collapse(root, pa, KEEL_LEVEL_2M);
			level = KEEL_LEVEL_2M;
		}
		pa = (pa | (keel_level_size(level) - 1)) + 1;
		/* At the end of a table of 2M pages, these can make up a 1G page. */
		if (level == KEEL_LEVEL_2M && !(pa & (keel_level_size(KEEL_LEVEL_1G) - 1))) {
			tables++;
			collapse(root, pa - 1, KEEL_LEVEL_1G);
		}
	}
	return pa < end ? pa : 0;
}
