// SPDX-License-Identifier: GPL-2.0
/*
 * EPT violations of guests: memory appears where it is touched first.
 *
 * World: root and KUnit, under the guest's lock, which is taken here.  This is a
 * guest's most frequent exit: no indirect calls, and nothing is zeroed.  A guest that has
 * blocks of frames gets 2 MiB at its first touch of them (large.c).
 *
 * A page that is read first is mapped to the one zero frame; written to, it gets a
 * frame of its own from the pool.  When that takes the place of the zero frame, other
 * vCPUs can still read zeros by their old translation.  So the entry is first emptied,
 * and gets its frame when all of them have flushed; whoever touches the page meanwhile
 * ends up here as well.  A shared frame goes the same way (cow.c), and a table that other
 * guests hold (clone.c), before anything below it changes.
 */
#include <linux/types.h>

#include "guest.h"
#include "walk.h"

/**
 * keel_guest_retire() - take away the zero frame, or a shared one, before another one comes
 * @guest: the guest
 * @entry: maps it read-only, or did; without rights afterwards; or leads to a shared table
 * @self: the vCPU that wants to write, as keel_guest_passed() knows it
 *
 * Return: true when nobody but @self can have a translation to it any more.
 */
bool keel_guest_retire(struct keel_guest *guest, u64 *entry, const void *self)
{
	u64 old = *entry, epoch;

	if (old & KEEL_EPT_RWX) {
		epoch = guest->epoch + 1;
		__atomic_store_n(entry, KEEL_LEAF_PENDING(KEEL_LEAF_PA(old), epoch),
				 __ATOMIC_SEQ_CST);
		keel_guest_bump(guest);
	} else {
		/* The last one that it can be: to wait for that is right, at worst long. */
		epoch = guest->epoch -
			((guest->epoch - KEEL_LEAF_EPOCH(old)) & KEEL_LEAF_EPOCH_MASK);
	}
	return keel_guest_passed(guest, epoch, self);
}

static enum keel_fault locked(struct keel_root *root, struct keel_guest *guest, u64 gpa,
			      bool write, const void *self)
{
	unsigned int level;
	u64 rights, *entry = keel_guest_walk(guest, gpa, &level, &rights);
	/* Of one page, or of a large one; a table is none. */
	u64 old = level <= KEEL_LEVEL_2M ? __atomic_load_n(entry, __ATOMIC_RELAXED) : 0;
	enum keel_fault ret;
	u64 pfn, need;
	bool own;

	if (__builtin_expect(!(rights & KEEL_EPT_WRITE), 0)) {
		if (rights & old & KEEL_EPT_RWX && !write)
			return KEEL_FAULT_DONE;
		ret = keel_clone_own(root, guest, gpa, self);
		return ret == KEEL_FAULT_DONE ? locked(root, guest, gpa, write, self) : ret;
	}
	if (old & KEEL_EPT_RWX && (!write || old & KEEL_EPT_WRITE))
		return KEEL_FAULT_DONE;
	if (__builtin_expect(old && KEEL_LEAF_PA(old) != root->zero_pa, 0))
		return keel_cow_break(root, guest, entry, self);
	own = write || old;
	need = level - KEEL_LEVEL_4K + own;
	if (__builtin_expect(need > guest->pool.nr, 0) && !keel_guest_has(root, guest, need))
		return KEEL_FAULT_FILL;
	if (__builtin_expect(level > KEEL_LEVEL_4K, 0)) {
		ret = keel_large_touch(root, guest, gpa, own);
		if (ret != KEEL_FAULT_OUTSIDE)
			return ret;
		entry = keel_guest_tables(root, guest, gpa, KEEL_LEVEL_4K);
	}
	if (!own) {
		guest->stat.zero++;
		guest->stat.touched_read++;
		__atomic_store_n(entry, root->zero_pa | KEEL_LEAF_ZERO, __ATOMIC_RELEASE);
		return KEEL_FAULT_DONE;
	}
	if (old) {
		guest->stat.zero -= !!(old & KEEL_EPT_RWX);
		if (!keel_guest_retire(guest, entry, self))
			return KEEL_FAULT_KICK;
	}
	keel_frame_assign(keel_guest_take(root, guest, &pfn), guest->owner);
	guest->stat.mapped++;
	guest->stat.touched_write++;
	__atomic_store_n(entry, pfn << 12 | KEEL_LEAF_OWN, __ATOMIC_RELEASE);
	return KEEL_FAULT_DONE;
}

/**
 * keel_guest_fault() - a guest has touched a page that it could not
 * @root: root; its lock is not needed
 * @guest: the guest, alive when the vCPU was taken
 * @gpa: where, any address
 * @write: it has tried to write
 * @self: the vCPU, as keel_guest_passed() knows it
 *
 * Return: enum keel_fault.
 */
enum keel_fault keel_guest_fault(struct keel_root *root, struct keel_guest *guest, u64 gpa,
				 bool write, const void *self)
{
	enum keel_fault ret;

	if (!keel_guest_inside(guest, gpa))
		return KEEL_FAULT_OUTSIDE;
	if (!keel_guest_lock(guest))
		return KEEL_FAULT_BUSY;
	ret = locked(root, guest, gpa, write, self);
	keel_guest_unlock(guest);
	return ret;
}
