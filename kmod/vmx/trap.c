// SPDX-License-Identifier: GPL-2.0
/*
 * Root's own traps: NMIs and machine checks are latched for Linux, a few
 * instructions may fault, and anything else is a bug of root's.
 *
 * World: root, on an interrupt stack, at any instruction of root's.  It touches
 * only the pending word of the CPU, unless root has a bug.  No locks.
 */
#include <linux/types.h>

#include "exit.h"
#include "insn.h"
#include "trap.h"
#include "vcpu.h"
#include "vmcs.h"

#define VECTOR_NMI	2
#define VECTOR_MC	18

static struct keel_root_cpu *this_cpu(struct keel_trap *trap)
{
	u64 slot = (u64)trap & ~(u64)(KEEL_ROOT_SLOT - 1);

	return (struct keel_root_cpu *)(slot + KEEL_SLOT_CPU * KEEL_PAGE_SIZE);
}

static void latch(struct keel_root_cpu *cpu, struct keel_trap *trap, u32 what)
{
	__atomic_or_fetch(&cpu->pending, what, __ATOMIC_RELAXED);
	/* Too late to be seen by entry.S: look again. */
	if (trap->rip >= (u64)keel_resume && trap->rip < (u64)keel_resume_end)
		trap->rip = (u64)keel_resume;
	else if (trap->rip >= (u64)keel_launch && trap->rip < (u64)keel_launch_end)
		trap->rip = (u64)keel_launch;
	else
		return;
	trap->rsp = (u64)cpu;
}

/**
 * keel_trap() - every exception and NMI in root, called by entry.S
 * @trap: what was interrupted; IRET goes by it
 */
void keel_trap(struct keel_trap *trap)
{
	struct keel_root_cpu *cpu = this_cpu(trap);
	const struct keel_fixup *fixup;

	if (trap->vector == VECTOR_NMI) {
		latch(cpu, trap, KEEL_LATCH_NMI);
		return;
	}
	if (trap->vector == VECTOR_MC) {
		keel_say(cpu, KEEL_EVENT_MACHINE_CHECK, 0, 0, 0, 0);
		latch(cpu, trap, KEEL_LATCH_MC);
		return;
	}
	for (fixup = keel_fixups; fixup < keel_fixups_end; fixup++) {
		if (trap->rip == fixup->from) {
			trap->rip = fixup->to;
			return;
		}
	}

	keel_say(cpu, KEEL_EVENT_ROOT_EXCEPTION, trap->vector, trap->error, trap->rip,
		 keel_read_cr2());
	keel_say(cpu, KEEL_EVENT_ROOT_REGISTERS, trap->rsp, trap->regs.rax, trap->regs.rdi,
		 trap->regs.rsi);
	if (cpu->leaving)
		keel_shut_down();
	keel_dump(cpu);
	/* The host goes on without root, and without the guest. */
	if (cpu->vcpu)
		keel_vcpu_leave(cpu, KEEL_RUN_UNKNOWN);
	keel_give_back(cpu);
}
