// SPDX-License-Identifier: GPL-2.0
/*
 * Pages from the host to root, and back.
 *
 * World: root, under the lock of struct keel_root.
 *
 * The host proposes a page; root checks that it is memory, the host's, and mapped
 * in the host's EPT as itself.  Then the host loses it at once, and root can use
 * it once all CPUs have passed the epoch (pool.c).
 */
#include <linux/errno.h>
#include <linux/types.h>

#include "hostmap.h"
#include "pool.h"

static bool is_ram(const struct keel_root *root, u64 pfn)
{
	u32 i;

	for (i = 0; i < root->nr_ram; i++)
		if (pfn >= root->ram[i].start && pfn < root->ram[i].end)
			return true;
	return false;
}

/**
 * keel_donate() - the host gives root a page
 * @root: root
 * @pfn: frame number, as the host says
 *
 * Return: 0; -EINVAL when that is no memory, -EPERM when it is not the host's to
 * give, -ENOMEM when root lacks pages for its tables: it wants its donations
 * settled first.
 */
s64 keel_donate(struct keel_root *root, u64 pfn)
{
	struct keel_frame *frame;
	u64 entry;
	int err;

	if (!is_ram(root, pfn))
		return -EINVAL;
	keel_pool_settle(root);
	if (root->stock.nr + root->free.nr < KEEL_STOCK_MIN)
		return -ENOMEM;
	frame = keel_frame_make(&root->frames, pfn);
	if (!frame)
		return -ENOMEM;
	entry = keel_hostmap_open(&root->ept, pfn << 12);
	if (frame->owner != KEEL_OWNER_HOST || !entry)
		return -EPERM;
	err = keel_hostmap_hide(&root->ept, pfn << 12, root->zero_pa);
	if (err)
		return err;
	keel_frame_take(frame, KEEL_OWNER_ROOT);
	frame->flags = KEEL_FRAME_TYPE(KEEL_EPT_TYPE_OF(entry));
	root->owned++;
	keel_epoch_bump(root);
	root->cooling_epoch = root->epoch;
	keel_pool_put(root, &root->cooling, pfn);
	return 0;
}

/**
 * keel_reclaim() - the host gets a donated page back, zeroed
 * @root: root, which chooses the page
 *
 * Giving a right takes no flush: who still has the old translation makes a
 * violation, which vmx/tamper.c finds to be out of date.
 *
 * Return: its frame number, or -ENOENT when none is free.
 */
s64 keel_reclaim(struct keel_root *root)
{
	struct keel_frame *frame;
	u16 type;
	u64 pfn;

	keel_pool_settle(root);
	frame = keel_pool_take(root, &root->free, &pfn);
	if (!frame)
		return -ENOENT;
	type = KEEL_FRAME_TYPE_OF(frame->flags);
	keel_frame_give(frame, KEEL_OWNER_ROOT);
	root->owned--;
	/* It was mapped page by page when it was hidden: this cannot fail. */
	keel_table_remap(&root->ept, pfn << 12, pfn << 12, KEEL_LEVEL_4K,
			 KEEL_EPT_RWX | KEEL_EPT_TYPE(type));
	return pfn;
}
