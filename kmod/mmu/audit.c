// SPDX-License-Identifier: GPL-2.0
/*
 * The audit: does everything that root knows of memory fit together?
 *
 * World: root, under the lock of struct keel_root; a guest's is taken for its tables.
 * A call is bounded; the host calls until it is through.
 *
 * It goes through the guests, to sum up the memory that they say they have; through the
 * frame table, a page of it a call; and through the guests' EPTs, a table a call.
 * Guests can run meanwhile, and frames come and go: then the sums that change are not
 * compared.
 */
#include <linux/errno.h>
#include <linux/types.h>

#include "../vmx/exit.h"
#include "audit.h"
#include "hostmap.h"
#include "pool.h"
#include "walk.h"

/* Empty stretches of the frame table that one call passes over */
#define SKIPS 4096

static bool frame_ok(const struct keel_root *root, u64 pfn, const struct keel_frame *frame,
		     u64 *entry)
{
	unsigned int level;

	*entry = keel_table_lookup(&root->ept, pfn << 12, &level);
	if (!keel_frame_sound(frame))
		return false;
	if (frame->owner != KEEL_OWNER_HOST)
		return *entry == (root->zero_pa | KEEL_EPT_HIDDEN);
	return keel_hostmap_open(&root->ept, pfn << 12);
}

/* The page of the frame table that begins with @pfn */
static s64 audit_page(struct keel_root_cpu *cpu, struct keel_root *root, u64 pfn,
		      struct keel_frame *page)
{
	struct keel_frame frame;
	u64 entry, i;

	for (i = 0; i < KEEL_FRAMES_A_PAGE && pfn + i < root->frames.nr; i++) {
		frame = keel_frame_read(&page[i]);
		if (!frame_ok(root, pfn + i, &frame, &entry)) {
			keel_say(cpu, KEEL_EVENT_AUDIT, pfn + i, frame.owner, frame.count, entry);
			return -EUCLEAN;
		}
		root->audit.owned += frame.owner != KEEL_OWNER_HOST;
		if (frame.owner == KEEL_OWNER_SHARED) {
			root->audit.shared++;
			root->audit.holds += frame.count;
			root->audit.mix += frame.count * keel_audit_mix(pfn + i, frame.owner);
		}
		if (frame.owner == KEEL_OWNER_TABLE) {
			__atomic_and_fetch((u64 *)&page[i], ~KEEL_FRAME_BIT(KEEL_FRAME_SEEN),
					   __ATOMIC_RELAXED);
			root->audit.held += frame.count;
			root->audit.mix += frame.count * keel_audit_mix(pfn + i, frame.owner);
		}
		if (frame.owner < KEEL_OWNER_VM)
			continue;
		root->audit.memory++;
		root->audit.mix += keel_audit_mix(pfn + i, frame.owner);
	}
	return 0;
}

/* From @pfn on; root->frames.nr or more at the end */
static s64 audit_frames(struct keel_root_cpu *cpu, struct keel_root *root, u64 pfn)
{
	struct keel_frame *page = NULL;
	unsigned int skips, missing;

	pfn -= pfn % KEEL_FRAMES_A_PAGE;
	for (skips = 0; !page && pfn < root->frames.nr && skips < SKIPS; skips++) {
		page = keel_walk_frame(root, pfn, &missing);
		if (page && audit_page(cpu, root, pfn, page))
			return -EUCLEAN;
		pfn += KEEL_FRAMES_A_PAGE;
	}
	return pfn;
}

/*
 * Guests' memory only grows while nothing comes and goes: so as many frames as were found
 * lie between what guests have said before and after.  If that is the same, nothing has
 * changed, and each of the frames is mapped once.  Shared frames are mapped as often as they
 * say, if none has been merged or broken meanwhile; and so are tables of several guests led to.
 * What guests have in these they do not say.
 */
static bool sums_ok(const struct keel_root *root)
{
	const struct keel_audit *a = &root->audit;

	if (a->moved != root->moved || a->turns != root->turns)
		return true;
	return a->owned == root->owned && a->shared == root->shared &&
	       a->holds == a->all_sharing && a->held == a->links &&
	       a->before + a->lent <= a->memory && a->memory <= a->after + a->lent &&
	       (a->before != a->after || a->mix == a->leaves);
}

static s64 finish(struct keel_root_cpu *cpu, const struct keel_root *root)
{
	const struct keel_audit *a = &root->audit;

	if (sums_ok(root))
		return 0;
	keel_say(cpu, KEEL_EVENT_AUDIT, root->frames.nr, a->memory, a->owned, root->owned);
	return -EUCLEAN;
}

/**
 * keel_audit() - check a stretch of what root knows
 * @cpu: the CPU that asks, which is told of what is wrong
 * @at: where to go on, 0 at first; else what the last call has answered
 *
 * Every entry of the frame table holds to the invariants of frame.c; the host's frames
 * are mapped as themselves, all others are hidden; every page of a guest is its own, or
 * the zero frame and read-only; its tables are root's, or several guests' and read-only; in
 * the end, the sums are right.
 *
 * Return: where to go on; 0 at the end; -EUCLEAN when something is wrong; -EAGAIN when a
 * CPU works on a guest's memory.
 */
s64 keel_audit(struct keel_root_cpu *cpu, u64 at)
{
	struct keel_root *root = keel_root_state();
	u64 phase = at >> KEEL_AUDIT_PHASE;
	s64 next;

	if (!at)
		root->audit = (struct keel_audit) { .moved = root->moved,
						.turns = root->turns };
	at &= (1ULL << KEEL_AUDIT_PHASE) - 1;
	switch (phase) {
	case 0:
		next = keel_audit_sum(root, at, &root->audit.before);
		break;
	case 1:
		next = audit_frames(cpu, root, at);
		break;
	case 2:
		next = keel_audit_guest(cpu, root, at);
		break;
	case 3:
		next = keel_audit_sum(root, at, &root->audit.after);
		break;
	default:
		return 0;
	}
	if (next < 0)
		return next;
	if (phase == 1 ? next < root->frames.nr : next < KEEL_AUDIT_GUESTS)
		return next | phase << KEEL_AUDIT_PHASE;
	return phase < 3 ? (phase + 1) << KEEL_AUDIT_PHASE : finish(cpu, root);
}
