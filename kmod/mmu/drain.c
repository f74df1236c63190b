// SPDX-License-Identifier: GPL-2.0
/*
 * A dead guest's frames go back to the host, a batch a call.
 *
 * World: root and KUnit, under the lock of struct keel_root; the guest's is taken here.
 *
 * First its memory, in the order of its addresses, each table behind the last page that
 * it maps; a table that others hold as well it only lets go of (clone.c).  A large page joins
 * the pool at once, of which one frame is there for this step.  Then what root
 * had of the guest's pool for itself; then the pool.  So every step finds a frame, and a
 * call is bounded.
 */
#include <linux/errno.h>
#include <linux/stddef.h>
#include <linux/types.h>

#include "guest.h"
#include "walk.h"

/* Entries that a call looks at before it is content with fewer frames than it could have */
#define WORK_MAX	4096

/*
 * What next_memory() says, beside KEEL_NO_FRAME at the end: another guest is in the way; or a
 * large page has gone to the pool
 */
#define TRY_AGAIN	(~0ULL)
#define NEXT_OF_POOL	(~1ULL)

/* An entry that is not empty, from @guest's cursor on; KEEL_TABLE_NR for none */
static unsigned int next_entry(const struct keel_guest *guest, const u64 *table,
			       unsigned int level, unsigned int *work)
{
	unsigned int start = keel_table_index(guest->cursor << 12, level), i;

	for (i = start; i < KEEL_TABLE_NR && !table[i]; i++)
		;
	*work += i - start + 1;
	return i;
}

/*
 * A page of memory, or the first table that has none any more; KEEL_NO_FRAME at the end.
 * A shared frame that others map counts for nothing, nor does a table that others hold:
 * there are at most 512 in a row.
 */
static u64 next_memory(struct keel_root *root, struct keel_guest *guest, unsigned int *work)
{
	u64 *parent = &guest->ept.root, *table, pa;
	unsigned int level = guest->ept.levels, i;
	bool zero;

	if (!*parent)
		return KEEL_NO_FRAME;
	for (;;) {
		table = keel_phys(*parent & KEEL_TABLE_ADDR);
		i = next_entry(guest, table, level, work);
		if (i == KEEL_TABLE_NR) {
			pa = *parent & KEEL_TABLE_ADDR;
			*parent = 0;
			guest->ept.tables--;
			return pa >> 12;
		}
		if (i != keel_table_index(guest->cursor << 12, level))
			guest->cursor = ((guest->cursor >> 9 * level << 9) + i) << 9 * (level - 1);
		if (keel_leaf_large(level, table[i])) {
			keel_large_release(root, guest, &table[i]);
			*work += KEEL_BLOCK_NR;
			return NEXT_OF_POOL;
		}
		if (level > KEEL_LEVEL_4K && !(table[i] & KEEL_EPT_WRITE)) {
			if (!keel_clone_leave(root, guest, &table[i], level - 1))
				return TRY_AGAIN;
			*work += KEEL_TABLE_NR;
			continue;
		}
		if (level > KEEL_LEVEL_4K) {
			parent = &table[i];
			level--;
			continue;
		}
		pa = KEEL_LEAF_PA(table[i]);
		zero = pa == root->zero_pa;
		/* not counted while it waits to be replaced: fault.c */
		guest->stat.zero -= zero && table[i] & KEEL_EPT_RWX;
		table[i] = 0;
		if (!zero)
			return pa >> 12;
	}
}

static struct keel_frame *next_of_list(struct keel_root *root, struct keel_pool *list, u64 *pfn)
{
	struct keel_frame *frame;
	unsigned int missing;

	*pfn = list->head;
	frame = keel_walk_frame(root, *pfn, &missing);
	list->head = frame->count;
	list->nr--;
	keel_frame_write(frame, 1, frame->owner,
			 frame->flags & ~(KEEL_FRAME_FREE | KEEL_FRAME_USED));
	return frame;
}

/* The next frame that the guest has, as one of root's; NULL when it has none, or TRY_AGAIN */
static struct keel_frame *next_frame(struct keel_root *root, struct keel_guest *guest, u64 *pfn,
				     unsigned int *work)
{
	struct keel_pool *lists[] = { &guest->used, &guest->pool, &guest->cooling,
				      &guest->spare };
	struct keel_frame *frame;
	unsigned int i, missing;

	for (;;) {
		*pfn = next_memory(root, guest, work);
		if (*pfn == TRY_AGAIN)
			return NULL;
		if (*pfn == NEXT_OF_POOL)
			return next_of_list(root, &guest->pool, pfn);
		if (*pfn == KEEL_NO_FRAME)
			break;
		frame = keel_walk_frame(root, *pfn, &missing);
		if (frame->owner == guest->owner) {
			keel_frame_release(frame, guest->owner);
			guest->stat.mapped--;
			return frame;
		}
		if (frame->owner == KEEL_OWNER_SHARED) {
			guest->stat.shared--;
			if (keel_cow_drop(root, frame))
				return frame;
			continue;
		}
		/* A table, empty by now; the first one can be one of @used (vmx/vcpu.c). */
		if (!(frame->flags & KEEL_FRAME_USED))
			return frame;
	}
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (lists[i]->nr)
			return next_of_list(root, lists[i], pfn);
	}
	return NULL;
}

/* Their pages go the way of all others: nobody may look at them any more. */
static void forget_vcpus(struct keel_guest *guest)
{
	u32 i;

	for (i = 0; i < KEEL_VCPUS_MAX; i++)
		guest->vcpu[i] = KEEL_NO_FRAME;
	guest->nr_vcpus = 0;
}

/* Nobody finds it any more; its page cools down, since somebody may have found it. */
static void forget(struct keel_root *root, const struct keel_guest *guest)
{
	u64 old;

	if (keel_table_unmap(&root->vms, (u64)guest->id << 12, KEEL_LEVEL_4K, &old))
		return;
	keel_pool_settle(root);
	keel_epoch_bump(root);
	root->cooling_epoch = root->epoch;
	keel_pool_put(root, &root->cooling, old >> 12);
}

/**
 * keel_guest_drain() - get back what a dead guest has
 * @root: root
 * @id: the guest
 * @batch: room for KEEL_BATCH_NR frame numbers
 *
 * The frames are the host's again, mapped as themselves; what the guest or root has
 * written to is zeroed.
 *
 * Return: how many; 0 when the guest had none any more, and its id is free again.
 * -ENOENT when there is no such guest, -EPERM when it is not dead, -EAGAIN when not every
 * CPU has passed the epoch since it is, or there is more to do before the first frame comes,
 * -EBUSY when a vCPU of it is on a CPU.
 */
s64 keel_guest_drain(struct keel_root *root, u64 id, u64 *batch)
{
	struct keel_guest *guest = keel_guest_at(root, id);
	struct keel_frame *frame;
	unsigned int work = 0;
	u64 pfn = TRY_AGAIN;
	s64 nr = 0;

	if (!guest)
		return -ENOENT;
	if (!guest->dead)
		return -EPERM;
	if (!keel_epoch_passed(root, guest->dead_epoch))
		return -EAGAIN;
	if (!keel_guest_parked(guest))
		return -EBUSY;
	if (!keel_guest_lock(guest))
		return -EAGAIN;
	forget_vcpus(guest);
	keel_collapse_drop(root, guest);
	keel_block_drop(root, guest);
	while (keel_clone_give(root, guest, &work) && nr < KEEL_BATCH_NR &&
	       (!nr || work < WORK_MAX)) {
		frame = next_frame(root, guest, &pfn, &work);
		if (!frame)
			break;
		if (frame->flags & KEEL_FRAME_DIRTY) {
			keel_zero(keel_phys(pfn << 12));
			keel_frame_clean(frame);
		}
		keel_hand_back(root, pfn, frame);
		batch[nr++] = pfn;
	}
	if (!nr && pfn == TRY_AGAIN)
		nr = -EAGAIN;
	else if (!nr)
		forget(root, guest);
	keel_guest_unlock(guest);
	return nr;
}
