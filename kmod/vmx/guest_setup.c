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
#include "guest_setup.h"

/* What a guest's VMCS asks of the controls. */
const struct keel_ctl_want keel_guest_want[KEEL_CTL_NR] = {
	[KEEL_CTL_PIN] = {
		.required = KEEL_PIN_EXT_INTR | KEEL_PIN_NMI | KEEL_PIN_VNMI |
			    KEEL_PIN_PREEMPTION_TIMER,
	},
	[KEEL_CTL_PROC] = {
		.required = KEEL_PROC_HLT | KEEL_PROC_MWAIT | KEEL_PROC_RDPMC |
			    KEEL_PROC_CR8_LOAD | KEEL_PROC_CR8_STORE | KEEL_PROC_MOV_DR |
			    KEEL_PROC_UNCOND_IO | KEEL_PROC_MSR_BITMAPS | KEEL_PROC_MONITOR |
			    KEEL_PROC_SECONDARY,
	},
	[KEEL_CTL_PROC2] = {
		.required = KEEL_PROC2_EPT | KEEL_PROC2_VPID | KEEL_PROC2_UNRESTRICTED |
			    KEEL_PROC2_WBINVD,
		.optional = KEEL_PROC2_RDTSCP | KEEL_PROC2_INVPCID,
	},
	[KEEL_CTL_EXIT] = {
		.required = KEEL_EXIT_HOST_64 | KEEL_EXIT_SAVE_DEBUG | KEEL_EXIT_SAVE_PAT |
			    KEEL_EXIT_LOAD_PAT | KEEL_EXIT_SAVE_EFER | KEEL_EXIT_LOAD_EFER,
		.optional = KEEL_EXIT_SAVE_TIMER,
	},
	[KEEL_CTL_ENTRY] = {
		.required = KEEL_ENTRY_LOAD_DEBUG | KEEL_ENTRY_LOAD_PAT | KEEL_ENTRY_LOAD_EFER,
	},
};

#define BITMAP_HIGH	1024	/* MSRs from 0xc0000000 on; writes are 2048 bytes further */
#define BITMAP_WRITE	2048

static void pass(u8 *bitmap, u32 msr, bool write)
{
	u8 *at = bitmap + (msr >= 0xc0000000 ? BITMAP_HIGH : 0) + (msr & 0x1fff) / 8;

	at[0] &= ~(1 << msr % 8);
	if (write)
		at[BITMAP_WRITE] &= ~(1 << msr % 8);
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
		pass(bitmap, own[i], true);
	if (tsc_aux)
		pass(bitmap, MSR_TSC_AUX, true);
	pass(bitmap, MSR_IA32_TSC, false);
}
