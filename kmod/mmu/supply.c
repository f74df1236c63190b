// SPDX-License-Identifier: GPL-2.0
/*
 * Frames from the host to a guest: for its pool, or as its memory right away.
 *
 * World: root and KUnit, under the lock of struct keel_root; the guest's is taken here.
 *
 * A batch lies in memory that the host can change at any moment: each word of it is
 * read once.  When a frame of it cannot be taken, those before it stay taken, and the
 * host learns how many they are; the errno comes when it tries again with the rest.
 */
#include <linux/errno.h>
#include <linux/stddef.h>
#include <linux/types.h>

#include "guest.h"
#include "walk.h"

/* Lock a living guest for a batch. */
static s64 begin(struct keel_root *root, u64 id, u64 nr, struct keel_guest **guest)
{
	s64 ret = nr <= KEEL_BATCH_NR ? keel_guest_hold(root, id, guest) : -EINVAL;

	if (!ret)
		keel_pool_settle(root);
	return ret;
}

/**
 * keel_guest_fill() - frames for a guest's pool
 * @root: root
 * @id: the guest
 * @batch: frame numbers, as the host says
 * @nr: how many, at most KEEL_BATCH_NR
 *
 * They can be used once every CPU has passed the epoch: the host kicks the CPUs.
 *
 * Return: how many were taken, fewer than @nr when one could not be.  When that was the
 * first: -EINVAL or -EPERM as keel_seize(), -ENOMEM when root lacks pages for its tables
 * and wants donations.  -EINVAL for a bad @nr, -ENOENT when there is no such guest,
 * -ESHUTDOWN when it is dead, -EAGAIN when a CPU works on its memory.
 */
s64 keel_guest_fill(struct keel_root *root, u64 id, const u64 *batch, u64 nr)
{
	struct keel_guest *guest;
	struct keel_frame *frame;
	s64 ret = begin(root, id, nr, &guest);
	u64 i, pfn;

	if (ret)
		return ret;
	/* What has cooled down is not to wait for what comes now. */
	keel_guest_settle(root, guest);
	for (i = 0; i < nr; i++) {
		pfn = __atomic_load_n(&batch[i], __ATOMIC_RELAXED);
		ret = keel_seize(root, pfn, KEEL_STOCK_MIN, &frame);
		if (ret)
			break;
		keel_pool_push(&guest->cooling, pfn, frame);
		guest->stat.filled++;
	}
	if (i) {
		keel_epoch_bump(root);
		guest->cooling_epoch = root->epoch;
		ret = i;
	}
	keel_guest_unlock(guest);
	return ret;
}

/* One frame, as the guest's memory at @gpa */
static s64 map_one(struct keel_root *root, struct keel_guest *guest, u64 pfn, u64 gpa)
{
	struct keel_frame *frame;
	unsigned int level;
	u64 rights, *entry = keel_guest_walk(guest, gpa, &level, &rights);
	enum keel_fault fault;
	s64 ret;

	if (level <= KEEL_LEVEL_2M && *entry)
		return -EEXIST;
	if (!(rights & KEEL_EPT_WRITE)) {
		/* Nobody runs it: there is nobody to wait for. */
		fault = keel_clone_own(root, guest, gpa, NULL);
		if (fault != KEEL_FAULT_DONE)
			return fault == KEEL_FAULT_FILL ? -ENOSPC : -EAGAIN;
		entry = keel_guest_leaf(guest, gpa, &level);
	}
	if (!keel_guest_has(root, guest, level - KEEL_LEVEL_4K))
		return -ENOSPC;
	if (level > KEEL_LEVEL_4K)
		entry = keel_guest_tables(root, guest, gpa, KEEL_LEVEL_4K);
	ret = keel_seize(root, pfn, KEEL_STOCK_MIN, &frame);
	if (ret)
		return ret;
	keel_frame_assign(frame, guest->owner);
	guest->stat.filled++;
	guest->stat.mapped++;
	__atomic_store_n(entry, pfn << 12 | KEEL_LEAF_OWN, __ATOMIC_RELEASE);
	return 0;
}

/**
 * keel_guest_map() - frames as a guest's memory, with what is in them
 * @root: root
 * @id: the guest; none of its vCPUs is in it, or can be before every CPU has passed
 *      the epoch
 * @batch: frame numbers, as the host says
 * @nr: how many, at most KEEL_BATCH_NR
 * @gfn: where the first one goes
 *
 * Return: how many were taken, fewer than @nr when one could not be.  When that was the
 * first: -EINVAL or -EPERM as keel_seize(), -EEXIST when there is memory at @gfn already,
 * -ENOSPC when the guest's pool lacks pages for its tables, -ENOMEM when root lacks pages
 * for its own and wants donations.  -EINVAL for a bad @nr or @gfn, -ENOENT when there is
 * no such guest, -ESHUTDOWN when it is dead, -EBUSY when it runs, -EAGAIN when a CPU
 * works on its memory.
 */
s64 keel_guest_map(struct keel_root *root, u64 id, const u64 *batch, u64 nr, u64 gfn)
{
	struct keel_guest *guest;
	s64 ret = begin(root, id, nr, &guest);
	u64 i, epoch;

	if (ret)
		return ret;
	if (!keel_gfns_ok(guest->frames, gfn, nr)) {
		keel_guest_unlock(guest);
		return -EINVAL;
	}
	epoch = __atomic_exchange_n(&guest->ready_epoch, ~0ULL, __ATOMIC_SEQ_CST);
	ret = keel_guest_parked(guest) ? 0 : -EBUSY;
	for (i = 0; i < nr && !ret; i++) {
		ret = map_one(root, guest, __atomic_load_n(&batch[i], __ATOMIC_RELAXED),
			      (gfn + i) << 12);
		if (ret)
			break;
	}
	if (i) {
		keel_epoch_bump(root);
		epoch = root->epoch;
		ret = i;
	}
	__atomic_store_n(&guest->ready_epoch, epoch, __ATOMIC_SEQ_CST);
	keel_guest_unlock(guest);
	return ret;
}
