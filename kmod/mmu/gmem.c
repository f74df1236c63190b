// SPDX-License-Identifier: GPL-2.0
/*
 * Guests' memory, as root itself reads and writes it: the one door.
 *
 * World: root and KUnit, under no lock.  The caller has taken a vCPU of the guest and is
 * to it what a CPU in the guest would be: what it finds by an entry of the EPT stays
 * where it is until that vCPU has flushed, as a translation would.  That does not hold for an
 * entry without rights, which waits to be replaced until everybody has flushed, and that can
 * have been before the vCPU came here: what was read by way of one counts if the way is still
 * the same afterwards.  So an entry is replaced before what it led to is let go of.
 *
 * Memory that was never touched reads as zeros, and takes a frame when it is written to;
 * so does memory that is shared, for nothing but the right to write on the whole way lets a
 * write pass.
 */
#include <linux/types.h>

#include "guest.h"
#include "walk.h"

/* How often an entry may change beneath a write before the guest has to try again */
#define TRIES	4

/* Entries on the way to a page */
#define LEVELS	4

static void copy(void *to, const void *from, u64 size)
{
	asm volatile("rep movsb" : "+D" (to), "+S" (from), "+c" (size) : : "memory");
}

/* Accessed and dirty, as the CPU would mark it; false when the entry has changed. */
static bool mark(u64 *entry, u64 old)
{
	return (old & KEEL_TABLE_AD) == KEEL_TABLE_AD ||
	       __atomic_compare_exchange_n(entry, &old, old | KEEL_TABLE_AD, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/* The frame that a page reads from; @waits: something on the way there is to be replaced */
static u64 reads_from(const struct keel_root *root, struct keel_guest *guest, u64 gpa, bool *waits)
{
	u64 rights, entry, *leaf;
	unsigned int level;

	/* Again when a table has taken its place: no large page does before this vCPU flushes. */
	do {
		leaf = keel_guest_walk(guest, gpa, &level, &rights);
		entry = level <= KEEL_LEVEL_2M ? __atomic_load_n(leaf, __ATOMIC_ACQUIRE) : 0;
	} while (entry && level == KEEL_LEVEL_2M && !keel_leaf_large(level, entry));
	/* What was never mapped was never written to; what waits is what it was. */
	*waits = !(rights & KEEL_EPT_READ) || (entry && !(entry & KEEL_EPT_READ));
	return entry ? keel_leaf_pa(level, entry, gpa) : root->zero_pa;
}

/**
 * keel_gmem_at() - where a guest's memory is, to be written to
 * @root: root; its lock is not needed
 * @guest: the guest
 * @gpa: any address
 * @self: the vCPU, as keel_guest_passed() knows it
 * @at: set to root's address of it, up to the end of the page
 *
 * Return: enum keel_fault; after KEEL_FAULT_DONE the vCPU flushes before it is back in
 * the guest, if the guest's epoch is no longer the one that it has flushed for.
 */
enum keel_fault keel_gmem_at(struct keel_root *root, struct keel_guest *guest, u64 gpa,
			     const void *self, void **at)
{
	unsigned int level, tries;
	enum keel_fault ret;
	u64 *leaf, entry, rights;

	if (!keel_guest_inside(guest, gpa))
		return KEEL_FAULT_OUTSIDE;
	for (tries = 0; tries < TRIES; tries++) {
		leaf = keel_guest_walk(guest, gpa, &level, &rights);
		entry = level <= KEEL_LEVEL_2M ? __atomic_load_n(leaf, __ATOMIC_ACQUIRE) : 0;
		if (level == KEEL_LEVEL_2M && !keel_leaf_large(level, entry))
			entry = 0;
		if (entry & rights & KEEL_EPT_WRITE && mark(leaf, entry)) {
			*at = (u8 *)keel_phys(keel_leaf_pa(level, entry, gpa)) +
			      (gpa & (KEEL_PAGE_SIZE - 1));
			return KEEL_FAULT_DONE;
		}
		ret = keel_guest_fault(root, guest, gpa, true, self);
		if (ret != KEEL_FAULT_DONE)
			return ret;
	}
	return KEEL_FAULT_BUSY;
}

static u64 rest_of_page(u64 gpa, u64 size)
{
	u64 rest = KEEL_PAGE_SIZE - (gpa & (KEEL_PAGE_SIZE - 1));

	return size < rest ? size : rest;
}

/**
 * keel_gmem_read() - read a guest's memory
 * @root: root; its lock is not needed
 * @guest: the guest
 * @gpa: from where
 * @buf: to where
 * @size: how many bytes, at most a page
 *
 * Return: KEEL_FAULT_DONE, or KEEL_FAULT_OUTSIDE.
 */
enum keel_fault keel_gmem_read(struct keel_root *root, struct keel_guest *guest, u64 gpa,
			       void *buf, u64 size)
{
	u64 done, part, pa, next;
	unsigned int tries;
	bool waits;

	for (done = 0; done < size; done += part) {
		part = rest_of_page(gpa + done, size - done);
		if (!keel_guest_inside(guest, gpa + done))
			return KEEL_FAULT_OUTSIDE;
		next = reads_from(root, guest, gpa + done, &waits);
		/* Each entry on the way can have waited since before the vCPU came here, once. */
		for (tries = 0; tries <= LEVELS; tries++) {
			pa = next;
			copy((u8 *)buf + done,
			     (u8 *)keel_phys(pa) + ((gpa + done) & (KEEL_PAGE_SIZE - 1)), part);
			if (!waits)
				break;
			next = reads_from(root, guest, gpa + done, &waits);
			if (next == pa)
				break;
		}
	}
	return KEEL_FAULT_DONE;
}

/**
 * keel_gmem_write() - write to a guest's memory
 * @root: root; its lock is not needed
 * @guest: the guest
 * @gpa: to where
 * @buf: from where
 * @size: how many bytes, at most a page
 * @self: the vCPU, as keel_guest_passed() knows it
 *
 * Nothing is written unless all is.
 *
 * Return: as keel_gmem_at().
 */
enum keel_fault keel_gmem_write(struct keel_root *root, struct keel_guest *guest, u64 gpa,
				const void *buf, u64 size, const void *self)
{
	u64 part = rest_of_page(gpa, size);
	enum keel_fault ret;
	void *at, *next;

	ret = keel_gmem_at(root, guest, gpa, self, &at);
	if (ret == KEEL_FAULT_DONE && part < size)
		ret = keel_gmem_at(root, guest, gpa + part, self, &next);
	if (ret != KEEL_FAULT_DONE)
		return ret;
	copy(at, buf, part);
	if (part < size)
		copy(next, (const u8 *)buf + part, size - part);
	return KEEL_FAULT_DONE;
}
