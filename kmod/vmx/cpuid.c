// SPDX-License-Identifier: GPL-2.0
/*
 * CPUID for the demoted host: the CPU's own answers, less VMX.
 *
 * World: root; keel_cpuid_patch() is also tested by KUnit.  No locks.  This is
 * the one exit that a demoted host cannot avoid, so the path is kept short: most
 * leaves pass as they are.
 */
#include <linux/bits.h>
#include <linux/types.h>

#include "exit.h"

#define LEAF_HYPERVISOR		0x40000000
#define SIGNATURE		0x6c65654b	/* "Keel" */

#define L1_ECX_VMX		BIT_ULL(5)

/**
 * keel_cpuid_patch() - turn the CPU's answer into the demoted host's
 * @leaf: the leaf asked for
 * @visible: 0, or KEEL_CPUID_HYPERVISOR to be seen as a hypervisor, which says
 *           "KeelKeelKeel" in leaf 0x40000000
 * @regs: RAX, RBX, RCX and RDX, changed in place
 *
 * A few more bits follow CR4: OSXSAVE in leaf 1, OSPKE in leaf 7, AESKLE in leaf
 * 0x19.  They are right already, since root's CR4 follows the host's in these
 * (keel_root_cr4()).
 */
void keel_cpuid_patch(u32 leaf, u64 visible, struct keel_regs *regs)
{
	if (leaf == 1) {
		regs->rcx &= ~L1_ECX_VMX;
		regs->rcx |= visible;
	} else if (leaf == LEAF_HYPERVISOR && visible) {
		regs->rax = LEAF_HYPERVISOR;
		regs->rbx = SIGNATURE;
		regs->rcx = SIGNATURE;
		regs->rdx = SIGNATURE;
	}
}

/**
 * keel_exit_cpuid() - exit reason 10
 * @cpu: the CPU
 * @qualification: not used
 *
 * Return: true.
 */
bool keel_exit_cpuid(struct keel_root_cpu *cpu, u64 qualification)
{
	u64 a = (u32)cpu->regs.rax, b, c = cpu->regs.rcx, d;
	u32 leaf = a;

	/* It clears the upper halves of all four registers, here as there. */
	asm volatile("cpuid" : "+a" (a), "=b" (b), "+c" (c), "=d" (d));
	cpu->regs.rax = a;
	cpu->regs.rbx = b;
	cpu->regs.rcx = c;
	cpu->regs.rdx = d;
	keel_cpuid_patch(leaf, cpu->visible, &cpu->regs);
	keel_skip();
	return true;
}
