// SPDX-License-Identifier: GPL-2.0
/*
 * Writes of CR4 and of extended control registers by the demoted host.
 *
 * World: root; keel_cr4_valid() is also tested by KUnit.  No locks.
 */
#include <linux/bits.h>
#include <linux/types.h>
#include <asm/msr-index.h>

#include "exit.h"
#include "hostvmcs.h"
#include "insn.h"
#include "vmcs.h"

#define CR4_PAE		BIT_ULL(5)
#define CR4_LA57	BIT_ULL(12)
#define CR4_PCIDE	BIT_ULL(17)

#define QUAL_CR(q)	((q) & 15)
#define QUAL_TYPE(q)	((q) >> 4 & 3)
#define QUAL_REG(q)	((q) >> 8 & 15)

static u64 *reg(struct keel_root_cpu *cpu, unsigned int nr)
{
	switch (nr) {
	case 0: return &cpu->regs.rax;
	case 1: return &cpu->regs.rcx;
	case 2: return &cpu->regs.rdx;
	case 3: return &cpu->regs.rbx;
	case 5: return &cpu->regs.rbp;
	case 6: return &cpu->regs.rsi;
	case 7: return &cpu->regs.rdi;
	case 8: return &cpu->regs.r8;
	case 9: return &cpu->regs.r9;
	case 10: return &cpu->regs.r10;
	case 11: return &cpu->regs.r11;
	case 12: return &cpu->regs.r12;
	case 13: return &cpu->regs.r13;
	case 14: return &cpu->regs.r14;
	default: return &cpu->regs.r15;
	}
}

#define REG_RSP 4

/**
 * keel_reg_get() - a general register of whoever made the exit
 * @cpu: the CPU
 * @nr: its number in an exit qualification
 *
 * Return: the value.
 */
u64 keel_reg_get(struct keel_root_cpu *cpu, unsigned int nr)
{
	return nr == REG_RSP ? keel_vmread(VMCS_GUEST_RSP) : *reg(cpu, nr);
}

/**
 * keel_reg_set() - set such a register
 * @cpu: the CPU
 * @nr: its number in an exit qualification
 * @val: the value
 */
void keel_reg_set(struct keel_root_cpu *cpu, unsigned int nr, u64 val)
{
	if (nr == REG_RSP)
		keel_vmwrite(VMCS_GUEST_RSP, val);
	else
		*reg(cpu, nr) = val;
}

/**
 * keel_cr4_valid() - would this MOV to CR4 go without #GP? (SDM MOV to CRn)
 * @old: CR4 before
 * @val: CR4 after
 * @fixed1: bits that the CPU has
 * @cr3: CR3, since PCIDE can be turned on only with PCID 0
 *
 * For 64-bit mode, where PAE and LA57 cannot change.
 *
 * Return: true when it would.
 */
bool keel_cr4_valid(u64 old, u64 val, u64 fixed1, u64 cr3)
{
	if (val & ~fixed1)
		return false;
	if ((old ^ val) & (CR4_PAE | CR4_LA57))
		return false;
	return !(val & ~old & CR4_PCIDE) || !(cr3 & 0xfff);
}

static void follow_cr4(u64 val)
{
	u64 root = keel_vmread(VMCS_HOST_CR4);

	keel_vmwrite(VMCS_CR4_SHADOW, val);
	keel_vmwrite(VMCS_HOST_CR4, (root & ~KEEL_CR4_FOLLOWED) | (val & KEEL_CR4_FOLLOWED));
}

/*
 * On the way to 64-bit mode a MOV to CR4 may do much else (paging modes, PDPTEs):
 * the owned bits are made to agree, and the CPU does the rest when it executes
 * the instruction once more.
 */
static bool again_cr4(u64 old, u64 val)
{
	if (val & KEEL_CR4_FOLLOWED & ~keel_rdmsr(MSR_IA32_VMX_CR4_FIXED1)) {
		keel_inject_gp();
		return true;
	}
	keel_vmwrite(VMCS_GUEST_CR4, (old & ~KEEL_CR4_FOLLOWED) | (val & KEEL_CR4_FOLLOWED));
	follow_cr4(val);
	return true;
}

static bool write_cr4(u64 val)
{
	u64 old = keel_vmread(VMCS_GUEST_CR4);

	if (!(keel_vmread(VMCS_GUEST_EFER) & EFER_LMA))
		return again_cr4(old, val);
	if (!keel_cr4_valid(old & ~KEEL_CR4_VMXE, val & ~KEEL_CR4_VMXE,
			    keel_rdmsr(MSR_IA32_VMX_CR4_FIXED1), keel_vmread(VMCS_GUEST_CR3))) {
		keel_inject_gp();
		return true;
	}
	keel_vmwrite(VMCS_GUEST_CR4, val | KEEL_CR4_VMXE);
	follow_cr4(val);
	if ((old ^ val) & ~KEEL_CR4_VMXE)
		keel_invvpid(KEEL_INV_ONE, KEEL_VPID_HOST);
	keel_skip();
	return true;
}

/**
 * keel_exit_cr() - exit reason 28
 * @cpu: the CPU
 * @qualification: which register and how
 *
 * The only accesses that exit are a MOV to CR4 that changes a bit of
 * KEEL_CR4_OWNED, and one to CR0 that changes KEEL_CR0_OWNED.  The host may set
 * VMXE, as KVM does before it tries VMXON and finds that it cannot: refusing it
 * with #GP would be an oops in a kernel that does not expect one.  Once the
 * shadow agrees, the MOV to CR0 goes through when it is executed again.
 *
 * Return: false for any other access.
 */
bool keel_exit_cr(struct keel_root_cpu *cpu, u64 qualification)
{
	u64 val;

	if (QUAL_TYPE(qualification) != 0)
		return false;
	val = keel_reg_get(cpu, QUAL_REG(qualification));
	switch (QUAL_CR(qualification)) {
	case 0:
		keel_vmwrite(VMCS_CR0_SHADOW, val);
		return true;
	case 4:
		return write_cr4(val);
	default:
		return false;
	}
}

/**
 * keel_exit_xsetbv() - exit reason 55
 * @cpu: the CPU
 * @qualification: not used
 *
 * Return: true.
 */
bool keel_exit_xsetbv(struct keel_root_cpu *cpu, u64 qualification)
{
	if (keel_xsetbv(cpu->regs.rcx, (u32)cpu->regs.rax | cpu->regs.rdx << 32))
		keel_skip();
	else
		keel_inject_gp();
	return true;
}
