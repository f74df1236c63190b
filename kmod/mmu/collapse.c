// SPDX-License-Identifier: GPL-2.0
/*
 * Collapsing: 512 small pages of a guest's own become a large one again, copied to a block.
 *
 * World: root and KUnit, under the guest's lock, which is taken here.  A call makes one step;
 * one range of a guest's is under way at a time.
 *
 * First the entry that leads to the table loses the right to write, so that nothing below it
 * can change.  When all vCPUs have flushed, the pages are copied, some in each call.  A write
 * gives the right back (clone.c comes by here) and the copy was in vain.  Else the large page
 * takes the table's place; it gets the right to write when all have flushed again, since a vCPU
 * that still reads an old page must not miss what another one writes (cow.c).  The old frames
 * and the table wait, as those that merging frees, for nobody to know them any more.
 */
#include <linux/errno.h>
#include <linux/types.h>

#include "guest.h"
#include "walk.h"

/* Pages that are copied in a call */
#define COPY_NR		64

/* What of an entry of a table can be as it may */
#define ANY		(KEEL_TABLE_AD | KEEL_LEAF_HASHED | KEEL_LEAF_PA(~0ULL))

/**
 * keel_collapse_give_up() - a page of the range is written to, or the guest is cloned
 * @guest: the guest
 *
 * The next step finds the block, and gives it back.
 */
void keel_collapse_give_up(struct keel_guest *guest)
{
	struct keel_collapse *c = &guest->collapse;

	if (!c->at || c->pfn == KEEL_NO_FRAME)
		return;
	__atomic_or_fetch(c->at, KEEL_EPT_WRITE, __ATOMIC_SEQ_CST);
	c->at = NULL;
}

/* The block of one that was given up has some of the guest's memory in it. */
static void free_block(struct keel_root *root, struct keel_guest *guest)
{
	u32 pfn = guest->collapse.pfn;
	unsigned int missing, i;
	struct keel_frame *frame = keel_walk_frame(root, pfn, &missing);

	for (i = 0; i < KEEL_BLOCK_NR; i++) {
		keel_frame_write(&frame[i], 1, KEEL_OWNER_ROOT, frame[i].flags | KEEL_FRAME_DIRTY);
		keel_cow_spare(guest, pfn + i, &frame[i]);
	}
	guest->collapse.pfn = KEEL_NO_FRAME;
}

/**
 * keel_collapse_drop() - a dead guest collapses nothing
 * @root: root
 * @guest: the guest, dead and parked
 */
void keel_collapse_drop(struct keel_root *root, struct keel_guest *guest)
{
	if (guest->collapse.at)
		__atomic_or_fetch(guest->collapse.at, KEEL_EPT_WRITE, __ATOMIC_SEQ_CST);
	guest->collapse.at = NULL;
	if (guest->collapse.pfn != KEEL_NO_FRAME)
		free_block(root, guest);
}

/* The entry that leads to the guest's own table of small pages at @gfn; NULL for none */
static u64 *leads_to(const struct keel_guest *guest, u64 gfn)
{
	u64 pa = guest->ept.root, *at = NULL;
	unsigned int level;

	for (level = 4; pa && level > KEEL_LEVEL_4K; level--) {
		at = (u64 *)keel_phys(pa) + keel_table_index(gfn << 12, level);
		pa = *at & KEEL_EPT_WRITE ? KEEL_LEAF_PA(*at) : 0;
	}
	return pa && !keel_leaf_large(KEEL_LEVEL_2M, *at) ? at : NULL;
}

static u64 *table_of(const u64 *at)
{
	return keel_phys(KEEL_LEAF_PA(*at));
}

static bool all_own(const u64 *table)
{
	unsigned int i;

	for (i = 0; i < KEEL_TABLE_NR; i++)
		if ((__atomic_load_n(&table[i], __ATOMIC_RELAXED) & ~ANY) != KEEL_LEAF_OWN)
			return false;
	return true;
}

static s64 begin(struct keel_root *root, struct keel_guest *guest, u64 gfn)
{
	struct keel_collapse *c = &guest->collapse;
	u64 *at = leads_to(guest, gfn), pfn;

	if (!at || !all_own(table_of(at)))
		return -ENOENT;
	/* The host could write to it by an old translation of its own. */
	if (!keel_guest_ready(root, guest))
		return -EBUSY;
	if (!keel_block_ready(root, guest))
		return -ENOSPC;
	keel_block_take(root, guest, &pfn);
	__atomic_and_fetch(at, ~KEEL_EPT_WRITE, __ATOMIC_SEQ_CST);
	*c = (struct keel_collapse) {
		.at = at, .gfn = gfn, .epoch = keel_guest_bump(guest), .pfn = pfn,
	};
	return 1;
}

/* Some more pages, which nobody can write to */
static void copy(struct keel_collapse *c)
{
	const u64 *table = table_of(c->at);
	u32 end = c->nr + COPY_NR;

	for (; c->nr < end; c->nr++)
		keel_copy(keel_phys(((u64)c->pfn + c->nr) << 12),
			  keel_phys(KEEL_LEAF_PA(table[c->nr])));
}

/* With all of them copied: nothing has changed below an entry that is not to be written to. */
static void swap(struct keel_root *root, struct keel_guest *guest)
{
	struct keel_collapse *c = &guest->collapse;
	u64 *table = table_of(c->at), pa = KEEL_LEAF_PA(*c->at);
	u64 used = 0, hashed = KEEL_LEAF_HASHED, large;
	struct keel_frame *frame;
	unsigned int missing, i;

	frame = keel_walk_frame(root, c->pfn, &missing);
	for (i = 0; i < KEEL_TABLE_NR; i++) {
		used |= table[i] & KEEL_TABLE_AD;
		hashed &= table[i];
		keel_frame_assign(&frame[i], guest->owner);
	}
	large = (u64)c->pfn << 12 | (KEEL_LEAF_LARGE & ~KEEL_EPT_WRITE);
	__atomic_store_n(c->at, large | used | hashed, __ATOMIC_SEQ_CST);
	c->epoch = keel_guest_bump(guest);
	c->pfn = KEEL_NO_FRAME;
	for (i = 0; i < KEEL_TABLE_NR; i++) {
		frame = keel_walk_frame(root, KEEL_LEAF_PA(table[i]) >> 12, &missing);
		keel_frame_release(frame, guest->owner);
		keel_cow_spare(guest, KEEL_LEAF_PA(table[i]) >> 12, frame);
	}
	frame = keel_walk_frame(root, pa >> 12, &missing);
	keel_frame_write(frame, 1, KEEL_OWNER_ROOT, frame->flags | KEEL_FRAME_DIRTY);
	keel_cow_spare(guest, pa >> 12, frame);
	guest->ept.tables--;
	guest->stat.huge += KEEL_BLOCK_NR;
	guest->stat.collapses++;
	__atomic_add_fetch(&root->turns, 1, __ATOMIC_RELAXED);
}

static s64 step(struct keel_root *root, struct keel_guest *guest, u64 gfn)
{
	struct keel_collapse *c = &guest->collapse;
	bool other = c->gfn != gfn;

	if (other)
		keel_collapse_give_up(guest);
	if (!c->at && c->pfn != KEEL_NO_FRAME) {
		free_block(root, guest);
		return -ECANCELED;
	}
	if (!c->at)
		return begin(root, guest, gfn);
	if (!keel_guest_passed(guest, c->epoch, NULL))
		return -EBUSY;
	if (c->pfn == KEEL_NO_FRAME) {
		__atomic_or_fetch(c->at, KEEL_EPT_WRITE, __ATOMIC_RELEASE);
		c->at = NULL;
		return other;
	}
	if (c->nr < KEEL_BLOCK_NR)
		copy(c);
	else
		swap(root, guest);
	return 1;
}

/**
 * keel_guest_collapse() - a step on the way to a large page
 * @root: root; its lock is not needed
 * @id: the guest, for which a block waits
 * @gfn: the first page of the range
 *
 * Another range of the guest's that was under way is given up.
 *
 * Return: 1 when there is more to do, 0 when it is done; -ENOENT when there is no such guest,
 * or not 512 small pages of its own there that it can write to, -EINVAL for a bad @gfn,
 * -ESHUTDOWN when the guest is dead, -ENOSPC when no block waits, -EBUSY when CPUs have to
 * flush first, -ECANCELED when there was a write meanwhile, -EAGAIN when a CPU works on the
 * guest's memory.
 */
s64 keel_guest_collapse(struct keel_root *root, u64 id, u64 gfn)
{
	struct keel_guest *guest = keel_guest_at(root, id);
	s64 ret;

	if (!guest)
		return -ENOENT;
	if (gfn % KEEL_BLOCK_NR || !keel_gfns_ok(guest->frames, gfn, KEEL_BLOCK_NR))
		return -EINVAL;
	if (!keel_guest_lock(guest))
		return -EAGAIN;
	ret = guest->dead ? -ESHUTDOWN : step(root, guest, gfn);
	keel_guest_unlock(guest);
	return ret;
}
