/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest's linear addresses: where its own page tables lead, and what is there.
 *
 * World: root and KUnit.
 */
#ifndef KEEL_VMX_GUEST_WALK_H
#define KEEL_VMX_GUEST_WALK_H

#include <linux/bits.h>
#include <linux/types.h>

#include "../mmu/guest.h"

struct keel_vcpu;

/* An access, as the error code of #PF has it; a read when neither */
#define KEEL_ACCESS_WRITE	BIT(1)
#define KEEL_ACCESS_USER	BIT(2)
#define KEEL_ACCESS_FETCH	BIT(4)

/**
 * struct keel_paging - what a walk depends on
 * @cr0: CR0
 * @cr3: CR3
 * @cr4: CR4
 * @efer: EFER
 * @rflags: RFLAGS, of which AC suspends SMAP
 * @pdpte: the four entries that PAE paging has in registers
 * @phys_bits: width of physical addresses
 * @gigantic: there are pages of 1 GiB
 */
struct keel_paging {
	u64 cr0;
	u64 cr3;
	u64 cr4;
	u64 efer;
	u64 rflags;
	u64 pdpte[4];
	u8 phys_bits;
	bool gigantic;
};

/**
 * struct keel_span - where a few bytes are, on one page or on two
 * @gpa: where they begin, and where they go on when @first are not all
 * @first: how many of them are at the first place
 * @size: how many there are
 * @refused: the guest's tables do not allow it: #PF
 * @error: then, its error code
 * @addr: and the address for CR2
 */
struct keel_span {
	u64 gpa[2];
	u32 first;
	u32 size;
	bool refused;
	u32 error;
	u64 addr;
};

void keel_paging_of(const struct keel_vcpu *vcpu, struct keel_paging *paging);
enum keel_fault keel_guest_span(struct keel_vcpu *vcpu, const struct keel_paging *paging,
				u64 addr, u32 size, u32 access, struct keel_span *span);
enum keel_fault keel_span_touch(struct keel_vcpu *vcpu, const struct keel_span *span);
enum keel_fault keel_span_read(struct keel_vcpu *vcpu, const struct keel_span *span, void *buf);
enum keel_fault keel_span_write(struct keel_vcpu *vcpu, const struct keel_span *span,
				const void *buf);

#endif /* KEEL_VMX_GUEST_WALK_H */
