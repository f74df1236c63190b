// SPDX-License-Identifier: GPL-2.0
/*
 * CPUID of guests: answers that were made before launch (guest_leaves.c), the few that
 * depend on the vCPU, and the leaves of a hypervisor.  The machine is one of KVM's: that
 * is the only signature by which stock kernels take their time from their host, and use
 * the x2APIC without remapping of interrupts.
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

#define LEAF_KVM_SIGNATURE	0x40000000
#define LEAF_KVM_FEATURES	0x40000001
#define LEAF_TIMING		0x40000010	/* as VMware has it: kHz of the TSC, of the APIC */
#define KVM_B			0x4b4d564b	/* "KVMKVMKVM\0\0\0" */
#define KVM_C			0x564b4d56
#define KVM_D			0x0000004d

#define L1_ECX_OSXSAVE		BIT(27)
#define L1_EDX_APIC		BIT(9)
#define CR4_OSXSAVE		BIT_ULL(18)
#define L4_EAX_TYPE(a)		((a) & 0x1f)
#define L4_EAX_LEVEL(a)		((a) >> 5 & 7)
/* XSAVEOPT, XSAVEC, XGETBV with ECX = 1 */
#define LD1_EAX			(BIT(0) | BIT(1) | BIT(2))

/* Kinds of levels, and the bits of an APIC id that tell the cores of a package apart */
#define LB_ECX_SMT		BIT(8)
#define LB_ECX_CORE		BIT(9)
#define APIC_ID_BITS		4

static const struct keel_cpuid none;

/**
 * keel_guest_leaf_b() - the topology: one thread a core, all cores in one package
 * @vcpu: the vCPU
 * @sub: the subleaf
 * @r: filled
 */
void keel_guest_leaf_b(const struct keel_vcpu *vcpu, u32 sub, struct keel_cpuid *r)
{
	*r = (struct keel_cpuid) { .c = sub & 0xff, .d = vcpu->index };
	if (sub == 0) {
		r->b = 1;
		r->c |= LB_ECX_SMT;
	} else if (sub == 1) {
		r->a = APIC_ID_BITS;
		r->b = vcpu->guest->nr_vcpus;
		r->c |= LB_ECX_CORE;
	}
}

/**
 * keel_guest_leaf_4() - a cache
 * @r: as the CPU has it; changed in place
 *
 * A vCPU shares its own with no other, and the last one with all.  The numbers are of
 * ids of APICs, less one (SDM volume 2, CPUID).
 */
void keel_guest_leaf_4(struct keel_cpuid *r)
{
	if (!L4_EAX_TYPE(r->a)) {
		*r = none;
		return;
	}
	r->a = (r->a & 0x3fff) | (KEEL_VCPUS_MAX - 1U) << 26;
	if (L4_EAX_LEVEL(r->a) > 2)
		r->a |= (KEEL_VCPUS_MAX - 1U) << 14;
}

/**
 * keel_guest_leaf_d() - the subleaves of XSAVE
 * @setup: what guests run with
 * @sub: the subleaf
 * @r: what subleaf 0 has in the table; changed in place
 *
 * Sizes are by XCR0, which is the guest's at the moment.
 */
void keel_guest_leaf_d(const struct keel_guest_setup *setup, u32 sub, struct keel_cpuid *r)
{
	struct keel_cpuid real;

	if (!setup->xfeatures)
		return;
	keel_cpuid(0xd, sub, &real.a, &real.b, &real.c, &real.d);
	if (!sub)
		r->b = real.b;
	else if (sub == 1)
		*r = (struct keel_cpuid) { .a = real.a & LD1_EAX, .b = real.b };
	else
		*r = sub < 64 && setup->xfeatures >> sub & 1 ? real : none;
}

/**
 * keel_guest_leaf_kvm() - the leaves of a hypervisor
 * @setup: what guests run with
 * @leaf: any leaf
 * @r: the answer, changed if it is one of these
 */
void keel_guest_leaf_kvm(const struct keel_guest_setup *setup, u32 leaf, struct keel_cpuid *r)
{
	switch (leaf) {
	case LEAF_KVM_SIGNATURE:
		*r = (struct keel_cpuid) { LEAF_TIMING, KVM_B, KVM_C, KVM_D };
		break;
	case LEAF_KVM_FEATURES:
		r->a = setup->kvm_features;
		break;
	case LEAF_TIMING:
		r->a = setup->tsc_khz;
		r->b = setup->tsc_khz;
		break;
	}
}

/**
 * keel_guest_cpuid() - exit reason 10 of a guest, for the leaves that
 * keel_guest_leaf_simple() leaves over
 * @cpu: the CPU
 * @vcpu: the vCPU
 * @qualification: not used
 *
 * Return: KEEL_GUEST_RESUME.
 */
enum keel_guest_next keel_guest_cpuid(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu,
				      u64 qualification)
{
	const struct keel_guest_setup *setup = &vcpu->root->guest;
	u32 leaf = cpu->regs.rax, sub = cpu->regs.rcx;
	struct keel_cpuid r = none;

	switch (leaf) {
	case 1:
		r = setup->cpuid[1];
		r.b |= vcpu->index << 24;
		r.c |= keel_vmread(VMCS_GUEST_CR4) & CR4_OSXSAVE ? L1_ECX_OSXSAVE : 0;
		if (!(vcpu->apic_base & KEEL_APIC_BASE_ENABLE))
			r.d &= ~L1_EDX_APIC;
		break;
	case 4:
		keel_cpuid(4, sub, &r.a, &r.b, &r.c, &r.d);
		keel_guest_leaf_4(&r);
		break;
	case 7:
		if (!sub)
			r = setup->cpuid[7];
		break;
	case 0xb:
		keel_guest_leaf_b(vcpu, sub, &r);
		break;
	case 0xd:
		r = setup->cpuid[0xd];
		keel_guest_leaf_d(setup, sub, &r);
		break;
	default:
		keel_guest_leaf_kvm(setup, leaf, &r);
	}
	keel_guest_answer(cpu, &r);
	return KEEL_GUEST_RESUME;
}
