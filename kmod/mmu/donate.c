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
#include "walk.h"

static bool is_ram(const struct keel_root *root, u64 pfn, u64 nr)
{
	u32 i;

	/* Address 0 stands for no table at all; a list has 32 bits for a frame. */
	if (!pfn || pfn >= KEEL_NO_FRAME)
		return false;
	for (i = 0; i < root->nr_ram; i++)
		if (pfn >= root->ram[i].start && pfn + nr <= root->ram[i].end)
			return true;
	return false;
}

/**
 * keel_seize() - take a page from the host, if it is the host's to give
 * @root: root
 * @pfn: frame number, as the host says
 * @spare: pages for tables that have to be left
 * @frame: its entry
 *
 * Afterwards it is root's and hidden, and the caller, who bumps the epoch, has CPUs to
 * wait for before it is used.
 *
 * Return: 0; -EINVAL when that is no memory, -EPERM when it is not the host's to give,
 * -ENOMEM when root lacks pages for its tables.
 */
s64 keel_seize(struct keel_root *root, u64 pfn, u64 spare, struct keel_frame **frame)
{
	unsigned int level, missing;
	u64 *entry, old, need;
	int err = 0;

	if (!is_ram(root, pfn, 1))
		return -EINVAL;
	*frame = keel_walk_frame(root, pfn, &missing);
	entry = keel_walk(&root->ept, pfn << 12, &level);
	old = *entry;
	if ((*frame && (*frame)->owner != KEEL_OWNER_HOST) ||
	    !keel_ept_open(old, level, pfn << 12))
		return -EPERM;
	need = missing + level - KEEL_LEVEL_4K;
	if (need && root->stock.nr + root->free.nr < need + spare)
		return -ENOMEM;
	if (!*frame)
		*frame = keel_frame_make(&root->frames, pfn);
	if (!*frame)
		return -ENOMEM;
	if (level > KEEL_LEVEL_4K)
		err = keel_hostmap_hide(&root->ept, pfn << 12, root->zero_pa);
	else
		__atomic_store_n(entry, root->zero_pa | KEEL_EPT_HIDDEN, __ATOMIC_SEQ_CST);
	if (err)
		return err;
	keel_frame_take(*frame, KEEL_OWNER_ROOT);
	(*frame)->flags = KEEL_FRAME_TYPE(KEEL_EPT_TYPE_OF(old));
	root->owned++;
	root->moved++;
	return 0;
}

/* Are pages in a row the host's to give?  An entry of @level is theirs, or the first one's. */
static bool block_ok(const struct keel_frame *frame, const u64 *entry, unsigned int level, u64 pfn)
{
	u64 i;

	for (i = 0; frame && i < KEEL_BLOCK_NR; i++)
		if (frame[i].owner != KEEL_OWNER_HOST)
			return false;
	if (level > KEEL_LEVEL_4K)
		return keel_ept_open(*entry, level, pfn << 12);
	for (i = 0; i < KEEL_BLOCK_NR; i++)
		if (!keel_ept_open(entry[i], level, (pfn + i) << 12))
			return false;
	return true;
}

/**
 * keel_seize_block() - take 512 pages side by side from the host, all of them or none
 * @root: root
 * @pfn: the first one, as the host says
 * @spare: pages for tables that have to be left
 * @frame: entry of the first one; those of the others follow
 *
 * Such pages have their entries in one page of the frame table, and in one table of the
 * host's EPT.
 *
 * Return: as keel_seize(); -EINVAL also when @pfn is not a multiple of 512.
 */
s64 keel_seize_block(struct keel_root *root, u64 pfn, u64 spare, struct keel_frame **frame)
{
	unsigned int level, missing;
	u64 *entry, old, need, i;

	if (pfn % KEEL_BLOCK_NR || !is_ram(root, pfn, KEEL_BLOCK_NR))
		return -EINVAL;
	*frame = keel_walk_frame(root, pfn, &missing);
	entry = keel_walk(&root->ept, pfn << 12, &level);
	if (!block_ok(*frame, entry, level, pfn))
		return -EPERM;
	need = missing + level - KEEL_LEVEL_4K;
	if (need && root->stock.nr + root->free.nr < need + spare)
		return -ENOMEM;
	if (!*frame)
		*frame = keel_frame_make(&root->frames, pfn);
	if (!*frame || keel_table_split(&root->ept, pfn << 12, KEEL_LEVEL_4K))
		return -ENOMEM;
	entry = keel_walk(&root->ept, pfn << 12, &level);
	for (i = 0; i < KEEL_BLOCK_NR; i++) {
		old = __atomic_exchange_n(&entry[i], root->zero_pa | KEEL_EPT_HIDDEN,
					  __ATOMIC_RELAXED);
		keel_frame_take(*frame + i, KEEL_OWNER_ROOT);
		(*frame)[i].flags = KEEL_FRAME_TYPE(KEEL_EPT_TYPE_OF(old));
	}
	root->owned += KEEL_BLOCK_NR;
	root->moved += KEEL_BLOCK_NR;
	return 0;
}

/**
 * keel_hand_back() - a page is the host's again
 * @root: root
 * @pfn: the page, which keel_seize() has taken
 * @frame: its entry: root's, in no pool, and clean
 *
 * Giving a right takes no flush: who still has the old translation makes a violation,
 * which vmx/tamper.c finds to be out of date.
 */
void keel_hand_back(struct keel_root *root, u64 pfn, struct keel_frame *frame)
{
	u16 type = KEEL_FRAME_TYPE_OF(frame->flags);
	unsigned int level;
	/* It was mapped page by page when it was hidden. */
	u64 *entry = keel_walk(&root->ept, pfn << 12, &level);

	keel_frame_give(frame, KEEL_OWNER_ROOT);
	root->owned--;
	root->moved++;
	__atomic_store_n(entry, pfn << 12 | KEEL_EPT_RWX | KEEL_EPT_TYPE(type), __ATOMIC_SEQ_CST);
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
	s64 ret;

	keel_pool_settle(root);
	ret = keel_seize(root, pfn, 0, &frame);
	if (ret)
		return ret;
	frame->flags |= KEEL_FRAME_DONATED;
	keel_epoch_bump(root);
	root->cooling_epoch = root->epoch;
	keel_pool_push(&root->cooling, pfn, frame);
	return 0;
}

/**
 * keel_reclaim() - the host gets a donated page back, zeroed
 * @root: root, which chooses the page
 *
 * What root needs to take the next donation it keeps: without that it could never take
 * one again.
 *
 * Return: its frame number, or -ENOENT when none is left over.
 */
s64 keel_reclaim(struct keel_root *root)
{
	struct keel_frame *frame;
	u64 pfn;

	keel_pool_settle(root);
	while (root->stock.nr + root->free.nr > KEEL_STOCK_MIN) {
		frame = keel_pool_take(root, &root->free, &pfn);
		if (!frame)
			break;
		if (frame->flags & KEEL_FRAME_DONATED) {
			keel_hand_back(root, pfn, frame);
			return pfn;
		}
		/* It came with the load, and a table that was made of it was freed. */
		keel_pool_put(root, &root->stock, pfn);
	}
	return -ENOENT;
}
