// SPDX-License-Identifier: GPL-2.0
/*
 * Guests' memory, as root itself reads and writes it: the one door.
 *
 * World: root and KUnit, under no lock.  The caller has taken a vCPU of the guest and is
 * to it what a CPU in the guest would be: what it finds by an entry of the EPT stays
 * where it is until that vCPU has flushed, as a translation would.
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

/**
 * keel_gmem_at() - where a guest's memory is
 * @root: root; its lock is not needed
 * @guest: the guest
 * @gpa: any address
 * @write: it is to be written
 * @self: the vCPU, as keel_guest_passed() knows it
 * @at: set to root's address of it, up to the end of the page
 *
 * Return: enum keel_fault; after KEEL_FAULT_DONE the vCPU flushes before it is back in
 * the guest, if the guest's epoch is no longer the one that it has flushed for.
 */
enum keel_fault keel_gmem_at(struct keel_root *root, struct keel_guest *guest, u64 gpa,
			     bool write, const void *self, void **at)
{
	unsigned int level, tries;
	enum keel_fault ret;
	u64 *leaf, entry, rights;

	if (!keel_guest_inside(guest, gpa))
		return KEEL_FAULT_OUTSIDE;
	for (tries = 0; tries < TRIES; tries++) {
		leaf = keel_guest_walk(guest, gpa, &level, &rights);
		entry = level == KEEL_LEVEL_4K ? __atomic_load_n(leaf, __ATOMIC_ACQUIRE) : 0;
		if (!write) {
			/* What was never mapped was never written to; what waits to be replaced
			 * is what it was.
			 */
			entry = entry ? KEEL_LEAF_PA(entry) : root->zero_pa;
			*at = (u8 *)keel_phys(entry) + (gpa & (KEEL_PAGE_SIZE - 1));
			return KEEL_FAULT_DONE;
		}
		if (entry & rights & KEEL_EPT_WRITE && mark(leaf, entry)) {
			*at = (u8 *)keel_phys(KEEL_LEAF_PA(entry)) +
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
	u64 done, part;
	void *at;

	for (done = 0; done < size; done += part) {
		part = rest_of_page(gpa + done, size - done);
		if (keel_gmem_at(root, guest, gpa + done, false, NULL, &at) != KEEL_FAULT_DONE)
			return KEEL_FAULT_OUTSIDE;
		copy((u8 *)buf + done, at, part);
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

	ret = keel_gmem_at(root, guest, gpa, true, self, &at);
	if (ret == KEEL_FAULT_DONE && part < size)
		ret = keel_gmem_at(root, guest, gpa + part, true, self, &next);
	if (ret != KEEL_FAULT_DONE)
		return ret;
	copy(at, buf, part);
	if (part < size)
		copy(next, (const u8 *)buf + part, size - part);
	return KEEL_FAULT_DONE;
}
