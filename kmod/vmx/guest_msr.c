// SPDX-License-Identifier: GPL-2.0
/*
 * RDMSR and WRMSR of guests, as far as they exit (keel_guest_msr_bitmap()).
 *
 * World: root.  No locks.
 *
 * What is not listed here, or in the files that are asked from here, is not there: #GP,
 * which is counted.  Linux is prepared for that wherever CPUID has not promised an MSR.
 */
#include <linux/types.h>
#include <asm/msr-index.h>

#include "exit.h"
#include "insn.h"
#include "pv.h"
#include "vcpu.h"
#include "vmcs.h"

/**
 * keel_guest_msr() - an MSR that reads as a constant
 * @setup: what guests run with
 * @msr: the MSR
 * @write: it is written, which takes any value without effect
 * @val: set to what it reads as
 *
 * Those without a bit in CPUID have been there for ever, and are not asked for gently.
 *
 * Return: false when there is no such MSR, or it cannot be written.
 */
bool keel_guest_msr(const struct keel_guest_setup *setup, u32 msr, bool write, u64 *val)
{
	switch (msr) {
	case MSR_IA32_UCODE_REV:
		*val = 0;
		return true;
	case MSR_IA32_MISC_ENABLE:
		*val = setup->misc_enable;
		return true;
	case MSR_IA32_PLATFORM_ID:
		*val = 0;
		return !write;
	case MSR_IA32_ARCH_CAPABILITIES:
		*val = setup->immune;
		return !write;
	default:
		return false;
	}
}

static bool has(const struct keel_vcpu *vcpu, u32 feature)
{
	return vcpu->root->guest.kvm_features & feature;
}

static enum keel_guest_next refuse(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu, bool write)
{
	vcpu->stat.refused++;
	vcpu->stat.refused_msr = cpu->regs.rcx;
	vcpu->stat.refused_write = write;
	keel_inject_gp();
	return KEEL_GUEST_RESUME;
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
	u32 msr = cpu->regs.rcx;
	u64 val;

	if (keel_apic_owns(msr))
		return keel_apic_rdmsr(cpu, vcpu, msr);
	if (msr == MSR_IA32_DEBUGCTLMSR)
		val = keel_vmread(VMCS_GUEST_DEBUGCTL);
	else if (msr == KEEL_KVM_STEAL_TIME && has(vcpu, KEEL_KVM_FEATURE_STEAL))
		val = vcpu->steal_at;
	else if (msr == KEEL_KVM_EOI && has(vcpu, KEEL_KVM_FEATURE_EOI))
		val = vcpu->eoi_at;
	else if (!keel_guest_msr(&vcpu->root->guest, msr, false, &val) &&
		 !keel_clock_rdmsr(vcpu, msr, &val))
		return refuse(cpu, vcpu, false);
	cpu->regs.rax = (u32)val;
	cpu->regs.rdx = val >> 32;
	keel_skip();
	return KEEL_GUEST_RESUME;
}

/* By who has the MSR; KEEL_FAULT_OUTSIDE when there is none, or it refuses the value */
static enum keel_fault write(struct keel_vcpu *vcpu, u32 msr, u64 val)
{
	enum keel_fault ret;
	u64 old;

	if (keel_guest_msr(&vcpu->root->guest, msr, true, &old))
		return KEEL_FAULT_DONE;
	if (msr == KEEL_KVM_STEAL_TIME && has(vcpu, KEEL_KVM_FEATURE_STEAL))
		return keel_steal_wrmsr(vcpu, val) ? KEEL_FAULT_DONE : KEEL_FAULT_OUTSIDE;
	if (msr == KEEL_KVM_EOI && has(vcpu, KEEL_KVM_FEATURE_EOI))
		return keel_eoi_wrmsr(vcpu, val);
	if (msr == MSR_IA32_DEBUGCTLMSR) {
		/* Of what it has, steps from branch to branch are all that guests can have. */
		if (val & ~(u64)DEBUGCTLMSR_BTF)
			return KEEL_FAULT_OUTSIDE;
		keel_vmwrite(VMCS_GUEST_DEBUGCTL, val);
		return KEEL_FAULT_DONE;
	}
	ret = keel_clock_wrmsr(vcpu, msr, val, keel_rdtsc());
	if (msr == MSR_IA32_TSC || msr == MSR_IA32_TSC_ADJUST)
		keel_vmwrite(VMCS_TSC_OFFSET, vcpu->tsc_offset);
	return ret;
}

/**
 * keel_guest_wrmsr() - exit reason 32 of a guest
 * @cpu: the CPU
 * @vcpu: the vCPU
 * @qualification: not used
 *
 * Return: what keel_guest_later() says.
 */
enum keel_guest_next keel_guest_wrmsr(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				      u64 qualification)
{
	u64 val = (u32)cpu->regs.rax | cpu->regs.rdx << 32;
	u32 msr = cpu->regs.rcx;
	enum keel_fault ret;

	if (keel_apic_owns(msr))
		return keel_apic_wrmsr(cpu, vcpu, msr);
	ret = write(vcpu, msr, val);
	if (ret == KEEL_FAULT_OUTSIDE)
		return refuse(cpu, vcpu, true);
	if (ret == KEEL_FAULT_DONE)
		keel_skip();
	return keel_guest_later(cpu, vcpu, ret);
}
