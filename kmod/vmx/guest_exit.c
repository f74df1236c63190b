// SPDX-License-Identifier: GPL-2.0
/*
 * Exits of guests: the table, the dispatch, and the handlers that are too short
 * for files of their own.
 *
 * World: root, on the CPU that runs the guest; no locks.  What can be finished
 * here goes back into the guest; for the rest keel_vcpu_leave() makes the host's
 * RUN hypercall return.
 */
#include <linux/bits.h>
#include <linux/types.h>

#include "../mmu/guest.h"
#include "../mmu/pool.h"
#include "ctl.h"
#include "exit.h"
#include "insn.h"
#include "pv.h"
#include "vcpu.h"
#include "vmcs.h"

#define NEXT enum keel_guest_next

/* Exit interruption information (SDM 24.9.2) */
#define INTR_VECTOR(info)	((info) & 0xff)
#define INTR_TYPE(info)		((info) >> 8 & 7)
#define INTR_TYPE_NMI		2
#define INTR_ERROR_CODE		BIT(11)
#define INTR_VALID		BIT(31)
#define INTR_NMI_UNBLOCKED	BIT(12)

#define VECTOR_DB	1
#define VECTOR_MC	18

/* What a #DB's exit qualification shares with DR6 (SDM 27.2.1, table 27-1) */
#define QUAL_DR6	0x600fULL
#define DR7_GD		BIT_ULL(13)

/* Exit qualification of an EPT violation; it can come in the middle of an IRET */
#define QUAL_EPT_WRITE	2
#define QUAL_EPT_NMI_UNBLOCKED	BIT(12)

static NEXT leave(struct keel_root_cpu *cpu, enum keel_run_reason reason)
{
	keel_vcpu_leave(cpu, reason);
	return KEEL_GUEST_LEFT;
}

static void block_nmi(u64 bits, bool block)
{
	u64 old = keel_vmread(VMCS_GUEST_INTERRUPTIBILITY);

	keel_vmwrite(VMCS_GUEST_INTERRUPTIBILITY, block ? old | bits : old & ~bits);
}

/**
 * keel_guest_reinject() - keel_reinject() for a guest
 *
 * An NMI that is to be delivered again has blocked NMIs already, and the CPU refuses
 * one where they are blocked (SDM 26.3.1.5, 27.7.1.2).
 */
void keel_guest_reinject(void)
{
	if (keel_reinject() && INTR_TYPE(keel_vmread(VMCS_ENTRY_INTR_INFO)) == INTR_TYPE_NMI)
		block_nmi(KEEL_BLOCKED_BY_NMI, false);
}

/* What the exit has interrupted is delivered when the guest is back. */
static NEXT leave_again(struct keel_root_cpu *cpu, enum keel_run_reason reason)
{
	keel_guest_reinject();
	return leave(cpu, reason);
}

/**
 * keel_guest_later() - on with a guest whose memory was needed
 * @cpu: the CPU
 * @vcpu: the vCPU, past the instruction if that is done, else at it
 * @fault: what has come of it
 *
 * Return: KEEL_GUEST_RESUME, also to execute the instruction again, or KEEL_GUEST_LEFT.
 */
NEXT keel_guest_later(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu, enum keel_fault fault)
{
	if (fault == KEEL_FAULT_FILL)
		return leave(cpu, KEEL_RUN_FILL);
	if (fault == KEEL_FAULT_KICK)
		return leave(cpu, KEEL_RUN_KICK);
	keel_vcpu_flush(vcpu->root, vcpu, false);
	return KEEL_GUEST_RESUME;
}

static void latch(struct keel_root_cpu *cpu, u32 what)
{
	__atomic_or_fetch(&cpu->pending, what, __ATOMIC_RELAXED);
}

/* #DB and #AC are the guest's own; the CPU has left DR6 and DR7 as they were. */
static NEXT reflect(struct keel_vcpu *vcpu, u64 info)
{
	u64 dr6;

	if (INTR_VECTOR(info) == VECTOR_DB) {
		asm volatile("mov %%dr6, %0" : "=r" (dr6));
		if (!vcpu->debug)
			dr6 = vcpu->dr6;
		dr6 |= keel_vmread(VMCS_EXIT_QUALIFICATION) & QUAL_DR6;
		vcpu->dr6 = dr6;
		if (vcpu->debug)
			asm volatile("mov %0, %%dr6" : : "r" (dr6));
		keel_vmwrite(VMCS_GUEST_DR7, keel_vmread(VMCS_GUEST_DR7) & ~DR7_GD);
	}
	if (info & INTR_NMI_UNBLOCKED)
		block_nmi(KEEL_BLOCKED_BY_NMI, true);
	if (info & INTR_ERROR_CODE)
		keel_vmwrite(VMCS_ENTRY_EXCEPTION_ERROR, keel_vmread(VMCS_EXIT_INTR_ERROR));
	keel_vmwrite(VMCS_ENTRY_INSTR_LEN, keel_vmread(VMCS_EXIT_INSTR_LEN));
	keel_vmwrite(VMCS_ENTRY_INTR_INFO, info & ~(u64)INTR_NMI_UNBLOCKED);
	return KEEL_GUEST_RESUME;
}

static NEXT exception(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu, u64 qualification)
{
	u64 info = keel_vmread(VMCS_EXIT_INTR_INFO);

	if (INTR_TYPE(info) == INTR_TYPE_NMI)
		latch(cpu, KEEL_LATCH_NMI);
	else if (INTR_VECTOR(info) == VECTOR_MC)
		latch(cpu, KEEL_LATCH_MC);
	else
		return reflect(vcpu, info);
	return leave_again(cpu, KEEL_RUN_INTR);
}

static NEXT interrupt(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu, u64 qualification)
{
	return leave_again(cpu, KEEL_RUN_INTR);
}

static NEXT triple_fault(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu, u64 qualification)
{
	return leave(cpu, KEEL_RUN_SHUTDOWN);
}

/* The host's CPU is started anew; the guest has nothing to do with it. */
static NEXT init(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu, u64 qualification)
{
	keel_guest_reinject();
	keel_vcpu_leave(cpu, KEEL_RUN_INTR);
	return keel_exit_init(cpu, 0) ? KEEL_GUEST_LEFT : KEEL_GUEST_UNKNOWN;
}

static NEXT undefined(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu, u64 qualification)
{
	keel_inject_ud();
	return KEEL_GUEST_RESUME;
}

static NEXT protection(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu, u64 qualification)
{
	keel_inject_gp();
	return KEEL_GUEST_RESUME;
}

/* A guest's memory is coherent: flushing caches changes nothing that it could see. */
static NEXT nothing(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu, u64 qualification)
{
	keel_skip();
	return KEEL_GUEST_RESUME;
}

/* Inline where it is called, or keel_guest_exit() saves registers, for CPUID, too. */
static inline __attribute__((__always_inline__))
NEXT hypercall(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu, u64 qualification)
{
	u64 nr = cpu->regs.rax;

	cpu->regs.rax = KEEL_KVM_ENOSYS;
	if (__builtin_expect(KEEL_AR_DPL(keel_vmread(VMCS_GUEST_SS_AR)), 0))
		cpu->regs.rax = KEEL_KVM_EPERM;
	else if (__builtin_expect(nr <= KEEL_KVM_HC_LAST, 0))
		return keel_guest_hypercall(cpu, vcpu, nr);
	keel_skip();
	return KEEL_GUEST_RESUME;
}

/* It spins: for a lock, perhaps, that a vCPU has which does not run. */
static NEXT yield(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu, u64 qualification)
{
	keel_skip();
	cpu->shared->run.to = KEEL_VCPUS_MAX;
	return leave(cpu, KEEL_RUN_YIELD);
}

static NEXT ept_violation(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu, u64 qualification)
{
	u64 gpa = keel_vmread(VMCS_GUEST_PHYS_ADDR);
	bool write = qualification & QUAL_EPT_WRITE;
	struct keel_root *root = keel_root_state();
	enum keel_fault fault = keel_guest_fault(root, vcpu->guest, gpa, write, vcpu);

	if (qualification & QUAL_EPT_NMI_UNBLOCKED &&
	    !(keel_vmread(VMCS_IDT_VECTORING_INFO) & INTR_VALID))
		block_nmi(KEEL_BLOCKED_BY_NMI, true);
	if (__builtin_expect(fault == KEEL_FAULT_OUTSIDE, 0)) {
		NEXT next;

		fault = keel_guest_mmio(cpu, vcpu, gpa, write, &next);
		if (fault == KEEL_FAULT_DONE)
			return next;
	}
	switch (fault) {
	case KEEL_FAULT_DONE:
	case KEEL_FAULT_BUSY:
		keel_vcpu_flush(root, vcpu, false);
		keel_guest_reinject();
		return KEEL_GUEST_RESUME;
	case KEEL_FAULT_FILL:
		return leave_again(cpu, KEEL_RUN_FILL);
	case KEEL_FAULT_KICK:
		return leave_again(cpu, KEEL_RUN_KICK);
	case KEEL_FAULT_OUTSIDE:
		break;
	}
	cpu->shared->run.gpa = gpa;
	cpu->shared->run.write = write;
	return leave_again(cpu, KEEL_RUN_OUTSIDE);
}

#define ROW(nr, fn, qual) [KEEL_REASON_##nr] = { .handle = (fn), .qualified = (qual) }

const struct keel_guest_row keel_guest_table[KEEL_EXIT_NR] = {
	ROW(EXCEPTION_NMI, exception, false),
	ROW(EXT_INTR, interrupt, false),
	ROW(TRIPLE_FAULT, triple_fault, false),
	ROW(INIT, init, false),
	ROW(INTR_WINDOW, keel_guest_window, false),
	ROW(NMI_WINDOW, keel_guest_window, false),
	ROW(CPUID, keel_guest_cpuid, false),
	ROW(GETSEC, undefined, false),
	ROW(HLT, keel_guest_hlt, false),
	ROW(INVD, nothing, false),
	ROW(RDPMC, protection, false),
	ROW(VMCALL, hypercall, false),
	ROW(VMCLEAR, undefined, false),
	ROW(VMLAUNCH, undefined, false),
	ROW(VMPTRLD, undefined, false),
	ROW(VMPTRST, undefined, false),
	ROW(VMREAD, undefined, false),
	ROW(VMRESUME, undefined, false),
	ROW(VMWRITE, undefined, false),
	ROW(VMXOFF, undefined, false),
	ROW(VMXON, undefined, false),
	ROW(CR_ACCESS, keel_guest_cr, true),
	ROW(MOV_DR, keel_guest_dr, false),
	ROW(IO, keel_guest_io, true),
	ROW(RDMSR, keel_guest_rdmsr, false),
	ROW(WRMSR, keel_guest_wrmsr, false),
	ROW(MWAIT, undefined, false),
	ROW(MONITOR, undefined, false),
	ROW(PAUSE, yield, false),
	ROW(VIRT_EOI, keel_guest_eoi, true),
	ROW(EPT_VIOLATION, ept_violation, true),
	ROW(INVEPT, undefined, false),
	ROW(PREEMPTION_TIMER, keel_guest_timer, false),
	ROW(INVVPID, undefined, false),
	ROW(WBINVD, nothing, false),
	ROW(XSETBV, keel_guest_xsetbv, false),
	ROW(APIC_WRITE, keel_guest_apic_write, true),
	ROW(VMFUNC, undefined, false),
	ROW(ENCLS, undefined, false),
	ROW(RDMSRLIST, undefined, false),
	ROW(WRMSRLIST, undefined, false),
};

static void __attribute__((__noinline__, cold))
unknown(struct keel_root_cpu *cpu, u64 reason)
{
	struct keel_run *run = &cpu->shared->run;

	/* It was the host's exit in the end. */
	if (!cpu->vcpu)
		keel_give_back(cpu);
	run->exit = reason & 0xffff;
	keel_dump(cpu);
	keel_vcpu_leave(cpu, reason & KEEL_REASON_ENTRY_FAILED ? KEEL_RUN_ENTRY :
								 KEEL_RUN_UNKNOWN);
	/* A VMLAUNCH that fails leaves its VMCS clear (SDM 27.8): so that the next one is one. */
	if (reason & KEEL_REASON_ENTRY_FAILED)
		keel_vcpu_park(cpu);
}

/* Not inline, and called last: its registers would be saved for CPUID, too. */
static void __attribute__((__noinline__))
by_table(struct keel_root_cpu *cpu, struct keel_vcpu *vcpu, u32 reason, u32 start)
{
	const struct keel_guest_row *row = &keel_guest_table[reason];
	struct keel_exit_stat *stat;
	u64 qualification = 0;

	if (reason >= KEEL_EXIT_NR) {
		unknown(cpu, reason);
		return;
	}
	stat = &vcpu->stat.exit[reason];
	stat->count++;
	if (row->qualified)
		qualification = keel_vmread(VMCS_EXIT_QUALIFICATION);
	if (!row->handle || row->handle(cpu, vcpu, qualification) == KEEL_GUEST_UNKNOWN)
		unknown(cpu, reason);
	stat->ticks += keel_rdtsc_low() - start;
}

static inline void account(struct keel_vcpu *vcpu, u32 reason, u32 start)
{
	struct keel_exit_stat *stat = &vcpu->stat.exit[reason];

	stat->count++;
	stat->ticks += keel_rdtsc_low() - start;
}

static inline bool simple_cpuid(struct keel_root_cpu *cpu, const struct keel_vcpu *vcpu)
{
	u32 at = keel_guest_leaf_simple(cpu->regs.rax);

	if (at == KEEL_GUEST_LEAVES)
		return false;
	keel_guest_answer(cpu, &vcpu->root->guest.cpuid[at]);
	return true;
}

/**
 * keel_guest_exit() - every VM exit of a guest, called by entry.S
 * @cpu: the CPU; the registers to go on with, the guest's or the host's, are loaded
 *       from there afterwards
 *
 * Most of CPUID, and hypercalls, which are finished here each time, do not go through
 * the table's indirect call.
 */
void keel_guest_exit(struct keel_root_cpu *cpu)
{
	u32 start = keel_rdtsc_low();
	struct keel_vcpu *vcpu = cpu->vcpu;
	u32 reason = keel_vmread(VMCS_EXIT_REASON);

	vcpu->launched = true;
	if (reason == KEEL_REASON_CPUID && simple_cpuid(cpu, vcpu)) {
		account(vcpu, KEEL_REASON_CPUID, start);
	} else if (reason == KEEL_REASON_VMCALL) {
		hypercall(cpu, vcpu, 0);
		account(vcpu, KEEL_REASON_VMCALL, start);
	} else {
		by_table(cpu, vcpu, reason, start);
	}
}
