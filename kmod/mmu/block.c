// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks: 512 frames side by side that wait to become a large page of a guest.
 *
 * World: root and KUnit, under the guest's lock, which is taken here where the host gives a
 * block or has none.
 *
 * A guest that is to have large pages is known by its blocks: who was never given one asks for
 * none, and is what it would be if there were no such things.  When the host has none, it says
 * so, and the guest goes on with single frames until it gets one again.
 *
 * A block's frames are root's and in no list; its first one stands for all of them.
 */
#include <linux/errno.h>
#include <linux/types.h>

#include "guest.h"
#include "walk.h"

/* Lock a living guest. */
static s64 begin(struct keel_root *root, u64 id, struct keel_guest **guest)
{
	s64 ret = keel_guest_hold(root, id, guest);

	if (!ret)
		keel_guest_settle(root, *guest);
	return ret;
}

/**
 * keel_guest_block() - frames for a large page of a guest's
 * @root: root
 * @id: the guest
 * @pfn: the first of 512 frames, as the host says
 *
 * They can be used once every CPU has passed the epoch: the host kicks the CPUs.
 *
 * Return: 0; -EINVAL, -EPERM or -ENOMEM as keel_seize_block(), -ENOSPC when as many blocks wait
 * as may, -ENOENT when there is no such guest, -ESHUTDOWN when it is dead, -EAGAIN when a CPU
 * works on its memory.
 */
s64 keel_guest_block(struct keel_root *root, u64 id, u64 pfn)
{
	struct keel_guest *guest;
	struct keel_frame *frame;
	s64 ret = begin(root, id, &guest);

	if (ret)
		return ret;
	keel_pool_settle(root);
	ret = guest->blocks.nr < KEEL_BLOCKS_MAX ?
	      keel_seize_block(root, pfn, KEEL_STOCK_MIN, &frame) : -ENOSPC;
	if (!ret) {
		guest->blocks.pfn[guest->blocks.nr++] = pfn;
		guest->blocks.asks = true;
		guest->stat.filled += KEEL_BLOCK_NR;
		keel_epoch_bump(root);
		guest->cooling_epoch = root->epoch;
	}
	keel_guest_unlock(guest);
	return ret;
}

/**
 * keel_guest_no_block() - there are no blocks to be had: a guest does not ask until it gets one
 * @root: root
 * @id: the guest
 * @use: nor are there frames: let one that waits join the pool
 *
 * Return: how many frames have joined it; -ENOENT, -ESHUTDOWN or -EAGAIN as keel_guest_block().
 */
s64 keel_guest_no_block(struct keel_root *root, u64 id, bool use)
{
	struct keel_guest *guest;
	s64 ret = begin(root, id, &guest);
	u64 pfn;

	if (ret)
		return ret;
	guest->blocks.asks = false;
	if (use && guest->blocks.ready) {
		keel_block_take(root, guest, &pfn);
		keel_block_free(root, &guest->pool, pfn);
		ret = KEEL_BLOCK_NR;
	}
	keel_guest_unlock(guest);
	return ret;
}

/**
 * keel_block_ready() - is there one that can be used?
 * @root: root; its lock is not needed
 * @guest: the guest
 *
 * Return: true when there is, if need be one that has cooled down by now.
 */
bool keel_block_ready(struct keel_root *root, struct keel_guest *guest)
{
	if (!guest->blocks.ready)
		keel_guest_settle(root, guest);
	return guest->blocks.ready;
}

/**
 * keel_block_take() - take a block that can be used
 * @root: root; its lock is not needed
 * @guest: the guest, which has one
 * @pfn: set to its first frame
 *
 * Return: the entry of that in the frame table; those of the others follow.
 */
struct keel_frame *keel_block_take(struct keel_root *root, struct keel_guest *guest, u64 *pfn)
{
	struct keel_blocks *b = &guest->blocks;
	unsigned int missing;

	*pfn = b->pfn[--b->ready];
	b->pfn[b->ready] = b->pfn[--b->nr];
	return keel_walk_frame(root, *pfn, &missing);
}

/**
 * keel_block_free() - let a block's frames join a list of single ones
 * @root: root; its lock is not needed
 * @pool: the list
 * @pfn: the first frame; all are root's, and in no list
 */
void keel_block_free(struct keel_root *root, struct keel_pool *pool, u64 pfn)
{
	unsigned int missing, i;
	struct keel_frame *frame = keel_walk_frame(root, pfn, &missing);

	for (i = KEEL_BLOCK_NR; i--; )
		keel_pool_push(pool, pfn + i, &frame[i]);
}

/**
 * keel_block_drop() - a dead guest has no use for blocks
 * @root: root
 * @guest: the guest, dead and parked
 */
void keel_block_drop(struct keel_root *root, struct keel_guest *guest)
{
	while (guest->blocks.nr)
		keel_block_free(root, &guest->pool, guest->blocks.pfn[--guest->blocks.nr]);
	guest->blocks.ready = 0;
}

/**
 * keel_block_wants() - how many blocks a guest would like to have
 * @guest: the guest; its lock is not needed
 *
 * Return: as many as may wait, and no more than it has memory left to be touched; none while
 * the host has said that there are none.
 */
u16 keel_block_wants(const struct keel_guest *guest)
{
	const struct keel_vm_stat *stat = &guest->stat;
	u64 has, left;

	if (!guest->blocks.asks)
		return 0;
	has = stat->mapped + stat->shared + stat->cloned + stat->zero +
	      (u64)guest->blocks.nr * KEEL_BLOCK_NR;
	left = guest->frames > has ? (guest->frames - has) / KEEL_BLOCK_NR : 0;
	return left < KEEL_BLOCKS_MAX - guest->blocks.nr ? left :
	       KEEL_BLOCKS_MAX - guest->blocks.nr;
}
