// SPDX-License-Identifier: GPL-2.0
/*
 * What guests can be given on this machine: their controls, their vector registers,
 * and the barriers against speculation that their company calls for.
 *
 * World: host, during load; nobody is demoted yet, no locks.  A machine that can
 * have no guests can be demoted all the same.
 */
#define pr_fmt(fmt) "keel: " fmt

#include <linux/bits.h>
#include <linux/cpu.h>
#include <linux/errno.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <asm/cpufeature.h>
#include <asm/fpu/api.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/tsc.h>

#include "compat.h"
#include "keel.h"

/*
 * Interrupts take a CPU from a guest, whatever the guest does.  Some emulated
 * processors hold them back while the guest was entered with RFLAGS.IF clear: there
 * Linux gets the CPU by the VMX-preemption timer, about as often as by its own tick.
 */
#define SLICE_MS	4
#define TIMER_SHIFT	0x1f	/* of IA32_VMX_MISC (SDM A.6) */

static bool apic_assist = true;
module_param(apic_assist, bool, 0444);
MODULE_PARM_DESC(apic_assist, "let the CPU help with guests' interrupts where it can");

/* XCR0, where Linux has turned XSAVE on */
static u64 read_xfeatures(void)
{
	u32 lo, hi;

	if (!(keel_read_cr4() & X86_CR4_OSXSAVE))
		return 0;
	asm volatile("xgetbv" : "=a" (lo), "=d" (hi) : "c" (0));
	return ((u64)hi << 32 | lo) & KEEL_XFEATURES;
}

static u32 barriers(void)
{
	u32 bits = 0;

	if (cpu_mitigations_off())
		return 0;
	if (boot_cpu_has_bug(X86_BUG_SPECTRE_V2))
		bits |= KEEL_BARRIER_RSB;
	if (boot_cpu_has_bug(X86_BUG_SPECTRE_V2) && boot_cpu_has(X86_FEATURE_IBPB))
		bits |= KEEL_BARRIER_IBPB;
	if (boot_cpu_has(X86_FEATURE_MD_CLEAR) && boot_cpu_has_bug(X86_BUG_MDS))
		bits |= KEEL_BARRIER_VERW;
	if (boot_cpu_has(X86_FEATURE_FLUSH_L1D) && boot_cpu_has_bug(X86_BUG_L1TF))
		bits |= KEEL_BARRIER_L1D;
	return bits;
}

/*
 * What Linux has found the CPU to be immune to.  A guest could not know of most of it: where
 * nobody says so, it takes it that it could be on any CPU, and pays for what that one needs.
 */
static u64 immune(void)
{
	u64 bits = keel_immune();

	if (!boot_cpu_has_bug(X86_BUG_CPU_MELTDOWN) && !boot_cpu_has_bug(X86_BUG_L1TF))
		bits |= ARCH_CAP_RDCL_NO;
	if (!boot_cpu_has_bug(X86_BUG_SPEC_STORE_BYPASS))
		bits |= ARCH_CAP_SSB_NO;
	if (!boot_cpu_has_bug(X86_BUG_MDS))
		bits |= ARCH_CAP_MDS_NO;
	if (!boot_cpu_has_bug(X86_BUG_TAA))
		bits |= ARCH_CAP_TAA_NO;
	if (!boot_cpu_has_bug(X86_BUG_ITLB_MULTIHIT))
		bits |= ARCH_CAP_PSCHANGE_MC_NO;
	return bits;
}

/* A guest's string instructions are as fast as the machine's, and it should know that. */
static u64 misc_enable(void)
{
	return (keel_rdmsr(MSR_IA32_MISC_ENABLE) & MSR_IA32_MISC_ENABLE_FAST_STRING) |
	       MSR_IA32_MISC_ENABLE_BTS_UNAVAIL | MSR_IA32_MISC_ENABLE_PEBS_UNAVAIL;
}

static const char *refusal(const struct keel_vmx_caps *caps, u64 ctl[KEEL_CTL_NR])
{
	static char text[96];
	struct keel_ctl_refusal why;

	if (keel_ctl_resolve(caps, keel_guest_want, ctl, &why))
		return NULL;
	snprintf(text, sizeof(text), "%s VMX control \"%s\" (bit %u) cannot be %u",
		 keel_ctl_word_name(why.word), keel_ctl_bit_name(why.word, why.bit) ?: "?",
		 why.bit, !why.stuck);
	return text;
}

/**
 * keel_ability() - find out what guests can be given
 * @keel: Keel, with its root loaded, not launched yet
 *
 * Return: 0, also when there can be no guests, which @keel->unable tells then;
 * -ENOMEM.
 */
int keel_ability(struct keel *keel)
{
	struct keel_guest_setup *setup = &keel->root->guest;
	u8 *bitmap = keel_arena_page(&keel->arena);
	u8 *bitmap_apic = keel_arena_page(&keel->arena);
	bool tsc_aux;

	if (!bitmap || !bitmap_apic)
		return -ENOMEM;
	keel->unable = refusal(&keel->caps, setup->ctl);
	if (keel->unable)
		pr_info("there can be no guests here: %s\n", keel->unable);
	setup->able = !keel->unable;
	setup->assist = apic_assist && keel_guest_assist(setup->ctl);
	setup->xfeatures = read_xfeatures();
	setup->tsc_khz = tsc_khz;
	setup->steal = IS_ENABLED(CONFIG_SCHED_INFO);
	keel_guest_leaves(setup);
	setup->barriers = barriers();
	setup->immune = immune();
	setup->misc_enable = misc_enable();
	setup->vmcs_revision = keel->caps.basic & KEEL_BASIC_REVISION;
	setup->timer_shift = keel->caps.misc & TIMER_SHIFT;
	setup->slice = min_t(u64, (u64)tsc_khz * SLICE_MS >> setup->timer_shift, U32_MAX);
	setup->eptp_bits = KEEL_EPTP(0);
	if (keel->caps.ept_vpid & KEEL_EPT_CAP_AD)
		setup->eptp_bits |= KEEL_EPTP_AD;
	tsc_aux = setup->ctl[KEEL_CTL_PROC2] & KEEL_PROC2_RDTSCP;
	keel_guest_msr_bitmap(bitmap, tsc_aux);
	setup->msr_bitmap = virt_to_phys(bitmap);
	keel_guest_msr_bitmap(bitmap_apic, tsc_aux);
	keel_guest_msr_apic(bitmap_apic);
	setup->msr_bitmap_apic = virt_to_phys(bitmap_apic);
	return 0;
}
