// SPDX-License-Identifier: GPL-2.0
/*
 * Clones: a guest whose memory is another one's as it is now, at the cost of one table.
 *
 * World: root and KUnit.  Cloning is under the lock of struct keel_root and takes both
 * guests'; all else is under the lock of the guest that asks, and that of a table (in its
 * entry of the frame table) while what it holds is counted.
 *
 * The clone gets a top table; what its entries lead to is both guests' from then on, and
 * neither's entry has the right to write, so that nothing below is ever written to (rights
 * are those that all levels have, SDM 28.3.2).  A guest that has to change an entry below
 * makes the tables on the way there its own, the topmost first: it copies a table, and the
 * tables or frames that this leads to are held once more; or it takes the table over, when
 * nobody else holds it any more.  A table that several hold stays exactly as it is.
 *
 * How often such a table is held stands in its entry of the frame table, whose owner is
 * KEEL_OWNER_TABLE.  Below it, tables can still say that they are root's, and frames that
 * they are the guest's that was cloned: so cloning need not visit them.  Whoever copies or
 * takes over the table above says it of them; the one that was cloned does it for its
 * frames before it goes (keel_clone_give()).  So who takes a table over finds there frames
 * that are its own, or shared, and no others.  There are no large pages below it.
 *
 * Until one of the two writes for the first time, it goes without accessed and dirty flags
 * (keel_guest_eptp()): so one that waits, or only reads, has no more than its top table.
 *
 * A vCPU that has walked a table remembers it.  So the entry on the guest's last own table
 * is emptied first, and what is below is let go of when all of its vCPUs have flushed
 * (keel_guest_retire()): whoever takes it over can write to it.
 */
#include <linux/errno.h>
#include <linux/stddef.h>
#include <linux/types.h>

#include "guest.h"
#include "walk.h"

/* Entries that keel_clone_give() looks at in a call */
#define WORK_MAX	4096

/* The audit compares nothing that has changed meanwhile: said before and after a change. */
static void turn(struct keel_root *root)
{
	__atomic_add_fetch(&root->turns, 1, __ATOMIC_SEQ_CST);
}

static struct keel_frame *frame_at(const struct keel_root *root, u64 pa)
{
	unsigned int missing;

	return keel_walk_frame(root, pa >> 12, &missing);
}

/* The page of the frame table that was looked at last: mostly, the next frame is there, too. */
struct nearby {
	u64 nr;
	struct keel_frame *page;
};

static struct keel_frame *frame_near(const struct keel_root *root, struct nearby *near, u64 pa)
{
	u64 nr = pa / (KEEL_FRAMES_A_PAGE * KEEL_PAGE_SIZE);

	if (nr != near->nr) {
		near->nr = nr;
		near->page = frame_at(root, nr * KEEL_FRAMES_A_PAGE << 12);
	}
	return &near->page[(pa >> 12) % KEEL_FRAMES_A_PAGE];
}

/* So many entries of @guest's table of @level for @gpa can lead to memory; the rest is empty. */
static unsigned int entries(const struct keel_guest *guest, u64 gpa, unsigned int level)
{
	u64 size = keel_level_size(level) / KEEL_PAGE_SIZE;
	u64 first = (gpa >> 12) & ~(size * KEEL_TABLE_NR - 1);
	u64 nr = (keel_gfn_end(guest->frames) - first + size - 1) / size;

	return nr < KEEL_TABLE_NR ? nr : KEEL_TABLE_NR;
}

/* What @nr frames become in a table of @guest's own, empty, that has them with others */
static void lend_leaves(struct keel_root *root, struct keel_guest *guest, u64 *to,
			const u64 *from, unsigned int nr)
{
	struct nearby near = { .nr = ~0ULL };
	u64 zero_pa = root->zero_pa, pa;
	u64 lent = 0, shared = 0;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (!from[i])
			continue;
		pa = KEEL_LEAF_PA(from[i]);
		if (pa == zero_pa) {
			guest->stat.zero += !(from[i] & KEEL_EPT_RWX);
			to[i] = pa | KEEL_LEAF_ZERO;
		} else {
			lent += keel_frame_lend(frame_near(root, &near, pa)) > 0;
			shared++;
			to[i] = pa | KEEL_LEAF_SHARED;
		}
	}
	guest->stat.cloned -= shared;
	guest->stat.shared += shared;
	__atomic_add_fetch(&root->shared, lent, __ATOMIC_RELAXED);
}

/* Likewise of tables, which several can hold from now on */
static void lend_tables(const struct keel_root *root, u64 *to, const u64 *from, unsigned int nr)
{
	struct nearby near = { .nr = ~0ULL };
	unsigned int i;
	u64 pa;

	for (i = 0; i < nr; i++) {
		if (!from[i])
			continue;
		pa = KEEL_LEAF_PA(from[i]);
		keel_frame_table_lend(frame_near(root, &near, pa));
		/* The top table is found at any time. */
		__atomic_store_n(&to[i], pa | KEEL_LEADS_SHARED, __ATOMIC_RELEASE);
	}
}

/* What an entry of a table becomes that was others' as well, and is @guest's alone now */
static u64 own_leaf(const struct keel_root *root, struct keel_guest *guest, u64 old)
{
	u64 pa = KEEL_LEAF_PA(old);

	if (pa == root->zero_pa) {
		guest->stat.zero += !(old & KEEL_EPT_RWX);
		return pa | KEEL_LEAF_ZERO;
	}
	guest->stat.cloned--;
	if (keel_frame_read(frame_at(root, pa)).owner == guest->owner) {
		guest->stat.mapped++;
		return pa | KEEL_LEAF_OWN | (old & (KEEL_TABLE_AD | KEEL_LEAF_HASHED));
	}
	guest->stat.shared++;
	return pa | KEEL_LEAF_SHARED;
}

/* Likewise of all of them; the table of @level is locked. */
static void own_entries(const struct keel_root *root, struct keel_guest *guest, u64 *table,
			unsigned int level)
{
	unsigned int i;

	for (i = 0; i < KEEL_TABLE_NR; i++) {
		if (!table[i])
			continue;
		if (level == KEEL_LEVEL_4K) {
			table[i] = own_leaf(root, guest, table[i]);
		} else {
			keel_frame_table_share(frame_at(root, KEEL_LEAF_PA(table[i])));
			table[i] = KEEL_LEAF_PA(table[i]) | KEEL_LEADS_SHARED;
		}
	}
}

/*
 * Make the table of @level for @gpa, which an entry leads to and none of @guest's vCPUs
 * remembers, its own.  There is a frame in its pool.  The table's address, 0 when somebody
 * works on it.  If it is a copy, @old is held until let_go().
 */
static u64 own_table(struct keel_root *root, struct keel_guest *guest, u64 pa, u64 gpa,
		     unsigned int level, struct keel_frame **old)
{
	unsigned int nr = entries(guest, gpa, level);
	struct keel_frame *frame = frame_at(root, pa);
	u64 pfn;

	if (!keel_frame_lock(frame))
		return 0;
	turn(root);
	guest->ept.tables++;
	guest->stat.cloned_tables--;
	if (keel_frame_read(frame).count > 1) {
		keel_guest_take(root, guest, &pfn);
		keel_zero(keel_phys(pfn << 12));
		if (level == KEEL_LEVEL_4K)
			lend_leaves(root, guest, keel_phys(pfn << 12), keel_phys(pa), nr);
		else
			lend_tables(root, keel_phys(pfn << 12), keel_phys(pa), nr);
		*old = frame;
		return pfn << 12;
	}
	own_entries(root, guest, keel_phys(pa), level);
	keel_frame_table_own(frame);
	turn(root);
	keel_frame_unlock(frame);
	return pa;
}

/* Tables that were copied, when nobody of the guest's finds them any more */
static void let_go(struct keel_root *root, struct keel_frame **old)
{
	unsigned int i;

	for (i = 0; i < KEEL_LEVEL_1G; i++) {
		if (!old[i])
			continue;
		keel_frame_table_put(old[i]);
		turn(root);
		keel_frame_unlock(old[i]);
	}
}

/*
 * The first entry on the way to @gpa, from the top on, that leads to a table of others' as
 * well, or to none; or the one that leads to the lowest table.  There is a top table.
 */
static u64 *border(const struct keel_guest *guest, u64 gpa, unsigned int *level)
{
	u64 pa = guest->ept.root;
	u64 *at;

	for (*level = guest->ept.levels; ; --*level) {
		at = (u64 *)keel_phys(pa) + keel_table_index(gpa, *level);
		if (!(*at & KEEL_EPT_WRITE) || *level == KEEL_LEVEL_2M)
			return at;
		pa = KEEL_LEAF_PA(*at);
	}
}

/**
 * keel_clone_written() - before a guest gets something to write to, which it had not
 * @guest: the guest
 *
 * Its vCPUs go with dirty flags from now on, when they have flushed.  A scan waits for that:
 * before, what it finds clean could have been written to.
 */
void keel_clone_written(struct keel_guest *guest)
{
	__atomic_store_n(&guest->unwritten, false, __ATOMIC_SEQ_CST);
	guest->harvest_epoch = keel_guest_bump(guest);
	guest->scan_epoch = guest->harvest_epoch;
}

/**
 * keel_clone_own() - make the tables on the way to a page a guest's own
 * @root: root; its lock is not needed
 * @guest: the guest; somewhere on the way it has no right to write
 * @gpa: any address in the page
 * @self: the vCPU that wants it, as keel_guest_passed() knows it
 *
 * The page is what it was; if it was about to be replaced, it has its old right to be read.
 *
 * Return: KEEL_FAULT_DONE; KEEL_FAULT_FILL when there are not as many frames in the pool as
 * this and a frame for the page could take, KEEL_FAULT_KICK when the other vCPUs have to
 * flush first, KEEL_FAULT_BUSY when another guest works on one of the tables.
 */
enum keel_fault keel_clone_own(struct keel_root *root, struct keel_guest *guest, u64 gpa,
			       const void *self)
{
	struct keel_frame *old[KEEL_LEVEL_1G] = { NULL };
	enum keel_fault ret = KEEL_FAULT_DONE;
	unsigned int level;
	u64 *top = border(guest, gpa, &level), *at, first, pa;

	/* It is the guest's own, and was about to be collapsed. */
	if (top == guest->collapse.at) {
		keel_collapse_give_up(guest);
		return KEEL_FAULT_DONE;
	}
	if (!keel_guest_has(root, guest, level))
		return KEEL_FAULT_FILL;
	if (guest->unwritten)
		keel_clone_written(guest);
	if (!keel_guest_retire(guest, top, self))
		return KEEL_FAULT_KICK;
	first = own_table(root, guest, KEEL_LEAF_PA(*top), gpa, level - 1, &old[level - 2]);
	if (!first)
		return KEEL_FAULT_BUSY;
	for (pa = first; --level > KEEL_LEVEL_4K; ) {
		at = (u64 *)keel_phys(pa) + keel_table_index(gpa, level);
		if (!*at)
			break;
		pa = own_table(root, guest, KEEL_LEAF_PA(*at), gpa, level - 1, &old[level - 2]);
		if (!pa) {
			ret = KEEL_FAULT_BUSY;
			break;
		}
		*at = pa | KEEL_EPT_RWX;
	}
	/* From here on they are walked. */
	__atomic_store_n(top, first | KEEL_EPT_RWX, __ATOMIC_SEQ_CST);
	let_go(root, old);
	return ret;
}

/* The guest's own frames in a table that others hold as well are shared; false when busy */
static bool give_table(struct keel_root *root, struct keel_guest *guest, u64 pa)
{
	struct keel_frame *table = frame_at(root, pa), *frame;
	const u64 *entry = keel_phys(pa), *end = entry + KEEL_TABLE_NR;

	if (!keel_frame_lock(table))
		return false;
	turn(root);
	for (; entry < end; entry++) {
		if (!*entry)
			continue;
		frame = frame_at(root, KEEL_LEAF_PA(*entry));
		if (keel_frame_read(frame).owner == guest->owner) {
			keel_frame_share(frame, guest->owner);
			__atomic_add_fetch(&root->shared, 1, __ATOMIC_RELAXED);
		}
	}
	turn(root);
	keel_frame_unlock(table);
	return true;
}

/**
 * keel_clone_give() - let a guest go without what its clones have from it
 * @root: root
 * @guest: the guest, dead and parked
 * @work: counts entries that were looked at
 *
 * Return: true when it has no frame of its own any more in a table that others hold; else it
 * is to be called again.
 */
bool keel_clone_give(struct keel_root *root, struct keel_guest *guest, unsigned int *work)
{
	unsigned int level;
	u64 *at, gpa;

	while (guest->source) {
		if (*work >= WORK_MAX)
			return false;
		gpa = guest->cursor << 12;
		at = border(guest, gpa, &level);
		if (*at && !(*at & KEEL_EPT_WRITE)) {
			for (; *at && level > KEEL_LEVEL_2M; level--)
				at = (u64 *)keel_phys(KEEL_LEAF_PA(*at)) +
				     keel_table_index(gpa, level - 1);
			if (*at && !give_table(root, guest, KEEL_LEAF_PA(*at)))
				return false;
			*work += KEEL_TABLE_NR;
		}
		++*work;
		guest->cursor = (guest->cursor | (keel_level_size(level) / KEEL_PAGE_SIZE - 1)) + 1;
		if (guest->cursor >= keel_gfn_end(guest->frames)) {
			guest->source = false;
			guest->cursor = 0;
		}
	}
	return true;
}

/**
 * keel_clone_leave() - let go of a table that others can hold as well
 * @root: root
 * @guest: the guest, dead and parked, after keel_clone_give()
 * @entry: leads to the table; empty afterwards, or to a table of the guest's own
 * @level: of the table
 *
 * Return: false when another guest works on the table: nothing has changed.
 */
bool keel_clone_leave(struct keel_root *root, struct keel_guest *guest, u64 *entry,
		      unsigned int level)
{
	u64 pa = KEEL_LEAF_PA(*entry);
	struct keel_frame *frame = frame_at(root, pa);

	if (!keel_frame_lock(frame))
		return false;
	turn(root);
	if (!keel_frame_table_put(frame)) {
		*entry = 0;
	} else {
		guest->ept.tables++;
		guest->stat.cloned_tables--;
		own_entries(root, guest, keel_phys(pa), level);
		keel_frame_table_own(frame);
		*entry = pa | KEEL_EPT_RWX;
	}
	turn(root);
	keel_frame_unlock(frame);
	return true;
}

/* Nobody writes to what @guest has any more.  False when a vCPU still can: then all can. */
static bool protect(const struct keel_root *root, struct keel_guest *guest)
{
	unsigned int i, nr = entries(guest, 0, guest->ept.levels);
	u64 *top = keel_phys(guest->ept.root);

	for (i = 0; i < nr; i++)
		if (top[i])
			__atomic_and_fetch(&top[i], ~KEEL_EPT_WRITE, __ATOMIC_SEQ_CST);
	if (keel_guest_passed(guest, keel_guest_bump(guest), NULL))
		return true;
	for (i = 0; i < nr; i++)
		if (top[i] && frame_at(root, KEEL_LEAF_PA(top[i]))->owner == KEEL_OWNER_ROOT)
			__atomic_or_fetch(&top[i], KEEL_EPT_WRITE, __ATOMIC_SEQ_CST);
	return false;
}

/* All that @from has is @to's as well, which has nothing; nobody can write to it. */
static void share(struct keel_root *root, struct keel_guest *from, struct keel_guest *to)
{
	const u64 *old = keel_phys(from->ept.root);
	u64 pfn;

	turn(root);
	if (!to->ept.root) {
		keel_guest_page(root, to, &pfn);
		to->ept.root = pfn << 12;
		to->ept.tables++;
	}
	lend_tables(root, keel_phys(to->ept.root), old, entries(to, 0, to->ept.levels));
	from->unwritten = true;
	to->unwritten = true;
	from->source = true;
	from->bound |= from->stat.shared;
	from->stat.cloned += from->stat.mapped + from->stat.shared;
	from->stat.cloned_tables += from->ept.tables - 1;
	from->stat.mapped = 0;
	from->stat.shared = 0;
	from->ept.tables = 1;
	to->stat.cloned = from->stat.cloned;
	to->stat.cloned_tables = from->stat.cloned_tables;
	to->stat.zero = from->stat.zero;
	turn(root);
}

/* With both of them locked */
static s64 clone(struct keel_root *root, struct keel_guest *from, struct keel_guest *to)
{
	u64 epoch;
	s64 ret = 0;

	if (to->ept.tables > !!to->ept.root || to->stat.cloned_tables || to->stat.huge)
		return -EEXIST;
	if (from->stat.huge)
		return -E2BIG;
	keel_collapse_give_up(from);
	if (!keel_guest_has(root, to, !to->ept.root))
		return -ENOSPC;
	/* The host could write by old translations of its own: no vCPU sees that (guest.c). */
	epoch = __atomic_exchange_n(&to->ready_epoch, ~0ULL, __ATOMIC_SEQ_CST);
	if (!keel_guest_parked(to) || (from->ept.root && !protect(root, from)))
		ret = -EBUSY;
	if (!ret && from->ready_epoch > epoch)
		epoch = from->ready_epoch;
	if (!ret && from->ept.root)
		share(root, from, to);
	if (!ret) {
		to->tsc_start = from->tsc_start;
		to->wall_start = from->wall_start;
		to->tsc_split = from->tsc_split;
		to->blocks.asks = from->blocks.asks;
	}
	__atomic_store_n(&to->ready_epoch, epoch, __ATOMIC_SEQ_CST);
	return ret;
}

/**
 * keel_guest_clone() - give a guest the memory of another one, as it is now
 * @root: root
 * @from: the guest that has it
 * @to: one with none, and as much room for it; none of its vCPUs is on a CPU
 *
 * Both go on with it, each for itself; the clone's time began when the other one's did.  Its
 * domain is for the host to say: before it writes, it can be any.
 *
 * Return: 0; -EINVAL when they are one, or not of the same size, -ENOENT when there is one
 * of them not, -ESHUTDOWN when one is dead, -EEXIST when @to has memory, -E2BIG when @from has
 * large pages, which are to be split before, -ENOSPC when its
 * pool lacks a frame for a table, -EBUSY when a vCPU of @from is in the guest, or one of
 * @to on a CPU, -EAGAIN when a CPU works on the memory of one.
 */
s64 keel_guest_clone(struct keel_root *root, u64 from, u64 to)
{
	struct keel_guest *a = keel_guest_at(root, from), *b = keel_guest_at(root, to);
	s64 ret;

	if (!a || !b)
		return -ENOENT;
	if (a->dead || b->dead)
		return -ESHUTDOWN;
	if (a == b || a->frames != b->frames)
		return -EINVAL;
	if (!keel_guest_lock(a))
		return -EAGAIN;
	if (!keel_guest_lock(b)) {
		keel_guest_unlock(a);
		return -EAGAIN;
	}
	ret = clone(root, a, b);
	keel_guest_unlock(b);
	keel_guest_unlock(a);
	return ret;
}
