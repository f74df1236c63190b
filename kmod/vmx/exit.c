// SPDX-License-Identifier: GPL-2.0
/*
 * Exits of the demoted host: the table, the dispatch, and the way out when an
 * exit comes that nothing here is meant for.
 *
 * World: root.  Runs on the exiting CPU, on its own stack, with interrupts off;
 * no locks.  The table is also read by the host (names) and KUnit.
 */
#include <linux/stddef.h>
#include <linux/types.h>
#include <asm/msr-index.h>

#include "exit.h"
#include "insn.h"
#include "vcpu.h"
#include "vmcs.h"

_Static_assert(offsetof(struct keel_root_cpu, pending) == KEEL_CPU_PENDING,
	       "entry.S: keel_root_cpu.pending");
_Static_assert(offsetof(struct keel_root_cpu, barriers) == KEEL_CPU_BARRIERS,
	       "entry.S: keel_root_cpu.barriers");
_Static_assert(sizeof(struct keel_vmcs_image) <= sizeof(((struct keel_shared *)0)->dump),
	       "abi.h: KEEL_DUMP_NR");
_Static_assert(sizeof(struct keel_root_cpu) <= KEEL_PAGE_SIZE, "one page a CPU");

static bool undefined(struct keel_root_cpu *cpu, u64 qualification)
{
	keel_inject_ud();
	return true;
}

/* A list of MSRs with one that shows VMX (vmx/msr.c) among them */
static bool hidden_msr(struct keel_root_cpu *cpu, u64 qualification)
{
	keel_inject_gp();
	return true;
}

/**
 * keel_reset() - reset the machine, by a triple fault outside VMX
 * @cpu: this CPU
 *
 * In VMX operation a CPU would be deaf to the INIT that some machines make of it.
 *
 * Return: never.
 */
void keel_reset(struct keel_root_cpu *cpu)
{
	cpu->leaving = true;
	keel_vmclear(cpu->vmcs_pa);
	keel_vmxoff();
	keel_shut_down();
}

static bool triple_fault(struct keel_root_cpu *cpu, u64 qualification)
{
	/* Linux has reset the machine, or is beyond help: so it shall be. */
	keel_reset(cpu);
}

static bool invd(struct keel_root_cpu *cpu, u64 qualification)
{
	/* Throwing away other worlds' cache lines is out of the question. */
	asm volatile("wbinvd" : : : "memory");
	keel_skip();
	return true;
}

static bool timer(struct keel_root_cpu *cpu, u64 qualification)
{
	keel_disarm();
	cpu->pending |= cpu->deferred;
	cpu->deferred = 0;
	return true;
}

#define ROW(nr, fn, qual) [KEEL_REASON_##nr] = { .handle = (fn), .qualified = (qual), .name = #nr }
#define NONE(nr) ROW(nr, NULL, false)

const struct keel_exit_row keel_exit_table[KEEL_EXIT_NR] = {
	NONE(EXCEPTION_NMI),
	NONE(EXT_INTR),
	ROW(TRIPLE_FAULT, triple_fault, false),
	ROW(INIT, keel_exit_init, false),
	ROW(SIPI, keel_exit_sipi, true),
	NONE(IO_SMI),
	NONE(OTHER_SMI),
	NONE(INTR_WINDOW),
	NONE(NMI_WINDOW),
	NONE(TASK_SWITCH),
	ROW(CPUID, keel_exit_cpuid, false),
	ROW(GETSEC, undefined, false),
	NONE(HLT),
	ROW(INVD, invd, false),
	NONE(INVLPG),
	NONE(RDPMC),
	NONE(RDTSC),
	NONE(RSM),
	ROW(VMCALL, keel_exit_vmcall, false),
	ROW(VMCLEAR, undefined, false),
	ROW(VMLAUNCH, undefined, false),
	ROW(VMPTRLD, undefined, false),
	ROW(VMPTRST, undefined, false),
	ROW(VMREAD, undefined, false),
	ROW(VMRESUME, undefined, false),
	ROW(VMWRITE, undefined, false),
	ROW(VMXOFF, undefined, false),
	ROW(VMXON, undefined, false),
	ROW(CR_ACCESS, keel_exit_cr, true),
	NONE(MOV_DR),
	NONE(IO),
	ROW(RDMSR, keel_exit_rdmsr, false),
	ROW(WRMSR, keel_exit_wrmsr, false),
	NONE(ENTRY_GUEST),
	NONE(ENTRY_MSR),
	NONE(MWAIT),
	NONE(MTF),
	NONE(MONITOR),
	NONE(PAUSE),
	NONE(ENTRY_MCE),
	NONE(TPR),
	NONE(APIC_ACCESS),
	NONE(VIRT_EOI),
	NONE(GDTR_IDTR),
	NONE(LDTR_TR),
	ROW(EPT_VIOLATION, keel_exit_ept, true),
	NONE(EPT_MISCONFIG),
	ROW(INVEPT, undefined, false),
	NONE(RDTSCP),
	ROW(PREEMPTION_TIMER, timer, false),
	ROW(INVVPID, undefined, false),
	NONE(WBINVD),
	ROW(XSETBV, keel_exit_xsetbv, false),
	NONE(APIC_WRITE),
	NONE(RDRAND),
	NONE(INVPCID),
	ROW(VMFUNC, undefined, false),
	NONE(ENCLS),
	NONE(RDSEED),
	NONE(PML_FULL),
	NONE(XSAVES),
	NONE(XRSTORS),
	NONE(PCONFIG),
	NONE(SPP),
	NONE(UMWAIT),
	NONE(TPAUSE),
	NONE(LOADIWKEY),
	NONE(ENCLV),
	NONE(ENQCMD_PASID),
	NONE(ENQCMDS_PASID),
	NONE(BUS_LOCK),
	NONE(INSTR_TIMEOUT),
	NONE(SEAMCALL),
	NONE(TDCALL),
	ROW(RDMSRLIST, hidden_msr, false),
	ROW(WRMSRLIST, hidden_msr, false),
};

/**
 * keel_dump() - leave every field of the current VMCS for the host's log
 * @cpu: the CPU
 */
void keel_dump(struct keel_root_cpu *cpu)
{
	struct keel_shared *shared = cpu->shared;

	keel_vmcs_capture((struct keel_vmcs_image *)shared->dump);
	__atomic_store_n(&shared->dumps, shared->dumps + 1, __ATOMIC_RELEASE);
}

/**
 * keel_give_back() - return this CPU to Linux in the middle of whatever it did
 * @cpu: the CPU, with its VMCS current
 *
 * Linux goes on at the instruction that made the exit, now without Keel.  The
 * gate can be passed only with page tables that map Linux's own pages; from
 * user space under page-table isolation, and when an event is still to be
 * delivered, Linux gets an NMI instead, and its handler makes the OFF
 * hypercall.  If that is tried a second time, nothing is left but a reset, and
 * so it is with a CPU that is still on its way to 64-bit mode.
 *
 * Return: never.
 */
void keel_give_back(struct keel_root_cpu *cpu)
{
	struct keel_host_state state;

	keel_state_from_vmcs(&state);
	if (!(state.efer & EFER_LMA))
		keel_reset(cpu);
	if (!keel_reinject() && !(state.cr3 & cpu->user_cr3)) {
		keel_say(cpu, KEEL_EVENT_GAVE_BACK, 1, 0, 0, 0);
		keel_leave(cpu, &state);
	}
	if (cpu->shared->want_off)
		keel_reset(cpu);
	cpu->shared->want_off = 1;
	keel_say(cpu, KEEL_EVENT_GAVE_BACK, 2, 0, 0, 0);
	__atomic_or_fetch(&cpu->pending, KEEL_LATCH_NMI, __ATOMIC_RELAXED);
	keel_resume_at(cpu);
}

static void __attribute__((__noinline__, cold, noreturn))
unexpected(struct keel_root_cpu *cpu, u64 reason)
{
	u64 qualification = keel_vmread(VMCS_EXIT_QUALIFICATION);

	keel_dump(cpu);
	if (!(reason & KEEL_REASON_ENTRY_FAILED)) {
		keel_say(cpu, KEEL_EVENT_UNEXPECTED_EXIT, reason, qualification,
			 keel_vmread(VMCS_GUEST_RIP), keel_vmread(VMCS_GUEST_CR3));
		keel_give_back(cpu);
	}
	/*
	 * The first entry failed: Linux is where it was, in keel_vmlaunch(), and
	 * the guest half of the VMCS is what the CPU objects to, so go by what
	 * was captured.  A later entry that fails goes by the VMCS.
	 */
	keel_say(cpu, KEEL_EVENT_ENTRY_FAILED, reason, qualification, 0, 0);
	if (cpu->launched)
		keel_give_back(cpu);
	cpu->regs.rax = reason;
	keel_leave(cpu, &cpu->launch);
}

static struct keel_exit_stat *count(struct keel_root_cpu *cpu, u32 reason)
{
	struct keel_exit_stat *stat = &cpu->shared->exit[reason];

	stat->count++;
	return stat;
}

/* Not inline: its registers would be saved for CPUID, too. */
static __attribute__((__noinline__)) struct keel_exit_stat *
by_table(struct keel_root_cpu *cpu, u32 reason)
{
	const struct keel_exit_row *row;
	struct keel_exit_stat *stat;
	u64 qualification = 0;

	if (reason >= KEEL_EXIT_NR)
		unexpected(cpu, reason);
	row = &keel_exit_table[reason];
	if (!row->handle)
		unexpected(cpu, reason);
	stat = count(cpu, reason);
	if (row->qualified)
		qualification = keel_vmread(VMCS_EXIT_QUALIFICATION);
	if (!row->handle(cpu, qualification))
		unexpected(cpu, reason);
	return stat;
}

/**
 * keel_exit() - every VM exit of the demoted host, called by entry.S
 * @cpu: the CPU; its registers are saved in it and are loaded again from there
 *
 * CPUID, the only exit of everyday life, does not go through the table's
 * indirect call.
 */
void keel_exit(struct keel_root_cpu *cpu)
{
	u32 start = keel_rdtsc_low();
	u32 reason = keel_vmread(VMCS_EXIT_REASON);
	struct keel_exit_stat *stat;

	if (__builtin_expect(reason == KEEL_REASON_CPUID, 1)) {
		stat = count(cpu, KEEL_REASON_CPUID);
		keel_exit_cpuid(cpu, 0);
	} else {
		stat = by_table(cpu, reason);
	}
	stat->ticks += keel_rdtsc_low() - start;
}

/**
 * keel_resume_failed() - VMRESUME came back with VMfail, called by entry.S
 * @cpu: the CPU
 *
 * Return: never.
 */
void keel_resume_failed(struct keel_root_cpu *cpu)
{
	keel_say(cpu, KEEL_EVENT_RESUME_FAILED, keel_vmread(VMCS_INSTR_ERROR), 0, 0, 0);
	keel_dump(cpu);
	if (!cpu->vcpu)
		keel_give_back(cpu);
	keel_vcpu_leave(cpu, KEEL_RUN_ENTRY);
	keel_resume_at(cpu);
}
