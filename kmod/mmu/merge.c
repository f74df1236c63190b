// SPDX-License-Identifier: GPL-2.0
/*
 * Merging: two pages with equal contents become one frame that nobody can write to.
 *
 * World: root and KUnit, under the locks of the two guests, which are taken here; who
 * finds one taken leaves that pair for another time.
 *
 * The host says which pages could be equal.  A wrong hint costs time and changes nothing:
 * both pages are write-protected, and compared when no vCPU can write to them by an old
 * translation any more.  So a pair is proposed twice, with the CPUs that run the guests
 * sent through root in between, once for a whole batch; a page that is written to
 * meanwhile is writable again, and the pair is refused.
 *
 * What a merge takes is there when it begins: it allocates nothing and cannot fail halfway.
 * The frame that it frees is kept (cow.c) until no vCPU can read it any more.
 *
 * Pages that are equal seldom come alone: where some in a row were merged with others in a
 * row, the next one is compared with the next one there instead of being hashed.
 */
#include <linux/errno.h>
#include <linux/types.h>

#include "guest.h"
#include "hash.h"
#include "walk.h"

/* So many pages in a row let expect that it goes on. */
#define RUN_MIN	8

/**
 * struct side - one page of a pair
 * @guest: whose
 * @entry: of its EPT
 * @pa: the frame that it maps
 * @frame: entry of that in the frame table; NULL for the zero frame
 * @shared: others map it as well, or could
 */
struct side {
	struct keel_guest *guest;
	u64 *entry;
	u64 pa;
	struct keel_frame *frame;
	bool shared;
};

/* What is at a page, with its guest locked */
static enum keel_merge look(struct keel_root *root, struct side *s, u64 gfn)
{
	unsigned int level, missing;
	u64 old, rights;

	if (s->guest->dead || !keel_gfn_ok(s->guest->frames, gfn))
		return KEEL_MERGE_GONE;
	s->entry = keel_guest_walk(s->guest, gfn << 12, &level, &rights);
	old = level <= KEEL_LEVEL_2M ? __atomic_load_n(s->entry, __ATOMIC_ACQUIRE) : 0;
	if (!(old & KEEL_EPT_RWX))
		return KEEL_MERGE_GONE;
	/* Whether it is worth a split the host knows. */
	if (level == KEEL_LEVEL_2M)
		return KEEL_MERGE_LARGE;
	s->pa = KEEL_LEAF_PA(old);
	/* Clones have it as it is, as long as they have the table. */
	if (s->pa == root->zero_pa || !(rights & KEEL_EPT_WRITE))
		return KEEL_MERGE_SHARED;
	s->frame = keel_walk_frame(root, s->pa >> 12, &missing);
	s->shared = old & KEEL_LEAF_IS_SHARED;
	/* The host could write to it by an old translation of its own. */
	return keel_guest_ready(root, s->guest) ? KEEL_MERGE_DONE : KEEL_MERGE_WAIT;
}

/* Can nobody write to it?  If it is so only from now on, an epoch has to pass. */
static bool still(const struct side *s)
{
	if (!s->frame || s->shared)
		return true;
	if (__atomic_load_n(s->entry, __ATOMIC_RELAXED) & KEEL_EPT_WRITE) {
		__atomic_and_fetch(s->entry, ~KEEL_EPT_WRITE, __ATOMIC_SEQ_CST);
		s->guest->protect_epoch = keel_guest_bump(s->guest);
	}
	return keel_guest_passed(s->guest, s->guest->protect_epoch, NULL);
}

/* It stays what it was; @forget: to be hashed again. */
static void let_go(const struct side *s, bool forget)
{
	if (!s->frame || s->shared)
		return;
	if (forget)
		__atomic_and_fetch(s->entry, ~KEEL_LEAF_HASHED, __ATOMIC_RELAXED);
	__atomic_or_fetch(s->entry, KEEL_EPT_WRITE, __ATOMIC_RELEASE);
}

/* @from's own frame goes, and @entry takes its place. */
static void replace(struct keel_root *root, struct side *from, u64 entry)
{
	struct keel_guest *guest = from->guest;

	__atomic_store_n(from->entry, entry, __ATOMIC_SEQ_CST);
	keel_guest_bump(guest);
	keel_frame_release(from->frame, guest->owner);
	keel_cow_spare(guest, from->pa >> 12, from->frame);
	guest->stat.mapped--;
	guest->stat.merged++;
	__atomic_add_fetch(&root->turns, 1, __ATOMIC_RELAXED);
}

/* With both of them still and equal */
static enum keel_merge commit(struct keel_root *root, struct side *to, struct side *from, u32 most)
{
	if (!to->frame) {
		from->guest->stat.zero++;
		replace(root, from, root->zero_pa | KEEL_LEAF_ZERO);
		return KEEL_MERGE_DONE;
	}
	if (!to->shared) {
		keel_frame_share(to->frame, to->guest->owner);
		__atomic_or_fetch(to->entry, KEEL_LEAF_IS_SHARED, __ATOMIC_RELEASE);
		__atomic_add_fetch(&root->shared, 1, __ATOMIC_RELAXED);
		to->guest->stat.mapped--;
		to->guest->stat.shared++;
	}
	/* @to's guest is locked: it does not let go of the frame now. */
	if (keel_frame_get(to->frame, most)) {
		let_go(from, false);
		return KEEL_MERGE_FULL;
	}
	from->guest->stat.shared++;
	replace(root, from, to->pa | KEEL_LEAF_SHARED);
	return KEEL_MERGE_DONE;
}

static enum keel_merge merge(struct keel_root *root, struct side *to, struct side *from, u32 most)
{
	struct side *own = from->shared ? to : from;
	bool ready;

	/* A frame that others map cannot go: nobody knows who they are. */
	if (own->shared || !own->frame)
		return KEEL_MERGE_SHARED;
	if (own != from) {
		to = from;
		from = own;
	}
	/* Both are to be protected in the same batch. */
	ready = still(to);
	ready &= still(from);
	if (!ready)
		return KEEL_MERGE_WAIT;
	if (keel_page_equal(keel_phys(to->pa), keel_phys(from->pa)))
		return commit(root, to, from, most);
	return KEEL_MERGE_CHANGED;
}

static bool may_share(const struct keel_guest *a, const struct keel_guest *b)
{
	return a == b || (a->domain && a->domain == b->domain);
}

/* With both guests locked */
static enum keel_merge pair(struct keel_root *root, struct side *to, u64 to_hint,
			    struct side *from, u64 gfn, u32 most)
{
	enum keel_merge ret = KEEL_MERGE_DONE;

	if (to_hint == KEEL_HINT(from->guest->id, gfn))
		return KEEL_MERGE_GONE;
	if (!may_share(from->guest, to->guest))
		return KEEL_MERGE_DOMAIN;
	if (to_hint != KEEL_HINT_ZERO)
		ret = look(root, to, KEEL_HINT_GFN(to_hint));
	if (ret == KEEL_MERGE_DONE)
		ret = look(root, from, gfn);
	return ret == KEEL_MERGE_DONE ? merge(root, to, from, most) : ret;
}

/* A page was merged: what is to be expected of the next one? */
static void expect(struct keel_guest *guest, u64 gfn, u64 to_hint, u32 most)
{
	struct keel_next *next = &guest->next;

	next->run = next->gfn == gfn && next->hint == to_hint ? next->run + 1 : 1;
	next->gfn = gfn + 1;
	next->hint = to_hint == KEEL_HINT_ZERO ? to_hint : to_hint + 1;
	next->most = most;
}

static enum keel_merge one(struct keel_root *root, u64 to_hint, u64 from_hint, u32 most)
{
	struct side to = { .pa = root->zero_pa }, from = { 0 };
	enum keel_merge ret;

	from.guest = keel_guest_at(root, KEEL_HINT_ID(from_hint));
	to.guest = from.guest;
	if (to_hint != KEEL_HINT_ZERO)
		to.guest = keel_guest_at(root, KEEL_HINT_ID(to_hint));
	if (!from.guest || !to.guest)
		return KEEL_MERGE_GONE;
	if (!keel_guest_lock(from.guest))
		return KEEL_MERGE_BUSY;
	if (to.guest != from.guest && !keel_guest_lock(to.guest)) {
		keel_guest_unlock(from.guest);
		return KEEL_MERGE_BUSY;
	}
	ret = pair(root, &to, to_hint, &from, KEEL_HINT_GFN(from_hint), most);
	if (ret == KEEL_MERGE_CHANGED) {
		let_go(&to, true);
		let_go(&from, true);
	}
	if (ret == KEEL_MERGE_DONE)
		expect(from.guest, KEEL_HINT_GFN(from_hint), to_hint, most);
	if (to.guest != from.guest)
		keel_guest_unlock(to.guest);
	keel_guest_unlock(from.guest);
	return ret;
}

/**
 * keel_merge_next() - merge a page with the one that is to be expected, if there is one
 * @root: root; its lock is not needed
 * @guest: the guest, locked
 * @gfn: the page, which nobody has written to for a pass
 *
 * It does not wait for CPUs: while vCPUs that could write are in their guests, and when the
 * pages turn out to differ, all is as before.
 *
 * Return: KEEL_HINT() of the other page, or KEEL_HINT_ZERO; KEEL_HINT_NONE when nothing was
 * merged.
 */
u64 keel_merge_next(struct keel_root *root, struct keel_guest *guest, u64 gfn)
{
	struct side to = { .guest = guest, .pa = root->zero_pa }, from = { .guest = guest };
	struct keel_next next = guest->next;
	enum keel_merge ret;

	if (next.gfn != gfn || next.run < RUN_MIN)
		return KEEL_HINT_NONE;
	if (next.hint != KEEL_HINT_ZERO)
		to.guest = keel_guest_at(root, KEEL_HINT_ID(next.hint));
	if (!to.guest || (to.guest != guest && !keel_guest_lock(to.guest)))
		return KEEL_HINT_NONE;
	ret = pair(root, &to, next.hint, &from, gfn, next.most);
	if (ret == KEEL_MERGE_DONE) {
		expect(guest, gfn, next.hint, next.most);
	} else if (ret == KEEL_MERGE_WAIT || ret == KEEL_MERGE_CHANGED) {
		let_go(&to, false);
		let_go(&from, false);
	}
	if (to.guest != guest)
		keel_guest_unlock(to.guest);
	return ret == KEEL_MERGE_DONE ? next.hint : KEEL_HINT_NONE;
}

/**
 * keel_merge() - merge pages that the host takes for equal
 * @root: root; its lock is not needed
 * @batch: pairs of KEEL_HINT(), or KEEL_HINT_ZERO and one; changed into an
 *         enum keel_merge for each pair
 * @nr: how many pairs, at most KEEL_MERGE_NR
 * @most: so often a frame may be mapped, at least twice
 *
 * A pair is merged when it is proposed again after KEEL_MERGE_WAIT, with every CPU having
 * been in root meanwhile.  Guests that are not in the same domain share nothing but zeros.
 *
 * Return: how many were merged; -EINVAL for a bad @nr or @most.
 */
s64 keel_merge(struct keel_root *root, u64 *batch, u64 nr, u64 most)
{
	u64 i, to, from;
	s64 done = 0;

	if (nr > KEEL_MERGE_NR || most < 2 || most > ~0U)
		return -EINVAL;
	for (i = 0; i < nr; i++) {
		to = __atomic_load_n(&batch[2 * i], __ATOMIC_RELAXED);
		from = __atomic_load_n(&batch[2 * i + 1], __ATOMIC_RELAXED);
		to = one(root, to, from, most);
		done += to == KEEL_MERGE_DONE;
		batch[i] = to;
	}
	return done;
}

/**
 * keel_guest_domain() - say with whom a guest shares
 * @root: root; its lock is not needed
 * @id: the guest
 * @domain: guests of the same one share pages; 0 for none but its own
 *
 * Return: 0; -ENOENT when there is no such guest, -ESHUTDOWN when it is dead, -EBUSY when
 * it shares pages already, -EAGAIN when a CPU works on its memory.
 */
s64 keel_guest_domain(struct keel_root *root, u64 id, u64 domain)
{
	struct keel_guest *guest = keel_guest_at(root, id);
	s64 ret = 0;

	if (!guest)
		return -ENOENT;
	if (!keel_guest_lock(guest))
		return -EAGAIN;
	if (guest->dead)
		ret = -ESHUTDOWN;
	else if ((guest->stat.shared || guest->bound) && guest->domain != domain)
		ret = -EBUSY;
	else
		guest->domain = domain;
	keel_guest_unlock(guest);
	return ret;
}
