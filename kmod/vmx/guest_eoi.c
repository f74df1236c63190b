// SPDX-License-Identifier: GPL-2.0
/*
 * The end of an interrupt without an exit, as KVM has it: a word in the guest's memory
 * says that nobody waits for it, and the guest clears that instead of writing to its APIC.
 *
 * World: root and KUnit, by whoever runs the vCPU.  No locks.
 *
 * The word is set on the way into the guest, and only while the APIC has nothing to do at
 * the end of the interrupt but to note it.  Whoever is about to look at what is in service,
 * or to add to what is pending, first takes the word back, and notes then what the guest
 * has ended meanwhile.  A guest that does not ask for it costs a look at a flag.
 *
 * Where the CPU delivers virtual interrupts it does the same by itself, and there is none of
 * this (keel_guest_time()).
 */
#include <linux/types.h>

#include "../mmu/pool.h"
#include "apic.h"
#include "pv.h"
#include "vcpu.h"

/* Of the word: the guest need not tell the end of the interrupt (KVM_PV_EOI_ENABLED) */
#define GIVEN		1U

/* Of what is written to the MSR: the word is aligned, and bit 1 means nothing. */
#define RESERVED	2ULL

static enum keel_fault word_of(struct keel_vcpu *vcpu, u32 **word)
{
	enum keel_fault ret;
	void *at;

	/* Aligned, it is all on one page. */
	ret = keel_gmem_at(keel_root_state(), vcpu->guest, vcpu->eoi_at & ~KEEL_KVM_ENABLED,
			   vcpu, &at);
	*word = at;
	return ret;
}

/**
 * keel_eoi_wrmsr() - a guest says where its word is
 * @vcpu: the vCPU
 * @val: the address, and KEEL_KVM_ENABLED
 *
 * Return: KEEL_FAULT_DONE; KEEL_FAULT_OUTSIDE when it cannot be written; or what has to
 * be done first.
 */
enum keel_fault keel_eoi_wrmsr(struct keel_vcpu *vcpu, u64 val)
{
	enum keel_fault ret;

	if (val & RESERVED || (val & KEEL_KVM_ENABLED && !keel_guest_inside(vcpu->guest, val)))
		return KEEL_FAULT_OUTSIDE;
	ret = keel_eoi_take(vcpu);
	if (ret == KEEL_FAULT_DONE)
		vcpu->eoi_at = val;
	return ret;
}

/**
 * keel_eoi_take() - take the word back, before the APIC is looked at
 * @vcpu: the vCPU, out of the guest
 *
 * Return: enum keel_fault: anything but KEEL_FAULT_DONE is to be tried again.
 */
enum keel_fault keel_eoi_take(struct keel_vcpu *vcpu)
{
	enum keel_fault ret;
	u32 *word;

	if (!(__atomic_load_n(&vcpu->attention, __ATOMIC_RELAXED) & KEEL_ATT_EOI))
		return KEEL_FAULT_DONE;
	ret = word_of(vcpu, &word);
	if (ret != KEEL_FAULT_DONE)
		return ret;
	__atomic_and_fetch(&vcpu->attention, ~(u32)KEEL_ATT_EOI, __ATOMIC_SEQ_CST);
	/* It was edge-triggered: there is nobody to tell. */
	if (!(__atomic_fetch_and(word, ~GIVEN, __ATOMIC_SEQ_CST) & GIVEN))
		keel_apic_eoi(vcpu->apic);
	return KEEL_FAULT_DONE;
}

/**
 * keel_eoi_give() - let a guest end the interrupt that it serves by its word, if it may
 * @vcpu: the vCPU, which is to go into the guest and has an APIC
 *
 * If that cannot be at the moment, the guest writes to its APIC.
 */
void keel_eoi_give(struct keel_vcpu *vcpu)
{
	u32 *word;

	if (!(vcpu->eoi_at & KEEL_KVM_ENABLED) || !keel_apic_is_simple(vcpu->apic) ||
	    word_of(vcpu, &word) != KEEL_FAULT_DONE)
		return;
	__atomic_or_fetch(word, GIVEN, __ATOMIC_SEQ_CST);
	__atomic_or_fetch(&vcpu->attention, KEEL_ATT_EOI, __ATOMIC_SEQ_CST);
}
