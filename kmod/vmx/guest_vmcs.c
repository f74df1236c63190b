// SPDX-License-Identifier: GPL-2.0
/*
 * The VMCS of a guest's vCPU.
 *
 * World: root.  The VMCS is current where it is written; no locks.
 */
#include <linux/bits.h>
#include <linux/stddef.h>
#include <linux/types.h>
#include <asm/msr-index.h>

#include "guest_setup.h"
#include "hostvmcs.h"
#include "insn.h"
#include "vcpu.h"
#include "vmcs.h"

#define CR0_PE		BIT_ULL(0)
#define CR0_ET		BIT_ULL(4)
#define CR0_NE		BIT_ULL(5)
#define CR0_PG		BIT_ULL(31)
#define CR4_PAE		BIT_ULL(5)

#define SEL_CODE	0x10
#define SEL_DATA	0x18

/* Flat segments, present and accessed: code that can be read, data that can be written */
#define AR_CODE64	(KEEL_AR_P | KEEL_AR_S | 11 | KEEL_AR_L | KEEL_AR_G)
#define AR_CODE32	(KEEL_AR_P | KEEL_AR_S | 11 | KEEL_AR_DB | KEEL_AR_G)
#define AR_DATA		(KEEL_AR_P | KEEL_AR_S | 3 | KEEL_AR_DB | KEEL_AR_G)
#define AR_LDT		(KEEL_AR_P | KEEL_DESC_LDT)
#define AR_TSS		(KEEL_AR_P | KEEL_DESC_TSS_BUSY)

/* PAT as INIT leaves it (SDM 11.12.4) */
#define PAT_RESET	0x0007040600070406ULL

/* PAUSE no further apart than this, in ticks, and for so long, is spinning: as in KVM */
#define PLE_GAP		128
#define PLE_WINDOW	4096

#define VECTOR_DB	1
#define VECTOR_AC	17
#define VECTOR_MC	18

/*
 * Exceptions that a guest does not get by itself: machine checks are the host's;
 * #DB and #AC can follow each other without end, deaf to interrupts.
 */
#define EXCEPTIONS	(BIT(VECTOR_DB) | BIT(VECTOR_AC) | BIT(VECTOR_MC))

/* Root's half, as the host's VMCS of this CPU has it, but for where exits arrive */
static const u16 host_fields[] = {
	VMCS_HOST_CR0, VMCS_HOST_CR3, VMCS_HOST_CR4, VMCS_HOST_EFER, VMCS_HOST_PAT,
	VMCS_HOST_CS_SELECTOR, VMCS_HOST_SS_SELECTOR, VMCS_HOST_DS_SELECTOR,
	VMCS_HOST_ES_SELECTOR, VMCS_HOST_FS_SELECTOR, VMCS_HOST_GS_SELECTOR,
	VMCS_HOST_TR_SELECTOR, VMCS_HOST_FS_BASE, VMCS_HOST_GS_BASE, VMCS_HOST_TR_BASE,
	VMCS_HOST_GDTR_BASE, VMCS_HOST_IDTR_BASE, VMCS_HOST_SYSENTER_CS,
	VMCS_HOST_SYSENTER_ESP, VMCS_HOST_SYSENTER_EIP, VMCS_HOST_RSP,
};

#define HOST_FIELDS (sizeof(host_fields) / sizeof(host_fields[0]))

/**
 * keel_guest_vmcs_host() - make a vCPU's VMCS current on another CPU
 * @cpu: the CPU, with its host's VMCS current, whose half of root is copied
 * @vcpu: the vCPU, whose VMCS is active nowhere
 */
void keel_guest_vmcs_host(const struct keel_root_cpu *cpu, const struct keel_vcpu *vcpu)
{
	u64 val[HOST_FIELDS];
	unsigned int i;

	for (i = 0; i < HOST_FIELDS; i++)
		val[i] = keel_vmread(host_fields[i]);
	keel_vmptrld(vcpu->vmcs_pa);
	for (i = 0; i < HOST_FIELDS; i++)
		keel_vmwrite(host_fields[i], val[i]);
	keel_vmwrite(VMCS_HOST_RIP, (u64)keel_guest_entry);
}

static void put_seg(unsigned int n, u16 sel, u32 limit, u32 ar)
{
	keel_vmwrite(VMCS_GUEST_ES_SELECTOR + 2 * n, sel);
	keel_vmwrite(VMCS_GUEST_ES_LIMIT + 2 * n, limit);
	keel_vmwrite(VMCS_GUEST_ES_AR + 2 * n, ar);
	keel_vmwrite(VMCS_GUEST_ES_BASE + 2 * n, 0);
}

static void put_segs(const struct keel_vcpu_start *start)
{
	unsigned int n;

	for (n = 0; n < 6; n++)
		put_seg(n, SEL_DATA, ~0U, AR_DATA);
	put_seg(1, SEL_CODE, ~0U, start->long_mode ? AR_CODE64 : AR_CODE32);
	put_seg(6, 0, 0xffff, AR_LDT);
	put_seg(7, 0, 0xffff, AR_TSS);
	keel_vmwrite(VMCS_GUEST_GDTR_BASE, start->gdt_base);
	keel_vmwrite(VMCS_GUEST_GDTR_LIMIT, start->gdt_limit & 0xffff);
	keel_vmwrite(VMCS_GUEST_IDTR_BASE, 0);
	keel_vmwrite(VMCS_GUEST_IDTR_LIMIT, 0xffff);
}

static void put_registers(const struct keel_root *root, const struct keel_vcpu_start *start)
{
	u64 cr0 = CR0_PE | CR0_ET | CR0_NE, cr4 = 0, efer = 0;

	if (start->long_mode) {
		cr0 |= CR0_PG;
		cr4 |= CR4_PAE;
		efer = EFER_LME | EFER_LMA;
	}
	keel_vmwrite(VMCS_GUEST_CR0, cr0);
	keel_vmwrite(VMCS_CR0_MASK, KEEL_CR0_OWNED);
	keel_vmwrite(VMCS_CR0_SHADOW, cr0);
	keel_vmwrite(VMCS_GUEST_CR3, start->long_mode ? start->cr3 : 0);
	keel_vmwrite(VMCS_GUEST_CR4, cr4 | KEEL_GUEST_CR4_HELD);
	keel_vmwrite(VMCS_CR4_MASK, ~root->guest.cr4 | KEEL_GUEST_CR4_HELD);
	keel_vmwrite(VMCS_CR4_SHADOW, cr4);
	keel_vmwrite(VMCS_GUEST_EFER, efer);
	keel_vmwrite(VMCS_GUEST_PAT, PAT_RESET);
	keel_vmwrite(VMCS_GUEST_DEBUGCTL, 0);
	keel_vmwrite(VMCS_GUEST_DR7, 0x400);
	keel_vmwrite(VMCS_GUEST_RIP, start->rip);
	keel_vmwrite(VMCS_GUEST_RSP, start->rsp);
	keel_vmwrite(VMCS_GUEST_RFLAGS, 2);
	keel_vmwrite(VMCS_GUEST_SYSENTER_CS, 0);
	keel_vmwrite(VMCS_GUEST_SYSENTER_ESP, 0);
	keel_vmwrite(VMCS_GUEST_SYSENTER_EIP, 0);
	keel_vmwrite(VMCS_GUEST_INTERRUPTIBILITY, 0);
	keel_vmwrite(VMCS_GUEST_ACTIVITY, KEEL_ACTIVITY_ACTIVE);
	keel_vmwrite(VMCS_GUEST_PENDING_DEBUG, 0);
	keel_vmwrite(VMCS_VMCS_LINK_POINTER, ~0ULL);
}

/**
 * keel_guest_vmcs() - every field of a vCPU's VMCS but root's half
 * @root: root
 * @vcpu: the vCPU, with its VMCS current and clear
 * @start: the registers to begin with
 */
void keel_guest_vmcs(const struct keel_root *root, const struct keel_vcpu *vcpu,
		     const struct keel_vcpu_start *start)
{
	const u64 *ctl = root->guest.ctl;
	u32 proc2_later = KEEL_ASSIST_PROC2 | (start->yields ? 0 : KEEL_PROC2_PLE);

	keel_vmwrite(VMCS_PIN_CTLS, ctl[KEEL_CTL_PIN]);
	keel_vmwrite(VMCS_PROC_CTLS, ctl[KEEL_CTL_PROC] & ~(u64)KEEL_PROC_TPR_SHADOW);
	keel_vmwrite(VMCS_PROC2_CTLS, ctl[KEEL_CTL_PROC2] & ~(u64)proc2_later);
	keel_vmwrite(VMCS_EXIT_CTLS, ctl[KEEL_CTL_EXIT]);
	keel_vmwrite(VMCS_ENTRY_CTLS, ctl[KEEL_CTL_ENTRY] |
		     (start->long_mode ? KEEL_ENTRY_IA32E : 0));
	keel_vmwrite(VMCS_EXCEPTION_BITMAP, EXCEPTIONS);
	keel_vmwrite(VMCS_PF_ERROR_MASK, 0);
	keel_vmwrite(VMCS_PF_ERROR_MATCH, 0);
	keel_vmwrite(VMCS_CR3_TARGET_COUNT, 0);
	keel_vmwrite(VMCS_EXIT_MSR_STORE_COUNT, 0);
	keel_vmwrite(VMCS_EXIT_MSR_LOAD_COUNT, 0);
	keel_vmwrite(VMCS_ENTRY_MSR_LOAD_COUNT, 0);
	keel_vmwrite(VMCS_ENTRY_INTR_INFO, 0);
	keel_vmwrite(VMCS_VPID, KEEL_VPID_VCPU + vcpu->index);
	keel_vmwrite(VMCS_TSC_OFFSET, 0);
	keel_vmwrite(VMCS_MSR_BITMAP, root->guest.msr_bitmap);
	keel_vmwrite(VMCS_EPT_POINTER, keel_guest_eptp(vcpu->guest, root->guest.eptp_bits));
	if (ctl[KEEL_CTL_PROC2] & KEEL_PROC2_PLE) {
		keel_vmwrite(VMCS_PLE_GAP, PLE_GAP);
		keel_vmwrite(VMCS_PLE_WINDOW, PLE_WINDOW);
	}
	put_segs(start);
	put_registers(root, start);
}
