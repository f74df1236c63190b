// SPDX-License-Identifier: GPL-2.0
/*
 * Pairs of pages that could be equal, proposed to root a batch at a time.
 *
 * World: host, under the lock of share.c.
 *
 * Root says of each what has become of it (mmu/merge.c).  One that has to wait for CPUs
 * to flush, or for another CPU, is proposed again; where the hint was wrong, another page
 * with the same hash may be the right one.
 */
#include "keel.h"
#include "large.h"
#include "share.h"
#include "supply.h"
#include "vm.h"

/* How often a pair is proposed while CPUs have to flush, or somebody is in the way */
#define ROUNDS		8

/* Other pages that one is compared with, when hints turn out to be wrong */
#define TARGETS		4

/**
 * struct pair - two pages with equal hashes
 * @to: the guest of the one, NULL for the zero frame
 * @to_gfn: where in that
 * @from: the guest of the other one, which was hashed just now
 * @from_gfn: where in that
 * @targets: so many others were wrong
 * @again: the hash was in vain: what matters is that root forgets it
 */
struct pair {
	struct keel_sharer *to;
	u64 to_gfn;
	struct keel_sharer *from;
	u64 from_gfn;
	unsigned int targets;
	bool again;
};

static_assert(KEEL_SCAN_NR <= KEEL_MERGE_NR);

static struct pair queue[KEEL_MERGE_NR];
static unsigned int queued;

/* A hint was wrong; another page may be the right one. */
static bool next_target(struct pair *p, u64 result, struct keel_share_stat *stat)
{
	if (p->again)
		return false;
	stat->failed++;
	if (!p->to)
		return false;
	keel_index_drop(p->to, p->to_gfn);
	if (++p->targets < TARGETS &&
	    keel_index_find(p->from, p->from_gfn, &p->to, &p->to_gfn))
		return true;
	if (result == KEEL_MERGE_FULL)
		keel_index_cap(p->from, p->from_gfn, true);
	return false;
}

static void merged(struct pair *p, struct keel_share_stat *stat)
{
	stat->merged++;
	p->from->found.clean--;
	keel_index_cap(p->from, p->from_gfn, false);
	if (p->to)
		keel_index_cap(p->to, p->to_gfn, false);
}

/* Is a pair to be proposed again? */
static bool more(struct pair *p, u64 result, struct keel_share_stat *stat)
{
	switch (result) {
	case KEEL_MERGE_DONE:
		merged(p, stat);
		return false;
	case KEEL_MERGE_WAIT:
	case KEEL_MERGE_BUSY:
		return true;
	case KEEL_MERGE_CHANGED:
	case KEEL_MERGE_GONE:
	case KEEL_MERGE_FULL:
		return next_target(p, result, stat);
	case KEEL_MERGE_LARGE:
		keel_large_hit(p->from, p->from_gfn, !p->to);
		if (p->to)
			keel_large_hit(p->to, p->to_gfn, false);
		return false;
	default:
		return false;
	}
}

/* Those that are left have to be proposed again. */
static void propose(struct keel_share_stat *stat)
{
	u64 batch[KEEL_BATCH_NR];
	unsigned int i, left = 0;

	for (i = 0; i < queued; i++) {
		struct pair *p = &queue[i];

		batch[2 * i] = p->to ? KEEL_HINT(p->to->vm->slot, p->to_gfn) : KEEL_HINT_ZERO;
		batch[2 * i + 1] = KEEL_HINT(p->from->vm->slot, p->from_gfn);
	}
	if (keel_supply_merge(batch, queued, stat->cap) < 0) {
		queued = 0;
		return;
	}
	for (i = 0; i < queued; i++)
		if (more(&queue[i], batch[i], stat))
			queue[left++] = queue[i];
	queued = left;
}

/**
 * keel_pairs_add() - a page could be equal to another one
 * @from: its guest
 * @from_gfn: where in that
 * @to: the other one's guest, NULL for zeros
 * @to_gfn: where in that
 *
 * There is room for as many as root hashes in a call.
 */
void keel_pairs_add(struct keel_sharer *from, u64 from_gfn, struct keel_sharer *to, u64 to_gfn)
{
	queue[queued++] = (struct pair) {
		.to = to, .to_gfn = to_gfn, .from = from, .from_gfn = from_gfn,
	};
}

/**
 * keel_pairs_forget() - a page was hashed in vain: it is to be hashed again in the next pass
 * @from: its guest
 * @from_gfn: where in that
 *
 * It is not zero, and root forgets the hash of a page that differs from what it was to equal.
 */
void keel_pairs_forget(struct keel_sharer *from, u64 from_gfn)
{
	keel_pairs_add(from, from_gfn, NULL, 0);
	queue[queued - 1].again = true;
}

/**
 * keel_pairs_merge() - propose them all
 * @stat: has the cap; what becomes of them is counted there
 *
 * One flush of the CPUs is for all pairs of a round.
 */
void keel_pairs_merge(struct keel_share_stat *stat)
{
	unsigned int rounds;

	for (rounds = 0; queued && rounds < ROUNDS; rounds++) {
		if (rounds)
			keel_kick();
		propose(stat);
	}
	queued = 0;
}
