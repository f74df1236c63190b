// SPDX-License-Identifier: GPL-2.0
/*
 * The audit's view of guests: what they say they have, and what their EPTs map.
 *
 * World: root, under the lock of struct keel_root; a guest's is taken here.
 *
 * A table that several guests hold stays as it is while they do (clone.c), so it can be looked
 * at under the lock of one of them.  What is in it is summed up for each, and counted once for
 * all: for the first that leads there.
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

	if (!(entry & KEEL_EPT_RWX)) {
		root->audit.sharing += pfn != root->zero_pa >> 12;
		return pfn == root->zero_pa >> 12 || shared_ok(root, pfn);
	}
	entry &= ~(KEEL_TABLE_AD | KEEL_LEAF_HASHED);
	if (entry == (root->zero_pa | KEEL_LEAF_ZERO)) {
		root->audit.zero++;
		return true;
	}
	if (entry == (pfn << 12 | KEEL_LEAF_SHARED)) {
		root->audit.sharing++;
		return shared_ok(root, pfn);
	}
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

/* A large page: only the guest's own, also while it is not to be written to yet */
static bool large_ok(struct keel_root *root, const struct keel_guest *guest, u64 entry)
{
	u64 pfn = KEEL_LEAF_PA(entry) >> 12, i;
	const struct keel_frame *frame;
	struct keel_frame val;
	unsigned int missing;

	entry &= ~(KEEL_TABLE_AD | KEEL_LEAF_HASHED);
	if ((entry | KEEL_EPT_WRITE) != (pfn << 12 | KEEL_LEAF_LARGE) || pfn % KEEL_BLOCK_NR ||
	    pfn >= root->frames.nr)
		return false;
	frame = keel_walk_frame(root, pfn, &missing);
	if (!frame)
		return false;
	for (i = 0; i < KEEL_BLOCK_NR; i++) {
		val = keel_frame_read(&frame[i]);
		if (!keel_frame_writable(&val, guest->owner) || val.count != 1)
			return false;
		root->audit.leaves += keel_audit_mix(pfn + i, guest->owner);
	}
	root->audit.mapped += KEEL_BLOCK_NR;
	root->audit.huge += KEEL_BLOCK_NR;
	return true;
}

/* Frames that wait to become a large page: root's, in no list */
static bool block_ok(const struct keel_root *root, u64 pfn)
{
	const struct keel_frame *frame;
	struct keel_frame val;
	unsigned int missing;
	u64 i;

	frame = pfn < root->frames.nr ? keel_walk_frame(root, pfn, &missing) : NULL;
	if (!frame || pfn % KEEL_BLOCK_NR)
		return false;
	for (i = 0; i < KEEL_BLOCK_NR; i++) {
		val = keel_frame_read(&frame[i]);
		if (val.owner != KEEL_OWNER_ROOT || val.count != 1 ||
		    val.flags & (KEEL_FRAME_FREE | KEEL_FRAME_USED))
			return false;
	}
	return true;
}

static bool blocks_ok(const struct keel_root *root, const struct keel_guest *guest)
{
	const struct keel_blocks *b = &guest->blocks;
	u32 i;

	if (b->nr > KEEL_BLOCKS_MAX || b->ready > b->nr)
		return false;
	for (i = 0; i < b->nr; i++)
		if (!block_ok(root, b->pfn[i]))
			return false;
	return guest->collapse.pfn == KEEL_NO_FRAME || block_ok(root, guest->collapse.pfn);
}

/*
 * The same, in a table that several guests hold: what was a guest's own can still be, or be
 * shared by now.
 */
static bool cloned_leaf_ok(struct keel_root *root, u64 entry, bool fresh)
{
	u64 pfn = KEEL_LEAF_PA(entry) >> 12, bits = entry & ~(KEEL_TABLE_AD | KEEL_LEAF_HASHED);
	bool own = (bits | KEEL_EPT_WRITE) == (pfn << 12 | KEEL_LEAF_OWN);
	bool waits = !(entry & KEEL_EPT_RWX);
	const struct keel_frame *frame;
	struct keel_frame val;
	unsigned int missing;

	if (pfn == root->zero_pa >> 12) {
		root->audit.zero += !waits;
		return waits || bits == (root->zero_pa | KEEL_LEAF_ZERO);
	}
	root->audit.cloned++;
	if (!fresh)
		return true;
	frame = pfn < root->frames.nr ? keel_walk_frame(root, pfn, &missing) : NULL;
	if (!frame || !(own || waits || bits == (pfn << 12 | KEEL_LEAF_SHARED)))
		return false;
	val = keel_frame_read(frame);
	if (!own || val.owner == KEEL_OWNER_SHARED)
		return shared_ok(root, pfn);
	root->audit.lent++;
	root->audit.leaves += keel_audit_mix(pfn, val.owner);
	return val.owner >= KEEL_OWNER_VM && val.count == 1 &&
	       keel_guest_at(root, val.owner - KEEL_OWNER_VM);
}

/* A table begins here, one of several guests' or below one if @shared. */
static void count_table(struct keel_root *root, u64 pfn, struct keel_frame *frame,
			unsigned int level, bool shared, bool fresh)
{
	struct keel_audit *a = &root->audit;
	const u64 seen = KEEL_FRAME_BIT(KEEL_FRAME_SEEN);

	a->tables += !shared;
	a->cloned_tables += shared;
	if (shared && keel_frame_read(frame).owner == KEEL_OWNER_TABLE) {
		if (fresh) {
			a->links++;
			a->leaves += keel_audit_mix(pfn, KEEL_OWNER_TABLE);
		}
		fresh = !(__atomic_fetch_or((u64 *)frame, seen, __ATOMIC_RELAXED) & seen);
	}
	a->fresh = (a->fresh & ~BIT(level)) | (u32)fresh << level;
}

/* Can an entry of such bits lead from a guest's own table, or a @shared one, to this one? */
static bool branch_ok(u64 entry, bool shared, u16 owner)
{
	u64 bits = entry & ~KEEL_TABLE_AD & ~KEEL_TABLE_ADDR;
	bool waits = !(entry & KEEL_EPT_RWX);

	if (!waits && bits != KEEL_EPT_RWX && bits != KEEL_LEADS_SHARED)
		return false;
	if (shared)
		return owner == KEEL_OWNER_ROOT || owner == KEEL_OWNER_TABLE;
	return owner == (bits == KEEL_EPT_RWX ? KEEL_OWNER_ROOT : KEEL_OWNER_TABLE);
}

/* The tables that begin at @gfn, from the topmost on; @shared: the last one, with others */
static bool tables_ok(struct keel_root *root, const struct keel_guest *guest, u64 gfn,
		      u64 *entry, bool *shared)
{
	u64 pa = guest->ept.root, *at;
	unsigned int level, missing;
	struct keel_frame *frame;

	*shared = false;
	*entry = KEEL_EPT_RWX;
	for (level = guest->ept.levels; level; level--) {
		frame = pa >> 12 < root->frames.nr ? keel_walk_frame(root, pa >> 12, &missing) :
						     NULL;
		if (!frame || frame->flags & KEEL_FRAME_FREE ||
		    !branch_ok(*entry, *shared, keel_frame_read(frame).owner))
			return false;
		*shared |= !(*entry & KEEL_EPT_WRITE);
		if (!(gfn & (keel_level_size(level + 1) / KEEL_PAGE_SIZE - 1)))
			count_table(root, pa >> 12, frame, level, *shared,
				    !*shared || root->audit.fresh & BIT(level + 1));
		if (level == KEEL_LEVEL_4K)
			break;
		at = (u64 *)keel_phys(pa) + keel_table_index(gfn << 12, level);
		*entry = *at;
		if (!*entry || keel_leaf_large(level, *entry))
			break;
		if (at == guest->collapse.at)
			*entry |= KEEL_EPT_WRITE;
		pa = KEEL_LEAF_PA(*entry);
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
	if (a->mapped != now->mapped || a->huge != now->huge || a->sharing != now->shared ||
	    a->tables != guest->ept.tables)
		return false;
	/* One that goes lets go of others' tables without a look at what is in them. */
	return (guest->dead && now->cloned_tables) ||
	       (a->zero == now->zero && a->cloned == now->cloned &&
		a->cloned_tables == now->cloned_tables);
}

/* What lies at @gfn: a table, or a hole as large as it is; the next place */
static s64 audit_at(struct keel_root_cpu *cpu, struct keel_root *root, struct keel_guest *guest,
		    u64 gfn)
{
	unsigned int level, i;
	bool shared = false;
	u64 *table, entry;

	if (!gfn) {
		root->audit.guest = guest->stat;
		root->audit.guest.tables = guest->ept.tables;
		root->audit.mapped = 0;
		root->audit.huge = 0;
		root->audit.zero = 0;
		root->audit.sharing = 0;
		root->audit.tables = 0;
		root->audit.cloned = 0;
		root->audit.cloned_tables = 0;
	}
	if (!gfn && !blocks_ok(root, guest))
		return wrong(cpu, guest, gfn, 0);
	if (guest->ept.root && !tables_ok(root, guest, gfn, &entry, &shared))
		return wrong(cpu, guest, gfn, entry);
	table = keel_guest_leaf(guest, gfn << 12, &level);
	entry = *table;
	if (keel_leaf_large(level, entry) &&
	    (shared || !keel_gfns_ok(guest->frames, gfn, KEEL_BLOCK_NR) ||
	     !large_ok(root, guest, entry)))
		return wrong(cpu, guest, gfn, entry);
	if (level == KEEL_LEVEL_4K) {
		for (i = 0; i < KEEL_TABLE_NR; i++) {
			entry = __atomic_load_n(&table[i], __ATOMIC_RELAXED);
			if (entry && (!keel_gfn_ok(guest->frames, gfn + i) ||
				      !(shared ?
					cloned_leaf_ok(root, entry, root->audit.fresh & BIT(1)) :
					leaf_ok(root, guest, entry))))
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
