/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files that check a VMCS share: the walk over it, and the few
 * questions that several checks ask.
 *
 * World: root, host and KUnit; no code that touches hardware, no locks.  Only
 * check*.c include this.
 */
#ifndef KEEL_VMX_CHECK_WALK_H
#define KEEL_VMX_CHECK_WALK_H

#include <linux/bits.h>

#include "check.h"

/**
 * struct keel_check_walk - one walk over the checks
 * @img: the VMCS
 * @caps: the CPU
 * @v: where violations are noted
 * @pin: pin-based controls
 * @proc: primary processor-based controls
 * @proc2: secondary processor-based controls, 0 where they are not activated,
 *         as the CPU takes them; so are the next two
 * @proc3: tertiary processor-based controls
 * @exit2: secondary VM-exit controls
 * @exit: VM-exit controls
 * @entry: VM-entry controls
 */
struct keel_check_walk {
	const struct keel_vmcs_image *img;
	const struct keel_vmx_caps *caps;
	struct keel_vmx_verdict *v;
	u64 pin;
	u64 proc;
	u64 proc2;
	u64 proc3;
	u64 exit2;
	u64 exit;
	u64 entry;
};

/* the value of a field; one that the CPU lacks reads as 0 */
#define KEEL_FIELD(w, name)	((w)->img->val[VMCS_IX_##name])

/* VM-entry interruption information (SDM 24.8.3) */
#define KEEL_EVENT_VALID	BIT(31)
#define KEEL_EVENT_CODE		BIT(11)
#define KEEL_EVENT_TYPE(info)	((info) >> 8 & 7)
#define KEEL_EVENT_VECTOR(info)	((info) & 0xff)

enum keel_event_type {
	KEEL_EVENT_INTR = 0,
	KEEL_EVENT_RESERVED = 1,
	KEEL_EVENT_NMI = 2,
	KEEL_EVENT_EXCEPTION = 3,
	KEEL_EVENT_SOFT_INTR = 4,
	KEEL_EVENT_PRIV_EXCEPTION = 5,
	KEEL_EVENT_SOFT_EXCEPTION = 6,
	KEEL_EVENT_OTHER = 7,
};

/* control registers; the kernel's header of these names is not the same everywhere */
#define KEEL_CR0_PE		BIT_ULL(0)
#define KEEL_CR0_WP		BIT_ULL(16)
#define KEEL_CR0_PG		BIT_ULL(31)
#define KEEL_CR4_PAE		BIT_ULL(5)
#define KEEL_CR4_PCIDE		BIT_ULL(17)
#define KEEL_CR4_CET		BIT_ULL(23)

/* CR0.NW and CR0.CD: a VM entry leaves them alone, so does not check them */
#define KEEL_CR0_UNCHECKED	(3ULL << 29)

/* IA32_EFER: what Intel defines */
#define KEEL_EFER_LME		BIT_ULL(8)
#define KEEL_EFER_LMA		BIT_ULL(10)
#define KEEL_EFER_RESERVED	(~(1ULL | KEEL_EFER_LME | KEEL_EFER_LMA | 1ULL << 11))

/* IA32_PERF_GLOBAL_CTRL: bits that no CPU defines */
#define KEEL_PERF_RESERVED	(~0ULL << 49)

/* CR4.LAM_SUP: such a CPU has two control bits in CR3 (SDM 4.4) */
#define KEEL_CR4_LAM_SUP	BIT_ULL(28)
#define KEEL_CR3_LAM		(3ULL << 61)

/**
 * keel_check_need() - note a violation unless a condition holds
 * @w: the walk
 * @ok: what the SDM requires
 * @id: the check
 */
static inline void keel_check_need(struct keel_check_walk *w, bool ok, unsigned int id)
{
	if (!ok)
		w->v->bad[id / 64] |= 1ULL << (id % 64);
}

/**
 * keel_check_high() - does an address set bits beyond a width?
 * @addr: the address
 * @bits: the width
 *
 * Return: true when it does.
 */
static inline bool keel_check_high(u64 addr, u32 bits)
{
	return bits < 64 && addr >> bits;
}

/**
 * keel_check_same() - are all bits from one on equal?
 * @val: the value
 * @bit: the lowest of these bits
 *
 * Return: true when they are.
 */
static inline bool keel_check_same(u64 val, u32 bit)
{
	return bit >= 64 || val >> bit == 0 || val >> bit == ~0ULL >> bit;
}

/**
 * keel_check_canonical() - is an address canonical?
 * @w: the walk; the widest linear address of the CPU counts, not its paging mode
 * @addr: the address
 *
 * Return: true when it is.
 */
static inline bool keel_check_canonical(const struct keel_check_walk *w, u64 addr)
{
	return keel_check_same(addr, w->caps->linear_bits - 1);
}

u32 keel_check_width(const struct keel_check_walk *w);
bool keel_check_cr3(const struct keel_check_walk *w, u64 cr3);
bool keel_check_pat(u64 pat);
bool keel_check_s_cet(u64 cet);
u64 keel_check_event(const struct keel_check_walk *w);

void keel_check_controls(struct keel_check_walk *w);
void keel_check_host(struct keel_check_walk *w);
void keel_check_guest(struct keel_check_walk *w);
void keel_check_guest_segs(struct keel_check_walk *w);

#endif /* KEEL_VMX_CHECK_WALK_H */
