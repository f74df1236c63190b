// SPDX-License-Identifier: GPL-2.0
/*
 * The audit's view of guests: what they say they have, and what their EPTs map.
 *
 * World: root, under the lock of struct keel_root; a guest's is taken here.
 */
#include <linux/errno.h>
#include <linux/stddef.h>
#include <linux/types.h>

#include "../vmx/exit.h"
#include "audit.h"
#include "walk.h"

/* Ids that one call looks at, or 512 of them where there is no guest at all */
#define STEPS_MAX 1024

static u64 id_of(u64 at)
{
	return at >> KEEL_AUDIT_ID;
}

static u64 place(u64 id, u64 gfn)
{
	return id << KEEL_AUDIT_ID | gfn;
}

/* The first guest from @id on, which is set to its id, or to how far the search went */
static struct keel_guest *next_guest(struct keel_root *root, u64 *id, unsigned int *steps)
{
	struct keel_guest *guest;
	u64 *top;

	for (; *id < KEEL_GUEST_IDS && *steps < STEPS_MAX; ++*steps, ++*id) {
		guest = keel_guest_at(root, *id);
		if (guest)
			return guest;
		top = root->vms.root ? keel_phys(root->vms.root) : NULL;
		if (!top || !top[keel_table_index(*id << 12, KEEL_LEVEL_2M)])
			*id |= KEEL_TABLE_NR - 1;
	}
	return NULL;
}

/**
 * keel_audit_sum() - add up what guests say they have
 * @root: root
 * @at: the guest to go on with
 * @sum: frames of memory
 *
 * Return: where to go on.
 */
s64 keel_audit_sum(struct keel_root *root, u64 at, u64 *sum)
{
	const struct keel_guest *guest;
	unsigned int steps = 0;
	u64 id = id_of(at);

	while ((guest = next_guest(root, &id, &steps))) {
		*sum += __atomic_load_n(&guest->stat.mapped, __ATOMIC_RELAXED);
		steps++;
		id++;
	}
	return place(id, 0);
}

/* A frame that others map as well; the page may be about to get another one. */
static bool shared_ok(struct keel_root *root, u64 pfn)
{
	const struct keel_frame *frame;
	unsigned int missing;

	frame = pfn < root->frames.nr ? keel_walk_frame(root, pfn, &missing) : NULL;
	if (!frame || keel_frame_read(frame).owner != KEEL_OWNER_SHARED)
		return false;
	root->audit.sharing++;
	root->audit.all_sharing++;
	root->audit.leaves += keel_audit_mix(pfn, KEEL_OWNER_SHARED);
	return true;
}

static bool leaf_ok(struct keel_root *root, const struct keel_guest *guest, u64 entry)
{
	u64 pfn = KEEL_LEAF_PA(entry) >> 12;
	const struct keel_frame *frame;
	struct keel_frame val;
	unsigned int missing;

	if (!(entry & KEEL_EPT_RWX))
		return pfn == root->zero_pa >> 12 || shared_ok(root, pfn);
	entry &= ~(KEEL_TABLE_AD | KEEL_LEAF_HASHED);
	if (entry == (root->zero_pa | KEEL_LEAF_ZERO)) {
		root->audit.zero++;
		return true;
	}
	if (entry == (pfn << 12 | KEEL_LEAF_SHARED))
		return shared_ok(root, pfn);
	/* One that is to be merged is write-protected. */
	if (pfn >= root->frames.nr || (entry | KEEL_EPT_WRITE) != (pfn << 12 | KEEL_LEAF_OWN))
		return false;
	frame = keel_walk_frame(root, pfn, &missing);
	if (!frame)
		return false;
	val = keel_frame_read(frame);
	root->audit.mapped++;
	root->audit.leaves += keel_audit_mix(pfn, guest->owner);
	return keel_frame_writable(&val, guest->owner) && val.count == 1;
}

/* The tables that begin at @gfn, from the topmost on */
static bool tables_ok(struct keel_root *root, const struct keel_guest *guest, u64 gfn,
		      u64 *entry)
{
	u64 pa = guest->ept.root;
	const struct keel_frame *frame;
	unsigned int level, missing;

	for (level = guest->ept.levels; level; level--) {
		*entry = pa;
		frame = pa >> 12 < root->frames.nr ? keel_walk_frame(root, pa >> 12, &missing) :
						     NULL;
		if (!frame || frame->owner != KEEL_OWNER_ROOT || frame->flags & KEEL_FRAME_FREE)
			return false;
		root->audit.tables += !(gfn & (keel_level_size(level + 1) / KEEL_PAGE_SIZE - 1));
		if (level == KEEL_LEVEL_4K)
			break;
		*entry = ((u64 *)keel_phys(pa))[keel_table_index(gfn << 12, level)];
		if (!(*entry & KEEL_EPT_RWX))
			break;
		if ((*entry & ~KEEL_TABLE_AD & ~KEEL_TABLE_ADDR) != KEEL_EPT_RWX)
			return false;
		pa = *entry & KEEL_TABLE_ADDR;
	}
	return true;
}

static s64 wrong(struct keel_root_cpu *cpu, const struct keel_guest *guest, u64 gfn, u64 entry)
{
	keel_say(cpu, KEEL_EVENT_AUDIT, gfn, guest->owner, guest->stat.mapped, entry);
	return -EUCLEAN;
}

/* Are the sums right, unless something has changed since the guest was begun with? */
static bool sums_ok(const struct keel_root *root, const struct keel_guest *guest)
{
	const struct keel_audit *a = &root->audit;
	const struct keel_vm_stat *now = &guest->stat;

	if (a->moved != root->moved || a->turns != root->turns ||
	    a->guest.mapped != now->mapped ||
	    a->guest.zero != now->zero || a->guest.touched_read != now->touched_read ||
	    a->guest.tables != guest->ept.tables)
		return true;
	return a->mapped == now->mapped && a->zero == now->zero &&
	       a->sharing == now->shared && a->tables == guest->ept.tables;
}

/* What lies at @gfn: a table, or a hole as large as it is; the next place */
static s64 audit_at(struct keel_root_cpu *cpu, struct keel_root *root, struct keel_guest *guest,
		    u64 gfn)
{
	unsigned int level, i;
	u64 *table, entry;

	if (!gfn) {
		root->audit.guest = guest->stat;
		root->audit.guest.tables = guest->ept.tables;
		root->audit.mapped = 0;
		root->audit.zero = 0;
		root->audit.sharing = 0;
		root->audit.tables = 0;
	}
	if (guest->ept.root && !tables_ok(root, guest, gfn, &entry))
		return wrong(cpu, guest, gfn, entry);
	table = keel_guest_leaf(guest, gfn << 12, &level);
	if (level == KEEL_LEVEL_4K) {
		for (i = 0; i < KEEL_TABLE_NR; i++) {
			entry = __atomic_load_n(&table[i], __ATOMIC_RELAXED);
			if (entry && (!keel_gfn_ok(guest->frames, gfn + i) ||
				      !leaf_ok(root, guest, entry)))
				return wrong(cpu, guest, gfn + i, entry);
		}
		level++;
	}
	gfn = (gfn | (keel_level_size(level) / KEEL_PAGE_SIZE - 1)) + 1;
	if (gfn < keel_gfn_end(guest->frames))
		return place(guest->id, gfn);
	if (!sums_ok(root, guest))
		return wrong(cpu, guest, gfn, 0);
	return place(guest->id + 1ULL, 0);
}

/**
 * keel_audit_guest() - check a stretch of a guest's memory
 * @cpu: the CPU that asks, which is told of what is wrong
 * @root: root
 * @at: where to go on
 *
 * Return: where to go on; -EUCLEAN when something is wrong, -EAGAIN when a CPU works on
 * the guest's memory.
 */
s64 keel_audit_guest(struct keel_root_cpu *cpu, struct keel_root *root, u64 at)
{
	u64 id = id_of(at), gfn = at & (place(1, 0) - KEEL_TABLE_NR);
	struct keel_guest *guest;
	unsigned int steps = 0;
	s64 ret;

	guest = next_guest(root, &id, &steps);
	if (!guest)
		return place(id, 0);
	if (!keel_guest_lock(guest))
		return -EAGAIN;
	ret = audit_at(cpu, root, guest, id == id_of(at) ? gfn : 0);
	keel_guest_unlock(guest);
	return ret;
}
