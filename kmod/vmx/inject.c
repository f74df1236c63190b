// SPDX-License-Identifier: GPL-2.0
/*
 * Events for the demoted host: exceptions, and NMIs and machine checks that
 * came while in root.
 *
 * World: root.  Only the CPU itself touches its VMCS; no locks.
 */
#include <linux/bits.h>
#include <linux/types.h>

#include "../mmu/pool.h"
#include "ctl.h"
#include "exit.h"
#include "vcpu.h"
#include "vmcs.h"

/* VM-entry interruption information (SDM 24.8.3) */
#define INTR_VALID		BIT(31)
#define INTR_ERROR_CODE		BIT(11)
#define INTR_NMI_UNBLOCKED	BIT(12)
#define INTR_TYPE(info)		((info) >> 8 & 7)
#define INTR_TYPE_NMI		(2U << 8)
#define INTR_TYPE_HW_EXCEPTION	(3U << 8)
#define TYPE_SW_INTR		4
#define TYPE_PRIV_SW_EXCEPTION	5
#define TYPE_SW_EXCEPTION	6

#define VECTOR_NMI		2
#define VECTOR_UD		6
#define VECTOR_GP		13
#define VECTOR_MC		18

/**
 * keel_inject_ud() - make the exiting instruction an undefined one
 */
void keel_inject_ud(void)
{
	keel_vmwrite(VMCS_ENTRY_INTR_INFO, INTR_VALID | INTR_TYPE_HW_EXCEPTION | VECTOR_UD);
}

/**
 * keel_inject_fault() - make the exiting instruction raise an exception
 * @vector: which, one that has an error code
 * @error: the error code
 */
void keel_inject_fault(u32 vector, u32 error)
{
	keel_vmwrite(VMCS_ENTRY_EXCEPTION_ERROR, error);
	keel_vmwrite(VMCS_ENTRY_INTR_INFO,
		     INTR_VALID | INTR_ERROR_CODE | INTR_TYPE_HW_EXCEPTION | vector);
}

/**
 * keel_inject_gp() - make the exiting instruction raise #GP(0)
 */
void keel_inject_gp(void)
{
	keel_inject_fault(VECTOR_GP, 0);
}

/**
 * keel_reinject() - deliver again what the exit interrupted (SDM 27.2.4)
 *
 * An exit in the middle of delivering an event leaves that event in the
 * IDT-vectoring information; a handler that resumes has to put it back.
 *
 * Return: true when there was such an event.
 */
bool keel_reinject(void)
{
	u64 info = keel_vmread(VMCS_IDT_VECTORING_INFO);

	if (!(info & INTR_VALID))
		return false;
	if (info & INTR_ERROR_CODE)
		keel_vmwrite(VMCS_ENTRY_EXCEPTION_ERROR, keel_vmread(VMCS_IDT_VECTORING_ERROR));
	switch (INTR_TYPE(info)) {
	case TYPE_SW_INTR:
	case TYPE_PRIV_SW_EXCEPTION:
	case TYPE_SW_EXCEPTION:
		keel_vmwrite(VMCS_ENTRY_INSTR_LEN, keel_vmread(VMCS_EXIT_INSTR_LEN));
		break;
	}
	keel_vmwrite(VMCS_ENTRY_INTR_INFO, info & ~(u64)INTR_NMI_UNBLOCKED);
	return true;
}

static void arm(void)
{
	keel_vmwrite(VMCS_PREEMPTION_TIMER, 0);
	keel_vmwrite(VMCS_PIN_CTLS, keel_vmread(VMCS_PIN_CTLS) | KEEL_PIN_PREEMPTION_TIMER);
}

/**
 * keel_disarm() - the timer that keel_inject_pending() armed has done its work
 */
void keel_disarm(void)
{
	keel_vmwrite(VMCS_PIN_CTLS, keel_vmread(VMCS_PIN_CTLS) & ~(u64)KEEL_PIN_PREEMPTION_TIMER);
}

/**
 * keel_inject_pending() - what has to be done before the next entry: flush, and
 * give Linux an NMI or a machine check that hit root
 * @cpu: the CPU, with a bit of @pending set
 *
 * One event fits into a VM entry.  When another one stands there already, a
 * preemption timer of zero (preflight has seen that there is one) brings the CPU
 * back right behind its delivery, and exit.c makes the rest pending again.  A
 * host that is itself blocked by NMI cannot get here with one: NMIs stay blocked
 * in root after its exit.
 */
void keel_inject_pending(struct keel_root_cpu *cpu)
{
	u32 pending, later = 0;

	/* All of it is the host's. */
	if (cpu->vcpu)
		keel_vcpu_leave(cpu, KEEL_RUN_INTR);
	pending = __atomic_exchange_n(&cpu->pending, 0, __ATOMIC_RELAXED);
	if (pending & KEEL_LATCH_FLUSH)
		keel_epoch_pass(cpu);
	pending &= ~KEEL_LATCH_FLUSH;
	/* After INIT nothing counts but a start-up IPI. */
	if (!pending || keel_vmread(VMCS_GUEST_ACTIVITY) == KEEL_ACTIVITY_WAIT_SIPI)
		return;
	if (keel_vmread(VMCS_ENTRY_INTR_INFO) & INTR_VALID) {
		later = pending;
	} else if (pending & KEEL_LATCH_MC) {
		keel_vmwrite(VMCS_ENTRY_INTR_INFO, INTR_VALID | INTR_TYPE_HW_EXCEPTION | VECTOR_MC);
		later = pending & ~KEEL_LATCH_MC;
	} else if (pending & KEEL_LATCH_NMI) {
		keel_vmwrite(VMCS_ENTRY_INTR_INFO, INTR_VALID | INTR_TYPE_NMI | VECTOR_NMI);
		/* An NMI at an STI or MOV SS is held up a moment; Linux cannot tell. */
		keel_vmwrite(VMCS_GUEST_INTERRUPTIBILITY,
			     keel_vmread(VMCS_GUEST_INTERRUPTIBILITY) &
			     ~(KEEL_BLOCKED_BY_STI | KEEL_BLOCKED_BY_MOV_SS));
	}
	cpu->deferred |= later;
	if (later)
		arm();
}
