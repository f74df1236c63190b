// SPDX-License-Identifier: GPL-2.0
/*
 * A guest's pool of frames, and the tables of its EPT that are made from it.
 *
 * World: root and KUnit, under the guest's lock.  No indirect calls: a guest's first
 * touch of a page comes by here.
 *
 * Frames lie in the pool as the host has left them, and so become memory.  What root
 * uses for itself it zeroes first: the host must not be able to write EPT entries.
 */
#include <linux/stddef.h>
#include <linux/types.h>

#include "guest.h"
#include "walk.h"

/**
 * keel_guest_settle() - frames that no CPU can reach any more join the pool, or can be used
 * @root: root; its lock is not needed
 * @guest: the guest
 */
void keel_guest_settle(struct keel_root *root, struct keel_guest *guest)
{
	struct keel_blocks *blocks = &guest->blocks;

	if (!guest->cooling.nr && blocks->ready == blocks->nr)
		return;
	if (!keel_epoch_passed(root, guest->cooling_epoch))
		return;
	keel_pool_join(root, &guest->pool, &guest->cooling);
	blocks->ready = blocks->nr;
}

/**
 * keel_guest_has() - are there so many frames in the pool?
 * @root: root; its lock is not needed
 * @guest: the guest
 * @nr: how many
 *
 * Return: true when there are, if need be with those that have cooled down by now.
 */
bool keel_guest_has(struct keel_root *root, struct keel_guest *guest, u64 nr)
{
	if (nr > guest->pool.nr)
		keel_guest_settle(root, guest);
	return nr <= guest->pool.nr;
}

/**
 * keel_guest_take() - take a frame out of a guest's pool, as the host has left it
 * @root: root; its lock is not needed
 * @guest: the guest
 * @pfn: its number
 *
 * Return: its entry, root's and held once; NULL when the pool is empty.
 */
struct keel_frame *keel_guest_take(struct keel_root *root, struct keel_guest *guest, u64 *pfn)
{
	struct keel_pool *pool = &guest->pool;
	struct keel_frame *frame;
	unsigned int missing;

	if (!pool->nr)
		return NULL;
	*pfn = pool->head;
	frame = keel_walk_frame(root, *pfn, &missing);
	pool->head = frame->count;
	pool->nr--;
	keel_frame_write(frame, 1, KEEL_OWNER_ROOT, frame->flags & ~KEEL_FRAME_FREE);
	return frame;
}

/**
 * keel_guest_page() - a page of root's own for a guest, from its pool
 * @root: root; its lock is not needed
 * @guest: the guest, which keeps the page until it is drained
 * @pfn: its number
 *
 * Return: the page, zeroed; NULL when the pool is empty.
 */
void *keel_guest_page(struct keel_root *root, struct keel_guest *guest, u64 *pfn)
{
	struct keel_frame *frame;

	if (!keel_guest_has(root, guest, 1))
		return NULL;
	frame = keel_guest_take(root, guest, pfn);
	keel_frame_write(frame, guest->used.head, KEEL_OWNER_ROOT,
			 frame->flags | KEEL_FRAME_USED | KEEL_FRAME_DIRTY);
	if (!guest->used.nr++)
		guest->used.tail = *pfn;
	guest->used.head = *pfn;
	keel_zero(keel_phys(*pfn << 12));
	return keel_phys(*pfn << 12);
}

/**
 * keel_guest_walk() - the EPT's entry for a page
 * @guest: the guest
 * @gpa: any address in the page
 * @level: so many tables, less one, are missing on the way
 * @rights: those that all the tables on the way leave; without KEEL_EPT_WRITE one of them is
 *          other guests' as well, and the entry not to be changed (clone.c)
 *
 * What waits to be replaced is what it was, and so is what a table leads to that does.
 *
 * Return: the entry, if @level is KEEL_LEVEL_4K; that of a large page if keel_leaf_large(),
 * which under the guest's lock any is at KEEL_LEVEL_2M that is not empty; else one that is no
 * use.
 */
u64 *keel_guest_walk(struct keel_guest *guest, u64 gpa, unsigned int *level, u64 *rights)
{
	u64 pa = guest->ept.root, all = KEEL_EPT_RWX, entry;
	unsigned int l;
	u64 *at;

	if (!pa) {
		*level = 5;
		*rights = all;
		return &guest->ept.root;
	}
#pragma GCC unroll 3
	for (l = 4; l > KEEL_LEVEL_4K; l--) {
		at = (u64 *)keel_phys(pa) + keel_table_index(gpa, l);
		entry = __atomic_load_n(at, __ATOMIC_ACQUIRE);
		if (!entry || keel_leaf_large(l, entry)) {
			*level = l;
			*rights = all;
			return at;
		}
		all &= entry;
		pa = KEEL_LEAF_PA(entry);
	}
	*level = KEEL_LEVEL_4K;
	*rights = all;
	return (u64 *)keel_phys(pa) + keel_table_index(gpa, KEEL_LEVEL_4K);
}

/**
 * keel_guest_tables() - make all tables for a page
 * @root: root; its lock is not needed
 * @guest: the guest, with as many frames in its pool as keel_guest_walk() found missing,
 *         and with the right to write on the way
 * @gpa: any address in the page
 * @to: the page's level
 *
 * Return: the EPT's entry for the page.
 */
u64 *keel_guest_tables(struct keel_root *root, struct keel_guest *guest, u64 gpa, unsigned int to)
{
	unsigned int level;
	u64 *entry, pfn;

	for (;;) {
		entry = keel_guest_leaf(guest, gpa, &level);
		if (level == to)
			return entry;
		if (__builtin_expect(guest->unwritten, 0))
			keel_clone_written(guest);
		keel_guest_take(root, guest, &pfn);
		keel_zero(keel_phys(pfn << 12));
		guest->ept.tables++;
		__atomic_store_n(entry, pfn << 12 | (level > 4 ? 0 : KEEL_EPT_RWX),
				 __ATOMIC_RELEASE);
	}
}
