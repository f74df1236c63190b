// SPDX-License-Identifier: GPL-2.0
/*
 * What all guests' VMCSs have in common: the controls that they ask for, and the
 * MSR bitmap.
 *
 * World: host, before launch, and KUnit; touches no hardware.  No locks.
 */
#include <linux/types.h>
#include <asm/msr-index.h>

#include "../abi.h"
#include "apic.h"
#include "guest_setup.h"

/* What a guest's VMCS asks of the controls. */
const struct keel_ctl_want keel_guest_want[KEEL_CTL_NR] = {
	[KEEL_CTL_PIN] = {
		.required = KEEL_PIN_EXT_INTR | KEEL_PIN_NMI | KEEL_PIN_VNMI |
			    KEEL_PIN_PREEMPTION_TIMER,
	},
	[KEEL_CTL_PROC] = {
		.required = KEEL_PROC_TSC_OFFSET | KEEL_PROC_HLT | KEEL_PROC_MWAIT |
			    KEEL_PROC_RDPMC | KEEL_PROC_CR8_LOAD | KEEL_PROC_CR8_STORE |
			    KEEL_PROC_MOV_DR | KEEL_PROC_UNCOND_IO | KEEL_PROC_MSR_BITMAPS |
			    KEEL_PROC_MONITOR | KEEL_PROC_SECONDARY,
		.later = KEEL_WINDOWS,
		.optional = KEEL_PROC_TPR_SHADOW,
	},
	[KEEL_CTL_PROC2] = {
		.required = KEEL_PROC2_EPT | KEEL_PROC2_VPID | KEEL_PROC2_UNRESTRICTED |
			    KEEL_PROC2_WBINVD,
		.optional = KEEL_PROC2_RDTSCP | KEEL_PROC2_INVPCID | KEEL_PROC2_PLE |
			    KEEL_ASSIST_PROC2,
	},
	[KEEL_CTL_EXIT] = {
		.required = KEEL_EXIT_HOST_64 | KEEL_EXIT_SAVE_DEBUG | KEEL_EXIT_SAVE_PAT |
			    KEEL_EXIT_LOAD_PAT | KEEL_EXIT_SAVE_EFER | KEEL_EXIT_LOAD_EFER |
			    KEEL_EXIT_SAVE_TIMER,
	},
	[KEEL_CTL_ENTRY] = {
		.required = KEEL_ENTRY_LOAD_DEBUG | KEEL_ENTRY_LOAD_PAT | KEEL_ENTRY_LOAD_EFER,
	},
};

#define BITMAP_HIGH	1024	/* MSRs from 0xc0000000 on; writes are 2048 bytes further */
#define BITMAP_WRITE	2048

static void pass_read(u8 *bitmap, u32 msr)
{
	bitmap[(msr >= 0xc0000000 ? BITMAP_HIGH : 0) + (msr & 0x1fff) / 8] &= ~(1 << msr % 8);
}

static void pass_write(u8 *bitmap, u32 msr)
{
	pass_read(bitmap + BITMAP_WRITE, msr);
}

static void pass(u8 *bitmap, u32 msr)
{
	pass_read(bitmap, msr);
	pass_write(bitmap, msr);
}

/**
 * keel_guest_msr_bitmap() - the MSRs that a guest has to itself (SDM 24.6.9)
 * @bitmap: a page; filled whole
 * @tsc_aux: IA32_TSC_AUX is among them: guests have RDTSCP
 *
 * Those that the VMCS switches, those that root does (vmx/swap.c), and the TSC to
 * read.  All others exit.
 */
void keel_guest_msr_bitmap(u8 *bitmap, bool tsc_aux)
{
	static const u32 own[] = {
		MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_ESP, MSR_IA32_SYSENTER_EIP,
		MSR_IA32_CR_PAT, MSR_EFER, MSR_FS_BASE, MSR_GS_BASE, MSR_STAR, MSR_LSTAR,
		MSR_CSTAR, MSR_SYSCALL_MASK, MSR_KERNEL_GS_BASE,
	};
	u32 i;

	for (i = 0; i < KEEL_PAGE_SIZE; i++)
		bitmap[i] = 0xff;
	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		pass(bitmap, own[i]);
	if (tsc_aux)
		pass(bitmap, MSR_TSC_AUX);
	pass_read(bitmap, MSR_IA32_TSC);
}

/**
 * keel_guest_msr_apic() - what the CPU does for the APIC of a guest, beside the rest
 * @bitmap: as keel_guest_msr_bitmap() has made it; changed
 *
 * Reads are from the page, but for the current count, which changes by itself.  TPR, EOI
 * and self-IPI are written without an exit (SDM 29.5).
 */
void keel_guest_msr_apic(u8 *bitmap)
{
	static const u16 reads[] = {
		KEEL_APIC_ID, KEEL_APIC_VERSION, KEEL_APIC_TPR, KEEL_APIC_PPR, KEEL_APIC_LDR,
		KEEL_APIC_SVR, KEEL_APIC_ESR, KEEL_APIC_ICR, KEEL_APIC_LVT_TIMER,
		KEEL_APIC_LVT_THERMAL, KEEL_APIC_LVT_PERF, KEEL_APIC_LVT_LINT0,
		KEEL_APIC_LVT_LINT1, KEEL_APIC_LVT_ERROR, KEEL_APIC_INITIAL, KEEL_APIC_DIVIDE,
	};
	u32 i;

	for (i = 0; i < sizeof(reads) / sizeof(reads[0]); i++)
		pass_read(bitmap, KEEL_APIC_MSR_OF(reads[i]));
	for (i = KEEL_APIC_ISR; i < KEEL_APIC_ESR; i += 16)
		pass_read(bitmap, KEEL_APIC_MSR_OF(i));
	pass_write(bitmap, KEEL_APIC_MSR_OF(KEEL_APIC_TPR));
	pass_write(bitmap, KEEL_APIC_MSR_OF(KEEL_APIC_EOI));
	pass_write(bitmap, KEEL_APIC_MSR_OF(KEEL_APIC_SELF_IPI));
}

/**
 * keel_guest_assist() - can the CPU do all that it has to for the APIC of a guest?
 * @ctl: controls as resolved
 *
 * Return: true when it can.
 */
bool keel_guest_assist(const u64 ctl[KEEL_CTL_NR])
{
	return ctl[KEEL_CTL_PROC] & KEEL_PROC_TPR_SHADOW &&
	       (ctl[KEEL_CTL_PROC2] & KEEL_ASSIST_PROC2) == KEEL_ASSIST_PROC2;
}
