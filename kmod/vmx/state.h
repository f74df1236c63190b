/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state of the demoted host's CPU that a VM entry loads and that a return
 * has to restore, and its segments in the VMCS's form.
 *
 * World: root, host and KUnit.  No locks.
 */
#ifndef KEEL_VMX_STATE_H
#define KEEL_VMX_STATE_H

#include <linux/bits.h>
#include <linux/types.h>

#include "../abi.h"

/* Access rights (SDM 24.4.1, table 24-2) */
#define KEEL_AR_TYPE		0x0f
#define KEEL_AR_S		BIT(4)
#define KEEL_AR_DPL(ar)		((ar) >> 5 & 3)
#define KEEL_AR_P		BIT(7)
#define KEEL_AR_L		BIT(13)
#define KEEL_AR_DB		BIT(14)
#define KEEL_AR_G		BIT(15)
#define KEEL_AR_UNUSABLE	BIT(16)

/* System descriptor types in 64-bit mode */
#define KEEL_DESC_LDT		2
#define KEEL_DESC_TSS		9
#define KEEL_DESC_TSS_BUSY	11

/**
 * struct keel_seg - a segment register
 * @base: linear address
 * @limit: in bytes
 * @ar: access rights in the VMCS's form
 * @sel: selector
 */
struct keel_seg {
	u64 base;
	u32 limit;
	u32 ar;
	u16 sel;
};

/**
 * struct keel_host_state - Linux's CPU, general registers apart
 * @cr0: control register
 * @cr3: with PCID
 * @cr4: as Linux sees it: VMXE as in its own shadow
 * @dr7: debug control
 * @rip: where to go on
 * @rsp: stack
 * @rflags: flags
 * @es: segment
 * @cs: segment
 * @ss: segment
 * @ds: segment
 * @fs: segment, with IA32_FS_BASE
 * @gs: segment, with IA32_GS_BASE
 * @ldtr: segment
 * @tr: segment
 * @gdtr: table
 * @idtr: table
 * @efer: IA32_EFER
 * @pat: IA32_PAT
 * @debugctl: IA32_DEBUGCTL
 * @sysenter_cs: IA32_SYSENTER_CS
 * @sysenter_esp: IA32_SYSENTER_ESP
 * @sysenter_eip: IA32_SYSENTER_EIP
 */
struct keel_host_state {
	u64 cr0, cr3, cr4, dr7;
	u64 rip, rsp, rflags;
	struct keel_seg es, cs, ss, ds, fs, gs, ldtr, tr;
	struct keel_dtr gdtr, idtr;
	u64 efer, pat, debugctl;
	u64 sysenter_cs, sysenter_esp, sysenter_eip;
};

void keel_seg_decode(struct keel_seg *seg, u16 sel, const u64 *gdt, u32 gdt_limit,
		     const u64 *ldt, u32 ldt_limit);
u64 keel_seg_encode(const struct keel_seg *seg);
void keel_gate_write(u64 gate[2], u64 handler, u16 sel, unsigned int ist);

#endif /* KEEL_VMX_STATE_H */
