// SPDX-License-Identifier: GPL-2.0
/*
 * Large pages of guests, of 2 MiB: how they come, and how they go.
 *
 * World: root and KUnit, under the guest's lock, which is taken here for splitting.
 *
 * Where a guest has a block of frames (block.c), the first touch of 2 MiB of its memory, read
 * or write, takes it as a whole.  Nothing in a large page is shared: it is split before, when
 * the host finds that enough in it could be (scan.c, merge.c), and before a clone is made.
 * Splitting takes no right away and moves nothing, so nobody has to flush; what CPUs have
 * marked stands in each of the small pages afterwards.  The way back is in collapse.c.
 */
#include <linux/errno.h>
#include <linux/types.h>

#include "guest.h"
#include "walk.h"

/**
 * keel_large_touch() - make memory of a block, at the first touch of a page
 * @root: root; its lock is not needed
 * @guest: the guest; there is no table for small pages there, and its pool has frames for the
 *         tables on the way
 * @gpa: where, any address
 * @write: it is written to, which is what is counted
 *
 * Return: KEEL_FAULT_DONE; KEEL_FAULT_FILL when the host has to be asked for a block, or CPUs
 * have to be kicked before one can be used; KEEL_FAULT_OUTSIDE when it is to be a small page.
 */
enum keel_fault keel_large_touch(struct keel_root *root, struct keel_guest *guest, u64 gpa,
				 bool write)
{
	u64 gfn = gpa >> 12 & -(u64)KEEL_BLOCK_NR, pfn, *entry;
	struct keel_frame *frame;
	unsigned int i;

	if (!guest->blocks.nr && !guest->blocks.asks)
		return KEEL_FAULT_OUTSIDE;
	if (!keel_gfns_ok(guest->frames, gfn, KEEL_BLOCK_NR))
		return KEEL_FAULT_OUTSIDE;
	if (!keel_block_ready(root, guest))
		return guest->blocks.nr || keel_block_wants(guest) ? KEEL_FAULT_FILL :
								     KEEL_FAULT_OUTSIDE;
	frame = keel_block_take(root, guest, &pfn);
	entry = keel_guest_tables(root, guest, gpa, KEEL_LEVEL_2M);
	for (i = 0; i < KEEL_BLOCK_NR; i++)
		keel_frame_assign(&frame[i], guest->owner);
	guest->stat.mapped += KEEL_BLOCK_NR;
	guest->stat.huge += KEEL_BLOCK_NR;
	guest->stat.touched_write += write;
	guest->stat.touched_read += !write;
	__atomic_store_n(entry, pfn << 12 | KEEL_LEAF_LARGE, __ATOMIC_RELEASE);
	return KEEL_FAULT_DONE;
}

/**
 * keel_large_release() - a dead guest's large page becomes single frames in its pool, dirty
 * @root: root
 * @guest: the guest, dead and parked
 * @entry: maps the large page; empty afterwards
 */
void keel_large_release(struct keel_root *root, struct keel_guest *guest, u64 *entry)
{
	u64 pfn = KEEL_LEAF_PA(*entry) >> 12;
	unsigned int missing, i;
	struct keel_frame *frame = keel_walk_frame(root, pfn, &missing);

	*entry = 0;
	for (i = 0; i < KEEL_BLOCK_NR; i++)
		keel_frame_release(&frame[i], guest->owner);
	keel_block_free(root, &guest->pool, pfn);
	guest->stat.mapped -= KEEL_BLOCK_NR;
	guest->stat.huge -= KEEL_BLOCK_NR;
}

static s64 split(struct keel_root *root, struct keel_guest *guest, u64 gpa)
{
	unsigned int level;
	u64 *entry = keel_guest_leaf(guest, gpa, &level);

	if (!keel_leaf_large(level, *entry))
		return 0;
	/* One that is not to be written to yet: its small pages would be at once. */
	if (entry == guest->collapse.at)
		return -EBUSY;
	if (!keel_guest_has(root, guest, 1))
		return -ENOSPC;
	if (keel_table_split(&guest->ept, gpa & ~(u64)(KEEL_PAGE_SIZE - 1), KEEL_LEVEL_4K))
		return -ENOSPC;
	guest->stat.huge -= KEEL_BLOCK_NR;
	guest->stat.splits++;
	return 1;
}

/**
 * keel_guest_split() - make small pages of a large one
 * @root: root; its lock is not needed
 * @id: the guest
 * @gfn: any page of it
 *
 * Return: 1, or 0 when there is no large page; -ENOENT when there is no such guest, -ESHUTDOWN
 * when it is dead, -EINVAL when it has no memory there, -ENOSPC when its pool lacks a frame for
 * the table, -EBUSY while it comes into being (keel_guest_collapse()), -EAGAIN when a CPU works
 * on its memory.
 */
s64 keel_guest_split(struct keel_root *root, u64 id, u64 gfn)
{
	struct keel_guest *guest = keel_guest_at(root, id);
	s64 ret;

	if (!guest)
		return -ENOENT;
	if (!keel_gfn_ok(guest->frames, gfn))
		return -EINVAL;
	if (!keel_guest_lock(guest))
		return -EAGAIN;
	ret = guest->dead ? -ESHUTDOWN : split(root, guest, gfn << 12);
	keel_guest_unlock(guest);
	return ret;
}
