// SPDX-License-Identifier: GPL-2.0
/*
 * The frame table, and every step that a frame can take from one owner to
 * another.
 *
 * World: root, host (before launch) and KUnit; touches no hardware.  The caller
 * keeps others from changing the frame, but for a shared one: its holders come and go
 * under locks of their own.  So do those of a table of several guests.
 *
 * The invariants, which every function here checks before it changes anything:
 *
 *  - a frame has one owner, and only the owner gives it away;
 *  - the host's frames are not counted; another owner's count is at least one;
 *  - a shared frame is mapped nowhere writable;
 *  - a table of several guests is never without one that holds it;
 *  - a frame goes back to the host only when nobody maps it any more, and not
 *    with contents that are none of the host's business.
 */
#include <linux/errno.h>
#include <linux/stddef.h>
#include <linux/types.h>

#include "frame.h"

static bool is_vm(u16 owner)
{
	return owner >= KEEL_OWNER_VM;
}

/* In a list, which has its @count */
static bool is_listed(const struct keel_frame *frame)
{
	return frame->flags & (KEEL_FRAME_FREE | KEEL_FRAME_USED);
}

/* What stays with a frame until it is the host's again */
static u16 kept(const struct keel_frame *frame)
{
	return frame->flags & (KEEL_FRAME_DONATED | KEEL_FRAME_TYPE(7));
}

/**
 * keel_frames_init() - an empty table: every frame is the host's
 * @frames: the table
 * @pages: where its pages come from
 * @nr: frames that there are
 */
void keel_frames_init(struct keel_frames *frames, const struct keel_pages *pages, u64 nr)
{
	*frames = (struct keel_frames) {
		.tree = { .pages = pages, .levels = 4, .inner = 1, .present = 1 },
		.nr = nr,
	};
}

static u64 page_of(u64 pfn)
{
	return pfn / KEEL_FRAMES_A_PAGE * 4096;
}

/**
 * keel_frame_at() - look a frame up
 * @frames: the table
 * @pfn: frame number, any
 *
 * Return: the frame, NULL where the table has no page: the host's, or no memory.
 */
struct keel_frame *keel_frame_at(const struct keel_frames *frames, u64 pfn)
{
	const struct keel_pages *pages = frames->tree.pages;
	unsigned int level;
	u64 entry;

	if (pfn >= frames->nr)
		return NULL;
	entry = keel_table_lookup(&frames->tree, page_of(pfn), &level);
	if (!entry)
		return NULL;
	return (struct keel_frame *)pages->at(pages->arg, entry & KEEL_TABLE_ADDR) +
	       pfn % KEEL_FRAMES_A_PAGE;
}

/**
 * keel_frame_make() - look a frame up, with a new page of the table if need be
 * @frames: the table; KEEL_FRAME_PAGES_MAX pages can be had
 * @pfn: frame number, any
 *
 * Return: the frame; NULL beyond memory, or when there is no page to be had.
 */
struct keel_frame *keel_frame_make(struct keel_frames *frames, u64 pfn)
{
	const struct keel_pages *pages = frames->tree.pages;
	struct keel_frame *frame = keel_frame_at(frames, pfn);
	u64 pa;

	if (frame || pfn >= frames->nr)
		return frame;
	if (!pages->alloc(pages->arg, &pa) ||
	    keel_table_map(&frames->tree, page_of(pfn), pa, KEEL_LEVEL_4K, 1))
		return NULL;
	return keel_frame_at(frames, pfn);
}

/**
 * keel_frame_owner() - who owns a frame
 * @frames: the table
 * @pfn: frame number, any
 *
 * Return: the owner.
 */
u16 keel_frame_owner(const struct keel_frames *frames, u64 pfn)
{
	const struct keel_frame *frame = keel_frame_at(frames, pfn);

	return frame ? frame->owner : KEEL_OWNER_HOST;
}

/**
 * keel_frame_take() - a frame of the host's becomes root's or a VM's
 * @frame: the frame
 * @owner: the new owner
 *
 * Return: 0; -EINVAL when nobody can be given it that way, -EPERM when it is not
 * the host's.
 */
int keel_frame_take(struct keel_frame *frame, u16 owner)
{
	if (owner != KEEL_OWNER_ROOT && !is_vm(owner))
		return -EINVAL;
	if (frame->owner != KEEL_OWNER_HOST)
		return -EPERM;
	keel_frame_write(frame, 1, owner, 0);
	return 0;
}

/**
 * keel_frame_give() - a frame goes back to the host
 * @frame: the frame
 * @owner: who gives it
 *
 * Return: 0; -EPERM when it is not the giver's to give, -EBUSY when somebody
 * else holds it or it lies in root's pool, -EUCLEAN when it was not zeroed.
 */
int keel_frame_give(struct keel_frame *frame, u16 owner)
{
	if (frame->owner != owner || (owner != KEEL_OWNER_ROOT && !is_vm(owner)))
		return -EPERM;
	if (is_listed(frame) || frame->count != 1)
		return -EBUSY;
	if (frame->flags & KEEL_FRAME_DIRTY)
		return -EUCLEAN;
	keel_frame_write(frame, 0, KEEL_OWNER_HOST, 0);
	return 0;
}

/**
 * keel_frame_assign() - a frame of root's becomes a VM's memory
 * @frame: the frame, in no pool
 * @owner: the VM; what it writes there is none of the host's business
 *
 * Return: 0; -EINVAL when that is no VM, -EPERM when the frame is not root's, -EBUSY
 * when root uses it.
 */
int keel_frame_assign(struct keel_frame *frame, u16 owner)
{
	if (!is_vm(owner))
		return -EINVAL;
	if (frame->owner != KEEL_OWNER_ROOT)
		return -EPERM;
	if (is_listed(frame) || frame->count != 1)
		return -EBUSY;
	keel_frame_write(frame, 1, owner, kept(frame) | KEEL_FRAME_DIRTY);
	return 0;
}

/**
 * keel_frame_release() - a VM's frame becomes root's, dirty
 * @frame: the frame, mapped nowhere any more
 * @owner: the VM
 *
 * Return: 0; -EPERM when it is not that VM's.
 */
int keel_frame_release(struct keel_frame *frame, u16 owner)
{
	if (!is_vm(owner) || frame->owner != owner)
		return -EPERM;
	keel_frame_write(frame, 1, KEEL_OWNER_ROOT, kept(frame) | KEEL_FRAME_DIRTY);
	return 0;
}

/**
 * keel_frame_clean() - a frame of root's was zeroed
 * @frame: the frame
 *
 * Return: 0; -EPERM when it is not root's.
 */
int keel_frame_clean(struct keel_frame *frame)
{
	if (frame->owner != KEEL_OWNER_ROOT)
		return -EPERM;
	keel_frame_write(frame, frame->count, KEEL_OWNER_ROOT,
			 frame->flags & ~KEEL_FRAME_DIRTY);
	return 0;
}

/* Write an entry that holders of a shared frame may be changing; false when one has. */
static bool swap(struct keel_frame *frame, struct keel_frame old, u32 count, u16 owner, u16 flags)
{
	u64 was = old.count | (u64)old.owner << 32 | (u64)old.flags << 48;
	u64 val = count | (u64)owner << 32 | (u64)flags << 48;

	return __atomic_compare_exchange_n((u64 *)frame, &was, val, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

/**
 * keel_frame_share() - a VM's frame becomes one that several can map
 * @frame: the frame, write-protected where it is mapped
 * @owner: the VM, which holds it once afterwards
 *
 * Return: 0; -EPERM when it is not that VM's, -EBUSY when it is held elsewhere.
 */
int keel_frame_share(struct keel_frame *frame, u16 owner)
{
	if (!is_vm(owner) || frame->owner != owner)
		return -EPERM;
	if (frame->count != 1)
		return -EBUSY;
	keel_frame_write(frame, 1, KEEL_OWNER_SHARED, frame->flags);
	return 0;
}

/**
 * keel_frame_get() - one more maps a shared frame
 * @frame: the frame
 * @most: so often it may be mapped
 *
 * Return: 0; -EPERM when it is not shared, -EOVERFLOW when it is mapped so often already.
 */
int keel_frame_get(struct keel_frame *frame, u32 most)
{
	struct keel_frame old;

	do {
		old = keel_frame_read(frame);
		if (old.owner != KEEL_OWNER_SHARED)
			return -EPERM;
		if (old.count >= most)
			return -EOVERFLOW;
	} while (!swap(frame, old, old.count + 1, old.owner, old.flags));
	return 0;
}

/**
 * keel_frame_put() - one less maps a shared frame
 * @frame: the frame; when that was the last one, it is root's, and dirty
 *
 * Return: 0, or 1 when it was the last one; -EPERM when the frame is not shared.
 */
int keel_frame_put(struct keel_frame *frame)
{
	struct keel_frame old;
	bool last;

	do {
		old = keel_frame_read(frame);
		if (old.owner != KEEL_OWNER_SHARED)
			return -EPERM;
		last = old.count == 1;
	} while (!swap(frame, old, last ? 1 : old.count - 1,
		       last ? KEEL_OWNER_ROOT : KEEL_OWNER_SHARED,
		       last ? kept(&old) | KEEL_FRAME_DIRTY : old.flags));
	return last;
}

/**
 * keel_frame_adopt() - a shared frame becomes the memory of the last VM that maps it
 * @frame: the frame
 * @owner: the VM, which holds it
 *
 * Return: 0; -EINVAL when that is no VM, -EPERM when the frame is not shared, -EBUSY when
 * others hold it as well.
 */
int keel_frame_adopt(struct keel_frame *frame, u16 owner)
{
	struct keel_frame old = keel_frame_read(frame);

	if (!is_vm(owner))
		return -EINVAL;
	if (old.owner != KEEL_OWNER_SHARED)
		return -EPERM;
	if (old.count != 1)
		return -EBUSY;
	return swap(frame, old, 1, owner, old.flags) ? 0 : -EBUSY;
}

/**
 * keel_frame_lend() - one more maps a frame that is a VM's, or shared already
 * @frame: the frame; a VM's own is mapped once, where nobody can write to it
 *
 * Done for each page of a table: so it works on the entry as it lies in memory.
 *
 * Return: 1 when it was a VM's own, which holds it once of twice now, 0 when it was shared;
 * -EPERM when it is neither, -EOVERFLOW when there are too many already.
 */
int keel_frame_lend(struct keel_frame *frame)
{
	const u64 shared = (u64)KEEL_OWNER_SHARED << 32, mask = 0xffffULL << 32;
	u64 old = __atomic_load_n((u64 *)frame, __ATOMIC_RELAXED);

	do {
		if ((old & mask) != shared && !is_vm(old >> 32))
			return -EPERM;
		if ((u32)old == ~0U)
			return -EOVERFLOW;
	} while (!__atomic_compare_exchange_n((u64 *)frame, &old, ((old & ~mask) | shared) + 1,
					      false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	return (old & mask) != shared;
}

/**
 * keel_frame_table_share() - a guest's table becomes one that several can hold
 * @frame: the table; nobody can write to what is below it
 *
 * Return: 0, also when it is one already; -EPERM when it is not root's, -EBUSY when it is
 * in a list.
 */
int keel_frame_table_share(struct keel_frame *frame)
{
	struct keel_frame old;

	do {
		old = keel_frame_read(frame);
		if (old.owner == KEEL_OWNER_TABLE)
			return 0;
		if (old.owner != KEEL_OWNER_ROOT)
			return -EPERM;
		if (is_listed(&old) || old.count != 1)
			return -EBUSY;
	} while (!swap(frame, old, 1, KEEL_OWNER_TABLE, old.flags));
	return 0;
}

/**
 * keel_frame_table_lend() - one more table, or guest, leads to a table
 * @frame: the table, a guest's or one that several can hold; nobody can write to what is below
 *
 * Done for each table that another one leads to, like keel_frame_lend().
 *
 * Return: 0; -EPERM when it is not root's, -EBUSY when it is in a list or there are too many.
 */
int keel_frame_table_lend(struct keel_frame *frame)
{
	const u64 table = (u64)KEEL_OWNER_TABLE << 32, mask = 0xffffULL << 32;
	u64 old = __atomic_load_n((u64 *)frame, __ATOMIC_RELAXED);

	do {
		if ((old & mask) != table) {
			if ((old & mask) != (u64)KEEL_OWNER_ROOT << 32)
				return -EPERM;
			if (old & (KEEL_FRAME_BIT(KEEL_FRAME_FREE | KEEL_FRAME_USED)) ||
			    (u32)old != 1)
				return -EBUSY;
		}
		if ((u32)old == ~0U)
			return -EBUSY;
	} while (!__atomic_compare_exchange_n((u64 *)frame, &old, ((old & ~mask) | table) + 1,
					      false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	return 0;
}

/**
 * keel_frame_table_put() - one less leads to a table
 * @frame: the table
 *
 * Return: 0; -EPERM when it is not one that several can hold, -EBUSY when nobody else does.
 */
int keel_frame_table_put(struct keel_frame *frame)
{
	struct keel_frame old;

	do {
		old = keel_frame_read(frame);
		if (old.owner != KEEL_OWNER_TABLE)
			return -EPERM;
		if (old.count == 1)
			return -EBUSY;
	} while (!swap(frame, old, old.count - 1, old.owner, old.flags));
	return 0;
}

/**
 * keel_frame_table_own() - a table becomes that of the last guest that holds it
 * @frame: the table, which nobody else can come to
 *
 * Return: 0; -EPERM when it is not one that several can hold, -EBUSY when several do.
 */
int keel_frame_table_own(struct keel_frame *frame)
{
	struct keel_frame old;

	do {
		old = keel_frame_read(frame);
		if (old.owner != KEEL_OWNER_TABLE)
			return -EPERM;
		if (old.count != 1)
			return -EBUSY;
	} while (!swap(frame, old, 1, KEEL_OWNER_ROOT, old.flags & ~KEEL_FRAME_SEEN));
	return 0;
}

/**
 * keel_frame_writable() - may it be mapped writable?
 * @frame: the frame
 * @owner: into whose address space
 *
 * Return: true when it is that one's own.
 */
bool keel_frame_writable(const struct keel_frame *frame, u16 owner)
{
	return frame->owner == owner && (owner == KEEL_OWNER_HOST || is_vm(owner));
}

/**
 * keel_frame_sound() - does an entry hold to the invariants?
 * @frame: the frame
 *
 * Return: false when it cannot have come about by the functions of this file.
 */
bool keel_frame_sound(const struct keel_frame *frame)
{
	switch (frame->owner) {
	case KEEL_OWNER_HOST:
		return !frame->count && !frame->flags;
	case KEEL_OWNER_ROOT:
		return is_listed(frame) || frame->count == 1;
	case KEEL_OWNER_SHARED:
	case KEEL_OWNER_TABLE:
		return frame->count && !is_listed(frame);
	default:
		return is_vm(frame->owner) && frame->count == 1 && !is_listed(frame);
	}
}
