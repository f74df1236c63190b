// SPDX-License-Identifier: GPL-2.0
/*
 * The VMCS of the demoted host: the fewest exits that VT-x allows.
 *
 * World: host, before launch, and KUnit; touches no hardware.  No locks.
 *
 * The guest half is the CPU as it stands.  Nothing exits but what must: no
 * interrupt, HLT, I/O, CR3, TSC or INVLPG exits, an MSR bitmap that is clear
 * but for the MSRs of VMX itself, and of CR0 and CR4 only bits that nobody
 * changes.
 */
#include <linux/bits.h>
#include <linux/stddef.h>
#include <linux/types.h>
#include <asm/msr-index.h>

#include "hostvmcs.h"
#include "root.h"

#define CR0_PE		BIT_ULL(0)
#define CR0_MP		BIT_ULL(1)
#define CR0_ET		BIT_ULL(4)
#define CR0_NE		BIT_ULL(5)
#define CR0_WP		BIT_ULL(16)
#define CR0_PG		BIT_ULL(31)

#define CR4_PAE		BIT_ULL(5)
#define CR4_MCE		BIT_ULL(6)
#define CR4_OSFXSR	BIT_ULL(9)
#define CR4_LA57	BIT_ULL(12)

/* What the demoted host's VMCS asks of the controls. */
const struct keel_ctl_want keel_host_want[KEEL_CTL_NR] = {
	[KEEL_CTL_PROC] = {
		.required = KEEL_PROC_MSR_BITMAPS | KEEL_PROC_SECONDARY,
		.optional = KEEL_PROC_TERTIARY,
	},
	/*
	 * Each optional bit lets an instruction work as it does without VMX;
	 * where the CPU lacks the bit, it lacks the instruction.
	 */
	[KEEL_CTL_PROC2] = {
		.required = KEEL_PROC2_EPT | KEEL_PROC2_VPID | KEEL_PROC2_UNRESTRICTED,
		.optional = KEEL_PROC2_RDTSCP | KEEL_PROC2_INVPCID | KEEL_PROC2_XSAVES |
			    KEEL_PROC2_USER_WAIT | KEEL_PROC2_PCONFIG,
	},
	[KEEL_CTL_PROC3] = {
		.optional = KEEL_PROC3_MSR_LIST,
	},
	[KEEL_CTL_EXIT] = {
		.required = KEEL_EXIT_HOST_64 | KEEL_EXIT_SAVE_DEBUG | KEEL_EXIT_SAVE_PAT |
			    KEEL_EXIT_LOAD_PAT | KEEL_EXIT_SAVE_EFER | KEEL_EXIT_LOAD_EFER,
	},
	[KEEL_CTL_ENTRY] = {
		.required = KEEL_ENTRY_IA32E | KEEL_ENTRY_LOAD_DEBUG | KEEL_ENTRY_LOAD_PAT |
			    KEEL_ENTRY_LOAD_EFER,
	},
};

/**
 * keel_root_cr4() - the CR4 that root runs with
 * @host_cr4: Linux's
 * @caps: the CPU's capabilities
 *
 * LA57 cannot change in long mode, so it is Linux's.  KEEL_CR4_FOLLOWED are
 * Linux's too (PKE concerns user pages, of which root has none), and MCE since a
 * machine check without it shuts the CPU down.  OSFXSR is on: without it FXSAVE
 * and FXRSTOR, which root uses where Linux has no XSAVE, can leave out the vector
 * registers (SDM 2.5).  PCIDE, PGE, SMEP, SMAP, CET and the rest stay off: root has
 * one small address space, and turning PGE back on is what flushes the TLB on return.
 *
 * Return: the value.
 */
u64 keel_root_cr4(u64 host_cr4, const struct keel_vmx_caps *caps)
{
	return CR4_PAE | CR4_OSFXSR | KEEL_CR4_VMXE | caps->cr4_fixed0 |
	       (host_cr4 & (CR4_LA57 | CR4_MCE | KEEL_CR4_FOLLOWED));
}

static void put_seg(struct keel_vmcs_image *img, unsigned int n, const struct keel_seg *seg)
{
	keel_vmcs_put(img, VMCS_IX_GUEST_ES_SELECTOR + n, seg->sel);
	keel_vmcs_put(img, VMCS_IX_GUEST_ES_LIMIT + n, seg->limit);
	keel_vmcs_put(img, VMCS_IX_GUEST_ES_AR + n, seg->ar);
	keel_vmcs_put(img, VMCS_IX_GUEST_ES_BASE + n, seg->base);
}

static void put_guest(struct keel_vmcs_image *img, const struct keel_host_state *host)
{
	put_seg(img, 0, &host->es);
	put_seg(img, 1, &host->cs);
	put_seg(img, 2, &host->ss);
	put_seg(img, 3, &host->ds);
	put_seg(img, 4, &host->fs);
	put_seg(img, 5, &host->gs);
	put_seg(img, 6, &host->ldtr);
	put_seg(img, 7, &host->tr);

	keel_vmcs_put(img, VMCS_IX_GUEST_GDTR_BASE, host->gdtr.base);
	keel_vmcs_put(img, VMCS_IX_GUEST_GDTR_LIMIT, host->gdtr.limit);
	keel_vmcs_put(img, VMCS_IX_GUEST_IDTR_BASE, host->idtr.base);
	keel_vmcs_put(img, VMCS_IX_GUEST_IDTR_LIMIT, host->idtr.limit);

	keel_vmcs_put(img, VMCS_IX_GUEST_CR0, host->cr0);
	keel_vmcs_put(img, VMCS_IX_GUEST_CR3, host->cr3);
	keel_vmcs_put(img, VMCS_IX_GUEST_CR4, host->cr4 | KEEL_CR4_VMXE);
	keel_vmcs_put(img, VMCS_IX_GUEST_DR7, host->dr7);
	keel_vmcs_put(img, VMCS_IX_GUEST_RIP, host->rip);
	keel_vmcs_put(img, VMCS_IX_GUEST_RSP, host->rsp);
	keel_vmcs_put(img, VMCS_IX_GUEST_RFLAGS, host->rflags);

	keel_vmcs_put(img, VMCS_IX_GUEST_EFER, host->efer);
	keel_vmcs_put(img, VMCS_IX_GUEST_PAT, host->pat);
	keel_vmcs_put(img, VMCS_IX_GUEST_DEBUGCTL, host->debugctl);
	keel_vmcs_put(img, VMCS_IX_GUEST_SYSENTER_CS, host->sysenter_cs);
	keel_vmcs_put(img, VMCS_IX_GUEST_SYSENTER_ESP, host->sysenter_esp);
	keel_vmcs_put(img, VMCS_IX_GUEST_SYSENTER_EIP, host->sysenter_eip);

	keel_vmcs_put(img, VMCS_IX_GUEST_INTERRUPTIBILITY, 0);
	keel_vmcs_put(img, VMCS_IX_GUEST_ACTIVITY, 0);
	keel_vmcs_put(img, VMCS_IX_GUEST_PENDING_DEBUG, 0);
	keel_vmcs_put(img, VMCS_IX_VMCS_LINK_POINTER, ~0ULL);
}

static void put_root(struct keel_vmcs_image *img, const struct keel_hostvmcs *in)
{
	const struct keel_host_state *host = in->host;

	keel_vmcs_put(img, VMCS_IX_HOST_CR0,
		      CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG | in->caps->cr0_fixed0);
	keel_vmcs_put(img, VMCS_IX_HOST_CR3, in->root_cr3);
	keel_vmcs_put(img, VMCS_IX_HOST_CR4, in->root_cr4);
	keel_vmcs_put(img, VMCS_IX_HOST_EFER, host->efer & (EFER_LMA | EFER_LME | EFER_NX));
	keel_vmcs_put(img, VMCS_IX_HOST_PAT, host->pat);

	/* Null data segments are fine at CPL 0 in 64-bit mode. */
	keel_vmcs_put(img, VMCS_IX_HOST_CS_SELECTOR, host->cs.sel);
	keel_vmcs_put(img, VMCS_IX_HOST_SS_SELECTOR, 0);
	keel_vmcs_put(img, VMCS_IX_HOST_DS_SELECTOR, 0);
	keel_vmcs_put(img, VMCS_IX_HOST_ES_SELECTOR, 0);
	keel_vmcs_put(img, VMCS_IX_HOST_FS_SELECTOR, 0);
	keel_vmcs_put(img, VMCS_IX_HOST_GS_SELECTOR, 0);
	keel_vmcs_put(img, VMCS_IX_HOST_TR_SELECTOR, KEEL_SEL_TSS);
	keel_vmcs_put(img, VMCS_IX_HOST_FS_BASE, 0);
	keel_vmcs_put(img, VMCS_IX_HOST_GS_BASE, 0);
	keel_vmcs_put(img, VMCS_IX_HOST_TR_BASE,
		      in->root_cpu + offsetof(struct keel_root_cpu, tss));
	keel_vmcs_put(img, VMCS_IX_HOST_GDTR_BASE,
		      in->root_cpu + offsetof(struct keel_root_cpu, gdt));
	keel_vmcs_put(img, VMCS_IX_HOST_IDTR_BASE,
		      in->root_cpu + offsetof(struct keel_root_cpu, idt));
	keel_vmcs_put(img, VMCS_IX_HOST_SYSENTER_CS, 0);
	keel_vmcs_put(img, VMCS_IX_HOST_SYSENTER_ESP, 0);
	keel_vmcs_put(img, VMCS_IX_HOST_SYSENTER_EIP, 0);
	keel_vmcs_put(img, VMCS_IX_HOST_RSP, in->root_cpu + sizeof(struct keel_regs));
	keel_vmcs_put(img, VMCS_IX_HOST_RIP, in->root_exit);
}

/**
 * keel_hostvmcs_build() - every field of the demoted host's VMCS
 * @img: filled; only fields that this CPU has are put in
 * @in: what it is made from
 */
void keel_hostvmcs_build(struct keel_vmcs_image *img, const struct keel_hostvmcs *in)
{
	const u64 *ctl = in->ctl;
	unsigned int i;

	for (i = 0; i < sizeof(img->have) / sizeof(img->have[0]); i++)
		img->have[i] = 0;

	keel_vmcs_put(img, VMCS_IX_PIN_CTLS, ctl[KEEL_CTL_PIN]);
	keel_vmcs_put(img, VMCS_IX_PROC_CTLS, ctl[KEEL_CTL_PROC]);
	keel_vmcs_put(img, VMCS_IX_PROC2_CTLS, ctl[KEEL_CTL_PROC2]);
	if (ctl[KEEL_CTL_PROC] & KEEL_PROC_TERTIARY)
		keel_vmcs_put(img, VMCS_IX_PROC3_CTLS, ctl[KEEL_CTL_PROC3]);
	keel_vmcs_put(img, VMCS_IX_EXIT_CTLS, ctl[KEEL_CTL_EXIT]);
	keel_vmcs_put(img, VMCS_IX_ENTRY_CTLS, ctl[KEEL_CTL_ENTRY]);
	if (ctl[KEEL_CTL_PROC2] & KEEL_PROC2_XSAVES)
		keel_vmcs_put(img, VMCS_IX_XSS_EXIT_BITMAP, 0);
	if (ctl[KEEL_CTL_PROC2] & KEEL_PROC2_PCONFIG)
		keel_vmcs_put(img, VMCS_IX_PCONFIG_EXIT_BITMAP, 0);

	keel_vmcs_put(img, VMCS_IX_EXCEPTION_BITMAP, 0);
	keel_vmcs_put(img, VMCS_IX_PF_ERROR_MASK, 0);
	keel_vmcs_put(img, VMCS_IX_PF_ERROR_MATCH, 0);
	keel_vmcs_put(img, VMCS_IX_CR3_TARGET_COUNT, 0);
	keel_vmcs_put(img, VMCS_IX_EXIT_MSR_STORE_COUNT, 0);
	keel_vmcs_put(img, VMCS_IX_EXIT_MSR_LOAD_COUNT, 0);
	keel_vmcs_put(img, VMCS_IX_ENTRY_MSR_LOAD_COUNT, 0);
	keel_vmcs_put(img, VMCS_IX_ENTRY_INTR_INFO, 0);
	keel_vmcs_put(img, VMCS_IX_CR0_MASK, KEEL_CR0_OWNED);
	keel_vmcs_put(img, VMCS_IX_CR0_SHADOW, in->host->cr0);
	keel_vmcs_put(img, VMCS_IX_CR4_MASK, KEEL_CR4_OWNED);
	keel_vmcs_put(img, VMCS_IX_CR4_SHADOW, in->host->cr4 & ~KEEL_CR4_VMXE);
	keel_vmcs_put(img, VMCS_IX_VPID, KEEL_VPID_HOST);
	keel_vmcs_put(img, VMCS_IX_MSR_BITMAP, in->msr_bitmap);
	keel_vmcs_put(img, VMCS_IX_EPT_POINTER, in->eptp);

	put_guest(img, in->host);
	put_root(img, in);
}

#define BITMAP_READ_LOW		0
#define BITMAP_WRITE_LOW	2048

static void intercept(u8 *bitmap, u32 msr)
{
	bitmap[BITMAP_READ_LOW + msr / 8] |= 1 << msr % 8;
	bitmap[BITMAP_WRITE_LOW + msr / 8] |= 1 << msr % 8;
}

/**
 * keel_host_msr_bitmap() - the MSRs whose access exits (SDM 24.6.9)
 * @bitmap: a page; filled whole
 *
 * Only what would show VMX: IA32_FEATURE_CONTROL and the capability MSRs.
 */
void keel_host_msr_bitmap(u8 *bitmap)
{
	u32 i;

	for (i = 0; i < KEEL_PAGE_SIZE; i++)
		bitmap[i] = 0;
	intercept(bitmap, MSR_IA32_FEAT_CTL);
	for (i = KEEL_MSR_VMX_FIRST; i <= KEEL_MSR_VMX_LAST; i++)
		intercept(bitmap, i);
}
