// SPDX-License-Identifier: GPL-2.0
/*
 * Control, debug and extended control registers of guests, as far as their
 * accesses exit.
 *
 * World: root.  No locks.
 */
#include <linux/bits.h>
#include <linux/types.h>

#include "exit.h"
#include "guest_setup.h"
#include "insn.h"
#include "vcpu.h"
#include "vmcs.h"

#define QUAL_CR(q)	((q) & 15)
#define QUAL_TYPE(q)	((q) >> 4 & 3)
#define QUAL_REG(q)	((q) >> 8 & 15)
#define TYPE_TO_CR	0
#define TYPE_FROM_CR	1

#define XCR0_X87	BIT_ULL(0)
#define XCR0_SSE	BIT_ULL(1)
#define XCR0_AVX	BIT_ULL(2)
#define XCR0_AVX512	0xe0ULL

static enum keel_guest_next refuse(void)
{
	keel_inject_gp();
	return KEEL_GUEST_RESUME;
}

static enum keel_guest_next access_cr8(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				       u64 qualification)
{
	unsigned int reg = QUAL_REG(qualification);

	if (QUAL_TYPE(qualification) == TYPE_FROM_CR) {
		keel_reg_set(cpu, reg, keel_apic_read_cr8(vcpu));
	} else {
		u64 val = keel_reg_get(cpu, reg);

		if (val & ~15ULL)
			return refuse();
		keel_skip();
		return keel_apic_write_cr8(cpu, vcpu, val);
	}
	keel_skip();
	return KEEL_GUEST_RESUME;
}

/*
 * Of the bits that root holds, a guest may change what it sees of MCE; the others
 * are not there.  Once the shadow agrees, the CPU carries out the instruction
 * when it is executed again, with all the checks that go with it.
 */
static enum keel_guest_next write_cr4(u64 val)
{
	if (val & keel_vmread(VMCS_CR4_MASK) & ~KEEL_GUEST_CR4_MCE)
		return refuse();
	keel_vmwrite(VMCS_CR4_SHADOW, val);
	return KEEL_GUEST_RESUME;
}

/**
 * keel_guest_cr() - exit reason 28 of a guest
 * @cpu: the CPU
 * @vcpu: the vCPU
 * @qualification: which register and how
 *
 * NE of CR0, the held bits of CR4, and CR8.
 *
 * Return: KEEL_GUEST_UNKNOWN for any other access, which cannot be.
 */
enum keel_guest_next keel_guest_cr(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				   u64 qualification)
{
	if (QUAL_CR(qualification) == 8)
		return access_cr8(cpu, vcpu, qualification);
	if (QUAL_TYPE(qualification) != TYPE_TO_CR)
		return KEEL_GUEST_UNKNOWN;
	switch (QUAL_CR(qualification)) {
	case 0:
		keel_vmwrite(VMCS_CR0_SHADOW, keel_reg_get(cpu, QUAL_REG(qualification)));
		return KEEL_GUEST_RESUME;
	case 4:
		return write_cr4(keel_reg_get(cpu, QUAL_REG(qualification)));
	default:
		return KEEL_GUEST_UNKNOWN;
	}
}

/**
 * keel_guest_dr() - exit reason 29 of a guest: its first access to a debug register
 * @cpu: the CPU
 * @vcpu: the vCPU
 * @qualification: not used
 *
 * The guest gets its own, and the access is made again without an exit.
 *
 * Return: KEEL_GUEST_RESUME.
 */
enum keel_guest_next keel_guest_dr(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				   u64 qualification)
{
	keel_swap_debug(cpu, vcpu);
	keel_vmwrite(VMCS_PROC_CTLS, keel_vmread(VMCS_PROC_CTLS) & ~(u64)KEEL_PROC_MOV_DR);
	return KEEL_GUEST_RESUME;
}

/**
 * keel_guest_xcr0_valid() - would the CPU take a value for XCR0? (SDM 13.3)
 * @val: the value
 * @xfeatures: the bits that there are
 *
 * Return: true when it would.
 */
bool keel_guest_xcr0_valid(u64 val, u64 xfeatures)
{
	if (val & ~xfeatures || !(val & XCR0_X87))
		return false;
	if (val & XCR0_AVX && !(val & XCR0_SSE))
		return false;
	return !(val & XCR0_AVX512) ||
	       ((val & XCR0_AVX512) == XCR0_AVX512 && val & XCR0_AVX);
}

/**
 * keel_guest_xsetbv() - exit reason 55 of a guest
 * @cpu: the CPU
 * @vcpu: the vCPU
 * @qualification: not used
 *
 * Return: KEEL_GUEST_RESUME.
 */
enum keel_guest_next keel_guest_xsetbv(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				       u64 qualification)
{
	u64 val = (u32)cpu->regs.rax | cpu->regs.rdx << 32;

	/* Whether CPL and CR4.OSXSAVE allow it, the CPU has looked before the exit. */
	if ((u32)cpu->regs.rcx || !keel_guest_xcr0_valid(val, vcpu->root->guest.xfeatures))
		return refuse();
	keel_xsetbv(0, val);
	vcpu->xcr0 = val;
	keel_skip();
	return KEEL_GUEST_RESUME;
}
