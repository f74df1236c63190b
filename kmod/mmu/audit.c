// SPDX-License-Identifier: GPL-2.0
/*
 * The audit: does everything that root knows of memory fit together?
 *
 * World: root, under the lock of struct keel_root.  A call looks at one page of
 * the frame table, so that it is bounded; the host calls until it is through, and
 * lets nobody donate meanwhile.
 */
#include <linux/errno.h>
#include <linux/types.h>

#include "../vmx/exit.h"
#include "hostmap.h"
#include "pool.h"

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
		      const struct keel_frame *frame)
{
	u64 entry, i;

	for (i = 0; i < KEEL_FRAMES_A_PAGE && pfn + i < root->frames.nr; i++, frame++) {
		if (!frame_ok(root, pfn + i, frame, &entry)) {
			keel_say(cpu, KEEL_EVENT_AUDIT, pfn + i, frame->owner, frame->count,
				 entry);
			return -EUCLEAN;
		}
		root->audited += frame->owner != KEEL_OWNER_HOST;
	}
	return 0;
}

/**
 * keel_audit() - check a stretch of the frame table against the host's EPT
 * @cpu: the CPU that asks, which is told of what is wrong
 * @pfn: where to go on, 0 at first
 *
 * Every entry holds to the invariants of frame.c; the host's frames are mapped as
 * themselves, all others are hidden; in the end, the sum is right.
 *
 * Return: where to go on; 0 at the end; -EUCLEAN when something is wrong.
 */
s64 keel_audit(struct keel_root_cpu *cpu, u64 pfn)
{
	struct keel_root *root = keel_root_state();
	const struct keel_frame *frame = NULL;
	unsigned int skips;

	if (!pfn)
		root->audited = 0;
	pfn -= pfn % KEEL_FRAMES_A_PAGE;
	for (skips = 0; !frame && pfn < root->frames.nr && skips < SKIPS; skips++) {
		frame = keel_frame_at(&root->frames, pfn);
		if (frame && audit_page(cpu, root, pfn, frame))
			return -EUCLEAN;
		pfn += KEEL_FRAMES_A_PAGE;
	}
	if (pfn < root->frames.nr)
		return pfn;
	if (root->audited == root->owned)
		return 0;
	keel_say(cpu, KEEL_EVENT_AUDIT, pfn, 0, root->audited, root->owned);
	return -EUCLEAN;
}
