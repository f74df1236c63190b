// SPDX-License-Identifier: GPL-2.0
/*
 * Which of a guest's pages could be equal to others: those that nobody writes to, by their
 * hashes.
 *
 * World: root and KUnit, under the guest's lock, which is taken here.
 *
 * A page is hashed when its dirty bit was clear for a whole pass, and then not again until
 * that was set: an entry has a bit of its own to remember it.  A vCPU that has a translation
 * with the dirty bit set does not set it again: so a pass begins when all of them have
 * flushed since the last one.
 *
 * A page that is expected to be equal to another one is compared with that, and merged at once
 * if it is (merge.c): then there is nothing to be hashed.
 *
 * The host cannot read guests' memory, nor could it keep up: what it gets are the hashes of
 * what is new.
 */
#include <linux/errno.h>
#include <linux/types.h>

#include "guest.h"
#include "hash.h"

/*
 * Tables that a call goes through, and entries that it looks at one by one, if it does not find
 * as many pages before that
 */
#define TABLES_MAX	8
#define LOOKS_MAX	(4 * KEEL_TABLE_NR)

/* Entries that are passed: hashed and not written to since, mapped to a shared frame */
#define CLEAN_MASK	(KEEL_EPT_WRITE | KEEL_LEAF_HASHED | KEEL_TABLE_DIRTY)
#define CLEAN		(KEEL_EPT_WRITE | KEEL_LEAF_HASHED)
#define SHARED_MASK	(KEEL_LEAF_IS_SHARED | KEEL_EPT_RWX)
#define SHARED		(KEEL_LEAF_IS_SHARED | (KEEL_EPT_RWX & ~KEEL_EPT_WRITE))

/* One page; its entry has some right */
static void look(struct keel_root *root, struct keel_guest *guest, struct keel_scan *scan,
		 u64 *entry, u64 gfn, u64 seed)
{
	u64 old = __atomic_load_n(entry, __ATOMIC_RELAXED), pa = KEEL_LEAF_PA(old);
	u64 new = (old & ~KEEL_TABLE_DIRTY) ^ KEEL_LEAF_HASHED, twin;

	if (!(old & KEEL_EPT_WRITE)) {
		if (pa == root->zero_pa)
			scan->zero++;
		else if (old & KEEL_LEAF_IS_SHARED)
			scan->shared++;
		else	/* protected for a merge that was given up */
			__atomic_or_fetch(entry, KEEL_EPT_WRITE, __ATOMIC_RELAXED);
		return;
	}
	if (old & KEEL_TABLE_DIRTY)
		new &= ~KEEL_LEAF_HASHED;
	if (old & KEEL_TABLE_DIRTY ||
	    !__atomic_compare_exchange_n(entry, &old, new, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_RELAXED)) {
		__atomic_and_fetch(entry, ~(KEEL_TABLE_DIRTY | KEEL_LEAF_HASHED),
				   __ATOMIC_SEQ_CST);
		scan->dirty++;
		return;
	}
	twin = keel_merge_next(root, guest, gfn);
	scan->page[scan->nr].gfn = gfn | (twin != KEEL_HINT_NONE ? KEEL_SCAN_MERGED : 0);
	scan->page[scan->nr].hash = twin != KEEL_HINT_NONE ? twin :
				    keel_page_hash(keel_phys(pa), seed);
	scan->nr++;
}

static inline bool is(const u64 *at, u64 mask, u64 val)
{
	return (__atomic_load_n(at, __ATOMIC_RELAXED) & mask) == val;
}

/*
 * From an entry on, those whose bits in @mask are @val: where there is another one.  Most of
 * a settled guest's are passed here, so four at a time.
 */
static u64 *skip(u64 *at, const u64 *end, u64 mask, u64 val)
{
	while (end - at >= 4 && is(at, mask, val) && is(at + 1, mask, val) &&
	       is(at + 2, mask, val) && is(at + 3, mask, val))
		at += 4;
	while (at < end && is(at, mask, val))
		at++;
	return at;
}

/*
 * The pages from @gfn on that one table maps, as far as there is room for what is found; so many
 * were not passed by skip()
 */
static u64 scan_table(struct keel_root *root, struct keel_guest *guest, struct keel_scan *scan,
		      u64 *entry, u64 gfn, u64 seed, unsigned int *looks)
{
	u64 *at = entry, *end = entry + KEEL_TABLE_NR - gfn % KEEL_TABLE_NR, *from;

	while (at < end && scan->nr < KEEL_SCAN_NR) {
		from = at;
		if (is(at, CLEAN_MASK, CLEAN)) {
			at = skip(at, end, CLEAN_MASK, CLEAN);
			scan->clean += at - from;
		} else if (is(at, SHARED_MASK, SHARED)) {
			at = skip(at, end, SHARED_MASK, SHARED);
			scan->shared += at - from;
		} else if (is(at, KEEL_EPT_RWX, 0)) {
			at = skip(at, end, KEEL_EPT_RWX, 0);
		} else {
			look(root, guest, scan, at, gfn + (at - entry), seed);
			at++;
			++*looks;
		}
	}
	return gfn + (at - entry);
}

/* Likewise, of a table that other guests hold as well: nobody writes there. */
static u64 scan_shared(const struct keel_root *root, struct keel_scan *scan, const u64 *entry,
		       u64 gfn)
{
	do {
		if (KEEL_LEAF_PA(*entry) == root->zero_pa)
			scan->zero++;
		else
			scan->shared += !!*entry;
		gfn++;
		entry++;
	} while (gfn % KEEL_TABLE_NR);
	return gfn;
}

/*
 * The pages of a large one from @gfn on.  It is dirty as a whole, so all of it is hashed once it
 * is not, in as many calls as that takes.
 */
static u64 scan_large(struct keel_scan *scan, u64 *entry, u64 gfn, u64 seed)
{
	u64 old = __atomic_load_n(entry, __ATOMIC_RELAXED), pa;
	u64 end = (gfn | (KEEL_BLOCK_NR - 1)) + 1;

	scan->large = true;
	if (old & KEEL_TABLE_DIRTY) {
		__atomic_and_fetch(entry, ~(KEEL_TABLE_DIRTY | KEEL_LEAF_HASHED), __ATOMIC_SEQ_CST);
		scan->dirty += end - gfn;
		return end;
	}
	if (old & KEEL_LEAF_HASHED) {
		scan->clean += end - gfn;
		return end;
	}
	for (; gfn < end && scan->nr < KEEL_SCAN_NR; gfn++, scan->nr++) {
		pa = keel_leaf_pa(KEEL_LEVEL_2M, old, gfn << 12);
		scan->page[scan->nr].gfn = gfn;
		scan->page[scan->nr].hash = keel_page_hash(keel_phys(pa), seed);
	}
	/* A write that has come meanwhile the next pass finds. */
	if (gfn == end)
		__atomic_or_fetch(entry, KEEL_LEAF_HASHED, __ATOMIC_RELAXED);
	return gfn;
}

static s64 locked(struct keel_root *root, struct keel_guest *guest, u64 gfn, u64 seed,
		  struct keel_scan *scan)
{
	unsigned int level, tables, looks = 0;
	u64 *entry, rights, end = keel_gfn_end(guest->frames);

	if (guest->dead)
		return -ESHUTDOWN;
	if (!gfn) {
		guest->scan_epoch = guest->harvest_epoch;
		guest->next.run = 0;
	}
	if (!keel_guest_passed(guest, guest->scan_epoch, NULL))
		return -EBUSY;
	for (tables = 0; tables < TABLES_MAX && looks < LOOKS_MAX && gfn < end &&
	     scan->nr < KEEL_SCAN_NR; tables++) {
		entry = keel_guest_walk(guest, gfn << 12, &level, &rights);
		if (keel_leaf_large(level, *entry)) {
			/* What @scan says of one is about the whole call. */
			if (!tables)
				gfn = scan_large(scan, entry, gfn, seed);
			break;
		}
		if (level == KEEL_LEVEL_4K && !(rights & KEEL_EPT_WRITE) &&
		    !(guest->collapse.at && guest->collapse.gfn == (gfn & -KEEL_TABLE_NR)))
			gfn = scan_shared(root, scan, entry, gfn);
		else if (level == KEEL_LEVEL_4K)
			gfn = scan_table(root, guest, scan, entry, gfn, seed, &looks);
		else
			gfn = (gfn | (keel_level_size(level) / KEEL_PAGE_SIZE - 1)) + 1;
	}
	scan->lacks = keel_cow_lacks(guest);
	if (scan->dirty)
		guest->harvest_epoch = keel_guest_bump(guest);
	return gfn < end ? gfn : 0;
}

/**
 * keel_guest_scan() - look at a stretch of a guest's memory
 * @root: root; its lock is not needed
 * @id: the guest
 * @gfn: where; 0 begins a pass
 * @seed: for keel_page_hash()
 * @scan: filled
 *
 * Return: where to go on, 0 at the end of the memory; -ENOENT when there is no such guest,
 * -EINVAL when there is no memory from @gfn on, -ESHUTDOWN when the guest is dead, -EBUSY
 * when its vCPUs have to flush first, -EAGAIN when a CPU works on its memory.
 */
s64 keel_guest_scan(struct keel_root *root, u64 id, u64 gfn, u64 seed, struct keel_scan *scan)
{
	struct keel_guest *guest = keel_guest_at(root, id);
	struct keel_scan found;
	unsigned int i;
	s64 ret;

	if (!guest)
		return -ENOENT;
	if (gfn >= keel_gfn_end(guest->frames))
		return -EINVAL;
	if (!keel_guest_lock(guest))
		return -EAGAIN;
	found.nr = 0;
	found.clean = 0;
	found.dirty = 0;
	found.zero = 0;
	found.shared = 0;
	found.large = false;
	ret = locked(root, guest, gfn, seed, &found);
	keel_guest_unlock(guest);
	if (ret < 0)
		return ret;
	/* The host can write to what it is given at any moment. */
	scan->nr = found.nr;
	scan->clean = found.clean;
	scan->dirty = found.dirty;
	scan->zero = found.zero;
	scan->shared = found.shared;
	scan->large = found.large;
	scan->lacks = found.lacks;
	for (i = 0; i < found.nr; i++)
		scan->page[i] = found.page[i];
	return ret;
}
