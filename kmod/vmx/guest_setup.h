/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the host has to know of guests' VMCSs before launch.
 *
 * World: root, host (before launch) and KUnit.
 */
#ifndef KEEL_VMX_GUEST_SETUP_H
#define KEEL_VMX_GUEST_SETUP_H

#include <linux/bits.h>
#include <linux/types.h>

#include "ctl.h"
#include "root.h"

/*
 * Bits of CR4 that are set beneath every guest: VMXE because VMX wants it, MCE
 * because a machine check without it shuts the CPU down.
 */
#define KEEL_GUEST_CR4_MCE	BIT_ULL(6)
#define KEEL_GUEST_CR4_HELD	(KEEL_GUEST_CR4_MCE | BIT_ULL(13))

/* What is asked for while something waits for a guest to be able to take it */
#define KEEL_WINDOWS		(KEEL_PROC_INTR_WINDOW | KEEL_PROC_NMI_WINDOW)

/* What the CPU can do for the APIC of a guest, with the TPR shadow: all of it or none */
#define KEEL_ASSIST_PROC2	(KEEL_PROC2_X2APIC | KEEL_PROC2_APIC_REGISTER | \
				 KEEL_PROC2_VIRT_INTR)

/* Bits of XCR0 that guests can have: x87, SSE, AVX, and AVX-512's three */
#define KEEL_XFEATURES		0xe7ULL

/* The legacy region and the header of an XSAVE area (SDM 13.4) */
#define KEEL_FPU_MIN		576

/* Of leaf 0x80000007, EDX: the TSC never stops */
#define KEEL_CPUID_INVARIANT_TSC	BIT(8)

/* Of leaf 7, EBX: IA32_TSC_ADJUST */
#define KEEL_CPUID_TSC_ADJUST	BIT(1)

extern const struct keel_ctl_want keel_guest_want[KEEL_CTL_NR];

void keel_guest_mask(const struct keel_guest_setup *setup, u32 leaf, struct keel_cpuid *r);
u64 keel_guest_cr4(const struct keel_guest_setup *setup);
void keel_guest_leaves(struct keel_guest_setup *setup);
void keel_guest_time(struct keel_guest_setup *setup);
void keel_clock_scale(u32 khz, u32 *mul, s8 *shift);
void keel_guest_msr_bitmap(u8 *bitmap, bool tsc_aux);
void keel_guest_msr_apic(u8 *bitmap);
bool keel_guest_assist(const u64 ctl[KEEL_CTL_NR]);

#endif /* KEEL_VMX_GUEST_SETUP_H */
