// SPDX-License-Identifier: GPL-2.0
/*
 * RDMSR and WRMSR of the demoted host: the MSRs that would show VMX, and the
 * ones that no MSR bitmap covers.
 *
 * World: root.  No locks.
 */
#include <linux/types.h>
#include <asm/msr-index.h>

#include "exit.h"
#include "hostvmcs.h"

static bool is_vmx(u32 msr)
{
	return msr >= KEEL_MSR_VMX_FIRST && msr <= KEEL_MSR_VMX_LAST;
}

/**
 * keel_exit_rdmsr() - exit reason 31
 * @cpu: the CPU
 * @qualification: not used
 *
 * VMX is not there: its capability MSRs raise #GP, and IA32_FEATURE_CONTROL
 * reads as firmware leaves it that locks VMX off.  MSRs outside the two ranges
 * of the bitmap always exit; they are read for the host, and fault as they do
 * without Keel.
 *
 * Return: true.
 */
bool keel_exit_rdmsr(struct keel_root_cpu *cpu, u64 qualification)
{
	u32 msr = cpu->regs.rcx;
	u64 val = 0;

	if (is_vmx(msr) || !keel_rdmsr_safe(msr, &val)) {
		keel_inject_gp();
		return true;
	}
	if (msr == MSR_IA32_FEAT_CTL)
		val &= ~(u64)(FEAT_CTL_VMX_ENABLED_INSIDE_SMX | FEAT_CTL_VMX_ENABLED_OUTSIDE_SMX);
	cpu->regs.rax = (u32)val;
	cpu->regs.rdx = val >> 32;
	keel_skip();
	return true;
}

/**
 * keel_exit_wrmsr() - exit reason 32
 * @cpu: the CPU
 * @qualification: not used
 *
 * IA32_FEATURE_CONTROL is locked, so writing it raises #GP with or without
 * Keel.
 *
 * Return: true.
 */
bool keel_exit_wrmsr(struct keel_root_cpu *cpu, u64 qualification)
{
	u32 msr = cpu->regs.rcx;
	u64 val = (u32)cpu->regs.rax | cpu->regs.rdx << 32;

	if (is_vmx(msr) || msr == MSR_IA32_FEAT_CTL || !keel_wrmsr_safe(msr, val))
		keel_inject_gp();
	else
		keel_skip();
	return true;
}
