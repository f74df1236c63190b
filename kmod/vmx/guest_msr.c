// SPDX-License-Identifier: GPL-2.0
/*
 * RDMSR and WRMSR of guests, as far as they exit (keel_guest_msr_bitmap()).
 *
 * World: root.  No locks.  What is not listed here is not there: #GP.
 */
#include <linux/types.h>
#include <asm/msr-index.h>

#include "exit.h"
#include "vcpu.h"

/* MSRs that read as a constant, and take any write without effect or none at all */
static const struct {
	u32 msr;
	bool writable;
	u64 val;
} constants[] = {
	{ MSR_IA32_UCODE_REV, true, 0 },
	{ MSR_IA32_MISC_ENABLE, true, MSR_IA32_MISC_ENABLE_FAST_STRING },
	{ MSR_IA32_PLATFORM_ID, false, 0 },
};

/**
 * keel_guest_msr() - an MSR that reads as a constant
 * @msr: the MSR
 * @write: it is written
 * @val: set to what it reads as
 *
 * Return: false when there is no such MSR, or it cannot be written.
 */
bool keel_guest_msr(u32 msr, bool write, u64 *val)
{
	unsigned int i;

	for (i = 0; i < sizeof(constants) / sizeof(constants[0]); i++) {
		if (constants[i].msr != msr)
			continue;
		*val = constants[i].val;
		return constants[i].writable || !write;
	}
	return false;
}

/**
 * keel_guest_rdmsr() - exit reason 31 of a guest
 * @cpu: the CPU
 * @vcpu: the vCPU
 * @qualification: not used
 *
 * Return: KEEL_GUEST_RESUME.
 */
enum keel_guest_next keel_guest_rdmsr(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				      u64 qualification)
{
	u64 val;

	if (keel_apic_owns(cpu->regs.rcx))
		return keel_apic_rdmsr(cpu, vcpu, cpu->regs.rcx);
	if (!keel_guest_msr(cpu->regs.rcx, false, &val)) {
		keel_inject_gp();
		return KEEL_GUEST_RESUME;
	}
	cpu->regs.rax = (u32)val;
	cpu->regs.rdx = val >> 32;
	keel_skip();
	return KEEL_GUEST_RESUME;
}

/**
 * keel_guest_wrmsr() - exit reason 32 of a guest
 * @cpu: the CPU
 * @vcpu: the vCPU
 * @qualification: not used
 *
 * Return: KEEL_GUEST_RESUME.
 */
enum keel_guest_next keel_guest_wrmsr(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				      u64 qualification)
{
	u64 val;

	if (keel_apic_owns(cpu->regs.rcx))
		return keel_apic_wrmsr(cpu, vcpu, cpu->regs.rcx);
	if (keel_guest_msr(cpu->regs.rcx, true, &val))
		keel_skip();
	else
		keel_inject_gp();
	return KEEL_GUEST_RESUME;
}
