/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The VMCS of the demoted host: its controls and its fields.
 *
 * World: host, before launch, and KUnit.  No locks.
 */
#ifndef KEEL_VMX_HOSTVMCS_H
#define KEEL_VMX_HOSTVMCS_H

#include <linux/bits.h>
#include <linux/types.h>

#include "ctl.h"
#include "state.h"
#include "vmcs.h"

/* The demoted host's address-space tag; root has 0, guests have the rest. */
#define KEEL_VPID_HOST 1

/* The capability MSRs of VMX (SDM appendix A); hidden from the demoted host. */
#define KEEL_MSR_VMX_FIRST	0x480
#define KEEL_MSR_VMX_LAST	0x493

/**
 * struct keel_hostvmcs - what the VMCS of the demoted host is made from
 * @caps: the CPU's capabilities
 * @ctl: the resolved controls
 * @host: Linux's state, which becomes the guest state; RIP and RSP are written
 *        at launch
 * @root_cr3: root's page tables
 * @root_cr4: root's CR4
 * @root_cpu: root's address of struct keel_root_cpu
 * @root_exit: root's address where exits arrive
 * @msr_bitmap: physical address
 * @eptp: the EPT pointer
 */
struct keel_hostvmcs {
	const struct keel_vmx_caps *caps;
	const u64 *ctl;
	const struct keel_host_state *host;
	u64 root_cr3;
	u64 root_cr4;
	u64 root_cpu;
	u64 root_exit;
	u64 msr_bitmap;
	u64 eptp;
};

extern const struct keel_ctl_want keel_host_want[KEEL_CTL_NR];

/*
 * NE of CR0: VMX wants it set, and a CPU that INIT has reset runs without for a
 * while.  Linux sets it once, so in steady state nothing exits.
 */
#define KEEL_CR0_OWNED		BIT_ULL(5)

/*
 * The bits of CR4 that a demoted host cannot change without an exit: VMXE, which
 * it only sees a shadow of, and those that root's own CR4 has to follow since
 * CPUID and XSETBV, carried out in root, go by them.
 */
#define KEEL_CR4_VMXE		BIT_ULL(13)
#define KEEL_CR4_OSXSAVE	BIT_ULL(18)
#define KEEL_CR4_KL		BIT_ULL(19)
#define KEEL_CR4_PKE		BIT_ULL(22)
#define KEEL_CR4_FOLLOWED	(KEEL_CR4_OSXSAVE | KEEL_CR4_KL | KEEL_CR4_PKE)
#define KEEL_CR4_OWNED		(KEEL_CR4_VMXE | KEEL_CR4_FOLLOWED)

u64 keel_root_cr4(u64 host_cr4, const struct keel_vmx_caps *caps);
void keel_hostvmcs_build(struct keel_vmcs_image *img, const struct keel_hostvmcs *in);
void keel_host_msr_bitmap(u8 *bitmap);

#endif /* KEEL_VMX_HOSTVMCS_H */
