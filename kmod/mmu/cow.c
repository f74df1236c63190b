// SPDX-License-Identifier: GPL-2.0
/*
 * Copy-on-write: a guest writes to a page that it shares, and gets one of its own.  And
 * what becomes of frames that a guest has no use for any more.
 *
 * World: root and KUnit, under the guest's lock.  A shared frame's count is changed by all
 * who map it, each under its own guest's lock.
 *
 * The old frame stays the guest's until none of its vCPUs can have a translation to it: so
 * a shared frame that nobody maps is reached by nobody, whoever has let go of it last, and
 * the last one that maps it can have it to write to.
 *
 * Frames that merging has made superfluous are kept for the guest's own breaks first, up to
 * a reserve that grows with what it shares.  When that is used up, a break is like any other
 * touch for which there is no frame: Linux is asked, and if it has none, the guest pauses.
 */
#include <linux/errno.h>
#include <linux/types.h>

#include "guest.h"
#include "walk.h"

/* Frames that a guest's pool keeps for breaks, and one more for so many shared pages */
#define RESERVE_MIN	16
#define RESERVE_SHARE	64

/* Frames that keel_guest_trim() zeroes in a call */
#define WORK_MAX	128

/**
 * keel_cow_drop() - one less maps a shared frame
 * @root: root; its lock is not needed
 * @frame: the frame
 *
 * Return: true when that was the last one: the frame is root's, and dirty.
 */
bool keel_cow_drop(struct keel_root *root, struct keel_frame *frame)
{
	__atomic_add_fetch(&root->turns, 1, __ATOMIC_RELAXED);
	if (keel_frame_put(frame) <= 0)
		return false;
	__atomic_sub_fetch(&root->shared, 1, __ATOMIC_RELAXED);
	return true;
}

/**
 * keel_cow_spare() - a frame is not the guest's memory any more
 * @guest: the guest, whose EPT has changed so that it is mapped nowhere
 * @pfn: the frame
 * @frame: its entry: root's, and dirty
 */
void keel_cow_spare(struct keel_guest *guest, u64 pfn, struct keel_frame *frame)
{
	keel_pool_push(&guest->spare, pfn, frame);
	guest->spare_epoch = guest->epoch;
}

/* With the old frame retired, and a new one to be had unless it is the last to map that */
static void give_own(struct keel_root *root, struct keel_guest *guest, u64 *entry, u64 pfn,
		     struct keel_frame *frame)
{
	struct keel_frame *mine = NULL;
	u64 new = pfn;

	if (!keel_frame_adopt(frame, guest->owner)) {
		__atomic_sub_fetch(&root->shared, 1, __ATOMIC_RELAXED);
		__atomic_add_fetch(&root->turns, 1, __ATOMIC_RELAXED);
	} else {
		mine = keel_guest_take(root, guest, &new);
		keel_copy(keel_phys(new << 12), keel_phys(pfn << 12));
		keel_frame_assign(mine, guest->owner);
	}
	guest->stat.shared--;
	guest->stat.mapped++;
	guest->stat.breaks++;
	__atomic_store_n(entry, new << 12 | KEEL_LEAF_OWN, __ATOMIC_SEQ_CST);
	/* The others can have let go of it since then; gmem.c can have found it until now. */
	if (mine && keel_cow_drop(root, frame))
		keel_cow_spare(guest, pfn, frame);
}

/**
 * keel_cow_break() - a guest writes to a page that is not the zero frame and not writable
 * @root: root; its lock is not needed
 * @guest: the guest
 * @entry: the EPT's entry for the page: of a shared frame, or of one of its own that is
 *         write-protected; or of a shared one that is about to be replaced
 * @self: the vCPU, as keel_guest_passed() knows it
 *
 * Return: KEEL_FAULT_DONE, KEEL_FAULT_FILL or KEEL_FAULT_KICK.
 */
enum keel_fault keel_cow_break(struct keel_root *root, struct keel_guest *guest, u64 *entry,
			       const void *self)
{
	u64 old = __atomic_load_n(entry, __ATOMIC_RELAXED), pfn = KEEL_LEAF_PA(old) >> 12;
	unsigned int missing;
	struct keel_frame *frame;

	/* Write-protected to be merged: it was not to be.  Or a large page that is a new one. */
	if (old & KEEL_EPT_RWX && !(old & KEEL_LEAF_IS_SHARED)) {
		if (entry == guest->collapse.at &&
		    !keel_guest_passed(guest, guest->collapse.epoch, self))
			return KEEL_FAULT_KICK;
		__atomic_or_fetch(entry, KEEL_EPT_WRITE, __ATOMIC_RELEASE);
		return KEEL_FAULT_DONE;
	}
	frame = keel_walk_frame(root, pfn, &missing);
	/* Only this guest could let others map it, too, if nobody else does. */
	if (keel_frame_read(frame).count > 1 && !keel_guest_has(root, guest, 1))
		return KEEL_FAULT_FILL;
	if (!keel_guest_retire(guest, entry, self))
		return KEEL_FAULT_KICK;
	give_own(root, guest, entry, pfn, frame);
	return KEEL_FAULT_DONE;
}

/**
 * keel_cow_reserve() - how many frames a guest's pool is to have for writes to shared pages
 * @guest: the guest; its lock is not needed
 *
 * Return: the number, which grows with what it shares.
 */
u64 keel_cow_reserve(const struct keel_guest *guest)
{
	u64 nr = guest->stat.shared + guest->stat.cloned;

	return nr ? RESERVE_MIN + nr / RESERVE_SHARE : 0;
}

/**
 * keel_cow_lacks() - how many frames the guest's pool has less than that
 * @guest: the guest, locked
 *
 * Return: the number, 0 when its reserve is whole.
 */
u64 keel_cow_lacks(const struct keel_guest *guest)
{
	u64 reserve = keel_cow_reserve(guest), pool = guest->pool.nr + guest->cooling.nr;

	return pool < reserve ? reserve - pool : 0;
}

/* Up to a batch of frames: to the guest's pool as far as it is short, the rest to the host */
static s64 trim(struct keel_root *root, struct keel_guest *guest, u64 *batch)
{
	struct keel_frame *frame;
	unsigned int i, missing;
	s64 nr = 0;
	u64 pfn;

	for (i = 0; i < WORK_MAX && nr < KEEL_BATCH_NR && guest->spare.nr; i++) {
		pfn = guest->spare.head;
		frame = keel_walk_frame(root, pfn, &missing);
		guest->spare.head = frame->count;
		guest->spare.nr--;
		keel_frame_write(frame, 1, KEEL_OWNER_ROOT, frame->flags & ~KEEL_FRAME_FREE);
		keel_zero(keel_phys(pfn << 12));
		keel_frame_clean(frame);
		if (keel_cow_lacks(guest)) {
			keel_pool_push(&guest->pool, pfn, frame);
			continue;
		}
		keel_hand_back(root, pfn, frame);
		batch[nr++] = pfn;
	}
	return nr;
}

/**
 * keel_guest_trim() - get back what merging has made superfluous
 * @root: root
 * @id: the guest
 * @batch: room for KEEL_BATCH_NR frame numbers
 *
 * The frames are the host's again, mapped as themselves, and zeroed.
 *
 * Return: how many, 0 when there are none; -ENOENT when there is no such guest, -ESHUTDOWN
 * when it is dead, -EBUSY when its vCPUs have to flush first, -EAGAIN when a CPU works on
 * its memory.
 */
s64 keel_guest_trim(struct keel_root *root, u64 id, u64 *batch)
{
	struct keel_guest *guest;
	s64 ret = keel_guest_hold(root, id, &guest);

	if (ret)
		return ret;
	if (guest->spare.nr)
		ret = keel_guest_passed(guest, guest->spare_epoch, NULL) ?
		      trim(root, guest, batch) : -EBUSY;
	keel_guest_unlock(guest);
	return ret;
}
