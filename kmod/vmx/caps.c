// SPDX-License-Identifier: GPL-2.0
/*
 * Reading a CPU's VMX capabilities (SDM appendix A).
 *
 * World: host; needs CPL 0 on a CPU whose CPUID shows VMX.  No locks; the
 * caller stays on the CPU.
 */
#include <linux/types.h>
#include <asm/msr-index.h>

#include "caps.h"
#include "hostvmcs.h"
#include "insn.h"

/* Not in every kernel's msr-index.h */
#define MSR_MTRR_BASE(i) (0x200 + 2 * (i))
#define MSR_MTRR_MASK(i) (0x201 + 2 * (i))
#define MSR_PROC3	0x492
#define MSR_EXIT2	0x493

static struct keel_ctl_cap read_ctl(u32 msr)
{
	u64 val = keel_rdmsr(msr);

	return (struct keel_ctl_cap) { .must = (u32)val, .may = val >> 32 };
}

/**
 * keel_has_vmx() - does CPUID show VMX on this CPU?
 *
 * Return: true when it does.
 */
bool keel_has_vmx(void)
{
	u32 a, b, c, d;

	keel_cpuid(1, 0, &a, &b, &c, &d);
	return c >> 5 & 1;
}

/**
 * keel_caps_read() - read the capability MSRs of this CPU
 * @caps: filled whole.  A word of controls that the CPU does not have reads as
 *        one of which no bit can be set.
 */
void keel_caps_read(struct keel_vmx_caps *caps)
{
	struct keel_ctl_cap *ctl = caps->ctl;
	u32 a, b, c, d;
	bool true_ctls;

	*caps = (struct keel_vmx_caps) { .basic = keel_rdmsr(MSR_IA32_VMX_BASIC) };
	true_ctls = caps->basic & KEEL_BASIC_TRUE_CTLS;
	ctl[KEEL_CTL_PIN] = read_ctl(true_ctls ? MSR_IA32_VMX_TRUE_PINBASED_CTLS :
						 MSR_IA32_VMX_PINBASED_CTLS);
	ctl[KEEL_CTL_PROC] = read_ctl(true_ctls ? MSR_IA32_VMX_TRUE_PROCBASED_CTLS :
						  MSR_IA32_VMX_PROCBASED_CTLS);
	ctl[KEEL_CTL_EXIT] = read_ctl(true_ctls ? MSR_IA32_VMX_TRUE_EXIT_CTLS :
						  MSR_IA32_VMX_EXIT_CTLS);
	ctl[KEEL_CTL_ENTRY] = read_ctl(true_ctls ? MSR_IA32_VMX_TRUE_ENTRY_CTLS :
						   MSR_IA32_VMX_ENTRY_CTLS);
	caps->misc = keel_rdmsr(MSR_IA32_VMX_MISC);
	caps->cr0_fixed0 = keel_rdmsr(MSR_IA32_VMX_CR0_FIXED0);
	caps->cr0_fixed1 = keel_rdmsr(MSR_IA32_VMX_CR0_FIXED1);
	caps->cr4_fixed0 = keel_rdmsr(MSR_IA32_VMX_CR4_FIXED0);
	caps->cr4_fixed1 = keel_rdmsr(MSR_IA32_VMX_CR4_FIXED1);

	if (ctl[KEEL_CTL_PROC].may & KEEL_PROC_SECONDARY)
		ctl[KEEL_CTL_PROC2] = read_ctl(MSR_IA32_VMX_PROCBASED_CTLS2);
	if (ctl[KEEL_CTL_PROC].may & KEEL_PROC_TERTIARY)
		ctl[KEEL_CTL_PROC3].may = keel_rdmsr(MSR_PROC3);
	if (ctl[KEEL_CTL_EXIT].may & KEEL_EXIT_SECONDARY)
		caps->exit2_may = keel_rdmsr(MSR_EXIT2);
	if (ctl[KEEL_CTL_PROC2].may & (KEEL_PROC2_EPT | KEEL_PROC2_VPID))
		caps->ept_vpid = keel_rdmsr(MSR_IA32_VMX_EPT_VPID_CAP);
	if (ctl[KEEL_CTL_PROC2].may & KEEL_PROC2_VMFUNC)
		caps->vmfunc = keel_rdmsr(MSR_IA32_VMX_VMFUNC);

	keel_cpuid(0x80000008, 0, &a, &b, &c, &d);
	caps->phys_bits = a & 0xff;
	caps->linear_bits = a >> 8 & 0xff;
}

/**
 * keel_mtrrs_read() - read the MTRRs of this CPU
 * @m: filled; all zero, which makes every address uncacheable, on a CPU without
 * @phys_bits: width of a physical address
 */
void keel_mtrrs_read(struct keel_mtrrs *m, u32 phys_bits)
{
	static const u32 fixed[KEEL_MTRR_FIXED_NR] = {
		MSR_MTRRfix64K_00000, MSR_MTRRfix16K_80000, MSR_MTRRfix16K_A0000,
		MSR_MTRRfix4K_C0000, MSR_MTRRfix4K_C8000, MSR_MTRRfix4K_D0000,
		MSR_MTRRfix4K_D8000, MSR_MTRRfix4K_E0000, MSR_MTRRfix4K_E8000,
		MSR_MTRRfix4K_F0000, MSR_MTRRfix4K_F8000,
	};
	u32 a, b, c, d;
	unsigned int i;

	*m = (struct keel_mtrrs) { .phys_bits = phys_bits };
	keel_cpuid(1, 0, &a, &b, &c, &d);
	if (!(d >> 12 & 1))
		return;
	m->cap = keel_rdmsr(MSR_MTRRcap);
	m->def_type = keel_rdmsr(MSR_MTRRdefType);
	if (m->cap & 1 << 8)
		for (i = 0; i < KEEL_MTRR_FIXED_NR; i++)
			m->fixed[i] = keel_rdmsr(fixed[i]);
	for (i = 0; i < keel_mtrr_var_nr(m); i++) {
		m->var[i].base = keel_rdmsr(MSR_MTRR_BASE(i));
		m->var[i].mask = keel_rdmsr(MSR_MTRR_MASK(i));
	}
}

static struct keel_seg read_seg(const struct keel_host_state *host, u16 sel,
				const struct keel_seg *ldtr)
{
	struct keel_seg seg;
	const u64 *ldt = NULL;

	if (ldtr && !(ldtr->ar & KEEL_AR_UNUSABLE))
		ldt = (const u64 *)ldtr->base;
	keel_seg_decode(&seg, sel, (const u64 *)host->gdtr.base, host->gdtr.limit,
			ldt, ldtr ? ldtr->limit : 0);
	return seg;
}

/**
 * keel_host_state_read() - this CPU as it stands, RIP and RSP apart
 * @host: filled
 */
void keel_host_state_read(struct keel_host_state *host)
{
	*host = (struct keel_host_state) {
		.cr0 = keel_read_cr0(),
		.cr3 = keel_read_cr3(),
		.cr4 = keel_read_cr4(),
		.dr7 = keel_read_dr7(),
		.efer = keel_rdmsr(MSR_EFER),
		.pat = keel_rdmsr(MSR_IA32_CR_PAT),
		.debugctl = keel_rdmsr(MSR_IA32_DEBUGCTLMSR),
		.sysenter_cs = keel_rdmsr(MSR_IA32_SYSENTER_CS),
		.sysenter_esp = keel_rdmsr(MSR_IA32_SYSENTER_ESP),
		.sysenter_eip = keel_rdmsr(MSR_IA32_SYSENTER_EIP),
	};
	keel_sgdt(&host->gdtr);
	keel_sidt(&host->idtr);
	host->ldtr = read_seg(host, keel_sldt(), NULL);
	host->tr = read_seg(host, keel_str(), NULL);
	host->es = read_seg(host, keel_read_es(), &host->ldtr);
	host->cs = read_seg(host, keel_read_cs(), &host->ldtr);
	host->ss = read_seg(host, keel_read_ss(), &host->ldtr);
	host->ds = read_seg(host, keel_read_ds(), &host->ldtr);
	host->fs = read_seg(host, keel_read_fs(), &host->ldtr);
	host->gs = read_seg(host, keel_read_gs(), &host->ldtr);
	host->fs.base = keel_rdmsr(MSR_FS_BASE);
	host->gs.base = keel_rdmsr(MSR_GS_BASE);
	asm volatile("pushfq; popq %0" : "=r" (host->rflags) : : "memory");
}
