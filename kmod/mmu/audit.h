/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two halves of the audit: frames (audit.c) and guests (audit_guest.c).
 *
 * World: root and KUnit.
 */
#ifndef KEEL_MMU_AUDIT_H
#define KEEL_MMU_AUDIT_H

#include <linux/types.h>

#include "guest.h"

/* Where an audit is: a phase, and above this a frame or a guest's frame of memory */
#define KEEL_AUDIT_PHASE	56

/* A place in a guest: its id, and a gfn */
#define KEEL_AUDIT_ID		37
#define KEEL_AUDIT_GUESTS	((u64)KEEL_GUEST_IDS << KEEL_AUDIT_ID)

/* To add up, so that the sums tell whether the same frames went into them */
static inline u64 keel_audit_mix(u64 pfn, u16 owner)
{
	u64 mix = (pfn ^ (u64)owner << 48) * 0x9e3779b97f4a7c15ULL;

	return mix ^ mix >> 32;
}

s64 keel_audit_sum(struct keel_root *root, u64 at, u64 *sum);
s64 keel_audit_guest(struct keel_root_cpu *cpu, struct keel_root *root, u64 at);

#endif /* KEEL_MMU_AUDIT_H */
