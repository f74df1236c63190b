// SPDX-License-Identifier: GPL-2.0
/*
 * A local APIC: what it has pending, what it serves, and what comes next.
 *
 * World: root and KUnit, by whoever runs the vCPU.  No locks.
 *
 * Where the CPU delivers virtual interrupts itself, it does what keel_apic_accept(),
 * keel_apic_eoi() and keel_apic_priority() do, on the same page.
 */
#include <linux/bits.h>
#include <linux/types.h>

#include "apic.h"

/* Version 14h, with local vectors up to the sixth (LVT error) */
#define VERSION		0x00050014
#define SVR_RESET	0xff
#define LDR_OF(id)	(((id) & ~15U) << 12 | 1U << ((id) & 15))

/* The last local vector table entry, as they lie one behind the other */
#define LVT_FIRST	KEEL_APIC_LVT_TIMER
#define LVT_LAST	KEEL_APIC_LVT_ERROR

#define VECTORS_A_WORD	32
#define WORDS		8
#define WORD(base, i)	((base) + 16 * (i))

/**
 * keel_apic_enter() - the APIC gets into a mode (SDM 10.12.5.1)
 * @apic: the APIC
 * @id: its id
 * @x2apic: into x2APIC mode, else xAPIC mode
 *
 * Ids and destinations look otherwise from then on; all else stays.
 */
void keel_apic_enter(struct keel_apic *apic, u32 id, bool x2apic)
{
	*keel_apic_reg(apic, KEEL_APIC_ID) = x2apic ? id : id << 24;
	*keel_apic_reg(apic, KEEL_APIC_LDR) = x2apic ? LDR_OF(id) : 0;
	*keel_apic_reg(apic, KEEL_APIC_DFR) = x2apic ? 0 : ~0U;
	*keel_apic_reg(apic, KEEL_APIC_ICR + 4) = 0;
	*keel_apic_reg(apic, KEEL_APIC_ICR2) = 0;
}

/**
 * keel_apic_reset() - as after power-on and INIT
 * @apic: the APIC
 * @id: its id
 * @x2apic: it is in x2APIC mode, else in xAPIC mode
 */
void keel_apic_reset(struct keel_apic *apic, u32 id, bool x2apic)
{
	u32 i;

	for (i = 0; i < sizeof(apic->reg) / sizeof(apic->reg[0]); i++)
		apic->reg[i] = 0;
	keel_apic_enter(apic, id, x2apic);
	*keel_apic_reg(apic, KEEL_APIC_VERSION) = VERSION;
	*keel_apic_reg(apic, KEEL_APIC_SVR) = SVR_RESET;
	for (i = LVT_FIRST; i <= LVT_LAST; i += 16)
		*keel_apic_reg(apic, i) = KEEL_APIC_LVT_MASKED;
	apic->deadline = 0;
	apic->errors = 0;
}

/**
 * keel_apic_highest() - the highest vector in one of the three registers of 256 bits
 * @apic: the APIC
 * @base: KEEL_APIC_IRR, KEEL_APIC_ISR or KEEL_APIC_TMR
 *
 * Return: the vector; 0 for none, since no vector below 16 gets there.
 */
u32 keel_apic_highest(const struct keel_apic *apic, u32 base)
{
	u32 i, word;

	for (i = WORDS; i--;) {
		word = keel_apic_get(apic, WORD(base, i));
		if (word)
			return VECTORS_A_WORD * i + 31 - __builtin_clz(word);
	}
	return 0;
}

static void set(struct keel_apic *apic, u32 base, u32 vector)
{
	*keel_apic_reg(apic, WORD(base, vector / VECTORS_A_WORD)) |=
		1U << vector % VECTORS_A_WORD;
}

static void clear(struct keel_apic *apic, u32 base, u32 vector)
{
	*keel_apic_reg(apic, WORD(base, vector / VECTORS_A_WORD)) &=
		~(1U << vector % VECTORS_A_WORD);
}

/**
 * keel_apic_raise() - an edge-triggered interrupt of the vCPU's own: timer, self-IPI
 * @apic: the APIC
 * @vector: 16 to 255
 */
void keel_apic_raise(struct keel_apic *apic, u32 vector)
{
	clear(apic, KEEL_APIC_TMR, vector);
	set(apic, KEEL_APIC_IRR, vector);
}

/**
 * keel_apic_error() - note an error, and raise the interrupt for it
 * @apic: the APIC
 * @bits: of the error status register
 */
void keel_apic_error(struct keel_apic *apic, u32 bits)
{
	u32 lvt = keel_apic_get(apic, KEEL_APIC_LVT_ERROR);

	/* Errors that are not told yet have raised it already. */
	if ((apic->errors & bits) == bits)
		return;
	apic->errors |= bits;
	if (!(lvt & KEEL_APIC_LVT_MASKED) && KEEL_ICR_VECTOR(lvt) > 15)
		keel_apic_raise(apic, KEEL_ICR_VECTOR(lvt));
}

/**
 * keel_apic_priority() - bring the processor priority up to date (SDM 10.8.3.1)
 * @apic: the APIC
 */
void keel_apic_priority(struct keel_apic *apic)
{
	u32 tpr = keel_apic_get(apic, KEEL_APIC_TPR);
	u32 isr = keel_apic_highest(apic, KEEL_APIC_ISR);

	*keel_apic_reg(apic, KEEL_APIC_PPR) = tpr >> 4 >= isr >> 4 ? tpr : isr & 0xf0;
}

/**
 * keel_apic_deliverable() - the vector that the processor would take, did its flags allow
 * @apic: the APIC, its priority up to date
 *
 * Return: the vector, 0 for none.
 */
u32 keel_apic_deliverable(const struct keel_apic *apic)
{
	u32 irr = keel_apic_highest(apic, KEEL_APIC_IRR);

	return irr >> 4 > keel_apic_get(apic, KEEL_APIC_PPR) >> 4 ? irr : 0;
}

/**
 * keel_apic_accept() - the processor takes an interrupt
 * @apic: the APIC
 * @vector: what keel_apic_deliverable() has said
 */
void keel_apic_accept(struct keel_apic *apic, u32 vector)
{
	clear(apic, KEEL_APIC_IRR, vector);
	set(apic, KEEL_APIC_ISR, vector);
	*keel_apic_reg(apic, KEEL_APIC_PPR) = vector & 0xf0;
}

/**
 * keel_apic_eoi() - the end of the interrupt that is being served
 * @apic: the APIC
 *
 * Return: its vector if it was level-triggered, else 0.
 */
u32 keel_apic_eoi(struct keel_apic *apic)
{
	u32 vector = keel_apic_highest(apic, KEEL_APIC_ISR);

	if (!vector)
		return 0;
	clear(apic, KEEL_APIC_ISR, vector);
	keel_apic_priority(apic);
	return keel_apic_get(apic, WORD(KEEL_APIC_TMR, vector / VECTORS_A_WORD)) >>
		       vector % VECTORS_A_WORD & 1 ? vector : 0;
}

/**
 * keel_apic_is_simple() - would the end of what is being served change nothing else?
 * @apic: the APIC
 *
 * Return: true when one interrupt is in service, an edge-triggered one, and none is pending
 * that could come after it.
 */
bool keel_apic_is_simple(const struct keel_apic *apic)
{
	u32 i, isr, all = 0;

	for (i = 0; i < WORDS; i++) {
		isr = keel_apic_get(apic, WORD(KEEL_APIC_ISR, i));
		if (keel_apic_get(apic, WORD(KEEL_APIC_IRR, i)) ||
		    isr & keel_apic_get(apic, WORD(KEEL_APIC_TMR, i)) ||
		    (isr && all) || isr & (isr - 1))
			return false;
		all |= isr;
	}
	return all;
}

/**
 * keel_apic_merge() - take in what others have posted
 * @apic: the APIC
 * @posted: vectors; cleared
 * @level: those among them that are level-triggered
 *
 * An APIC that software has disabled takes nothing.
 *
 * Return: true when other vectors than before are level-triggered.
 */
bool keel_apic_merge(struct keel_apic *apic, u64 *posted, u64 *level)
{
	bool enabled = keel_apic_enabled(apic), changed = false;
	u32 i, irr, old, tmr;
	u64 new, kind;

	for (i = 0; i < WORDS / 2; i++) {
		if (!__atomic_load_n(&posted[i], __ATOMIC_RELAXED))
			continue;
		new = __atomic_exchange_n(&posted[i], 0, __ATOMIC_SEQ_CST);
		kind = __atomic_load_n(&level[i], __ATOMIC_RELAXED);
		if (!enabled)
			continue;
		for (irr = 2 * i; irr < 2 * i + 2; irr++, new >>= 32, kind >>= 32) {
			*keel_apic_reg(apic, WORD(KEEL_APIC_IRR, irr)) |= (u32)new;
			old = keel_apic_get(apic, WORD(KEEL_APIC_TMR, irr));
			tmr = (old & ~(u32)new) | ((u32)kind & (u32)new);
			*keel_apic_reg(apic, WORD(KEEL_APIC_TMR, irr)) = tmr;
			changed |= tmr != old;
		}
	}
	return changed;
}
